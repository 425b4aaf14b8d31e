package testbed

import (
	"context"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"rampart/codec"
	"rampart/workflows"
)

// History returns the events of a run so far. An empty run id is the newest run.
func History(ctx context.Context, temporal client.Client, workflowID, runID string) (*historypb.History, error) {
	events := temporal.GetWorkflowHistory(ctx, workflowID, runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	history := new(historypb.History)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			return nil, err
		}
		history.Events = append(history.Events, event)
	}
	return history, nil
}

// Replay checks that the workflow code of this program produces the commands of a history.
func Replay(keyring *codec.Keyring, workflowID string, history *historypb.History) error {
	var options client.Options
	codec.Secure(&options, keyring)
	replayer, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{
		DataConverter:            options.DataConverter,
		FailureConverter:         options.FailureConverter,
		DisableDeadlockDetection: true, // a busy machine stops for longer than the second that it allows
	})
	if err != nil {
		return err
	}
	workflows.Register(replayer)
	return replayer.ReplayWorkflowHistoryWithOptions(discardLogs(), history,
		worker.ReplayWorkflowHistoryOptions{OriginalExecution: workflow.Execution{ID: workflowID}})
}
