package baseline

import (
	"context"
	"fmt"

	"github.com/shopspring/decimal"

	"rampart/onmeta"
	"rampart/ramp"
)

// Calls are the provider's calls, each an activity, as in a straightforward port: the workflow logs in and passes the token on, so that
// the history contains it unencrypted.
type Calls struct {
	Provider *onmeta.Client
}

// Order is the argument of a call.
type Order struct {
	Email   ramp.Email
	Token   string
	OrderID string
	UTR     string
	Request ramp.OnrampRequest
}

func (o Order) user() onmeta.User { return onmeta.User{Email: o.Email, Token: onmeta.Secret(o.Token)} }

// Login logs the user in and returns the access token.
func (c *Calls) Login(ctx context.Context, email ramp.Email) (string, error) {
	session, err := c.Provider.Login(ctx, email)
	return session.Access.Value.Reveal(), err
}

// KYC reports whether the user's KYC is verified.
func (c *Calls) KYC(ctx context.Context, order Order) (bool, error) {
	status, err := c.Provider.KYCStatus(ctx, order.user())
	return status.Verified, err
}

// Linked reports whether the user has linked the UPI id.
func (c *Calls) Linked(ctx context.Context, order Order) (bool, error) {
	ids, err := c.Provider.UPIIDs(ctx, order.user())
	for _, id := range ids {
		if id.ID == order.Request.UPI.ID && id.Status == onmeta.LinkSuccess {
			return true, err
		}
	}
	return false, err
}

// Quote returns how many tokens the user gets.
func (c *Calls) Quote(ctx context.Context, order Order) (string, error) {
	amount, err := decimal.NewFromString(order.Request.Fiat.Amount)
	if err != nil {
		return "", err
	}
	quote, err := c.Provider.QuoteBuy(ctx, onmeta.QuoteBuyRequest{
		TokenSymbol:  order.Request.Token.Symbol,
		TokenAddress: order.Request.Token.Address,
		ChainID:      order.Request.Token.ChainID,
		FiatCurrency: order.Request.Fiat.Currency,
		FiatAmount:   amount,
	})
	return quote.ReceivedTokens.String(), err
}

// Create creates the order and returns the payment instructions.
func (c *Calls) Create(ctx context.Context, order Order) (onmeta.OnrampCreated, error) {
	amount, err := decimal.NewFromString(order.Request.Fiat.Amount)
	if err != nil {
		return onmeta.OnrampCreated{}, err
	}
	return c.Provider.CreateOnramp(ctx, order.user(), onmeta.CreateOnrampRequest{
		TokenSymbol:     order.Request.Token.Symbol,
		TokenAddress:    order.Request.Token.Address,
		ChainID:         order.Request.Token.ChainID,
		FiatCurrency:    order.Request.Fiat.Currency,
		FiatAmount:      amount,
		ReceiverAddress: order.Request.WalletAddress,
		PaymentMode:     string(order.Request.PaymentMethod),
		UPI:             (*onmeta.UPIAccount)(order.Request.UPI),
	})
}

// Submit submits the UTR.
func (c *Calls) Submit(ctx context.Context, order Order) error {
	return c.Provider.SubmitUTR(ctx, order.user(), order.OrderID, order.UTR)
}

// Status returns the order's status at the provider.
func (c *Calls) Status(ctx context.Context, order Order) (string, error) {
	status, err := c.Provider.OnrampStatus(ctx, order.user(), order.OrderID)
	return string(status.Status), err
}

// errNotReady returns the reason why an order cannot be created.
func errNotReady(what string) error { return fmt.Errorf("the user's %s is not verified", what) }
