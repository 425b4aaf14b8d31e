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
			evidence := r.until(i + 1)
			evidence.Order = order
			return evidence, order
		}
	}
	require.Fail(t, "the recorded order was not watched")
	return nil, nil
}

// then adds an event to the history of an order.
func then(evidence *explain.Snapshot, event *historypb.HistoryEvent) {
	event.EventId = int64(len(evidence.History) + 1)
	event.EventTime = timestamppb.New(evidence.Now)
	evidence.History = append(evidence.History, event)
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

// says requires that exactly one problem of an order says something, and that something is to be done about it.
func says(t *testing.T, told *explain.Explanation, what, todo string) explain.Problem {
	t.Helper()
	require.Len(t, told.Problems, 1)
	problem := told.Problems[0]
	require.Contains(t, problem.What, what)
	var advice strings.Builder
	for _, each := range problem.Advice {
		advice.WriteString(each.What + " " + strings.Join(each.Command, " ") + "\n")
	}
	require.Contains(t, advice.String(), todo)
	return problem
}

func TestOrderThatGoesOnHasNoProblem(t *testing.T) {
	t.Parallel()
	evidence, order := waiting(t)
	told := evidence.Explain(plain())
	require.Empty(t, told.Problems)
	require.False(t, told.NeedsAttention())
	require.Equal(t, order.OrderID, told.OrderID)
	require.Contains(t, told.Standing, "The provider looks for the payment. It has accepted the UTR.")
	require.Equal(t, []string{"watch", told.WorkflowID}, told.Advice[0].Command)
}

func TestWatchTellsItsLastAnswerAndItsLastFailure(t *testing.T) {
	t.Parallel()
	evidence, _ := waiting(t)
	checked := evidence.Now.Add(-10 * time.Second)
	beat, err := converter.GetDefaultDataConverter().ToPayloads(map[string]any{
		"lastAnswer": "fiatPending", "checkedAt": checked, "lastError": "onmeta orders/status: unavailable (HTTP 503)",
	})
	require.NoError(t, err)
	evidence.Execution.PendingActivities[0].HeartbeatDetails = beat

	told := evidence.Explain(plain())

	require.Len(t, told.Awaits, 1)
	wait := told.Awaits[0]
	require.Equal(t, "the provider", wait.From)
	require.Contains(t, wait.What, "Watch the order")
	require.Equal(t, "fiatPending", wait.LastAnswer)
	require.True(t, checked.Equal(wait.CheckedAt))
	require.Contains(t, wait.LastFailure, "HTTP 503")
}

func TestCallThatIsTriedAgainTellsWhenAndWhy(t *testing.T) {
	t.Parallel()
	evidence, _ := waiting(t)
	next := evidence.Now.Add(time.Minute)
	call := evidence.Execution.PendingActivities[0]
	call.State, call.Attempt, call.NextAttemptScheduleTime = enumspb.PENDING_ACTIVITY_STATE_SCHEDULED, 3, timestamppb.New(next)
	call.LastFailure = failure("asha@example.test was refused")

	told := evidence.Explain(plain())

	require.Empty(t, told.Problems, "it is too early for that")
	wait := told.Awaits[0]
	require.EqualValues(t, 3, wait.Attempt)
	require.True(t, next.Equal(wait.NextAt))
	require.Equal(t, "a***@example.test was refused", wait.LastFailure)
}

func TestCallThatFailsAgainAndAgainIsAProblemBeforeTheOrderAsksForAttention(t *testing.T) {
	t.Parallel()
	evidence, _ := waiting(t)
	call := evidence.Execution.PendingActivities[0]
	call.Attempt, call.LastFailure = 4, typedFailure(activities.ErrUnauthorized, "onmeta quote/buy: unauthorized (HTTP 401)")
	problem := says(t, evidence.Explain(plain()), "unauthorized (HTTP 401)", "ONMETA_API_KEY")
	require.NotZero(t, problem.Since)
}

func TestFailingCallIsGivenTheConcernThatItsErrorRaises(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{
		activities.ErrUnauthorized, activities.ErrRateLimited, activities.ErrUnavailable, activities.ErrTemporal, activities.ErrStore,
	} {
		evidence, _ := waiting(t)
		call := evidence.Execution.PendingActivities[0]
		call.Attempt, call.LastFailure = 4, typedFailure(kind, "it failed")
		concern, unanswered := activities.Unanswered(temporal.NewApplicationError("it failed", kind))
		require.True(t, unanswered)
		require.Equal(t, concern.Type, says(t, evidence.Explain(plain()), "it failed", "continues by itself").Concern)
	}
}

func TestConcernIsAProblemWithSinceWhenAndWhatHelps(t *testing.T) {
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
			evidence, order := waiting(t)
			since := evidence.Now.Add(-time.Hour)
			order.Attention = "asha@example.test waits"
			order.Concerns = []ramp.Concern{{Type: concern, Reason: order.Attention, Since: since}}
			problem := says(t, evidence.Explain(plain()), "a***@example.test waits", todo)
			require.Equal(t, since, problem.Since)
			require.Equal(t, concern, problem.Concern)
		})
	}
}

func TestTwoConcernsAreTwoProblems(t *testing.T) {
	t.Parallel()
	evidence, order := waiting(t)
	order.Attention = "one; two"
	order.Concerns = []ramp.Concern{{Type: ramp.ConcernProviderUnavailable, Reason: "one"}, {Type: ramp.ConcernPayoutFailed, Reason: "two"}}
	require.Len(t, evidence.Explain(plain()).Problems, 2)
}

func TestAttentionOfAnEarlierWorkerIsAProblem(t *testing.T) {
	t.Parallel()
	evidence, order := waiting(t)
	order.Attention = "one; two"
	says(t, evidence.Explain(plain()), "one; two", "Look into it")
}

func TestOrderWithoutWorkersSaysSo(t *testing.T) {
	t.Parallel()
	evidence, _ := waiting(t)
	evidence.Order, evidence.Workers = nil, 0
	since := evidence.Now.Add(-time.Minute)
	evidence.Execution.PendingWorkflowTask = &workflowpb.PendingWorkflowTaskInfo{Attempt: 1, OriginalScheduledTime: timestamppb.New(since)}
	problem := says(t, evidence.Explain(plain()), "no worker runs", "Start a worker")
	require.True(t, since.Equal(problem.Since))
}

func TestOrderWhoseWatchNobodyTakesSaysSo(t *testing.T) {
	t.Parallel()
	evidence, _ := waiting(t)
	evidence.Watchers = 0
	evidence.Execution.PendingActivities[0].State = enumspb.PENDING_ACTIVITY_STATE_SCHEDULED
	told := evidence.Explain(plain())
	says(t, told, "no worker takes watches", "Start a worker")
	require.Equal(t, "a worker", told.Awaits[0].From)
}

func TestOrderOfAVersionWithoutWorkersNamesTheVersion(t *testing.T) {
	t.Parallel()
	evidence, _ := waiting(t)
	evidence.Workers = 0
	evidence.Execution.WorkflowExecutionInfo.VersioningInfo = &workflowpb.WorkflowExecutionVersioningInfo{
		Behavior:          enumspb.VERSIONING_BEHAVIOR_PINNED,
		DeploymentVersion: &deploymentpb.WorkerDeploymentVersion{DeploymentName: "ramp", BuildId: "v7"},
	}
	says(t, evidence.Explain(plain()), "version v7", "RAMP_BUILD_ID=v7")
}

func TestOrderThatWorkersCannotContinueSaysWhyAndWhatToDo(t *testing.T) {
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
		"another key":           {panicked, sealed(), "encrypted with a key that is not here", "RAMP_KEYSET_FILE"},
		"a defect":              {panicked, failure("index out of range"), "index out of range", "defect"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			evidence, _ := waiting(t)
			then(evidence, taskFailed(test.cause, test.failure))
			evidence.Order, evidence.QueryError = nil, errors.New("no answer")
			problem := says(t, evidence.Explain(plain()), test.what, test.todo)
			require.Equal(t, evidence.Now, problem.Since)
		})
	}
}

func TestWorkerThatHasRecoveredIsNoProblem(t *testing.T) {
	t.Parallel()
	evidence, _ := waiting(t)
	then(evidence, taskFailed(enumspb.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE, failure("index out of range")))
	then(evidence, &historypb.HistoryEvent{
		EventType: enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
		Attributes: &historypb.HistoryEvent_WorkflowTaskCompletedEventAttributes{
			WorkflowTaskCompletedEventAttributes: &historypb.WorkflowTaskCompletedEventAttributes{},
		},
	})
	told := evidence.Explain(plain())
	require.Empty(t, told.Problems)
	require.Contains(t, texts(told), "A worker could not continue the order: index out of range", "the story still tells it")
}

func TestMessageThatCameMeanwhileIsNoFailureOfTheWorker(t *testing.T) {
	t.Parallel()
	evidence, _ := waiting(t)
	then(evidence, taskFailed(enumspb.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND, failure("UnhandledCommand")))
	told := evidence.Explain(plain())
	require.Empty(t, told.Problems)
	require.NotContains(t, texts(told), "could not continue")
}

func TestWorkerThatCannotReplayTheOrderToAnswerAQuestionSaysSo(t *testing.T) {
	t.Parallel()
	evidence, _ := waiting(t)
	evidence.Order = nil
	evidence.QueryError = serviceerror.NewQueryFailed("[TMPRL1100] nondeterministic workflow: history event is ActivityTaskScheduled")
	says(t, evidence.Explain(plain()), "nondeterminism", "deployment move")
}

func TestSilentWorkersAreToldFromAnUnreadableState(t *testing.T) {
	t.Parallel()
	evidence, _ := waiting(t)
	evidence.Order, evidence.QueryError = nil, serviceerror.NewDeadlineExceeded("late")
	says(t, evidence.Explain(plain()), "no worker answers", "Look again")
	evidence.QueryError = errors.New("there is no keyset at /etc/rampart/keyset.json")
	says(t, evidence.Explain(plain()), "cannot be read", "RAMP_KEYSET_FILE")
}

func TestAttentionOfAnOrderThatCannotBeAskedIsToldAllTheSame(t *testing.T) {
	t.Parallel()
	evidence, _ := waiting(t)
	yes, err := converter.GetDefaultDataConverter().ToPayload(true)
	require.NoError(t, err)
	then(evidence, &historypb.HistoryEvent{
		EventType: enumspb.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
		Attributes: &historypb.HistoryEvent_UpsertWorkflowSearchAttributesEventAttributes{
			UpsertWorkflowSearchAttributesEventAttributes: &historypb.UpsertWorkflowSearchAttributesEventAttributes{
				SearchAttributes: &commonpb.SearchAttributes{IndexedFields: map[string]*commonpb.Payload{"RampAttention": yes}},
			},
		},
	})
	evidence.Order, evidence.Workers = nil, 0
	told := evidence.Explain(plain())
	require.Len(t, told.Problems, 2)
	require.Contains(t, told.Problems[1].What, "asks for attention")
	require.Equal(t, evidence.Now, told.Problems[1].Since)
}

func TestPausedOrderSaysByWhomAndHowItGoesOn(t *testing.T) {
	t.Parallel()
	evidence, _ := waiting(t)
	evidence.Execution.WorkflowExecutionInfo.Status = enumspb.WORKFLOW_EXECUTION_STATUS_PAUSED
	evidence.Execution.WorkflowExtendedInfo = &workflowpb.WorkflowExecutionExtendedInfo{
		PauseInfo: &workflowpb.WorkflowExecutionPauseInfo{Identity: "12@desk", Reason: "under review", PausedTime: timestamppb.New(evidence.Now)},
	}
	told := evidence.Explain(plain())
	says(t, told, "paused by process 12 on desk: under review", "temporal workflow unpause")
	require.Equal(t, "paused", told.Workflow)
}

func TestOrderThatWasEndedByForceSaysByWhomAndWhatToAskTheProvider(t *testing.T) {
	t.Parallel()
	evidence, order := waiting(t)
	evidence.Order = nil
	info := evidence.Execution.WorkflowExecutionInfo
	info.Status, info.CloseTime = enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED, timestamppb.New(evidence.Now)
	then(evidence, &historypb.HistoryEvent{
		EventType: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
		Attributes: &historypb.HistoryEvent_WorkflowExecutionTerminatedEventAttributes{
			WorkflowExecutionTerminatedEventAttributes: &historypb.WorkflowExecutionTerminatedEventAttributes{Identity: "12@desk", Reason: "a mistake"},
		},
	})
	told := evidence.Explain(plain())
	problem := says(t, told, "the order was terminated by process 12 on desk: a mistake", "by its order id "+order.OrderID)
	require.Equal(t, evidence.Now, problem.Since)
	require.Equal(t, "terminated", told.Workflow)
	require.Empty(t, told.Awaits)
	require.Empty(t, told.Advice)
}

// texts is all that an order's story tells.
func texts(told *explain.Explanation) string {
	var all []string
	for _, moment := range told.Happened {
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

func TestWhoHasPaidIsAdvisedByWhatTheProviderTakes(t *testing.T) {
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
			told := ended(t, c.change)
			require.NotEmpty(t, told.Advice)
			require.Contains(t, told.Advice[0].What, c.what)
			require.Equal(t, c.command, told.Advice[0].Command)
		})
	}
}

func TestMistypedUTRCanBeCorrectedWhileThePaymentIsLookedFor(t *testing.T) {
	t.Parallel()
	evidence, _ := waiting(t)
	advice := evidence.Explain(plain()).Advice
	require.Len(t, advice, 2)
	require.Contains(t, advice[1].What, "The UTR was mistyped")
	require.Equal(t, []string{"submit-utr", evidence.ID.Direction.WorkflowID(evidence.ID.Reference), "UTR"}, advice[1].Command)
}
