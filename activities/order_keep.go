package activities

import (
	"context"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/workflow"
)

// KeepOrderRequest names an order that was made at the provider.
type KeepOrderRequest struct {
	OrderID string `json:"orderId"`
}

// KeepOrderResult says whether it is the asking order's.
type KeepOrderResult struct {
	Kept bool `json:"kept"`
}

// KeepOrder makes sure that no other order of ours adopts a provider's order whose maker publishes it late: the provider
// cannot tell two orders apart that are alike (provider 3.19). An order that has been adopted meanwhile is not kept, and
// belongs to the other.
func (c *Calls) KeepOrder(ctx context.Context, req KeepOrderRequest) (KeepOrderResult, error) {
	kept, err := c.claims.Confirm(ctx, req.OrderID, activity.GetInfo(ctx).WorkflowExecution.ID)
	return KeepOrderResult{Kept: kept}, classify(ctx, err)
}

// KeepOrder runs the activity.
func KeepOrder(ctx workflow.Context, req KeepOrderRequest) (KeepOrderResult, error) {
	return call[KeepOrderResult](ctx, concludes, "Make sure that no other order has adopted the provider's", (*Calls)(nil).KeepOrder, req)
}
