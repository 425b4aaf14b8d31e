package workflows

import "rampart/activities"

// payment is the state of an order's payment, which only the methods below change. Two facts about the payment are
// data of the order: the proof that the provider accepted (Order.Proof) and the status that the order reached (Order.Status).
type payment struct {
	state paymentState
	// overdue is set once the provider has had the payment, or its proof, for too long. It holds in any state until the order ends:
	// the order needs attention, and is watched more slowly.
	overdue bool
}

type paymentState int

// States of a payment. Those from paymentAwaited to paymentUndecided are of an order whose payment the provider has not found.
const (
	// paymentNotDue: the provider has no order yet. The created order moves it to paymentAwaited.
	paymentNotDue paymentState = iota
	// paymentAwaited: by its last status the provider has found no payment. The user may pay, submit a proof, or replace the accepted one.
	paymentAwaited
	// paymentUnknown: the provider's last status does not say whether it found a payment, and nothing depends on it now: the order
	// waits for its user until the deadline or, with an accepted proof, for the provider.
	paymentUnknown
	// paymentUndecided: as paymentUnknown, but the deadline has passed or a cancellation was requested, and no proof was accepted. The
	// order is watched until the status says whether it is paid, and neither ends nor stops taking proofs before.
	paymentUndecided
	// paymentFound: the provider has the payment. Only the provider ends the order.
	paymentFound
	// paymentExpiredProven: the provider expired the order although it had accepted a proof. The order is watched for a late payment.
	paymentExpiredProven
	// paymentExpiredFound: the provider expired the order although it had found the payment. The order is watched as for a late payment.
	paymentExpiredFound
	// paymentClosed: the provider ended the order without having said before that it found a payment.
	paymentClosed
)

// created records that the provider has the order, and no payment for it.
func (p *payment) created() { p.state = paymentAwaited }

// decide records the provider's answer about an order whose deadline has passed or that is to be cancelled: whether it is paid.
func (p *payment) decide(reported activities.OrderState) {
	switch {
	case reported.Status.Final():
		p.state = paymentClosed
	case reported.Status != "":
		p.state = paymentFound
	case reported.Unpaid:
		p.state = paymentAwaited
	default:
		p.state = paymentUndecided
	}
}

// proofRefused records the status that came with a refused proof. A status that does not say whether the order is paid leaves an
// undecided payment undecided.
func (p *payment) proofRefused(reported activities.OrderState) {
	undecided := p.state == paymentUndecided
	p.decide(reported)
	if p.state == paymentUndecided && !undecided {
		p.state = paymentUnknown
	}
}

// looked records the status that a look before the deadline has found. As after a refused proof, nothing depends on one that does not say
// whether the order is paid.
func (p *payment) looked(reported activities.OrderState) { p.proofRefused(reported) }

// proofAccepted records that the provider looks for the payment of a proof, so that nothing is left to decide here.
func (p *payment) proofAccepted() {
	if p.state == paymentUndecided {
		p.state = paymentUnknown
	}
}

// watched records a status of an order that is followed to its end. A payment that was found stays found, whatever status follows.
func (p *payment) watched(reported activities.OrderState) {
	switch {
	case p.found():
		p.state = paymentFound
	case reported.Status.Final():
		p.state = paymentClosed
	case reported.Status != "":
		p.state = paymentFound
	case reported.Unpaid:
		p.state = paymentAwaited
	default:
		p.state = paymentUnknown
	}
}

// expiredEarly records that the provider expired an order that it had accepted a proof for, or found the payment of, and that the
// order waits for a late payment.
func (p *payment) expiredEarly() {
	if p.found() {
		p.state = paymentExpiredFound
	} else {
		p.state = paymentExpiredProven
	}
}

// found reports whether the provider has found the payment, even if it has expired the order since.
func (p payment) found() bool { return p.state == paymentFound || p.state == paymentExpiredFound }

// late reports whether the provider has expired the order, and a late payment is waited for.
func (p payment) late() bool {
	return p.state == paymentExpiredProven || p.state == paymentExpiredFound
}

// undecided reports whether an order cannot end before the provider's status says whether it is paid.
func (p payment) undecided() bool { return p.state == paymentUndecided }

// awaited reports whether by its last status the provider has found no payment.
func (p payment) awaited() bool { return p.state == paymentAwaited }
