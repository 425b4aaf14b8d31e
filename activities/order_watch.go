package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/workflow"
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
	// Late is set once the provider has expired the order although it had taken a proof.
	Late bool `json:"late,omitempty"`
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
	how := watching{Wait: req.Wait, pause: w.orderPause(req), outage: w.timings.Outage, tolerant: true}
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
		return state.ProviderStatus, state.ProviderStatus != req.Known && (!state.Unpaid || req.Unproven), nil
	})
	return result, err
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
