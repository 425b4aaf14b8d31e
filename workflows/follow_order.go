package workflows

import (
	"cmp"
	"strings"

	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/ramp"
)

// unmovedLimit is how many changes of the provider's status that do not move an order on are shown one by one. After them only a
// status that does is shown, so that statuses that change back and forth do not grow it without end.
const unmovedLimit = 20

// orderWatch is a running watch of the order.
type orderWatch struct {
	*watchRun
	state activities.OrderState
}

// replacement is a proof that is submitted in place of the accepted one while the order is watched.
type replacement struct {
	proof  *proof
	done   bool
	result activities.SubmitResult
	err    error
}

// followOrder watches the order until the provider ends it. A cancellation does not interrupt it. Until the provider has found the payment,
// the user may replace the proof, and the watch continues meanwhile.
func (o *orderRun) followOrder(ctx workflow.Context, created createdOrder) error {
	ctx, stop := workflow.WithCancel(disconnected(ctx))
	defer stop()
	waitingSince := workflow.Now(ctx)
	watch := o.startWatch(ctx, "watch", created, activities.Wait{WaitingSince: waitingSince})
	var sent *replacement
	for {
		if err := workflow.Await(ctx, func() bool {
			return watch.done && !o.mustWait(watch, sent) || o.hints.due && !watch.done ||
				sent != nil && sent.done || sent == nil && o.submissions.next() != nil
		}); err != nil {
			return err
		}
		switch {
		case watch.done && !o.mustWait(watch, sent):
			wasLate := o.payment.late()
			if err := o.applyWatch(ctx, watch); err != nil {
				return err
			}
			if o.payment.late() && !wasLate {
				waitingSince = workflow.Now(ctx)
			}
			watch = o.startWatch(ctx, "watch", created, activities.Wait{WaitingSince: waitingSince})
		case o.hints.due && !watch.done:
			watch = o.startWatch(ctx, "watch", created, watch.replace(ctx))
		case sent != nil && sent.done:
			if err := o.applyReplacement(ctx, sent); err != nil {
				return err
			}
			sent = nil
		case o.replaceable() && changed(ctx, changeReplacedProofs):
			sent = o.startReplacement(ctx, created, o.submissions.next())
		default:
			o.submissions.dismiss(o.conflict(o.order.Status != ramp.VerifyingPayment))
			o.note(ctx, "Another "+o.request.proofName+" was not submitted: the accepted one stands.")
		}
	}
}

// mustWait reports whether a watch would end the order while a replacement has no answer. The answer comes first, because an accepted
// proof cannot be recorded after the end.
func (o *orderRun) mustWait(watch *orderWatch, sent *replacement) bool {
	if sent == nil || watch.err != nil {
		return false
	}
	expired := watch.state.Status == ramp.Expired
	return watch.stopped == activities.TimeUp && o.payment.late() || watch.state.Status.Final() && !expired
}

// applyWatch applies what a watch returned, and ends the order if the provider has.
func (o *orderRun) applyWatch(ctx workflow.Context, watch *orderWatch) error {
	state := watch.state
	switch {
	case watch.err != nil:
		return watch.err
	case watch.stopped == activities.TimeUp && o.payment.late():
		return o.endWithAdvice(ramp.Expired, "The provider expired the order and found no payment after it.")
	case watch.stopped == activities.TimeUp:
		o.raiseOverdue(ctx)
		return nil
	}
	o.show(ctx, state)
	switch {
	case state.Status == ramp.Expired && (o.order.Accepted() || changed(ctx, changeLateWithoutProof)):
		o.payment.expiredEarly()
		o.raiseConcern(ctx, ramp.ConcernLatePayment, o.expiredAlthough())
	case state.Status.Final():
		o.payment.watched(state)
		return o.ending(state)
	default:
		o.advanceWatched(ctx, state)
	}
	return nil
}

// startWatch watches the order in a coroutine of its own.
func (o *orderRun) startWatch(ctx workflow.Context, name string, created createdOrder, wait activities.Wait) *orderWatch {
	request := activities.WatchOrderRequest{
		OrderRequest: created.OrderRequest,
		Known:        o.order.ProviderStatus,
		Overdue:      o.payment.overdue,
		Late:         o.payment.late(),
		Unproven:     o.payment.undecided() || o.order.Status == ramp.VerifyingPayment && !o.payment.awaited(),
	}
	if o.unmoved >= unmovedLimit {
		request.Flapping = o.order.Status
	}
	w := new(orderWatch)
	w.watchRun = o.startRun(ctx, name, wait, func(ctx workflow.Context, wait activities.Wait) (activities.WatchEnd, error) {
		request.Wait = wait
		result, err := activities.WatchOrder(ctx, request)
		w.state = result.State
		return result.WatchEnd, err
	})
	return w
}

// replaceable reports whether another proof may replace the accepted one: by its last status the provider has not found the payment
// (provider 13).
func (o *orderRun) replaceable() bool {
	return o.order.Status == ramp.VerifyingPayment && o.payment.awaited() && !o.proofs.exhausted
}

// startReplacement submits another proof beside the watch. The provider's answer decides which proof counts.
func (o *orderRun) startReplacement(ctx workflow.Context, created createdOrder, p *proof) *replacement {
	sent := &replacement{proof: p}
	o.keepProof(ctx, o.request.newProof(p.reference, p.submittedAt))
	workflow.GoNamed(ctx, "replacement", func(ctx workflow.Context) {
		sent.result, sent.err = untilAnswered(ctx, o, func(ctx workflow.Context) (activities.SubmitResult, error) {
			return o.flow.submitProof(ctx, created, p.reference)
		})
		sent.done = true
	})
	return sent
}

// applyReplacement applies the provider's answer about a replacement. If it is refused, the accepted proof stands. The state that came
// with a refusal is left to the watch, which polls within seconds.
func (o *orderRun) applyReplacement(ctx workflow.Context, sent *replacement) error {
	refused, yes := activities.Refused(sent.err)
	switch {
	case yes:
		o.count(ctx, proofsRefused)
		o.answerRefused(sent.proof, refused)
		o.keepProof(ctx, o.order.Proof)
		o.note(ctx, "The provider refused the "+o.request.proofName+" "+ramp.MaskProof(sent.proof.reference)+"; "+
			ramp.MaskProof(o.order.Proof.Reference())+" stands. Its reason: "+refused.Reason)
		o.spendProof(ctx)
	case sent.err != nil:
		return sent.err
	default:
		o.acceptProof(ctx, sent.proof, sent.result)
	}
	return nil
}

func (o *orderRun) raiseOverdue(ctx workflow.Context) {
	o.payment.overdue = true
	o.raiseConcern(ctx, ramp.ConcernOverdue, "the provider has not finished the order a day after its payment")
}

func (o *orderRun) expiredAlthough() string {
	if o.order.Accepted() {
		return "the provider expired the order although it took the proof of payment; a late payment is waited for"
	}
	return "the provider expired the order although it had found the payment; it is watched for another hour"
}

// advanceWatched moves on a watched order that is not over. The provider has opened an expired one again, or found its payment late.
func (o *orderRun) advanceWatched(ctx workflow.Context, state activities.OrderState) {
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

// show puts the provider's state into the order. What it means for the payment is up to the caller.
func (o *orderRun) show(ctx workflow.Context, state activities.OrderState) {
	if state.ProviderStatus != o.order.ProviderStatus {
		o.hints.found()
	}
	o.order.ProviderStatus = state.ProviderStatus
	if state.Reason != "" {
		o.order.ProviderReason = state.Reason
	}
	if state.Settlement != nil {
		o.order.Settlement = o.detailed(*o.settlement(*state.Settlement))
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

// settlement returns what the user receives. The provider reports a payout before its fees and TDS (provider 3.21, 3.22), which only the
// quote has.
func (o *orderRun) settlement(reported ramp.Settlement) *ramp.Settlement {
	if own := o.order.Quote.Receive.Currency; !strings.EqualFold(reported.Amount.Currency, own) {
		reported.Amount = ramp.Amount{} // an activity of an earlier version did not compare the currency
	}
	amount, err := reported.Amount.Decimal()
	if o.order.Direction == ramp.Onramp || err != nil {
		return &reported
	}
	for _, fee := range o.order.Quote.Fees {
		charged, err := fee.Decimal()
		if err == nil && fee.Currency == reported.Amount.Currency {
			amount = amount.Sub(charged)
			reported.Estimated = reported.Estimated || fee.Estimated
		}
	}
	reported.Amount.Amount = amount.Truncate(2).StringFixed(2)
	return &reported
}

// advance moves the order on to the status that the provider's state means, and never back: statuses may come late, twice or out of
// order.
func (o *orderRun) advance(ctx workflow.Context, state activities.OrderState) {
	note := "The provider says " + state.ProviderStatus + "."
	if activities.Progress(state.Status) > activities.Progress(o.order.Status) {
		o.enter(ctx, state.Status, note)
		return
	}
	o.unmoved++
	o.note(ctx, note)
}

// ending returns the error that ends the order as the provider has ended it.
func (o *orderRun) ending(state activities.OrderState) error {
	note := "The provider says " + state.ProviderStatus + "."
	if state.Reason != "" {
		note += " Its reason: " + strings.TrimSuffix(state.Reason, ".") + "."
	}
	if state.Status == ramp.Cancelled {
		o.order.CancelledBy = ramp.CancelledByProvider
	}
	if state.Status == ramp.Completed && o.order.Settlement == nil && o.hints.told != (settlementDetails{}) {
		o.order.Settlement = o.detailed(ramp.Settlement{})
	}
	return o.endWithAdvice(state.Status, note)
}

// endWithAdvice returns the error that ends the order in a status, with advice for a user who has paid all the same.
func (o *orderRun) endWithAdvice(status ramp.Status, note string) error {
	order := o.order
	order.Status = status
	if advice := ramp.PaidAdvice(&order); advice != "" {
		note += " " + advice
	}
	return end(status, "%s", note)
}
