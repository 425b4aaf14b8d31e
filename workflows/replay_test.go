package workflows_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/ramp"
	"rampart/workflows"
)

// recorded is a history that an end-to-end test has recorded: make histories.
type recorded struct {
	name    string
	history *historypb.History
	started *historypb.WorkflowExecutionStartedEventAttributes
}

// corpus is every history in testdata/histories: one for each ending and order of messages.
func corpus(t *testing.T) []recorded { return histories(t, "testdata/histories") }

// histories are those in a directory.
func histories(t *testing.T, directory string) []recorded {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(directory, "*.json.gz"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var all []recorded
	for _, file := range files {
		packed, err := os.ReadFile(file)
		require.NoError(t, err)
		reader, err := gzip.NewReader(bytes.NewReader(packed))
		require.NoError(t, err)
		content, err := io.ReadAll(reader)
		require.NoError(t, err)
		history, err := client.HistoryFromJSON(bytes.NewReader(content), client.HistoryJSONOptions{})
		require.NoError(t, err, file)
		all = append(all, recorded{
			name:    strings.TrimSuffix(filepath.Base(file), ".json.gz"),
			history: history,
			started: history.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes(),
		})
	}
	return all
}

func (r recorded) replay(register func(worker.WorkflowReplayer)) error {
	return r.replayAs(r.started.GetOriginalExecutionRunId(), register)
}

// replayAs replays the history in a run. If that is another one than the history's, it continues that after a reset.
func (r recorded) replayAs(runID string, register func(worker.WorkflowReplayer)) error {
	replayer, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{DisableDeadlockDetection: true}) // a busy machine stops
	if err != nil {
		return err
	}
	register(replayer)
	return replayer.ReplayWorkflowHistoryWithOptions(nil, r.history, worker.ReplayWorkflowHistoryOptions{
		OriginalExecution: workflow.Execution{ID: r.started.GetWorkflowId(), RunID: runID},
	})
}

func ours(replayer worker.WorkflowReplayer) { workflows.Register(replayer) }

// result is how an order ended, and is empty for what is no order that ended well.
func (r recorded) result(t *testing.T) (order ramp.Order) {
	t.Helper()
	events := r.history.GetEvents()
	completed := events[len(events)-1].GetWorkflowExecutionCompletedEventAttributes()
	if completed == nil || r.started.GetWorkflowType().GetName() == ramp.AdoptionWorkflow {
		return order
	}
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(completed.GetResult(), &order))
	return order
}

func TestRecordedHistoriesReplay(t *testing.T) {
	t.Parallel()
	for _, r := range corpus(t) {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, r.replay(ours), "a running order would be stuck; see docs/how-to/roll-out.md")
		})
	}
}

// The replay proves something only of what was recorded.
func TestRecordedHistoriesHaveEveryEndingAndMessage(t *testing.T) {
	t.Parallel()
	endings := make(map[ramp.Direction]map[ramp.Status]int)
	events := make(map[enumspb.EventType]int)
	messages := make(map[string]int)
	calls := make(map[string]int)
	attention := 0
	for _, r := range corpus(t) {
		order := r.result(t)
		if order.Status != "" {
			if endings[order.Direction] == nil {
				endings[order.Direction] = make(map[ramp.Status]int)
			}
			endings[order.Direction][order.Status]++
			if strings.Contains(notes(order), "Attention: ") {
				attention++
			}
		}
		for _, event := range r.history.GetEvents() {
			events[event.GetEventType()]++
			calls[event.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName()]++
			calls[localActivity(t, event)]++
			messages[event.GetWorkflowExecutionSignaledEventAttributes().GetSignalName()]++
			messages[event.GetWorkflowExecutionUpdateAcceptedEventAttributes().GetAcceptedRequest().GetInput().GetName()]++
		}
	}
	for _, direction := range []ramp.Direction{ramp.Onramp, ramp.Offramp} {
		for _, status := range ramp.Statuses() {
			if status.Final() {
				require.Positive(t, endings[direction][status], "no %s order that is %s", direction, status)
			}
		}
	}
	for _, message := range []string{
		ramp.AwaitOrder, ramp.SubmitUTR, ramp.SubmitTransactionHash, ramp.SubmitKYC, ramp.SubmitAccount, ramp.ConfirmQuote,
		ramp.ProviderHint,
	} {
		require.Positive(t, messages[message], message)
	}
	for _, kind := range []enumspb.EventType{
		enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
		enumspb.EVENT_TYPE_TIMER_FIRED, enumspb.EVENT_TYPE_TIMER_CANCELED, enumspb.EVENT_TYPE_ACTIVITY_TASK_FAILED,
	} {
		require.Positive(t, events[kind], kind)
	}
	require.Positive(t, attention)
	for _, kind := range []any{new(activities.Calls), new(activities.Watches)} {
		for activity := range reflect.TypeOf(kind).Methods() {
			if activity.Name != "TakeOverWatches" { // of WorkerLease, which is no order
				require.Positive(t, calls[activity.Name], activity.Name)
			}
		}
	}
}

// localActivity returns the type of the activity that an event records which ran within the workflow task; "" if it records none.
func localActivity(t *testing.T, event *historypb.HistoryEvent) string {
	t.Helper()
	marker := event.GetMarkerRecordedEventAttributes()
	if marker.GetMarkerName() != "LocalActivity" {
		return ""
	}
	var data struct{ ActivityType string }
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(marker.GetDetails()["data"], &data))
	return data.ActivityType
}

// Each change of what orders do is in a history of an order that has taken it up. Otherwise nothing would show that such an
// order replays later.
func TestRecordedHistoriesHaveEveryChange(t *testing.T) {
	t.Parallel()
	taken := make(map[string]bool)
	for _, r := range corpus(t) {
		for _, event := range r.history.GetEvents() {
			marker := event.GetMarkerRecordedEventAttributes()
			if marker.GetMarkerName() != "Version" {
				continue
			}
			var change string
			require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(marker.GetDetails()["change-id"], &change))
			taken[change] = true
		}
	}
	source, err := os.ReadFile("versions.go")
	require.NoError(t, err)
	changes := regexp.MustCompile(`= "([a-z-]+)"`).FindAllSubmatch(source, -1)
	require.NotEmpty(t, changes)
	for _, change := range changes {
		switch id := string(change[1]); id {
		case "look-for-account", "account-limit": // come after a user's whole day, and after fifty accounts
		case "one-argument", "clear-asks-nothing-ahead": // a recorded history does not tell how its request came
		case "unkept-pause": // comes once two orders that were made are others'
		default:
			require.True(t, taken[id], "no history has the change %s", id)
		}
	}
}

// A workflow that does one thing more must not pass, or the replay would prove nothing.
func TestChangedWorkflowDoesNotReplay(t *testing.T) {
	t.Parallel()
	for _, r := range corpus(t) {
		if r.result(t).Status == "" {
			continue
		}
		err := r.replay(func(replayer worker.WorkflowReplayer) {
			for kind, original := range map[string]func(workflow.Context, converter.RawValue) (*ramp.Order, error){
				ramp.OnrampWorkflow: workflows.Onramp, ramp.OfframpWorkflow: workflows.Offramp,
			} {
				replayer.RegisterWorkflowWithOptions(func(ctx workflow.Context, input converter.RawValue) (*ramp.Order, error) {
					if err := workflow.Sleep(ctx, time.Second); err != nil {
						return nil, err
					}
					return original(ctx, input)
				}, workflow.RegisterOptions{Name: kind})
			}
		})
		require.ErrorContains(t, err, "TMPRL1100", r.name) // the SDK's code for it
	}
}

// Workflow code reads no configuration. Were it to, this environment would lead it another way than the one in which the
// histories were recorded.
func TestConfigurationCannotBreakDeterminism(t *testing.T) {
	for name, value := range map[string]string{
		"ONMETA_BASE_URL": "https://other.example.test", "ONMETA_API_KEY": "other", "ONMETA_API_SECRET": "other",
		"ONMETA_KYC_SECRET": "other", "ONMETA_RATE_LIMIT": "1", "ONMETA_CLOCK_SPEED": "1", "RAMP_LOG_LEVEL": "error",
		"RAMP_STOP_TIMEOUT": "1s", "RAMP_MAX_WATCHES": "1", "RAMP_WORKFLOW_CACHE": "1", "RAMP_KYC_STORES": "s3://other/",
		"RAMP_KEYSET_FILE": "/nowhere", "RAMP_BUILD_ID": "other", "RAMP_DEPLOYMENT": "other", "TEMPORAL_NAMESPACE": "other",
		"TZ": "America/New_York", "LANG": "hi_IN.UTF-8", "GODEBUG": "randautoseed=0",
	} {
		t.Setenv(name, value)
	}
	for _, r := range corpus(t) {
		require.NoError(t, r.replay(ours), r.name)
	}
}

// Earlier versions took metadata under a key that is the order's own now. Their orders are in flight.
func TestOrderInFlightGoesOnWhoseMetadataHasAKeyThatIsReservedNow(t *testing.T) {
	t.Parallel()
	for _, r := range corpus(t) {
		if r.name != "onramp-completed" && r.name != "offramp-completed" {
			continue
		}
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			input := r.started.GetInput().GetPayloads()[0]
			var request map[string]any
			require.NoError(t, json.Unmarshal(input.GetData(), &request))
			request["metadata"] = map[string]string{"Reference": "of another order", "invoice": "42"}
			var err error
			input.Data, err = json.Marshal(request)
			require.NoError(t, err)
			require.NoError(t, r.replay(ours))
		})
	}
}
