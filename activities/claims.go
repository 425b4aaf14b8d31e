package activities

import (
	"context"
	"fmt"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
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
	// belongs to the claimant. At most one claimant succeeds; Claim is idempotent for it.
	Claim(ctx context.Context, orderID string, claimant Claimant) (bool, error)
	// ClaimLost is Claim for an order that is replaced, at once: its claimant uses it for nothing, so it need not be certain that no other
	// order is about to publish it. claimant is the order's workflow id.
	ClaimLost(ctx context.Context, orderID, claimant string) (bool, error)
}

// Claimant is an order that claims an order of the provider.
type Claimant struct {
	// WorkflowID is the order's workflow id.
	WorkflowID string
	// Email is that of the order's user.
	Email ramp.Email
	// Users are the hashes by which the orders of its user are found, under every key; none if orders have no hashes.
	Users []string
	// OnlyIfAlone is set if the claimant takes the provider's order only once no other order of ours can have created it.
	OnlyIfAlone bool
}

// TemporalClaims records claims in Temporal. A claim is an execution of the Adoption workflow, whose id is derived from the provider's
// order id, so it can be started only once. In addition, every order publishes its provider's order id in a search attribute.
type TemporalClaims struct {
	Client client.Client
	// Lag is how far the visibility store may lag behind the orders that publish in it; 0 for not at all.
	Lag time.Duration
	// Requests reads the requests of other orders; if it is nil, a claimant cannot tell whose they are, and waits for Lag.
	Requests Requests
}

// Requests reads the requests of runs of orders. A ramp.Client does.
type Requests interface {
	OnrampRequest(ctx context.Context, reference, runID string) (*ramp.OnrampRequest, error)
	OfframpRequest(ctx context.Context, reference, runID string) (*ramp.OfframpRequest, error)
}

var _ OrderClaims = TemporalClaims{}

const (
	// ConfirmWithin is how long after it asked for an order to be created a workflow may publish the order's id without a Confirm.
	ConfirmWithin = 2 * time.Second
	// VisibilityLag is how long a claimant waits at most before it checks what others have published. It covers ConfirmWithin, a workflow
	// task of ten seconds, differing clocks, and the visibility store's lag.
	VisibilityLag = 20 * time.Second
	// publicationPause is the pause before a claimant looks again for orders that have yet to publish.
	publicationPause = 3 * time.Second
	// maxUnpublished is how many orders that have yet to publish a claimant looks at.
	maxUnpublished = 100
	// clockDifference is how far the clocks of two workers, or of a worker and Temporal's server, may differ.
	clockDifference = 3 * time.Second
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

// Claim implements OrderClaims. The check that counts comes after the claim, once an order that was created in the usual way, without a
// claim, has published its id. The check before the claim only avoids the wait.
func (t TemporalClaims) Claim(ctx context.Context, orderID string, claimant Claimant) (bool, error) {
	if free, err := t.isUnpublished(ctx, orderID, claimant.WorkflowID); err != nil || !free {
		return false, err
	}
	seen, strangers := now(), map[string]bool{}
	alone := t.Lag == 0 || t.isAlone(ctx, seen, claimant, strangers)
	if claimant.OnlyIfAlone && !alone {
		return false, nil
	}
	if ours, err := t.Confirm(ctx, orderID, claimant.WorkflowID); err != nil || !ours {
		return false, err
	}
	if !alone {
		t.awaitPublication(ctx, seen, claimant, strangers)
	}
	return t.isUnpublished(ctx, orderID, claimant.WorkflowID)
}

// ClaimLost implements OrderClaims.
func (t TemporalClaims) ClaimLost(ctx context.Context, orderID, claimant string) (bool, error) {
	return TemporalClaims{Client: t.Client}.Claim(ctx, orderID, Claimant{WorkflowID: claimant})
}

// awaitPublication blocks until an order that created an order of the provider in the usual way must have published it: for Lag, or until
// no other order can be that one.
func (t TemporalClaims) awaitPublication(ctx context.Context, seen time.Time, claimant Claimant, strangers map[string]bool) {
	ctx, cancel := context.WithTimeout(ctx, t.Lag)
	defer cancel()
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(publicationPause):
		}
		if t.isAlone(ctx, seen, claimant, strangers) {
			return
		}
	}
}

// isAlone reports whether no other order is left that may have created an order of the provider which was seen at this time, and has not
// published it yet. Such an order is open, is of the same user, and began before. The store shows it: an order creates nothing at the
// provider before the store has shown its run (TemporalRuns). Where that cannot be told, the claimant is not alone. strangers are the runs
// that are known to be orders of other users.
func (t TemporalClaims) isAlone(ctx context.Context, seen time.Time, claimant Claimant, strangers map[string]bool) bool {
	page, err := t.Client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Query: unpublished(seen, claimant), PageSize: maxUnpublished,
	})
	if err != nil || len(page.GetNextPageToken()) > 0 {
		return false
	}
	for _, other := range page.GetExecutions() {
		run := other.GetExecution().GetRunId()
		if strangers[run] = strangers[run] || t.isStranger(ctx, other, claimant); !strangers[run] {
			return false
		}
	}
	return true
}

// unpublished selects the orders that may be of the claimant's user and direction, and have published no order of the provider.
func unpublished(seen time.Time, claimant Claimant) string {
	kind := ramp.OnrampWorkflow
	if direction, _, err := ramp.ParseWorkflowID(claimant.WorkflowID); err == nil && direction == ramp.Offramp {
		kind = ramp.OfframpWorkflow
	}
	query := fmt.Sprintf("WorkflowType = %q AND CloseTime IS NULL AND %s IS NULL AND StartTime < %q AND WorkflowId != %q",
		kind, ramp.OrderIDKey.GetName(), seen.Add(clockDifference).Format(time.RFC3339Nano), claimant.WorkflowID)
	if len(claimant.Users) == 0 {
		return query
	}
	users := make([]string, len(claimant.Users))
	for i, hash := range claimant.Users {
		users[i] = fmt.Sprintf("%q", hash)
	}
	return query + fmt.Sprintf(" AND (%s IS NULL OR %s IN (%s))", ramp.UserKey.GetName(), ramp.UserKey.GetName(), strings.Join(users, ", "))
}

// isStranger reports whether an order is of another user than the claimant's, by its request: an order publishes its user's hash only with
// its provider order, or when it first waits.
func (t TemporalClaims) isStranger(ctx context.Context, other *workflowpb.WorkflowExecutionInfo, claimant Claimant) bool {
	direction, reference, err := ramp.ParseWorkflowID(other.GetExecution().GetWorkflowId())
	if err != nil || t.Requests == nil {
		return false
	}
	var email ramp.Email
	if direction == ramp.Onramp {
		request, err := t.Requests.OnrampRequest(ctx, reference, other.GetExecution().GetRunId())
		if err != nil {
			return false
		}
		email = request.Email
	} else {
		request, err := t.Requests.OfframpRequest(ctx, reference, other.GetExecution().GetRunId())
		if err != nil {
			return false
		}
		email = request.Email
	}
	return email != "" && ramp.UserTerm(email) != ramp.UserTerm(claimant.Email)
}

// isUnpublished reports whether no other order has published the provider's order as its own.
func (t TemporalClaims) isUnpublished(ctx context.Context, orderID, claimant string) (bool, error) {
	return t.none(ctx, fmt.Sprintf("%s = %q AND WorkflowId != %q", ramp.OrderIDKey.GetName(), orderID, claimant))
}

// none reports whether the store shows no execution of a query.
func (t TemporalClaims) none(ctx context.Context, query string) (bool, error) {
	count, err := t.Client.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: query})
	if err != nil {
		return false, err
	}
	return count.GetCount() == 0, nil
}
