package explain_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	deploymentpb "go.temporal.io/api/deployment/v1"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/types/known/timestamppb"

	"rampart/activities"
	"rampart/codec"
	"rampart/internal/payloadmeta"
	"rampart/ramp"
	"rampart/starter/explain"
)

// waiting is a recorded order that waits for the provider, and its state as its worker tells it.
func waiting(t *testing.T) (*explain.Snapshot, *ramp.Order) {
	t.Helper()
	r := bought(t)
	order := r.result(t)
	order.Status, order.Settlement = ramp.VerifyingPayment, nil
	for i, event := range r.events {
		if name := event.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName(); name == "WatchOrder" {
			snapshot := r.until(i + 1)
			snapshot.Order = order
			return snapshot, order
		}
	}
	require.Fail(t, "the recorded order was not watched")
	return nil, nil
}

// then adds an event to the history of an order.
func then(snapshot *explain.Snapshot, event *historypb.HistoryEvent) {
	event.EventId = int64(len(snapshot.History) + 1)
	event.EventTime = timestamppb.New(snapshot.Now)
	snapshot.History = append(snapshot.History, event)
}

// taskFailed is a worker's failure to continue an order.
func taskFailed(cause enumspb.WorkflowTaskFailedCause, failure *failurepb.Failure) *historypb.HistoryEvent {
	return &historypb.HistoryEvent{
		EventType: enumspb.EVENT_TYPE_WORKFLOW_TASK_FAILED,
		Attributes: &historypb.HistoryEvent_WorkflowTaskFailedEventAttributes{
			WorkflowTaskFailedEventAttributes: &historypb.WorkflowTaskFailedEventAttributes{Cause: cause, Failure: failure},
		},
	}
}

func failure(message string) *failurepb.Failure {
	return &failurepb.Failure{Message: message, FailureInfo: &failurepb.Failure_ApplicationFailureInfo{
		ApplicationFailureInfo: &failurepb.ApplicationFailureInfo{Type: "PanicError"},
	}}
}

// typedFailure is the failure of an activity.
func typedFailure(kind, message string) *failurepb.Failure {
	typed := failure(message)
	typed.GetApplicationFailureInfo().Type = kind
	return typed
}

// sealed is a failure whose message is encrypted with a key that nobody here has.
func sealed() *failurepb.Failure {
	hidden := failure("Encoded failure")
	hidden.EncodedAttributes = &commonpb.Payload{
		Metadata: map[string][]byte{converter.MetadataEncoding: []byte(payloadmeta.Encoding)}, Data: []byte("…"),
	}
	return hidden
}

// requireProblem requires that an order has exactly one problem, with this text and this advice.
func requireProblem(t *testing.T, explanation *explain.Explanation, what, todo string) explain.Problem {
	t.Helper()
	require.Len(t, explanation.Problems, 1)
	problem := explanation.Problems[0]
	require.Contains(t, problem.What, what)
	var advice strings.Builder
	for _, each := range problem.Advice {
		advice.WriteString(each.What + " " + strings.Join(each.Command, " ") + "\n")
	}
	require.Contains(t, advice.String(), todo)
	return problem
}

func TestOrderThatMakesProgressHasNoProblem(t *testing.T) {
	t.Parallel()
	snapshot, order := waiting(t)
	explanation := snapshot.Explain(plain())
	require.Empty(t, explanation.Problems)
	require.False(t, explanation.NeedsAttention())
	require.Equal(t, order.OrderID, explanation.OrderID)
	require.Contains(t, explanation.Standing, "The provider looks for the payment. It has accepted the UTR.")
	require.Equal(t, []string{"watch", explanation.WorkflowID}, explanation.Advice[0].Command)
}

func TestWatchHasItsLastAnswerAndItsLastFailure(t *testing.T) {
	t.Parallel()
	snapshot, _ := waiting(t)
	checked := snapshot.Now.Add(-10 * time.Second)
	beat, err := converter.GetDefaultDataConverter().ToPayloads(map[string]any{
		"lastAnswer": "fiatPending", "checkedAt": checked, "lastError": "onmeta orders/status: unavailable (HTTP 503)",
	})
	require.NoError(t, err)
	snapshot.Execution.PendingActivities[0].HeartbeatDetails = beat

	explanation := snapshot.Explain(plain())

	require.Len(t, explanation.Awaits, 1)
	wait := explanation.Awaits[0]
	require.Equal(t, "the provider", wait.From)
	require.Contains(t, wait.What, "Watch the order")
	require.Equal(t, "fiatPending", wait.LastAnswer)
	require.True(t, checked.Equal(wait.CheckedAt))
	require.Contains(t, wait.LastFailure, "HTTP 503")
}

func TestRetriedCallHasTheTimeOfTheNextAttemptAndTheLastFailure(t *testing.T) {
	t.Parallel()
	snapshot, _ := waiting(t)
	next := snapshot.Now.Add(time.Minute)
	call := snapshot.Execution.PendingActivities[0]
	call.State, call.Attempt, call.NextAttemptScheduleTime = enumspb.PENDING_ACTIVITY_STATE_SCHEDULED, 3, timestamppb.New(next)
	call.LastFailure = failure("asha@example.test was refused")

	explanation := snapshot.Explain(plain())

	require.Empty(t, explanation.Problems, "it is too early for that")
	wait := explanation.Awaits[0]
	require.EqualValues(t, 3, wait.Attempt)
	require.True(t, next.Equal(wait.NextAt))
	require.Equal(t, "a***@example.test was refused", wait.LastFailure)
}

func TestCallThatFailsRepeatedlyIsAProblemBeforeTheOrderNeedsAttention(t *testing.T) {
	t.Parallel()
	snapshot, _ := waiting(t)
	call := snapshot.Execution.PendingActivities[0]
	call.Attempt, call.LastFailure = 4, typedFailure(activities.ErrUnauthorized, "onmeta quote/buy: unauthorized (HTTP 401)")
	problem := requireProblem(t, snapshot.Explain(plain()), "unauthorized (HTTP 401)", "ONMETA_API_KEY")
	require.NotZero(t, problem.Since)
}

func TestFailingCallHasTheConcernThatItsErrorRaises(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{
		activities.ErrUnauthorized, activities.ErrRateLimited, activities.ErrUnavailable, activities.ErrTemporal, activities.ErrStore,
	} {
		snapshot, _ := waiting(t)
		call := snapshot.Execution.PendingActivities[0]
		call.Attempt, call.LastFailure = 4, typedFailure(kind, "it failed")
		concern, unanswered := activities.Unanswered(temporal.NewApplicationError("it failed", kind))
		require.True(t, unanswered)
		require.Equal(t, concern.Type, requireProblem(t, snapshot.Explain(plain()), "it failed", "continues by itself").Concern)
	}
}

func TestConcernIsAProblemWithItsStartAndItsRemedy(t *testing.T) {
	t.Parallel()
	for concern, todo := range map[ramp.ConcernType]string{
		ramp.ConcernAPIKeyRefused:         "ONMETA_API_KEY",
		ramp.ConcernRateLimited:           "ONMETA_RATE_LIMIT",
		ramp.ConcernProviderUnavailable:   "outage",
		ramp.ConcernLostInstructions:      "Cancel the order and start another",
		ramp.ConcernUnreadableMessage:     "keyset inspect",
		ramp.ConcernType("of the future"): "Look into it",
	} {
		t.Run(string(concern), func(t *testing.T) {
			t.Parallel()
			snapshot, order := waiting(t)
			since := snapshot.Now.Add(-time.Hour)
			order.Attention = "asha@example.test waits"
			order.Concerns = []ramp.Concern{{Type: concern, Reason: order.Attention, Since: since}}
			problem := requireProblem(t, snapshot.Explain(plain()), "a***@example.test waits", todo)
			require.Equal(t, since, problem.Since)
			require.Equal(t, concern, problem.Concern)
		})
	}
}

func TestTwoConcernsAreTwoProblems(t *testing.T) {
	t.Parallel()
	snapshot, order := waiting(t)
	order.Attention = "one; two"
	order.Concerns = []ramp.Concern{{Type: ramp.ConcernProviderUnavailable, Reason: "one"}, {Type: ramp.ConcernPayoutFailed, Reason: "two"}}
	require.Len(t, snapshot.Explain(plain()).Problems, 2)
}

func TestAttentionOfAnEarlierWorkerIsAProblem(t *testing.T) {
	t.Parallel()
	snapshot, order := waiting(t)
	order.Attention = "one; two"
	requireProblem(t, snapshot.Explain(plain()), "one; two", "Look into it")
}

func TestMissingWorkersAreAProblem(t *testing.T) {
	t.Parallel()
	snapshot, _ := waiting(t)
	snapshot.Order, snapshot.Workers = nil, 0
	since := snapshot.Now.Add(-time.Minute)
	snapshot.Execution.PendingWorkflowTask = &workflowpb.PendingWorkflowTaskInfo{Attempt: 1, OriginalScheduledTime: timestamppb.New(since)}
	problem := requireProblem(t, snapshot.Explain(plain()), "no worker runs", "Start a worker")
	require.True(t, since.Equal(problem.Since))
}

func TestMissingWorkersForWatchesAreAProblem(t *testing.T) {
	t.Parallel()
	snapshot, _ := waiting(t)
	snapshot.Watchers = 0
	snapshot.Execution.PendingActivities[0].State = enumspb.PENDING_ACTIVITY_STATE_SCHEDULED
	explanation := snapshot.Explain(plain())
	requireProblem(t, explanation, "for watches", "Start a worker")
	require.Equal(t, "a worker", explanation.Awaits[0].From)
}

func TestMissingWorkersOfAVersionAreAProblemThatNamesTheVersion(t *testing.T) {
	t.Parallel()
	snapshot, _ := waiting(t)
	snapshot.Workers = 0
	snapshot.Execution.WorkflowExecutionInfo.VersioningInfo = &workflowpb.WorkflowExecutionVersioningInfo{
		Behavior:          enumspb.VERSIONING_BEHAVIOR_PINNED,
		DeploymentVersion: &deploymentpb.WorkerDeploymentVersion{DeploymentName: "ramp", BuildId: "v7"},
	}
	requireProblem(t, snapshot.Explain(plain()), "version v7", "RAMP_BUILD_ID=v7")
}

func TestFailedWorkflowTaskIsAProblemWithItsCauseAndAdvice(t *testing.T) {
	t.Parallel()
	const panicked = enumspb.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE
	for name, test := range map[string]struct {
		cause      enumspb.WorkflowTaskFailedCause
		failure    *failurepb.Failure
		what, todo string
	}{
		"other code":            {enumspb.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR, failure("[TMPRL1100] nondeterministic workflow"), "nondeterminism", "deployment move onramp/"},
		"other code, in cipher": {enumspb.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR, sealed(), "nondeterminism", "docs/how-to/roll-out.md"},
		"a missing key":         {panicked, failure((&codec.UnknownKeyError{KeyID: 7}).Error()), "key 7", "keyset inspect"},
		"another key":           {panicked, sealed(), "encrypted with a key that is not in this keyset", "RAMP_KEYSET_FILE"},
		"a defect":              {panicked, failure("index out of range"), "index out of range", "defect"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			snapshot, _ := waiting(t)
			then(snapshot, taskFailed(test.cause, test.failure))
			snapshot.Order, snapshot.QueryError = nil, errors.New("no answer")
			problem := requireProblem(t, snapshot.Explain(plain()), test.what, test.todo)
			require.Equal(t, snapshot.Now, problem.Since)
		})
	}
}

func TestFailedWorkflowTaskIsNoProblemOnceATaskSucceeds(t *testing.T) {
	t.Parallel()
	snapshot, _ := waiting(t)
	then(snapshot, taskFailed(enumspb.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE, failure("index out of range")))
	then(snapshot, &historypb.HistoryEvent{
		EventType: enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
		Attributes: &historypb.HistoryEvent_WorkflowTaskCompletedEventAttributes{
			WorkflowTaskCompletedEventAttributes: &historypb.WorkflowTaskCompletedEventAttributes{},
		},
	})
	explanation := snapshot.Explain(plain())
	require.Empty(t, explanation.Problems)
	require.Contains(t, texts(explanation), "A worker could not continue the order: index out of range", "the story still tells it")
}

func TestTaskRetriedForANewEventIsNoFailure(t *testing.T) {
	t.Parallel()
	snapshot, _ := waiting(t)
	then(snapshot, taskFailed(enumspb.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND, failure("UnhandledCommand")))
	explanation := snapshot.Explain(plain())
	require.Empty(t, explanation.Problems)
	require.NotContains(t, texts(explanation), "could not continue")
}

func TestQueryThatFailsToReplayTheOrderIsReportedAsNondeterminism(t *testing.T) {
	t.Parallel()
	snapshot, _ := waiting(t)
	snapshot.Order = nil
	snapshot.QueryError = serviceerror.NewQueryFailed("[TMPRL1100] nondeterministic workflow: history event is ActivityTaskScheduled")
	requireProblem(t, snapshot.Explain(plain()), "nondeterminism", "deployment move")
}

func TestQueryWithoutAnAnswerAndUnreadableStateAreDifferentProblems(t *testing.T) {
	t.Parallel()
	snapshot, _ := waiting(t)
	snapshot.Order, snapshot.QueryError = nil, serviceerror.NewDeadlineExceeded("late")
	requireProblem(t, snapshot.Explain(plain()), "no worker answers", "Try again")
	snapshot.QueryError = errors.New("there is no keyset at /etc/rampart/keyset.json")
	requireProblem(t, snapshot.Explain(plain()), "cannot be read", "RAMP_KEYSET_FILE")
}

func TestAttentionIsAProblemWithoutAWorkerToExplainIt(t *testing.T) {
	t.Parallel()
	snapshot, _ := waiting(t)
	yes, err := converter.GetDefaultDataConverter().ToPayload(true)
	require.NoError(t, err)
	then(snapshot, &historypb.HistoryEvent{
		EventType: enumspb.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
		Attributes: &historypb.HistoryEvent_UpsertWorkflowSearchAttributesEventAttributes{
			UpsertWorkflowSearchAttributesEventAttributes: &historypb.UpsertWorkflowSearchAttributesEventAttributes{
				SearchAttributes: &commonpb.SearchAttributes{IndexedFields: map[string]*commonpb.Payload{"RampAttention": yes}},
			},
		},
	})
	snapshot.Order, snapshot.Workers = nil, 0
	explanation := snapshot.Explain(plain())
	require.Len(t, explanation.Problems, 2)
	require.Contains(t, explanation.Problems[1].What, "needs attention")
	require.Equal(t, snapshot.Now, explanation.Problems[1].Since)
}

func TestPauseIsAProblemThatNamesWhoPausedAndHowToResume(t *testing.T) {
	t.Parallel()
	snapshot, _ := waiting(t)
	snapshot.Execution.WorkflowExecutionInfo.Status = enumspb.WORKFLOW_EXECUTION_STATUS_PAUSED
	snapshot.Execution.WorkflowExtendedInfo = &workflowpb.WorkflowExecutionExtendedInfo{
		PauseInfo: &workflowpb.WorkflowExecutionPauseInfo{Identity: "12@desk", Reason: "under review", PausedTime: timestamppb.New(snapshot.Now)},
	}
	explanation := snapshot.Explain(plain())
	requireProblem(t, explanation, "paused by process 12 on desk: under review", "temporal workflow unpause")
	require.Equal(t, "paused", explanation.Workflow)
}

func TestTerminatedOrderIsAProblemThatNamesWhoTerminatedIt(t *testing.T) {
	t.Parallel()
	snapshot, order := waiting(t)
	snapshot.Order = nil
	info := snapshot.Execution.WorkflowExecutionInfo
	info.Status, info.CloseTime = enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED, timestamppb.New(snapshot.Now)
	then(snapshot, &historypb.HistoryEvent{
		EventType: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
		Attributes: &historypb.HistoryEvent_WorkflowExecutionTerminatedEventAttributes{
			WorkflowExecutionTerminatedEventAttributes: &historypb.WorkflowExecutionTerminatedEventAttributes{Identity: "12@desk", Reason: "a mistake"},
		},
	})
	explanation := snapshot.Explain(plain())
	problem := requireProblem(t, explanation, "the order was terminated by process 12 on desk: a mistake", "may have created the order "+order.OrderID)
	require.Equal(t, snapshot.Now, problem.Since)
	require.Equal(t, "terminated", explanation.Workflow)
	require.Empty(t, explanation.Awaits)
	require.Empty(t, explanation.Advice)
}

// texts is all that an order's story tells.
func texts(explanation *explain.Explanation) string {
	var all []string
	for _, moment := range explanation.Happened {
		all = append(all, moment.Text)
	}
	return strings.Join(all, "\n")
}

// ended is a recorded order that was paid, as if it had ended otherwise.
func ended(t *testing.T, change func(*ramp.Order)) *explain.Explanation {
	t.Helper()
	r := bought(t)
	order := r.result(t)
	change(order)
	result, err := converter.GetDefaultDataConverter().ToPayloads(order)
	require.NoError(t, err)
	r.events[len(r.events)-1].GetWorkflowExecutionCompletedEventAttributes().Result = result
	return r.until(len(r.events)).Explain(plain())
}

func TestAdviceForAPaymentAfterTheEndDependsOnTheEnding(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change  func(*ramp.Order)
		what    string
		command []string
	}{
		"expired before its UTR": {func(o *ramp.Order) { o.Status, o.Proof, o.Timeline = ramp.Expired, nil, o.Timeline[:1] },
			"another order for the same amount", []string{"reorder", "onramp/onramp-completed", "--reference", "NEW-REFERENCE", "--utr", "UTR"}},
		"expired with its UTR": {func(o *ramp.Order) { o.Status = ramp.Expired }, "ask the provider's support about its order", nil},
		"cancelled by the provider": {func(o *ramp.Order) { o.Status, o.ProviderStatus = ramp.Cancelled, "Canceled" },
			"the amount that left the user's account", []string{"reorder", "onramp/onramp-completed", "--reference", "NEW-REFERENCE", "--amount", "AMOUNT-PAID"}},
		"refused for a second time": {func(o *ramp.Order) {
			o.Status, o.Proof, o.Previous = ramp.Expired, nil, &ramp.PreviousOrder{Reference: "inv-41", OrderID: "6400f"}
		}, "both of its orders, 6400f and ", nil},
		"cancelled before there was an order": {func(o *ramp.Order) { o.Status, o.OrderID = ramp.Cancelled, "" }, "start another order", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			explanation := ended(t, c.change)
			require.NotEmpty(t, explanation.Advice)
			require.Contains(t, explanation.Advice[0].What, c.what)
			require.Equal(t, c.command, explanation.Advice[0].Command)
		})
	}
}

func TestAdviceOffersToCorrectTheUTRWhileThePaymentIsLookedFor(t *testing.T) {
	t.Parallel()
	snapshot, _ := waiting(t)
	advice := snapshot.Explain(plain()).Advice
	require.Len(t, advice, 2)
	require.Contains(t, advice[1].What, "The UTR was mistyped")
	require.Equal(t, []string{"submit-utr", snapshot.ID.Direction.WorkflowID(snapshot.ID.Reference), "UTR"}, advice[1].Command)
}
