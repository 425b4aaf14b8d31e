// Package ledger holds what the sandbox recorded of users, orders, proofs and payouts: the provider's side of the books, in the
// shapes that the sandbox's control plane serves as JSON, for tests and tools to compare with what the provider's clients believe.
package ledger

import (
	"time"

	"github.com/shopspring/decimal"
)

// Ledger is what has happened in the sandbox, at one moment of its clock. Times are UTC. It holds e-mails and
// payment references: it is meant for tests and demos, not for logs.
type Ledger struct {
	At    time.Time `json:"at"`
	Users int       `json:"users"`
	// Orders are the orders made, oldest first.
	Orders []Order `json:"orders"`
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

// Order is an order as the provider sees it.
type Order struct {
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
	Timeline      []Step            `json:"timeline"`
	WalletAddress string            `json:"walletAddress"` // who receives the tokens
	// ProofsAccepted counts the proofs that were accepted, one of which may have replaced another. ProofsRepeated counts
	// how often the accepted one came again, whatever the answer, and ProofsRefused the refused ones.
	ProofsAccepted int `json:"proofsAccepted"`
	ProofsRepeated int `json:"proofsRepeated"`
	ProofsRefused  int `json:"proofsRefused"`
	// ProofsReplaced counts the accepted ones in whose place another one was accepted.
	ProofsReplaced int `json:"proofsReplaced"`
	// Proofs are all that were ever accepted, oldest first; Proof is the last of them.
	Proofs []Proof `json:"proofs"`
	// Payment is what the provider has found for the order; nil: nothing so far.
	Payment *Payment `json:"payment,omitempty"`
}

// HoldsPayment reports whether the provider has the user's payment, and has neither returned it nor used it for another
// order. It still has it, in this sense, once it has delivered.
func (o Order) HoldsPayment() bool {
	return o.Payment != nil && !o.Payment.Returned && o.Payment.UsedBy == ""
}

// Proof is a proof that an order was given, and when another one was accepted in its place.
type Proof struct {
	Proof      string    `json:"proof"`
	At         time.Time `json:"at"`
	ReplacedAt time.Time `json:"replacedAt,omitzero"`
}

// Payment is what the provider found for an order: rupees, or the tokens of an off-ramp order.
type Payment struct {
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

// Step is a status that an order took.
type Step struct {
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

// Kinds of a Payout.
const (
	PayoutTokens = "tokens"
	PayoutFiat   = "fiat"
	PayoutRefund = "refund"
)

// Directions of an Order.
const (
	DirectionOnramp  = "onramp"
	DirectionOfframp = "offramp"
)

// Unanswered is the key in RouteTraffic.Answers of calls whose connection broke before an answer.
const Unanswered = "none"

// RouteTraffic counts the requests of one route as clients saw them.
type RouteTraffic struct {
	// Requests counts all that arrived, those included that never reached the provider.
	Requests int `json:"requests"`
	// Answers counts by HTTP status, as "200", and under Unanswered.
	Answers map[string]int `json:"answers"`
	// Faults counts by kind, as "reset after".
	Faults map[string]int `json:"faults"`
	// RateLimited counts requests that the sandbox's rate limit refused.
	RateLimited int `json:"rateLimited"`
}
