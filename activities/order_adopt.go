package activities

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/shopspring/decimal"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"rampart/onmeta"
	"rampart/ramp"
)

// AdoptOrderRequest names an order at the provider that an order here takes over, and what it must be for.
type AdoptOrderRequest struct {
	OrderRequest
	Reference string `json:"reference"`
	// Fiat is what an on-ramp order's user pays, or the payout of an off-ramp order if the request names it.
	Fiat ramp.Amount `json:"fiat"`
	// TokenAmount is what an off-ramp order's user sends; empty if the request names the payout.
	TokenAmount string     `json:"tokenAmount,omitempty"`
	Token       ramp.Token `json:"token"`
	// Wallet receives the tokens of an on-ramp order, and sends those of an off-ramp order.
	Wallet string `json:"wallet"`
	// Reset is set in a run that continues a run which was reset.
	Reset bool `json:"reset,omitempty"`
	// Resumed is set if the store of records has the order as the one that made the provider's. It is not compared with it then.
	Resumed bool `json:"resumed,omitempty"`
}

// AdoptOrder takes over an order that the provider has already: one that is the user's and for the same amount, token and wallet, and that no
// order here owns. It claims the order, so that of all orders that want to take it over only one does. Everything else is refused, and
// final; but if the order is resumed, and so may be paid, a status that the provider refuses to tell is asked for again. The order's
// status is not part of the result: the workflow asks for it next.
func (c *Calls) AdoptOrder(ctx context.Context, req AdoptOrderRequest) (CreatedOrder, error) {
	if req.Reset && !req.Resumed {
		if err := c.checkFirstRun(ctx, req.Reference); err != nil {
			return CreatedOrder{}, err
		}
	}
	there, err := c.orderToAdopt(ctx, req)
	if req.Resumed {
		err = lookupError(err) // a refusal says nothing about the payment
	}
	if err != nil {
		return CreatedOrder{}, classify(ctx, err)
	}
	if differs := there.differsFrom(req, c.staging); differs != "" && !req.Resumed {
		return CreatedOrder{}, notAdopted("the provider's order has another " + differs)
	}
	ours, err := c.claims.Claim(ctx, req.OrderID, c.claimant(ctx, req.Email))
	if err != nil {
		return CreatedOrder{}, retryableClaim(ctx, err)
	}
	if !ours {
		return CreatedOrder{}, notAdopted("the provider's order belongs to another order here")
	}
	created := CreatedOrder{
		OrderID: req.OrderID, ProviderStatus: string(there.first), At: now(), Adopted: true, Keep: true, Quote: there.quote(req),
		Lifetime: c.timings.OrderLifetime,
	}
	if !there.createdAt.IsZero() {
		created.Lifetime = c.timings.lifetimeLeft(there.at.Sub(there.createdAt))
	}
	if req.Direction == ramp.Offramp {
		return created, c.setAdoptedDeposit(&created, req, there)
	}
	created.Instructions.CheckoutURL = c.checkoutOf(req.OrderID)
	return created, nil
}

// retryableClaim is the error of a claim that Temporal did not answer.
func retryableClaim(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return interrupted(ctx)
	}
	return retryable(ctx, ErrTemporal, err, 0)
}

// notAdopted is the final error of an order that cannot be taken over.
func notAdopted(why string) error {
	return temporal.NewNonRetryableApplicationError(why, ErrRefused, nil, Refusal{HTTPStatus: http.StatusConflict, Reason: why})
}

// adoptable is an order at the provider, as its status call tells of it.
type adoptable struct {
	first           onmeta.Status
	fiat            decimal.NullDecimal
	token           ramp.Token
	wallet, deposit string
	createdAt, at   time.Time
}

func (c *Calls) orderToAdopt(ctx context.Context, req AdoptOrderRequest) (adoptable, error) {
	user := holder(req.Email, req.Holder)
	if req.Direction == ramp.Offramp {
		s, err := c.provider.OfframpStatus(ctx, user, req.OrderID)
		return adoptable{
			first: onmeta.OfframpCryptoInit, fiat: s.Fiat, wallet: s.SenderWallet, deposit: s.ReceiverWallet, createdAt: s.CreatedAt, at: s.At,
			token: ramp.Token{Symbol: s.TokenSymbol, Address: s.TokenAddress, ChainID: s.ChainID},
		}, err
	}
	s, err := c.provider.OnrampStatus(ctx, user, req.OrderID)
	return adoptable{
		first: onmeta.OnrampFiatPending, fiat: s.Fiat, wallet: s.ReceiverWallet, createdAt: s.CreatedAt, at: s.At,
		token: ramp.Token{Symbol: s.TokenSymbol, Address: s.TokenAddress, ChainID: s.ChainID},
	}, err
}

// differsFrom returns what of the provider's order is another than was requested; empty if nothing is. What the provider does not tell
// is not compared, except the wallet. Amounts and tokens of staging orders mean nothing (provider 13).
func (a adoptable) differsFrom(req AdoptOrderRequest, staging bool) string {
	chain := req.Token.ChainID
	want, err := ramp.ParseAmount(req.Fiat.Amount)
	switch {
	case !ramp.SameAddress(chain, a.wallet, req.Wallet):
		return "wallet"
	case staging:
		return ""
	case err == nil && a.fiat.Valid && a.fiat.Decimal.Sub(want).Abs().GreaterThan(req.tolerance()):
		return "amount"
	case a.token.ChainID != 0 && a.token.ChainID != chain,
		a.token.Address != "" && !ramp.SameAddress(chain, a.token.Address, req.Token.Address),
		a.token.Symbol != "" && !strings.EqualFold(a.token.Symbol, req.Token.Symbol):
		return "token"
	default:
		return ""
	}
}

// tolerance is by how much the provider's amount may differ: it rounds payouts.
func (r AdoptOrderRequest) tolerance() decimal.Decimal {
	if r.Direction == ramp.Onramp {
		return decimal.Zero
	}
	return decimal.New(1, 0)
}

// quote is the price of the order, as far as the provider tells it: what an on-ramp order's user pays, or an off-ramp order's payout less
// the TDS, which is estimated.
func (a adoptable) quote(req AdoptOrderRequest) *ramp.Quote {
	q := &ramp.Quote{ID: "adopted-" + req.OrderID, ExpiresAt: a.at}
	if req.Direction == ramp.Onramp {
		q.Pay, q.Receive = req.Fiat, ramp.Amount{Currency: req.Token.Symbol}
		return q
	}
	q.Pay, q.Receive = ramp.Amount{Amount: req.TokenAmount, Currency: req.Token.Symbol}, ramp.Amount{Currency: ramp.INR}
	if a.fiat.Valid {
		tds := estimatedTDS(a.fiat.Decimal)
		q.Fees = []ramp.Fee{{Name: tdsFee, Amount: fiat(tds, ramp.INR), Estimated: true}}
		q.Receive = fiat(a.fiat.Decimal.Sub(tds), ramp.INR)
	}
	return q
}

// setAdoptedDeposit sets where the tokens go, if the request tells how many there are to send.
func (c *Calls) setAdoptedDeposit(created *CreatedOrder, req AdoptOrderRequest, there adoptable) error {
	if req.TokenAmount == "" || there.deposit == "" {
		return nil
	}
	deposit, left := CreateOfframpOrderRequest{
		Token: req.Token, SenderWallet: req.Wallet, RefundWallet: req.Wallet,
	}.depositInstructions(onmeta.OfframpCreated{ReceiverWallet: there.deposit}, req.TokenAmount)
	created.setInstructions(ramp.Instructions{Deposit: deposit}, left, "")
	return nil
}

// AdoptOrder runs the activity.
func AdoptOrder(ctx workflow.Context, req AdoptOrderRequest) (CreatedOrder, error) {
	return call[CreatedOrder](ctx, orderPolicy, fmt.Sprintf("Take over the provider's order %s", req.OrderID), (*Calls)(nil).AdoptOrder, req)
}
