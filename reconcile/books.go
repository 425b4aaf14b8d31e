package reconcile

import (
	"context"
	"iter"

	"rampart/ramp"
)

// Books have the orders that ended, for longer than Temporal keeps them.
type Books interface {
	// Ended yields the orders that ended on a day in India, in an order that is always the same. It stops at the first error.
	Ended(ctx context.Context, day Day) iter.Seq2[Entry, error]
}

// Entry is an order that ended, with what of its request is compared.
type Entry struct {
	// Order is the final state of the order.
	Order ramp.Order
	// Email is the user's, by which the provider is asked.
	Email ramp.Email
	// Fiat is the amount of the request; its amount is empty where the quote decided it.
	Fiat ramp.Amount
	// Token is the token of the request.
	Token ramp.Token
	// Wallet receives the tokens of an on-ramp order, and sends those of an off-ramp order.
	Wallet string
}
