package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"rampart/ramp"
	"rampart/starter/explain"
)

// explain returns the starter's explanation of an order.
func (s *stack) explain(id ramp.ID) explain.Explanation {
	s.t.Helper()
	out, problems, code := s.starter("explain", id.Direction.WorkflowID(id.Reference), "-o", "json")
	require.Zero(s.t, code, problems)
	var told explain.Explanation
	require.NoError(s.t, json.Unmarshal([]byte(out), &told))
	return told
}

// awaitProblem waits until the starter's explanation of an order contains a problem.
func (s *stack) awaitProblem(id ramp.ID, what string) explain.Explanation {
	s.t.Helper()
	var told explain.Explanation
	eventually(s.t, patience, func() error {
		told = s.explain(id)
		for _, problem := range told.Problems {
			if strings.Contains(problem.What, what) {
				return nil
			}
		}
		return fmt.Errorf("%+v", told.Problems)
	})
	return told
}

// awaitAttention waits until the starter lists exactly these orders as needing attention.
func (s *stack) awaitAttention(references ...string) {
	s.t.Helper()
	eventually(s.t, patience, func() error {
		out, problems, code := s.starter("attention", "-o", "json")
		if code != 0 {
			return errors.New(problems)
		}
		var found []struct{ Reference string }
		if err := json.Unmarshal([]byte(out), &found); err != nil {
			return err
		}
		if len(found) != len(references) {
			return fmt.Errorf("%v, not %v", found, references)
		}
		for _, each := range found {
			if !strings.Contains(strings.Join(references, " "), each.Reference) {
				return fmt.Errorf("%v, not %v", found, references)
			}
		}
		return nil
	})
}

func TestStarterExplainsAnOrderWithoutWorkersOrWithIncompatibleCode(t *testing.T) {
	t.Parallel()
	s := newStack(t, 1)
	_, err := s.Orders.StartOnramp(t.Context(), onrampRequest("told"))
	require.NoError(t, err)
	told := s.explain(buy("told"))
	require.Empty(t, told.Problems)
	require.Equal(t, "the user", told.Awaits[0].From)
	require.WithinDuration(t, time.Now().Add(3*time.Hour), told.Awaits[0].Until, time.Minute)

	s.worker.Kill()
	told = s.awaitProblem(buy("told"), "no worker runs")
	require.Equal(t, ramp.AwaitingPayment, told.Status, "Temporal knows it without a worker")
	require.NotEmpty(t, told.OrderID)

	changed := worker.New(s.Temporal, ramp.TaskQueue, worker.Options{DisableRegistrationAliasing: true})
	changed.RegisterWorkflowWithOptions(func(ctx workflow.Context, _ converter.RawValue) (*ramp.Order, error) {
		return nil, workflow.Sleep(ctx, time.Hour)
	}, workflow.RegisterOptions{Name: ramp.OnrampWorkflow})
	require.NoError(t, changed.Start())
	require.NoError(t, s.Temporal.SignalWorkflow(t.Context(), "onramp/told", "", ramp.SubmitUTR, ramp.UTRSubmission{UTR: ramp.UTR(utrOf(1))}))
	told = s.awaitProblem(buy("told"), "nondeterminism")
	require.Contains(t, told.Problems[0].What, "TMPRL1100")
	s.awaitAttention("told")
	changed.Stop()

	s.worker = s.startWorker()
	s.awaitStatus(buy("told"), patience, ramp.VerifyingPayment)
	told = s.explain(buy("told"))
	require.Empty(t, told.Problems)
	require.Equal(t, "the provider", told.Awaits[0].From)
	s.awaitAttention()
}

func TestStarterListsOrdersThatNeedAttentionWithTheReason(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	for _, reference := range []string{"failing", "gone", "well"} {
		_, err := s.Orders.StartOnramp(t.Context(), onrampRequest(reference))
		require.NoError(t, err)
	}
	s.post("/sandbox/faults", `{"fault":"error","status":503,"route":"POST /v1/orders/status"}`)
	_, err := s.Orders.SubmitUTR(t.Context(), "failing", utrOf(1))
	require.NoError(t, err)
	require.NoError(t, s.Temporal.TerminateWorkflow(t.Context(), "onramp/gone", "", "a test"))

	s.awaitAttention("failing", "gone")

	out, problems, code := s.starter("attention")
	require.Zero(t, code, problems)
	for _, want := range []string{
		"unavailable (HTTP 503)", "Check whether the provider has an outage", "the order was terminated by process", ": a test",
		"ask the provider's support for its state", "explain onramp/failing",
	} {
		require.Contains(t, out, want)
	}
	gone := s.explain(buy("gone"))
	require.Equal(t, "terminated", gone.Workflow)
	require.Equal(t, ramp.AwaitingPayment, gone.Status)
	out, problems, code = s.starter("list", "--reference", "fail")
	require.Zero(t, code, problems)
	require.Contains(t, out, "needs attention")
	require.NotContains(t, out, "gone")
	out, _, _ = s.starter("__complete", "explain", "w")
	require.Contains(t, out, "well\tonramp, awaiting_payment")
}
