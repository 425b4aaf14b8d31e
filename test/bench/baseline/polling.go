package baseline

import (
	"context"
	"math/rand/v2"
	"time"

	"go.temporal.io/sdk/temporal"

	"rampart/activities"
)

// Polling watches an order by a retried activity: each poll is an attempt, and the server schedules the next. It is registered under the
// name of Rampart's own watch; everything else of the order is Rampart's.
type Polling struct {
	Calls   *activities.Calls
	Timings activities.Timings
}

// WatchOrder polls once. It fails with a benign error while the provider's status has not changed.
func (p *Polling) WatchOrder(ctx context.Context, request activities.WatchOrderRequest) (activities.WatchOrderResult, error) {
	state, err := p.Calls.OrderStatus(ctx, request.OrderRequest)
	if err != nil {
		return activities.WatchOrderResult{}, err
	}
	if state.ProviderStatus == request.Known || (state.Unpaid && !request.Unproven) {
		return activities.WatchOrderResult{}, temporal.NewApplicationErrorWithOptions("still "+state.ProviderStatus, "OrderPending",
			temporal.ApplicationErrorOptions{NextRetryDelay: p.pause(), Category: temporal.ApplicationErrorCategoryBenign})
	}
	return activities.WatchOrderResult{WatchEnd: activities.WatchEnd{End: activities.Decided}, State: state}, nil
}

func (p *Polling) pause() time.Duration {
	return p.Timings.PollMin + rand.N(p.Timings.PollMax-p.Timings.PollMin)
}
