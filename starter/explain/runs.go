package explain

import (
	"cmp"
	"context"

	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"

	"rampart/ramp"
)

// mostRuns is how many runs of a reference are looked at. Something that starts an order again and again makes no end of them.
const mostRuns = 50

// Find returns the runs of a reference, the newest first, and the id of the one that is the order: the newest that was not
// refused, as an invalid request and a second start are, or the newest of all if every one was. The error is a *ramp.Error of type
// NotFound if there is no run.
func Find(ctx context.Context, temporal Temporal, orders Orders, reader Reader, id ramp.ID) (runs []Run, order string, err error) {
	workflowID := id.Direction.WorkflowID(id.Reference)
	newest, err := describe(ctx, temporal, workflowID, "")
	if err != nil {
		return nil, "", err
	}
	runs = list(ctx, orders, id, newest.GetWorkflowExecutionInfo())
	holder := ""
	for i := range runs {
		run := &runs[i]
		if run.Running || order != "" && run.Status.Final() {
			order = cmp.Or(order, run.RunID)
			continue
		}
		events, err := history(ctx, temporal, workflowID, run.RunID)
		if err != nil {
			return nil, "", err
		}
		read := readHistory(reader, events)
		if run.Ended = read.refused(); run.Ended == "" {
			order = cmp.Or(order, run.RunID)
		} else {
			holder = cmp.Or(holder, read.failed.RunID)
		}
	}
	return runs, cmp.Or(order, holder, runs[0].RunID), nil
}

// list are the runs that the visibility store knows, after the newest, of which it may not have heard yet. While the store does not
// answer, the newest is told of all the same.
func list(ctx context.Context, orders Orders, id ramp.ID, newest *workflowpb.WorkflowExecutionInfo) []Run {
	runs := []Run{{
		RunID: newest.GetExecution().GetRunId(), StartedAt: moment(newest.GetStartTime()), ClosedAt: moment(newest.GetCloseTime()),
		Running: newest.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING || newest.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_PAUSED,
	}}
	attribute(newest.GetSearchAttributes().GetIndexedFields(), ramp.StatusKey.GetName(), &runs[0].Status)
	for listed, err := range orders.Runs(ctx, id) {
		switch {
		case err != nil, len(runs) == mostRuns:
			return runs
		case listed.RunID == runs[0].RunID:
		default:
			runs = append(runs, Run{
				RunID: listed.RunID, Status: listed.Status, Running: listed.Running, StartedAt: listed.StartedAt, ClosedAt: listed.ClosedAt,
			})
		}
	}
	return runs
}
