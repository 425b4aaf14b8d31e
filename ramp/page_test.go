package ramp_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"rampart/ramp"
)

// pagesThere is a Temporal service with a list of two orders, one a page.
type pagesThere struct{ client.Client }

func (pagesThere) ListWorkflow(
	_ context.Context, request *workflowservice.ListWorkflowExecutionsRequest,
) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	page := func(id string, next []byte) (*workflowservice.ListWorkflowExecutionsResponse, error) {
		return &workflowservice.ListWorkflowExecutionsResponse{
			Executions:    []*workflowpb.WorkflowExecutionInfo{{Execution: &commonpb.WorkflowExecution{WorkflowId: id}}},
			NextPageToken: next,
		}, nil
	}
	switch {
	case request.GetPageSize() != 1:
		return nil, serviceerror.NewInternal("another page size")
	case len(request.GetNextPageToken()) == 0:
		return page("onramp/inv-2", []byte{0xff, 1})
	case string(request.GetNextPageToken()) == "\xff\x01":
		return page("onramp/inv-1", nil)
	default:
		return nil, serviceerror.NewInvalidArgument("invalid page token")
	}
}

func TestListPageContinuesAtItsCursor(t *testing.T) {
	t.Parallel()
	orders := ramp.NewClient(pagesThere{}, nil)
	first, err := orders.ListPage(t.Context(), ramp.Filter{}, 1, "")
	require.NoError(t, err)
	require.Equal(t, "inv-2", first.Orders[0].Reference)
	second, err := orders.ListPage(t.Context(), ramp.Filter{}, 1, first.NextCursor)
	require.NoError(t, err)
	require.Equal(t, "inv-1", second.Orders[0].Reference)
	require.Empty(t, second.NextCursor)
}

func TestListPageRefusesAnotherCursor(t *testing.T) {
	t.Parallel()
	orders := ramp.NewClient(pagesThere{}, nil)
	for _, cursor := range []string{"hunter 2", "aHVudGVyMg"} {
		_, err := orders.ListPage(t.Context(), ramp.Filter{}, 1, cursor)
		require.True(t, ramp.IsError(err, ramp.InvalidRequest), "%v", err)
		require.ErrorContains(t, err, "cursor must be the cursor of an earlier page")
	}
	_, err := orders.ListPage(t.Context(), ramp.Filter{}, 2, "")
	require.ErrorContains(t, err, "another page size")
}

// runThere is a Temporal service with one workflow in a state.
type runThere struct {
	client.Client
	status enumspb.WorkflowExecutionStatus
	err    error
}

func (s runThere) DescribeWorkflow(context.Context, string, string) (*client.WorkflowExecutionDescription, error) {
	description := new(client.WorkflowExecutionDescription)
	description.Status = s.status
	return description, s.err
}

func (runThere) GetWorkflow(context.Context, string, string) client.WorkflowRun { return refusedRun{} }

// refusedRun is a run that ended with an error of Temporal's.
type refusedRun struct{ client.WorkflowRun }

func (refusedRun) Get(context.Context, any) error { return serviceerror.NewInternal("it failed") }

func TestAnOrderExistsFromItsStartOn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		there  runThere
		exists bool
	}{
		{runThere{status: enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING}, true},
		{runThere{status: enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED}, true},
		{runThere{status: enumspb.WORKFLOW_EXECUTION_STATUS_FAILED}, false},
		{runThere{err: errAbsent}, false},
	} {
		exists, err := ramp.NewClient(c.there, nil).Exists(t.Context(), ramp.ID{Direction: ramp.Onramp, Reference: "inv-1"})
		require.NoError(t, err)
		require.Equal(t, c.exists, exists, "%v", c.there.status)
	}
	_, err := ramp.NewClient(runThere{err: serviceerror.NewUnavailable("away")}, nil).Exists(t.Context(), ramp.ID{Direction: ramp.Onramp, Reference: "inv-1"})
	require.ErrorContains(t, err, "away")
}
