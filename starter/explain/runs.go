package explain

import (
	"cmp"
	"context"

	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"

	"rampart/ramp"
)

// mostRuns limits how many runs of a reference are read. A client that starts an order again in a loop creates any number of them.
const mostRuns = 50

// Find returns the runs of a reference, newest first, and the id of the run that is the order: the newest run that was not refused. If
// every run was refused, it is the run that the newest ReferenceTaken error names, or else the newest run. An invalid request and a second
// start are refused. If there is no run, the error is a *ramp.Error of type NotFound.
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

// list returns the newest run, followed by the other runs in the visibility store, which may not have the newest one yet. If the store
// fails, it returns the runs read until then.
func list(ctx context.Context, orders Orders, id ramp.ID, newest *workflowpb.WorkflowExecutionInfo) []Run {
	runs := []Run{{
		RunID: newest.GetExecution().GetRunId(), StartedAt: timeOf(newest.GetStartTime()), ClosedAt: timeOf(newest.GetCloseTime()),
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
