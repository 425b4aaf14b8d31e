package ramp

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
)

const (
	// watchEvery is how often Watch asks for an order's state.
	watchEvery = time.Second
	// sendings is how many times an update is sent that the server keeps dropping. The first pause is sendAgainAfter, and each is
	// longer by as much. A worker that can do nothing with an order fails each of its tasks; the caller is to hear of it in seconds.
	sendings       = 6
	sendAgainAfter = 200 * time.Millisecond
	// afterwards bounds what a call does once its caller's time is over.
	afterwards = 5 * time.Second
)

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
}

// NewClient returns a Client that uses a connection to Temporal. dataConverter must be the one that the connection
// has; nil is Temporal's default.
func NewClient(temporal client.Client, dataConverter converter.DataConverter) *Client {
	if dataConverter == nil {
		dataConverter = converter.GetDefaultDataConverter()
	}
	return &Client{temporal: temporal, converter: dataConverter, salt: rand.Text()}
}

// StartOnramp starts an order, or finds the one of this reference, and returns it once the user has something to act on:
// payment instructions as a rule, or a status that awaits something else of them. An order that has ended is
// returned as it ended. A reference that was used with another request is ReferenceTaken. When ctx ends first the error is NotReady; the order runs, and Get or Watch will show it.
func (c *Client) StartOnramp(ctx context.Context, request OnrampRequest) (*Order, error) {
	if err := request.Validate(); err != nil {
		return nil, err
	}
	options := startOptions(ID{Onramp, request.Reference}, request.Token, request.Fiat)
	options.StaticSummary = request.Title() + " · " + request.Reference
	options.StaticDetails = fmt.Sprintf("Buys **%s** on chain %d for **%s**, paid by %s, to the wallet `%s`.",
		request.Token.Symbol, request.Token.ChainID, request.Fiat.Text(), request.PaymentMethod, request.WalletAddress)
	mark, err := request.Fingerprint()
	if err != nil {
		return nil, err
	}
	return c.start(ctx, ID{Onramp, request.Reference}, options, request, mark)
}

// StartOfframp starts an order, or finds the one of this reference, as StartOnramp does.
func (c *Client) StartOfframp(ctx context.Context, request OfframpRequest) (*Order, error) {
	if err := request.Validate(); err != nil {
		return nil, err
	}
	options := startOptions(ID{Offramp, request.Reference}, request.Token, request.Fiat)
	options.StaticSummary = request.Title() + " · " + request.Reference
	options.StaticDetails = fmt.Sprintf("**%s**, on chain %d from the wallet `%s`, paid out to the account %s.",
		request.Title(), request.Token.ChainID, request.SenderWallet, MaskAccount(request.Bank.AccountNumber))
	mark, err := request.Fingerprint()
	if err != nil {
		return nil, err
	}
	return c.start(ctx, ID{Offramp, request.Reference}, options, request, mark)
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
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		TypedSearchAttributes:    temporal.NewSearchAttributes(attributes...),
	}
}

// start is one round trip: it starts the order and waits for what its user needs. A start that is tried again waits with
// the one before it: Temporal lets no more than ten updates of an order wait. An answer that was given before this start
// is too old.
func (c *Client) start(ctx context.Context, id ID, options client.StartWorkflowOptions, request any, mark string) (*Order, error) {
	begun := time.Now()
	order, err := answer(ctx, func() (client.WorkflowUpdateHandle, error) {
		return c.temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
			StartWorkflowOperation: c.temporal.NewWithStartWorkflowOperation(options, id.Direction.WorkflowType(), request),
			UpdateOptions: client.UpdateWorkflowOptions{
				WorkflowID:   id.workflow(),
				UpdateID:     c.waitID(mark),
				UpdateName:   AwaitOrder,
				Args:         []any{Awaiting{Fingerprint: mark}},
				WaitForStage: client.WorkflowUpdateStageAccepted,
			},
		})
	})
	switch {
	case err == nil && order.UpdatedAt.Before(begun):
		return c.current(ctx, id, mark)
	case err == nil:
		return order, nil
	case outOfTime(ctx, err):
		return nil, c.notReady(ctx, id)
	case IsError(fromTemporal(err), ReferenceTaken):
		return nil, fromTemporal(err)
	case c.hasEnded(ctx, id):
		return c.ended(ctx, id, mark)
	default:
		return nil, c.explain(id, err)
	}
}

// waitID is the id of the update by which this client's starts of one request wait. The mark itself is of personal data,
// which ids must not let anybody guess.
func (c *Client) waitID(mark string) string {
	salted := sha256.Sum256([]byte(c.salt + mark))
	return AwaitOrder + "/" + hex.EncodeToString(salted[:16])
}

// current is an order that was started before, once there is something for its user to act on.
func (c *Client) current(ctx context.Context, id ID, mark string) (*Order, error) {
	order, err := c.Get(ctx, id)
	if err != nil || order.Instructions != nil || order.Status.AwaitsUser() || order.Status.Final() {
		return order, err
	}
	return c.update(ctx, id, AwaitOrder, Awaiting{Fingerprint: mark})
}

// outOfTime reports whether a caller's time was over before an update was answered. The server may end the call a moment
// before ctx does.
func outOfTime(ctx context.Context, err error) bool {
	var ended *client.WorkflowUpdateServiceTimeoutOrCanceledError
	return ctx.Err() != nil || errors.As(err, &ended)
}

// ended returns an order that was over before it was started again, if it is the caller's.
func (c *Client) ended(ctx context.Context, id ID, mark string) (*Order, error) {
	started, err := c.startedWith(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := (Awaiting{Fingerprint: mark}).CheckFingerprint(id.Reference, started); err != nil {
		return nil, err
	}
	return c.result(ctx, id)
}

// startedWith is the fingerprint of the request that an order was started with.
func (c *Client) startedWith(ctx context.Context, id ID) (string, error) {
	if id.Direction == Offramp {
		var request OfframpRequest
		if err := c.request(ctx, id, &request); err != nil {
			return "", err
		}
		return request.Fingerprint()
	}
	var request OnrampRequest
	if err := c.request(ctx, id, &request); err != nil {
		return "", err
	}
	return request.Fingerprint()
}

// notReady tells a start that ran out of time from one that never happened.
func (c *Client) notReady(ctx context.Context, id ID) error {
	background, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	if _, err := c.temporal.DescribeWorkflow(background, id.workflow(), ""); err != nil {
		return fmt.Errorf("order %s: not known to have started: %w", id.Reference, errors.Join(ctx.Err(), c.explain(id, err)))
	}
	return &Error{
		Type:      NotReady,
		Reference: id.Reference,
		Message:   "started, but there are no payment instructions yet; the order goes on",
	}
}

func (c *Client) hasEnded(ctx context.Context, id ID) bool {
	description, err := c.temporal.DescribeWorkflow(ctx, id.workflow(), "")
	return err == nil && description.Status != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
}

func (c *Client) result(ctx context.Context, id ID) (*Order, error) {
	var order Order
	if err := c.temporal.GetWorkflow(ctx, id.workflow(), "").Get(ctx, &order); err != nil {
		return nil, c.explain(id, err)
	}
	return &order, nil
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
	return c.update(ctx, ID{Onramp, reference}, SubmitUTR, UTRSubmission{UTR: utr})
}

// SubmitTransactionHash submits the transfer of an off-ramp order's tokens, as SubmitUTR does a payment.
func (c *Client) SubmitTransactionHash(ctx context.Context, reference, hash string) (*Order, error) {
	return c.update(ctx, ID{Offramp, reference}, SubmitTransactionHash, HashSubmission{TransactionHash: hash})
}

// SubmitKYC gives an order a KYC dossier, and returns once the provider has received it, or with KYCRefused.
func (c *Client) SubmitKYC(ctx context.Context, id ID, dossier string) (*Order, error) {
	return c.update(ctx, id, SubmitKYC, KYCSubmission{Dossier: dossier})
}

// SubmitAccount gives an order another account, and returns once it is linked, or with AccountRefused.
func (c *Client) SubmitAccount(ctx context.Context, id ID, account AccountSubmission) (*Order, error) {
	return c.update(ctx, id, SubmitAccount, account)
}

// ConfirmQuote confirms the quote that an order waits with, by its id.
func (c *Client) ConfirmQuote(ctx context.Context, id ID, quoteID string) (*Order, error) {
	return c.update(ctx, id, ConfirmQuote, QuoteConfirmation{QuoteID: quoteID})
}

func (c *Client) update(ctx context.Context, id ID, name string, argument any) (*Order, error) {
	options := client.UpdateWorkflowOptions{
		WorkflowID:   id.workflow(),
		UpdateID:     name + "/" + rand.Text(),
		UpdateName:   name,
		Args:         []any{argument},
		WaitForStage: client.WorkflowUpdateStageAccepted,
	}
	order, err := answer(ctx, func() (client.WorkflowUpdateHandle, error) {
		return c.temporal.UpdateWorkflow(ctx, options)
	})
	switch {
	case err == nil:
		return order, nil
	case outOfTime(ctx, err):
		return nil, &Error{
			Type:      NotReady,
			Reference: id.Reference,
			Message:   fmt.Sprintf("no answer to %s in time; it may have been taken, so look at the order before you send it again", name),
		}
	case c.hasEnded(ctx, id):
		return nil, c.over(ctx, id, err)
	default:
		return nil, c.explain(id, err)
	}
}

// answer sends an update and returns its answer. The server drops the updates of a workflow task that fails, as one does
// when a signal arrives just as its order ends. The order never took such an update, which is sent again under its id.
func answer(ctx context.Context, send func() (client.WorkflowUpdateHandle, error)) (*Order, error) {
	for sent := 1; ; sent++ {
		var order Order
		handle, err := send()
		if err == nil {
			err = handle.Get(ctx, &order)
		}
		var dropped *serviceerror.WorkflowNotReady
		if !errors.As(err, &dropped) || sent == sendings {
			return &order, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(time.Duration(sent) * sendAgainAfter):
		}
	}
}

// over says how an order ended that something came too late for.
func (c *Client) over(ctx context.Context, id ID, cause error) error {
	if typed := fromTemporal(cause); typed != cause {
		return typed
	}
	order, err := c.result(ctx, id)
	if err != nil {
		return err
	}
	message := fmt.Sprintf("the order is %s and takes no more", order.Status)
	if id.Direction == Onramp && (order.Status == Expired || order.Status == Cancelled) {
		message += "; if the user has paid, reorder with the payment's UTR"
	}
	return &Error{Type: OrderOver, Reference: id.Reference, Message: message, Order: order}
}

// Cancel ends an order that the provider holds no payment for, and returns it once it is cancelled. CancelRefused says
// that a proof of payment was accepted, after which only the provider ends the order.
func (c *Client) Cancel(ctx context.Context, id ID) (*Order, error) {
	order, err := c.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if order.Status.Final() {
		return nil, c.over(ctx, id, nil)
	}
	if !order.Accepted() {
		if err := c.temporal.CancelWorkflow(ctx, id.workflow(), ""); err != nil {
			return nil, c.explain(id, err)
		}
	}
	for order, err := range c.Watch(ctx, id) {
		switch {
		case err != nil:
			return nil, err
		case order.Status == Cancelled:
			return order, nil
		case order.Status.Final():
			return nil, c.over(ctx, id, nil)
		case order.Accepted():
			return nil, &Error{
				Type:      CancelRefused,
				Reference: id.Reference,
				Message:   "the provider has a proof of payment; only it can end the order now",
				Order:     order,
			}
		}
	}
	return nil, ctx.Err()
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
	return fmt.Errorf("order %s: %w", id.Reference, err)
}
