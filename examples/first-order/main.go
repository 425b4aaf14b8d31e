// Command first-order is a first order from Go. It starts an on-ramp order and prints what its user must pay. The README quotes it.
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
	ctx, options := context.Background(), client.Options{HostPort: os.Getenv("TEMPORAL_ADDRESS")}
	codec.Secure(&options, must(codec.OpenKeyring(ctx, codec.KeysetSource{File: os.Getenv("RAMP_KEYSET_FILE")})))
	orders := ramp.NewClient(must(client.Dial(options)), options.DataConverter)
	order := must(orders.StartOnramp(ctx, ramp.OnrampRequest{
		Reference: "inv-43", Email: "asha@example.test", WalletAddress: "0x1111111111111111111111111111111111111111",
		Fiat:          ramp.Amount{Amount: "1000.00", Currency: "INR"},
		Token:         ramp.Token{Symbol: "USDC", Address: "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359", ChainID: 137},
		PaymentMethod: ramp.UPI, UPI: &ramp.UPIAccount{ID: "asha@okbank", Name: "Asha Rao"},
	}))
	fmt.Println(order.Status)
	if pay := order.Instructions; pay != nil && pay.UPI != nil {
		fmt.Println(pay.UPI.QR)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
