package bench

import (
	"context"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"

	"rampart/test/testbed"
)

// record describes the workflow of a closed order.
type record struct {
	events, bytes, transitions, actions, heartbeats, tasks int
}

// readRecords reads the workflows of orders.
func readRecords(ctx context.Context, l lane, scenario Scenario, orders []order) ([]record, error) {
	records := make([]record, len(orders))
	for i, o := range orders {
		var err error
		if records[i], err = readRecord(ctx, l, scenario, o); err != nil {
			return nil, err
		}
	}
	return records, nil
}

func readRecord(ctx context.Context, l lane, scenario Scenario, o order) (record, error) {
	description, err := l.temporal.DescribeWorkflowExecution(ctx, o.workflowID(), "")
	if err != nil {
		return record{}, err
	}
	history, err := testbed.History(ctx, l.temporal, o.workflowID(), "")
	if err != nil {
		return record{}, err
	}
	events := history.GetEvents()
	info := description.GetWorkflowExecutionInfo()
	heartbeats := heartbeatsPer(time.Duration(scenario.Polls)*meanPause, events)
	return record{
		events: int(info.GetHistoryLength()), bytes: int(info.GetHistorySizeBytes()), transitions: int(info.GetStateTransitionCount()),
		actions: billedActions(events) + heartbeats, heartbeats: heartbeats, tasks: tasks(events),
	}, nil
}

// tasks returns how many tasks workers have started.
func tasks(events []*historypb.HistoryEvent) int {
	n := 0
	for _, event := range events {
		if event.EventType == enumspb.EVENT_TYPE_WORKFLOW_TASK_STARTED || event.EventType == enumspb.EVENT_TYPE_ACTIVITY_TASK_STARTED {
			n++
		}
	}
	return n
}

func figures(records []record, of func(record) int) []float64 {
	values := make([]float64, len(records))
	for i, r := range records {
		values[i] = float64(of(r))
	}
	return values
}
