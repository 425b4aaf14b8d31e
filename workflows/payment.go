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
		if temporal.IsCanceledError(err) && l.proofWaits(ctx) {
			continue // a proof goes before a cancellation: the user may have paid
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
		return l.awaitClarity(ctx)
	default:
		return l.lookAgain(ctx)
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

// submitProof submits a proof. Nothing interrupts it: once it may have reached the provider, only the provider's
// answer tells whether the order is paid.
func (l *lifecycle) submitProof(ctx workflow.Context, p *proof) error {
	l.order.Proof = l.route.newProof(p.reference, p.at)
	l.touch(ctx)
	_, err := answer(ctx, l, func(ctx workflow.Context) (activities.SubmitResult, error) {
		return l.route.submit(ctx, l.order.OrderID, p.reference)
	})
	if refused, yes := activities.Refused(err); yes {
		l.refuseProof(ctx, p, refused.Reason)
		return nil
	}
	if err != nil {
		return err
	}
	l.acceptProof(ctx, p)
	return nil
}

func (l *lifecycle) refuseProof(ctx workflow.Context, p *proof, reason string) {
	l.count(ctx, proofsRefused)
	l.order.Proof = nil
	l.order.ProviderReason = reason
	l.inbox.settle(p, l.refuse(ramp.ProofRefused, "the provider refused the "+l.route.words().proof+": "+reason))
	l.enter(ctx, ramp.AwaitingPayment, "The provider refused the "+l.route.words().proof+": "+reason)
}

func (l *lifecycle) acceptProof(ctx workflow.Context, p *proof) {
	l.count(ctx, proofsAccepted)
	l.order.Proof.AcceptedAt = now(ctx)
	l.order.ProviderReason = ""
	l.settle(ctx, lostInstructions)
	l.inbox.settle(p, nil)
	l.inbox.dismiss(l.refuse(ramp.ProofConflict, "another "+l.route.words().proof+" was accepted for this order; the first one stands"))
	l.enter(ctx, ramp.VerifyingPayment, "The provider took the "+l.route.words().proof+" and looks for the payment.")
}

// lookAgain is the last look before an order expires: the provider may have the payment all the same, and a proof may
// have come meanwhile. Then the provider's answer decides.
func (l *lifecycle) lookAgain(ctx workflow.Context) error {
	state, err := ask(ctx, l, activities.OrderStatus, l.orderRequest())
	if err != nil {
		return err
	}
	if l.proofWaits(ctx) {
		return nil
	}
	return l.judge(ctx, state)
}

// judge decides on an order whose time is over without an accepted proof, by what the provider says of it.
func (l *lifecycle) judge(ctx workflow.Context, state activities.OrderState) error {
	l.show(ctx, state)
	switch {
	case state.Unpaid, state.Status == ramp.Expired:
		return end(ramp.Expired, "No accepted %s in time. %s", l.route.words().proof, l.route.words().late)
	case state.Status.Final():
		return l.ending(state)
	}
	l.unclear = state.Status == ""
	l.paid = !l.unclear
	if l.paid {
		l.settle(ctx, lostInstructions)
	}
	l.advance(ctx, state)
	return nil
}

// awaitClarity watches an order whose time is over and whose provider's status nobody knows: it may be paid, so that it
// neither expires nor stops taking proofs until the status says which.
func (l *lifecycle) awaitClarity(ctx workflow.Context) error {
	watching, stop := workflow.WithCancel(ctx)
	defer stop()
	var state activities.OrderState
	var stopped activities.End
	var err error
	done := false
	workflow.GoNamed(watching, "clarity", func(ctx workflow.Context) {
		state, stopped, err = l.watchOrder(ctx, l.order.ExpiresAt)
		done = true
	})
	if err := workflow.Await(ctx, func() bool { return done || l.inbox.next() != nil }); err != nil {
		return err
	}
	switch {
	case l.inbox.next() != nil:
		return nil
	case err != nil:
		return err
	case stopped == activities.TimeUp:
		l.raiseOverdue(ctx)
		return nil
	}
	return l.judge(ctx, state)
}

func (l *lifecycle) orderRequest() activities.OrderRequest {
	return activities.OrderRequest{
		Email:     l.terms.email,
		Direction: l.order.Direction,
		OrderID:   l.order.OrderID,
		Holder:    l.route.account().Holder(),
	}
}

func now(ctx workflow.Context) time.Time { return workflow.Now(ctx).UTC() }
