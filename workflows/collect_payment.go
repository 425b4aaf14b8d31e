package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/ramp"
)

// collectPayment waits for a proof of payment that the provider accepts, until the order's deadline. A refused proof
// leaves the deadline where it is. Waiting costs nothing: no poll and no event, but one timer.
func (o *orderRun) collectPayment(ctx workflow.Context) error {
	timed, stop := workflow.WithCancel(disconnected(ctx))
	defer stop()
	deadline := workflow.NewTimerWithOptions(timed, o.order.ExpiresAt.Sub(workflow.Now(ctx)), workflow.TimerOptions{
		Summary: "Deadline for payment and " + o.flow.words().proof,
	})
	for !o.order.Accepted() && !o.payment.found() {
		err := o.seekPayment(ctx, deadline)
		if temporal.IsCanceledError(err) {
			err = o.tryCancelling(ctx, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// seekPayment does the next thing that may tell whether the order is paid.
func (o *orderRun) seekPayment(ctx workflow.Context, deadline workflow.Future) error {
	p, err := o.nextProof(ctx, deadline)
	switch {
	case err != nil:
		return err
	case p != nil:
		return o.submitProof(disconnected(ctx), p)
	case o.payment.undecided():
		return o.awaitClarity(ctx, o.judge)
	default:
		return o.lookAndDecide(ctx, o.judge)
	}
}

// proofWaits reads what has arrived before it says whether there is a proof.
func (o *orderRun) proofWaits(ctx workflow.Context) bool {
	o.readMessages(ctx)
	return o.submissions.next() != nil
}

// nextProof waits for a proof, and returns none once the time is over.
func (o *orderRun) nextProof(ctx workflow.Context, deadline workflow.Future) (*proof, error) {
	err := workflow.Await(ctx, func() bool { return o.submissions.next() != nil || deadline.IsReady() })
	if p := o.submissions.next(); p != nil {
		return p, nil
	}
	if err == nil {
		err = ctx.Err()
	}
	return nil, err
}

// tryCancelling decides on a cancellation of an order that exists at the provider. The provider is asked first, for the user may
// have paid without a word to us: only an order that it says is unpaid is cancelled. Nothing interrupts that but a proof,
// which goes before.
func (o *orderRun) tryCancelling(ctx workflow.Context, cancelled error) error {
	if o.proofWaits(ctx) {
		return nil
	}
	if !changed(ctx, changeCancellationAsks) {
		return cancelled
	}
	ctx = disconnected(ctx)
	decide := func(ctx workflow.Context, state activities.OrderState) error {
		return o.judgeCancellation(ctx, state, cancelled)
	}
	if o.payment.undecided() {
		return o.awaitClarity(ctx, decide)
	}
	return o.lookAndDecide(ctx, decide)
}

// judgeCancellation decides on a cancelled order by what the provider says of it.
func (o *orderRun) judgeCancellation(ctx workflow.Context, state activities.OrderState, cancelled error) error {
	o.show(ctx, state)
	o.payment.decide(state)
	switch {
	case state.Unpaid:
		return cancelled
	case state.Status.Final():
		return o.ending(state)
	}
	o.takeDecision(ctx, state)
	if o.payment.found() {
		o.note(ctx, ramp.CancellationRefused+": the provider has the payment, and only it can end the order now.")
	} else {
		o.note(ctx, "The cancellation waits: the provider's status does not say whether the order is paid.")
	}
	return nil
}

// submitProof submits a proof. Nothing interrupts it: once it may have reached the provider, only the provider's
// answer tells whether the order is paid.
func (o *orderRun) submitProof(ctx workflow.Context, p *proof) error {
	o.order.Proof = o.flow.newProof(p.reference, p.at)
	o.touch(ctx)
	_, err := answer(ctx, o, func(ctx workflow.Context) (activities.SubmitResult, error) {
		return o.flow.submit(ctx, o.order.OrderID, p.reference)
	})
	if refused, yes := activities.Refused(err); yes {
		o.order.Proof = nil
		return o.refuseProof(ctx, p, refused)
	}
	if err != nil {
		return err
	}
	o.acceptProof(ctx, p)
	return nil
}

// refuseProof answers the sender of a proof that the provider refused, and takes over the state that came with the refusal: the
// provider may have found the payment by itself, or have ended the order, and nobody may be asked to pay it then.
func (o *orderRun) refuseProof(ctx workflow.Context, p *proof, refused activities.Refusal) error {
	o.count(ctx, proofsRefused)
	o.order.ProviderReason = refused.Reason
	o.answerRefused(p, refused)
	note := "The provider refused the " + o.flow.words().proof + ": " + refused.Reason
	state := refused.State
	switch {
	case state == nil, (state.Status != "" || o.payment.undecided()) && !changed(ctx, changeRefusalTells):
		state = &activities.OrderState{ProviderStatus: o.order.ProviderStatus}
	default:
		o.show(ctx, *state)
		o.payment.proofRefused(*state)
	}
	switch {
	case state.Status.Final():
		o.note(ctx, note)
		return o.ending(*state)
	case state.Status != "":
		o.note(ctx, note)
		o.takeDecision(ctx, *state)
	default:
		o.enter(ctx, ramp.AwaitingPayment, note)
		o.raiseRefusedReuse(ctx, p)
	}
	o.tried(ctx)
	return nil
}

// answerRefused tells the sender of a proof why the provider did not take it.
func (o *orderRun) answerRefused(p *proof, refused activities.Refusal) {
	name := o.flow.words().proof
	switch state := refused.State; {
	case state == nil || state.Status == "" || state.Status.Final():
		o.submissions.resolve(p, o.refuse(ramp.ProofRefused, "the provider refused the "+name+": "+refused.Reason))
	case o.order.Accepted():
		o.submissions.resolve(p, o.conflict(true))
	default:
		o.submissions.resolve(p, o.refuse(ramp.NotAwaited, "not awaited: the provider has the payment already"))
	}
}

// conflict answers a proof that comes once the provider has the payment, or while its status does not say whether it looks for
// one.
func (o *orderRun) conflict(paid bool) *ramp.Error {
	why := "the provider has the payment"
	if !paid {
		why = "the provider, which says " + o.order.ProviderStatus + ", may not be looking for the payment now"
	}
	return o.refuse(ramp.ProofConflict, "another "+o.flow.words().proof+" was accepted for this order, and "+why+"; the accepted one stands")
}

// raiseRefusedReuse asks for attention where the provider does not take the payment of an earlier order: another order would be
// refused too.
func (o *orderRun) raiseRefusedReuse(ctx workflow.Context, p *proof) {
	if o.order.Previous == nil || p.reference != o.terms.proof {
		return
	}
	o.raiseConcern(ctx, ramp.ConcernRefusedReuse, "the provider does not take the payment that was made for order "+o.order.Previous.Reference+
		"; ask its support about both of its orders, "+o.order.Previous.OrderID+" and "+o.order.OrderID)
}

// acceptProof makes a proof the order's, in place of the one before it, if there is one.
func (o *orderRun) acceptProof(ctx workflow.Context, p *proof) {
	o.count(ctx, proofsAccepted)
	proof := o.flow.newProof(p.reference, p.at)
	proof.AcceptedAt = now(ctx)
	note := "The provider took the " + o.flow.words().proof + " and looks for the payment."
	replaces := o.order.Accepted()
	if replaces {
		proof.Replaced = append(o.order.Proof.Replaced, replaced(o.order.Proof, proof.AcceptedAt))
		note = "The provider took the " + o.flow.words().proof + " " + ramp.MaskProof(p.reference) + " in place of " +
			ramp.MaskProof(o.order.Proof.Reference()) + " and looks for the payment."
	}
	o.order.Proof = proof
	o.order.ProviderReason = ""
	o.payment.proofAccepted()
	o.clearConcern(ctx, lostInstructions)
	o.clearConcern(ctx, refusedReuse)
	o.submissions.resolve(p, nil)
	if o.submissions.next() != nil && !changed(ctx, changeReplacedProofs) {
		o.submissions.dismiss(o.refuse(ramp.ProofConflict, "another "+o.flow.words().proof+" was accepted for this order; the first one stands"))
	}
	if rank(o.order.Status) > rank(ramp.VerifyingPayment) {
		o.note(ctx, note) // the watch was faster than the answer
	} else {
		o.enter(ctx, ramp.VerifyingPayment, note)
	}
	if replaces {
		o.tried(ctx)
	}
}

// replaced is what an order keeps of a proof that another one replaced.
func replaced(p *ramp.Proof, at time.Time) ramp.ReplacedProof {
	return ramp.ReplacedProof{
		UTR: p.UTR, TransactionHash: p.TransactionHash, SubmittedAt: p.SubmittedAt, AcceptedAt: p.AcceptedAt, ReplacedAt: at,
	}
}

// tried counts a proof that the provider refused or another one replaced. An order takes so many of them and no more, so that
// nobody's script can make it grow without end.
func (o *orderRun) tried(ctx workflow.Context) {
	o.tries++
	if o.tries != proofLimit || !changed(ctx, changeProofLimit) {
		return
	}
	o.proofsOver = true
	o.note(ctx, "The order takes no more "+o.flow.words().proof+"s: the provider refused, or users replaced, as many as it takes.")
	o.submissions.dismiss(o.tooManyProofs())
}

// lookAndDecide asks the provider where the order stands, and lets its answer decide. A proof that comes meanwhile goes first:
// the look is given up for it, so that no outage of the look keeps it from the provider.
func (o *orderRun) lookAndDecide(
	ctx workflow.Context, decide func(workflow.Context, activities.OrderState) error,
) error {
	looking, stop := workflow.WithCancel(ctx)
	defer stop()
	o.looking = true
	defer func() { o.looking = false }()
	o.showDetails(ctx)
	look, resolve := workflow.NewFuture(ctx)
	workflow.GoNamed(looking, "look", func(ctx workflow.Context) {
		resolve.Set(ask(ctx, o, activities.OrderStatus, o.orderRequest()))
	})
	if err := workflow.Await(ctx, func() bool { return look.IsReady() || o.submissions.next() != nil }); err != nil {
		stop()
		_ = look.Get(ctx, nil) // what the look does as it ends comes before the order's end
		return err
	}
	if !look.IsReady() && changed(ctx, changeLookGivesWay) {
		return nil
	}
	var state activities.OrderState
	if err := look.Get(ctx, &state); err != nil {
		return err
	}
	if o.proofWaits(ctx) {
		return nil
	}
	return decide(ctx, state)
}

// judge decides on an order whose time is over without an accepted proof, by what the provider says of it.
func (o *orderRun) judge(ctx workflow.Context, state activities.OrderState) error {
	o.show(ctx, state)
	o.payment.decide(state)
	switch {
	case state.Unpaid, state.Status == ramp.Expired:
		return o.end(ramp.Expired, "No accepted "+o.flow.words().proof+" in time.")
	case state.Status.Final():
		return o.ending(state)
	}
	o.takeDecision(ctx, state)
	return nil
}

// takeDecision shows what the provider's answer decided about the payment: it has it, or its status does not say.
func (o *orderRun) takeDecision(ctx workflow.Context, state activities.OrderState) {
	if o.payment.found() {
		o.clearConcern(ctx, lostInstructions)
	}
	o.advance(ctx, state)
}

// awaitClarity watches an order that must be decided on and whose provider's status nobody knows: it may be paid, so that it
// neither ends nor stops taking proofs until the status says which.
func (o *orderRun) awaitClarity(ctx workflow.Context, decide func(workflow.Context, activities.OrderState) error) error {
	watching, stop := workflow.WithCancel(ctx)
	defer stop()
	w := o.startWatch(watching, "clarity", o.order.ExpiresAt)
	if err := workflow.Await(ctx, func() bool { return w.done || o.submissions.next() != nil }); err != nil {
		return err
	}
	switch {
	case o.submissions.next() != nil:
		return nil
	case w.err != nil:
		return w.err
	case w.stopped == activities.TimeUp:
		o.raiseOverdue(ctx)
		return nil
	}
	return decide(ctx, w.state)
}

func (o *orderRun) orderRequest() activities.OrderRequest {
	return activities.OrderRequest{
		Email:     o.terms.email,
		Direction: o.order.Direction,
		OrderID:   o.order.OrderID,
		Holder:    o.flow.account().Holder(),
		Currency:  o.order.Quote.Receive.Currency,
	}
}

func now(ctx workflow.Context) time.Time { return workflow.Now(ctx).UTC() }
