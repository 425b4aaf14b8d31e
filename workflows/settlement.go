package workflows

import (
	"strings"
	"time"

	"github.com/shopspring/decimal"
	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/ramp"
)

// followOrder watches a paid order to its end, which only the provider decides. No cancellation reaches it.
func (l *lifecycle) followOrder(ctx workflow.Context) error {
	ctx = disconnected(ctx)
	since := workflow.Now(ctx)
	for {
		state, stopped, err := l.watchOrder(ctx, since)
		switch {
		case err != nil:
			return err
		case stopped == activities.TimeUp && l.late:
			return end(ramp.Expired, "The provider expired the order and found no payment after it. %s", l.route.words().late)
		case stopped == activities.TimeUp:
			l.raiseOverdue(ctx)
			continue
		}
		l.show(ctx, state)
		switch {
		case state.Status == ramp.Expired && l.order.Accepted() && !l.late:
			l.late, since = true, workflow.Now(ctx)
			l.raise(ctx, late, "the provider expired the order although it took the proof of payment; a late payment is waited for")
		case state.Status.Final():
			return l.ending(state)
		default:
			l.goOn(ctx, state)
		}
	}
}

func (l *lifecycle) watchOrder(ctx workflow.Context, since time.Time) (activities.OrderState, activities.End, error) {
	request := activities.WatchOrderRequest{
		OrderRequest: l.orderRequest(),
		Known:        l.order.ProviderStatus,
		Overdue:      l.overdue,
		Late:         l.late,
		Unproven:     !l.order.Accepted() && !l.paid,
	}
	var state activities.OrderState
	stopped, err := l.keepWatching(ctx, since, func(wait activities.Wait) (activities.WatchEnd, error) {
		request.Wait = wait
		result, err := activities.WatchOrder(ctx, request)
		state = result.State
		return result.WatchEnd, err
	})
	return state, stopped, err
}

func (l *lifecycle) raiseOverdue(ctx workflow.Context) {
	l.overdue = true
	l.raise(ctx, overdue, "the provider has not finished the order a day after its payment")
}

// goOn follows an order that is not over. One that had expired is paid late.
func (l *lifecycle) goOn(ctx workflow.Context, state activities.OrderState) {
	if l.late {
		l.late = false
		l.settle(ctx, late)
		l.note(ctx, "The payment came late, after the provider had expired the order; the order goes on.")
	}
	l.advance(ctx, state)
}

// show takes over what the provider says of the order.
func (l *lifecycle) show(ctx workflow.Context, state activities.OrderState) {
	l.order.ProviderStatus = state.ProviderStatus
	if state.Reason != "" {
		l.order.ProviderReason = state.Reason
	}
	if state.Settlement != nil {
		l.order.Settlement = l.settlement(*state.Settlement)
	}
	if state.Attention != "" {
		l.raise(ctx, providerSays, state.Attention)
	} else {
		l.settle(ctx, providerSays)
	}
	l.touch(ctx)
}

// settlement is what arrives. The provider's figure of a payout is before its fees and TDS (wire 3.21, 3.22), and only the
// quote tells those.
func (l *lifecycle) settlement(told ramp.Settlement) *ramp.Settlement {
	amount, err := decimal.NewFromString(told.Amount.Amount)
	if l.order.Direction == ramp.Onramp || err != nil {
		return &told
	}
	for _, fee := range l.order.Quote.Fees {
		charged, err := decimal.NewFromString(fee.Amount.Amount)
		if err == nil && fee.Currency == told.Amount.Currency {
			amount = amount.Sub(charged)
		}
	}
	told.Amount.Amount = amount.Truncate(2).StringFixed(2)
	return &told
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
		note += " Its reason: " + strings.TrimSuffix(state.Reason, ".") + "."
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
