package view_test

import (
	"bytes"
	"time"

	"rampart/ramp"
	"rampart/starter/view"
)

// at is a entry of the day on which the orders of these tests were made, in UTC; in India it is half past five later.
func at(hour, minute, second int) time.Time {
	return time.Date(2026, time.November, 23, hour, minute, second, 0, time.UTC)
}

// awaitingUPI is an order that waits for a payment by UPI.
func awaitingUPI() *ramp.Order {
	return &ramp.Order{
		Reference:      "inv-42",
		Direction:      ramp.Onramp,
		Status:         ramp.AwaitingPayment,
		OrderID:        "6b03b894",
		ProviderStatus: "fiatPending",
		Quote: &ramp.Quote{
			ID: "q-1", Rate: "93.94",
			Pay:     ramp.Amount{Amount: "1000.00", Currency: "INR"},
			Receive: ramp.Amount{Amount: "10.64", Currency: "USDC"},
			Fees:    []ramp.Fee{{Name: "gas", Amount: ramp.Amount{Amount: "0.18", Currency: "INR"}}},
		},
		Instructions: &ramp.Instructions{UPI: &ramp.UPIInstructions{
			QR:  "upi://pay?pa=merchant0001@examplebank&am=1000.00&cu=INR",
			VPA: "merchant0001@examplebank",
			DeepLinks: []ramp.DeepLink{
				{Name: "Paytm", URL: "paytmmp://pay?am=1000.00"},
				{Name: "Others", URL: "upi://pay?am=1000.00"},
			},
		}},
		ExpiresAt: at(9, 0, 0),
		CreatedAt: at(6, 0, 0),
		UpdatedAt: at(6, 0, 2),
		Timeline: []ramp.TimelineEntry{
			{Status: ramp.VerifyingKYC, At: at(6, 0, 0), Note: "Buy USDC for ₹1000.00"},
			{Status: ramp.AwaitingPayment, At: at(6, 0, 2), Note: "Quote: 1000.00 INR for 10.64 USDC."},
		},
	}
}

// awaitingTokens is an order that waits for tokens.
func awaitingTokens() *ramp.Order {
	order := awaitingUPI()
	order.Reference, order.Direction = "wd-7", ramp.Offramp
	order.Instructions = &ramp.Instructions{Deposit: &ramp.Deposit{
		WalletAddress: "0x8a212433b9b9967253e5419f09a63ca141013936", Amount: "100.00", Symbol: "USDC", ChainID: 137,
	}}
	return order
}

// completed is an order that was delivered.
func completed() *ramp.Order {
	order := awaitingUPI()
	order.Status, order.ProviderStatus = ramp.Completed, "completed"
	order.Proof = &ramp.Proof{UTR: "412345678901", SubmittedAt: at(6, 5, 0), AcceptedAt: at(6, 5, 1)}
	order.Settlement = &ramp.Settlement{
		TransactionHash: "0xfe7a", ExplorerURL: "https://explorer.example.test/tx/0xfe7a",
		Amount: ramp.Amount{Amount: "10.64", Currency: "USDC"},
	}
	order.Timeline = append(order.Timeline, ramp.TimelineEntry{Status: ramp.Completed, At: at(6, 9, 0), Note: "The provider says completed."})
	return order
}

func options() view.Options {
	return view.Options{
		Program: "bin/starter",
		WebUI:   view.WebUI{Base: "http://127.0.0.1:8233", Namespace: "default"},
		Now:     at(6, 0, 3),
	}
}

// plain returns what is printed where there is no terminal.
func plain(draw func(*view.Screen)) string {
	var out bytes.Buffer
	draw(view.NewScreen(&out))
	return out.String()
}

// onTerminal returns what is printed on a terminal of this width.
func onTerminal(columns int, draw func(*view.Screen)) string {
	var out bytes.Buffer
	draw(view.NewTerminal(&out, columns, false))
	return out.String()
}
