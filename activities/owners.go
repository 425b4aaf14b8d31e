package activities

import (
	"context"
	"fmt"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"rampart/ramp"
)

// Owners knows which of our orders a provider's order belongs to.
type Owners interface {
	// Free reports whether no order of ours is known to own the provider's order.
	Free(ctx context.Context, orderID string) (bool, error)
}

// VisibleOwners asks Temporal, where every order publishes its provider's id as a search attribute.
type VisibleOwners struct {
	Client client.Client
}

var _ Owners = VisibleOwners{}

// Free implements Owners.
func (v VisibleOwners) Free(ctx context.Context, orderID string) (bool, error) {
	count, err := v.Client.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Query: fmt.Sprintf("%s = %q", ramp.OrderIDKey.GetName(), orderID),
	})
	if err != nil {
		return false, err
	}
	return count.GetCount() == 0, nil
}
