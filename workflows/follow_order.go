package workflows

import (
	"cmp"
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
func (o *orderRun) followOrder(ctx workflow.Context) error {
	ctx, stop := workflow.WithCancel(disconnected(ctx))
	defer stop()
	since := workflow.Now(ctx)
	watch := o.startWatch(ctx, "watch", since)
	var sent *proofCall
	for {
		if err := workflow.Await(ctx, func() bool {
			return watch.done && !o.holdsEnd(watch, sent) || sent != nil && sent.done || sent == nil && o.submissions.next() != nil
		}); err != nil {
			return err
		}
		switch {
		case watch.done && !o.holdsEnd(watch, sent):
			late := o.payment.late()
			if err := o.heedWatch(ctx, watch); err != nil {
				return err
			}
			if o.payment.late() && !late {
				since = workflow.Now(ctx)
			}
			watch = o.startWatch(ctx, "watch", since)
		case sent != nil:
			if err := o.concludeReplacement(ctx, sent); err != nil {
				return err
			}
			sent = nil
		case o.replaceable() && changed(ctx, changeReplacedProofs):
			sent = o.startReplacement(ctx, o.submissions.next())
		default:
			o.submissions.dismiss(o.conflict(o.order.Status != ramp.VerifyingPayment))
			o.note(ctx, "Another "+o.flow.words().proof+" was not submitted: the accepted one stands.")
		}
	}
}

// holdsEnd reports whether the order would end by what a watch has found, while a proof is on its way to the provider. Its answer
// comes first: an order has every proof that the provider took, and nothing could add one to it later.
func (o *orderRun) holdsEnd(watch *orderWatch, sent *proofCall) bool {
	if sent == nil || watch.err != nil {
		return false
	}
	expired := watch.state.Status == ramp.Expired
	return watch.stopped == activities.TimeUp && o.payment.late() || watch.state.Status.Final() && !expired
}

// heedWatch does what the end of a watch asks for, and ends the order when the provider has.
func (o *orderRun) heedWatch(ctx workflow.Context, watch *orderWatch) error {
	state := watch.state
	switch {
	case watch.err != nil:
		return watch.err
	case watch.stopped == activities.TimeUp && o.payment.late():
		return o.end(ramp.Expired, "The provider expired the order and found no payment after it.")
	case watch.stopped == activities.TimeUp:
		o.raiseOverdue(ctx)
		return nil
	}
	o.show(ctx, state)
	switch {
	case state.Status == ramp.Expired && (o.order.Accepted() || changed(ctx, changeLateWithoutProof)):
		o.payment.expiredEarly()
		o.raiseConcern(ctx, ramp.ConcernLatePayment, o.expiredThough())
	case state.Status.Final():
		o.payment.watched(state)
		return o.ending(state)
	default:
		o.goOn(ctx, state)
	}
	return nil
}

// startWatch watches the order beside whatever else goes on.
func (o *orderRun) startWatch(ctx workflow.Context, name string, since time.Time) *orderWatch {
	w := new(orderWatch)
	workflow.GoNamed(ctx, name, func(ctx workflow.Context) {
		w.state, w.stopped, w.err = o.watchOrder(ctx, since)
		w.done = true
	})
	return w
}

func (o *orderRun) watchOrder(ctx workflow.Context, since time.Time) (activities.OrderState, activities.End, error) {
	request := activities.WatchOrderRequest{
		OrderRequest: o.orderRequest(),
		Known:        o.order.ProviderStatus,
		Overdue:      o.payment.overdue,
		Late:         o.payment.late(),
		Unproven:     o.payment.undecided() || o.order.Status == ramp.VerifyingPayment && !o.payment.awaited(),
	}
	if o.flaps >= flappings {
		request.Flapping = o.order.Status
	}
	var state activities.OrderState
	stopped, err := o.keepWatching(ctx, since, func(wait activities.Wait) (activities.WatchEnd, error) {
		request.Wait = wait
		result, err := activities.WatchOrder(ctx, request)
		state = result.State
		return result.WatchEnd, err
	})
	return state, stopped, err
}

// replaceable reports whether another proof may take the accepted one's place: as far as the provider has said, it has not
// found the payment (provider 13).
func (o *orderRun) replaceable() bool {
	return o.order.Status == ramp.VerifyingPayment && o.payment.awaited() && !o.proofsOver
}

// startReplacement submits another proof beside the watch. The provider's answer decides which one counts.
func (o *orderRun) startReplacement(ctx workflow.Context, p *proof) *proofCall {
	sent := &proofCall{proof: p}
	workflow.GoNamed(ctx, "replacement", func(ctx workflow.Context) {
		_, sent.err = answer(ctx, o, func(ctx workflow.Context) (activities.SubmitResult, error) {
			return o.flow.submit(ctx, o.order.OrderID, p.reference)
		})
		sent.done = true
	})
	return sent
}

// concludeReplacement takes over what the provider answered about another proof. Refused, the earlier one stands. What the
// provider said of the order with its refusal is left to the watch, which asks within seconds.
func (o *orderRun) concludeReplacement(ctx workflow.Context, sent *proofCall) error {
	refused, yes := activities.Refused(sent.err)
	switch {
	case yes:
		o.count(ctx, proofsRefused)
		o.answerRefused(sent.proof, refused)
		o.note(ctx, "The provider refused the "+o.flow.words().proof+" "+ramp.MaskProof(sent.proof.reference)+"; "+
			ramp.MaskProof(o.order.Proof.Reference())+" stands. Its reason: "+refused.Reason)
		o.tried(ctx)
	case sent.err != nil:
		return sent.err
	default:
		o.acceptProof(ctx, sent.proof)
	}
	return nil
}

func (o *orderRun) raiseOverdue(ctx workflow.Context) {
	o.payment.overdue = true
	o.raiseConcern(ctx, ramp.ConcernOverdue, "the provider has not finished the order a day after its payment")
}

func (o *orderRun) expiredThough() string {
	if o.order.Accepted() {
		return "the provider expired the order although it took the proof of payment; a late payment is waited for"
	}
	return "the provider expired the order although it had found the payment; it is watched for another hour"
}

// goOn follows an order that is not over. One that had expired was opened again, or is paid late.
func (o *orderRun) goOn(ctx workflow.Context, state activities.OrderState) {
	wasLate := o.payment.late()
	o.payment.watched(state)
	if wasLate {
		o.clearConcern(ctx, latePayment)
		if state.Unpaid {
			o.note(ctx, "The provider has opened the order again after it had expired; the payment is looked for.")
		} else {
			o.note(ctx, "The payment came late, after the provider had expired the order; the order goes on.")
		}
	}
	o.advance(ctx, state)
}

// show takes over what the provider says of the order.
func (o *orderRun) show(ctx workflow.Context, state activities.OrderState) {
	o.order.ProviderStatus = state.ProviderStatus
	if state.Reason != "" {
		o.order.ProviderReason = state.Reason
	}
	if state.Settlement != nil {
		o.order.Settlement = o.settlement(*state.Settlement)
	}
	if state.Attention != "" {
		o.raiseConcern(ctx, o.reported(state), state.Attention)
	} else {
		o.clearConcern(ctx, providerReport)
	}
	o.touch(ctx)
}

// reported is the type of what the provider's state asks attention for. Calls and watches of earlier versions do not tell it.
func (o *orderRun) reported(state activities.OrderState) ramp.ConcernType {
	fallback := ramp.ConcernUnclearDelivery
	if o.order.Direction == ramp.Offramp {
		fallback = ramp.ConcernPayoutFailed
	}
	return cmp.Or(state.Concern, fallback)
}

// settlement is what arrives. The provider's figure of a payout is before its fees and TDS (provider 3.21, 3.22), and only the
// quote tells those.
func (o *orderRun) settlement(told ramp.Settlement) *ramp.Settlement {
	if own := o.order.Quote.Receive.Currency; !strings.EqualFold(told.Amount.Currency, own) {
		told.Amount = ramp.Amount{} // of an activity of an earlier version, which took the provider's word for it
	}
	amount, err := told.Amount.Decimal()
	if o.order.Direction == ramp.Onramp || err != nil {
		return &told
	}
	for _, fee := range o.order.Quote.Fees {
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
func (o *orderRun) advance(ctx workflow.Context, state activities.OrderState) {
	note := "The provider says " + state.ProviderStatus + "."
	if rank(state.Status) > rank(o.order.Status) {
		o.enter(ctx, state.Status, note)
		return
	}
	o.flaps++
	o.note(ctx, note)
}

// ending ends the order as the provider has.
func (o *orderRun) ending(state activities.OrderState) error {
	note := "The provider says " + state.ProviderStatus + "."
	if state.Reason != "" {
		note += " Its reason: " + strings.TrimSuffix(state.Reason, ".") + "."
	}
	if state.Status == ramp.Cancelled {
		o.order.CancelledBy = ramp.CancelledByProvider
	}
	return o.end(state.Status, note)
}

// end ends the order in a status, with what helps a user who has paid all the same.
func (o *orderRun) end(status ramp.Status, note string) error {
	ended := o.order
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
