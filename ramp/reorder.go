package ramp

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/shopspring/decimal"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/converter"
)

// linkedAccounts is the activity that each account of an order goes through first, as package activities names it.
const linkedAccounts = "LinkedAccounts"

// ReorderRequest asks for a new order in place of one that expired or was cancelled after the user had paid.
type ReorderRequest struct {
	// Reference is the old order's.
	Reference string
	// NewReference is the new order's.
	NewReference string
	// UTR of the payment. Empty takes the one that the old order has.
	UTR UTR
	// Amount that was paid, a decimal string in INR. It must be given for an order that the provider cancelled, typically
	// because another amount was paid than ordered. Empty is the old order's amount otherwise.
	Amount string
}

// Reorder starts an on-ramp order like an expired or cancelled one, with the UTR of the payment that was made for it, for the
// amount that was paid, from the account with which the old one was made. It returns as StartOnramp does. Order.WayOut says
// what the provider makes of it; a payment that it did not take for a second order is NotAwaited.
func (c *Client) Reorder(ctx context.Context, request ReorderRequest) (*Order, error) {
	id := ID{Onramp, request.Reference}
	order, err := c.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if order.Status != Expired && order.Status != Cancelled {
		return nil, notReordered(order, fmt.Sprintf("only an expired or cancelled order can be ordered again; this one is %s", order.Status))
	}
	old, err := c.ordered(ctx, id)
	if err != nil {
		return nil, err
	}
	again, err := request.follow(order, old)
	if err != nil {
		return nil, err
	}
	return c.StartOnramp(ctx, again)
}

func notReordered(order *Order, why string) *Error {
	return &Error{Type: NotAwaited, Reference: order.Reference, Message: why, Order: order}
}

// follow is the request for the new order.
func (r ReorderRequest) follow(order *Order, old OnrampRequest) (OnrampRequest, error) {
	again := old
	again.Reference = r.NewReference
	again.UTR = r.utr(order, old)
	if old.Previous == nil || order.Accepted() {
		again.Previous = &PreviousOrder{Reference: order.Reference, OrderID: order.OrderID}
	}
	if order.OrderID != "" && order.reuseRefused() && (again.UTR == "" || again.UTR == old.UTR) {
		return again, notReordered(order, PaidAdvice(order))
	}
	if err := r.check(order, again.UTR); err != nil {
		return again, err
	}
	if r.Amount != "" {
		again.Fiat.Amount = r.Amount
		again.Quote = old.Quote.scaled(old.Fiat.Amount, r.Amount)
	}
	return again, nil
}

// utr is the payment's: one that was handed in, or would have been.
func (r ReorderRequest) utr(order *Order, old OnrampRequest) UTR {
	switch {
	case r.UTR != "":
		return r.UTR
	case order.Proof != nil:
		return order.Proof.UTR
	case order.OrderID == "":
		return old.UTR
	default:
		return ""
	}
}

// check finds what the old order does not tell and nobody may guess.
func (r ReorderRequest) check(order *Order, utr UTR) error {
	var p problems
	if utr == "" {
		p.add("utr", "must be the UTR of the payment that was made for the old order")
	}
	switch {
	case r.Amount != "":
		p.check("amount", validateRupees(r.Amount, maxRupees))
	case order.WayOut() == OrderAmountPaid:
		p.add("amount", "must be the amount that was paid: the provider cancelled the order, and cancels another for the same amount. "+
			"Its reason: "+cmp.Or(order.ProviderReason, "none given"))
	}
	return p.invalid("the order cannot be ordered again like this", order.Reference)
}

// scaled are the terms for another amount at the same price. What has been paid is not limited any more.
func (t *QuoteTerms) scaled(from, to string) *QuoteTerms {
	if t == nil {
		return nil
	}
	terms := *t
	terms.MaxPaid = ""
	least, leastErr := ParseAmount(t.MinReceived)
	before, beforeErr := ParseAmount(from)
	now, nowErr := ParseAmount(to)
	if errors.Join(leastErr, beforeErr, nowErr) == nil && before.IsPositive() {
		terms.MinReceived = atTokenPrecision(least.Mul(now).DivRound(before, tokenDecimals+1))
	}
	return &terms
}

// atTokenPrecision writes an amount of tokens, rounded up so that no less is taken; nothing if it is none.
func atTokenPrecision(amount decimal.Decimal) string {
	if !amount.IsPositive() {
		return ""
	}
	return amount.RoundUp(tokenDecimals).String()
}

// ordered is the request of an order with the account that was linked for it, which may have taken the place of the
// request's. Only the order's history has it in full.
func (c *Client) ordered(ctx context.Context, id ID) (OnrampRequest, error) {
	var request OnrampRequest
	var account AccountSubmission
	err := c.readHistory(ctx, id, func(event *historypb.HistoryEvent) error {
		if started := event.GetWorkflowExecutionStartedEventAttributes(); started != nil {
			return c.decode(id, c.asOrder(id), started.GetInput(), &request)
		}
		scheduled := event.GetActivityTaskScheduledEventAttributes()
		if scheduled.GetActivityType().GetName() != linkedAccounts {
			return nil
		}
		account = AccountSubmission{}
		return c.decode(id, c.asActivity(id, linkedAccounts), scheduled.GetInput(), &account)
	})
	if account.UPI != nil {
		request.UPI = account.UPI
	}
	if account.Bank != nil {
		request.Bank = account.Bank
	}
	return request, err
}

// request reads what an order was started with from its history.
func (c *Client) request(ctx context.Context, id ID, into any) error {
	run, err := c.orderRun(ctx, id)
	if err != nil {
		return err
	}
	history := c.temporal.GetWorkflowHistory(ctx, id.workflow(), run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	if !history.HasNext() {
		return c.explain(id, errors.New("the order's history is empty"))
	}
	first, err := history.Next()
	if err != nil {
		return c.explain(id, err)
	}
	return c.decode(id, c.asOrder(id), first.GetWorkflowExecutionStartedEventAttributes().GetInput(), into)
}

func (c *Client) readHistory(ctx context.Context, id ID, read func(*historypb.HistoryEvent) error) error {
	run, err := c.orderRun(ctx, id)
	if err != nil {
		return err
	}
	history := c.temporal.GetWorkflowHistory(ctx, id.workflow(), run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for history.HasNext() {
		event, err := history.Next()
		if err != nil {
			return c.explain(id, err)
		}
		if err := read(event); err != nil {
			return err
		}
	}
	return nil
}

// asOrder reads what belongs to the order's workflow, and asActivity what belongs to an activity of it. The connection knows the
// namespace.
func (c *Client) asOrder(id ID) converter.DataConverter {
	return converter.WithDataConverterSerializationContext(c.converter, converter.WorkflowSerializationContext{WorkflowID: id.workflow()})
}

func (c *Client) asActivity(id ID, activityType string) converter.DataConverter {
	return converter.WithDataConverterSerializationContext(c.converter,
		converter.ActivitySerializationContext{WorkflowID: id.workflow(), ActivityType: activityType})
}

// decode reads an input, which may have come in clear.
func (c *Client) decode(id ID, own converter.DataConverter, input *commonpb.Payloads, into any) error {
	var value converter.RawValue
	err := own.FromPayloads(input, &value)
	if err == nil {
		err = converter.GetDefaultDataConverter().FromPayload(value.Payload(), into)
	}
	if err != nil {
		return c.explain(id, fmt.Errorf("the order's request cannot be read: %w", err))
	}
	return nil
}
