package bench

import (
	"maps"
	"slices"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"

	"rampart/ramp"
)

// changeVersion is the search attribute of the SDK's patching API, whose upserts are not billed.
const changeVersion = "TemporalChangeVersion"

// billedActions returns the number of actions that Temporal Cloud would bill for an order by its published rules
// (https://docs.temporal.io/evaluate/cloud/actions), as far as the history shows them: the start, activities and their retries, timers,
// signals, updates, upserts of search attributes, changed options and, once per workflow task, markers. A history contains neither
// heartbeats nor queries.
func billedActions(events []*historypb.HistoryEvent) int {
	actions := 0
	marked := map[int64]bool{}
	for _, event := range events {
		switch event.EventType {
		case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED, enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
			enumspb.EVENT_TYPE_TIMER_STARTED, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
			enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED:
			actions++
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_STARTED:
			actions += int(event.GetActivityTaskStartedEventAttributes().GetAttempt()) - 1
		case enumspb.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
			if upsertsMoreThanVersions(event) {
				actions++
			}
		case enumspb.EVENT_TYPE_MARKER_RECORDED:
			if task := event.GetMarkerRecordedEventAttributes().GetWorkflowTaskCompletedEventId(); !marked[task] {
				marked[task] = true
				actions++
			}
		}
	}
	return actions
}

func upsertsMoreThanVersions(event *historypb.HistoryEvent) bool {
	fields := event.GetUpsertWorkflowSearchAttributesEventAttributes().GetSearchAttributes().GetIndexedFields()
	return !slices.Equal(slices.Collect(maps.Keys(fields)), []string{changeVersion})
}

// The SDK sends a heartbeat at most once per throttle interval: throttleShare of the heartbeat timeout, and at most longestThrottle.
const (
	longestThrottle = time.Minute
	throttleShare   = 0.8
)

// heartbeatsPer returns the largest number of heartbeats that an order's watches send to the server in a time of watching: the first of
// each activity at once, the others throttled. A watch that ends within seconds sends none.
func heartbeatsPer(watched time.Duration, events []*historypb.HistoryEvent) int {
	watches := 0
	var throttle time.Duration
	for _, event := range events {
		scheduled := event.GetActivityTaskScheduledEventAttributes()
		timeout := scheduled.GetHeartbeatTimeout().AsDuration()
		if timeout > 0 && scheduled.GetTaskQueue().GetName() != ramp.TaskQueue { // a call heartbeats only if it lasts
			watches++
			throttle = min(longestThrottle, time.Duration(throttleShare*float64(timeout)))
		}
	}
	if watches == 0 {
		return 0
	}
	return watches + int(watched/throttle)
}
