package activities

import (
	"context"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"rampart/ramp"
)

// OrderClaims knows which of our orders a provider's order belongs to.
type OrderClaims interface {
	// Confirm makes the provider's order that of the order which made it, unless another has claimed it before, and reports
	// whether it is the maker's.
	Confirm(ctx context.Context, orderID, maker string) (bool, error)
	// Claim makes the provider's order the claimant's, an order's workflow id, unless it is another's, and reports
	// whether it is the claimant's now. Of several claimants one gets it, and gets it again.
	Claim(ctx context.Context, orderID, claimant string) (bool, error)
}

// TemporalClaims keeps claims in Temporal: as an execution of the Adoption workflow, whose id names the provider's order, so
// that it can be started once; and in the search attribute by which every order publishes its provider's id.
type TemporalClaims struct {
	Client client.Client
	// Lag is how far the visibility store may be behind the orders that publish in it.
	Lag time.Duration
}

var _ OrderClaims = TemporalClaims{}

const (
	// ConfirmWithin is how long after it was asked for an order may publish the provider's id without confirming it first.
	ConfirmWithin = 2 * time.Second
	// VisibilityLag is how long a claimant waits until it looks at what others have published: for an order that publishes
	// within ConfirmWithin, for its workflow task, which has ten seconds, for clocks that differ, and for the visibility store.
	VisibilityLag = 20 * time.Second
)

// Confirm implements OrderClaims.
func (t TemporalClaims) Confirm(ctx context.Context, orderID, maker string) (bool, error) {
	run, err := t.Client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                       ramp.AdoptionID(orderID),
		TaskQueue:                ramp.TaskQueue,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		StaticSummary:            "The provider's order " + orderID + " belongs to " + maker,
	}, ramp.AdoptionWorkflow, maker)
	if err != nil {
		return false, err
	}
	var owner string
	err = run.Get(ctx, &owner)
	return err == nil && owner == maker, err
}

// Claim implements OrderClaims. The look at what others have published that counts comes after the claim, so that an order that was
// made in the usual way, without a claim, has had time to say so. The one before it saves the wait for those that have.
func (t TemporalClaims) Claim(ctx context.Context, orderID, claimant string) (bool, error) {
	if free, err := t.unpublished(ctx, orderID, claimant); err != nil || !free {
		return false, err
	}
	if ours, err := t.Confirm(ctx, orderID, claimant); err != nil || !ours {
		return false, err
	}
	select {
	case <-ctx.Done():
		return false, ctx.Err()
	case <-time.After(t.Lag):
	}
	return t.unpublished(ctx, orderID, claimant)
}

// unpublished reports whether no other order has published the provider's order as its own.
func (t TemporalClaims) unpublished(ctx context.Context, orderID, claimant string) (bool, error) {
	count, err := t.Client.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Query: fmt.Sprintf("%s = %q AND WorkflowId != %q", ramp.OrderIDKey.GetName(), orderID, claimant),
	})
	if err != nil {
		return false, err
	}
	return count.GetCount() == 0, nil
}
