package activities

import (
	"context"
	"strings"

	"go.temporal.io/sdk/workflow"

	"rampart/onmeta"
	"rampart/ramp"
)

// SubmitUTRRequest is a UTR of an on-ramp order.
type SubmitUTRRequest struct {
	Email   ramp.Email `json:"email"`
	OrderID string     `json:"orderId"`
	UTR     ramp.UTR   `json:"utr"`
	// Holder is the name of the account's holder, which is hidden in the provider's texts.
	Holder ramp.Personal `json:"holder,omitempty"`
}

// SubmitTransactionHashRequest is the hash of an off-ramp order's token transfer.
type SubmitTransactionHashRequest struct {
	Email           ramp.Email `json:"email"`
	OrderID         string     `json:"orderId"`
	TransactionHash string     `json:"transactionHash"`
	// ChainID determines how hashes are compared.
	ChainID int64 `json:"chainId,omitempty"`
	// Holder is the name of the account's holder, which is hidden in the provider's texts.
	Holder ramp.Personal `json:"holder,omitempty"`
}

// SubmitResult says that the provider accepted the proof. The result of an earlier version is empty and means the same.
type SubmitResult struct {
	Accepted bool `json:"accepted,omitempty"`
	// ProofHash is the hash by which an order with this proof is found; empty where orders have none, and in the results of earlier
	// versions.
	ProofHash string `json:"proofHash,omitempty"`
}

// SubmitUTR submits a UTR (provider 3.17). A refusal counts as success if the order already has this UTR, from an attempt whose answer
// was lost. Any other refusal carries the order's state, which decides how the order continues: the provider may have found the payment
// by itself, or have ended the order.
func (c *Calls) SubmitUTR(ctx context.Context, req SubmitUTRRequest) (SubmitResult, error) {
	result, err := c.submitUTR(ctx, req)
	return c.withHash(ctx, result, ramp.UTRTerm(req.UTR)), err
}

// withHash adds the hash of an accepted proof.
func (c *Calls) withHash(ctx context.Context, result SubmitResult, term ramp.Personal) SubmitResult {
	if result.Accepted {
		result.ProofHash = c.hash(ctx, term)
	}
	return result
}

func (c *Calls) submitUTR(ctx context.Context, req SubmitUTRRequest) (SubmitResult, error) {
	user := holder(req.Email, req.Holder)
	err := c.provider.SubmitUTR(ctx, user, req.OrderID, string(req.UTR))
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

// submitted is the result of a submission: accepted if err is nil.
func submitted(err error) (SubmitResult, error) { return SubmitResult{Accepted: err == nil}, err }

// hasUTR reports whether the order has the UTR. Only the user's order history has the UTRs of orders. They are case-sensitive (provider
// 1.7).
func (c *Calls) hasUTR(ctx context.Context, user onmeta.User, req SubmitUTRRequest) (bool, error) {
	for page := range maxHistoryPages {
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

// SubmitTransactionHash submits the hash of a token transfer (provider 3.23). A refusal, such as 409 for a duplicate, counts as success
// if the order already has this hash, from an attempt whose answer was lost. Any other refusal carries the order's state, as for
// SubmitUTR.
func (c *Calls) SubmitTransactionHash(ctx context.Context, req SubmitTransactionHashRequest) (SubmitResult, error) {
	result, err := c.submitTransactionHash(ctx, req)
	return c.withHash(ctx, result, ramp.TransactionHashTerm(req.TransactionHash)), err
}

func (c *Calls) submitTransactionHash(ctx context.Context, req SubmitTransactionHashRequest) (SubmitResult, error) {
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

// isHash reports whether the provider's hash is the submitted one. Requests of earlier versions do not name the chain.
func (r SubmitTransactionHashRequest) isHash(known string) bool {
	if r.ChainID == 0 {
		return strings.EqualFold(known, r.TransactionHash)
	}
	return ramp.SameTransactionHash(r.ChainID, known, r.TransactionHash)
}

// SubmitUTR runs the activity.
func SubmitUTR(ctx workflow.Context, req SubmitUTRRequest) (SubmitResult, error) {
	return call[SubmitResult](ctx, orderPolicy, "Submit the user's UTR", (*Calls)(nil).SubmitUTR, req)
}

// SubmitTransactionHash runs the activity.
func SubmitTransactionHash(ctx workflow.Context, req SubmitTransactionHashRequest) (SubmitResult, error) {
	return call[SubmitResult](ctx, orderPolicy, "Submit the user's transaction hash", (*Calls)(nil).SubmitTransactionHash, req)
}
