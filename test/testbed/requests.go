package testbed

import "rampart/ramp"

// OnrampRequest returns the request of a user whose KYC is verified and whose UPI ID is linked: 1,000 rupees for USDC on Polygon.
func OnrampRequest(reference string) ramp.OnrampRequest {
	return ramp.OnrampRequest{
		Reference:     reference,
		Email:         "asha+linked@example.test",
		Fiat:          ramp.Amount{Amount: "1000.00", Currency: ramp.INR},
		Token:         usdc(),
		WalletAddress: "0x1111111111111111111111111111111111111111",
		PaymentMethod: ramp.UPI,
		UPI:           &ramp.UPIAccount{ID: "asha@okbank", Name: "Asha Rao"},
	}
}

// OfframpRequest returns the request of a user whose KYC is verified: 100 USDC on Polygon for rupees.
func OfframpRequest(reference string) ramp.OfframpRequest {
	return ramp.OfframpRequest{
		Reference:    reference,
		Email:        "asha@example.test",
		Token:        usdc(),
		TokenAmount:  "100.00",
		Fiat:         ramp.Amount{Currency: ramp.INR},
		SenderWallet: "0x3333333333333333333333333333333333333333",
		RefundWallet: "0x3333333333333333333333333333333333333333",
		Bank:         BankAccount(),
	}
}

// BankAccount returns the user's account.
func BankAccount() *ramp.BankAccount {
	return &ramp.BankAccount{AccountName: "Asha Rao", AccountNumber: "50100000004821", IFSC: "HDFC0001234", PAN: "ABCPE1234F"}
}

func usdc() ramp.Token {
	return ramp.Token{Symbol: "USDC", Address: "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359", ChainID: 137}
}
