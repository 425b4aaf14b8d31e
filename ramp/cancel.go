package ramp

import (
	"cmp"
	"context"
	"strings"
	"time"
)

// cancelTimeout is how long Cancel waits for the provider before it returns NotReady.
const cancelTimeout = 30 * time.Second

// Prefixes of an order's timeline notes about a cancellation.
const (
	// CancellationRefused: the order continues.
	CancellationRefused = "Cancellation refused"
	// CancellationRequested: the order ends unless the provider's pending answer says that it has the payment.
	CancellationRequested = "Cancellation requested"
)

// Cancel cancels an order and blocks until it is cancelled. The error is CancelRefused if the provider accepted a proof or has the
// payment, after which only the provider can end the order, and NotReady if the cancellation waits for an answer of the provider,
// which an outage may delay. A cancellation that waits stays in force.
func (c *Client) Cancel(ctx context.Context, id ID) (*Order, error) {
	order, err := c.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if order.Status.Final() {
		return nil, c.over(ctx, id, nil)
	}
	if order.uncancellable() == "" {
		if err := c.temporal.CancelWorkflow(ctx, id.workflow(), ""); err != nil {
			return nil, c.explain(id, err)
		}
	}
	return c.awaitCancellation(ctx, id, order)
}

// awaitCancellation blocks until the cancellation of an order has an outcome. last is the order's last known state.
func (c *Client) awaitCancellation(ctx context.Context, id ID, last *Order) (*Order, error) {
	timeout := time.NewTimer(cancelTimeout)
	defer timeout.Stop()
	ticks := time.NewTicker(watchEvery)
	defer ticks.Stop()
	timedOut := false
	for {
		order, err := c.Get(ctx, id)
		switch {
		case err != nil && ctx.Err() != nil:
			return nil, last.cancellationPending()
		case err != nil:
			return nil, err
		case order.Status == Cancelled:
			return order, nil
		case order.Status.Final():
			return nil, c.over(ctx, id, nil)
		case order.uncancellable() != "":
			return nil, &Error{Type: CancelRefused, Reference: id.Reference, Message: order.uncancellable(), Order: order}
		case timedOut && order.lastNote(CancellationRequested) != "":
			return nil, order.cancellationPending()
		}
		last = order
		select {
		case <-ctx.Done():
			return nil, last.cancellationPending()
		case <-timeout.C:
			timedOut = true
		case <-ticks.C:
		}
	}
}

// cancellationPending returns the error of a cancellation that was requested and has no outcome yet.
func (o *Order) cancellationPending() *Error {
	note := cmp.Or(o.lastNote(CancellationRequested), "cancellation requested, but there was no answer in time; read the order again later")
	return &Error{Type: NotReady, Reference: o.Reference, Message: note, Order: o}
}

// uncancellable returns why the order cannot be cancelled; empty if it can. A refused cancellation stays refused: Temporal accepts one
// cancellation of a workflow.
func (o *Order) uncancellable() string {
	switch refused := o.lastNote(CancellationRefused); {
	case o.Accepted():
		return "the provider has a proof of payment; only it can end the order now"
	case o.Status == Settling, o.Status == Refunding:
		return "the provider has the payment; only it can end the order now"
	default:
		return refused
	}
}

// lastNote returns the last note of the timeline with this prefix, as the text of an error.
func (o *Order) lastNote(prefix string) string {
	for i := len(o.Timeline) - 1; i >= 0; i-- {
		if note := o.Timeline[i].Note; strings.HasPrefix(note, prefix) {
			return strings.ToLower(note[:1]) + strings.TrimSuffix(note[1:], ".")
		}
	}
	return ""
}
