package view

import (
	"fmt"

	"rampart/ramp"
)

// Amount formats an amount with its currency. Its digits are not grouped, so that they can be copied.
func Amount(a ramp.Amount) string {
	if a.Currency == ramp.INR {
		return "₹" + clean(a.Amount)
	}
	return clean(a.Amount + " " + a.Currency)
}

// Chain returns the name of a chain by its id.
func Chain(id int64) string {
	switch id {
	case 1:
		return "Ethereum"
	case 56:
		return "BNB Smart Chain"
	case 137:
		return "Polygon"
	case 8453:
		return "Base"
	case 42161:
		return "Arbitrum"
	case 101, 102:
		return "Solana"
	default:
		return fmt.Sprintf("chain %d", id)
	}
}
