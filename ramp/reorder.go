package ramp

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/shopspring/decimal"
	historypb "go.temporal.io/api/history/v1"
)

// linkedAccounts is the name of the activity that receives each account of an order.
const linkedAccounts = "LinkedAccounts"

// ReorderRequest is a request for a new order that replaces one that expired or was cancelled after the user had paid.
type ReorderRequest struct {
	// Reference is the reference of the old order.
	Reference string `json:"-"`
	// NewReference is the reference of the new order.
	NewReference string `json:"newReference"`
	// UTR is the UTR of the payment. Empty is the UTR of the old order.
	UTR UTR `json:"utr,omitempty"`
	// Amount is the amount that was paid, a decimal string in INR. It is required for an order that the provider cancelled, typically
	// because another amount was paid than ordered. Empty is the old order's amount otherwise.
	Amount string `json:"amount,omitempty"`
}

// Reorder starts an on-ramp order that replaces an expired or cancelled one: with the UTR of the payment that was made for it, for the
// amount that was paid, and with the same account. It returns what StartOnramp does. The error is NotAwaited if the order has another
// status or the provider already refused its payment for a second order; see Order.Recourse.
func (c *Client) Reorder(ctx context.Context, request ReorderRequest) (*Order, error) {
	id := ID{Onramp, request.Reference}
	order, err := c.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if order.Status != Expired && order.Status != Cancelled {
		return nil, notReordered(order, fmt.Sprintf("only an expired or cancelled order can be replaced; this one is %s", order.Status))
	}
	old, err := c.originalRequest(ctx, id)
	if err != nil {
		return nil, err
	}
	again, err := request.newRequest(order, old)
	if err != nil {
		return nil, err
	}
	return c.StartOnramp(ctx, again)
}

func notReordered(order *Order, why string) *Error {
	return &Error{Type: NotAwaited, Reference: order.Reference, Message: why, Order: order}
}

// newRequest returns the request for the new order.
func (r ReorderRequest) newRequest(order *Order, old OnrampRequest) (OnrampRequest, error) {
	again := old
	again.Reference, again.Adopt = r.NewReference, nil
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

// utr returns the UTR of the payment: the one that the old order submitted or would have submitted.
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

// check reports what the request must contain because the old order does not have it.
func (r ReorderRequest) check(order *Order, utr UTR) error {
	var p problems
	if utr == "" {
		p.add("utr", "must be the UTR of the payment that was made for the old order")
	}
	switch {
	case r.Amount != "":
		p.check("amount", validateRupees(r.Amount, maxRupees))
	case order.Recourse() == OrderAmountPaid:
		p.add("amount", "must be the amount that was paid: the provider cancelled the order, and cancels another for the same amount. "+
			"Its reason: "+cmp.Or(order.ProviderReason, "none given"))
	}
	return p.invalid("the reorder request is invalid", order.Reference)
}

// scaled returns the terms for another amount at the same price, without a limit on what was already paid.
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

// atTokenPrecision formats an amount of tokens, rounded up so that the minimum does not shrink; empty unless it is positive.
func atTokenPrecision(amount decimal.Decimal) string {
	if !amount.IsPositive() {
		return ""
	}
	return amount.RoundUp(tokenDecimals).String()
}

// originalRequest returns the request of an order with the account that was linked last, which may have replaced the request's. Only
// the order's history has it in full.
func (c *Client) originalRequest(ctx context.Context, id ID) (OnrampRequest, error) {
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
