package activities

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"rampart/onmeta"
	"rampart/ramp"
)

// CreateOfframpOrderRequest is the order to make.
type CreateOfframpOrderRequest struct {
	CreateOrderRequest
	Token        ramp.Token  `json:"token"`
	TokenAmount  string      `json:"tokenAmount,omitempty"`
	Fiat         ramp.Amount `json:"fiat"`
	SenderWallet string      `json:"senderWallet"`
	RefundWallet string      `json:"refundWallet"`
	// AccountNumber of the payout account, masked to its last four digits.
	AccountNumber string            `json:"accountNumber"`
	IFSC          string            `json:"ifsc"`
	Metadata      map[string]string `json:"metadata,omitempty"`
	// Holder is the name that the user's account is in, hidden in what the provider says.
	Holder string `json:"holder,omitempty"`
}

// priceTolerance is how much worse, in per cent, the provider's order may be than the quote, where the user named no limit:
// prices move.
const priceTolerance = 5

// CreateOfframpOrder makes the order at the provider (provider 3.22). No history of off-ramp orders is known (provider 3.19), so that
// an attempt whose answer was lost is followed by one that makes another order. The first then stays without tokens
// for ever: its deposit wallet was shown to nobody. The quote is as CreateOnrampOrder's. An order whose own figures are
// worse than the user agreed to is left the same way, and fails with QuoteExpired: the user must agree to its price.
func (c *Calls) CreateOfframpOrder(ctx context.Context, req CreateOfframpOrderRequest) (CreatedOrder, error) {
	if req.Reset {
		if err := c.first(ctx, req.Reference); err != nil {
			return CreatedOrder{}, err
		}
	}
	wire, err := req.wire()
	if err != nil {
		return CreatedOrder{}, invalidRequest(err)
	}
	// No login may come between a good quote and the order.
	if err := c.sessions.Open(ctx, req.Email); err != nil {
		return CreatedOrder{}, classify(ctx, err)
	}
	req.Quote, err = req.goodQuote(ctx, func() (QuoteResult, error) {
		return c.QuoteSell(ctx, QuoteSellRequest{
			Token: req.Token, TokenAmount: req.TokenAmount, Fiat: req.Fiat, SenderWallet: req.SenderWallet,
		})
	})
	if err != nil {
		return CreatedOrder{}, err
	}
	asked := now()
	order, err := c.provider.CreateOfframp(ctx, holder(req.Email, req.Holder), wire)
	if err != nil {
		return CreatedOrder{}, classify(ctx, err)
	}
	own := req.ownQuote(order)
	note, err := c.checkOfframp(ctx, req, order, own)
	if err != nil {
		return CreatedOrder{}, err
	}
	created := CreatedOrder{
		OrderID:        order.OrderID,
		ProviderStatus: string(onmeta.OfframpCryptoInit),
		Lifetime:       c.timings.OrderLifetime,
		At:             asked,
		Quote:          &own,
		Note:           note,
	}
	deposit, left := req.deposit(order, own.Pay.Amount)
	created.instruct(ramp.Instructions{Deposit: deposit}, left, "")
	return created, nil
}

// ownQuote is the price that the provider's order has: it prices the order by itself. Its payout is before fees and TDS, as the
// quote's is.
func (r CreateOfframpOrderRequest) ownQuote(order onmeta.OfframpCreated) ramp.Quote {
	own := r.Quote
	own.Fees = slices.Clone(r.Quote.Fees)
	charged := decimal.Zero
	for i, fee := range own.Fees {
		amount, err := fee.Decimal()
		if err != nil {
			continue
		}
		switch {
		case fee.Estimated:
			amount = estimatedTDS(order.FiatAmount)
		case fee.Name == tdsFee:
			amount = taxOn(order.FiatAmount, amount, r.Quote)
		}
		own.Fees[i].Amount.Amount = amount.String()
		charged = charged.Add(amount)
	}
	own.Pay.Amount = order.TokenAmount.String()
	own.Receive = fiat(order.FiatAmount.Sub(charged), r.Fiat.Currency)
	if order.TokenAmount.IsPositive() {
		own.Rate = order.FiatAmount.DivRound(order.TokenAmount, rateDecimals).String()
	}
	return own
}

// taxOn is the tax on a payout, by the tax that a quote named of its own: it grows with the payout.
func taxOn(payout, named decimal.Decimal, quote ramp.Quote) decimal.Decimal {
	quoted, err := quote.Receive.Decimal()
	if err != nil {
		return named
	}
	for _, fee := range quote.Fees {
		if charged, err := fee.Decimal(); err == nil {
			quoted = quoted.Add(charged)
		}
	}
	const paisa = 2 // what the user receives by the quote was cut there
	if !payout.Truncate(paisa).GreaterThan(quoted.RoundCeil(paisa)) {
		return named
	}
	return named.Mul(payout).Div(quoted).RoundCeil(paisa)
}

// rateDecimals are those of a rate that is reckoned here.
const rateDecimals = 6

// checkOfframp compares the provider's order with what was ordered, before anybody is told where to send tokens. The provider
// once gave the amount in smallest units (provider 3.22): one that is not the fixed amount ordered would send the user's tokens
// astray, and is refused. On staging every order is for a fixed amount of the provider's (provider 13), which is only noted.
func (c *Calls) checkOfframp(
	ctx context.Context, req CreateOfframpOrderRequest, order onmeta.OfframpCreated, own ramp.Quote,
) (note string, err error) {
	if req.TokenAmount != "" {
		ordered, err := ramp.ParseAmount(req.TokenAmount)
		if err != nil {
			return "", invalidRequest(err)
		}
		switch {
		case order.TokenAmount.Equal(ordered):
		case c.staging:
			return fmt.Sprintf("The provider's staging environment asks for %s, not for what was ordered.", own.Pay.Text()), nil
		default:
			return "", temporal.NewNonRetryableApplicationError(
				fmt.Sprintf("order %s wants a deposit of another amount than was ordered", order.OrderID), ErrRefused, nil,
				Refusal{Reason: "the provider's order asks for another amount of tokens than was ordered"})
		}
	}
	switch {
	case req.acceptsOrder(own):
		return "", nil
	case c.staging:
		return "The provider's staging environment asks for other amounts than were quoted.", nil
	}
	own.ID, own.ExpiresAt = quoteID(""), now().Add(c.timings.QuoteLifetime).Truncate(time.Millisecond)
	return "", quoteExpired(fmt.Sprintf("order %s is at a worse price than the user agreed to; nobody is told how to pay it", order.OrderID),
		StaleQuote{OrderMayExist: req.mayExist(ctx), Quote: &own, OrderID: order.OrderID})
}

// acceptsOrder reports whether the user agreed to the order's own price. On a side that they named no limit for, it may be a
// little worse than the quote.
func (r CreateOfframpOrderRequest) acceptsOrder(own ramp.Quote) bool {
	terms := r.CreateOrderRequest
	terms.MinReceived = cmp.Or(terms.MinReceived, scaled(r.Quote.Receive.Amount, 100-priceTolerance))
	terms.MaxPaid = cmp.Or(terms.MaxPaid, scaled(r.Quote.Pay.Amount, 100+priceTolerance))
	return terms.accepts(own)
}

// scaled is so many per cent of an amount; empty for what is no amount.
func scaled(amount string, percent int64) string {
	d, err := ramp.Amount{Amount: amount}.Decimal()
	if err != nil {
		return ""
	}
	return d.Mul(decimal.New(percent, -2)).String()
}

func (r CreateOfframpOrderRequest) wire() (onmeta.CreateOfframpRequest, error) {
	wire := onmeta.CreateOfframpRequest{
		TokenSymbol:  r.Token.Symbol,
		TokenAddress: r.Token.Address,
		ChainID:      r.Token.ChainID,
		FiatCurrency: r.Fiat.Currency,
		SenderWallet: r.SenderWallet,
		RefundWallet: r.RefundWallet,
		Bank:         onmeta.PayoutBank{AccountNumber: r.AccountNumber, IFSC: r.IFSC},
		MetaData:     r.metadata(r.Metadata),
	}
	var err error
	if r.TokenAmount != "" {
		wire.TokenAmount, err = ramp.ParseAmount(r.TokenAmount)
		return wire, err
	}
	wire.FiatAmount, err = ramp.ParseAmount(r.Fiat.Amount)
	return wire, err
}

// CreateOfframpOrder runs the activity.
func CreateOfframpOrder(ctx workflow.Context, req CreateOfframpOrderRequest) (CreatedOrder, error) {
	return call[CreatedOrder](ctx, concludes, "Create the order: INR for "+req.Token.Symbol, (*Calls)(nil).CreateOfframpOrder, req)
}
