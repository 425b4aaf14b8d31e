package onmeta

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// QuoteValidity is how long a quote is valid from its At (guide).
const QuoteValidity = 30 * time.Second

// QuoteBuyRequest asks how many tokens an amount of fiat buys.
type QuoteBuyRequest struct {
	TokenSymbol  string
	TokenAddress string
	ChainID      int64
	FiatCurrency string
	// FiatAmount is in major units, such as rupees.
	FiatAmount decimal.Decimal
}

// BuyQuote is an indicative price: an order re-prices by itself (provider 3.12).
type BuyQuote struct {
	// EstimateID identifies the estimate; no call uses it. May be empty.
	EstimateID string
	// ReceivedTokens is what the user gets, in whole tokens.
	ReceivedTokens decimal.Decimal
	// Rate is fiat per token.
	Rate decimal.Decimal
	// GasCharge is what the user pays for gas, in GasCurrency; zero if the provider names none.
	GasCharge   decimal.Decimal
	GasCurrency string
	// TransactionFee is in the fiat currency; zero if the provider names none.
	TransactionFee decimal.Decimal
	// At is when the provider answered, UTC. The quote is valid for QuoteValidity from then.
	At time.Time
}

// QuoteBuy fetches a buy quote. A quote of zero tokens is KindMalformed.
func (c *Client) QuoteBuy(ctx context.Context, request QuoteBuyRequest) (BuyQuote, error) {
	err := require(RouteQuoteBuy,
		field{"token symbol", request.TokenSymbol}, field{"fiat currency", request.FiatCurrency})
	if err != nil {
		return BuyQuote{}, err
	}
	fiat, err := number(RouteQuoteBuy, "fiat amount", request.FiatAmount)
	if err != nil {
		return BuyQuote{}, err
	}
	body := wireQuoteBuyRequest{
		BuyTokenSymbol: request.TokenSymbol, BuyTokenAddress: request.TokenAddress, ChainID: request.ChainID,
		FiatCurrency: strings.ToLower(request.FiatCurrency), FiatAmount: fiat,
	}
	wire, answer, err := ask[wireBuyQuote](ctx, c, Call{Route: RouteQuoteBuy}, body)
	if err != nil {
		return BuyQuote{}, err
	}
	var check checks
	base := wire.DesiredOrder.Base
	quote := BuyQuote{
		EstimateID:     identifier(wire.EstimateID),
		ReceivedTokens: check.positive("receivedTokens", wire.ReceivedTokens),
		Rate:           check.positive("conversionRate", wire.ConversionRate),
		GasCharge:      check.fee("gasCharge", base.GasCharge.Value),
		GasCurrency:    strings.ToUpper(string(base.GasCharge.Currency)),
		TransactionFee: check.fee("transactionFee", base.TransactionFee),
		At:             answer.At,
	}
	return whole(quote, check.err(RouteQuoteBuy, answer))
}

type wireQuoteBuyRequest struct {
	BuyTokenSymbol  string      `json:"buyTokenSymbol"`
	BuyTokenAddress string      `json:"buyTokenAddress"`
	ChainID         int64       `json:"chainId"`
	FiatCurrency    string      `json:"fiatCurrency"`
	FiatAmount      json.Number `json:"fiatAmount"`
}

type wireBuyQuote struct {
	EstimateID     text   `json:"estimateId"`
	ReceivedTokens amount `json:"receivedTokens"`
	ConversionRate amount `json:"conversionRate"`
	DesiredOrder   struct {
		Base struct {
			GasCharge struct {
				Currency text   `json:"currency"`
				Value    amount `json:"value"`
			} `json:"gasCharge"`
			TransactionFee amount `json:"transactionFee"`
		} `json:"base"`
	} `json:"desiredOrder"`
}

// QuoteSellRequest asks what an amount of tokens sells for, or how many tokens an amount of fiat takes:
// exactly one of TokenAmount and FiatAmount is set.
type QuoteSellRequest struct {
	TokenSymbol  string
	TokenAddress string
	ChainID      int64
	FiatCurrency string
	// TokenAmount is in whole tokens.
	TokenAmount decimal.Decimal
	// FiatAmount is in major units.
	FiatAmount decimal.Decimal
	// SenderAddress is the wallet the tokens come from; may be empty.
	SenderAddress string
}

// SellQuote is an indicative price (provider 3.21).
type SellQuote struct {
	// SellTokens is what the user gives, in whole tokens.
	SellTokens decimal.Decimal
	// Rate is fiat per token.
	Rate decimal.Decimal
	// FiatAmount is what the user gets, in FiatCurrency. Whether it is after fees is not documented; in the provider's samples it is
	// before them.
	FiatAmount   decimal.Decimal
	FiatCurrency string
	// TransactionFee and GasFee are in the fiat currency; zero if the provider names none.
	TransactionFee decimal.Decimal
	GasFee         decimal.Decimal
	// TDSFee is the tax in the fiat currency; invalid if the provider names none. It is deducted in any case: 1 % of the payout
	// (provider 13).
	TDSFee decimal.NullDecimal
	// At is when the provider answered, UTC. The quote is valid for QuoteValidity from then.
	At time.Time
}

// QuoteSell fetches a sell quote. A quote of zero, or whose fees leave nothing, is KindMalformed.
func (c *Client) QuoteSell(ctx context.Context, request QuoteSellRequest) (SellQuote, error) {
	err := require(RouteQuoteSell,
		field{"token symbol", request.TokenSymbol}, field{"fiat currency", request.FiatCurrency})
	if err != nil {
		return SellQuote{}, err
	}
	tokens, fiat, err := oneAmount(RouteQuoteSell, request.TokenAmount, request.FiatAmount)
	if err != nil {
		return SellQuote{}, err
	}
	body := wireQuoteSellRequest{
		SellTokenSymbol: request.TokenSymbol, SellTokenAddress: request.TokenAddress, ChainID: request.ChainID,
		FiatCurrency: strings.ToLower(request.FiatCurrency), SellTokenAmount: tokens, FiatAmount: fiat,
		SenderAddress: request.SenderAddress,
	}
	wire, answer, err := ask[wireSellQuote](ctx, c, Call{Route: RouteQuoteSell}, body)
	if err != nil {
		return SellQuote{}, err
	}
	var check checks
	quote := SellQuote{
		SellTokens:     check.positive("sellTokens", wire.SellTokens),
		Rate:           check.positive("conversionRate", wire.ConversionRate),
		FiatAmount:     check.positive("fiatAmount", wire.FiatAmount),
		FiatCurrency:   strings.ToUpper(string(wire.FiatCurrency)),
		TransactionFee: check.fee("transactionFee", wire.TransactionFee),
		GasFee:         check.fee("gasFee", wire.GasFee),
		TDSFee:         check.namedFee("tdsFee", wire.TDSFee),
		At:             answer.At,
	}
	if !quote.net().IsPositive() {
		check.complain("the fees leave nothing of fiatAmount")
	}
	return whole(quote, check.err(RouteQuoteSell, answer))
}

// net returns the payout after all deductions that the provider names.
func (q SellQuote) net() decimal.Decimal {
	return q.FiatAmount.Sub(decimal.Sum(q.TransactionFee, q.GasFee, q.TDSFee.Decimal))
}

type wireQuoteSellRequest struct {
	SellTokenSymbol  string      `json:"sellTokenSymbol"`
	SellTokenAddress string      `json:"sellTokenAddress"`
	ChainID          int64       `json:"chainId"`
	FiatCurrency     string      `json:"fiatCurrency"`
	SellTokenAmount  json.Number `json:"sellTokenAmount,omitempty"`
	FiatAmount       json.Number `json:"fiatAmount,omitempty"`
	SenderAddress    string      `json:"senderAddress"`
}

type wireSellQuote struct {
	SellTokens     amount `json:"sellTokens"`
	ConversionRate amount `json:"conversionRate"`
	FiatAmount     amount `json:"fiatAmount"`
	FiatCurrency   text   `json:"fiatCurrency"`
	TransactionFee amount `json:"transactionFee"`
	GasFee         amount `json:"gasFee"`
	TDSFee         amount `json:"tdsFee"`
}

// oneAmount returns the two amounts as JSON numbers; the one that is not set is "", which omits it.
func oneAmount(route Route, tokens, fiat decimal.Decimal) (tokenNumber, fiatNumber json.Number, err error) {
	if tokens.IsZero() == fiat.IsZero() {
		return "", "", invalid(route, "exactly one of token amount and fiat amount must be given")
	}
	if fiat.IsZero() {
		tokenNumber, err = number(route, "token amount", tokens)
	} else {
		fiatNumber, err = number(route, "fiat amount", fiat)
	}
	return tokenNumber, fiatNumber, err
}

// whole returns the value, or the zero value if a check failed.
func whole[T any](value T, err error) (T, error) {
	if err != nil {
		var none T
		return none, err
	}
	return value, nil
}
