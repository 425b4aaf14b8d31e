package activities

import (
	"context"
	"maps"
	"strings"
	"time"

	"go.temporal.io/sdk/activity"

	"rampart/ramp"
)

// CreateOrderRequest is the part of a request to create an order that keeps it at one order and one fresh quote.
type CreateOrderRequest struct {
	Email     string `json:"email"`
	Reference string `json:"reference"`
	// Quote is what the user agreed to; none is sent to the provider, who prices the order by itself (provider 3.12).
	Quote ramp.Quote `json:"quote"`
	// MinReceived is the least that the user agreed to receive, a decimal string; empty for any.
	MinReceived string `json:"minReceived,omitempty"`
	// MaxPaid is the most that the user agreed to pay, a decimal string; empty for any.
	MaxPaid string `json:"maxPaid,omitempty"`
	// NotBefore is the provider's clock when it gave the first quote for which an order may have been made.
	NotBefore time.Time `json:"since"`
	// OrderMayExist is set when an earlier activity may have made the order.
	OrderMayExist bool `json:"again,omitempty"`
	// Reset is set in a run that continues another one from a point at which that was reset: what had ended must not be made again.
	Reset bool `json:"reset,omitempty"`
}

// CreatedOrder is an order at the provider.
type CreatedOrder struct {
	OrderID string `json:"orderId"`
	// ProviderStatus is the status with which the provider says it makes orders (guide).
	ProviderStatus string            `json:"providerStatus"`
	Instructions   ramp.Instructions `json:"instructions"`
	// Lifetime is how long the order waits for proof of payment, counted from At.
	Lifetime time.Duration `json:"lifetime"`
	// At is when the order was asked for, or found. What reads it later, after an outage of ours, must not give the user
	// more time than the provider does.
	At time.Time `json:"at,omitzero"`
	// Quote is the one that the order was made at; nil for an adopted order.
	Quote *ramp.Quote `json:"quote,omitempty"`
	// Note is for the timeline; empty as a rule.
	Note string `json:"note,omitempty"`
	// Adopted is set when an earlier attempt had made the order and its answer was lost. Instructions that only that
	// answer held are missing then.
	Adopted bool `json:"adopted,omitempty"`
	// Withheld says why what the provider's answer told of how to pay is shown to nobody; Instructions are empty then. Empty as a rule.
	Withheld string `json:"distrust,omitempty"`
}

// instruct takes over how to pay, and what was left out of it. The provider's own checkout, where one is configured, is a way to pay without
// any other.
func (c *CreatedOrder) instruct(how ramp.Instructions, left doubts, checkout string) {
	c.Instructions = how
	if how != (ramp.Instructions{}) {
		c.Note = strings.TrimSpace(c.Note + " " + left.note())
		return
	}
	c.Instructions.CheckoutURL, c.Withheld = checkout, left.distrust()
	if checkout != "" {
		c.Note, c.Withheld = left.note(), ""
	}
}

// promptly is how soon after it was scheduled a first attempt usually starts.
const promptly = 200 * time.Millisecond

// mayExist reports whether an earlier attempt may have made the order. The provider takes no idempotency key (provider 1.7), so
// that every attempt but the first looks before it creates. An operator's reset of the activity begins to count attempts
// anew, but does not move the time at which the activity was scheduled: an attempt that starts late looks too.
func (p CreateOrderRequest) mayExist(ctx context.Context) bool {
	info := activity.GetInfo(ctx)
	return p.OrderMayExist || info.Attempt > 1 || info.StartedTime.Sub(info.ScheduledTime) > promptly
}

// accepts reports whether the user agreed to a price: they receive no less and pay no more than they agreed to.
func (p CreateOrderRequest) accepts(quote ramp.Quote) bool {
	return quote.Receive.AtLeast(p.MinReceived) && quote.Pay.AtMost(p.MaxPaid)
}

// goodQuote is the quote that the order is made at: the one that was agreed on while it is good, and another one after
// that, if it is no worse than the user agreed to. An attempt fetches it by itself, so that an outage of hours
// costs the order no more history than one attempt.
func (p CreateOrderRequest) goodQuote(ctx context.Context, fetch func() (QuoteResult, error)) (ramp.Quote, error) {
	if time.Now().Before(p.Quote.ExpiresAt) {
		return p.Quote, nil
	}
	result, err := fetch()
	if err != nil {
		return ramp.Quote{}, err
	}
	if !p.accepts(result.Quote) {
		return ramp.Quote{}, quoteExpired("the quote expired, and the price is now worse than the user agreed to; no order was made",
			StaleQuote{OrderMayExist: p.mayExist(ctx)})
	}
	return result.Quote, nil
}

// metadata adds the order's reference, by which a person finds it at the provider.
func (p CreateOrderRequest) metadata(given map[string]string) map[string]string {
	all := maps.Clone(given)
	if all == nil {
		all = map[string]string{}
	}
	all["reference"] = p.Reference
	return all
}
