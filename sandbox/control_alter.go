package sandbox

import (
	"net/http"
	"time"

	"github.com/shopspring/decimal"

	"rampart/sandbox/ledger"
)

// alteration is what is changed of an order behind its client's back.
type alteration struct {
	fiat, tokens     decimal.Decimal
	wallet, proof    string
	hasFiat, hasMore bool
	hidden, isHidden bool
}

// alterOrder changes values of an order that no provider changes, or hides the order: what a reconciliation has to find.
func (s *Server) alterOrder(r *http.Request, body []byte) (any, error) {
	var to alteration
	err := readObject(body, func(o *object) {
		if to.hasFiat = o.has("fiatAmount"); to.hasFiat {
			to.fiat = o.amount("fiatAmount")
		}
		if to.hasMore = o.has("tokenAmount"); to.hasMore {
			to.tokens = o.amount("tokenAmount")
		}
		to.wallet, to.proof = o.optionalText("wallet"), o.optionalText("proof")
		if to.isHidden = o.has("hidden"); to.isHidden {
			to.hidden = o.truth("hidden")
		}
	})
	if err != nil {
		return nil, err
	}
	return s.changeOrder(r, func(o *order, now time.Time) error {
		o.alter(to)
		s.journal.Add(o.event(ledger.EventForced, "altered", now))
		return nil
	})
}

func (o *order) alter(to alteration) {
	if to.hasFiat {
		o.fiat = to.fiat
	}
	if to.hasMore {
		o.tokens = to.tokens
	}
	switch {
	case to.wallet == "":
	case o.direction == onramp:
		o.receiver = to.wallet
	default:
		o.sender = to.wallet
	}
	if to.proof != "" {
		o.proof = to.proof
	}
	if to.isHidden {
		o.hidden = to.hidden
	}
}

// copyOrder makes another order like this one, unpaid, whose creation no client has asked for.
func (s *Server) copyOrder(r *http.Request, _ []byte) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.store.ordersByID[r.PathValue("id")]
	if !ok {
		return nil, errNoOrder
	}
	now := s.clock.Now()
	twin := &order{
		direction: o.direction, token: o.token, fiat: o.fiat, tokens: o.tokens, course: o.course, paymentMode: o.paymentMode,
		sender: o.sender, refundWallet: o.refundWallet, bank: o.bank, receiver: o.receiver,
	}
	s.openOrder(&call{user: o.owner, now: now}, twin, deal{token: o.token}, o.steps[0].status)
	return newLedgerOrder(twin, now), nil
}
