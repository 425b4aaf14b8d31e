package workflows

import (
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/ramp"
)

// flappings is how many changes of the provider's status that do not move an order on are shown one by one. After them, only a
// status that does is: an order whose statuses change back and forth must not grow without end.
const flappings = 20

// orderWatch is a watch of the order under way.
type orderWatch struct {
	done    bool
	state   activities.OrderState
	stopped activities.End
	err     error
}

// proofCall is a proof on its way to the provider while the order is watched.
type proofCall struct {
	proof *proof
	done  bool
	err   error
}

// followOrder watches a paid order to its end, which only the provider decides. No cancellation reaches it. Until the provider
// has the payment, its user may correct the proof: the watch goes on meanwhile.
func (l *lifecycle) followOrder(ctx workflow.Context) error {
	ctx, stop := workflow.WithCancel(disconnected(ctx))
	defer stop()
	since := workflow.Now(ctx)
	watch := l.startWatch(ctx, "watch", since)
	var sent *proofCall
	for {
		if err := workflow.Await(ctx, func() bool {
			return watch.done && !l.holdsEnd(watch, sent) || sent != nil && sent.done || sent == nil && l.inbox.next() != nil
		}); err != nil {
			return err
		}
		switch {
		case watch.done && !l.holdsEnd(watch, sent):
			late := l.late
			if err := l.heedWatch(ctx, watch); err != nil {
				return err
			}
			if l.late && !late {
				since = workflow.Now(ctx)
			}
			watch = l.startWatch(ctx, "watch", since)
		case sent != nil:
			if err := l.concludeReplacement(ctx, sent); err != nil {
				return err
			}
			sent = nil
		case l.replaceable() && changed(ctx, changeReplacedProofs):
			sent = l.startReplacement(ctx, l.inbox.next())
		default:
			l.inbox.dismiss(l.conflict(l.order.Status != ramp.VerifyingPayment))
			l.note(ctx, "Another "+l.route.words().proof+" was not submitted: the accepted one stands.")
		}
	}
}

// holdsEnd reports whether the order would end by what a watch has found, while a proof is on its way to the provider. Its answer
// comes first: an order has every proof that the provider took, and nothing could add one to it later.
func (l *lifecycle) holdsEnd(watch *orderWatch, sent *proofCall) bool {
	if sent == nil || watch.err != nil {
		return false
	}
	expired := watch.state.Status == ramp.Expired
	return watch.stopped == activities.TimeUp && l.late || watch.state.Status.Final() && !expired
}

// heedWatch does what the end of a watch asks for, and ends the order when the provider has.
func (l *lifecycle) heedWatch(ctx workflow.Context, watch *orderWatch) error {
	state := watch.state
	switch {
	case watch.err != nil:
		return watch.err
	case watch.stopped == activities.TimeUp && l.late:
		return l.end(ramp.Expired, "The provider expired the order and found no payment after it.")
	case watch.stopped == activities.TimeUp:
		l.raiseOverdue(ctx)
		return nil
	}
	l.show(ctx, state)
	switch {
	case state.Status == ramp.Expired && (l.order.Accepted() || changed(ctx, changeLateWithoutProof)):
		l.late = true
		l.raise(ctx, late, l.expiredThough())
	case state.Status.Final():
		return l.ending(state)
	default:
		l.goOn(ctx, state)
	}
	return nil
}

// startWatch watches the order beside whatever else goes on.
func (l *lifecycle) startWatch(ctx workflow.Context, name string, since time.Time) *orderWatch {
	w := new(orderWatch)
	workflow.GoNamed(ctx, name, func(ctx workflow.Context) {
		w.state, w.stopped, w.err = l.watchOrder(ctx, since)
		w.done = true
	})
	return w
}

func (l *lifecycle) watchOrder(ctx workflow.Context, since time.Time) (activities.OrderState, activities.End, error) {
	request := activities.WatchOrderRequest{
		OrderRequest: l.orderRequest(),
		Known:        l.order.ProviderStatus,
		Overdue:      l.overdue,
		Late:         l.late,
		Unproven:     !l.order.Accepted() && !l.paid || l.order.Status == ramp.VerifyingPayment && !l.unpaid,
	}
	if l.flaps >= flappings {
		request.Flapping = l.order.Status
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

// replaceable reports whether another proof may take the accepted one's place: as far as the provider has said, it has not
// found the payment (provider 13).
func (l *lifecycle) replaceable() bool {
	return l.order.Status == ramp.VerifyingPayment && l.unpaid && !l.proofsOver
}

// startReplacement submits another proof beside the watch. The provider's answer decides which one counts.
func (l *lifecycle) startReplacement(ctx workflow.Context, p *proof) *proofCall {
	sent := &proofCall{proof: p}
	workflow.GoNamed(ctx, "replacement", func(ctx workflow.Context) {
		_, sent.err = answer(ctx, l, func(ctx workflow.Context) (activities.SubmitResult, error) {
			return l.route.submit(ctx, l.order.OrderID, p.reference)
		})
		sent.done = true
	})
	return sent
}

// concludeReplacement takes over what the provider answered about another proof. Refused, the earlier one stands. What the
// provider said of the order with its refusal is left to the watch, which asks within seconds.
func (l *lifecycle) concludeReplacement(ctx workflow.Context, sent *proofCall) error {
	refused, yes := activities.Refused(sent.err)
	switch {
	case yes:
		l.count(ctx, proofsRefused)
		l.answerRefused(sent.proof, refused)
		l.note(ctx, "The provider refused the "+l.route.words().proof+" "+ramp.MaskProof(sent.proof.reference)+"; "+
			ramp.MaskProof(l.order.Proof.Reference())+" stands. Its reason: "+refused.Reason)
		l.tried(ctx)
	case sent.err != nil:
		return sent.err
	default:
		l.acceptProof(ctx, sent.proof)
	}
	return nil
}

func (l *lifecycle) raiseOverdue(ctx workflow.Context) {
	l.overdue = true
	l.raise(ctx, overdue, "the provider has not finished the order a day after its payment")
}

func (l *lifecycle) expiredThough() string {
	if l.order.Accepted() {
		return "the provider expired the order although it took the proof of payment; a late payment is waited for"
	}
	return "the provider expired the order although it had found the payment; it is watched for another hour"
}

// goOn follows an order that is not over. One that had expired was opened again, or is paid late.
func (l *lifecycle) goOn(ctx workflow.Context, state activities.OrderState) {
	if l.late {
		l.late = false
		l.settle(ctx, late)
		if state.Unpaid {
			l.note(ctx, "The provider has opened the order again after it had expired; the payment is looked for.")
		} else {
			l.note(ctx, "The payment came late, after the provider had expired the order; the order goes on.")
		}
	}
	l.advance(ctx, state)
}

// show takes over what the provider says of the order.
func (l *lifecycle) show(ctx workflow.Context, state activities.OrderState) {
	l.order.ProviderStatus = state.ProviderStatus
	l.unpaid = state.Unpaid
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

// settlement is what arrives. The provider's figure of a payout is before its fees and TDS (provider 3.21, 3.22), and only the
// quote tells those.
func (l *lifecycle) settlement(told ramp.Settlement) *ramp.Settlement {
	if own := l.order.Quote.Receive.Currency; !strings.EqualFold(told.Amount.Currency, own) {
		told.Amount = ramp.Amount{} // of an activity of an earlier version, which took the provider's word for it
	}
	amount, err := told.Amount.Decimal()
	if l.order.Direction == ramp.Onramp || err != nil {
		return &told
	}
	for _, fee := range l.order.Quote.Fees {
		charged, err := fee.Decimal()
		if err == nil && fee.Currency == told.Amount.Currency {
			amount = amount.Sub(charged)
			told.Estimated = told.Estimated || fee.Estimated
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
	l.flaps++
	l.note(ctx, note)
}

// ending ends the order as the provider has.
func (l *lifecycle) ending(state activities.OrderState) error {
	note := "The provider says " + state.ProviderStatus + "."
	if state.Reason != "" {
		note += " Its reason: " + strings.TrimSuffix(state.Reason, ".") + "."
	}
	if state.Status == ramp.Cancelled {
		l.order.CancelledBy = ramp.CancelledByProvider
	}
	return l.end(state.Status, note)
}

// end ends the order in a status, with what helps a user who has paid all the same.
func (l *lifecycle) end(status ramp.Status, note string) error {
	ended := l.order
	ended.Status = status
	if advice := ramp.PaidAdvice(&ended); advice != "" {
		note += " " + advice
	}
	return end(status, "%s", note)
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
