package activities

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"go.temporal.io/sdk/workflow"

	"rampart/onmeta"
	"rampart/ramp"
)

// QuoteResult is a quote.
type QuoteResult struct {
	Quote ramp.Quote `json:"quote"`
	// ProviderTime is the provider's time of the quote. Orders that it creates at this quote are not older.
	ProviderTime time.Time `json:"providerTime"`
}

// QuoteBuyRequest asks what an amount of INR buys.
type QuoteBuyRequest struct {
	Fiat  ramp.Amount `json:"fiat"`
	Token ramp.Token  `json:"token"`
}

// QuoteSellRequest asks what a token amount, or the tokens for an INR payout, sell for.
type QuoteSellRequest struct {
	Token        ramp.Token  `json:"token"`
	TokenAmount  string      `json:"tokenAmount,omitempty"`
	Fiat         ramp.Amount `json:"fiat"`
	SenderWallet string      `json:"senderWallet"`
}

// QuoteBuy fetches a buy quote (provider 3.12). It is valid for 30 seconds (guide), counted from before the request.
func (c *Calls) QuoteBuy(ctx context.Context, req QuoteBuyRequest) (QuoteResult, error) {
	expires := now().Add(c.timings.QuoteLifetime).Truncate(time.Millisecond)
	pay, err := ramp.ParseAmount(req.Fiat.Amount)
	if err != nil {
		return QuoteResult{}, invalidRequest(err)
	}
	quote, err := c.provider.QuoteBuy(ctx, onmeta.QuoteBuyRequest{
		TokenSymbol:  req.Token.Symbol,
		TokenAddress: req.Token.Address,
		ChainID:      req.Token.ChainID,
		FiatCurrency: req.Fiat.Currency,
		FiatAmount:   pay,
	})
	if err != nil {
		return QuoteResult{}, classify(ctx, err)
	}
	gas, err := feeCurrency(quote.GasCurrency, req.Fiat.Currency, req.Token.Symbol)
	if err != nil {
		return QuoteResult{}, retryable(ctx, ErrUnavailable, err, 0)
	}
	return QuoteResult{
		ProviderTime: quote.At,
		Quote: ramp.Quote{
			ID:      quoteID(quote.EstimateID),
			Rate:    quote.Rate.String(),
			Pay:     fiat(pay, req.Fiat.Currency),
			Receive: ramp.Amount{Amount: quote.ReceivedTokens.String(), Currency: req.Token.Symbol},
			Fees: fees(
				fee{name: "gas", amount: quote.GasCharge, currency: gas},
				fee{name: "transaction", amount: quote.TransactionFee, currency: req.Fiat.Currency}),
			ExpiresAt: expires,
		},
	}, nil
}

// QuoteSell fetches a sell quote (provider 3.21), valid as QuoteBuy's is. The provider does not say whether its payout is net of fees and
// TDS; in its sample it is not. So both are deducted from what the user receives, in order never to promise more than arrives. If the
// quote names no TDS, the 1 % that is deducted from payouts (provider 13) is assumed and marked as an estimate.
func (c *Calls) QuoteSell(ctx context.Context, req QuoteSellRequest) (QuoteResult, error) {
	expires := now().Add(c.timings.QuoteLifetime).Truncate(time.Millisecond)
	ask, err := sellRequest(req)
	if err != nil {
		return QuoteResult{}, invalidRequest(err)
	}
	quote, err := c.provider.QuoteSell(ctx, ask)
	if err != nil {
		return QuoteResult{}, classify(ctx, err)
	}
	if !sameCurrency(quote.FiatCurrency, req.Fiat.Currency) {
		return QuoteResult{}, retryable(ctx, ErrUnavailable, errors.New("the provider's quote is in another currency than requested"), 0)
	}
	tds := fee{name: tdsFee, amount: quote.TDSFee.Decimal, currency: req.Fiat.Currency}
	if !quote.TDSFee.Valid {
		tds.amount, tds.estimated = estimatedTDS(quote.FiatAmount), true
	}
	charged := decimal.Sum(quote.TransactionFee, quote.GasFee, tds.amount)
	if !quote.FiatAmount.GreaterThan(charged) {
		return QuoteResult{}, retryable(ctx, ErrUnavailable, errors.New("the provider's quote pays out nothing after fees"), 0)
	}
	return QuoteResult{
		ProviderTime: quote.At,
		Quote: ramp.Quote{
			ID:      quoteID(""),
			Rate:    quote.Rate.String(),
			Pay:     ramp.Amount{Amount: quote.SellTokens.String(), Currency: req.Token.Symbol},
			Receive: fiat(quote.FiatAmount.Sub(charged), req.Fiat.Currency),
			Fees: fees(
				fee{name: "transaction", amount: quote.TransactionFee, currency: req.Fiat.Currency},
				fee{name: "gas", amount: quote.GasFee, currency: req.Fiat.Currency},
				tds),
			ExpiresAt: expires,
		},
	}, nil
}

func sellRequest(req QuoteSellRequest) (onmeta.QuoteSellRequest, error) {
	ask := onmeta.QuoteSellRequest{
		TokenSymbol:   req.Token.Symbol,
		TokenAddress:  req.Token.Address,
		ChainID:       req.Token.ChainID,
		FiatCurrency:  req.Fiat.Currency,
		SenderAddress: req.SenderWallet,
	}
	var err error
	if req.TokenAmount != "" {
		ask.TokenAmount, err = ramp.ParseAmount(req.TokenAmount)
		return ask, err
	}
	ask.FiatAmount, err = ramp.ParseAmount(req.Fiat.Amount)
	return ask, err
}

// quoteID returns the provider's id of the quote, or a new one if there is none, as for sell quotes, or it may not be shown. Users
// confirm a quote by its id.
func quoteID(given string) string {
	if isPlainID(given) {
		return given
	}
	return uuid.NewString()
}

// fiat writes an amount with two decimals, rounded down in order never to promise more than arrives.
func fiat(amount decimal.Decimal, currency string) ramp.Amount {
	return ramp.Amount{Amount: amount.Truncate(2).StringFixed(2), Currency: strings.ToUpper(currency)}
}

// estimatedTDS is the tax of 1 % that is deducted from a payout (provider 13), rounded up to a paisa.
func estimatedTDS(payout decimal.Decimal) decimal.Decimal {
	return payout.Mul(decimal.New(1, -2)).RoundCeil(2)
}

// tdsFee is the name of the tax among the fees of a quote.
const tdsFee = "tds"

type fee struct {
	name      string
	amount    decimal.Decimal
	currency  string
	estimated bool
}

func fees(charged ...fee) []ramp.Fee {
	var listed []ramp.Fee
	for _, f := range charged {
		if f.amount.IsPositive() {
			listed = append(listed, ramp.Fee{
				Name: f.name, Amount: ramp.Amount{Amount: f.amount.String(), Currency: f.currency}, Estimated: f.estimated,
			})
		}
	}
	return listed
}

// QuoteBuy runs the activity.
func QuoteBuy(ctx workflow.Context, req QuoteBuyRequest) (QuoteResult, error) {
	return call[QuoteResult](ctx, quotePolicy, "Fetch the price: "+req.Token.Symbol+" for "+req.Fiat.Text(), (*Calls)(nil).QuoteBuy, req)
}

// QuoteSell runs the activity.
func QuoteSell(ctx workflow.Context, req QuoteSellRequest) (QuoteResult, error) {
	return call[QuoteResult](ctx, quotePolicy, "Fetch the price: INR for "+req.Token.Symbol, (*Calls)(nil).QuoteSell, req)
}
