package reconcile_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/timestamppb"

	"rampart/reconcile"
)

const day reconcile.Day = "2026-11-26"

// oneDay is a fake of Temporal with a reconciliation of the day, if it has begun, which runs or has ended.
type oneDay struct {
	client.Client
	begun, running bool
}

func (o *oneDay) DescribeWorkflowExecution(_ context.Context, id, _ string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	if !o.begun || id != "reconcile/2026-11-26" {
		return nil, serviceerror.NewNotFound("no such workflow")
	}
	info := &workflowpb.WorkflowExecutionInfo{Status: enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING}
	if !o.running {
		info.Status, info.CloseTime = enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, timestamppb.Now()
	}
	return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: info}, nil
}

// ExecuteWorkflow attaches to one that runs unless both options say otherwise, as the SDK does.
func (o *oneDay) ExecuteWorkflow(_ context.Context, options client.StartWorkflowOptions, _ any, _ ...any) (client.WorkflowRun, error) {
	fails := options.WorkflowIDConflictPolicy == enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL && options.WorkflowExecutionErrorWhenAlreadyStarted
	if o.running && fails {
		return nil, serviceerror.NewWorkflowExecutionAlreadyStarted("it runs", "", "")
	}
	return ended{}, nil
}

// ended is a reconciliation that has ended.
type ended struct{ client.WorkflowRun }

func (ended) Get(_ context.Context, into any) error {
	*into.(*reconcile.Report) = reconcile.Report{Day: day}
	return nil
}

func TestReconciliationThatRunsIsAttachedToUnlessANewOneIsAskedFor(t *testing.T) {
	t.Parallel()
	var running *reconcile.RunningError
	for _, there := range []*oneDay{{}, {begun: true}, {begun: true, running: true}} {
		c := reconcile.NewClient(there)
		report, err := c.Run(t.Context(), day)
		require.NoError(t, err)
		require.Equal(t, day, report.Day)
		idle := c.Idle(t.Context(), day)
		report, err = c.RunAnew(t.Context(), day)
		if there.running {
			require.ErrorAs(t, idle, &running)
			require.ErrorAs(t, err, &running)
			require.EqualError(t, err, "a reconciliation of 2026-11-26 is running; run this again once it has ended")
			continue
		}
		require.NoError(t, idle)
		require.NoError(t, err)
		require.Equal(t, day, report.Day)
	}
}
