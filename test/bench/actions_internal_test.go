package bench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"google.golang.org/protobuf/types/known/durationpb"

	"rampart/ramp"
)

func event(kind enumspb.EventType) *historypb.HistoryEvent {
	return &historypb.HistoryEvent{EventType: kind}
}

func started(attempt int32) *historypb.HistoryEvent {
	e := event(enumspb.EVENT_TYPE_ACTIVITY_TASK_STARTED)
	e.Attributes = &historypb.HistoryEvent_ActivityTaskStartedEventAttributes{
		ActivityTaskStartedEventAttributes: &historypb.ActivityTaskStartedEventAttributes{Attempt: attempt},
	}
	return e
}

func scheduled(heartbeatTimeout time.Duration) *historypb.HistoryEvent {
	e := event(enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
	e.Attributes = &historypb.HistoryEvent_ActivityTaskScheduledEventAttributes{
		ActivityTaskScheduledEventAttributes: &historypb.ActivityTaskScheduledEventAttributes{HeartbeatTimeout: durationpb.New(heartbeatTimeout)},
	}
	return e
}

// call is a scheduled activity of the task queue of calls.
func call(heartbeatTimeout time.Duration) *historypb.HistoryEvent {
	e := scheduled(heartbeatTimeout)
	e.GetActivityTaskScheduledEventAttributes().TaskQueue = &taskqueuepb.TaskQueue{Name: ramp.TaskQueue}
	return e
}

func upsert(names ...string) *historypb.HistoryEvent {
	fields := map[string]*commonpb.Payload{}
	for _, name := range names {
		fields[name] = &commonpb.Payload{}
	}
	e := event(enumspb.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES)
	e.Attributes = &historypb.HistoryEvent_UpsertWorkflowSearchAttributesEventAttributes{
		UpsertWorkflowSearchAttributesEventAttributes: &historypb.UpsertWorkflowSearchAttributesEventAttributes{
			SearchAttributes: &commonpb.SearchAttributes{IndexedFields: fields},
		},
	}
	return e
}

func marker(task int64) *historypb.HistoryEvent {
	e := event(enumspb.EVENT_TYPE_MARKER_RECORDED)
	e.Attributes = &historypb.HistoryEvent_MarkerRecordedEventAttributes{
		MarkerRecordedEventAttributes: &historypb.MarkerRecordedEventAttributes{WorkflowTaskCompletedEventId: task},
	}
	return e
}

func TestBilledActionsFollowThePublishedRules(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		events []*historypb.HistoryEvent
		want   int
	}{
		"workflow tasks and completions are free": {[]*historypb.HistoryEvent{
			event(enumspb.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED), event(enumspb.EVENT_TYPE_WORKFLOW_TASK_STARTED),
			event(enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED), event(enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED),
			event(enumspb.EVENT_TYPE_TIMER_FIRED), event(enumspb.EVENT_TYPE_TIMER_CANCELED),
			event(enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED), event(enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED),
		}, 0},
		"a start, a signal, an update, a timer": {[]*historypb.HistoryEvent{
			event(enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED), event(enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED),
			event(enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED), event(enumspb.EVENT_TYPE_TIMER_STARTED),
		}, 4},
		"an activity, and each further attempt": {[]*historypb.HistoryEvent{scheduled(0), started(21)}, 21},
		"an upsert of several attributes":       {[]*historypb.HistoryEvent{upsert("RampStatus", "RampOrderId")}, 1},
		"no upsert of the SDK":                  {[]*historypb.HistoryEvent{upsert("TemporalChangeVersion")}, 0},
		"markers once per workflow task":        {[]*historypb.HistoryEvent{marker(4), marker(4), marker(8)}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, billedActions(tt.events))
		})
	}
}

func TestHeartbeatsAreThrottledAsTheSDKDoes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		events []*historypb.HistoryEvent
		want   int
	}{
		"none without watches":            {[]*historypb.HistoryEvent{scheduled(0)}, 0},
		"at most one a minute":            {[]*historypb.HistoryEvent{scheduled(90 * time.Second)}, 1 + 180},
		"four fifths of the timeout":      {[]*historypb.HistoryEvent{scheduled(30 * time.Second)}, 1 + 450},
		"none of a call":                  {[]*historypb.HistoryEvent{call(8 * time.Second)}, 0},
		"one more for each further watch": {[]*historypb.HistoryEvent{scheduled(90 * time.Second), scheduled(0), scheduled(90 * time.Second)}, 2 + 180},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, heartbeatsPer(3*time.Hour, tt.events))
		})
	}
}
