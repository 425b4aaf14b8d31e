package workflows

import (
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/ramp"
)

// collectPayment returns once the provider has accepted a proof of payment, or has found the payment without one. At the deadline, which a
// refused proof does not move, it asks the provider before it ends the order. Waiting costs one timer, and no polls or events.
func (o *orderRun) collectPayment(ctx workflow.Context, created createdOrder) error {
	timed, stop := workflow.WithCancel(disconnected(ctx))
	defer stop()
	deadline := workflow.NewTimerWithOptions(timed, created.expiresAt.Sub(workflow.Now(ctx)), workflow.TimerOptions{
		Summary: "Deadline for payment and " + o.request.proofName,
	})
	for !o.order.Accepted() && !o.payment.found() {
		err := o.seekPayment(ctx, created, deadline)
		if temporal.IsCanceledError(err) {
			err = o.tryCancelling(ctx, created, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// seekPayment waits for a proof and submits it or, once the deadline is over or a hint says so, asks the provider whether the order is paid.
func (o *orderRun) seekPayment(ctx workflow.Context, created createdOrder, deadline workflow.Future) error {
	p, err := o.nextProof(ctx, deadline)
	switch {
	case err != nil:
		return err
	case p != nil:
		return o.submitProof(disconnected(ctx), created, p)
	case o.payment.undecided():
		return o.awaitClearStatus(ctx, created, o.decideExpiry)
	case o.hints.due && !deadline.IsReady():
		return o.lookAndDecide(ctx, created, o.decideHint)
	default:
		return o.lookAndDecide(ctx, created, o.decideExpiry)
	}
}

// proofWaits reads every message that has arrived, and reports whether a proof waits.
func (o *orderRun) proofWaits(ctx workflow.Context) bool {
	o.readMessages(ctx)
	return o.submissions.next() != nil
}

// nextProof waits for a proof, and returns nil once the deadline is over or a hint calls for a look.
func (o *orderRun) nextProof(ctx workflow.Context, deadline workflow.Future) (*proof, error) {
	err := workflow.Await(ctx, func() bool { return o.submissions.next() != nil || deadline.IsReady() || o.hints.due })
	if p := o.submissions.next(); p != nil {
		return p, nil
	}
	if err == nil {
		err = ctx.Err()
	}
	return nil, err
}

// tryCancelling decides on the cancellation of an order that exists at the provider. It asks the provider first, because the user may have
// paid without submitting a proof: it cancels only an order that the provider says is unpaid. A proof that arrives meanwhile is
// submitted first.
func (o *orderRun) tryCancelling(ctx workflow.Context, created createdOrder, cancelled error) error {
	if o.proofWaits(ctx) {
		return nil
	}
	if !changed(ctx, changeCancellationAsks) {
		return cancelled
	}
	ctx = disconnected(ctx)
	decide := func(ctx workflow.Context, state activities.OrderState) error {
		return o.decideCancellation(ctx, state, cancelled)
	}
	if o.payment.undecided() {
		return o.awaitClearStatus(ctx, created, decide)
	}
	return o.lookAndDecide(ctx, created, decide)
}

// decideCancellation decides on a cancellation by the provider's state of the order.
func (o *orderRun) decideCancellation(ctx workflow.Context, state activities.OrderState, cancelled error) error {
	o.show(ctx, state)
	o.payment.decide(state)
	switch {
	case state.Unpaid:
		return cancelled
	case state.Status.Final():
		return o.ending(state)
	}
	o.advanceAfterLook(ctx, state)
	if o.payment.found() {
		o.note(ctx, ramp.CancellationRefused+": the provider has the payment, and only it can end the order now.")
	} else {
		o.note(ctx, "The cancellation waits: the provider's status does not say whether the order is paid.")
	}
	return nil
}

// lookAndDecide asks the provider for the state of the order, and decides by it. A proof that arrives meanwhile is submitted first: it ends
// the look, so that no outage of the look delays the proof.
func (o *orderRun) lookAndDecide(
	ctx workflow.Context, created createdOrder, decide func(workflow.Context, activities.OrderState) error,
) error {
	looking, stop := workflow.WithCancel(ctx)
	defer stop()
	o.hints.begin(ctx)
	o.looking = true
	defer func() { o.looking = false }()
	o.showDetails(ctx)
	look, resolve := workflow.NewFuture(ctx)
	workflow.GoNamed(looking, "look", func(ctx workflow.Context) {
		resolve.Set(untilAnswered(ctx, o, func(ctx workflow.Context) (activities.OrderState, error) {
			return activities.OrderStatus(ctx, created.OrderRequest)
		}))
	})
	if err := workflow.Await(ctx, func() bool { return look.IsReady() || o.submissions.next() != nil }); err != nil {
		stop()
		_ = look.Get(ctx, nil) // so that no note of the look follows the final status
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

// decideExpiry decides on an order that has no accepted proof at its deadline, by the provider's state of it.
func (o *orderRun) decideExpiry(ctx workflow.Context, state activities.OrderState) error {
	o.show(ctx, state)
	o.payment.decide(state)
	switch {
	case state.Unpaid, state.Status == ramp.Expired:
		return o.endWithAdvice(ramp.Expired, "No accepted "+o.request.proofName+" in time.")
	case state.Status.Final():
		return o.ending(state)
	}
	o.advanceAfterLook(ctx, state)
	return nil
}

// decideHint applies the provider's state of an order that a hint made it ask for, before the deadline.
func (o *orderRun) decideHint(ctx workflow.Context, state activities.OrderState) error {
	if state.ProviderStatus == o.order.ProviderStatus {
		return nil
	}
	o.show(ctx, state)
	o.payment.looked(state)
	switch {
	case state.Status.Final():
		return o.ending(state)
	case !state.Unpaid:
		o.advanceAfterLook(ctx, state)
	}
	return nil
}

// advanceAfterLook moves on an order that a look at the provider did not end: the provider has the payment, or does not say.
func (o *orderRun) advanceAfterLook(ctx workflow.Context, state activities.OrderState) {
	if o.payment.found() {
		o.clearConcern(ctx, lostInstructions)
	}
	o.advance(ctx, state)
}

// awaitClearStatus watches an undecided order until the provider's status says whether it is paid, and decides then. A proof that arrives
// meanwhile is submitted first.
func (o *orderRun) awaitClearStatus(ctx workflow.Context, created createdOrder, decide func(workflow.Context, activities.OrderState) error) error {
	watching, stop := workflow.WithCancel(ctx)
	defer stop()
	w := o.startWatch(watching, "clarity", created, activities.Wait{WaitingSince: created.expiresAt})
	for {
		if err := workflow.Await(ctx, func() bool { return w.done || o.submissions.next() != nil || o.hints.due }); err != nil {
			return err
		}
		if w.done || o.submissions.next() != nil {
			break
		}
		w = o.startWatch(watching, "clarity", created, w.replace(ctx))
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
