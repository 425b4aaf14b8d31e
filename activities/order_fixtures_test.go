package activities_test

import (
	"time"

	"rampart/activities"
	"rampart/ramp"
)

// freshQuote is one that was fetched just now.
func freshQuote() ramp.Quote {
	return ramp.Quote{ID: "quote", ExpiresAt: time.Now().Add(30 * time.Second)}
}

func staleQuote() ramp.Quote { return ramp.Quote{ID: "quote", ExpiresAt: time.Now().Add(-time.Minute)} }

func placement() activities.CreateOrderRequest {
	return activities.CreateOrderRequest{Email: linked, Reference: "inv-42", Quote: freshQuote(), NotBefore: testStart().Truncate(time.Second)}
}

func onrampRequest() activities.CreateOnrampOrderRequest {
	return activities.CreateOnrampOrderRequest{
		CreateOrderRequest: placement(), Fiat: rupees("1000.00"), Token: usdc(), WalletAddress: wallet,
		PaymentMethod: ramp.UPI, UPI: linkedUPI(),
	}
}

func offrampRequest() activities.CreateOfframpOrderRequest {
	return activities.CreateOfframpOrderRequest{
		CreateOrderRequest: placement(), Token: usdc(), TokenAmount: "100", Fiat: ramp.Amount{Currency: ramp.INR},
		SenderWallet: sender, RefundWallet: sender, AccountNumber: "XXXX4821", IFSC: "HDFC0001234",
	}
}

// quoteExpired reports whether an order was not made for its price.
func quoteExpired(err error) bool {
	_, yes := activities.QuoteExpired(err)
	return yes
}
