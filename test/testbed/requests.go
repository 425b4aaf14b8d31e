package testbed

import (
	"rampart/ramp"
	"rampart/ramptest"
)

// OnrampRequest returns the request of ramptest: a user whose KYC is verified and whose UPI ID is linked buys USDC for 1,000 rupees.
func OnrampRequest(reference string) ramp.OnrampRequest { return ramptest.OnrampRequest(reference) }

// OfframpRequest returns the request of ramptest: a user whose KYC is verified sells 100 USDC for rupees.
func OfframpRequest(reference string) ramp.OfframpRequest { return ramptest.OfframpRequest(reference) }

// BankAccount returns the user's account.
func BankAccount() *ramp.BankAccount { return ramptest.BankAccount() }
