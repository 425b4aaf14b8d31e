package ramp

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
)

// ID identifies an order.
type ID struct {
	Direction Direction
	Reference string
}

func (id ID) workflow() string { return id.Direction.WorkflowID(id.Reference) }

// Client starts orders, sends them what users submit, and reads them. Errors are *Error for the cases that ErrorType lists, and
// Temporal's own otherwise. A Client is safe for concurrent use.
type Client struct {
	temporal  client.Client
	converter converter.DataConverter
	salt      string
	// unanswered has the ids of updates that got no answer, by their content.
	unanswered *lru.Cache[string, string]
}

// NewClient returns a Client that uses a connection to Temporal. dataConverter must be that of the connection; nil is Temporal's
// default.
func NewClient(temporal client.Client, dataConverter converter.DataConverter) *Client {
	if dataConverter == nil {
		dataConverter = converter.GetDefaultDataConverter()
	}
	unanswered, _ := lru.New[string, string](maxUnanswered) // fails for no size of a constant above zero
	return &Client{temporal: temporal, converter: dataConverter, salt: rand.Text(), unanswered: unanswered}
}

// StartOnramp starts an order, or attaches to the one with this reference, and blocks until its user can act: it has payment
// instructions, awaits something else of the user, or has ended. It is idempotent: requests with the same meaning are the same order.
//
// The error is InvalidRequest before anything is started, ReferenceTaken if the reference belongs to another request, and NotReady if
// ctx ends first; the order continues, and Get or Watch reads it. If it is unknown whether the order started, the error is none of these:
// start it again.
func (c *Client) StartOnramp(ctx context.Context, request OnrampRequest) (*Order, error) {
	if err := request.Validate(); err != nil {
		return nil, err
	}
	return c.start(ctx, ID{Onramp, request.Reference}, onrampOptions(&request), request)
}

// StartOfframp starts an off-ramp order as StartOnramp does an on-ramp order.
func (c *Client) StartOfframp(ctx context.Context, request OfframpRequest) (*Order, error) {
	if err := request.Validate(); err != nil {
		return nil, err
	}
	return c.start(ctx, ID{Offramp, request.Reference}, offrampOptions(&request), request)
}

func onrampOptions(request *OnrampRequest) client.StartWorkflowOptions {
	options := startOptions(ID{Onramp, request.Reference}, request.Token, request.Fiat)
	options.StaticSummary = request.Title() + " · " + request.Reference
	options.StaticDetails = request.Details()
	return options
}

func offrampOptions(request *OfframpRequest) client.StartWorkflowOptions {
	options := startOptions(ID{Offramp, request.Reference}, request.Token, request.Fiat)
	options.StaticSummary = request.Title() + " · " + request.Reference
	options.StaticDetails = request.Details()
	return options
}

// startOptions sets the first search attributes with the start, which adds no event to the history.
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
		// An invalid request does not use up its reference. After any other failure the new run finds the earlier order itself.
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY,
		TypedSearchAttributes: temporal.NewSearchAttributes(attributes...),
	}
}

func (c *Client) hasEnded(ctx context.Context, id ID) bool {
	description, err := c.temporal.DescribeWorkflow(ctx, id.workflow(), "")
	return err == nil && description.Status != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
}

// result blocks until an order has ended and returns its final state, also if the newest run is one that found an earlier order.
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

// ofEarlierOrder reports whether err says that the reference belongs to an order of an earlier run.
func ofEarlierOrder(err error) bool {
	var taken *Error
	return errors.As(err, &taken) && taken.Type == ReferenceTaken && taken.RunID != ""
}

// Exists reports whether there is an order with this reference. It needs no worker.
func (c *Client) Exists(ctx context.Context, id ID) (bool, error) {
	description, err := c.temporal.DescribeWorkflow(ctx, id.workflow(), "")
	var absent *serviceerror.NotFound
	switch {
	case errors.As(err, &absent):
		return false, nil
	case err != nil:
		return false, c.explain(id, err)
	case description.Status != enumspb.WORKFLOW_EXECUTION_STATUS_FAILED:
		return true, nil
	}
	earlier, err := c.orderRun(ctx, id) // a request that was refused is no order
	return earlier != "", err
}

// Get returns the current state of an order, or its final state. The error is NotFound if there is no such order.
func (c *Client) Get(ctx context.Context, id ID) (*Order, error) {
	if c.hasEnded(ctx, id) {
		return c.result(ctx, id)
	}
	return c.getOpen(ctx, id)
}

// getOpen is Get for an order that was open moments ago: one call of Temporal instead of two.
func (c *Client) getOpen(ctx context.Context, id ID) (*Order, error) {
	value, err := c.query(ctx, id, "", OrderQuery)
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

// queryAttempts is how many times query asks a worker that got no CPU.
const queryAttempts = 3

// query asks the worker of an order's run. The SDK fails a query as a deadlock if the worker got no CPU for long enough, and the server refuses
// it while the order's workflow task keeps failing, as on a machine with too much to do. Both are no fault of the order, so query asks again.
func (c *Client) query(ctx context.Context, id ID, runID, query string, args ...any) (answer converter.EncodedValue, err error) {
	for asked := 1; ; asked++ {
		answer, err = c.temporal.QueryWorkflow(ctx, id.workflow(), runID, query, args...)
		var failed *serviceerror.QueryFailed
		var failing *serviceerror.WorkflowNotReady
		pause := time.Duration(asked) * resendPause
		switch {
		case errors.As(err, &failed) && strings.HasPrefix(failed.Message, "[TMPRL1101]") && asked < queryAttempts:
			pause = 0
		case !errors.As(err, &failing) || asked == maxSends:
			return answer, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(pause):
		}
	}
}

// Await blocks until an order has ended and returns its final state.
func (c *Client) Await(ctx context.Context, id ID) (*Order, error) {
	return c.result(ctx, id)
}

// SubmitUTR submits the UTR of an on-ramp order's payment and blocks until the provider has accepted it. The error is ProofRefused
// if the provider refused it, and InvalidRequest, ProofConflict, ProofLimit or OrderOver if it was not sent to the provider.
func (c *Client) SubmitUTR(ctx context.Context, reference, utr string) (*Order, error) {
	return c.update(ctx, ID{Onramp, reference}, SubmitUTR, UTRSubmission{UTR: UTR(utr)})
}

// SubmitTransactionHash submits the hash of an off-ramp order's transfer as SubmitUTR does a UTR.
func (c *Client) SubmitTransactionHash(ctx context.Context, reference, hash string) (*Order, error) {
	return c.update(ctx, ID{Offramp, reference}, SubmitTransactionHash, HashSubmission{TransactionHash: hash})
}

// SubmitKYC submits the URL of a KYC dossier and blocks until the provider has received the documents. The error is KYCRefused if
// the dossier cannot be read or the provider refused it.
func (c *Client) SubmitKYC(ctx context.Context, id ID, dossier string) (*Order, error) {
	return c.update(ctx, id, SubmitKYC, KYCSubmission{Dossier: Dossier(dossier)})
}

// SubmitAccount submits another account and blocks until it is linked. The error is AccountRefused if the provider did not link it.
func (c *Client) SubmitAccount(ctx context.Context, id ID, account AccountSubmission) (*Order, error) {
	return c.update(ctx, id, SubmitAccount, account)
}

// ConfirmQuote confirms the quote that an order awaits the confirmation of. The error is QuoteMismatch if that is another quote.
func (c *Client) ConfirmQuote(ctx context.Context, id ID, quoteID string) (*Order, error) {
	return c.update(ctx, id, ConfirmQuote, QuoteConfirmation{QuoteID: quoteID})
}

// explain returns the contract's error for an error of Temporal, if there is one.
func (c *Client) explain(id ID, err error) error {
	var absent *serviceerror.NotFound
	if errors.As(err, &absent) {
		return &Error{Type: NotFound, Reference: id.Reference, Message: fmt.Sprintf("there is no %s order with this reference; check reference, direction and namespace", id.Direction)}
	}
	var contract *Error
	if typed := fromTemporal(err); errors.As(typed, &contract) {
		if contract.Reference == "" {
			contract.Reference = id.Reference
		}
		return contract
	}
	if errors.Is(err, converter.ErrEncodingIsNotSupported) {
		return fmt.Errorf("order %s: the answer is encrypted and this client has no keys; set up its connection with codec.Secure (%w)", id.Reference, err)
	}
	return fmt.Errorf("order %s: %w", id.Reference, err)
}
