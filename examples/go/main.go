// Command go buys USDC for ₹1,000: it starts an order and prints the UPI link that its user pays by.
package main

import (
	"context"
	"fmt"
	"log"

	"go.temporal.io/sdk/client"

	"rampart/codec"
	"rampart/ramp"
)

func main() {
	keyring, err := codec.OpenKeyring(context.Background(), codec.KeysetSource{}) // the keyset of "make demo"
	if err != nil {
		log.Fatal(err)
	}
	options := client.Options{HostPort: "127.0.0.1:7233"}
	codec.Secure(&options, keyring)
	temporal, err := client.Dial(options)
	if err != nil {
		log.Fatal(err)
	}
	order, err := ramp.NewClient(temporal, options.DataConverter).StartOnramp(context.Background(), ramp.OnrampRequest{
		Reference: "inv-43", Email: "asha@example.test", Fiat: ramp.Amount{Amount: "1000.00", Currency: "INR"},
		Token:         ramp.Token{Symbol: "USDC", Address: "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359", ChainID: 137},
		WalletAddress: "0x1111111111111111111111111111111111111111",
		PaymentMethod: ramp.UPI, UPI: &ramp.UPIAccount{ID: "asha@okbank", Name: "Asha Rao"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(order.Status, order.Instructions.UPI.QR)
}
