package ramp_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"rampart/ramp"
)

// described is a Temporal service that knows one workflow, or none, and has no workers: any other call panics.
type described struct {
	client.Client
	info *workflowpb.WorkflowExecutionInfo
}

func (s described) DescribeWorkflowExecution(_ context.Context, id, _ string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	if s.info.GetExecution().GetWorkflowId() != id {
		return nil, errAbsent
	}
	return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: s.info}, nil
}

func TestSummaryNeedsNoWorker(t *testing.T) {
	t.Parallel()
	orderID, err := converter.GetDefaultDataConverter().ToPayload("650000000000000000000001")
	require.NoError(t, err)
	orders := ramp.NewClient(described{info: &workflowpb.WorkflowExecutionInfo{
		Execution:        &commonpb.WorkflowExecution{WorkflowId: "onramp/inv-42", RunId: "run-1"},
		Type:             &commonpb.WorkflowType{Name: ramp.OnrampWorkflow},
		Status:           enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING,
		SearchAttributes: &commonpb.SearchAttributes{IndexedFields: map[string]*commonpb.Payload{ramp.OrderIDKey.GetName(): orderID}},
	}}, nil)
	summary, err := orders.Summary(t.Context(), ramp.ID{Direction: ramp.Onramp, Reference: "inv-42"})
	require.NoError(t, err)
	require.Equal(t, "inv-42", summary.Reference)
	require.Equal(t, "650000000000000000000001", summary.OrderID)
	require.True(t, summary.Running)

	_, err = orders.Summary(t.Context(), ramp.ID{Direction: ramp.Offramp, Reference: "inv-42"})
	var absent *ramp.Error
	require.True(t, errors.As(err, &absent))
	require.Equal(t, ramp.NotFound, absent.Type)
}
