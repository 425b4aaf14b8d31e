package activities

import (
	"context"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"rampart/ramp"
)

// WatchOrderRequest names an order and what is known of it.
type WatchOrderRequest struct {
	OrderRequest
	Wait
	// Known is the provider's status as the order has it. Any other ends the watch, but for the first ones, which say
	// nothing of an order whose proof was accepted.
	Known string `json:"known,omitempty"`
	// Unproven is set while the provider has accepted no proof for the order: a first status is then a change like any
	// other.
	Unproven bool `json:"unproven,omitempty"`
	// Overdue is set once the order asks for attention because it takes too long. It is then polled more slowly.
	Overdue bool `json:"overdue,omitempty"`
	// Late is set once the provider has expired the order although it had taken a proof or found a payment. Any other status is then news, the
	// first one included: its support may have opened the order again.
	Late bool `json:"late,omitempty"`
	// Flapping is our status of an order whose provider's statuses change back and forth: only one that moves the order on
	// ends the watch. Empty for any other order.
	Flapping ramp.Status `json:"flapping,omitempty"`
}

// WatchOrderResult is Decided with the provider's new status.
type WatchOrderResult struct {
	WatchEnd
	State OrderState `json:"state"`
}

// WatchOrder polls an order until the provider's status changes: every 10 to 15 seconds (guide), and inside one activity, so
// that an hour of polls costs the order no more history than one. After accepted proof only the provider ends an
// order: nothing it answers to a poll, a refusal included, ends the watch but a new status. TimeUp says that the
// order is overdue or, when it is late, that no payment came any more.
func (w *Watches) WatchOrder(ctx context.Context, req WatchOrderRequest) (WatchOrderResult, error) {
	how := watching{Wait: req.Wait, pause: w.orderPause(req), outage: w.timings.Outage}
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
		return state.ProviderStatus, req.isNews(state), nil
	})
	return result, err
}

// isNews reports whether the order must know of a state.
func (r WatchOrderRequest) isNews(state OrderState) bool {
	switch {
	case state.ProviderStatus == r.Known:
		return false
	case r.Flapping != "" && !r.Late && !r.Unproven:
		return state.Status.Final() || slices.Index(ramp.Statuses(), state.Status) > slices.Index(ramp.Statuses(), r.Flapping)
	default:
		return !state.Unpaid || r.Unproven || r.Late
	}
}

func (w *Watches) orderPause(req WatchOrderRequest) func(int) time.Duration {
	return func(int) time.Duration {
		if req.Overdue {
			return w.timings.SlowPoll
		}
		return w.timings.pollPause()
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
