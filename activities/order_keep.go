package activities

import (
	"context"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/workflow"
)

// KeepOrderRequest names an order that was created at the provider.
type KeepOrderRequest struct {
	OrderID string `json:"orderId"`
}

// KeepOrderResult says whether the provider's order belongs to the one that asks.
type KeepOrderResult struct {
	Kept bool `json:"kept"`
}

// KeepOrder confirms that the provider's order belongs to the order that created it, if that publishes the provider's order id late.
// Two orders of ours may look the same in the provider's history (provider 3.19), so another one may have adopted the provider's order
// in the meantime; it is not kept then.
func (c *Calls) KeepOrder(ctx context.Context, req KeepOrderRequest) (KeepOrderResult, error) {
	kept, err := c.claims.Confirm(ctx, req.OrderID, activity.GetInfo(ctx).WorkflowExecution.ID)
	return KeepOrderResult{Kept: kept}, classify(ctx, err)
}

// KeepOrder runs the activity.
func KeepOrder(ctx workflow.Context, req KeepOrderRequest) (KeepOrderResult, error) {
	return call[KeepOrderResult](ctx, orderPolicy, "Confirm that no other order has adopted the provider's order", (*Calls)(nil).KeepOrder, req)
}
