package explain_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	historypb "go.temporal.io/api/history/v1"
	updatepb "go.temporal.io/api/update/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/types/known/timestamppb"

	"rampart/ramp"
	"rampart/starter/explain"
)

// failedWith ends the order with an error.
func failedWith(evidence *explain.Snapshot, err error) *explain.Explanation {
	info := evidence.Execution.WorkflowExecutionInfo
	info.Status, info.CloseTime = enumspb.WORKFLOW_EXECUTION_STATUS_FAILED, timestamppb.New(evidence.Now)
	then(evidence, &historypb.HistoryEvent{Attributes: &historypb.HistoryEvent_WorkflowExecutionFailedEventAttributes{
		WorkflowExecutionFailedEventAttributes: &historypb.WorkflowExecutionFailedEventAttributes{Failure: failureOf(err)},
	}})
	return evidence.Explain(plain())
}

func failureOf(err error) *failurepb.Failure {
	return temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{}).ErrorToFailure(err)
}

// resetHere begins another run at this moment.
func resetHere(evidence *explain.Snapshot) {
	then(evidence, taskFailed(enumspb.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW, failure("a try")))
}

var secondStart = &ramp.Error{Type: ramp.ReferenceTaken, Message: "this reference belongs to an earlier order", RunID: "first"}

// made is a recorded order just after some of its calls: before it asked the provider to make the order, or after it.
func made(t *testing.T, already bool) *explain.Snapshot {
	t.Helper()
	r, asked := bought(t), false
	for i, event := range r.events {
		asked = asked || event.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName() == "CreateOnrampOrder"
		if event.GetActivityTaskCompletedEventAttributes() != nil && asked == already {
			return r.until(i + 1)
		}
	}
	require.Fail(t, "there is no recorded order")
	return nil
}

// The Web UI's most prominent button on an order that is over is Reset.
func TestResetOfAnOrderThatWasOverIsNobodysWork(t *testing.T) {
	t.Parallel()
	for _, already := range []bool{false, true} {
		evidence := made(t, already)
		resetHere(evidence)
		told := failedWith(evidence, secondStart.ApplicationError())
		require.Equal(t, ramp.ReferenceTaken, told.Ended)
		require.False(t, told.NeedsAttention())
		require.Equal(t, "Nothing was started: this reference belongs to an earlier order.", told.Standing)
		require.Contains(t, texts(told), "The order was reset to this moment: a try")
		require.Equal(t, []string{"explain", told.WorkflowID, "--run", "first"}, told.Advice[1].Command)
	}
}

func TestUpdateThatAResetTookOverIsToldByItsName(t *testing.T) {
	t.Parallel()
	evidence := made(t, true)
	resetHere(evidence)
	then(evidence, &historypb.HistoryEvent{Attributes: &historypb.HistoryEvent_WorkflowExecutionUpdateAdmittedEventAttributes{
		WorkflowExecutionUpdateAdmittedEventAttributes: &historypb.WorkflowExecutionUpdateAdmittedEventAttributes{
			Request: &updatepb.Request{Meta: &updatepb.Meta{UpdateId: "u-1"}, Input: &updatepb.Input{Name: ramp.SubmitUTR}},
		},
	}})
	then(evidence, &historypb.HistoryEvent{Attributes: &historypb.HistoryEvent_WorkflowExecutionUpdateAcceptedEventAttributes{
		WorkflowExecutionUpdateAcceptedEventAttributes: &historypb.WorkflowExecutionUpdateAcceptedEventAttributes{ProtocolInstanceId: "u-1"},
	}})
	told := failedWith(evidence, secondStart.ApplicationError())
	require.Contains(t, texts(told), "The backend submitted a UTR by update")
	require.NotContains(t, texts(told), "orders do not know")
}

// The call that makes the order may be under way when an order is reset, and is made again in the new run.
func TestResetInTheMiddleOfMakingTheOrderKeepsItsProblem(t *testing.T) {
	t.Parallel()
	r := bought(t)
	for i, event := range r.events {
		if event.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName() == "CreateOnrampOrder" {
			evidence := r.until(i + 1)
			resetHere(evidence)
			told := failedWith(evidence, secondStart.ApplicationError())
			require.Empty(t, told.Ended)
			says(t, told, "belongs to an earlier order", "ask the provider what became of it")
			return
		}
	}
	require.Fail(t, "the recorded order was not made")
}

// A run that was reset looks for the order before it makes one: at its first call, or where that lies behind, at the one that makes
// the order.
func TestResetRunThatFindsItsReferenceTakenBeforeItMakesAnythingIsNobodysWork(t *testing.T) {
	t.Parallel()
	for _, attempt := range []int32{1, 2} {
		evidence := made(t, false)
		resetHere(evidence)
		then(evidence, &historypb.HistoryEvent{Attributes: &historypb.HistoryEvent_ActivityTaskScheduledEventAttributes{
			ActivityTaskScheduledEventAttributes: &historypb.ActivityTaskScheduledEventAttributes{
				ActivityType: &commonpb.ActivityType{Name: "CreateOnrampOrder"},
			},
		}})
		call := int64(len(evidence.History))
		then(evidence, &historypb.HistoryEvent{Attributes: &historypb.HistoryEvent_ActivityTaskStartedEventAttributes{
			ActivityTaskStartedEventAttributes: &historypb.ActivityTaskStartedEventAttributes{ScheduledEventId: call, Attempt: attempt},
		}})
		then(evidence, &historypb.HistoryEvent{Attributes: &historypb.HistoryEvent_ActivityTaskFailedEventAttributes{
			ActivityTaskFailedEventAttributes: &historypb.ActivityTaskFailedEventAttributes{
				ScheduledEventId: call, Failure: failureOf(secondStart.ApplicationError()),
			},
		}})
		told := failedWith(evidence, secondStart.ApplicationError())
		require.Equal(t, attempt > 1, told.NeedsAttention(), "an attempt before may have made the order")
	}
}

func TestRefusalWhoseSenderIsNotKnownIsTakenAtItsTypeAlone(t *testing.T) {
	t.Parallel()
	told := failedWith(made(t, false), temporal.NewNonRetryableApplicationError("in cipher", string(ramp.InvalidRequest), nil))
	require.Equal(t, ramp.InvalidRequest, told.Ended)
	require.False(t, told.NeedsAttention())
}

func TestNamespaceWithoutSetupIsNoDefectOfTheWorker(t *testing.T) {
	t.Parallel()
	evidence, _ := waiting(t)
	evidence.Order = nil
	then(evidence, taskFailed(enumspb.WORKFLOW_TASK_FAILED_CAUSE_BAD_SEARCH_ATTRIBUTES,
		failure("BadSearchAttributes: Namespace orders has no mapping defined for search attribute RampToken")))
	problem := says(t, evidence.Explain(plain()), "the namespace is not set up for orders: Namespace orders has no mapping", "goes on by itself")
	require.Equal(t, []string{"setup"}, problem.Advice[0].Command)
}

func TestMessageThatNoWorkerCanReadNamesTheKeysetAsItsRemedy(t *testing.T) {
	t.Parallel()
	evidence, order := waiting(t)
	order.Attention = "a submit-utr signal cannot be read: it is encrypted with key 7, which the workers do not have; distribute the keyset"
	order.Concerns = []ramp.Concern{{Type: ramp.ConcernUnreadableMessage, Reason: order.Attention}}
	evidence.Execution.PendingActivities = append(evidence.Execution.PendingActivities, &workflowpb.PendingActivityInfo{
		ActivityType: &commonpb.ActivityType{Name: "ReadMessage"}, State: enumspb.PENDING_ACTIVITY_STATE_SCHEDULED, Attempt: 9,
		ScheduledTime: timestamppb.New(evidence.Now),
	})
	told := evidence.Explain(plain())
	require.Equal(t, []string{"the provider", "a worker"}, []string{told.Awaits[0].From, told.Awaits[1].From})
	problem := says(t, told, "encrypted with key 7", "Give every worker the keyset that has the key")
	require.Equal(t, []string{"keyset", "inspect"}, problem.Advice[0].Command)

	order.Status, order.Proof = ramp.AwaitingPayment, nil
	evidence.Execution.PendingActivities = nil
	told = evidence.Explain(plain())
	require.Contains(t, told.Standing, "The user may have paid", "nobody pays twice")
	require.Equal(t, []string{"submit-utr", order.Direction.WorkflowID(order.Reference), "UTR"}, told.Advice[0].Command)
}

func TestOrderTellsItsStoryWhoeverStartedIt(t *testing.T) {
	t.Parallel()
	r := bought(t)
	r.events[0].UserMetadata = nil // as clients leave it that know nothing of summaries
	r.events[0].GetWorkflowExecutionStartedEventAttributes().SearchAttributes = nil
	told := r.until(len(r.events)).Explain(plain())
	require.Equal(t, ramp.Completed, told.Status)
	require.Equal(t, "The order was asked for", told.Happened[0].Text)
	require.Contains(t, told.Standing, "delivered")
}

func TestOrderOnAnotherTaskQueueOrOfAnotherTypeIsNotAwaited(t *testing.T) {
	t.Parallel()
	s := runningOn(poller("1@a", "", 0))
	s.execution.TaskQueue = "orders"
	evidence := s.gather(t)
	require.False(t, s.asked, "nobody answers for it")
	told := evidence.Explain(plain())
	says(t, told, "waits on task queue orders", "terminate --workflow-id 'onramp/inv-42'")
	require.Empty(t, told.Awaits)
	require.Empty(t, told.Advice)
}

func TestStateIsAskedOfTheRunThatWasDescribed(t *testing.T) {
	t.Parallel()
	s := runningOn(poller("1@a", "", 0))
	s.execution.Execution = &commonpb.WorkflowExecution{WorkflowId: "onramp/inv-42", RunId: "the run"}
	s.gather(t)
	require.Equal(t, "the run", s.run)
}
