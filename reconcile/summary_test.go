package reconcile_test

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
	"rampart/reconcile"
)

// past is a fake of Temporal's list, one run a page, and of its schedule.
type past struct {
	runs []*workflowpb.WorkflowExecutionInfo
	made time.Time
}

// planned is a schedule that was made at a time; zero for none.
type planned struct {
	client.ScheduleClient
	client.ScheduleHandle
	made time.Time
}

func (p *past) ListWorkflow(
	_ context.Context, request *workflowservice.ListWorkflowExecutionsRequest,
) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	at := len(request.GetNextPageToken())
	if at == len(p.runs) {
		return &workflowservice.ListWorkflowExecutionsResponse{}, nil
	}
	return &workflowservice.ListWorkflowExecutionsResponse{
		Executions: p.runs[at : at+1], NextPageToken: make([]byte, at+1),
	}, nil
}

func (p *past) ScheduleClient() client.ScheduleClient { return planned{made: p.made} }

func (p planned) GetHandle(context.Context, string) client.ScheduleHandle { return p }

func (p planned) Describe(context.Context) (*client.ScheduleDescription, error) {
	if p.made.IsZero() {
		return nil, serviceerror.NewNotFound("no schedule")
	}
	return &client.ScheduleDescription{Info: client.ScheduleInfo{CreatedAt: p.made}}, nil
}

func (p *past) ran(t *testing.T, id string, ended time.Time, attention bool) {
	t.Helper()
	payload, err := converter.GetDefaultDataConverter().ToPayload(attention)
	require.NoError(t, err)
	p.runs = append(p.runs, &workflowpb.WorkflowExecutionInfo{
		Execution: &commonpb.WorkflowExecution{WorkflowId: id}, Status: enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, CloseTime: timestamppb.New(ended),
		SearchAttributes: &commonpb.SearchAttributes{IndexedFields: map[string]*commonpb.Payload{ramp.AttentionKey.GetName(): payload}},
	})
}

func morning(day int) time.Time { return time.Date(2026, 11, day, 0, 5, 0, 0, time.UTC) }

func TestDaysCountByTheirLatestReconciliation(t *testing.T) {
	t.Parallel()
	p := &past{made: morning(1)}
	p.ran(t, "reconcile/2026-11-25", morning(27), false) // resolved
	p.ran(t, "reconcile/2026-11-25", morning(26), true)
	p.ran(t, "reconcile/2026-11-26", morning(27), true)
	p.ran(t, "reconcile-daily-2026-11-27T00:00:00Z", morning(27), false)
	p.ran(t, "reconcile-daily-2026-11-26T00:00:00Z", morning(26), false)
	s, err := reconcile.Summarize(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, 1, s.Differing)
	require.Equal(t, 25*time.Hour, s.Age(morning(28).Add(time.Hour)))
}

func TestScheduleThatHasNotRunYetCountsFromItsCreation(t *testing.T) {
	t.Parallel()
	s, err := reconcile.Summarize(t.Context(), &past{made: morning(1)})
	require.NoError(t, err)
	require.Equal(t, 24*time.Hour, s.Age(morning(2)))
}

func TestWithoutAScheduleNothingIsMissing(t *testing.T) {
	t.Parallel()
	p := new(past)
	p.ran(t, "reconcile-daily-2026-11-27T00:00:00Z", morning(27), false)
	s, err := reconcile.Summarize(t.Context(), p)
	require.NoError(t, err)
	require.Zero(t, s.Age(morning(30)))
}
