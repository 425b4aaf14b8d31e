package activities

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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
	CreateOrderRequest
	Fiat          ramp.Amount        `json:"fiat"`
	Token         ramp.Token         `json:"token"`
	WalletAddress string             `json:"walletAddress"`
	PaymentMethod ramp.PaymentMethod `json:"paymentMethod"`
	UPI           *ramp.UPIAccount   `json:"upi,omitempty"`
	Bank          *ramp.BankAccount  `json:"bank,omitempty"`
	Metadata      map[string]string  `json:"metadata,omitempty"`
}

// CreateOnrampOrder makes the order at the provider (provider 3.16), once: an attempt that follows one whose answer may have
// been lost first looks for its order in the user's history and adopts it. A quote that is no longer good is fetched
// again; it fails with QuoteExpired, and sends nothing, when the price is worse by then than the user agreed to.
func (c *Calls) CreateOnrampOrder(ctx context.Context, req CreateOnrampOrderRequest) (CreatedOrder, error) {
	if req.Reset {
		if err := c.first(ctx, req.Reference); err != nil {
			return CreatedOrder{}, err
		}
	}
	amount, err := ramp.ParseAmount(req.Fiat.Amount)
	if err != nil {
		return CreatedOrder{}, invalidRequest(err)
	}
	beneficiary, err := c.beneficiary(ctx, req.user(), req.PaymentMethod)
	if err != nil {
		return CreatedOrder{}, classify(ctx, lookupError(err))
	}
	if req.mayExist(ctx) {
		orderID, err := c.findOnrampOrder(ctx, req, amount)
		if err != nil {
			return CreatedOrder{}, classify(ctx, lookupError(err))
		}
		if orderID != "" {
			return c.adopted(req, orderID, beneficiary), nil
		}
	}
	// No login may come between a good quote and the order.
	if err := c.sessions.Open(ctx, req.Email); err != nil {
		return CreatedOrder{}, classify(ctx, err)
	}
	quote, err := req.goodQuote(ctx, func() (QuoteResult, error) {
		return c.QuoteBuy(ctx, QuoteBuyRequest{Fiat: req.Fiat, Token: req.Token})
	})
	if err != nil {
		return CreatedOrder{}, err
	}
	asked := now()
	order, err := c.provider.CreateOnramp(ctx, req.user(), req.wire(amount))
	if err != nil {
		return c.afterLostAnswer(ctx, req, amount, beneficiary, err)
	}
	created := CreatedOrder{
		OrderID:        order.OrderID,
		ProviderStatus: string(onmeta.OnrampFiatPending),
		Lifetime:       c.timings.OrderLifetime,
		At:             asked,
		Quote:          &quote,
	}
	c.instruct(&created, req.PaymentMethod, order, beneficiary)
	return created, nil
}

// adopted is an order that an earlier attempt made. What only the provider's answer told, how to pay by UPI, is lost.
func (c *Calls) adopted(req CreateOnrampOrderRequest, orderID string, beneficiary *ramp.Beneficiary) CreatedOrder {
	created := CreatedOrder{
		OrderID:        orderID,
		ProviderStatus: string(onmeta.OnrampFiatPending),
		Lifetime:       c.remainingLife(req.CreateOrderRequest),
		At:             now(),
		Adopted:        true,
	}
	c.instruct(&created, req.PaymentMethod, onmeta.OnrampCreated{OrderID: orderID}, beneficiary)
	return created
}

// instruct takes over whatever the provider's answer tells of how to pay. Some of QR code, VPA and links are enough to pay by
// UPI; for none of them there is the provider's own checkout, where one is configured (provider 13). An answer that names an account
// of its own for a transfer counts before the listed one, and a bad one is not made good by it.
func (c *Calls) instruct(created *CreatedOrder, method ramp.PaymentMethod, order onmeta.OnrampCreated, listed *ramp.Beneficiary) {
	switch {
	case method != ramp.UPI && order.Beneficiary != nil:
		bank, err := bankInstructions(order.Beneficiary)
		var left doubts
		if err != nil {
			left.add(err.Error())
		}
		created.instruct(ramp.Instructions{Bank: bank}, left, "")
	case method != ramp.UPI:
		created.instruct(ramp.Instructions{Bank: listed}, nil, "")
	default:
		upi, left := upiInstructions(order)
		created.instruct(ramp.Instructions{UPI: upi}, left, c.checkoutOf(order.OrderID))
	}
}

// checkoutOf is the page of the provider on which an order can be paid; empty where none is configured.
func (c *Calls) checkoutOf(orderID string) string {
	if c.checkout == nil {
		return ""
	}
	page := *c.checkout
	query := page.Query()
	query.Set("orderId", orderID)
	page.RawQuery = query.Encode()
	return page.String()
}

// slowestCommit is how long after a creation was sent the provider may still make the order. Nothing tells how long it really
// takes; our client gives up after 15 seconds, and gateways after 30 or 60 as a rule.
const slowestCommit = 45 * time.Second

const (
	// commitUsually is how soon after a lost answer the provider's history usually has the order.
	commitUsually = 2 * time.Second
	// earlyAttempts are those that look that soon: in an outage that lasts, the look of the next attempt is enough.
	earlyAttempts = 3
)

// afterLostAnswer looks for the order that a call without a usable answer may have made. Should the history not have it yet,
// the next attempt waits until the provider must have made it if it ever does: only then may a history be believed that
// does not have it.
func (c *Calls) afterLostAnswer(
	ctx context.Context, req CreateOnrampOrderRequest, amount decimal.Decimal, beneficiary *ramp.Beneficiary, lost error,
) (CreatedOrder, error) {
	if !mayStillBeMade(lost) {
		return CreatedOrder{}, classify(ctx, lost)
	}
	settled := now().Add(slowestCommit)
	attempt := activity.GetInfo(ctx).Attempt
	if attempt <= earlyAttempts && wait(ctx, commitUsually) == nil {
		orderID, err := c.findOnrampOrder(ctx, req, amount)
		if err == nil && orderID != "" {
			return c.adopted(req, orderID, beneficiary), nil
		}
	}
	pause := max(time.Until(settled), retryPause(attempt, 0))
	return CreatedOrder{}, retryable(ctx, ErrUnavailable, lost, pause)
}

// mayStillBeMade reports whether the provider may be making an order whose answer did not come: the call went out, and what came
// back, if anything, was not the provider's own word. An error that the provider itself answered is the end of that call.
func mayStillBeMade(err error) bool {
	var provider *onmeta.Error
	if !errors.As(err, &provider) || provider.Route != onmeta.RouteCreateOnramp || provider.Reached == onmeta.NotSent {
		return false
	}
	switch provider.Status {
	case 0, http.StatusRequestTimeout, http.StatusBadGateway, http.StatusGatewayTimeout:
		return true
	default:
		return provider.Kind == onmeta.KindMalformed
	}
}

// wait blocks for so long, or until the attempt ends or its worker stops.
func wait(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-activity.GetWorkerStopChannel(ctx):
		return context.Canceled
	}
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
		wire.UPI = &onmeta.UPIAccount{ID: string(r.UPI.ID), Name: string(r.UPI.Name)}
	}
	if r.Bank != nil {
		wire.Bank = &onmeta.PayerBank{AccountName: string(r.Bank.AccountName), AccountNumber: string(r.Bank.AccountNumber), IFSC: string(r.Bank.IFSC)}
	}
	return wire
}

// remainingLife is what is left of an adopted order's life, at the least: the order is no older than the quote that is
// looked from, give or take the clocks.
func (c *Calls) remainingLife(p CreateOrderRequest) time.Duration {
	quoted := p.Quote.ExpiresAt.Add(-c.timings.QuoteLifetime)
	return max(c.timings.OrderLifetime-max(time.Since(quoted), 0), 0)
}

// beneficiary is the account that IMPS and NEFT payments go to, unless the order's own answer names another. The provider
// publishes it with its currencies (provider 3.15), so that it is asked for before the order is made.
func (c *Calls) beneficiary(ctx context.Context, user onmeta.User, method ramp.PaymentMethod) (*ramp.Beneficiary, error) {
	if method == ramp.UPI {
		return nil, nil
	}
	currencies, err := c.provider.Currencies(ctx, user)
	if err != nil {
		return nil, err
	}
	for _, currency := range currencies {
		for _, mode := range currency.PaymentModes {
			if currency.Code == ramp.INR && mode.Code == string(method) && mode.Beneficiary != nil {
				return bankInstructions(mode.Beneficiary)
			}
		}
	}
	return nil, fmt.Errorf("the provider lists no account to pay to by %s", method)
}

// historyPages bounds the search for an order; ten orders a page, newest first (provider 3.19).
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
		ours, err := c.claims.Claim(ctx, orderID, activity.GetInfo(ctx).WorkflowExecution.ID)
		if err != nil {
			return "", err
		}
		if ours {
			return orderID, nil
		}
	}
	return "", nil
}

// historyClock is how far the clock of the provider's history may be behind the clock that dates its answers.
const historyClock = time.Minute

// alike lists the orders that an earlier attempt may have made, newest first: the same amount, token, receiver and, where the
// history tells it, payment method; not older than the quote, as far as clocks agree; and unpaid, for nobody was told how
// to pay it.
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
			if order.CreatedAt.Before(req.NotBefore.Add(-historyClock)) {
				return found, nil
			}
			if !req.describes(order, amount) {
				continue
			}
			if order.OrderID == "" {
				return nil, errors.New("the provider's history has an order that may be this one, under an id that is none")
			}
			found = append(found, order.OrderID)
		}
	}
	return found, nil
}

func (r CreateOnrampOrderRequest) describes(order onmeta.HistoryOrder, amount decimal.Decimal) bool {
	return onrampMeaning(order.Status).unpaid &&
		order.Amount.Valid && order.Amount.Decimal.Equal(amount) &&
		order.ChainID == r.Token.ChainID &&
		ramp.SameAddress(order.ChainID, order.TokenAddress, r.Token.Address) &&
		ramp.SameAddress(order.ChainID, order.ReceiverWallet, r.WalletAddress) &&
		(order.PaymentMode == "" || strings.EqualFold(order.PaymentMode, string(r.PaymentMethod)))
}

// CreateOnrampOrder runs the activity.
func CreateOnrampOrder(ctx workflow.Context, req CreateOnrampOrderRequest) (CreatedOrder, error) {
	return call[CreatedOrder](ctx, concludes, "Create the order: "+req.Token.Symbol+" for "+req.Fiat.Text(), (*Calls)(nil).CreateOnrampOrder, req)
}
