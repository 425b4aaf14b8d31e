package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"rampart/onmeta"
	"rampart/sandbox/ledger"
)

// payment is what a user really sent: INR, identified by a UTR, or tokens.
type payment struct {
	proof  string // empty: found without one
	amount decimal.Decimal
	order  *order // whose it is; nil: nobody's so far
}

// underpaidPercent is the share of its price that is paid for an underpaid order.
const underpaidPercent = 90

// paymentOf returns what a UTR pays; nil means no payment. A new UTR pays what the order's course says, and the same from then on.
func (s *Server) paymentOf(o *order, utr string) *payment {
	found, known := s.store.payments[utr]
	if !known && s.neverFound(o, utr) {
		return nil
	}
	if !known {
		return &payment{proof: utr, amount: o.amountPaid()}
	}
	if !found.amount.IsPositive() {
		return nil
	}
	return found
}

// neverFound reports whether a UTR's payment is never found for the order, at all or only for the next order.
func (s *Server) neverFound(o *order, utr string) bool {
	if strings.HasPrefix(utr, unmatchedUTR) {
		return true
	}
	holder, held := s.store.utrs[utr]
	return strings.HasPrefix(utr, secondUTR) && (!held || holder == o)
}

// amountPaid returns what the order's course pays, in whole rupees if less than ordered.
func (o *order) amountPaid() decimal.Decimal {
	if !o.course.underpaid {
		return o.fiat
	}
	part := o.fiat.Mul(decimal.New(underpaidPercent, -2))
	if whole := part.Truncate(0); whole.IsPositive() {
		return whole
	}
	return part.Truncate(fiatDecimals)
}

// take assigns a payment to the order and releases the one it had before.
func (s *Server) take(o *order, found *payment) {
	if o.payment != nil && o.payment.order == o {
		o.payment.order = nil
	}
	if o.payment = found; found == nil {
		return
	}
	found.order = o
	if o.direction == onramp && found.proof != "" {
		s.store.payments[found.proof] = found
	}
}

// due returns what must be paid for the order: INR or tokens.
func (o *order) due() decimal.Decimal {
	if o.direction == offramp {
		return o.tokens
	}
	return o.fiat
}

// paidPath returns what follows a payment: the course, if the amount is the one ordered (provider 13: FAQ 29, 35).
func (s *Server) paidPath(o *order, now time.Time) []hop {
	if o.payment.amount.Equal(o.due()) || o.staging {
		if o.course.underpaid {
			return o.swapped(onrampPath())
		}
		return o.path(now)
	}
	if o.direction == offramp {
		return slices.Concat(hops(statusOrderReceived), hopsFor(reasonAmountSent, statusRefundInitiated, statusRefunded))
	}
	status := statusCancelled
	if o.course.underpaid {
		status = o.course.path[0].status
	}
	reason := fmt.Sprintf(reasonAmountPaid, o.payment.amount.StringFixed(fiatDecimals), o.fiat.StringFixed(fiatDecimals))
	return []hop{{after: hopTime, status: status, reason: reason, paid: true}}
}

// found returns the payment that the provider found by now, or nil.
func (o *order) found(now time.Time) *ledger.Payment {
	at, ok := o.steps.reached(now, func(s step) bool { return s.paid || o.direction.phase(s.status).Paid() })
	if !ok {
		return nil
	}
	told := &ledger.Payment{Amount: o.due(), Currency: "INR", FoundAt: at.at}
	if o.direction == offramp {
		told.Currency = o.token.symbol
	}
	if o.payment != nil {
		told.Amount, told.Proof = o.payment.amount, o.payment.proof
		if by := o.payment.order; by != nil && by != o {
			told.UsedBy = by.id
		}
	}
	_, told.Returned = o.reached(now, onmeta.PhaseRefunded)
	return told
}
