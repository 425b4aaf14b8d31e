package sandbox

import (
	"maps"
	"time"

	"github.com/shopspring/decimal"

	"rampart/onmeta"
	"rampart/sandbox/ledger"
)

// Ledger returns what happened so far. It blocks other calls meanwhile, about 20 ms for 10,000 orders.
func (s *Server) Ledger() ledger.Ledger {
	books := s.providerLedger()
	var busiest int
	books.Routes, busiest = s.traffic.snapshot()
	books.Totals = books.Sum(s.journal.Counts(), busiest)
	return books
}

// Events returns up to limit events with a number above after, oldest first; 0 starts at the oldest one kept.
func (s *Server) Events(after, limit int) []ledger.Event { return s.journal.After(after, limit) }

// providerLedger returns the provider's own part of the ledger.
func (s *Server) providerLedger() ledger.Ledger {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	books := ledger.Ledger{
		At: now, Users: len(s.store.users), Orders: []ledger.Order{}, Payouts: []ledger.Payout{},
		Proofs: append([]ledger.AcceptedProof{}, s.store.proofs...),
		Calls:  maps.Clone(s.store.calls), Refusals: maps.Clone(s.store.refusals),
	}
	for _, o := range s.store.orders {
		books.Orders = append(books.Orders, newLedgerOrder(o, now))
		books.Payouts = append(books.Payouts, o.payouts(now)...)
	}
	return books
}

func newLedgerOrder(o *order, now time.Time) ledger.Order {
	current := o.steps.current(now)
	entry := ledger.Order{
		ID: o.id, Direction: string(o.direction), Reference: o.reference(), Course: o.course.name,
		Email: o.owner.email, Status: current.status, Reason: current.reason,
		Fiat: o.fiat, Tokens: o.tokens, Symbol: o.token.symbol, ChainID: o.token.chain.id,
		MetaData: maps.Clone(o.metaData), Proof: o.proof, CreatedAt: o.createdAt, WalletAddress: o.receiver,
		ProofsAccepted: o.proofs.accepted, ProofsRepeated: o.proofs.repeated, ProofsRefused: o.proofs.refused,
		ProofsReplaced: o.proofs.replaced, Proofs: append([]ledger.Proof{}, o.accepted...), Payment: o.found(now),
	}
	for _, s := range o.steps.past(now) {
		entry.Timeline = append(entry.Timeline, ledger.Step{Status: s.status, At: s.at})
	}
	return entry
}

// payouts returns what the provider has paid for the order by now.
func (o *order) payouts(now time.Time) []ledger.Payout {
	var paid []ledger.Payout
	if at, ok := o.delivered(now); ok && !(o.staging && o.direction == offramp) {
		kind, amount, currency := o.delivery()
		paid = append(paid, ledger.Payout{OrderID: o.id, Kind: kind, Amount: amount, Currency: currency, At: at.at})
	}
	if at, ok := o.reached(now, onmeta.PhaseRefunded); ok {
		back := o.found(now)
		paid = append(paid, ledger.Payout{OrderID: o.id, Kind: ledger.PayoutRefund, Amount: back.Amount, Currency: back.Currency, At: at.at})
	}
	return paid
}

// delivery returns what the user receives: the tokens, or the payout after gas fee and TDS (provider 13: FAQ 25).
func (o *order) delivery() (kind string, amount decimal.Decimal, currency string) {
	switch {
	case o.direction == onramp && o.staging:
		return ledger.PayoutTokens, stagingTokens(), stagingSymbol
	case o.direction == onramp:
		return ledger.PayoutTokens, o.tokens, o.token.symbol
	}
	return ledger.PayoutFiat, o.fiat.Sub(tds(o.fiat)).Sub(decimal.RequireFromString(o.token.chain.gasINR)), "INR"
}
