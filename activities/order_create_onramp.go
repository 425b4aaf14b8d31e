package activities

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/workflow"

	"rampart/onmeta"
	"rampart/ramp"
)

// CreateOnrampOrderRequest is the order to make.
type CreateOnrampOrderRequest struct {
	Placement
	Fiat          ramp.Amount        `json:"fiat"`
	Token         ramp.Token         `json:"token"`
	WalletAddress string             `json:"walletAddress"`
	PaymentMethod ramp.PaymentMethod `json:"paymentMethod"`
	UPI           *ramp.UPIAccount   `json:"upi,omitempty"`
	Bank          *ramp.BankAccount  `json:"bank,omitempty"`
	Metadata      map[string]string  `json:"metadata,omitempty"`
}

// CreateOnrampOrder makes the order at the provider (wire 3.16), once: an attempt that follows one whose answer may have
// been lost first looks for its order in the user's history and adopts it. A quote that
// is no longer good is fetched again; it fails with QuoteExpired, and sends nothing, when the price has dropped below
// what the user agreed to.
func (c *Calls) CreateOnrampOrder(ctx context.Context, req CreateOnrampOrderRequest) (Created, error) {
	amount, err := ramp.ParseAmount(req.Fiat.Amount)
	if err != nil {
		return Created{}, invalid(err)
	}
	beneficiary, err := c.beneficiary(ctx, req)
	if err != nil {
		return Created{}, classify(ctx, lookup(err))
	}
	created := Created{
		ProviderStatus: string(onmeta.OnrampFiatPending),
		Lifetime:       c.timings.OrderLifetime,
		Instructions:   ramp.Instructions{Bank: beneficiary},
	}
	if req.mayExist(ctx) {
		created.OrderID, err = c.findOnrampOrder(ctx, req, amount)
		if err != nil {
			return Created{}, classify(ctx, lookup(err))
		}
		if created.OrderID != "" {
			created.Adopted, created.At, created.Lifetime = true, now(), c.remainingLife(req.Placement)
			return created, nil
		}
	}
	// No login may come between a good quote and the order.
	if err := c.sessions.Open(ctx, req.Email); err != nil {
		return Created{}, classify(ctx, err)
	}
	quote, err := req.goodQuote(func() (QuoteResult, error) {
		return c.QuoteBuy(ctx, QuoteBuyRequest{Fiat: req.Fiat, Token: req.Token})
	})
	if err != nil {
		return Created{}, err
	}
	created.At = now()
	order, err := c.provider.CreateOnramp(ctx, req.user(), req.wire(amount))
	if err != nil {
		return Created{}, classify(ctx, err)
	}
	created.OrderID, created.Quote = order.OrderID, &quote
	switch {
	case req.PaymentMethod != ramp.UPI && order.Beneficiary != nil:
		created.Instructions.Bank = bankInstructions(order.Beneficiary)
	case order.QR != "" || order.VPA != "":
		created.Instructions.UPI = &ramp.UPIInstructions{QR: order.QR, VPA: order.VPA, DeepLinks: deepLinks(order.DeepLinks)}
	case req.PaymentMethod == ramp.UPI: // the next attempt adopts the order, and says that its instructions are lost
		return Created{}, classify(ctx, errors.New("the provider's answer does not say how to pay by UPI"))
	}
	return created, nil
}

func (r CreateOnrampOrderRequest) user() onmeta.User {
	return AccountRequest{Email: r.Email, UPI: r.UPI, Bank: r.Bank}.user()
}

func (r CreateOnrampOrderRequest) wire(amount decimal.Decimal) onmeta.CreateOnrampRequest {
	wire := onmeta.CreateOnrampRequest{
		TokenSymbol:     r.Token.Symbol,
		TokenAddress:    r.Token.Address,
		ChainID:         r.Token.ChainID,
		FiatCurrency:    r.Fiat.Currency,
		FiatAmount:      amount,
		ReceiverAddress: r.WalletAddress,
		PaymentMode:     string(r.PaymentMethod),
		MetaData:        r.metadata(r.Metadata),
	}
	if r.UPI != nil {
		wire.UPI = &onmeta.UPIAccount{ID: r.UPI.ID, Name: r.UPI.Name}
	}
	if r.Bank != nil {
		wire.Bank = &onmeta.PayerBank{AccountName: r.Bank.AccountName, AccountNumber: r.Bank.AccountNumber, IFSC: r.Bank.IFSC}
	}
	return wire
}

// remainingLife is what is left of an adopted order's life, at the least: the order is no older than its quote.
func (c *Calls) remainingLife(p Placement) time.Duration {
	quoted := p.Quote.ExpiresAt.Add(-c.timings.QuoteLifetime)
	return max(c.timings.OrderLifetime-max(time.Since(quoted), 0), 0)
}

// beneficiary is the account that IMPS and NEFT payments go to, unless the order's own answer names another. The provider
// publishes it with its currencies (wire 3.15), so that it is asked for before the order is made.
func (c *Calls) beneficiary(ctx context.Context, req CreateOnrampOrderRequest) (*ramp.Beneficiary, error) {
	if req.PaymentMethod == ramp.UPI {
		return nil, nil
	}
	currencies, err := c.provider.Currencies(ctx, req.user())
	if err != nil {
		return nil, err
	}
	for _, currency := range currencies {
		for _, mode := range currency.PaymentModes {
			if currency.Code == ramp.INR && mode.Code == string(req.PaymentMethod) && mode.Beneficiary != nil {
				return bankInstructions(mode.Beneficiary), nil
			}
		}
	}
	return nil, fmt.Errorf("the provider lists no account to pay to by %s", req.PaymentMethod)
}

func bankInstructions(to *onmeta.Beneficiary) *ramp.Beneficiary {
	return &ramp.Beneficiary{Name: to.Name, AccountNumber: to.AccountNumber, IFSC: to.IFSC}
}

// historyPages bounds the search for an order; ten orders a page, newest first (wire 3.19).
const historyPages = 20

// findOnrampOrder looks for an order that an earlier attempt has made, and that is no other order's of ours. The oldest comes
// first: one that an earlier attempt has claimed, and died before it said so, is older than any that others have made
// since, and would be nobody's if one of those were taken.
func (c *Calls) findOnrampOrder(ctx context.Context, req CreateOnrampOrderRequest, amount decimal.Decimal) (string, error) {
	alike, err := c.alike(ctx, req, amount)
	if err != nil {
		return "", err
	}
	for _, orderID := range slices.Backward(alike) {
		ours, err := c.owners.Claim(ctx, orderID, activity.GetInfo(ctx).WorkflowExecution.ID)
		if err != nil {
			return "", err
		}
		if ours {
			return orderID, nil
		}
	}
	return "", nil
}

// alike lists the orders that an earlier attempt may have made, newest first: the same amount, token and receiver, not older
// than the quote, and unpaid, for nobody was told how to pay it.
func (c *Calls) alike(ctx context.Context, req CreateOnrampOrderRequest, amount decimal.Decimal) ([]string, error) {
	var found []string
	for page := range historyPages {
		orders, err := c.provider.OrderHistory(ctx, req.user(), page)
		if err != nil || len(orders) == 0 {
			return found, err
		}
		for _, order := range orders {
			if order.CreatedAt.IsZero() {
				continue
			}
			if order.CreatedAt.Before(req.Since) {
				return found, nil
			}
			if req.describes(order, amount) {
				found = append(found, order.OrderID)
			}
		}
	}
	return found, nil
}

func (r CreateOnrampOrderRequest) describes(order onmeta.HistoryOrder, amount decimal.Decimal) bool {
	return onrampMeaning(order.Status).unpaid &&
		order.Amount.Valid && order.Amount.Decimal.Equal(amount) &&
		order.ChainID == r.Token.ChainID &&
		strings.EqualFold(order.TokenAddress, r.Token.Address) &&
		strings.EqualFold(order.ReceiverWallet, r.WalletAddress)
}

// CreateOnrampOrder runs the activity.
func CreateOnrampOrder(ctx workflow.Context, req CreateOnrampOrderRequest) (Created, error) {
	return call[Created](ctx, concludes, "Create the order: "+req.Token.Symbol+" for "+req.Fiat.Text(), (*Calls)(nil).CreateOnrampOrder, req)
}
