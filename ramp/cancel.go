package ramp

import (
	"cmp"
	"context"
	"strings"
	"time"
)

// cancelPatience is how long a cancellation may wait for the provider before its caller is told so.
const cancelPatience = 30 * time.Second

// How an order's timeline begins what it notes of a cancellation.
const (
	// CancellationRefused: the order goes on.
	CancellationRefused = "Cancellation refused"
	// CancellationRequested: the order ends, unless the provider has the payment: its answer is waited for.
	CancellationRequested = "Cancellation requested"
)

// Cancel ends an order that the provider holds no payment for, and returns it once it is cancelled. CancelRefused says that
// the provider has a proof of payment or the payment itself, after which only the provider ends the order. NotReady says that
// the cancellation waits for an answer of the provider, which may take as long as an outage; it stands.
func (c *Client) Cancel(ctx context.Context, id ID) (*Order, error) {
	order, err := c.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if order.Status.Final() {
		return nil, c.over(ctx, id, nil)
	}
	if order.held() == "" {
		if err := c.temporal.CancelWorkflow(ctx, id.workflow(), ""); err != nil {
			return nil, c.explain(id, err)
		}
	}
	return c.awaitCancellation(ctx, id, order)
}

// awaitCancellation waits for what becomes of the cancellation of an order, as it was last seen.
func (c *Client) awaitCancellation(ctx context.Context, id ID, last *Order) (*Order, error) {
	patience := time.NewTimer(cancelPatience)
	defer patience.Stop()
	ticks := time.NewTicker(watchEvery)
	defer ticks.Stop()
	impatient := false
	for {
		order, err := c.Get(ctx, id)
		switch {
		case err != nil && ctx.Err() != nil:
			return nil, last.cancellationWaits()
		case err != nil:
			return nil, err
		case order.Status == Cancelled:
			return order, nil
		case order.Status.Final():
			return nil, c.over(ctx, id, nil)
		case order.held() != "":
			return nil, &Error{Type: CancelRefused, Reference: id.Reference, Message: order.held(), Order: order}
		case impatient && order.noted(CancellationRequested) != "":
			return nil, order.cancellationWaits()
		}
		last = order
		select {
		case <-ctx.Done():
			return nil, last.cancellationWaits()
		case <-patience.C:
			impatient = true
		case <-ticks.C:
		}
	}
}

// cancellationWaits says that a cancellation was requested and what it waits for, where the order tells that.
func (o *Order) cancellationWaits() *Error {
	note := cmp.Or(o.noted(CancellationRequested), "cancellation requested, and not answered in time; look at the order")
	return &Error{Type: NotReady, Reference: o.Reference, Message: note, Order: o}
}

// held says why the order cannot be cancelled; empty if it can. A refused cancellation stays refused: Temporal takes one of a
// workflow.
func (o *Order) held() string {
	switch refused := o.noted(CancellationRefused); {
	case o.Accepted():
		return "the provider has a proof of payment; only it can end the order now"
	case o.Status == Settling, o.Status == Refunding:
		return "the provider has the payment; only it can end the order now"
	default:
		return refused
	}
}

// noted is the latest note of the timeline that begins like this, as the text of an error.
func (o *Order) noted(beginning string) string {
	for i := len(o.Timeline) - 1; i >= 0; i-- {
		if note := o.Timeline[i].Note; strings.HasPrefix(note, beginning) {
			return strings.ToLower(note[:1]) + strings.TrimSuffix(note[1:], ".")
		}
	}
	return ""
}
