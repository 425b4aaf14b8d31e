package sandbox

import (
	"maps"
	"time"

	"github.com/shopspring/decimal"

	"rampart/onmeta"
)

// Ledger is what has happened in the sandbox, at one moment of its clock. Times are UTC. It holds e-mails and
// payment references: it is meant for tests and demos, not for logs.
type Ledger struct {
	At    time.Time `json:"at"`
	Users int       `json:"users"`
	// Orders are the orders made, oldest first.
	Orders []LedgerOrder `json:"orders"`
	// Proofs are the UTRs and hashes accepted, oldest first; a UTR sent again for the same order counts once.
	Proofs []AcceptedProof `json:"proofs"`
	// Payouts are what left the provider: tokens, fiat and refunds, in the order of Orders.
	Payouts []Payout `json:"payouts"`
	// Calls counts requests by route, as "POST /v1/users/login"; those to no route under "unknown path".
	Calls map[string]int `json:"calls"`
	// Refusals counts refused requests, as "POST /v1/orders/utr: 403 Invalid UTR".
	Refusals map[string]int `json:"refusals"`
	// Routes counts requests by route as clients saw them, those included that a fault or the rate limit kept from the
	// provider, and are therefore not among Calls.
	Routes map[string]RouteTraffic `json:"routes"`
	// Totals sum all that up.
	Totals Totals `json:"totals"`
}

// LedgerOrder is an order as the provider sees it.
type LedgerOrder struct {
	ID        string `json:"id"`
	Direction string `json:"direction"` // onramp or offramp
	// Reference is the metadata of that name: the client's own, or empty.
	Reference string `json:"reference"`
	// Course is what decides the order's end, by its name in MagicTable, or "usual".
	Course string `json:"course"`
	Email  string `json:"email"`
	Status string `json:"status"`
	Reason string `json:"reason"`
	// Fiat is in INR.
	Fiat          decimal.Decimal   `json:"fiat"`
	Tokens        decimal.Decimal   `json:"tokens"`
	Symbol        string            `json:"symbol"`
	ChainID       int64             `json:"chainId"`
	MetaData      map[string]string `json:"metaData"`
	Proof         string            `json:"proof"`
	CreatedAt     time.Time         `json:"createdAt"`
	Timeline      []LedgerStep      `json:"timeline"`
	WalletAddress string            `json:"walletAddress"` // who receives the tokens
	// ProofsAccepted counts the proofs that were accepted, one of which may have replaced another. ProofsRepeated counts
	// how often the accepted one came again, whatever the answer, and ProofsRefused the refused ones.
	ProofsAccepted int `json:"proofsAccepted"`
	ProofsRepeated int `json:"proofsRepeated"`
	ProofsRefused  int `json:"proofsRefused"`
	// ProofsReplaced counts the accepted ones in whose place another one was accepted.
	ProofsReplaced int `json:"proofsReplaced"`
	// Proofs are all that were ever accepted, oldest first; Proof is the last of them.
	Proofs []LedgerProof `json:"proofs"`
	// Payment is what the provider has found for the order; nil: nothing so far.
	Payment *LedgerPayment `json:"payment,omitempty"`
}

// HoldsPayment reports whether the provider has the user's payment, and has neither returned it nor used it for another
// order. It still has it, in this sense, once it has delivered.
func (o LedgerOrder) HoldsPayment() bool {
	return o.Payment != nil && !o.Payment.Returned && o.Payment.UsedBy == ""
}

// LedgerProof is a proof that an order was given, and when another one was accepted in its place.
type LedgerProof struct {
	Proof      string    `json:"proof"`
	At         time.Time `json:"at"`
	ReplacedAt time.Time `json:"replacedAt,omitzero"`
}

// LedgerPayment is what the provider found for an order: rupees, or the tokens of an off-ramp order.
type LedgerPayment struct {
	Amount   decimal.Decimal `json:"amount"`
	Currency string          `json:"currency"`
	// Proof is the one by which it was found; empty: found without one.
	Proof   string    `json:"proof,omitempty"`
	FoundAt time.Time `json:"foundAt"`
	// Returned tells that it was refunded.
	Returned bool `json:"returned,omitempty"`
	// UsedBy is the id of the order that the same UTR was accepted for afterwards.
	UsedBy string `json:"usedBy,omitempty"`
}

// LedgerStep is a status that an order took.
type LedgerStep struct {
	Status string    `json:"status"`
	At     time.Time `json:"at"`
}

// AcceptedProof is a UTR or a transaction hash that the provider accepted.
type AcceptedProof struct {
	OrderID string    `json:"orderId"`
	Proof   string    `json:"proof"`
	At      time.Time `json:"at"`
}

// Payout is a payment by the provider.
type Payout struct {
	OrderID string `json:"orderId"`
	// Kind is tokens (on-ramp), fiat (off-ramp) or refund.
	Kind   string          `json:"kind"`
	Amount decimal.Decimal `json:"amount"`
	// Currency is a token symbol or INR.
	Currency string    `json:"currency"`
	At       time.Time `json:"at"`
}

// Ledger returns what has happened so far. Calls under way wait for it; some 20 ms for 10,000 orders.
func (s *Server) Ledger() Ledger {
	ledger := s.providerLedger()
	var busiest int
	ledger.Routes, busiest = s.traffic.snapshot()
	ledger.Totals = ledger.totals(s.journal.tally(), busiest)
	return ledger
}

// Events lists up to limit events that follow the one of a number, oldest first; 0 begins with the oldest kept.
func (s *Server) Events(after, limit int) []Event { return s.journal.after(after, limit) }

// providerLedger is the part of the ledger that the provider itself knows.
func (s *Server) providerLedger() Ledger {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	ledger := Ledger{
		At: now, Users: len(s.store.users), Orders: []LedgerOrder{}, Payouts: []Payout{},
		Proofs: append([]AcceptedProof{}, s.store.proofs...),
		Calls:  maps.Clone(s.store.calls), Refusals: maps.Clone(s.store.refusals),
	}
	for _, o := range s.store.orders {
		ledger.Orders = append(ledger.Orders, newLedgerOrder(o, now))
		ledger.Payouts = append(ledger.Payouts, o.payouts(now)...)
	}
	return ledger
}

func newLedgerOrder(o *order, now time.Time) LedgerOrder {
	current := o.steps.current(now)
	entry := LedgerOrder{
		ID: o.id, Direction: string(o.direction), Reference: o.reference(), Course: o.scenario.course,
		Email: o.owner.email, Status: current.status, Reason: current.reason,
		Fiat: o.fiat, Tokens: o.tokens, Symbol: o.token.symbol, ChainID: o.token.chain.id,
		MetaData: maps.Clone(o.metaData), Proof: o.proof, CreatedAt: o.createdAt, WalletAddress: o.receiver,
		ProofsAccepted: o.proofs.accepted, ProofsRepeated: o.proofs.repeated, ProofsRefused: o.proofs.refused,
		ProofsReplaced: o.proofs.replaced, Proofs: append([]LedgerProof{}, o.accepted...), Payment: o.found(now),
	}
	for _, s := range o.steps.past(now) {
		entry.Timeline = append(entry.Timeline, LedgerStep{Status: s.status, At: s.at})
	}
	return entry
}

// payoutRefund is the kind of a payout that gives back what the user paid.
const payoutRefund = "refund"

// payouts is what an order has made the provider pay by now.
func (o *order) payouts(now time.Time) []Payout {
	var paid []Payout
	if at, ok := o.delivered(now); ok && !(o.staging && o.direction == offramp) {
		kind, amount, currency := o.delivery()
		paid = append(paid, Payout{OrderID: o.id, Kind: kind, Amount: amount, Currency: currency, At: at.at})
	}
	if at, ok := o.reached(now, onmeta.PhaseRefunded); ok {
		back := o.found(now)
		paid = append(paid, Payout{OrderID: o.id, Kind: payoutRefund, Amount: back.Amount, Currency: back.Currency, At: at.at})
	}
	return paid
}

// delivery is what the user receives: the tokens, or the payout, from which gas and TDS were taken (provider 13: FAQ 25).
func (o *order) delivery() (kind string, amount decimal.Decimal, currency string) {
	switch {
	case o.direction == onramp && o.staging:
		return "tokens", stagingTokens(), stagingSymbol
	case o.direction == onramp:
		return "tokens", o.tokens, o.token.symbol
	}
	return "fiat", o.fiat.Sub(tds(o.fiat)).Sub(decimal.RequireFromString(o.token.chain.gasINR)), "INR"
}
