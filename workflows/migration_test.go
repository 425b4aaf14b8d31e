package workflows_test

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	failurepb "go.temporal.io/api/failure/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/proto"

	"rampart/activities"
	"rampart/codec"
	"rampart/ramp"
	"rampart/workflows"
)

// format1 is what the version before the payload format 2 has left: histories as Temporal holds them, of orders that ended and of
// orders in flight, and the keyset that they are encrypted with.
const format1 = "testdata/format1"

func secured(t *testing.T, keyset string) client.Options {
	t.Helper()
	content, err := os.ReadFile(keyset)
	require.NoError(t, err)
	keyring, err := codec.OpenKeyring(t.Context(), codec.KeysetSource{Keyset: string(content)})
	require.NoError(t, err)
	var options client.Options
	codec.Secure(&options, keyring)
	return options
}

// replayed runs the workflow code on a history with the converters of a connection.
func replayed(t *testing.T, history *historypb.History, options client.Options) error {
	t.Helper()
	replayer, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{
		DisableDeadlockDetection: true,
		DataConverter:            options.DataConverter, FailureConverter: options.FailureConverter,
	})
	require.NoError(t, err)
	workflows.Register(replayer)
	started := history.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes()
	return replayer.ReplayWorkflowHistoryWithOptions(nil, history, worker.ReplayWorkflowHistoryOptions{
		OriginalExecution: workflow.Execution{ID: started.GetWorkflowId(), RunID: started.GetOriginalExecutionRunId()},
	})
}

func TestOrdersInFlightOfTheVersionBeforeGoOn(t *testing.T) {
	t.Parallel()
	options := secured(t, filepath.Join(format1, "keyset.json"))
	for _, r := range histories(t, format1) {
		require.NoError(t, replayed(t, r.history, options), r.name)
	}
}

func TestEndedOrderOfTheVersionBeforeIsRead(t *testing.T) {
	t.Parallel()
	options := secured(t, filepath.Join(format1, "keyset.json"))
	read := 0
	for _, r := range histories(t, format1) {
		events := r.history.GetEvents()
		completed := events[len(events)-1].GetWorkflowExecutionCompletedEventAttributes()
		if completed == nil {
			continue
		}
		var order ramp.Order
		backend := converter.WithDataConverterSerializationContext(options.DataConverter,
			converter.WorkflowSerializationContext{Namespace: "default", WorkflowID: r.started.GetWorkflowId()})
		require.NoError(t, backend.FromPayloads(completed.GetResult(), &order), r.name)
		require.Equal(t, ramp.Completed, order.Status, r.name)
		read++
	}
	require.Equal(t, 2, read)
}

// A failure that a client without the keys has put in the place of the worker's stops the order's task, in old orders too.
func TestForgedFailureInTheHistoryOfAnOrderStopsItsTask(t *testing.T) {
	t.Parallel()
	options := secured(t, filepath.Join(format1, "keyset.json"))
	forged := &failurepb.Failure{Message: "no", FailureInfo: &failurepb.Failure_ApplicationFailureInfo{
		ApplicationFailureInfo: &failurepb.ApplicationFailureInfo{Type: activities.ErrRefused, NonRetryable: true},
	}}
	found := 0
	for _, r := range histories(t, format1) {
		history := proto.CloneOf(r.history)
		for _, event := range history.GetEvents() {
			if failed := event.GetActivityTaskFailedEventAttributes(); failed != nil {
				failed.Failure = forged
				found++
				break
			}
		}
		if !proto.Equal(history, r.history) {
			require.ErrorContains(t, replayed(t, history, options), "not authentic", r.name)
		}
	}
	require.Positive(t, found)
}

// An activity that is said to have ended has a result.
func TestActivityWithoutAResultInTheHistoryOfAnOrderStopsItsTask(t *testing.T) {
	t.Parallel()
	options := secured(t, filepath.Join(format1, "keyset.json"))
	for _, r := range histories(t, format1) {
		history := proto.CloneOf(r.history)
		for _, event := range history.GetEvents() {
			if completed := event.GetActivityTaskCompletedEventAttributes(); completed != nil {
				completed.Result = nil
				break
			}
		}
		require.ErrorContains(t, replayed(t, history, options), "no result", r.name)
	}
}

// Results are read strictly. What activities of earlier versions have left is of the results' fields and no others.
func TestResultsOfEarlierVersionsAreReadStrictly(t *testing.T) {
	t.Parallel()
	options := secured(t, filepath.Join(format1, "keyset.json"))
	results := make(map[string]reflect.Type)
	for _, kind := range []any{new(activities.Calls), new(activities.Watches)} {
		for activity := range reflect.TypeOf(kind).Methods() {
			results[activity.Name] = activity.Type.Out(0)
		}
	}
	read := make(map[string]int)
	for _, r := range corpus(t) {
		scheduled := make(map[int64]string)
		for _, event := range r.history.GetEvents() {
			if begun := event.GetActivityTaskScheduledEventAttributes(); begun != nil {
				scheduled[event.GetEventId()] = begun.GetActivityType().GetName()
			}
			completed := event.GetActivityTaskCompletedEventAttributes()
			if completed == nil || string(completed.GetResult().GetPayloads()[0].GetData()) == "{}" {
				continue // some were empty
			}
			name := scheduled[completed.GetScheduledEventId()]
			own := converter.WithDataConverterSerializationContext(options.DataConverter, converter.ActivitySerializationContext{
				Namespace: "default", WorkflowID: r.started.GetWorkflowId(), ActivityType: name,
			})
			sealed, err := own.ToPayloads(converter.NewRawValue(completed.GetResult().GetPayloads()[0]))
			require.NoError(t, err)
			require.NotPanics(t, func() {
				err = own.(converter.ContextAware).WithWorkflowContext(nil).FromPayloads(sealed, reflect.New(results[name]).Interface())
			}, "%s of %s: %s", name, r.name, completed.GetResult().GetPayloads()[0].GetData())
			require.NoError(t, err)
			read[name]++
		}
	}
	require.Greater(t, len(read), 10)
}
