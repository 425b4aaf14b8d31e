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

// OrderClaims records which of our orders a provider's order belongs to.
type OrderClaims interface {
	// Confirm claims the provider's order for the order that created it, unless another order has claimed it, and reports whether it
	// belongs to its creator. maker is the creator's workflow id.
	Confirm(ctx context.Context, orderID, maker string) (bool, error)
	// Claim claims the provider's order for an order that may have created it, unless it belongs to another, and reports whether it
	// belongs to the claimant. claimant is the order's workflow id. At most one claimant succeeds; Claim is idempotent for it.
	Claim(ctx context.Context, orderID, claimant string) (bool, error)
	// ClaimLost is Claim for an order that is replaced, at once: its claimant uses it for nothing, so it need not be certain that no other
	// order is about to publish it.
	ClaimLost(ctx context.Context, orderID, claimant string) (bool, error)
}

// TemporalClaims records claims in Temporal. A claim is an execution of the Adoption workflow, whose id is derived from the provider's
// order id, so it can be started only once. In addition, every order publishes its provider's order id in a search attribute.
type TemporalClaims struct {
	Client client.Client
	// Lag is how far the visibility store may lag behind the orders that publish in it.
	Lag time.Duration
}

var _ OrderClaims = TemporalClaims{}

const (
	// ConfirmWithin is how long after it asked for an order to be created a workflow may publish the order's id without a Confirm.
	ConfirmWithin = 2 * time.Second
	// VisibilityLag is how long a claimant waits before it checks what others have published. It covers ConfirmWithin, a workflow
	// task of ten seconds, differing clocks, and the visibility store's lag.
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

// Claim implements OrderClaims. The check that counts comes after the claim and the lag: by then an order that was created in the usual
// way, without a claim, has published its id. The check before the claim only avoids the wait.
func (t TemporalClaims) Claim(ctx context.Context, orderID, claimant string) (bool, error) {
	if free, err := t.isUnpublished(ctx, orderID, claimant); err != nil || !free {
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
	return t.isUnpublished(ctx, orderID, claimant)
}

// ClaimLost implements OrderClaims.
func (t TemporalClaims) ClaimLost(ctx context.Context, orderID, claimant string) (bool, error) {
	return TemporalClaims{Client: t.Client}.Claim(ctx, orderID, claimant)
}

// isUnpublished reports whether no other order has published the provider's order as its own.
func (t TemporalClaims) isUnpublished(ctx context.Context, orderID, claimant string) (bool, error) {
	count, err := t.Client.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Query: fmt.Sprintf("%s = %q AND WorkflowId != %q", ramp.OrderIDKey.GetName(), orderID, claimant),
	})
	if err != nil {
		return false, err
	}
	return count.GetCount() == 0, nil
}
