// Package backend shows how a backend in Go uses Rampart: it connects, starts an order, submits a proof, and follows the order to its end.
// docs/how-to/integrate-go.md explains it part by part.
package backend

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/sdk/client"

	"rampart/codec"
	"rampart/ramp"
)

// Connect opens a connection to Temporal that encrypts and decrypts with the workers' keyset. It rereads the keyset's file every 30 seconds
// until ctx ends, so that a rotated keyset needs no restart.
func Connect(ctx context.Context, address, keysetFile string) (*ramp.Client, error) {
	keyring, err := codec.OpenKeyring(ctx, codec.KeysetSource{File: keysetFile})
	if err != nil {
		return nil, err
	}
	go keyring.Follow(ctx, 30*time.Second, func(err error) {
		if err != nil {
			slog.Error("the keyset cannot be read again", "error", err)
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

// Buy starts an on-ramp order, or finds the order of this reference, and returns the string of the UPI QR code that its user pays by.
func Buy(ctx context.Context, orders *ramp.Client, reference, email, wallet string) (string, error) {
	order, err := orders.StartOnramp(ctx, ramp.OnrampRequest{
		Reference:     reference,
		Email:         ramp.Email(email),
		Fiat:          ramp.Amount{Amount: "1000.00", Currency: "INR"},
		Token:         ramp.Token{Symbol: "USDC", Address: "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359", ChainID: 137},
		WalletAddress: wallet,
		PaymentMethod: ramp.UPI,
		UPI:           &ramp.UPIAccount{ID: "asha@okbank", Name: "Asha Rao"},
	})
	switch {
	case ramp.IsError(err, ramp.InvalidRequest):
		return "", fmt.Errorf("correct the request and start it again under the same reference: %w", err)
	case ramp.IsError(err, ramp.ReferenceTaken):
		return "", fmt.Errorf("use another reference for another order: %w", err)
	case ramp.IsError(err, ramp.NotReady):
		return "", fmt.Errorf("the order runs; call StartOnramp or Get again: %w", err)
	case err != nil:
		return "", err
	}
	if order.Instructions == nil || order.Instructions.UPI == nil {
		return "", fmt.Errorf("order %s is %s and has no UPI instructions", reference, order.Status)
	}
	return order.Instructions.UPI.QR, nil
}

// Paid submits the UTR of the user's payment. It returns once the provider has accepted or refused the UTR.
func Paid(ctx context.Context, orders *ramp.Client, reference, utr string) error {
	_, err := orders.SubmitUTR(ctx, reference, utr)
	if ramp.IsError(err, ramp.ProofRefused) {
		return fmt.Errorf("ask the user for the right UTR; the order waits for it: %w", err)
	}
	return err
}

// Follow calls changed with every state of the order until it has ended.
func Follow(ctx context.Context, orders *ramp.Client, reference string, changed func(*ramp.Order)) error {
	for order, err := range orders.Watch(ctx, ramp.ID{Direction: ramp.Onramp, Reference: reference}) {
		if err != nil {
			return err
		}
		changed(order)
	}
	return nil
}
