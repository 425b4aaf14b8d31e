package workflows

import (
	"slices"

	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/ramp"
	"rampart/records"
)

// openRecord is how an order that the provider has is kept in the store of records until it ends, so that it is found again if Temporal
// loses it.
type openRecord struct {
	// due is set while what the store has is not the order's latest.
	due bool
	// stop ends the coroutine that writes; nil until it began.
	stop workflow.CancelFunc
	// proof is the latest proof that was sent to the provider; nil for none.
	proof *ramp.Proof
}

// keepOpen writes the order to the store of records, if the rules that it began under say so: within the workflow task, so that the provider
// gets no proof and the user no payment instructions before. A store that does not answer delays the order by three seconds; the writing
// goes on beside it.
func (o *orderRun) keepOpen(ctx workflow.Context) {
	if rules := o.admission.rules; rules == nil || !rules.Open {
		return
	}
	o.open.due = true
	if o.open.stop != nil {
		return
	}
	ctx, o.open.stop = workflow.WithCancel(disconnected(ctx))
	workflow.GoNamed(ctx, "open order", o.writeOpen)
}

// keepProof writes the order with a proof that is sent to the provider, or that stands.
func (o *orderRun) keepProof(ctx workflow.Context, proof *ramp.Proof) {
	o.open.proof = proof
	o.keepOpen(ctx)
}

// writeOpen writes the order whenever that is due, until the order ends.
func (o *orderRun) writeOpen(ctx workflow.Context) {
	for {
		if err := workflow.Await(ctx, func() bool { return o.open.due }); err != nil {
			return
		}
		o.open.due = false
		request := activities.KeepOpenRequest{Open: o.openOrder(ctx)}
		err := activities.KeepOpenNow(ctx, request)
		if err != nil && ctx.Err() == nil {
			o.log.Warn("open order not kept within the workflow task", "error", err)
			err = activities.KeepOpen(ctx, request)
		}
		if err != nil && ctx.Err() == nil {
			o.log.Error("open order not kept", "error", err)
		}
	}
}

// stopOpen ends the writing of an order that ends. Its record takes the place of what was written.
func (o *orderRun) stopOpen() {
	if o.open.stop != nil {
		o.open.stop()
	}
}

// openOrder is the order as it is kept while it is open: what its user was told, and what it takes to follow it.
func (o *orderRun) openOrder(ctx workflow.Context) records.OpenOrder {
	order := o.order
	order.Timeline, order.Concerns, order.Attention, order.Settlement = nil, nil, "", nil
	if order.Proof == nil && o.resumed != nil {
		order.Proof = o.resumed.Order.Proof // the provider took it before the order was lost
	}
	open := records.OpenOrder{RunID: workflow.GetInfo(ctx).WorkflowExecution.RunID, Account: o.account, Proof: o.open.proof, Order: order}
	if p := o.submissions.next(); p != nil && open.Proof == nil {
		open.Proof = o.request.newProof(p.reference, p.submittedAt) // it came before the order was made
	}
	o.flow.keepRequest(&open)
	return open
}

// resume makes the order the one that Temporal has lost, as the store of records has it: it takes over the provider's order, whatever its
// request names, and neither verifies its user nor links an account again.
func (o *orderRun) resume(ctx workflow.Context, lost *records.OpenOrder) {
	o.resumed = lost
	o.request.adopt = lost.Order.OrderID
	if lost.Account != nil {
		o.account = lost.Account
		o.request.account = o.request.submittedAccount(*lost.Account)
	}
	if queued := o.submissions.next(); queued != nil && lost.Proof != nil && queued.reference == o.request.proof &&
		queued.reference != lost.Proof.Reference() {
		o.submissions.resolve(queued, nil) // the record has the latest proof, which comes after a look at the provider
	}
	o.submissions.account.close("the account is linked")
	o.note(ctx, "This order had the provider's order "+lost.Order.OrderID+" before Temporal lost it, or an operator reset it. It is followed again.")
}

// applyLost puts what the user was told of the lost order into this one.
func (o *orderRun) applyLost(created *activities.CreatedOrder) {
	lost := o.resumed.Order
	if lost.Quote != nil {
		created.Quote = lost.Quote
	}
	if lost.Instructions != nil {
		created.Instructions = *lost.Instructions
	}
}

// resumeProof deals with the proof of an order that Temporal had lost. The provider may have it: unless it has the payment too, or has ended
// the order, it gets the proof again, which counts once there, and before any other: a later proof may correct it. A provider that does not
// tell gets it too.
func (o *orderRun) resumeProof(ctx workflow.Context, created createdOrder) error {
	if o.resumed == nil || o.resumed.Proof == nil {
		return nil
	}
	proof := o.resumedProof(ctx)
	state, err := activities.OrderStatus(disconnected(ctx), created.OrderRequest)
	_, unanswered := activities.Unanswered(err)
	switch {
	case unanswered, err == nil && (state.Status == "" || state.Status == ramp.Expired):
		o.submissions.offerFirst(proof.Reference(), proof.SubmittedAt)
		return nil
	case err != nil:
		return err
	}
	for _, repeated := range slices.Clone(o.submissions.proofs) {
		if repeated.reference == proof.Reference() {
			o.submissions.resolve(repeated, nil)
		}
	}
	o.order.Proof, o.open.proof = proof, proof
	o.payment.proofAccepted()
	o.enter(ctx, ramp.VerifyingPayment, "The provider has the "+o.request.proofName+": it says "+state.ProviderStatus+".")
	return nil
}

// resumedProof returns the proof of an order that Temporal had lost, as the provider has it once it has the payment.
func (o *orderRun) resumedProof(ctx workflow.Context) *ramp.Proof {
	proof := *o.resumed.Proof
	if before := o.resumed.Order.Proof; o.resumed.Order.Accepted() && before.Reference() == proof.Reference() {
		return before
	}
	proof.AcceptedAt, proof.Replaced = now(ctx), o.replacedBeforeLoss(ctx, proof.Reference())
	return &proof
}

// replacedBeforeLoss returns the proofs of an order that Temporal had lost which the provider took before this one.
func (o *orderRun) replacedBeforeLoss(ctx workflow.Context, by string) []ramp.ReplacedProof {
	if o.resumed == nil || !o.resumed.Order.Accepted() {
		return nil
	}
	before := o.resumed.Order.Proof
	if before.Reference() == by {
		return before.Replaced
	}
	return append(slices.Clip(before.Replaced), replaced(before, now(ctx)))
}
