package activities

import (
	"context"
	"fmt"

	"github.com/shopspring/decimal"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"rampart/onmeta"
	"rampart/ramp"
)

// CreateOfframpOrderRequest is the order to make.
type CreateOfframpOrderRequest struct {
	Placement
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

// depositTolerance is how far, in per cent, the deposit may be from the amount ordered or quoted: prices move.
const depositTolerance = 5

// CreateOfframpOrder makes the order at the provider (wire 3.22). No history of off-ramp orders is known (wire 3.19), so that
// an attempt whose answer was lost is followed by one that makes another order. The first then stays without tokens
// for ever: its deposit wallet was shown to nobody. Its quote is as CreateOnrampOrder's.
func (c *Calls) CreateOfframpOrder(ctx context.Context, req CreateOfframpOrderRequest) (Created, error) {
	wire, err := req.wire()
	if err != nil {
		return Created{}, invalid(err)
	}
	// No login may come between a good quote and the order.
	if err := c.sessions.Open(ctx, req.Email); err != nil {
		return Created{}, classify(ctx, err)
	}
	req.Quote, err = req.goodQuote(func() (QuoteResult, error) {
		return c.QuoteSell(ctx, QuoteSellRequest{
			Token: req.Token, TokenAmount: req.TokenAmount, Fiat: req.Fiat, SenderWallet: req.SenderWallet,
		})
	})
	if err != nil {
		return Created{}, err
	}
	asked := now()
	order, err := c.provider.CreateOfframp(ctx, holder(req.Email, req.Holder), wire)
	if err != nil {
		return Created{}, classify(ctx, err)
	}
	deposit, err := req.deposit(order)
	if err != nil {
		return Created{}, err
	}
	return Created{
		OrderID:        order.OrderID,
		ProviderStatus: string(onmeta.OfframpCryptoInit),
		Lifetime:       c.timings.OrderLifetime,
		At:             asked,
		Instructions:   ramp.Instructions{Deposit: deposit},
		Quote:          &req.Quote,
	}, nil
}

// deposit is what the user must send, and where to. The provider once gave the amount in smallest units (wire 3.22), so
// that an amount which is not the one ordered is shown to nobody: it would send the user's tokens astray.
func (r CreateOfframpOrderRequest) deposit(order onmeta.OfframpCreated) (*ramp.Deposit, error) {
	expected := r.TokenAmount
	if expected == "" {
		expected = r.Quote.Pay.Amount
	}
	ordered, err := ramp.ParseAmount(expected)
	if err != nil {
		return nil, invalid(err)
	}
	if order.TokenAmount.Sub(ordered).Abs().GreaterThan(ordered.Mul(decimal.New(depositTolerance, -2))) {
		return nil, temporal.NewNonRetryableApplicationError(
			fmt.Sprintf("order %s wants a deposit of another amount than was ordered", order.OrderID), ErrRefused, nil,
			Refusal{Reason: "the provider's order asks for another amount of tokens than was ordered"})
	}
	return &ramp.Deposit{
		WalletAddress: order.ReceiverWallet,
		Amount:        order.TokenAmount.String(),
		Symbol:        r.Token.Symbol,
		ChainID:       r.Token.ChainID,
	}, nil
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
func CreateOfframpOrder(ctx workflow.Context, req CreateOfframpOrderRequest) (Created, error) {
	return call[Created](ctx, concludes, "Create the order: INR for "+req.Token.Symbol, (*Calls)(nil).CreateOfframpOrder, req)
}
