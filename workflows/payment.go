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
func (l *lifecycle) collectPayment(ctx workflow.Context) error {
	timed, stop := workflow.WithCancel(disconnected(ctx))
	defer stop()
	deadline := workflow.NewTimerWithOptions(timed, l.order.ExpiresAt.Sub(workflow.Now(ctx)), workflow.TimerOptions{
		Summary: "Deadline for payment and " + l.route.words().proof,
	})
	for !l.order.Accepted() && !l.paid {
		err := l.seekPayment(ctx, deadline)
		if temporal.IsCanceledError(err) {
			err = l.tryCancelling(ctx, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// seekPayment does the next thing that may tell whether the order is paid.
func (l *lifecycle) seekPayment(ctx workflow.Context, deadline workflow.Future) error {
	p, err := l.nextProof(ctx, deadline)
	switch {
	case err != nil:
		return err
	case p != nil:
		return l.submitProof(disconnected(ctx), p)
	case l.unclear:
		return l.awaitClarity(ctx, l.judge)
	default:
		return l.lookAndDecide(ctx, l.judge)
	}
}

// proofWaits reads what has arrived before it says whether there is a proof.
func (l *lifecycle) proofWaits(ctx workflow.Context) bool {
	l.readMessages(ctx)
	return l.inbox.next() != nil
}

// nextProof waits for a proof, and returns none once the time is over.
func (l *lifecycle) nextProof(ctx workflow.Context, deadline workflow.Future) (*proof, error) {
	err := workflow.Await(ctx, func() bool { return l.inbox.next() != nil || deadline.IsReady() })
	if p := l.inbox.next(); p != nil {
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
func (l *lifecycle) tryCancelling(ctx workflow.Context, cancelled error) error {
	if l.proofWaits(ctx) {
		return nil
	}
	if !changed(ctx, changeCancellationAsks) {
		return cancelled
	}
	ctx = disconnected(ctx)
	decide := func(ctx workflow.Context, state activities.OrderState) error {
		return l.judgeCancellation(ctx, state, cancelled)
	}
	if l.unclear {
		return l.awaitClarity(ctx, decide)
	}
	return l.lookAndDecide(ctx, decide)
}

// judgeCancellation decides on a cancelled order by what the provider says of it.
func (l *lifecycle) judgeCancellation(ctx workflow.Context, state activities.OrderState, cancelled error) error {
	l.show(ctx, state)
	switch {
	case state.Unpaid:
		l.unclear = false
		return cancelled
	case state.Status.Final():
		return l.ending(state)
	}
	l.learn(ctx, state)
	if l.paid {
		l.note(ctx, ramp.CancellationRefused+": the provider has the payment, and only it can end the order now.")
	} else {
		l.note(ctx, "The cancellation waits: the provider's status does not say whether the order is paid.")
	}
	return nil
}

// submitProof submits a proof. Nothing interrupts it: once it may have reached the provider, only the provider's
// answer tells whether the order is paid.
func (l *lifecycle) submitProof(ctx workflow.Context, p *proof) error {
	l.order.Proof = l.route.newProof(p.reference, p.at)
	l.touch(ctx)
	_, err := answer(ctx, l, func(ctx workflow.Context) (activities.SubmitResult, error) {
		return l.route.submit(ctx, l.order.OrderID, p.reference)
	})
	if refused, yes := activities.Refused(err); yes {
		l.order.Proof = nil
		return l.refuseProof(ctx, p, refused)
	}
	if err != nil {
		return err
	}
	l.acceptProof(ctx, p)
	return nil
}

// refuseProof answers the sender of a proof that the provider refused, and takes over the state that came with the refusal: the
// provider may have found the payment by itself, or have ended the order, and nobody may be asked to pay it then.
func (l *lifecycle) refuseProof(ctx workflow.Context, p *proof, refused activities.Refusal) error {
	l.count(ctx, proofsRefused)
	l.order.ProviderReason = refused.Reason
	l.answerRefused(p, refused)
	note := "The provider refused the " + l.route.words().proof + ": " + refused.Reason
	state := refused.State
	switch {
	case state == nil, (state.Status != "" || l.unclear) && !changed(ctx, changeRefusalTells):
		state = &activities.OrderState{ProviderStatus: l.order.ProviderStatus}
	default:
		l.show(ctx, *state)
	}
	switch {
	case state.Status.Final():
		l.note(ctx, note)
		return l.ending(*state)
	case state.Status != "":
		l.note(ctx, note)
		l.learn(ctx, *state)
	default:
		l.unclear = l.unclear && !state.Unpaid
		l.enter(ctx, ramp.AwaitingPayment, note)
		l.raiseRefusedReuse(ctx, p)
	}
	l.tried(ctx)
	return nil
}

// answerRefused tells the sender of a proof why the provider did not take it.
func (l *lifecycle) answerRefused(p *proof, refused activities.Refusal) {
	name := l.route.words().proof
	switch state := refused.State; {
	case state == nil || state.Status == "" || state.Status.Final():
		l.inbox.settle(p, l.refuse(ramp.ProofRefused, "the provider refused the "+name+": "+refused.Reason))
	case l.order.Accepted():
		l.inbox.settle(p, l.conflict(true))
	default:
		l.inbox.settle(p, l.refuse(ramp.NotAwaited, "not awaited: the provider has the payment already"))
	}
}

// conflict answers a proof that comes once the provider has the payment, or while its status does not say whether it looks for
// one.
func (l *lifecycle) conflict(paid bool) *ramp.Error {
	why := "the provider has the payment"
	if !paid {
		why = "the provider, which says " + l.order.ProviderStatus + ", may not be looking for the payment now"
	}
	return l.refuse(ramp.ProofConflict, "another "+l.route.words().proof+" was accepted for this order, and "+why+"; the accepted one stands")
}

// raiseRefusedReuse asks for attention where the provider does not take the payment of an earlier order: another order would be
// refused too.
func (l *lifecycle) raiseRefusedReuse(ctx workflow.Context, p *proof) {
	if l.order.Previous == nil || p.reference != l.terms.proof {
		return
	}
	l.raise(ctx, refusedReuse, "the provider does not take the payment that was made for order "+l.order.Previous.Reference+
		"; ask its support about both of its orders, "+l.order.Previous.OrderID+" and "+l.order.OrderID)
}

// acceptProof makes a proof the order's, in place of the one before it, if there is one.
func (l *lifecycle) acceptProof(ctx workflow.Context, p *proof) {
	l.count(ctx, proofsAccepted)
	proof := l.route.newProof(p.reference, p.at)
	proof.AcceptedAt = now(ctx)
	note := "The provider took the " + l.route.words().proof + " and looks for the payment."
	replaces := l.order.Accepted()
	if replaces {
		proof.Replaced = append(l.order.Proof.Replaced, replaced(l.order.Proof, proof.AcceptedAt))
		note = "The provider took the " + l.route.words().proof + " " + ramp.MaskProof(p.reference) + " in place of " +
			ramp.MaskProof(l.order.Proof.Reference()) + " and looks for the payment."
	}
	l.order.Proof = proof
	l.order.ProviderReason = ""
	l.settle(ctx, lostInstructions)
	l.settle(ctx, refusedReuse)
	l.inbox.settle(p, nil)
	if l.inbox.next() != nil && !changed(ctx, changeReplacedProofs) {
		l.inbox.dismiss(l.refuse(ramp.ProofConflict, "another "+l.route.words().proof+" was accepted for this order; the first one stands"))
	}
	if rank(l.order.Status) > rank(ramp.VerifyingPayment) {
		l.note(ctx, note) // the watch was faster than the answer
	} else {
		l.enter(ctx, ramp.VerifyingPayment, note)
	}
	if replaces {
		l.tried(ctx)
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
func (l *lifecycle) tried(ctx workflow.Context) {
	l.tries++
	if l.tries != proofLimit || !changed(ctx, changeProofLimit) {
		return
	}
	l.proofsOver = true
	l.note(ctx, "The order takes no more "+l.route.words().proof+"s: the provider refused, or users replaced, as many as it takes.")
	l.inbox.dismiss(l.tooManyProofs())
}

// lookAndDecide asks the provider where the order stands, and lets its answer decide. A proof that comes meanwhile goes first:
// the look is given up for it, so that no outage of the look keeps it from the provider.
func (l *lifecycle) lookAndDecide(
	ctx workflow.Context, decide func(workflow.Context, activities.OrderState) error,
) error {
	looking, stop := workflow.WithCancel(ctx)
	defer stop()
	look, settle := workflow.NewFuture(ctx)
	workflow.GoNamed(looking, "look", func(ctx workflow.Context) {
		settle.Set(ask(ctx, l, activities.OrderStatus, l.orderRequest()))
	})
	if err := workflow.Await(ctx, func() bool { return look.IsReady() || l.inbox.next() != nil }); err != nil {
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
	if l.proofWaits(ctx) {
		return nil
	}
	return decide(ctx, state)
}

// judge decides on an order whose time is over without an accepted proof, by what the provider says of it.
func (l *lifecycle) judge(ctx workflow.Context, state activities.OrderState) error {
	l.show(ctx, state)
	switch {
	case state.Unpaid, state.Status == ramp.Expired:
		return l.end(ramp.Expired, "No accepted "+l.route.words().proof+" in time.")
	case state.Status.Final():
		return l.ending(state)
	}
	l.learn(ctx, state)
	return nil
}

// learn takes over that the provider has the payment, or that its status does not say.
func (l *lifecycle) learn(ctx workflow.Context, state activities.OrderState) {
	l.unclear = state.Status == ""
	l.paid = !l.unclear
	if l.paid {
		l.settle(ctx, lostInstructions)
	}
	l.advance(ctx, state)
}

// awaitClarity watches an order that must be decided on and whose provider's status nobody knows: it may be paid, so that it
// neither ends nor stops taking proofs until the status says which.
func (l *lifecycle) awaitClarity(ctx workflow.Context, decide func(workflow.Context, activities.OrderState) error) error {
	watching, stop := workflow.WithCancel(ctx)
	defer stop()
	w := l.startWatch(watching, "clarity", l.order.ExpiresAt)
	if err := workflow.Await(ctx, func() bool { return w.done || l.inbox.next() != nil }); err != nil {
		return err
	}
	switch {
	case l.inbox.next() != nil:
		return nil
	case w.err != nil:
		return w.err
	case w.stopped == activities.TimeUp:
		l.raiseOverdue(ctx)
		return nil
	}
	return decide(ctx, w.state)
}

func (l *lifecycle) orderRequest() activities.OrderRequest {
	return activities.OrderRequest{
		Email:     l.terms.email,
		Direction: l.order.Direction,
		OrderID:   l.order.OrderID,
		Holder:    l.route.account().Holder(),
		Currency:  l.order.Quote.Receive.Currency,
	}
}

func now(ctx workflow.Context) time.Time { return workflow.Now(ctx).UTC() }
