package reconcile

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"rampart/ramp"
)

// History is the part of a Temporal client that says how reconciliations went.
type History interface {
	ListWorkflow(context.Context, *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error)
	ScheduleClient() client.ScheduleClient
}

// Summary is how the reconciliations of the latest month went.
type Summary struct {
	// Differing is how many days have differences, by their latest reconciliation.
	Differing int
	// Since is when the last planned reconciliation succeeded or, before the first, when the schedule was made; zero without a schedule.
	Since time.Time
}

// Age returns the time since the last planned reconciliation that succeeded; 0 where none is planned.
func (s *Summary) Age(now time.Time) time.Duration {
	if s.Since.IsZero() {
		return 0
	}
	return max(0, now.Sub(s.Since))
}

// remembered is how far back reconciliations count.
const remembered = 31 * 24 * time.Hour

// Summarize reads how the reconciliations of the latest month went.
func Summarize(ctx context.Context, history History) (*Summary, error) {
	s := new(Summary)
	request := &workflowservice.ListWorkflowExecutionsRequest{Query: fmt.Sprintf(
		`WorkflowType IN (%q, %q) AND ExecutionStatus = "Completed" AND CloseTime > %q`, Workflow, DailyWorkflow, time.Now().UTC().Add(-remembered).Format(time.RFC3339))}
	latest := map[string]*workflowpb.WorkflowExecutionInfo{}
	for {
		page, err := history.ListWorkflow(ctx, request)
		if err != nil {
			return nil, fmt.Errorf("list reconciliations: %w", err)
		}
		for _, run := range page.GetExecutions() {
			s.add(latest, run)
		}
		if request.NextPageToken = page.GetNextPageToken(); len(request.NextPageToken) == 0 {
			break
		}
	}
	for _, run := range latest {
		if differs(run) {
			s.Differing++
		}
	}
	return s, s.addSchedule(ctx, history)
}

// add adds a run: the reconciliation of a day, or one that the schedule has started for that.
func (s *Summary) add(latest map[string]*workflowpb.WorkflowExecutionInfo, run *workflowpb.WorkflowExecutionInfo) {
	id, ended := run.GetExecution().GetWorkflowId(), run.GetCloseTime().AsTime()
	switch {
	case run.GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED:
	case strings.HasPrefix(id, ramp.ReconciliationPrefix):
		if before := latest[id]; before == nil || before.GetCloseTime().AsTime().Before(ended) {
			latest[id] = run
		}
	case ended.After(s.Since):
		s.Since = ended
	}
}

// differs reports whether a reconciliation has found differences.
func differs(run *workflowpb.WorkflowExecutionInfo) bool {
	var attention bool
	if payload, found := run.GetSearchAttributes().GetIndexedFields()[ramp.AttentionKey.GetName()]; found {
		_ = converter.GetDefaultDataConverter().FromPayload(payload, &attention)
	}
	return attention
}

// addSchedule takes the time at which the schedule was made, and forgets all times without a schedule.
func (s *Summary) addSchedule(ctx context.Context, history History) error {
	schedule, err := history.ScheduleClient().GetHandle(ctx, ScheduleID).Describe(ctx)
	var absent *serviceerror.NotFound
	if errors.As(err, &absent) {
		s.Since = time.Time{}
		return nil
	}
	if err != nil {
		return fmt.Errorf("describe the schedule of reconciliations: %w", err)
	}
	if made := schedule.Info.CreatedAt; made.After(s.Since) {
		s.Since = made
	}
	return nil
}
