package activities

import (
	"context"
	"maps"
	"strings"
	"time"

	"go.temporal.io/sdk/activity"

	"rampart/onmeta"
	"rampart/ramp"
)

// CreateOrderRequest is what both directions need to create an order: at most once, and at a price that the user agreed to.
type CreateOrderRequest struct {
	Email     ramp.Email `json:"email"`
	Reference string     `json:"reference"`
	// Quote is what the user agreed to. It is not sent: the provider prices the order by itself (provider 3.12).
	Quote ramp.Quote `json:"quote"`
	// MinReceived is the least that the user agreed to receive, as a decimal string; empty for any amount.
	MinReceived string `json:"minReceived,omitempty"`
	// MaxPaid is the most that the user agreed to pay, as a decimal string; empty for any amount.
	MaxPaid string `json:"maxPaid,omitempty"`
	// NotBefore is the provider's time of the first quote at which the order may have been created.
	NotBefore time.Time `json:"since"`
	// OrderMayExist is set if an earlier activity may have created the order.
	OrderMayExist bool `json:"again,omitempty"`
	// CommitsUntil is until when the provider may still create an order that an earlier activity asked for; zero if none did.
	CommitsUntil time.Time `json:"commitsUntil,omitzero"`
	// ReplaceLost is set by orders that replace an order whose payment instructions were lost: another one is made at once, and LostOrderIDs
	// are the orders of the provider that were replaced so far.
	ReplaceLost  bool     `json:"replaceLost,omitempty"`
	LostOrderIDs []string `json:"lostOrderIds,omitempty"`
	// Reset is set in a run that continues a run which was reset. An order that had ended must not be created again.
	Reset bool `json:"reset,omitempty"`
}

// CreatedOrder is an order at the provider.
type CreatedOrder struct {
	OrderID string `json:"orderId"`
	// ProviderStatus is the first status of an order (guide).
	ProviderStatus string            `json:"providerStatus"`
	Instructions   ramp.Instructions `json:"instructions"`
	// Lifetime is how long the order waits for proof of payment, counted from At.
	Lifetime time.Duration `json:"lifetime"`
	// At is when the order was requested, or found. The lifetime starts here, even if a workflow reads the result much later, so that
	// the user is not given more time than the provider allows.
	At time.Time `json:"at,omitzero"`
	// Quote is the quote that the order was created at; nil for an adopted order.
	Quote *ramp.Quote `json:"quote,omitempty"`
	// Note is a note for the timeline; usually empty.
	Note string `json:"note,omitempty"`
	// Adopted is set if an earlier attempt had created the order and its answer was lost. Instructions that only that answer held are
	// missing then.
	Adopted bool `json:"adopted,omitempty"`
	// Keep is set if an adopted order must not be replaced, although its instructions are missing: its user may know them, or an order that
	// looks the same may have the same beneficiary.
	Keep bool `json:"keep,omitempty"`
	// Withheld says why the provider's payment instructions are withheld, in which case Instructions is empty. Usually empty.
	Withheld string `json:"distrust,omitempty"`
}

// setInstructions sets the payment instructions and says what was left out of them. Without any others it falls back to the provider's
// own checkout page, if one is configured.
func (c *CreatedOrder) setInstructions(instructions ramp.Instructions, left omissions, checkout string) {
	c.Instructions = instructions
	if instructions != (ramp.Instructions{}) {
		c.Note = strings.TrimSpace(c.Note + " " + left.note())
		return
	}
	c.Instructions.CheckoutURL, c.Withheld = checkout, left.withheld()
	if checkout != "" {
		c.Note, c.Withheld = left.note(), ""
	}
}

// maxStartDelay is how soon after it was scheduled a first attempt usually starts.
const maxStartDelay = 200 * time.Millisecond

// orderMayExist reports whether an earlier attempt may have created the order. The provider has no idempotency keys (provider 1.7), so
// every attempt but the first searches for the order before it creates one. An operator's reset of the activity restarts the count of
// attempts but not the time at which the activity was scheduled, so an attempt that starts late searches too.
func (r CreateOrderRequest) orderMayExist(ctx context.Context) bool {
	info := activity.GetInfo(ctx)
	return r.OrderMayExist || info.Attempt > 1 || info.StartedTime.Sub(info.ScheduledTime) > maxStartDelay
}

// accepts reports whether the user receives no less and pays no more than they agreed to.
func (r CreateOrderRequest) accepts(quote ramp.Quote) bool {
	return quote.Receive.AtLeast(r.MinReceived) && quote.Pay.AtMost(r.MaxPaid)
}

// orderTransit is how long a request to create an order may be on its way to the provider, and how far the clocks of two workers may differ.
// It is an assumption. A request that arrives after the quote has expired is priced anew (provider 3.12), and the answer to a buy order
// does not tell its price.
const orderTransit = 3 * time.Second

// requoteWithin is how soon an expired quote must be fetched again, so that enough of the new one is left for the order.
const requoteWithin = 5 * time.Second

// sendBy returns until when an order at this quote may be sent.
func sendBy(quote ramp.Quote) time.Time { return quote.ExpiresAt.Add(-orderTransit) }

// validQuote returns the quote that the order is created at: the one that the user agreed to while an order can still be sent at it, and
// afterwards a new one that is no worse than what they agreed to. An attempt fetches it by itself, so that an outage of hours adds no
// more to the history than one attempt.
func (r CreateOrderRequest) validQuote(ctx context.Context, fetch func(context.Context) (QuoteResult, error)) (ramp.Quote, error) {
	if time.Now().Before(sendBy(r.Quote)) {
		return r.Quote, nil
	}
	result, err := fetch(onmeta.SendBy(ctx, time.Now().Add(requoteWithin)))
	if err != nil {
		return ramp.Quote{}, err
	}
	if !r.accepts(result.Quote) {
		return ramp.Quote{}, quoteExpired("the quote expired, and the price is now worse than the user agreed to; no order was made",
			StaleQuote{OrderMayExist: r.orderMayExist(ctx)})
	}
	return result.Quote, nil
}

// metadata adds the order's reference, by which a person finds the order at the provider.
func (r CreateOrderRequest) metadata(given map[string]string) map[string]string {
	all := maps.Clone(given)
	if all == nil {
		all = map[string]string{}
	}
	all["reference"] = r.Reference
	return all
}
