package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/durationpb"

	"rampart/ramp"
)

// startWorkflow starts a workflow without id policies, search attributes and a summary.
func startWorkflow(t *testing.T, temporal client.Client, id, queue, kind string, request any) client.WorkflowRun {
	t.Helper()
	run, err := temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: id, TaskQueue: queue}, kind, request)
	require.NoError(t, err)
	return run
}

func TestNamespaceWithoutSetupIsReportedByWorkerAndStarter(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60, withMetrics)
	s.stop(s.worker)
	_, err := s.Temporal.WorkflowService().RegisterNamespace(t.Context(), &workflowservice.RegisterNamespaceRequest{
		Namespace: "bare", WorkflowExecutionRetentionPeriod: durationpb.New(24 * time.Hour),
	})
	require.NoError(t, err)
	bare := s.dial(client.Options{Namespace: "bare"}, s.Keyring)
	eventually(t, patience, func() error {
		var unready *ramp.NamespaceError
		if err := ramp.CheckNamespace(t.Context(), bare, "bare"); !errors.As(err, &unready) || unready.Lacks == "" {
			return fmt.Errorf("not known yet: %w", err)
		}
		return nil
	})
	inBare := []string{"TEMPORAL_NAMESPACE=bare"}
	s.worker = s.launchWorker(inBare...)
	s.awaitLog(s.worker, "orders cannot run in this namespace")
	startWorkflow(t, bare, "onramp/early", ramp.TaskQueue, ramp.OnrampWorkflow, onrampRequest("early"))

	eventually(t, patience, func() error {
		page, code := s.workerPage("/readyz")
		if code != http.StatusServiceUnavailable || !strings.Contains(page, `run \"starter setup\" with TEMPORAL_NAMESPACE=bare`) {
			return fmt.Errorf("the worker says %d: %s", code, page)
		}
		out, problems, _ := s.starterWith(inBare, "explain", "early")
		if !strings.Contains(out, "the namespace is not set up for orders") || !strings.Contains(out, "starter setup") {
			return fmt.Errorf("explain says: %s%s", out, problems)
		}
		return nil
	})
	for _, line := range []string{"status early", "cancel early", "submit-utr early 412345678901", "attention", "reorder early --reference again"} {
		_, problems, code := s.starterWith(inBare, strings.Fields(line)...)
		require.Equal(t, 1, code, line)
		require.Contains(t, problems, "is not set up for orders", line)
		require.Contains(t, problems, "starter setup", line)
	}

	_, problems, code := s.starterWith(inBare, "setup")
	require.Zero(t, code, problems)
	eventually(t, patience, func() error {
		if page, code := s.workerPage("/readyz"); code != http.StatusOK {
			return fmt.Errorf("the worker says %d: %s", code, page)
		}
		return nil
	})
	eventually(t, 3*patience, func() error { // Temporal retries failed workflow tasks with a growing delay
		out, problems, _ := s.starterWith(inBare, "status", "early")
		if !strings.Contains(out, "awaiting payment") {
			return errors.New(out + problems)
		}
		return nil
	})
}

func TestOrderIsFoundAmongRefusedRunsOfItsReference(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	_, err := s.Orders.StartOnramp(t.Context(), onrampRequest("twice"))
	require.NoError(t, err)
	_, err = s.Orders.Cancel(t.Context(), buy("twice"))
	require.NoError(t, err)
	first := s.awaitStatus(buy("twice"), patience, ramp.Cancelled)
	made := s.Temporal.GetWorkflow(t.Context(), "onramp/twice", "").GetRunID()

	second := startWorkflow(t, s.Temporal, "onramp/twice", ramp.TaskQueue, ramp.OnrampWorkflow, onrampRequest("twice"))
	require.Error(t, second.Get(t.Context(), nil))
	reset, err := s.Temporal.WorkflowService().ResetWorkflowExecution(t.Context(), &workflowservice.ResetWorkflowExecutionRequest{
		Namespace: "default", WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: "onramp/twice", RunId: made},
		WorkflowTaskFinishEventId: 4, RequestId: "a click", Reason: "a click",
	})
	require.NoError(t, err)
	require.Error(t, s.Temporal.GetWorkflow(t.Context(), "onramp/twice", reset.GetRunId()).Get(t.Context(), nil))
	typo := onrampRequest("typo")
	typo.UPI.ID = "asha"
	require.Error(t, startWorkflow(t, s.Temporal, "onramp/typo", ramp.TaskQueue, ramp.OnrampWorkflow, typo).Get(t.Context(), nil))
	require.Error(t, startWorkflow(t, s.Temporal, "onramp/case", ramp.TaskQueue, "ONRAMP", onrampRequest("case")).Get(t.Context(), nil))
	startWorkflow(t, s.Temporal, "onramp/queue", "orders", ramp.OnrampWorkflow, onrampRequest("queue"))
	startWorkflow(t, s.Temporal, "onramp/type", ramp.TaskQueue, "payout", onrampRequest("type"))

	s.awaitAttention("queue", "type")
	require.Len(t, s.ledger().Orders, 1)
	again, err := s.Orders.StartOnramp(t.Context(), onrampRequest("twice"))
	require.NoError(t, err)
	require.Equal(t, first.OrderID, again.OrderID, "the client is given the order that has the reference")
	require.Len(t, s.ledger().Orders, 1)
	told := s.explain(buy("twice"))
	require.Equal(t, []any{made, ramp.Cancelled, first.OrderID}, []any{told.RunID, told.Status, told.OrderID})
	require.GreaterOrEqual(t, len(told.Runs), 3)
	for _, run := range told.Runs[:len(told.Runs)-1] {
		require.Equal(t, ramp.ReferenceTaken, run.Ended)
		out, problems, code := s.starter("explain", "onramp/twice", "--run", run.RunID)
		require.Zero(t, code, problems)
		require.Contains(t, out, "This run created nothing at the provider.")
		require.Contains(t, out, "explain onramp/twice --run "+made)
	}
	out, problems, code := s.starter("status", "twice")
	require.Zero(t, code, problems)
	require.Contains(t, out, first.OrderID)
	_, problems, code = s.starter("status", "twice", "--run", second.GetRunID())
	require.Equal(t, 1, code)
	require.Contains(t, problems, "this reference belongs to an earlier order")
	require.Contains(t, problems, "explain onramp/twice --run "+made)

	out, problems, code = s.starter("attention", "--all", "-o", "json")
	require.Zero(t, code, problems)
	var all []struct {
		WorkflowID string
		Ended      ramp.ErrorType
	}
	require.NoError(t, json.Unmarshal([]byte(out), &all))
	refused := make(map[string]ramp.ErrorType)
	for _, each := range all {
		refused[each.WorkflowID] = each.Ended
	}
	require.Equal(t, map[string]ramp.ErrorType{
		"onramp/twice": ramp.ReferenceTaken, "onramp/typo": ramp.InvalidRequest, "onramp/case": ramp.InvalidRequest,
		"onramp/queue": "", "onramp/type": "",
	}, refused)
	mended, err := s.Orders.StartOnramp(t.Context(), onrampRequest("typo"))
	require.NoError(t, err)
	require.Equal(t, ramp.AwaitingPayment, mended.Status, "what was refused takes no reference")
	out, problems, code = s.starter("list")
	require.Zero(t, code, problems)
	require.Contains(t, out, "! not an order: its type is ONRAMP")
	require.True(t, s.explain(buy("type")).NotAnOrder)
}
