package e2e_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"rampart/ramp"
)

// A reset of an activity by an operator restarts the count of its attempts.
func TestResetActivityMakesNoSecondOrder(t *testing.T) {
	t.Parallel()
	n := new(network)
	s := newStack(t, 60, withNetwork(n))
	n.fail("POST /v1/orders/create", networkFault{left: 1})
	n.fail("GET /v1/orders/0", networkFault{left: 1 << 30, status: http.StatusServiceUnavailable})
	started := make(chan error, 1)
	go func() {
		request := onrampRequest("reset")
		byBank(&request) // a lost order by UPI is replaced
		_, err := s.Orders.StartOnramp(t.Context(), request)
		started <- err
	}()
	eventually(t, completionTime, func() error {
		if pending := s.pending("reset"); pending.GetActivityType().GetName() != "CreateOnrampOrder" || pending.GetLastFailure() == nil {
			return errors.New("the creation has not failed yet")
		}
		return nil
	})

	s.resetActivity("reset", s.pending("reset").GetActivityId())
	n.fail("GET /v1/orders/0", networkFault{})

	require.NoError(t, <-started)
	require.Len(t, s.ledger().Orders, 1)
	s.submit("reset", utrOf(1))
	order := s.awaitStatus(buy("reset"), completionTime, ramp.Completed)
	require.Equal(t, s.ledger().Orders[0].ID, order.OrderID)
}

// pending returns the order's pending activity; nil if there is none.
func (s *stack) pending(reference string) *workflowpb.PendingActivityInfo {
	s.t.Helper()
	described, err := s.Temporal.DescribeWorkflowExecution(s.t.Context(), buy(reference).Direction.WorkflowID(reference), "")
	if err != nil {
		return nil
	}
	for _, activity := range described.GetPendingActivities() {
		return activity
	}
	return nil
}

func (s *stack) resetActivity(reference, activityID string) {
	s.t.Helper()
	_, err := s.Temporal.WorkflowService().ResetActivity(s.t.Context(), &workflowservice.ResetActivityRequest{
		Namespace: "default",
		Execution: &commonpb.WorkflowExecution{WorkflowId: ramp.Onramp.WorkflowID(reference)},
		Activity:  &workflowservice.ResetActivityRequest_Id{Id: activityID},
	})
	require.NoError(s.t, err)
}

// The Web UI offers Reset for closed workflows.
func TestResetOfAClosedOrderMakesNoProviderOrder(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	for _, point := range []string{"at its beginning", "before its order was made"} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			id := sell("over-" + point[:2])
			first := s.startPlainly(id, offrampRequest(id.Reference))
			s.awaitStatus(id, completionTime, ramp.AwaitingPayment)
			require.NoError(t, s.Temporal.SignalWorkflow(t.Context(), "offramp/"+id.Reference, "", ramp.SubmitTransactionHash,
				map[string]string{"transactionHash": hashOf(len(point))}))
			s.awaitStatus(id, completionTime, ramp.Completed)

			taken := requireReferenceTaken(t, s.reset(t, id, first.GetRunID(), point))

			require.Equal(t, ramp.Completed, taken.Order.Status)
			order, err := s.Orders.Get(t.Context(), id)
			require.NoError(t, err)
			require.Equal(t, ramp.Completed, order.Status)
			s.requireOneOrder(t, id)
		})
	}
}

// reset resets a run to its first workflow task, or to the one that creates the order.
func (s *stack) reset(t *testing.T, id ramp.ID, runID, point string) client.WorkflowRun {
	t.Helper()
	var task int64
	for _, event := range s.history(id).GetEvents() {
		switch {
		case event.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED && (task == 0 || point != "at its beginning"):
			task = event.GetEventId()
		case event.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName() == "CreateOfframpOrder":
			point = "at its beginning" // the preceding task is the one
		}
	}
	workflowID := id.Direction.WorkflowID(id.Reference)
	response, err := s.Temporal.ResetWorkflowExecution(t.Context(), &workflowservice.ResetWorkflowExecutionRequest{
		Namespace:                 "default",
		WorkflowExecution:         &commonpb.WorkflowExecution{WorkflowId: workflowID, RunId: runID},
		Reason:                    "tried by hand",
		WorkflowTaskFinishEventId: task,
		RequestId:                 workflowID,
	})
	require.NoError(t, err)
	return s.Temporal.GetWorkflow(t.Context(), workflowID, response.GetRunId())
}

func TestResetOfARunningOnrampContinuesItsProviderOrder(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	first := s.startPlainly(buy("stuck"), onrampRequest("stuck"))
	s.awaitStatus(buy("stuck"), completionTime, ramp.AwaitingPayment)

	s.reset(t, buy("stuck"), first.GetRunID(), "at its beginning")

	s.awaitStatus(buy("stuck"), completionTime, ramp.AwaitingPayment)
	s.requireOneOrder(t, buy("stuck"))
}

// The provider lists no off-ramp orders, so that an order that was created cannot be found.
func TestResetOfARunningOfframpMakesNoSecondProviderOrder(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	first := s.startPlainly(sell("stuck"), offrampRequest("stuck"))
	order := s.awaitStatus(sell("stuck"), completionTime, ramp.AwaitingPayment)

	taken := requireReferenceTaken(t, s.reset(t, sell("stuck"), first.GetRunID(), "at its beginning"))

	require.Contains(t, taken.Message, order.OrderID)
	s.requireOneOrder(t, sell("stuck"))
}
