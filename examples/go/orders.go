package main

import (
	"context"
	"fmt"
	"log"
	"time"

	"go.temporal.io/sdk/client"

	"rampart/codec"
	"rampart/ramp"
)

// connect opens a connection to Temporal that encrypts and decrypts with the workers' keyset. It rereads the keyset's file every 30 seconds
// until ctx ends, so that a rotated keyset needs no restart.
func connect(ctx context.Context, address, keysetFile string) (*ramp.Client, error) {
	keyring, err := codec.OpenKeyring(ctx, codec.KeysetSource{File: keysetFile})
	if err != nil {
		return nil, err
	}
	go keyring.Follow(ctx, 30*time.Second, func(err error) {
		if err != nil {
			log.Printf("the keyset cannot be read again: %v", err)
		}
	})
	options := client.Options{HostPort: address}
	codec.Secure(&options, keyring)
	temporal, err := client.Dial(options)
	if err != nil {
		return nil, err
	}
	return ramp.NewClient(temporal, options.DataConverter), nil
}

// purchase is what a user of the shop wants to buy, and how to pay.
type purchase struct {
	Email  ramp.Email    `json:"email"`
	Wallet string        `json:"wallet"`
	VPA    ramp.VPA      `json:"vpa"`
	Name   ramp.Personal `json:"name"`
	Rupees string        `json:"rupees"`
}

// buy starts an on-ramp order, or finds the order of this reference, once its user can act. It may be called again after any error.
func buy(ctx context.Context, orders *ramp.Client, reference string, wanted purchase) (*ramp.Order, error) {
	order, err := orders.StartOnramp(ctx, ramp.OnrampRequest{
		Reference:     reference,
		Email:         wanted.Email,
		Fiat:          ramp.Amount{Amount: wanted.Rupees, Currency: ramp.INR},
		Token:         ramp.Token{Symbol: "USDC", Address: "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359", ChainID: 137},
		WalletAddress: wanted.Wallet,
		PaymentMethod: ramp.UPI,
		UPI:           &ramp.UPIAccount{ID: wanted.VPA, Name: wanted.Name},
	})
	switch {
	case ramp.IsError(err, ramp.InvalidRequest):
		return nil, fmt.Errorf("correct the request and start it again under the same reference: %w", err)
	case ramp.IsError(err, ramp.ReferenceTaken):
		return nil, fmt.Errorf("use another reference for another order: %w", err)
	case ramp.IsError(err, ramp.NotReady):
		return nil, fmt.Errorf("the order runs; call StartOnramp or Get again: %w", err)
	}
	return order, err
}

// paid submits the UTR of the user's payment. It returns once the provider has accepted or refused the UTR.
func paid(ctx context.Context, orders *ramp.Client, reference, utr string) (*ramp.Order, error) {
	order, err := orders.SubmitUTR(ctx, reference, utr)
	if ramp.IsError(err, ramp.ProofRefused) {
		return nil, fmt.Errorf("ask the user for the right UTR; the order waits for it: %w", err)
	}
	return order, err
}
