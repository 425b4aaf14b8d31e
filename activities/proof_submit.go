package activities

import (
	"context"
	"strings"

	"go.temporal.io/sdk/workflow"

	"rampart/onmeta"
	"rampart/ramp"
)

// SubmitUTRRequest is a UTR for an on-ramp order.
type SubmitUTRRequest struct {
	Email   string `json:"email"`
	OrderID string `json:"orderId"`
	UTR     string `json:"utr"`
	// Holder is the name that the user's account is in, hidden in what the provider says.
	Holder string `json:"holder,omitempty"`
}

// SubmitTransactionHashRequest is a transfer for an off-ramp order.
type SubmitTransactionHashRequest struct {
	Email           string `json:"email"`
	OrderID         string `json:"orderId"`
	TransactionHash string `json:"transactionHash"`
	// ChainID tells how hashes are compared.
	ChainID int64 `json:"chainId,omitempty"`
	// Holder is the name that the user's account is in, hidden in what the provider says.
	Holder string `json:"holder,omitempty"`
}

// SubmitResult says that the provider took the proof. One of an earlier version is empty and says the same.
type SubmitResult struct {
	Accepted bool `json:"accepted,omitempty"`
}

// SubmitUTR submits a UTR (provider 3.17). A refusal is no refusal if the order has this very UTR from an attempt whose answer
// was lost. Any other refusal carries the order's state, which decides what becomes of the order: the provider may have
// found the payment by itself, or have ended the order.
func (c *Calls) SubmitUTR(ctx context.Context, req SubmitUTRRequest) (SubmitResult, error) {
	user := holder(req.Email, req.Holder)
	err := c.provider.SubmitUTR(ctx, user, req.OrderID, req.UTR)
	refused, yes := refusedBy(err, onmeta.RouteSubmitUTR)
	if !yes {
		return submitted(classify(ctx, err))
	}
	has, failed := c.hasUTR(ctx, user, req)
	if failed != nil {
		return SubmitResult{}, classify(ctx, lookupError(failed))
	}
	if has {
		return submitted(nil)
	}
	state, failed := onrampState(ctx, c.provider, OrderRequest{Email: req.Email, OrderID: req.OrderID, Holder: req.Holder})
	if failed != nil {
		return SubmitResult{}, classify(ctx, lookupError(failed))
	}
	return SubmitResult{}, refusal(refused, Refusal{State: &state})
}

// submitted is the result of a submission that failed with err, or did not.
func submitted(err error) (SubmitResult, error) { return SubmitResult{Accepted: err == nil}, err }

// hasUTR reports whether the order carries the UTR, by the user's order history: no other call tells. Case counts (provider 1.7).
func (c *Calls) hasUTR(ctx context.Context, user onmeta.User, req SubmitUTRRequest) (bool, error) {
	for page := range historyPages {
		orders, err := c.provider.OrderHistory(ctx, user, page)
		if err != nil {
			return false, err
		}
		for _, order := range orders {
			if order.OrderID == req.OrderID {
				return order.PaymentReference == req.UTR, nil
			}
		}
		if len(orders) == 0 {
			break
		}
	}
	return false, nil
}

// SubmitTransactionHash submits a transfer's hash (provider 3.23). A 409, "duplicate", is no refusal if the order has this very
// hash from an attempt whose answer was lost. Any other refusal carries the order's state, as SubmitUTR's does.
func (c *Calls) SubmitTransactionHash(ctx context.Context, req SubmitTransactionHashRequest) (SubmitResult, error) {
	err := c.provider.SubmitTransactionHash(ctx, holder(req.Email, req.Holder), req.OrderID, req.TransactionHash)
	refused, yes := refusedBy(err, onmeta.RouteSubmitHash)
	if !yes {
		return submitted(classify(ctx, err))
	}
	status, failed := c.provider.OfframpStatus(ctx, holder(req.Email, req.Holder), req.OrderID)
	if failed != nil {
		return SubmitResult{}, classify(ctx, lookupError(failed))
	}
	if req.isHash(status.TransactionHash) {
		return submitted(nil)
	}
	state := offrampStateOf(status)
	return SubmitResult{}, refusal(refused, Refusal{State: &state})
}

// isHash reports whether the provider's hash is the one submitted. Orders of earlier versions do not name their chain.
func (r SubmitTransactionHashRequest) isHash(told string) bool {
	if r.ChainID == 0 {
		return strings.EqualFold(told, r.TransactionHash)
	}
	return ramp.SameTransactionHash(r.ChainID, told, r.TransactionHash)
}

// SubmitUTR runs the activity.
func SubmitUTR(ctx workflow.Context, req SubmitUTRRequest) (SubmitResult, error) {
	return call[SubmitResult](ctx, concludes, "Submit the user's UTR", (*Calls)(nil).SubmitUTR, req)
}

// SubmitTransactionHash runs the activity.
func SubmitTransactionHash(ctx workflow.Context, req SubmitTransactionHashRequest) (SubmitResult, error) {
	return call[SubmitResult](ctx, concludes, "Submit the user's transaction hash", (*Calls)(nil).SubmitTransactionHash, req)
}
