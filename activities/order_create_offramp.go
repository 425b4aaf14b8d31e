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

// CreateOfframpOrderRequest is the off-ramp order to create.
type CreateOfframpOrderRequest struct {
	CreateOrderRequest
	Token        ramp.Token  `json:"token"`
	TokenAmount  string      `json:"tokenAmount,omitempty"`
	Fiat         ramp.Amount `json:"fiat"`
	SenderWallet string      `json:"senderWallet"`
	RefundWallet string      `json:"refundWallet"`
	// AccountNumber is the number of the payout account, masked to its last four digits.
	AccountNumber ramp.AccountNumber `json:"accountNumber"`
	IFSC          ramp.Personal      `json:"ifsc"`
	Metadata      ramp.Metadata      `json:"metadata,omitempty"`
	// Holder is the name of the account's holder, which is hidden in the provider's texts.
	Holder ramp.Personal `json:"holder,omitempty"`
}

// priceTolerance is by how many per cent the provider's order may be worse than the quote if the user set no limit: prices move.
const priceTolerance = 5

// CreateOfframpOrder creates the order at the provider (provider 3.22). There is no history of off-ramp orders (provider 3.19), so an
// attempt whose answer was lost is followed by one that creates another order. The first order then never receives tokens, because its
// deposit wallet was not shown to anybody. An expired quote is handled as in CreateOnrampOrder. An order at a worse price than the user
// agreed to is abandoned in the same way and fails with QuoteExpired: the user must agree to its price.
func (c *Calls) CreateOfframpOrder(ctx context.Context, req CreateOfframpOrderRequest) (CreatedOrder, error) {
	if req.Reset {
		if err := c.checkFirstRun(ctx, req.Reference); err != nil {
			return CreatedOrder{}, err
		}
	}
	wire, err := req.wire()
	if err != nil {
		return CreatedOrder{}, invalidRequest(err)
	}
	// A login between a valid quote and the order could outlast the quote.
	if err := c.sessions.Open(ctx, req.Email); err != nil {
		return CreatedOrder{}, classify(ctx, err)
	}
	req.Quote, err = req.validQuote(ctx, func(ctx context.Context) (QuoteResult, error) {
		return c.QuoteSell(ctx, QuoteSellRequest{
			Token: req.Token, TokenAmount: req.TokenAmount, Fiat: req.Fiat, SenderWallet: req.SenderWallet,
		})
	})
	if err != nil {
		return CreatedOrder{}, err
	}
	asked := now()
	order, err := c.provider.CreateOfframp(onmeta.SendBy(ctx, sendBy(req.Quote)), holder(req.Email, req.Holder), wire)
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
	deposit, left := req.depositInstructions(order, own.Pay.Amount)
	created.setInstructions(ramp.Instructions{Deposit: deposit}, left, "")
	return created, nil
}

// ownQuote returns the price of the provider's order, which the provider sets by itself. Its payout is before fees and TDS, as the
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

// taxOn returns the tax on a payout. It grows in proportion to the payout, from the tax that the quote named for its own.
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
	const paisa = 2 // decimals: the quote's amount was truncated there
	if !payout.Truncate(paisa).GreaterThan(quoted.RoundCeil(paisa)) {
		return named
	}
	return named.Mul(payout).Div(quoted).RoundCeil(paisa)
}

// rateDecimals is the precision of a rate that is computed here.
const rateDecimals = 6

// checkOfframp compares the provider's order with what was ordered, before the deposit wallet is shown. The provider has given amounts in
// smallest units (provider 3.22); tokens sent by such an amount could be lost, so an order for another token amount than the ordered
// one is refused. On staging every order is for an amount that the provider fixes (provider 13); there the difference is only noted.
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
				fmt.Sprintf("order %s asks for a deposit of another amount than was ordered", order.OrderID), ErrRefused, nil,
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
	return "", quoteExpired(fmt.Sprintf("order %s is at a worse price than the user agreed to; its payment instructions are withheld", order.OrderID),
		StaleQuote{OrderMayExist: req.orderMayExist(ctx), Quote: &own, OrderID: order.OrderID})
}

// acceptsOrder reports whether the user agreed to the order's own price. On a side without a limit it may be worse than the quote by
// priceTolerance.
func (r CreateOfframpOrderRequest) acceptsOrder(own ramp.Quote) bool {
	limits := r.CreateOrderRequest
	limits.MinReceived = cmp.Or(limits.MinReceived, scaled(r.Quote.Receive.Amount, 100-priceTolerance))
	limits.MaxPaid = cmp.Or(limits.MaxPaid, scaled(r.Quote.Pay.Amount, 100+priceTolerance))
	return limits.accepts(own)
}

// scaled returns a percentage of an amount; empty if it is not an amount.
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
	return call[CreatedOrder](ctx, orderPolicy, "Create the order: INR for "+req.Token.Symbol, (*Calls)(nil).CreateOfframpOrder, req)
}
