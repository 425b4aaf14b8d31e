package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/grpc/codes"

	"rampart/ramp"
)

// Runs finds the earlier runs of an order's workflow id.
type Runs interface {
	// Earlier returns the earlier run of the same workflow id that was an order, or nil if there is none and this run is the order.
	// Runs that ended before they made anything, and those that this run continues after a reset, do not count.
	Earlier(ctx context.Context, run workflow.Execution) (*EarlierRun, error)
}

// EarlierRun is an earlier run that was an order.
type EarlierRun struct {
	RunID string
	// Ending says how it ended, as the predicate of "the order".
	Ending string
	// Order is its final state; nil if it has none, such as after a termination.
	Order *ramp.Order
}

// referenceTaken is the error of a run whose reference belongs to this earlier one.
func (e *EarlierRun) referenceTaken(reference string) error {
	run := ""
	if e.RunID != "" {
		run = fmt.Sprintf(" (run %s)", e.RunID)
	}
	return (&ramp.Error{
		Type:      ramp.ReferenceTaken,
		Reference: reference,
		Message: fmt.Sprintf("this reference belongs to an earlier order, which %s%s; nothing was made at the provider. "+
			"Use a reference of its own for every order", e.Ending, run),
		Order: e.Order,
		RunID: e.RunID,
	}).ApplicationError()
}

// TemporalRuns finds runs in Temporal's visibility store.
type TemporalRuns struct {
	Client client.Client
}

var _ Runs = TemporalRuns{}

const (
	// firstVisibilityPause is the pause before the visibility store is asked again for a run that it does not show yet. Pauses double
	// up to maxVisibilityPause: servers limit the rate of these calls far more than that of others.
	firstVisibilityPause = 20 * time.Millisecond
	maxVisibilityPause   = 2 * time.Second
	// visibilityTimeout bounds how long an attempt waits for the run to be shown.
	visibilityTimeout = 30 * time.Second
)

// errNotVisible is retried.
var errNotVisible = errors.New("the visibility store does not show this run yet, so earlier runs cannot be ruled out")

// Earlier implements Runs. The store lags, but records the starts of one workflow id in their order: once it shows this run, it shows
// the earlier ones, although some may still appear as running.
func (t TemporalRuns) Earlier(ctx context.Context, run workflow.Execution) (*EarlierRun, error) {
	timeout := time.After(visibilityTimeout)
	for pause := firstVisibilityPause; ; pause = min(2*pause, maxVisibilityPause) {
		others, shown, err := t.others(ctx, run)
		if err != nil {
			return nil, err
		}
		if shown {
			return t.firstOrder(ctx, run, others)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-timeout:
			return nil, errNotVisible
		case <-time.After(pause):
		}
	}
}

// others lists the other runs of orders with this workflow id, and reports whether the store shows this run. A run that still appears
// as running is over: Temporal runs one run per workflow id at a time, and this is it.
func (t TemporalRuns) others(ctx context.Context, run workflow.Execution) (others []*workflowpb.WorkflowExecutionInfo, shown bool, err error) {
	request := &workflowservice.ListWorkflowExecutionsRequest{Query: fmt.Sprintf("WorkflowId = %q", run.ID)}
	for {
		page, err := t.Client.ListWorkflow(ctx, request)
		if err != nil {
			return nil, false, fmt.Errorf("cannot list the earlier runs of the workflow id: %w", err)
		}
		for _, execution := range page.GetExecutions() {
			switch kind := execution.GetType().GetName(); {
			case execution.GetExecution().GetRunId() == run.RunID:
				shown = true
			case kind == ramp.OnrampWorkflow || kind == ramp.OfframpWorkflow:
				others = append(others, execution)
			}
		}
		if request.NextPageToken = page.GetNextPageToken(); len(request.NextPageToken) == 0 {
			return others, shown, nil
		}
	}
}

// firstOrder returns the first of these runs that was an order, nil if none was.
func (t TemporalRuns) firstOrder(
	ctx context.Context, run workflow.Execution, others []*workflowpb.WorkflowExecutionInfo,
) (*EarlierRun, error) {
	for _, other := range others {
		other, err := t.closed(ctx, run.ID, other)
		if err != nil {
			return nil, err
		}
		earlier, err := t.order(ctx, run, other)
		if earlier != nil || err != nil {
			return earlier, err
		}
	}
	return nil, nil
}

// closed returns a run's final state, from the server if the visibility store lags.
func (t TemporalRuns) closed(ctx context.Context, workflowID string, run *workflowpb.WorkflowExecutionInfo) (*workflowpb.WorkflowExecutionInfo, error) {
	if run.GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return run, nil
	}
	described, err := t.Client.DescribeWorkflowExecution(ctx, workflowID, run.GetExecution().GetRunId())
	if err != nil {
		return nil, fmt.Errorf("cannot describe the earlier run %s: %w", run.GetExecution().GetRunId(), err)
	}
	return described.GetWorkflowExecutionInfo(), nil
}

// result reads the result of this very run, and not of one that Temporal started to follow it.
func (t TemporalRuns) result(ctx context.Context, workflowID, runID string, into any) error {
	return t.Client.GetWorkflow(ctx, workflowID, runID).GetWithOptions(ctx, into, client.WorkflowRunGetOptions{DisableFollowingRuns: true})
}

// order returns a run as an earlier order, or nil if it was not an order.
func (t TemporalRuns) order(ctx context.Context, run workflow.Execution, other *workflowpb.WorkflowExecutionInfo) (*EarlierRun, error) {
	earlier := &EarlierRun{RunID: other.GetExecution().GetRunId(), Ending: endings[other.GetStatus()]}
	switch other.GetStatus() {
	case enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED:
		var order ramp.Order
		if err := t.result(ctx, run.ID, earlier.RunID, &order); err == nil {
			earlier.Order, earlier.Ending = &order, "is "+string(order.Status)
		}
		return earlier, nil
	case enumspb.WORKFLOW_EXECUTION_STATUS_FAILED:
		err := t.result(ctx, run.ID, earlier.RunID, nil)
		if neverBegan(err) {
			return nil, nil
		}
		if ctx.Err() != nil || serviceerror.ToStatus(err).Code() != codes.Unknown { // the call failed, not the run
			return nil, fmt.Errorf("cannot read how the earlier run %s failed: %w", earlier.RunID, err)
		}
	}
	same, err := t.sameOrder(ctx, run.ID, run.RunID, earlier.RunID)
	if err != nil || same && !isLostOfframp(run.ID, other) {
		return nil, err // this run continues that one from where it was reset
	}
	if same {
		earlier.Ending += " after the provider had made its order " + publishedOrderID(other)
	}
	return earlier, nil
}

// isLostOfframp reports whether a run made an off-ramp order at the provider. The run that continues it cannot find the order: there is
// no history of off-ramp orders (provider 13).
func isLostOfframp(workflowID string, run *workflowpb.WorkflowExecutionInfo) bool {
	direction, _, err := ramp.ParseWorkflowID(workflowID)
	return err == nil && direction == ramp.Offramp && publishedOrderID(run) != ""
}

// publishedOrderID returns the id of the provider's order that a run has published in a search attribute; "" for none.
func publishedOrderID(run *workflowpb.WorkflowExecutionInfo) string {
	var orderID string
	if payload, published := run.GetSearchAttributes().GetIndexedFields()[ramp.OrderIDKey.GetName()]; published {
		_ = converter.GetDefaultDataConverter().FromPayload(payload, &orderID)
	}
	return orderID
}

// endings say how a run ended, as predicates of "the order".
var endings = map[enumspb.WorkflowExecutionStatus]string{
	enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING:          "is running",
	enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED:        "is closed",
	enumspb.WORKFLOW_EXECUTION_STATUS_FAILED:           "failed with a defect",
	enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED:         "was cancelled",
	enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED:       "was terminated",
	enumspb.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW: "was continued as new",
	enumspb.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:        "timed out",
}

// neverBegan reports whether a run failed because its order was not admitted. A failed activity, whatever its type, is a defect, which may
// have occurred after the provider made the order.
func neverBegan(err error) bool {
	var call *temporal.ActivityError
	var application *temporal.ApplicationError
	if errors.As(err, &call) || !errors.As(err, &application) {
		return false
	}
	switch ramp.ErrorType(application.Type()) {
	case ramp.InvalidRequest, ramp.Unencrypted, ramp.ReferenceTaken:
		return true
	default:
		return false
	}
}

// sameOrder reports whether two runs have the same start: one was reset, and the other continues it.
func (t TemporalRuns) sameOrder(ctx context.Context, workflowID, runID, otherID string) (bool, error) {
	first, err := t.started(ctx, workflowID, runID)
	if err != nil {
		return false, err
	}
	second, err := t.started(ctx, workflowID, otherID)
	var forgotten *serviceerror.NotFound
	if errors.As(err, &forgotten) { // its history was deleted, although the store still shows it
		return false, nil
	}
	return err == nil && first.GetOriginalExecutionRunId() == second.GetOriginalExecutionRunId(), err
}

// started returns the first event of a run.
func (t TemporalRuns) started(ctx context.Context, workflowID, runID string) (*historypb.WorkflowExecutionStartedEventAttributes, error) {
	history := t.Client.GetWorkflowHistory(ctx, workflowID, runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	first, err := history.Next()
	if err != nil {
		return nil, fmt.Errorf("cannot read the first event of run %s: %w", runID, err)
	}
	return first.GetWorkflowExecutionStartedEventAttributes(), nil
}
