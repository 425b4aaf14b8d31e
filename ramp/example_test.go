package ramp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"

	"go.temporal.io/sdk/client"

	"rampart/codec"
	"rampart/ramp"
)

// A backend starts an order, shows its user what to pay, and submits the UTR of the payment. The keyset is that of the workers.
func Example() {
	ctx := context.Background()
	keyring, err := codec.OpenKeyring(ctx, codec.KeysetSource{File: "/etc/rampart/keyset.json"})
	if err != nil {
		log.Fatal(err)
	}
	options := client.Options{HostPort: "localhost:7233"}
	codec.Secure(&options, keyring)
	temporal, err := client.Dial(options)
	if err != nil {
		log.Fatal(err)
	}
	defer temporal.Close()
	orders := ramp.NewClient(temporal, options.DataConverter)

	order, err := orders.StartOnramp(ctx, onrampOfAsha())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("pay with", order.Instructions.UPI.QR)

	order, err = orders.SubmitUTR(ctx, order.Reference, "412345678901")
	if ramp.IsError(err, ramp.ProofRefused) {
		fmt.Println("ask the user for the right UTR:", err)
	}
}

func onrampOfAsha() ramp.OnrampRequest {
	return ramp.OnrampRequest{
		Reference:     "inv-42",
		Email:         "asha@example.test",
		Fiat:          ramp.Amount{Amount: "1000.00", Currency: ramp.INR},
		Token:         ramp.Token{Symbol: "USDC", Address: "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359", ChainID: 137},
		WalletAddress: "0x1111111111111111111111111111111111111111",
		PaymentMethod: ramp.UPI,
		UPI:           &ramp.UPIAccount{ID: "asha@okbank", Name: "Asha Rao"},
	}
}

// A backend without events watches an order until it ends.
func ExampleClient_Watch() {
	ctx, orders := context.Background(), (*ramp.Client)(nil) // of the example of the package
	for order, err := range orders.Watch(ctx, ramp.ID{Direction: ramp.Onramp, Reference: "inv-42"}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(order.Status)
	}
}

func ExampleOnrampRequest_Validate() {
	r := onrampOfAsha()
	fmt.Println(r.Validate())

	r.Fiat.Amount = "1,000"
	r.UPI = nil
	var invalid *ramp.Error
	if errors.As(r.Validate(), &invalid) {
		for _, field := range invalid.Fields {
			fmt.Println(field.Field, field.Problem)
		}
	}
	// Output:
	// <nil>
	// fiat.amount must be a decimal number such as 1000.00, of at most 40 characters, without sign, exponent, spaces, separators or leading zeros
	// upi must be given: the order needs a VPA
}

func ExampleIsError() {
	err := fmt.Errorf("checkout: %w", &ramp.Error{
		Type: ramp.OrderOver, Reference: "inv-42", Message: "the order is expired", Order: &ramp.Order{Status: ramp.Expired},
	})
	fmt.Println(ramp.IsError(err, ramp.OrderOver))

	var over *ramp.Error
	if errors.As(err, &over) {
		fmt.Println(over.Reference, over.Order.Status)
	}
	// Output:
	// true
	// inv-42 expired
}

// Decode reads a request strictly: an unknown field is an error, since it is most likely a misspelt one.
func ExampleDecode() {
	var r ramp.OnrampRequest
	fmt.Println(ramp.Decode([]byte(`{"reference": "inv-42", "emial": "asha@example.test"}`), &r))
	// Output:
	// does not match the contract: unknown field "emial"
}

// An order is read with encoding/json: later versions add fields, which readers ignore.
func ExampleOrder() {
	var order ramp.Order
	err := json.Unmarshal([]byte(`{"reference": "inv-42", "direction": "onramp", "status": "completed",
		"settlement": {"transactionHash": "0x1f2e", "amount": {"amount": "10.63", "currency": "USDC"}}, "addedLater": 1}`), &order)
	if err != nil {
		log.Fatal(err)
	}
	if order.Status.Final() {
		fmt.Println(order.Status, order.Settlement.Amount.Text())
	}
	// Output:
	// completed 10.63 USDC
}

// An account prints without personal data, in logs as well. Its JSON is complete.
func ExampleBankAccount_String() {
	account := ramp.BankAccount{AccountName: "Asha Rao", AccountNumber: "50100000004821", IFSC: "HDFC0001234"}
	fmt.Println(account)
	fmt.Println(account.AccountNumber)
	fmt.Println(string(account.AccountNumber))
	// Output:
	// ramp.BankAccount{AccountName:[redacted] AccountNumber:XXXX4821 IFSC:[redacted]}
	// XXXX4821
	// 50100000004821
}

func ExampleFilter_Query() {
	fmt.Println(ramp.Filter{Statuses: []ramp.Status{ramp.AwaitingPayment}, Token: "USDC"}.Query())
	// Output:
	// WorkflowType IN ("Onramp", "Offramp") AND RampStatus IN ("awaiting_payment") AND RampToken = "USDC"
}

func ExampleParseUTR() {
	utr, err := ramp.ParseUTR(ramp.UPI, " 412345678901 ")
	fmt.Println(utr, err)
	_, err = ramp.ParseUTR(ramp.NEFT, "412345678901")
	fmt.Println(err)
	// Output:
	// 412345678901 <nil>
	// must be the 16 to 22 letters and digits that the bank shows for the NEFT transfer
}

func ExampleParseWorkflowID() {
	direction, reference, err := ramp.ParseWorkflowID("onramp/inv-42")
	fmt.Println(direction, reference, err)
	// Output:
	// onramp inv-42 <nil>
}
