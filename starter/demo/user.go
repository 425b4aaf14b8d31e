package demo

import (
	"context"
	"encoding/hex"
	"fmt"
	"iter"
	"math/rand/v2"
	"strconv"
	"time"

	"rampart/ramp"
)

// user is Asha Rao, who buys and sells. Her requests and proofs follow from the time at which the demo began.
type user struct {
	orders *ramp.Client
	random *rand.Rand
	// suffix makes the references of each run unique.
	suffix string
}

func newUser(orders *ramp.Client, at time.Time) *user {
	seed := uint64(at.UnixNano())
	return &user{
		orders: orders,
		random: rand.New(rand.NewPCG(seed, seed)),
		suffix: strconv.FormatInt(at.UnixMilli(), 36),
	}
}

const (
	email   = "asha@example.test"
	holder  = "Asha Rao"
	polygon = 137
	// buyer and seller are wallets without known keys.
	buyer  = "0x1111111111111111111111111111111111111111"
	seller = "0x3333333333333333333333333333333333333333"
)

func usdc() ramp.Token {
	return ramp.Token{Symbol: "USDC", Address: "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359", ChainID: polygon}
}

// lanes returns the two orders.
func (u *user) lanes() []lane { return []lane{u.purchase(), u.sale()} }

func (u *user) purchase() lane {
	request := u.onramp()
	id := ramp.ID{Direction: ramp.Onramp, Reference: request.Reference}
	utr := u.utr()
	return lane{
		name:  "on-ramp",
		id:    id,
		title: fmt.Sprintf("%s: %s buys USDC on Polygon for ₹%s, by UPI", request.Reference, ramp.Email(email), request.Fiat.Amount),
		start: func(ctx context.Context) (*ramp.Order, error) {
			return u.orders.StartOnramp(ctx, request)
		},
		watch: func(ctx context.Context) iter.Seq2[*ramp.Order, error] { return u.orders.Watch(ctx, id) },
		pay: func(ctx context.Context) (*ramp.Order, error) {
			return u.orders.SubmitUTR(ctx, request.Reference, utr)
		},
		paying: func(order *ramp.Order) string {
			to := ""
			if due := order.Instructions; due != nil && due.UPI != nil {
				to = string(" to " + due.UPI.VPA)
			}
			return fmt.Sprintf("The user pays ₹%s%s by UPI, and submits UTR %s.", request.Fiat.Amount, to, utr)
		},
	}
}

func (u *user) sale() lane {
	request := u.offramp()
	id := ramp.ID{Direction: ramp.Offramp, Reference: request.Reference}
	hash := u.hash()
	return lane{
		name: "off-ramp",
		id:   id,
		title: fmt.Sprintf("%s: %s sells %s USDC on Polygon for INR, to account %s",
			request.Reference, ramp.Email(email), request.TokenAmount, request.Bank.AccountNumber),
		start: func(ctx context.Context) (*ramp.Order, error) {
			return u.orders.StartOfframp(ctx, request)
		},
		watch: func(ctx context.Context) iter.Seq2[*ramp.Order, error] { return u.orders.Watch(ctx, id) },
		pay: func(ctx context.Context) (*ramp.Order, error) {
			return u.orders.SubmitTransactionHash(ctx, request.Reference, hash)
		},
		paying: func(order *ramp.Order) string {
			tokens, to := request.TokenAmount+" USDC", ""
			if due := order.Instructions; due != nil && due.Deposit != nil {
				tokens, to = due.Deposit.Amount+" "+due.Deposit.Symbol, " to "+due.Deposit.WalletAddress
			}
			return fmt.Sprintf("The user sends %s%s, and submits the transaction hash %s….", tokens, to, hash[:10])
		},
	}
}

func (u *user) onramp() ramp.OnrampRequest {
	return ramp.OnrampRequest{
		Reference:     "demo-on-" + u.suffix,
		Email:         email,
		Fiat:          ramp.Amount{Amount: "1000.00", Currency: ramp.INR},
		Token:         usdc(),
		WalletAddress: buyer,
		PaymentMethod: ramp.UPI,
		UPI:           &ramp.UPIAccount{ID: "asha@okbank", Name: holder},
	}
}

func (u *user) offramp() ramp.OfframpRequest {
	return ramp.OfframpRequest{
		Reference:    "demo-off-" + u.suffix,
		Email:        email,
		Token:        usdc(),
		TokenAmount:  "100.00",
		Fiat:         ramp.Amount{Currency: ramp.INR},
		SenderWallet: seller,
		RefundWallet: seller,
		Bank:         &ramp.BankAccount{AccountName: holder, AccountNumber: "50100000004821", IFSC: "HDFC0001234", PAN: "ABCPE1234F"},
	}
}

// utr returns 12 digits. The first makes it none of the values by which the sandbox chooses another outcome.
func (u *user) utr() string {
	return fmt.Sprintf("4%011d", u.random.Int64N(100_000_000_000))
}

// hash returns a transaction hash. Its last byte makes it none of the values by which the sandbox chooses another outcome.
func (u *user) hash() string {
	bytes := make([]byte, 32)
	for i := range bytes {
		bytes[i] = byte(u.random.Uint32())
	}
	bytes[len(bytes)-1] = 1
	return "0x" + hex.EncodeToString(bytes)
}
