package ramp_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/types/known/timestamppb"

	"rampart/ramp"
)

// runsThere is a Temporal service with runs of workflows, by run id.
type runsThere struct {
	client.Client
	runs map[string]run
	// listed is what the visibility store has, and query what it was asked.
	listed []*workflowpb.WorkflowExecutionInfo
	query  string
}

// run is one that runs, with a state, or that has ended, with a result or an error.
type run struct {
	status enumspb.WorkflowExecutionStatus
	order  *ramp.Order
	err    error
}

func (s *runsThere) ListWorkflow(
	_ context.Context, request *workflowservice.ListWorkflowExecutionsRequest,
) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	s.query = request.GetQuery()
	return &workflowservice.ListWorkflowExecutionsResponse{Executions: s.listed}, nil
}

func (s *runsThere) DescribeWorkflow(_ context.Context, _, runID string) (*client.WorkflowExecutionDescription, error) {
	found, there := s.runs[runID]
	if !there {
		return nil, serviceerror.NewNotFound("no such run")
	}
	description := new(client.WorkflowExecutionDescription)
	description.Status = found.status
	return description, nil
}

func (s *runsThere) QueryWorkflow(_ context.Context, _, runID, _ string, _ ...any) (converter.EncodedValue, error) {
	return seen{s.runs[runID].order}, s.runs[runID].err
}

func (s *runsThere) GetWorkflow(_ context.Context, _, runID string) client.WorkflowRun {
	return outcome{run: s.runs[runID]}
}

type outcome struct {
	client.WorkflowRun
	run run
}

func (o outcome) Get(_ context.Context, into any) error {
	if o.run.err == nil {
		*into.(*ramp.Order) = *o.run.order
	}
	return o.run.err
}

func TestEachRunOfAReferenceTellsItsOwnState(t *testing.T) {
	t.Parallel()
	taken := &ramp.Error{Type: ramp.ReferenceTaken, Message: "taken", RunID: "first"}
	s := &runsThere{runs: map[string]run{
		"first":  {status: enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, order: &ramp.Order{Status: ramp.Completed}},
		"second": {status: enumspb.WORKFLOW_EXECUTION_STATUS_FAILED, err: taken.ApplicationError()},
		"third":  {status: enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, order: &ramp.Order{Status: ramp.Settling}},
		"paused": {status: enumspb.WORKFLOW_EXECUTION_STATUS_PAUSED, order: &ramp.Order{Status: ramp.Quoting}},
	}}
	orders := ramp.NewClient(s, nil)
	id := ramp.ID{Direction: ramp.Onramp, Reference: "inv-42"}
	for name, want := range map[string]ramp.Status{"first": ramp.Completed, "third": ramp.Settling, "paused": ramp.Quoting} {
		order, err := orders.GetRun(t.Context(), id, name)
		require.NoError(t, err)
		require.Equal(t, want, order.Status)
	}

	_, err := orders.GetRun(t.Context(), id, "second")
	require.True(t, ramp.IsError(err, ramp.ReferenceTaken), "%v", err)
	_, err = orders.GetRun(t.Context(), id, "none")
	require.True(t, ramp.IsError(err, ramp.NotFound), "%v", err)
}

func TestRunsOfAReferenceAreThoseOfItsWorkflowID(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, time.November, 23, 6, 0, 0, 0, time.UTC)
	s := &runsThere{listed: []*workflowpb.WorkflowExecutionInfo{
		execution("onramp/inv-42", "second", "Onramp", began), execution("onramp/inv-42", "first", "Onramp", began),
	}}
	var found []string
	for each, err := range ramp.NewClient(s, nil).Runs(t.Context(), ramp.ID{Direction: ramp.Onramp, Reference: "inv-42"}) {
		require.NoError(t, err)
		require.Equal(t, "inv-42", each.Reference)
		found = append(found, each.RunID)
	}
	require.Equal(t, []string{"second", "first"}, found)
	require.Equal(t, `WorkflowId = "onramp/inv-42"`, s.query)
}

// A workflow that is no order has no reference, and is found by its id all the same.
func TestListNamesEveryWorkflowByItsID(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		id, kind  string
		direction ramp.Direction
		reference string
	}{
		{"onramp/inv-42", "Onramp", ramp.Onramp, "inv-42"},
		{"onramp/inv-43", "ONRAMP", ramp.Onramp, "inv-43"},
		{"9f2c", "Offramp", ramp.Offramp, ""},
		{"9f2d", "payout", "", ""},
	} {
		s := &runsThere{listed: []*workflowpb.WorkflowExecutionInfo{execution(c.id, "run", c.kind, time.Now())}}
		for listed, err := range ramp.NewClient(s, nil).List(t.Context(), ramp.Filter{}) {
			require.NoError(t, err)
			require.Equal(t, []any{c.id, "run", c.kind, c.direction, c.reference},
				[]any{listed.WorkflowID, listed.RunID, listed.WorkflowType, listed.Direction, listed.Reference})
		}
	}
}

func execution(id, run, kind string, began time.Time) *workflowpb.WorkflowExecutionInfo {
	return &workflowpb.WorkflowExecutionInfo{
		Execution: &commonpb.WorkflowExecution{WorkflowId: id, RunId: run}, Type: &commonpb.WorkflowType{Name: kind},
		StartTime: timestamppb.New(began), Status: enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED,
	}
}
