package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/workflow"

	"rampart/ramp"
)

// WatchOrderRequest names an order and says what is known about it.
type WatchOrderRequest struct {
	OrderRequest
	Wait
	// Known is the provider's last status of the order. Any other status ends the watch, except the first status of an order, which says
	// nothing about one whose proof was accepted.
	Known string `json:"known,omitempty"`
	// Unproven is set while the provider has accepted no proof for the order. A first status is then a change like any other.
	Unproven bool `json:"unproven,omitempty"`
	// Overdue is set once the order has a concern because it takes too long. It is then polled more slowly.
	Overdue bool `json:"overdue,omitempty"`
	// Late is set once the provider has expired the order although it had accepted a proof or found a payment. Any other status then
	// ends the watch, the first one included: the provider's support may have reopened the order.
	Late bool `json:"late,omitempty"`
	// Flapping is our status of an order whose provider statuses change back and forth; empty for any other order. Only a status that
	// moves the order on then ends the watch.
	Flapping ramp.Status `json:"flapping,omitempty"`
}

// WatchOrderResult is Decided with the provider's new status.
type WatchOrderResult struct {
	WatchEnd
	State OrderState `json:"state"`
}

// WatchOrder polls an order until the provider's status changes, every 10 to 15 seconds (guide), or once a minute for ten minutes after the
// provider's latest webhook. All polls are made inside one
// activity, so that an hour of polls adds no more to the history than one poll. After an accepted proof only the provider ends an
// order, so only a new status ends the watch, and a refused poll does not. TimeUp says that the order is overdue or, for a late one,
// that no payment was found.
func (w *Watches) WatchOrder(ctx context.Context, req WatchOrderRequest) (WatchOrderResult, error) {
	how := watching{Wait: req.Wait, pause: w.orderPause(req), outage: w.timings.Outage, running: &w.running}
	switch {
	case req.Late:
		how.limit = w.timings.LatePayment
	case !req.Overdue:
		how.limit = w.timings.Overdue
	}
	var result WatchOrderResult
	var err error
	result.WatchEnd, err = poll(ctx, how, func(ctx context.Context) (string, bool, error) {
		state, err := orderState(ctx, w.provider, req.OrderRequest)
		if err != nil {
			return "", false, err
		}
		result.State = state
		return state.ProviderStatus, req.endsWatch(state), nil
	})
	return result, err
}

// endsWatch reports whether a state ends the watch.
func (r WatchOrderRequest) endsWatch(state OrderState) bool {
	switch {
	case state.ProviderStatus == r.Known:
		return false
	case r.Flapping != "" && !r.Late && !r.Unproven:
		return state.Status.Final() || Progress(state.Status) > Progress(r.Flapping)
	default:
		return !state.Unpaid || r.Unproven || r.Late
	}
}

// unconfirmedPolls is how many polls after a webhook's come at the usual pace: the provider's status may be later than its webhook.
const unconfirmedPolls = 5

// orderPause returns the pause between polls: longer for an overdue order, and while the provider's webhooks tell what changes.
func (w *Watches) orderPause(req WatchOrderRequest) func(int) time.Duration {
	return func(polls int) time.Duration {
		switch {
		case req.Overdue:
			return w.timings.SlowPoll
		case time.Since(req.HintedAt) >= w.timings.HintsTrusted, req.PollNow && polls <= unconfirmedPolls:
			return w.timings.pollPause()
		default:
			return w.timings.HintedPoll
		}
	}
}

// WatchOrder runs the activity.
func WatchOrder(ctx workflow.Context, req WatchOrderRequest) (WatchOrderResult, error) {
	summary := "Watch the order"
	if req.Known != "" {
		summary += " until it is no longer " + req.Known
	}
	return watch[WatchOrderResult](ctx, summary, (*Watches)(nil).WatchOrder, req)
}
