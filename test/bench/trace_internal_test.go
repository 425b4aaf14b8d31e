package bench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// traced is an order that began at the time zero: its events, so many milliseconds after that.
func traced(calls time.Duration) []stepTaken {
	begun := time.UnixMilli(0)
	at := func(ms time.Duration, kind enumspb.EventType) *historypb.HistoryEvent {
		return &historypb.HistoryEvent{EventType: kind, EventTime: timestamppb.New(begun.Add(ms * time.Millisecond))}
	}
	call := func(ms time.Duration, name string) *historypb.HistoryEvent {
		event := at(ms, enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
		event.Attributes = &historypb.HistoryEvent_ActivityTaskScheduledEventAttributes{
			ActivityTaskScheduledEventAttributes: &historypb.ActivityTaskScheduledEventAttributes{ActivityType: &commonpb.ActivityType{Name: name}},
		}
		return event
	}
	return stepsOf([]*historypb.HistoryEvent{
		at(2, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED), at(2, enumspb.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED),
		at(7, enumspb.EVENT_TYPE_WORKFLOW_TASK_STARTED), at(10, enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED),
		call(10, "KYCStatus"), call(10, "LinkedAccounts"), at(10, enumspb.EVENT_TYPE_ACTIVITY_TASK_STARTED),
		at(10+calls, enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED), at(10+calls, enumspb.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED),
		at(11+calls, enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED), at(12+calls, enumspb.EVENT_TYPE_WORKFLOW_TASK_STARTED),
		at(15+calls, enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED), at(15+calls, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED),
		at(99, enumspb.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED),
	}, begun, begun.Add((18+calls)*time.Millisecond))
}

func TestStepsOfATraceFillTheTimeFromStartToInstructions(t *testing.T) {
	t.Parallel()
	require.Equal(t, []stepTaken{
		{"the start reaches Temporal", 2 * time.Millisecond},
		{"workflow task 1 waits for a worker", 5 * time.Millisecond},
		{"workflow task 1 runs", 3 * time.Millisecond},
		{"KYCStatus, LinkedAccounts", 20 * time.Millisecond},
		{"workflow task 2 waits for a worker", 2 * time.Millisecond},
		{"workflow task 2 runs", 3 * time.Millisecond},
		{"the answer reaches the backend", 3 * time.Millisecond},
	}, traced(20))
}

func TestTraceHasTheMedianOfOrdersWithTheUsualSteps(t *testing.T) {
	t.Parallel()
	unusual := []stepTaken{{"the start reaches Temporal", time.Hour}}
	steps := traces{traced(10), unusual, traced(20), traced(60)}.steps()
	require.Len(t, steps, 7)
	require.Equal(t, "KYCStatus, LinkedAccounts", steps[3].Name)
	require.InDelta(t, 20, steps[3].Took.P50, 0.001)
	require.Empty(t, traces(nil).steps())
}
