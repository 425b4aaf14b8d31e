package ramptest

import (
	"fmt"
	"math/rand/v2"

	"rampart/ramp"
)

// OnrampRequest returns a valid request: a user whose KYC is verified and whose UPI ID is linked buys USDC on Polygon for 1,000 rupees.
func OnrampRequest(reference string) ramp.OnrampRequest {
	return ramp.OnrampRequest{
		Reference:     reference,
		Email:         "asha+linked@example.test",
		Fiat:          ramp.Amount{Amount: "1000.00", Currency: ramp.INR},
		Token:         USDC(),
		WalletAddress: "0x1111111111111111111111111111111111111111",
		PaymentMethod: ramp.UPI,
		UPI:           &ramp.UPIAccount{ID: "asha@okbank", Name: "Asha Rao"},
	}
}

// OfframpRequest returns a valid request: a user whose KYC is verified sells 100 USDC on Polygon for rupees.
func OfframpRequest(reference string) ramp.OfframpRequest {
	return ramp.OfframpRequest{
		Reference:    reference,
		Email:        "asha@example.test",
		Token:        USDC(),
		TokenAmount:  "100.00",
		Fiat:         ramp.Amount{Currency: ramp.INR},
		SenderWallet: "0x3333333333333333333333333333333333333333",
		RefundWallet: "0x3333333333333333333333333333333333333333",
		Bank:         BankAccount(),
	}
}

// BankAccount returns an account that the provider links.
func BankAccount() *ramp.BankAccount {
	return &ramp.BankAccount{AccountName: "Asha Rao", AccountNumber: "50100000004821", IFSC: "HDFC0001234", PAN: "ABCPE1234F"}
}

// USDC returns a token that the sandbox trades: USDC on Polygon.
func USDC() ramp.Token {
	return ramp.Token{Symbol: "USDC", Address: "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359", ChainID: 137}
}

// UTR returns a new UTR, by which the sandbox finds the whole payment of the order that it is submitted for.
func UTR() string {
	return fmt.Sprintf("4%011d", rand.Int64N(100_000_000_000)) // its first digit chooses no other outcome
}

// TransactionHash returns a new hash, by which the sandbox finds the whole payment of the order that it is submitted for.
func TransactionHash() string {
	return fmt.Sprintf("0x%016x%016x%032x", rand.Uint64(), rand.Uint64(), 1) // its end chooses no other outcome
}
