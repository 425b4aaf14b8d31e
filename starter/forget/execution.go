package forget

import (
	"context"
	"errors"
	"fmt"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"

	"rampart/ramp"
)

// kind is what an execution in Temporal is of an order.
type kind int

const (
	order    kind = iota // a run of the order itself
	late                 // a workflow that does what the order could not do before it ended
	delivery             // an activity that delivers events
)

// execution is a run of a workflow or of an activity that is the user's.
type execution struct {
	kind kind
	// id identifies the order; for an order only.
	id ramp.ID
	// workflowID is the id of the workflow, or that of the activity.
	workflowID, runID string
	dossiers          []ramp.Dossier
}

// executions returns the listed runs.
func executions(of kind, listed []*workflowpb.WorkflowExecutionInfo) []execution {
	all := make([]execution, 0, len(listed))
	for _, info := range listed {
		each := execution{kind: of, workflowID: info.GetExecution().GetWorkflowId(), runID: info.GetExecution().GetRunId()}
		direction, reference, err := ramp.ParseWorkflowID(each.workflowID)
		if err != nil { // not the id of an order, which was refused for that
			reference = each.workflowID
		}
		each.id = ramp.ID{Direction: direction, Reference: reference}
		all = append(all, each)
	}
	return all
}

func (e execution) workflow() *commonpb.WorkflowExecution {
	return &commonpb.WorkflowExecution{WorkflowId: e.workflowID, RunId: e.runID}
}

// state returns whether an execution is open, and else when it ended.
func (f *Forgetter) state(ctx context.Context, of execution) (open bool, endedAt time.Time, err error) {
	if of.kind == delivery {
		described, err := patiently(ctx, f.Temporal.DescribeActivityExecution, &workflowservice.DescribeActivityExecutionRequest{
			Namespace: f.Namespace, ActivityId: of.workflowID, RunId: of.runID,
		})
		info := described.GetInfo()
		open = info.GetStatus() == enumspb.ACTIVITY_EXECUTION_STATUS_RUNNING || info.GetStatus() == enumspb.ACTIVITY_EXECUTION_STATUS_PAUSED
		return open, info.GetCloseTime().AsTime(), err
	}
	described, err := patiently(ctx, f.Temporal.DescribeWorkflowExecution, &workflowservice.DescribeWorkflowExecutionRequest{
		Namespace: f.Namespace, Execution: of.workflow(),
	})
	info := described.GetWorkflowExecutionInfo()
	open = info.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING || info.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_PAUSED
	return open, info.GetCloseTime().AsTime(), err
}

// delete deletes an execution that has ended, which it never takes back. Temporal would terminate one that is open, so it is asked again.
func (f *Forgetter) delete(ctx context.Context, each execution) error {
	open, _, err := f.state(ctx, each)
	switch {
	case absent(err):
		return nil
	case err != nil:
		return err
	case open && each.kind == order:
		return &OpenError{Orders: []ramp.ID{each.id}}
	case open:
		return &OpenError{Late: []string{each.workflowID}}
	}
	if each.kind == delivery {
		_, err = patiently(ctx, f.Temporal.DeleteActivityExecution, &workflowservice.DeleteActivityExecutionRequest{
			Namespace: f.Namespace, ActivityId: each.workflowID, RunId: each.runID,
		})
	} else {
		_, err = patiently(ctx, f.Temporal.DeleteWorkflowExecution, &workflowservice.DeleteWorkflowExecutionRequest{
			Namespace: f.Namespace, WorkflowExecution: each.workflow(),
		})
	}
	if err != nil && !absent(err) {
		return fmt.Errorf("delete %s: %w", each.workflowID, err)
	}
	return nil
}

func absent(err error) bool {
	var notFound *serviceerror.NotFound
	return errors.As(err, &notFound)
}
