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

// CreateOnrampOrderRequest is the on-ramp order to create.
type CreateOnrampOrderRequest struct {
	CreateOrderRequest
	Fiat          ramp.Amount        `json:"fiat"`
	Token         ramp.Token         `json:"token"`
	WalletAddress string             `json:"walletAddress"`
	PaymentMethod ramp.PaymentMethod `json:"paymentMethod"`
	UPI           *ramp.UPIAccount   `json:"upi,omitempty"`
	Bank          *ramp.BankAccount  `json:"bank,omitempty"`
	Metadata      ramp.Metadata      `json:"metadata,omitempty"`
}

// CreateOnrampOrder creates the order at the provider (provider 3.16). If the answer of an earlier attempt may have been lost, it first
// searches the user's order history for that attempt's order and returns it as adopted; the workflow replaces one without instructions.
// An order by bank transfer is created at most once: an attempt knows until when the provider may still create the order that the one before
// asked for. An expired quote is fetched again; if the price is worse by then than the user agreed to, the activity fails with
// QuoteExpired and creates nothing.
func (c *Calls) CreateOnrampOrder(ctx context.Context, req CreateOnrampOrderRequest) (CreatedOrder, error) {
	var attempt *creationAttempt
	if req.atMostOnce() {
		attempt = c.beginCreation(ctx, req.CommitsUntil)
	}
	if req.Reset {
		if err := c.checkFirstRun(ctx, req.Reference); err != nil {
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
	if req.orderMayExist(ctx) || attempt.pending() {
		orderID, err := attempt.search(ctx, func() (string, error) { return c.findOnrampOrder(ctx, req, amount, attempt.pending()) })
		if err != nil {
			return CreatedOrder{}, classify(ctx, lookupError(err))
		}
		if orderID != "" {
			return c.adopted(req, orderID, beneficiary), nil
		}
	}
	// A login between a valid quote and the order could outlast the quote.
	if err := c.sessions.Open(ctx, req.Email); err != nil {
		return CreatedOrder{}, classify(ctx, err)
	}
	quote, err := req.validQuote(ctx, func(ctx context.Context) (QuoteResult, error) {
		return c.QuoteBuy(ctx, QuoteBuyRequest{Fiat: req.Fiat, Token: req.Token})
	})
	if err != nil {
		return CreatedOrder{}, err
	}
	asking, err := attempt.announce(ctx, sendBy(quote))
	if err != nil {
		return CreatedOrder{}, classify(ctx, err)
	}
	asked := now()
	order, err := c.provider.CreateOnramp(asking, req.user(), req.wire(amount))
	if err != nil && !mayStillCommit(err) {
		attempt.clear(ctx)
		return CreatedOrder{}, classify(ctx, err)
	}
	if err != nil {
		return c.afterLostAnswer(ctx, req, attempt, amount, beneficiary, err)
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

// adopted is an order that an earlier attempt created. Its UPI instructions, which only the provider's answer holds, are lost.
func (c *Calls) adopted(req CreateOnrampOrderRequest, orderID string, beneficiary *ramp.Beneficiary) CreatedOrder {
	created := CreatedOrder{
		OrderID:        orderID,
		ProviderStatus: string(onmeta.OnrampFiatPending),
		Lifetime:       c.remainingLifetime(req.CreateOrderRequest),
		At:             now(),
		Adopted:        true,
		Keep:           !c.replaces(req),
	}
	c.instruct(&created, req.PaymentMethod, onmeta.OnrampCreated{OrderID: orderID}, beneficiary)
	return created
}

// instruct sets the payment instructions from the provider's answer. One of QR code, VPA and links is enough to pay by UPI; without any
// there is the provider's checkout page, if one is configured (provider 13). For a bank transfer the account in the answer takes
// precedence over the listed one, which does not replace an invalid account either.
func (c *Calls) instruct(created *CreatedOrder, method ramp.PaymentMethod, order onmeta.OnrampCreated, listed *ramp.Beneficiary) {
	switch {
	case method != ramp.UPI && order.Beneficiary != nil:
		bank, err := bankInstructions(order.Beneficiary)
		var left omissions
		if err != nil {
			left.add(err.Error())
		}
		created.setInstructions(ramp.Instructions{Bank: bank}, left, "")
	case method != ramp.UPI:
		created.setInstructions(ramp.Instructions{Bank: listed}, nil, "")
	default:
		upi, left := upiInstructions(order)
		created.setInstructions(ramp.Instructions{UPI: upi}, left, c.checkoutOf(order.OrderID))
	}
}

// checkoutOf returns the provider's page on which the order can be paid; empty if none is configured.
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

const (
	// maxCommitDelay is how long after the request the provider may still create the order. It is an assumption: our client gives up
	// after 15 seconds, and gateways usually after 30 or 60.
	maxCommitDelay = 45 * time.Second
	// usualCommitDelay is how soon after a lost answer the provider's history usually shows the order.
	usualCommitDelay = 2 * time.Second
	// earlySearches is how many attempts search the history that soon. In a longer outage the search of the next attempt is enough.
	earlySearches = 3
)

// afterLostAnswer searches for the order that a call without a usable answer may have created. If the history does not show it yet, the
// next attempt waits until the provider must have created the order if it ever does: only then does its absence from the history
// prove that there is none.
func (c *Calls) afterLostAnswer(
	ctx context.Context, req CreateOnrampOrderRequest, attempt *creationAttempt, amount decimal.Decimal, beneficiary *ramp.Beneficiary, lost error,
) (CreatedOrder, error) {
	committed := now().Add(maxCommitDelay)
	attempt.lost(ctx, committed.Add(clockDifference))
	number := activity.GetInfo(ctx).Attempt
	if number <= earlySearches && wait(ctx, usualCommitDelay) == nil {
		orderID, err := c.findOnrampOrder(ctx, req, amount, true)
		if err == nil && orderID != "" {
			return c.adopted(req, orderID, beneficiary), nil
		}
	}
	pause := max(time.Until(committed), retryPause(number, 0))
	return CreatedOrder{}, retryable(ctx, ErrUnavailable, lost, pause)
}

// mayStillCommit reports whether the provider may still create the order of a failed call: the request was sent, and the provider itself
// has not answered. An error that the provider answered ends the call.
func mayStillCommit(err error) bool {
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

// wait blocks for the pause, or until the attempt ends or its worker stops.
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
		UPI:             (*onmeta.UPIAccount)(r.UPI),
		MetaData:        r.metadata(r.Metadata),
	}
	if r.Bank != nil {
		wire.Bank = &onmeta.PayerBank{AccountName: r.Bank.AccountName, AccountNumber: r.Bank.AccountNumber, IFSC: r.Bank.IFSC}
	}
	return wire
}

// remainingLifetime is the least that is left of an adopted order's lifetime: the order is no older than the quote, apart from clock
// differences.
func (c *Calls) remainingLifetime(req CreateOrderRequest) time.Duration {
	quoted := req.Quote.ExpiresAt.Add(-c.timings.QuoteLifetime)
	return max(c.timings.OrderLifetime-max(time.Since(quoted), 0), 0)
}

// beneficiary returns the account that IMPS and NEFT payments go to, unless the order's own answer names another; nil for UPI. The
// provider lists it with its currencies (provider 3.15), and it is fetched before the order is created.
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

// maxHistoryPages bounds the search for an order. A page has ten orders, newest first (provider 3.19).
const maxHistoryPages = 20

// findOnrampOrder searches for an order that an earlier attempt created and that does not belong to another order of ours. It tries the
// oldest first: an earlier attempt may have claimed it and crashed before it returned. Such an order is older than those that others
// have created since; if one of those were taken instead, it would belong to nobody. While the provider may still create the one that is
// looked for, one that another order of the user may have created is left alone.
func (c *Calls) findOnrampOrder(ctx context.Context, req CreateOnrampOrderRequest, amount decimal.Decimal, pending bool) (string, error) {
	candidates, err := c.candidates(ctx, req, amount)
	if err != nil {
		return "", err
	}
	claimant := c.claimant(ctx, req.Email)
	claimant.OnlyIfAlone = pending
	for _, orderID := range slices.Backward(candidates) {
		ours, err := c.claim(ctx, req, orderID, claimant)
		if err != nil {
			return "", err
		}
		if ours {
			return orderID, nil
		}
	}
	return "", nil
}

func (c *Calls) claim(ctx context.Context, req CreateOnrampOrderRequest, orderID string, claimant Claimant) (bool, error) {
	if c.replaces(req) {
		return c.claims.ClaimLost(ctx, orderID, claimant.WorkflowID)
	}
	return c.claims.Claim(ctx, orderID, claimant)
}

// replaces reports whether an order that is found is replaced: nobody can be told how to pay it, because only the lost answer told it.
func (c *Calls) replaces(req CreateOnrampOrderRequest) bool {
	return req.ReplaceLost && req.PaymentMethod == ramp.UPI && c.checkout == nil
}

// maxHistoryLag is how far the clock of the provider's history may lag behind the clock that dates its answers.
const maxHistoryLag = time.Minute

// candidates lists the orders that an earlier attempt may have created, newest first. They have the same amount, token, receiver and,
// if the history has it, payment method; they are not older than the quote, apart from clock differences; and they are unpaid,
// because nobody was told how to pay them.
func (c *Calls) candidates(ctx context.Context, req CreateOnrampOrderRequest, amount decimal.Decimal) ([]string, error) {
	var found []string
	for page := range maxHistoryPages {
		orders, err := c.provider.OrderHistory(ctx, req.user(), page)
		if err != nil || len(orders) == 0 {
			return found, err
		}
		for _, order := range orders {
			if order.CreatedAt.IsZero() {
				continue
			}
			if order.CreatedAt.Before(req.NotBefore.Add(-maxHistoryLag)) {
				return found, nil
			}
			if !req.matches(order, amount) || slices.Contains(req.LostOrderIDs, order.OrderID) {
				continue
			}
			if order.OrderID == "" {
				return nil, errors.New("the provider's history has an order that may be this one, but its id is invalid")
			}
			found = append(found, order.OrderID)
		}
	}
	return found, nil
}

// matches reports whether an order of the history may be this one.
func (r CreateOnrampOrderRequest) matches(order onmeta.HistoryOrder, amount decimal.Decimal) bool {
	return onrampMeaning(order.Status).unpaid &&
		order.Amount.Valid && order.Amount.Decimal.Equal(amount) &&
		order.ChainID == r.Token.ChainID &&
		ramp.SameAddress(order.ChainID, order.TokenAddress, r.Token.Address) &&
		ramp.SameAddress(order.ChainID, order.ReceiverWallet, r.WalletAddress) &&
		(order.PaymentMode == "" || strings.EqualFold(order.PaymentMode, string(r.PaymentMethod)))
}

// atMostOnce reports whether a second order at the provider would do harm. One that is replaced if it is lost does none: nobody is told how
// to pay it.
func (r CreateOnrampOrderRequest) atMostOnce() bool {
	return !r.ReplaceLost || r.PaymentMethod != ramp.UPI
}

// CreateOnrampOrder runs the activity.
func CreateOnrampOrder(ctx workflow.Context, req CreateOnrampOrderRequest) (CreatedOrder, error) {
	return call[CreatedOrder](ctx, orderPolicy, "Create the order: "+req.Token.Symbol+" for "+req.Fiat.Text(), (*Calls)(nil).CreateOnrampOrder, req)
}
