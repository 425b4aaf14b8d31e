package workflows_test

import (
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"rampart/onmeta"
	"rampart/ramp"
)

// aMoment is how long an order may take to act on what it was told: its clock ticks, and it writes its history.
const aMoment = time.Minute

// check compares the order with the truth.
func (r *truthRun) check() {
	r.provider.mu.Lock()
	defer r.provider.mu.Unlock()
	for _, breach := range r.provider.breaches {
		r.breach("%s", breach)
	}
	if r.err != nil {
		r.breach("the workflow failed: %v", r.err)
		return
	}
	r.seen = append(r.seen, sighting{r.endedAt, r.order})
	r.checkTimeline()
	r.checkOwned()
	r.checkPriced()
	r.checkEnd()
	r.checkProofs()
	r.checkCancelled()
	r.checkUpdates()
	for _, s := range r.seen {
		if before := len(r.breaches); before < 5 {
			r.checkShown(s)
			r.checkAgreed(s)
		}
	}
	if r.order.Attention != "" {
		r.breach("an order that is over asks for attention: %s", r.order.Attention)
	}
}

// checkTimeline: no status follows one that it cannot follow.
func (r *truthRun) checkTimeline() {
	var status ramp.Status
	for _, entry := range r.order.Timeline {
		legal := entry.Status == status || slices.Contains(legalNext(status), entry.Status)
		r.expect(legal, "%s follows %s", entry.Status, status)
		status = entry.Status
	}
}

// truthOf is the provider's order of that id.
func (r *truthRun) truthOf(id string) *truthOrder { return r.provider.order(id) }

// lastTold is what the provider last told of the order, up to a moment.
func (r *truthRun) lastTold(id string, by time.Time) (told, bool) {
	for _, t := range slices.Backward(r.provider.told) {
		if t.orderID == id && !t.at.After(by) {
			return t, true
		}
	}
	return told{}, false
}

// checkOwned: there is one order at the provider at the most, and ours has it. Only an off-ramp order may be left behind, and one of a
// cancelled order in an outage, which says so, and those whose instructions were lost: nobody was told how to pay them.
func (r *truthRun) checkOwned() {
	made := r.provider.orders
	if r.order.OrderID != "" && r.truthOf(r.order.OrderID) == nil {
		r.breach("the order has %s, which is a stranger's", r.order.OrderID)
	}
	if r.direction == ramp.Offramp {
		return
	}
	if len(made)-len(r.order.LostOrderIDs) > 1 {
		r.breach("%d orders were made", len(made))
	}
	for _, o := range made {
		if slices.Contains(r.order.LostOrderIDs, o.id) {
			continue
		}
		leftBehind := r.order.Status == ramp.Cancelled && r.order.Instructions == nil && strings.Contains(notes(r.order), "may have made an order")
		if o.id != r.order.OrderID && !leftBehind {
			r.breach("%s at the provider is nobody's", o.id)
		}
	}
}

// checkEnd: what the order ended as is what the provider holds, then and later.
func (r *truthRun) checkEnd() {
	if r.order.OrderID == "" {
		r.checkEndUnmade()
		return
	}
	o := r.truthOf(r.order.OrderID)
	if o == nil {
		return
	}
	now := o.stands(r.endedAt).to
	last, looked := r.lastTold(o.id, r.endedAt)
	proven := len(o.proofs) > 0
	switch r.order.Status {
	case ramp.Completed:
		r.expect(now == done, "completed, and the provider's is %s", now)
	case ramp.Refunded:
		r.expect(now == returned, "refunded, and the provider's is %s", now)
	case ramp.Cancelled:
		ours := last.step.to == waiting && !proven && len(r.cancels) > 0 && !last.at.Before(r.cancels[0].Add(-tick))
		r.expect(looked && (ours || last.step.to == calledOff), "cancelled, and the provider has said %q; proof taken: %t", last.step.to, proven)
	case ramp.Expired:
		ours := last.step.to == waiting && !proven && !last.at.Before(r.order.ExpiresAt.Add(-tick))
		r.expect(looked && (ours || last.step.to == lapsed), "expired, and the provider has said %q; proof taken: %t", last.step.to, proven)
	default:
		r.breach("the provider has made the order, and it is %s", r.order.Status)
	}
	if r.order.Status == ramp.Cancelled || r.order.Status == ramp.Expired {
		r.expect(r.endedAt.Sub(last.at) <= aMoment, "%s by a look of %s, at %s", r.order.Status, since(last.at), since(r.endedAt))
		paid := o.paidFrom(last.at)
		r.expect(!proven || paid.IsZero(), "%s with a proof that the provider took, and it has the payment from %s", r.order.Status, since(paid))
		r.expect(!o.stands(last.at).to.paid(), "%s, and the provider had the payment", r.order.Status)
	}
	if proven {
		r.expect(!r.endedAt.After(o.end().Add(3*time.Hour)), "the provider was through with the order at %s, and it ended at %s", since(o.end()), since(r.endedAt))
	}
}

func (r *truthRun) expect(holds bool, format string, args ...any) {
	if !holds {
		r.breach(format, args...)
	}
}

// checkEndUnmade: an order that nobody could pay was refused, cancelled or not confirmed.
func (r *truthRun) checkEndUnmade() {
	asked := slices.ContainsFunc(r.provider.asked, func(a asking) bool { return a.route == r.createRoute() })
	switch r.order.Status {
	case ramp.Cancelled:
		r.expect(len(r.cancels) > 0 || slices.Contains(statuses(r.order), ramp.AwaitingConfirmation), "cancelled by nobody")
	case ramp.Rejected:
		refusedUser := !asked && r.provider.refusedLogins > 0 // before there is an order
		r.expect(refusedUser || asked && (r.provider.refusedCreates > 0 || r.deviates), "rejected, and the provider refused nothing")
	default:
		r.breach("%s without an order at the provider", r.order.Status)
	}
}

func (r *truthRun) createRoute() onmeta.Route {
	if r.direction == ramp.Offramp {
		return onmeta.RouteCreateOfframp
	}
	return onmeta.RouteCreateOnramp
}

func (r *truthRun) statusRoute() onmeta.Route {
	if r.direction == ramp.Offramp {
		return onmeta.RouteOfframpStatus
	}
	return onmeta.RouteOnrampStatus
}

// troubled reports whether the order may have been kept, since a moment, from learning what the provider holds.
func (r *truthRun) troubled(from time.Time) bool {
	return r.revokedAfter > 0 || r.provider.troubled(r.statusRoute(), from) || r.provider.troubled(onmeta.RouteOrderHistory, from)
}

// checkProofs: the order has every proof that the provider took, and the last one counts.
func (r *truthRun) checkProofs() {
	var took, have []string
	if o := r.truthOf(r.order.OrderID); o != nil {
		for _, p := range o.proofs {
			took = append(took, p.reference)
		}
	}
	if proof := r.order.Proof; proof != nil {
		r.expect(r.order.Accepted(), "the order has a proof that was not accepted")
		for _, replaced := range proof.Replaced {
			have = append(have, replaced.Reference())
		}
		have = append(have, proof.Reference())
	}
	r.expect(slices.Equal(took, have), "the provider took %v, and the order has %v", took, have)
}

// checkCancelled: a cancellation is honoured soon where the provider says unpaid, and refused with a word where it has the payment.
func (r *truthRun) checkCancelled() {
	o := r.truthOf(r.order.OrderID)
	if len(r.cancels) == 0 || o == nil || r.troubled(r.cancels[0]) {
		return
	}
	at := r.cancels[0]
	if !o.at.Before(at) || at.After(r.endedAt) || len(r.provider.proofs) > 0 {
		return
	}
	stood, soon := o.stands(at).to, o.stands(at.Add(aMoment)).to
	if stood == waiting && soon == waiting {
		r.expect(r.order.Status == ramp.Cancelled && !r.endedAt.After(at.Add(aMoment)), "cancelled at %s, and it is %s at %s",
			since(at), r.order.Status, since(r.endedAt))
	}
	if stood.paid() && soon.paid() && !at.After(r.endedAt.Add(-aMoment)) {
		r.expect(strings.Contains(notes(r.order), "Cancellation refused"), "nobody was told why the order was not cancelled at %s", since(at))
	}
}

// checkUpdates: each was answered with what the provider made of the proof.
func (r *truthRun) checkUpdates() {
	for _, s := range r.updates {
		if !s.done {
			r.expect(s.at.After(r.endedAt.Add(-aMoment)), "never answered: %s", s.action)
			continue
		}
		took := slices.ContainsFunc(r.provider.proofs, func(p sentProof) bool { return p.proof == s.reference && p.accepted })
		refused := slices.ContainsFunc(r.provider.proofs, func(p sentProof) bool {
			return p.proof == s.reference && !p.accepted && (!p.stood.paid() || p.stood.over())
		})
		switch kind := errorType(s.err); {
		case s.err == nil:
			r.expect(took, "%s succeeded, and the provider did not take it", s.action)
		case kind == ramp.ProofRefused:
			r.expect(refused, "%s was refused, and not by the provider", s.action)
		case kind == ramp.ProofConflict, kind == ramp.NotAwaited:
			r.expect(r.maybePaid(s.answered), "%s met %s, and the provider has no payment at %s", s.action, kind, since(s.answered))
		case kind == ramp.OrderOver:
			r.expect(!s.answered.Before(r.endedAt.Add(-aMoment)), "%s met an order that is over, at %s", s.action, since(s.answered))
		default:
			r.breach("%s failed: %v", s.action, s.err)
		}
	}
}

// maybePaid reports whether the provider had the payment by then, or had said last that it does not look for one now.
func (r *truthRun) maybePaid(at time.Time) bool {
	o := r.truthOf(r.order.OrderID)
	last, _ := r.lastTold(r.order.OrderID, at)
	return last.step.to == unclear || last.step.to == lapsed || o != nil && slices.ContainsFunc(o.steps, func(s truthStep) bool { return s.to.paid() && !s.at.After(at) })
}

// checkShown: nobody is asked to pay an order of which the provider has told that it is over or paid, or could have been asked.
func (r *truthRun) checkShown(s sighting) {
	o := r.truthOf(s.order.OrderID)
	if s.order.Status != ramp.AwaitingPayment || o == nil {
		return
	}
	r.expect(!s.order.ExpiresAt.After(o.at.Add(orderLifetime+tick)), "the order may be paid until %s, and was made at %s", since(s.order.ExpiresAt), since(o.at))
	last, looked := r.lastTold(o.id, s.at.Add(-aMoment))
	if looked && (last.step.to.over() || last.step.to.paid()) {
		r.breach("the user is asked at %s to pay, and the provider said %s at %s", since(s.at), last.step.status, since(last.at))
	}
	for _, p := range r.provider.proofs {
		overlooked := p.orderID == o.id && p.delivered && !p.accepted && (p.stood.over() || p.stood.paid()) && s.at.Sub(p.at) > 2*aMoment
		if again, _ := r.lastTold(o.id, s.at); overlooked && again.at.Before(p.at) && !r.troubled(p.at) {
			r.breach("the user is asked at %s to pay, and the provider refused a proof at %s, for the order was %s", since(s.at), since(p.at), p.stood)
		}
	}
}

// checkAgreed: what the user is asked to pay is what the provider wants, and no worse than they agreed to.
func (r *truthRun) checkAgreed(s sighting) {
	o := r.truthOf(s.order.OrderID)
	if s.order.Instructions == nil || o == nil {
		return
	}
	if upi := s.order.Instructions.UPI; upi != nil {
		r.expect(upi.QR == o.qr(), "the QR code is %s, not %s", upi.QR, o.qr())
	}
	deposit := s.order.Instructions.Deposit
	if deposit == nil {
		return
	}
	r.expect(deposit.WalletAddress == o.wallet, "the deposit goes to %s, not %s", deposit.WalletAddress, o.wallet)
	r.expect(amount(deposit.Amount).Equal(o.tokens), "the deposit is %s, not %s", deposit.Amount, o.tokens)
	r.expect(amount(s.order.Quote.Pay.Amount).Equal(o.tokens), "the card says %s, and the deposit is %s", s.order.Quote.Pay.Amount, o.tokens)
	r.expect(!amount(s.order.Quote.Receive.Amount).GreaterThan(o.payout), "the order promises %s, and %s arrives", s.order.Quote.Receive.Amount, o.payout)
	r.expect(r.payout || o.tokens.Equal(amount(offrampRequest().TokenAmount)), "the user sells another amount than they said: %s", o.tokens)
	r.expect(r.agreedTo(s.at, o.tokens, o.payout), "the user is to pay %s for %s, and did not agree to that", o.tokens, o.payout)
}

// checkPriced: every order is made on a quote that the user agreed to.
func (r *truthRun) checkPriced() {
	for _, o := range r.provider.orders {
		var last truthQuote
		for _, q := range r.provider.quoted {
			if !q.at.After(o.asked) {
				last = q
			}
		}
		r.expect(r.agreedTo(o.asked, last.pay, last.receive), "%s was made on a quote of %s for %s, to which nobody agreed", o.id, last.receive, last.pay)
	}
}

// agreedTo reports whether the user had agreed to a price by then, by the terms of the request or by confirming one no better.
func (r *truthRun) agreedTo(by time.Time, pay, receive decimal.Decimal) bool {
	for _, a := range r.agreed {
		if !a.at.After(by) && !pay.GreaterThan(amount(a.quote.Pay.Amount)) && !receive.LessThan(amount(a.quote.Receive.Amount)) {
			return true
		}
	}
	return !r.confirm && (r.least == "" || !receive.LessThan(amount(r.least))) && (r.most == "" || !pay.GreaterThan(amount(r.most)))
}

func amount(text string) decimal.Decimal { return decimal.RequireFromString(text) }
