package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/ramp"
)

// submitProof submits a proof. A cancellation does not interrupt it: once the proof may have reached the provider, only its answer decides
// whether the order is paid.
func (o *orderRun) submitProof(ctx workflow.Context, created createdOrder, p *proof) error {
	o.order.Proof = o.request.newProof(p.reference, p.submittedAt)
	o.keepProof(ctx, o.order.Proof)
	o.touch(ctx)
	accepted, err := untilAnswered(ctx, o, func(ctx workflow.Context) (activities.SubmitResult, error) {
		return o.flow.submitProof(ctx, created, p.reference)
	})
	if refused, yes := activities.Refused(err); yes {
		o.order.Proof = nil
		if err := o.refuseProof(ctx, p, refused); err != nil {
			return err
		}
		o.keepProof(ctx, nil)
		return nil
	}
	if err != nil {
		return err
	}
	o.acceptProof(ctx, p, accepted)
	return nil
}

// refuseProof answers the sender of a proof that the provider refused, and applies the state that came with the refusal: if the provider
// has found the payment without a proof, or has ended the order, nobody may be asked to pay it.
func (o *orderRun) refuseProof(ctx workflow.Context, p *proof, refused activities.Refusal) error {
	o.count(ctx, proofsRefused)
	o.order.ProviderReason = refused.Reason
	o.answerRefused(p, refused)
	note := "The provider refused the " + o.request.proofName + ": " + refused.Reason
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
		o.advanceAfterLook(ctx, *state)
	default:
		o.enter(ctx, ramp.AwaitingPayment, note)
		o.raiseRefusedReuse(ctx, p)
	}
	o.spendProof(ctx)
	return nil
}

// answerRefused answers the sender of a refused proof with the reason.
func (o *orderRun) answerRefused(p *proof, refused activities.Refusal) {
	name := o.request.proofName
	switch state := refused.State; {
	case state == nil || state.Status == "" || state.Status.Final():
		o.submissions.resolve(p, o.newError(ramp.ProofRefused, "the provider refused the "+name+": "+refused.Reason))
	case o.order.Accepted():
		o.submissions.resolve(p, o.conflict(true))
	default:
		o.submissions.resolve(p, o.newError(ramp.NotAwaited, "not awaited: the provider has the payment already"))
	}
}

// conflict returns the error for a proof that comes after the provider has found the payment, or while its status does not say whether
// it looks for one.
func (o *orderRun) conflict(paid bool) *ramp.Error {
	why := "the provider has the payment"
	if !paid {
		why = "the provider, which says " + o.order.ProviderStatus + ", may not be looking for the payment now"
	}
	return o.newError(ramp.ProofConflict, "another "+o.request.proofName+" was accepted for this order, and "+why+"; the accepted one stands")
}

// raiseRefusedReuse raises a concern if the provider refuses the payment of an earlier order, because it would refuse it for any other
// order too.
func (o *orderRun) raiseRefusedReuse(ctx workflow.Context, p *proof) {
	if o.order.Previous == nil || p.reference != o.request.proof {
		return
	}
	o.raiseConcern(ctx, ramp.ConcernRefusedReuse, "the provider does not take the payment that was made for order "+o.order.Previous.Reference+
		"; ask its support about both of its orders, "+o.order.Previous.OrderID+" and "+o.order.OrderID)
}

// acceptProof records an accepted proof, in place of the one before it if there is one.
func (o *orderRun) acceptProof(ctx workflow.Context, p *proof, result activities.SubmitResult) {
	o.found.addProof(result.ProofHash)
	o.count(ctx, proofsAccepted)
	proof := o.request.newProof(p.reference, p.submittedAt)
	proof.AcceptedAt = now(ctx)
	proof.Replaced = o.replacedBeforeLoss(ctx, p.reference)
	note := "The provider took the " + o.request.proofName + " and looks for the payment."
	replaces := o.order.Accepted()
	if replaces {
		proof.Replaced = append(o.order.Proof.Replaced, replaced(o.order.Proof, proof.AcceptedAt))
		note = "The provider took the " + o.request.proofName + " " + ramp.MaskProof(p.reference) + " in place of " +
			ramp.MaskProof(o.order.Proof.Reference()) + " and looks for the payment."
	}
	o.order.Proof = proof
	o.order.ProviderReason = ""
	o.payment.proofAccepted()
	o.clearConcern(ctx, lostInstructions)
	o.clearConcern(ctx, refusedReuse)
	o.submissions.resolve(p, nil)
	if o.submissions.next() != nil && !changed(ctx, changeReplacedProofs) {
		o.submissions.dismiss(o.newError(ramp.ProofConflict, "another "+o.request.proofName+" was accepted for this order; the first one stands"))
	}
	if activities.Progress(o.order.Status) > activities.Progress(ramp.VerifyingPayment) {
		o.note(ctx, note) // the watch was faster than the answer
	} else {
		o.enter(ctx, ramp.VerifyingPayment, note)
	}
	if replaces {
		o.spendProof(ctx)
	}
}

// replaced returns the record of an accepted proof that another one replaced.
func replaced(p *ramp.Proof, at time.Time) ramp.ReplacedProof {
	return ramp.ReplacedProof{
		UTR: p.UTR, TransactionHash: p.TransactionHash, SubmittedAt: p.SubmittedAt, AcceptedAt: p.AcceptedAt, ReplacedAt: at,
	}
}

// spendProof counts a proof that the provider refused or another one replaced. After proofLimit of them the order takes no more.
func (o *orderRun) spendProof(ctx workflow.Context) {
	o.proofs.spent++
	if o.proofs.spent != proofLimit || !changed(ctx, changeProofLimit) {
		return
	}
	o.proofs.exhausted = true
	o.note(ctx, "The order takes no more "+o.request.proofName+"s: too many were refused or replaced.")
	o.submissions.dismiss(o.tooManyProofs())
}
