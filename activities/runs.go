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

// Runs knows the earlier runs of an order's workflow id.
type Runs interface {
	// Earlier returns the run that was the order of this one's workflow id before, or nil: this run is the order then. Runs that
	// were turned away before they made anything, and those that this one continues after a reset, are no order's.
	Earlier(ctx context.Context, run workflow.Execution) (*EarlierRun, error)
}

// EarlierRun is the run of an order that came before.
type EarlierRun struct {
	RunID string
	// Ending says how it ended, in words that follow "the order".
	Ending string
	// Order is its final state; nil if it has none, as one that was terminated.
	Order *ramp.Order
}

// taken is the error of a run that comes after an order's.
func (e *EarlierRun) taken(reference string) error {
	return (&ramp.Error{
		Type:      ramp.ReferenceTaken,
		Reference: reference,
		Message: fmt.Sprintf("this reference belongs to an earlier order, which %s (run %s); nothing was made at the provider. "+
			"Use a reference of its own for every order", e.Ending, e.RunID),
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
	// visibleAfter is the first pause until the visibility store is asked again for a run that it does not show yet. Each is twice as
	// long as the one before, up to visibleEvery: servers limit these calls far more than others.
	visibleAfter = 50 * time.Millisecond
	visibleEvery = 2 * time.Second
	// visibleWithin bounds how long an attempt waits for that.
	visibleWithin = 30 * time.Second
)

var errInvisible = errors.New("the visibility store does not show this run yet, so that earlier ones cannot be ruled out")

// Earlier implements Runs. The store is behind, and takes up the starts of one workflow id in their order: once it shows this run, it
// shows those before it, some of them perhaps as running still.
func (t TemporalRuns) Earlier(ctx context.Context, run workflow.Execution) (*EarlierRun, error) {
	tooLate := time.After(visibleWithin)
	for pause := visibleAfter; ; pause = min(2*pause, visibleEvery) {
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
		case <-tooLate:
			return nil, errInvisible
		case <-time.After(pause):
		}
	}
}

// others are the orders' runs of a workflow id but this one, and whether the store shows this one. One that the store still shows
// running is over: Temporal runs one of a workflow id at a time, and this one runs.
func (t TemporalRuns) others(ctx context.Context, run workflow.Execution) (others []*workflowpb.WorkflowExecutionInfo, shown bool, err error) {
	request := &workflowservice.ListWorkflowExecutionsRequest{Query: fmt.Sprintf("WorkflowId = %q", run.ID)}
	for {
		page, err := t.Client.ListWorkflow(ctx, request)
		if err != nil {
			return nil, false, fmt.Errorf("the earlier runs of the workflow id cannot be listed: %w", err)
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

// firstOrder is the run among these that was an order.
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

// closed is a run as the server has it, where the visibility store is behind.
func (t TemporalRuns) closed(ctx context.Context, workflowID string, run *workflowpb.WorkflowExecutionInfo) (*workflowpb.WorkflowExecutionInfo, error) {
	if run.GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return run, nil
	}
	described, err := t.Client.DescribeWorkflowExecution(ctx, workflowID, run.GetExecution().GetRunId())
	if err != nil {
		return nil, fmt.Errorf("the earlier run %s cannot be looked at: %w", run.GetExecution().GetRunId(), err)
	}
	return described.GetWorkflowExecutionInfo(), nil
}

// result reads how a run ended: that run, and none that Temporal has made to follow it.
func (t TemporalRuns) result(ctx context.Context, workflowID, runID string, into any) error {
	return t.Client.GetWorkflow(ctx, workflowID, runID).GetWithOptions(ctx, into, client.WorkflowRunGetOptions{DisableFollowingRuns: true})
}

// order returns a run as an order that came before this one, or nil if it was none.
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
		if madeNothing(err) {
			return nil, nil
		}
		if ctx.Err() != nil || serviceerror.ToStatus(err).Code() != codes.Unknown { // it was not told how the run failed
			return nil, fmt.Errorf("how the earlier run %s failed cannot be read: %w", earlier.RunID, err)
		}
	}
	same, err := t.sameOrder(ctx, run.ID, run.RunID, earlier.RunID)
	if err != nil || same && !lost(run.ID, other) {
		return nil, err // this run goes on where that one was when it was reset
	}
	if same {
		earlier.Ending += " after the provider had made its order " + ordered(other)
	}
	return earlier, nil
}

// lost reports whether a run made an order at the provider that a run which continues it cannot find: there is no history of
// off-ramp orders (provider 13).
func lost(workflowID string, run *workflowpb.WorkflowExecutionInfo) bool {
	direction, _, err := ramp.ParseWorkflowID(workflowID)
	return err == nil && direction == ramp.Offramp && ordered(run) != ""
}

// ordered is the provider's order that a run has published; empty for none.
func ordered(run *workflowpb.WorkflowExecutionInfo) string {
	var orderID string
	if payload, published := run.GetSearchAttributes().GetIndexedFields()[ramp.OrderIDKey.GetName()]; published {
		_ = converter.GetDefaultDataConverter().FromPayload(payload, &orderID)
	}
	return orderID
}

// endings are the ways in which a run ends that has no order to show.
var endings = map[enumspb.WorkflowExecutionStatus]string{
	enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING:          "runs",
	enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED:        "is over",
	enumspb.WORKFLOW_EXECUTION_STATUS_FAILED:           "ended on a defect",
	enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED:         "was cancelled",
	enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED:       "was terminated",
	enumspb.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW: "was continued elsewhere",
	enumspb.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:        "timed out",
}

// madeNothing reports whether a run that failed was turned away at the door. The failure of an activity, whatever its type, is a
// defect, which may come after the provider has made the order.
func madeNothing(err error) bool {
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

// sameOrder reports whether two runs go back to the same start: one was reset, and the other continues it.
func (t TemporalRuns) sameOrder(ctx context.Context, workflowID, runID, otherID string) (bool, error) {
	first, err := t.started(ctx, workflowID, runID)
	if err != nil {
		return false, err
	}
	second, err := t.started(ctx, workflowID, otherID)
	var forgotten *serviceerror.NotFound
	if errors.As(err, &forgotten) { // its history is gone, and the store still shows it
		return false, nil
	}
	return err == nil && first.GetOriginalExecutionRunId() == second.GetOriginalExecutionRunId(), err
}

func (t TemporalRuns) started(ctx context.Context, workflowID, runID string) (*historypb.WorkflowExecutionStartedEventAttributes, error) {
	history := t.Client.GetWorkflowHistory(ctx, workflowID, runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	first, err := history.Next()
	if err != nil {
		return nil, fmt.Errorf("the beginning of run %s cannot be read: %w", runID, err)
	}
	return first.GetWorkflowExecutionStartedEventAttributes(), nil
}
