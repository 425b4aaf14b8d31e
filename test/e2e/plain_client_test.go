package e2e_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"rampart/ramp"
)

// These tests start, signal and read orders without ramp.Client: by plain calls of the Temporal SDK, with its default id policies, which
// start another run of a workflow id once the first is closed.

// startPlainly starts an order with Temporal's default id policies.
func (s *stack) startPlainly(id ramp.ID, request any) client.WorkflowRun {
	s.t.Helper()
	run, err := s.Temporal.ExecuteWorkflow(s.t.Context(),
		client.StartWorkflowOptions{ID: id.Direction.WorkflowID(id.Reference), TaskQueue: ramp.TaskQueue},
		id.Direction.WorkflowType(), request)
	require.NoError(s.t, err)
	return run
}

// requireReferenceTaken requires that a run fails with ReferenceTaken, and returns the error, which describes the earlier order.
func requireReferenceTaken(t *testing.T, run client.WorkflowRun) ramp.Error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), completionTime)
	defer cancel()
	var application *temporal.ApplicationError
	require.ErrorAs(t, run.Get(ctx, nil), &application)
	require.Equal(t, string(ramp.ReferenceTaken), application.Type())
	var taken ramp.Error
	require.NoError(t, application.Details(&taken))
	require.NotEmpty(t, taken.RunID)
	require.NotEqual(t, run.GetRunID(), taken.RunID)
	return taken
}

func TestPlainClientThatStartsAClosedReferenceAgainMakesNoOrder(t *testing.T) {
	t.Parallel()
	s := newStack(t, 600)
	for name, tc := range map[string]struct {
		id      ramp.ID
		request any
		end     func(ramp.ID, *ramp.Order)
		ending  ramp.Status
	}{
		"completed on-ramp": {buy("bare-completed"), onrampRequest("bare-completed"), func(id ramp.ID, _ *ramp.Order) {
			require.NoError(t, s.Temporal.SignalWorkflow(t.Context(), "onramp/"+id.Reference, "", ramp.SubmitUTR, map[string]string{"utr": utrOf(901)}))
		}, ramp.Completed},
		"completed off-ramp": {sell("bare-completed"), offrampRequest("bare-completed"), func(id ramp.ID, _ *ramp.Order) {
			require.NoError(t, s.Temporal.SignalWorkflow(t.Context(), "offramp/"+id.Reference, "", ramp.SubmitTransactionHash,
				map[string]string{"transactionHash": hashOf(901)}))
		}, ramp.Completed},
		"cancelled": {buy("bare-cancelled"), onrampRequest("bare-cancelled"), func(id ramp.ID, _ *ramp.Order) {
			require.NoError(t, s.Temporal.CancelWorkflow(t.Context(), "onramp/"+id.Reference, ""))
		}, ramp.Cancelled},
		"expired": {buy("bare-expired"), onrampRequest("bare-expired"), func(ramp.ID, *ramp.Order) {}, ramp.Expired},
		"refunded": {buy("bare-refunded"), onrampRequest("bare-refunded"), func(id ramp.ID, order *ramp.Order) {
			require.NoError(t, s.Temporal.SignalWorkflow(t.Context(), "onramp/"+id.Reference, "", ramp.SubmitUTR, map[string]string{"utr": utrOf(902)}))
			s.await(id, completionTime, func(order *ramp.Order) bool { return order.Accepted() })
			s.setProviderStatus(order.OrderID, "refunded")
		}, ramp.Refunded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := s.startPlainly(tc.id, tc.request)
			order := s.await(tc.id, completionTime, func(order *ramp.Order) bool { return order.OrderID != "" })
			tc.end(tc.id, order)
			s.awaitStatus(tc.id, 2*completionTime, tc.ending)

			for range 2 {
				taken := requireReferenceTaken(t, s.startPlainly(tc.id, tc.request))
				require.Equal(t, before.GetRunID(), taken.RunID)
				require.Equal(t, tc.ending, taken.Order.Status)
			}

			again, err := s.Orders.Get(t.Context(), tc.id)
			require.NoError(t, err, "the order is still found by its reference")
			require.Equal(t, tc.ending, again.Status)
			s.requireOneOrder(t, tc.id)
		})
	}
}

// requireOneOrder requires that the provider has one order of a reference and a direction.
func (s *stack) requireOneOrder(t *testing.T, id ramp.ID) {
	t.Helper()
	made := 0
	for _, order := range s.ledger().Orders {
		if order.Direction == string(id.Direction) && order.Reference == id.Reference {
			made++
		}
	}
	require.Equal(t, 1, made, "%s order %s", id.Direction, id.Reference)
}

func TestPlainClientsThatStartAReferenceAtOnceMakeOneOrder(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	const starts = 10
	failures := make(chan error, starts)
	for range starts {
		go func() {
			_, err := s.Temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "onramp/at-once", TaskQueue: ramp.TaskQueue},
				"Onramp", onrampRequest("at-once"))
			failures <- err
		}()
	}
	for range starts {
		require.NoError(t, <-failures)
	}
	s.awaitStatus(buy("at-once"), completionTime, ramp.AwaitingPayment)
	require.Len(t, s.ledger().Orders, 1)

	other := onrampRequest("at-once")
	other.Fiat.Amount = "2000.00"
	_, err := s.awaitByUpdate(buy("at-once"), onrampRequest("at-once"))
	require.NoError(t, err)
	_, err = s.awaitByUpdate(buy("at-once"), other)
	requireContractError(t, err, ramp.ReferenceTaken)
}

// awaitByUpdate sends await-order with the request, and returns the order.
func (s *stack) awaitByUpdate(id ramp.ID, request any) (map[string]any, error) {
	s.t.Helper()
	handle, err := s.Temporal.UpdateWorkflow(s.t.Context(), client.UpdateWorkflowOptions{
		WorkflowID: id.Direction.WorkflowID(id.Reference), UpdateName: ramp.AwaitOrder, WaitForStage: client.WorkflowUpdateStageCompleted,
		Args: []any{map[string]any{"request": request}},
	})
	if err != nil {
		return nil, err
	}
	var order map[string]any
	return order, handle.Get(s.t.Context(), &order)
}

func requireContractError(t *testing.T, err error, want ramp.ErrorType) ramp.Error {
	t.Helper()
	var application *temporal.ApplicationError
	require.ErrorAs(t, err, &application, "%v", err)
	require.Equal(t, string(want), application.Type())
	var told ramp.Error
	require.NoError(t, application.Details(&told))
	return told
}

func TestReferenceStartedAgainWithoutAWorkerIsOneOrder(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	s.startPlainly(buy("away"), onrampRequest("away"))
	s.awaitStatus(buy("away"), completionTime, ramp.AwaitingPayment)
	require.NoError(t, s.Temporal.SignalWorkflow(t.Context(), "onramp/away", "", ramp.SubmitUTR, map[string]string{"utr": utrOf(1)}))
	s.awaitStatus(buy("away"), completionTime, ramp.Completed)
	s.worker.Kill()
	again := s.startPlainly(buy("away"), onrampRequest("away"))
	s.worker = s.startWorker()

	require.Equal(t, ramp.Completed, requireReferenceTaken(t, again).Order.Status)
	s.requireOneOrder(t, buy("away"))
}

func TestReferenceWhoseRunWasTerminatedIsTaken(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	first := s.startPlainly(buy("replaced"), onrampRequest("replaced"))
	s.awaitStatus(buy("replaced"), completionTime, ramp.AwaitingPayment)

	second, err := s.Temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: "onramp/replaced", TaskQueue: ramp.TaskQueue, WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING,
	}, "Onramp", onrampRequest("replaced"))
	require.NoError(t, err)

	taken := requireReferenceTaken(t, second)
	require.Equal(t, first.GetRunID(), taken.RunID)
	require.Contains(t, taken.Message, "was terminated")
	s.requireOneOrder(t, buy("replaced"))
}

func TestInvalidRequestIsExplainedAndLeavesTheReferenceFree(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	typo := onrampRequest("typo")
	typo.Fiat.Amount = "0"
	options := client.StartWorkflowOptions{
		ID: "onramp/typo", TaskQueue: ramp.TaskQueue, WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}
	handle, err := s.Temporal.UpdateWithStartWorkflow(t.Context(), client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: s.Temporal.NewWithStartWorkflowOperation(options, "Onramp", typo),
		UpdateOptions: client.UpdateWorkflowOptions{
			WorkflowID: "onramp/typo", UpdateName: ramp.AwaitOrder, WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err == nil {
		err = handle.Get(t.Context(), nil)
	}
	told := requireContractError(t, err, ramp.InvalidRequest)
	require.Equal(t, "fiat.amount", told.Fields[0].Field)
	eventually(t, patience, func() error {
		_, err := s.Temporal.QueryWorkflow(t.Context(), "onramp/typo", "", ramp.OrderQuery)
		if err == nil {
			return errors.New("the query of an invalid request was answered")
		}
		require.ErrorContains(t, err, "fiat.amount")
		return nil
	})

	right := s.startPlainly(buy("typo"), onrampRequest("typo"))
	s.awaitStatus(buy("typo"), completionTime, ramp.AwaitingPayment)
	s.requireOneOrder(t, buy("typo"))
	require.NotEmpty(t, right.GetRunID())
}

func TestWorkflowTypeInTheWrongCaseFailsWithTheRightName(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	run, err := s.Temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "onramp/cased", TaskQueue: ramp.TaskQueue},
		"onramp", onrampRequest("cased"))
	require.NoError(t, err)
	told := requireContractError(t, run.Get(t.Context(), nil), ramp.InvalidRequest)
	require.Contains(t, told.Message, "must be Onramp")
}

func TestMissingAndAdditionalArgumentsFailAPlainStart(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	for reference, tc := range map[string]struct {
		arguments []any
		want      string
	}{
		"two":  {[]any{onrampRequest("two"), "and more"}, "one argument is expected, and 2 were sent"},
		"none": {nil, "the argument is missing"},
	} {
		run, err := s.Temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "onramp/" + reference, TaskQueue: ramp.TaskQueue},
			"Onramp", tc.arguments...)
		require.NoError(t, err)
		require.Contains(t, requireContractError(t, run.Get(t.Context(), nil), ramp.InvalidRequest).Message, tc.want)
	}
	require.Empty(t, s.ledger().Orders)
}
