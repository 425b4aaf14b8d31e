// Command go is a first order from Go. It starts an on-ramp order and prints what its user must pay.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"go.temporal.io/sdk/client"

	"rampart/codec"
	"rampart/ramp"
)

func main() {
	ctx := context.Background()
	keyring, err := codec.OpenKeyring(ctx, codec.KeysetSource{File: os.Getenv("RAMP_KEYSET_FILE")}) // the worker's keyset
	exitOn(err)
	options := client.Options{HostPort: os.Getenv("TEMPORAL_ADDRESS")}
	codec.Secure(&options, keyring)
	temporal, err := client.Dial(options)
	exitOn(err)
	defer temporal.Close()

	order, err := ramp.NewClient(temporal, options.DataConverter).StartOnramp(ctx, ramp.OnrampRequest{
		Reference:     "inv-42",
		Email:         "asha@example.test",
		Fiat:          ramp.Amount{Amount: "1000.00", Currency: "INR"},
		Token:         ramp.Token{Symbol: "USDC", Address: "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359", ChainID: 137},
		WalletAddress: "0x1111111111111111111111111111111111111111",
		PaymentMethod: ramp.UPI,
		UPI:           &ramp.UPIAccount{ID: "asha@okbank", Name: "Asha Rao"},
	})
	exitOn(err)
	fmt.Println(order.Status, order.Instructions.UPI.QR)
}

func exitOn(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
