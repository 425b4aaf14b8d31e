package ramp

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
)

// watchEvery is how often Watch asks for an order's state.
const watchEvery = time.Second

// ID names an order.
type ID struct {
	Direction Direction
	Reference string
}

func (id ID) workflow() string { return id.Direction.WorkflowID(id.Reference) }

// Client starts orders and talks to them, in Go types. Its errors are *Error where the contract has one for what went
// wrong, and Temporal's own otherwise.
type Client struct {
	temporal  client.Client
	converter converter.DataConverter
	salt      string
	// unanswered are the ids of updates whose answer did not come, by what was sent.
	unanswered *lru.Cache[string, string]
}

// NewClient returns a Client that uses a connection to Temporal. dataConverter must be the one that the connection
// has; nil is Temporal's default.
func NewClient(temporal client.Client, dataConverter converter.DataConverter) *Client {
	if dataConverter == nil {
		dataConverter = converter.GetDefaultDataConverter()
	}
	unanswered, _ := lru.New[string, string](unansweredKept) // fails for no size of a constant above zero
	return &Client{temporal: temporal, converter: dataConverter, salt: rand.Text(), unanswered: unanswered}
}

// StartOnramp starts an order, or finds the one of this reference, and returns it once the user has something to act on:
// payment instructions as a rule, or a status that awaits something else of them. An order that has ended is
// returned as it ended. A reference that was used with another request, as far as the requests' meaning goes, is ReferenceTaken. When ctx ends first the error is NotReady; the order runs, and Get or Watch will show it.
func (c *Client) StartOnramp(ctx context.Context, request OnrampRequest) (*Order, error) {
	if err := request.Validate(); err != nil {
		return nil, err
	}
	options := startOptions(ID{Onramp, request.Reference}, request.Token, request.Fiat)
	options.StaticSummary = request.Title() + " · " + request.Reference
	options.StaticDetails = request.Details()
	return c.start(ctx, ID{Onramp, request.Reference}, options, request)
}

// StartOfframp starts an order, or finds the one of this reference, as StartOnramp does.
func (c *Client) StartOfframp(ctx context.Context, request OfframpRequest) (*Order, error) {
	if err := request.Validate(); err != nil {
		return nil, err
	}
	options := startOptions(ID{Offramp, request.Reference}, request.Token, request.Fiat)
	options.StaticSummary = request.Title() + " · " + request.Reference
	options.StaticDetails = request.Details()
	return c.start(ctx, ID{Offramp, request.Reference}, options, request)
}

// startOptions give an order its first search attributes with the start, where they cost no event.
func startOptions(id ID, token Token, fiat Amount) client.StartWorkflowOptions {
	attributes := []temporal.SearchAttributeUpdate{
		DirectionKey.ValueSet(string(id.Direction)),
		StatusKey.ValueSet(string(VerifyingKYC)),
		TokenKey.ValueSet(token.Symbol),
	}
	if amount, err := ParseAmount(fiat.Amount); err == nil {
		attributes = append(attributes, FiatAmountKey.ValueSet(amount.InexactFloat64()))
	}
	return client.StartWorkflowOptions{
		ID:                       id.workflow(),
		TaskQueue:                TaskQueue,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		// A request that was refused takes no reference. After any other failure the order itself finds out that it has one.
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY,
		TypedSearchAttributes: temporal.NewSearchAttributes(attributes...),
	}
}

func (c *Client) hasEnded(ctx context.Context, id ID) bool {
	description, err := c.temporal.DescribeWorkflow(ctx, id.workflow(), "")
	return err == nil && description.Status != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
}

// result is how an order ended. A later run of its workflow id, which was turned away, tells the same.
func (c *Client) result(ctx context.Context, id ID) (*Order, error) {
	var order Order
	err := c.temporal.GetWorkflow(ctx, id.workflow(), "").Get(ctx, &order)
	if err == nil {
		return &order, nil
	}
	err = c.explain(id, err)
	var taken *Error
	if errors.As(err, &taken) && ofEarlierOrder(err) && taken.Order != nil {
		return taken.Order, nil
	}
	return nil, err
}

// ofEarlierOrder reports whether an error says that the reference belongs to an order of an earlier run.
func ofEarlierOrder(err error) bool {
	var taken *Error
	return errors.As(err, &taken) && taken.Type == ReferenceTaken && taken.RunID != ""
}

// orderRun is the run that has an order's reference: the newest one, unless that was turned away. Empty is the newest.
func (c *Client) orderRun(ctx context.Context, id ID) (string, error) {
	description, err := c.temporal.DescribeWorkflow(ctx, id.workflow(), "")
	if err != nil {
		return "", c.explain(id, err)
	}
	if description.Status != enumspb.WORKFLOW_EXECUTION_STATUS_FAILED {
		return "", nil
	}
	var taken *Error
	err = fromTemporal(c.temporal.GetWorkflow(ctx, id.workflow(), "").Get(ctx, nil))
	if ofEarlierOrder(err) && errors.As(err, &taken) {
		return taken.RunID, nil
	}
	return "", nil
}

// Get returns the state of an order, running or ended.
func (c *Client) Get(ctx context.Context, id ID) (*Order, error) {
	if c.hasEnded(ctx, id) {
		return c.result(ctx, id)
	}
	value, err := c.temporal.QueryWorkflow(ctx, id.workflow(), "", OrderQuery)
	switch {
	case err != nil && c.hasEnded(ctx, id): // meanwhile
		return c.result(ctx, id)
	case err != nil:
		return nil, c.explain(id, err)
	}
	var order Order
	if err := value.Get(&order); err != nil {
		return nil, c.explain(id, err)
	}
	return &order, nil
}

// Watch yields an order now and whenever it has changed, until it is over, the caller stops, or an error.
func (c *Client) Watch(ctx context.Context, id ID) iter.Seq2[*Order, error] {
	return func(yield func(*Order, error) bool) {
		ticks := time.NewTicker(watchEvery)
		defer ticks.Stop()
		var seen time.Time
		for {
			order, err := c.Get(ctx, id)
			if err != nil {
				yield(nil, err)
				return
			}
			if order.UpdatedAt.After(seen) && !yield(order, nil) {
				return
			}
			seen = order.UpdatedAt
			if order.Status.Final() {
				return
			}
			select {
			case <-ctx.Done():
				yield(nil, ctx.Err())
				return
			case <-ticks.C:
			}
		}
	}
}

// Await returns an order once it is over.
func (c *Client) Await(ctx context.Context, id ID) (*Order, error) {
	return c.result(ctx, id)
}

// SubmitUTR submits the UTR of an on-ramp order's payment and returns once the provider has accepted it, or with
// ProofRefused. InvalidRequest, ProofConflict and OrderOver say that it was not sent.
func (c *Client) SubmitUTR(ctx context.Context, reference, utr string) (*Order, error) {
	return c.update(ctx, ID{Onramp, reference}, SubmitUTR, UTRSubmission{UTR: UTR(utr)})
}

// SubmitTransactionHash submits the transfer of an off-ramp order's tokens, as SubmitUTR does a payment.
func (c *Client) SubmitTransactionHash(ctx context.Context, reference, hash string) (*Order, error) {
	return c.update(ctx, ID{Offramp, reference}, SubmitTransactionHash, HashSubmission{TransactionHash: hash})
}

// SubmitKYC gives an order a KYC dossier, and returns once the provider has received it, or with KYCRefused.
func (c *Client) SubmitKYC(ctx context.Context, id ID, dossier string) (*Order, error) {
	return c.update(ctx, id, SubmitKYC, KYCSubmission{Dossier: Dossier(dossier)})
}

// SubmitAccount gives an order another account, and returns once it is linked, or with AccountRefused.
func (c *Client) SubmitAccount(ctx context.Context, id ID, account AccountSubmission) (*Order, error) {
	return c.update(ctx, id, SubmitAccount, account)
}

// ConfirmQuote confirms the quote that an order waits with, by its id.
func (c *Client) ConfirmQuote(ctx context.Context, id ID, quoteID string) (*Order, error) {
	return c.update(ctx, id, ConfirmQuote, QuoteConfirmation{QuoteID: quoteID})
}

// explain gives a Temporal error the contract's type, where it has one.
func (c *Client) explain(id ID, err error) error {
	var absent *serviceerror.NotFound
	if errors.As(err, &absent) {
		return &Error{Type: NotFound, Reference: id.Reference, Message: fmt.Sprintf("there is no %s order of this reference", id.Direction)}
	}
	var contract *Error
	if typed := fromTemporal(err); errors.As(typed, &contract) {
		if contract.Reference == "" {
			contract.Reference = id.Reference
		}
		return contract
	}
	if errors.Is(err, converter.ErrEncodingIsNotSupported) {
		return fmt.Errorf("order %s: the answer is encrypted, and this client has no keys: secure its connection by codec.Secure (%w)", id.Reference, err)
	}
	return fmt.Errorf("order %s: %w", id.Reference, err)
}
