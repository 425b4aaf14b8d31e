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

// EntryOf returns an order as an entry of books that have no requests: the amount and the token are those of its quote, and what neither
// tells is not compared.
func EntryOf(order ramp.Order, email ramp.Email) Entry {
	e := Entry{Order: order, Email: email}
	if order.Quote == nil {
		return e
	}
	if order.Direction == ramp.Onramp {
		e.Fiat, e.Token.Symbol = order.Quote.Pay, order.Quote.Receive.Currency
	} else {
		e.Token.Symbol = order.Quote.Pay.Currency
	}
	return e
}

// Entry is an order that ended, with what of its request is compared. What is empty is not.
type Entry struct {
	// Order is the final state of the order.
	Order ramp.Order
	// RunID is the Temporal run that was the order; empty if it is not known.
	RunID string
	// Email is the user's, by which the provider is asked.
	Email ramp.Email
	// Fiat is the amount of the request; its amount is empty where the quote decided it.
	Fiat ramp.Amount
	// Token is the token of the request.
	Token ramp.Token
	// Wallet receives the tokens of an on-ramp order, and sends those of an off-ramp order.
	Wallet string
}
