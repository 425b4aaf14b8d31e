package workflows

import (
	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/ramp"
)

// followOrder watches a paid order to its end, which only the provider decides. No cancellation reaches it.
func (l *lifecycle) followOrder(ctx workflow.Context) error {
	ctx = disconnected(ctx)
	paidAt := workflow.Now(ctx)
	for {
		request := activities.WatchOrderRequest{OrderRequest: l.orderRequest(), Known: l.order.ProviderStatus, Overdue: l.overdue}
		var state activities.OrderState
		stopped, err := l.keepWatching(ctx, paidAt, func(wait activities.Wait) (activities.WatchEnd, error) {
			request.Wait = wait
			result, err := activities.WatchOrder(ctx, request)
			state = result.State
			return result.WatchEnd, err
		})
		if err != nil {
			return err
		}
		if stopped == activities.TimeUp {
			l.overdue = true
			l.raise(ctx, overdue, "the provider has not finished the order a day after it took the proof of payment")
			continue
		}
		l.show(ctx, state)
		if state.Status.Final() {
			return l.ending(state)
		}
		l.advance(ctx, state)
	}
}

// show takes over what the provider says of the order.
func (l *lifecycle) show(ctx workflow.Context, state activities.OrderState) {
	l.order.ProviderStatus = state.ProviderStatus
	if state.Reason != "" {
		l.order.ProviderReason = state.Reason
	}
	if state.Settlement != nil {
		l.order.Settlement = state.Settlement
	}
	if state.Attention != "" {
		l.raise(ctx, providerSays, state.Attention)
	} else {
		l.settle(ctx, providerSays)
	}
	l.touch(ctx)
}

// advance moves the order to the status that the provider's means, and never back: the provider's statuses may
// come late, twice or out of order.
func (l *lifecycle) advance(ctx workflow.Context, state activities.OrderState) {
	note := "The provider says " + state.ProviderStatus + "."
	if rank(state.Status) > rank(l.order.Status) {
		l.enter(ctx, state.Status, note)
		return
	}
	l.note(ctx, note)
}

func (l *lifecycle) ending(state activities.OrderState) error {
	note := "The provider says " + state.ProviderStatus + "."
	if state.Reason != "" {
		note += " " + state.Reason
	}
	if l.order.Direction == ramp.Onramp && (state.Status == ramp.Cancelled || state.Status == ramp.Expired) {
		note += " The same UTR may be used on a new order for the same amount."
	}
	return end(state.Status, "%s", note)
}

// rank is how far along a status is. A status that says nothing is behind all others.
func rank(status ramp.Status) int {
	for i, known := range ramp.Statuses() {
		if known == status {
			return i
		}
	}
	return -1
}
