package main

import (
	"context"

	"github.com/shopspring/decimal"

	"rampart/internal/redact"
	"rampart/onmeta"
)

// request is what is bought, by whom: the part of ramp.OnrampRequest that the calls need. The package ramp would link Temporal's SDK.
type request struct {
	Reference string       `json:"reference"`
	Email     redact.Email `json:"email"`
	Fiat      struct {
		Amount   decimal.Decimal `json:"amount"`
		Currency string          `json:"currency"`
	} `json:"fiat"`
	Token struct {
		Symbol  string `json:"symbol"`
		Address string `json:"address"`
		ChainID int64  `json:"chainId"`
	} `json:"token"`
	WalletAddress string `json:"walletAddress"`
	PaymentMethod string `json:"paymentMethod"`
	UPI           struct {
		ID   redact.VPA      `json:"id"`
		Name redact.Personal `json:"name"`
	} `json:"upi"`
}

// purchase is what the calls of an order need. Like the naive port, it keeps the token as it is.
type purchase struct {
	Request request `json:"request"`
	Token   string  `json:"token"`
	OrderID string  `json:"orderId"`
	UTR     string  `json:"utr"`
}

func (o purchase) user() onmeta.User {
	return onmeta.User{Email: o.Request.Email, Token: onmeta.Secret(o.Token)}
}

// calls are the provider's calls, the same as those of the other baselines.
type calls struct{ provider *onmeta.Client }

func newCalls(set settings) (*calls, error) {
	transport, err := onmeta.NewTransport(onmeta.Config{BaseURL: set.provider, APIKey: onmeta.Secret(set.key)})
	if err != nil {
		return nil, err
	}
	return &calls{onmeta.New(transport)}, nil
}

func (c *calls) login(ctx context.Context, o purchase) (string, error) {
	session, err := c.provider.Login(ctx, o.Request.Email)
	return session.Access.Value.Reveal(), err
}

// kyc reports whether the user's KYC is verified.
func (c *calls) kyc(ctx context.Context, o purchase) (bool, error) {
	status, err := c.provider.KYCStatus(ctx, o.user())
	return status.Verified, err
}

// linked reports whether the user has linked the UPI id.
func (c *calls) linked(ctx context.Context, o purchase) (bool, error) {
	ids, err := c.provider.UPIIDs(ctx, o.user())
	for _, id := range ids {
		if id.ID == o.Request.UPI.ID && id.Status == onmeta.LinkSuccess {
			return true, err
		}
	}
	return false, err
}

// quote returns how many tokens the user gets.
func (c *calls) quote(ctx context.Context, o purchase) (string, error) {
	quote, err := c.provider.QuoteBuy(ctx, onmeta.QuoteBuyRequest{
		TokenSymbol: o.Request.Token.Symbol, TokenAddress: o.Request.Token.Address, ChainID: o.Request.Token.ChainID,
		FiatCurrency: o.Request.Fiat.Currency, FiatAmount: o.Request.Fiat.Amount,
	})
	return quote.ReceivedTokens.String(), err
}

// create creates the order at the provider and returns its id and the payment instructions.
func (c *calls) create(ctx context.Context, o purchase) (onmeta.OnrampCreated, error) {
	return c.provider.CreateOnramp(ctx, o.user(), onmeta.CreateOnrampRequest{
		TokenSymbol: o.Request.Token.Symbol, TokenAddress: o.Request.Token.Address, ChainID: o.Request.Token.ChainID,
		FiatCurrency: o.Request.Fiat.Currency, FiatAmount: o.Request.Fiat.Amount, ReceiverAddress: o.Request.WalletAddress,
		PaymentMode: o.Request.PaymentMethod, UPI: &onmeta.UPIAccount{ID: o.Request.UPI.ID, Name: o.Request.UPI.Name},
	})
}

func (c *calls) submit(ctx context.Context, o purchase) error {
	return c.provider.SubmitUTR(ctx, o.user(), o.OrderID, o.UTR)
}

// status returns the order's status at the provider.
func (c *calls) status(ctx context.Context, o purchase) (string, error) {
	status, err := c.provider.OnrampStatus(ctx, o.user(), o.OrderID)
	return string(status.Status), err
}
