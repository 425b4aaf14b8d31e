package explain_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"rampart/ramp"
	"rampart/starter/explain"
)

// recorded is the history of an order, one of those that workflow code must replay.
type recorded struct {
	name   string
	id     ramp.ID
	events []*historypb.HistoryEvent
}

// corpus is the recorded history of every order: of each ending, and of each order of messages.
func corpus(t *testing.T) []recorded {
	t.Helper()
	files, err := filepath.Glob("../../workflows/testdata/histories/*.json.gz")
	require.NoError(t, err)
	var all []recorded
	for _, file := range files {
		if r := record(t, file); r.id.Reference != "" { // the others are what workers use among themselves
			all = append(all, r)
		}
	}
	require.NotEmpty(t, all)
	return all
}

// bought is the recorded order that took the usual road.
func bought(t *testing.T) recorded {
	t.Helper()
	return record(t, "../../workflows/testdata/histories/onramp-completed.json.gz")
}

func record(t *testing.T, file string) recorded {
	t.Helper()
	r := recorded{name: strings.TrimSuffix(filepath.Base(file), ".json.gz"), events: read(t, file)}
	r.id.Direction, r.id.Reference, _ = ramp.ParseWorkflowID(r.events[0].GetWorkflowExecutionStartedEventAttributes().GetWorkflowId())
	return r
}

func read(t *testing.T, file string) []*historypb.HistoryEvent {
	t.Helper()
	packed, err := os.ReadFile(file)
	require.NoError(t, err)
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	require.NoError(t, err)
	content, err := io.ReadAll(reader)
	require.NoError(t, err)
	history, err := client.HistoryFromJSON(bytes.NewReader(content), client.HistoryJSONOptions{})
	require.NoError(t, err, file)
	return history.GetEvents()
}

// until is the order as it was after some of its events.
func (r recorded) until(events int) *explain.Snapshot {
	history := r.events[:events]
	last := history[events-1]
	info := &workflowpb.WorkflowExecutionInfo{
		Execution: &commonpb.WorkflowExecution{WorkflowId: r.id.Direction.WorkflowID(r.id.Reference), RunId: "run"},
		StartTime: history[0].GetEventTime(), Status: enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING,
	}
	switch last.GetEventType() {
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
		info.Status, info.CloseTime = enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, last.GetEventTime()
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
		info.Status, info.CloseTime = enumspb.WORKFLOW_EXECUTION_STATUS_FAILED, last.GetEventTime()
	}
	return &explain.Snapshot{
		ID: r.id, History: history, Workers: 1, Watchers: 1, Now: last.GetEventTime().AsTime().Add(time.Second),
		Execution: &workflowservice.DescribeWorkflowExecutionResponse{
			WorkflowExecutionInfo: info, PendingActivities: pending(history),
		},
	}
}

// pending are the activities that had no answer yet.
func pending(history []*historypb.HistoryEvent) []*workflowpb.PendingActivityInfo {
	over := make(map[int64]bool)
	for _, event := range history {
		over[event.GetActivityTaskCompletedEventAttributes().GetScheduledEventId()] = true
		over[event.GetActivityTaskFailedEventAttributes().GetScheduledEventId()] = true
		over[event.GetActivityTaskCanceledEventAttributes().GetScheduledEventId()] = true
		over[event.GetActivityTaskTimedOutEventAttributes().GetScheduledEventId()] = true
	}
	var all []*workflowpb.PendingActivityInfo
	for _, event := range history {
		if activity := event.GetActivityTaskScheduledEventAttributes(); activity != nil && !over[event.GetEventId()] {
			all = append(all, &workflowpb.PendingActivityInfo{
				ActivityId: activity.GetActivityId(), ActivityType: activity.GetActivityType(),
				State: enumspb.PENDING_ACTIVITY_STATE_STARTED, Attempt: 1, ScheduledTime: event.GetEventTime(),
			})
		}
	}
	return all
}

// result is how the order ended, nil without a result.
func (r recorded) result(t *testing.T) *ramp.Order {
	t.Helper()
	completed := r.events[len(r.events)-1].GetWorkflowExecutionCompletedEventAttributes()
	if completed == nil {
		return nil
	}
	order := new(ramp.Order)
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(completed.GetResult(), order))
	return order
}

// personal are the values of an order's request that nobody else may see.
func (r recorded) personal(t *testing.T) []string {
	t.Helper()
	started := r.events[0].GetWorkflowExecutionStartedEventAttributes()
	var request struct {
		Email string
		UPI   struct{ ID, Name string }
		Bank  struct{ AccountName, AccountNumber, PAN string }
		KYC   struct{ Dossier string }
	}
	_ = json.Unmarshal(started.GetInput().GetPayloads()[0].GetData(), &request) // one of them is malformed on purpose
	all := []string{
		request.Email, request.UPI.ID, request.UPI.Name, request.Bank.AccountName, request.Bank.AccountNumber, request.Bank.PAN,
		request.KYC.Dossier,
	}
	return slices.DeleteFunc(all, func(value string) bool { return value == "" })
}

func plain() explain.Reader { return explain.NewReader(nil, nil) }

func TestExplanationOfEveryRecordedOrderStatesItsResult(t *testing.T) {
	t.Parallel()
	for _, r := range corpus(t) {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			explanation := r.until(len(r.events)).Explain(plain())
			require.Empty(t, explanation.Awaits)
			require.NotZero(t, explanation.ClosedAt)
			order := r.result(t)
			if order == nil {
				require.Equal(t, "failed", explanation.Workflow)
				require.NotEmpty(t, explanation.Ended, "recorded are only requests that were refused")
				require.Regexp(t, `^(The request was refused|Nothing was started): .+\.$`, explanation.Standing)
				require.False(t, explanation.NeedsAttention(), "a refused request is its sender's to mend")
				require.NotEmpty(t, explanation.Advice)
				return
			}
			require.Equal(t, order.Status, explanation.Status)
			require.Empty(t, explanation.Problems)
			require.NotEmpty(t, explanation.Advice)
			require.True(t, strings.HasPrefix(strings.ToLower(explanation.Standing), string(order.Status)), explanation.Standing)
			if order.Status == ramp.Completed {
				require.Contains(t, explanation.Standing, order.Settlement.Amount.Text())
			}
		})
	}
}

func TestExplanationHasEveryCallMessageAndTimerOnceAndInOrder(t *testing.T) {
	t.Parallel()
	for _, r := range corpus(t) {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			explanation := r.until(len(r.events)).Explain(plain())
			want := map[explain.Kind]int{explain.KindMessage: 1} // the start
			for _, event := range r.events {
				switch event.GetEventType() {
				case enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
					want[explain.KindCall]++
				case enumspb.EVENT_TYPE_TIMER_STARTED:
					want[explain.KindTimer]++
				case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
					enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED:
					want[explain.KindMessage]++
				}
			}
			got := make(map[explain.Kind]int)
			for _, moment := range explanation.Happened {
				got[moment.Kind]++
				require.NotContains(t, moment.Text, "is not a message of orders")
				require.NotContains(t, moment.Text, "another watch has taken the place")
				require.True(t, moment.Text != "" || moment.Status != "")
			}
			for kind, count := range want {
				require.Equal(t, count, got[kind], kind)
			}
			if order := r.result(t); order != nil {
				require.Len(t, order.Timeline, got[explain.KindStatus])
			}
			require.True(t, slices.IsSortedFunc(explanation.Happened, func(a, b explain.Entry) int { return a.At.Compare(b.At) }))
		})
	}
}

func TestExplanationHoldsNoPersonalData(t *testing.T) {
	t.Parallel()
	for _, r := range corpus(t) {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			text, err := json.Marshal(r.until(len(r.events)).Explain(plain()))
			require.NoError(t, err)
			for _, value := range r.personal(t) {
				require.NotContains(t, string(text), value)
			}
			require.NotContains(t, string(text), `{\"`, "a payload was printed as it is")
		})
	}
}

// An order may be asked about at any moment of its life, also when no worker tells its state.
func TestExplanationStatesWhatIsAwaitedAfterEveryEvent(t *testing.T) {
	t.Parallel()
	for _, r := range corpus(t) {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			for events := 1; events < len(r.events); events++ {
				switch r.events[events].GetEventType() {
				case enumspb.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED, enumspb.EVENT_TYPE_ACTIVITY_TASK_STARTED:
				default:
					continue // only before a worker's next turn is there time to ask
				}
				explanation := r.until(events).Explain(plain())
				require.NotEmpty(t, explanation.Standing)
				require.NotEmpty(t, explanation.Awaits, "after event %d", events)
				for _, wait := range explanation.Awaits {
					require.NotEmpty(t, wait.What)
					require.NotEmpty(t, wait.From)
				}
			}
		})
	}
}
