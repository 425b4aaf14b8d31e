// Package ledger holds what the sandbox recorded of users, orders, proofs and payouts: the provider's side of the books, in the
// shapes that the sandbox's control plane serves as JSON, for tests and tools to compare with what the provider's clients believe.
package ledger

import (
	"time"

	"github.com/shopspring/decimal"
)

// Ledger is what happened in the sandbox up to one moment of its clock. Times are UTC. It holds e-mails and payment references, so
// it belongs in tests and demos, not in logs.
type Ledger struct {
	At    time.Time `json:"at"`
	Users int       `json:"users"`
	// Orders are all orders, oldest first.
	Orders []Order `json:"orders"`
	// Proofs are the accepted UTRs and hashes, oldest first; one submitted again for the same order is listed once.
	Proofs []AcceptedProof `json:"proofs"`
	// Payouts are the tokens, fiat and refunds that the provider paid, in the order of Orders.
	Payouts []Payout `json:"payouts"`
	// Calls counts requests by route, as "POST /v1/users/login"; those to no route under "unknown path".
	Calls map[string]int `json:"calls"`
	// Refusals counts refused requests, as "POST /v1/orders/utr: 403 Invalid UTR".
	Refusals map[string]int `json:"refusals"`
	// Routes counts requests by route as clients saw them. Unlike Calls it includes those that a fault or the rate limit kept from
	// the provider.
	Routes map[string]RouteTraffic `json:"routes"`
	// Totals sum up all of the above.
	Totals Totals `json:"totals"`
}

// Order is an order as the provider sees it.
type Order struct {
	ID        string `json:"id"`
	Direction string `json:"direction"` // onramp or offramp
	// Reference is the metadata of that name: the client's own, or empty.
	Reference string `json:"reference"`
	// Course is the order's course by its name in sandbox.MagicTable, or "usual".
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
	// ProofsAccepted counts accepted proofs, which may have replaced each other. ProofsRepeated counts repeated submissions of the
	// accepted proof, whatever the answer, and ProofsRefused refused ones.
	ProofsAccepted int `json:"proofsAccepted"`
	ProofsRepeated int `json:"proofsRepeated"`
	ProofsRefused  int `json:"proofsRefused"`
	// ProofsReplaced counts accepted proofs that another one replaced.
	ProofsReplaced int `json:"proofsReplaced"`
	// Proofs are all accepted proofs, oldest first; Proof is the last of them.
	Proofs []Proof `json:"proofs"`
	// Payment is the payment that the provider found for the order; nil if none so far.
	Payment *Payment `json:"payment,omitempty"`
}

// HoldsPayment reports whether the provider received the user's payment and neither returned it nor used it for another order. It
// stays true after delivery.
func (o Order) HoldsPayment() bool {
	return o.Payment != nil && !o.Payment.Returned && o.Payment.UsedBy == ""
}

// Proof is an accepted proof of an order, and when another one replaced it.
type Proof struct {
	Proof      string    `json:"proof"`
	At         time.Time `json:"at"`
	ReplacedAt time.Time `json:"replacedAt,omitzero"`
}

// Payment is the payment found for an order: INR, or the tokens of an off-ramp order.
type Payment struct {
	Amount   decimal.Decimal `json:"amount"`
	Currency string          `json:"currency"`
	// Proof is the proof by which it was found; empty if without one.
	Proof   string    `json:"proof,omitempty"`
	FoundAt time.Time `json:"foundAt"`
	// Returned is set once it was refunded.
	Returned bool `json:"returned,omitempty"`
	// UsedBy is the id of the order for which the same UTR was accepted later.
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
