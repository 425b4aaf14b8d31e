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
	// Holder is the name that the user's account is in, hidden in what the provider says.
	Holder string `json:"holder,omitempty"`
}

// SubmitResult is empty: the provider took the proof.
type SubmitResult struct{}

// SubmitUTR submits a UTR (wire 3.17). A refusal is no refusal if the order has this very UTR from an attempt whose answer
// was lost, or is past payment.
func (c *Calls) SubmitUTR(ctx context.Context, req SubmitUTRRequest) (SubmitResult, error) {
	err := c.provider.SubmitUTR(ctx, holder(req.Email, req.Holder), req.OrderID, req.UTR)
	if !onmeta.IsKind(err, onmeta.KindRefused) {
		return SubmitResult{}, classify(ctx, err)
	}
	has, failed := c.hasUTR(ctx, req)
	if failed != nil {
		return SubmitResult{}, classify(ctx, lookup(failed))
	}
	if has {
		return SubmitResult{}, nil
	}
	return SubmitResult{}, classify(ctx, err)
}

// hasUTR reports whether the order is past payment or carries the UTR.
func (c *Calls) hasUTR(ctx context.Context, req SubmitUTRRequest) (bool, error) {
	status, err := c.provider.OnrampStatus(ctx, holder(req.Email, req.Holder), req.OrderID)
	if err != nil {
		return false, err
	}
	if paid(onrampMeaning(status.Status)) {
		return true, nil
	}
	for page := range historyPages {
		orders, err := c.provider.OrderHistory(ctx, holder(req.Email, req.Holder), page)
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

// SubmitTransactionHash submits a transfer's hash (wire 3.23). A 409, "duplicate", is no refusal if the order has this very
// hash from an attempt whose answer was lost.
func (c *Calls) SubmitTransactionHash(ctx context.Context, req SubmitTransactionHashRequest) (SubmitResult, error) {
	err := c.provider.SubmitTransactionHash(ctx, holder(req.Email, req.Holder), req.OrderID, req.TransactionHash)
	if !onmeta.IsKind(err, onmeta.KindRefused) {
		return SubmitResult{}, classify(ctx, err)
	}
	status, failed := c.provider.OfframpStatus(ctx, holder(req.Email, req.Holder), req.OrderID)
	if failed != nil {
		return SubmitResult{}, classify(ctx, lookup(failed))
	}
	if strings.EqualFold(status.TransactionHash, req.TransactionHash) {
		return SubmitResult{}, nil
	}
	return SubmitResult{}, classify(ctx, err)
}

// paid reports whether the provider has the payment and goes on with the order.
func paid(m meaning) bool {
	return m.status == ramp.Settling || m.status == ramp.Refunding || m.status == ramp.Completed
}

// SubmitUTR runs the activity.
func SubmitUTR(ctx workflow.Context, req SubmitUTRRequest) (SubmitResult, error) {
	return call[SubmitResult](ctx, concludes, "Submit the user's UTR", (*Calls)(nil).SubmitUTR, req)
}

// SubmitTransactionHash runs the activity.
func SubmitTransactionHash(ctx workflow.Context, req SubmitTransactionHashRequest) (SubmitResult, error) {
	return call[SubmitResult](ctx, concludes, "Submit the user's transaction hash", (*Calls)(nil).SubmitTransactionHash, req)
}
