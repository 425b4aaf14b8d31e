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
func failedWith(snapshot *explain.Snapshot, err error) *explain.Explanation {
	info := snapshot.Execution.WorkflowExecutionInfo
	info.Status, info.CloseTime = enumspb.WORKFLOW_EXECUTION_STATUS_FAILED, timestamppb.New(snapshot.Now)
	then(snapshot, &historypb.HistoryEvent{Attributes: &historypb.HistoryEvent_WorkflowExecutionFailedEventAttributes{
		WorkflowExecutionFailedEventAttributes: &historypb.WorkflowExecutionFailedEventAttributes{Failure: failureOf(err)},
	}})
	return snapshot.Explain(plain())
}

func failureOf(err error) *failurepb.Failure {
	return temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{}).ErrorToFailure(err)
}

// resetHere begins another run at this moment.
func resetHere(snapshot *explain.Snapshot) {
	then(snapshot, taskFailed(enumspb.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW, failure("a try")))
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
func TestResetOfAClosedOrderNeedsNoAttention(t *testing.T) {
	t.Parallel()
	for _, already := range []bool{false, true} {
		snapshot := made(t, already)
		resetHere(snapshot)
		explanation := failedWith(snapshot, secondStart.ApplicationError())
		require.Equal(t, ramp.ReferenceTaken, explanation.Ended)
		require.False(t, explanation.NeedsAttention())
		require.Equal(t, "Nothing was started: this reference belongs to an earlier order.", explanation.Standing)
		require.Contains(t, texts(explanation), "The order was reset to this point: a try")
		require.Equal(t, []string{"explain", explanation.WorkflowID, "--run", "first"}, explanation.Advice[1].Command)
	}
}

func TestUpdateCopiedByAResetHasItsName(t *testing.T) {
	t.Parallel()
	snapshot := made(t, true)
	resetHere(snapshot)
	then(snapshot, &historypb.HistoryEvent{Attributes: &historypb.HistoryEvent_WorkflowExecutionUpdateAdmittedEventAttributes{
		WorkflowExecutionUpdateAdmittedEventAttributes: &historypb.WorkflowExecutionUpdateAdmittedEventAttributes{
			Request: &updatepb.Request{Meta: &updatepb.Meta{UpdateId: "u-1"}, Input: &updatepb.Input{Name: ramp.SubmitUTR}},
		},
	}})
	then(snapshot, &historypb.HistoryEvent{Attributes: &historypb.HistoryEvent_WorkflowExecutionUpdateAcceptedEventAttributes{
		WorkflowExecutionUpdateAcceptedEventAttributes: &historypb.WorkflowExecutionUpdateAcceptedEventAttributes{ProtocolInstanceId: "u-1"},
	}})
	explanation := failedWith(snapshot, secondStart.ApplicationError())
	require.Contains(t, texts(explanation), "The backend submitted a UTR by update")
	require.NotContains(t, texts(explanation), "is not a message of orders")
}

// The call that makes the order may be under way when an order is reset, and is made again in the new run.
func TestResetWhileTheOrderIsCreatedNeedsAttention(t *testing.T) {
	t.Parallel()
	r := bought(t)
	for i, event := range r.events {
		if event.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName() == "CreateOnrampOrder" {
			snapshot := r.until(i + 1)
			resetHere(snapshot)
			explanation := failedWith(snapshot, secondStart.ApplicationError())
			require.Empty(t, explanation.Ended)
			requireProblem(t, explanation, "belongs to an earlier order", "ask the provider's support for its state")
			return
		}
	}
	require.Fail(t, "the recorded order was not made")
}

// A run that was reset looks for the order before it makes one: at its first call, or where that lies behind, at the one that makes
// the order.
func TestResetRunThatFindsItsReferenceTakenBeforeItCreatesAnOrderNeedsNoAttention(t *testing.T) {
	t.Parallel()
	for _, attempt := range []int32{1, 2} {
		snapshot := made(t, false)
		resetHere(snapshot)
		then(snapshot, &historypb.HistoryEvent{Attributes: &historypb.HistoryEvent_ActivityTaskScheduledEventAttributes{
			ActivityTaskScheduledEventAttributes: &historypb.ActivityTaskScheduledEventAttributes{
				ActivityType: &commonpb.ActivityType{Name: "CreateOnrampOrder"},
			},
		}})
		call := int64(len(snapshot.History))
		then(snapshot, &historypb.HistoryEvent{Attributes: &historypb.HistoryEvent_ActivityTaskStartedEventAttributes{
			ActivityTaskStartedEventAttributes: &historypb.ActivityTaskStartedEventAttributes{ScheduledEventId: call, Attempt: attempt},
		}})
		then(snapshot, &historypb.HistoryEvent{Attributes: &historypb.HistoryEvent_ActivityTaskFailedEventAttributes{
			ActivityTaskFailedEventAttributes: &historypb.ActivityTaskFailedEventAttributes{
				ScheduledEventId: call, Failure: failureOf(secondStart.ApplicationError()),
			},
		}})
		explanation := failedWith(snapshot, secondStart.ApplicationError())
		require.Equal(t, attempt > 1, explanation.NeedsAttention(), "an attempt before may have made the order")
	}
}

func TestRefusalWithoutReadableDetailsHasItsType(t *testing.T) {
	t.Parallel()
	explanation := failedWith(made(t, false), temporal.NewNonRetryableApplicationError("in cipher", string(ramp.InvalidRequest), nil))
	require.Equal(t, ramp.InvalidRequest, explanation.Ended)
	require.False(t, explanation.NeedsAttention())
}

func TestMissingSearchAttributesAreReportedAsMissingSetup(t *testing.T) {
	t.Parallel()
	snapshot, _ := waiting(t)
	snapshot.Order = nil
	then(snapshot, taskFailed(enumspb.WORKFLOW_TASK_FAILED_CAUSE_BAD_SEARCH_ATTRIBUTES,
		failure("BadSearchAttributes: Namespace orders has no mapping defined for search attribute RampToken")))
	problem := requireProblem(t, snapshot.Explain(plain()), "the namespace is not set up for orders: Namespace orders has no mapping", "continues by itself")
	require.Equal(t, []string{"setup"}, problem.Advice[0].Command)
}

func TestUnreadableMessageIsAProblemWithTheKeysetAsItsRemedy(t *testing.T) {
	t.Parallel()
	snapshot, order := waiting(t)
	order.Attention = "a submit-utr signal cannot be read: it is encrypted with key 7, which the workers do not have; distribute the keyset"
	order.Concerns = []ramp.Concern{{Type: ramp.ConcernUnreadableMessage, Reason: order.Attention}}
	snapshot.Execution.PendingActivities = append(snapshot.Execution.PendingActivities, &workflowpb.PendingActivityInfo{
		ActivityType: &commonpb.ActivityType{Name: "ReadMessage"}, State: enumspb.PENDING_ACTIVITY_STATE_SCHEDULED, Attempt: 9,
		ScheduledTime: timestamppb.New(snapshot.Now),
	})
	explanation := snapshot.Explain(plain())
	require.Equal(t, []string{"the provider", "a worker"}, []string{explanation.Awaits[0].From, explanation.Awaits[1].From})
	problem := requireProblem(t, explanation, "encrypted with key 7", "Give every worker the keyset that has the key")
	require.Equal(t, []string{"keyset", "inspect"}, problem.Advice[0].Command)

	order.Status, order.Proof = ramp.AwaitingPayment, nil
	snapshot.Execution.PendingActivities = nil
	explanation = snapshot.Explain(plain())
	require.Contains(t, explanation.Standing, "The user may have paid", "nobody pays twice")
	require.Equal(t, []string{"submit-utr", order.Direction.WorkflowID(order.Reference), "UTR"}, explanation.Advice[0].Command)
}

func TestOrderStartedWithoutMetadataIsExplained(t *testing.T) {
	t.Parallel()
	r := bought(t)
	r.events[0].UserMetadata = nil // as clients leave it that know nothing of summaries
	r.events[0].GetWorkflowExecutionStartedEventAttributes().SearchAttributes = nil
	explanation := r.until(len(r.events)).Explain(plain())
	require.Equal(t, ramp.Completed, explanation.Status)
	require.Equal(t, "The order was requested", explanation.Happened[0].Text)
	require.Contains(t, explanation.Standing, "delivered")
}

func TestWorkflowOnAnotherTaskQueueIsNotAnOrder(t *testing.T) {
	t.Parallel()
	s := runningOn(poller("1@a", "", 0))
	s.execution.TaskQueue = "orders"
	snapshot := s.gather(t)
	require.False(t, s.asked, "nobody answers for it")
	explanation := snapshot.Explain(plain())
	requireProblem(t, explanation, "its task queue is orders and must be ramp", "terminate --workflow-id 'onramp/inv-42'")
	require.Empty(t, explanation.Awaits)
	require.Empty(t, explanation.Advice)
}

func TestQueryIsForTheRunThatWasDescribed(t *testing.T) {
	t.Parallel()
	s := runningOn(poller("1@a", "", 0))
	s.execution.Execution = &commonpb.WorkflowExecution{WorkflowId: "onramp/inv-42", RunId: "the run"}
	s.gather(t)
	require.Equal(t, "the run", s.run)
}
