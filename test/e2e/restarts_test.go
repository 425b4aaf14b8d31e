package e2e_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	workflowpb "go.temporal.io/api/workflow/v1"

	"rampart/ramp"
)

func TestKilledWorkersWatchIsTakenOverWithin45Seconds(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	order, err := s.Orders.StartOnramp(t.Context(), onrampRequest("crash"))
	require.NoError(t, err)
	s.setClock(`{"speed":0}`)
	_, err = s.Orders.SubmitUTR(t.Context(), "crash", utrOf(1))
	require.NoError(t, err)
	s.awaitPolls(order.OrderID, 5)

	s.worker.Kill()
	killed := time.Now()
	s.startWorker()
	s.setClock(`{"advance":"1h"}`)

	done := s.awaitStatus(buy("crash"), 3*time.Minute, ramp.Completed)
	require.Less(t, time.Since(killed), 75*time.Second, "45 seconds, and as long again as a busy machine takes to start a worker")
	require.NotEmpty(t, done.Settlement.TransactionHash)
	require.Len(t, s.ledger().Orders, 1)
	require.Len(t, s.ledger().Proofs, 1)
	s.requireReplay(buy("crash"))
}

// The SDK batches the heartbeats of 32 seconds, and cancels an attempt whose heartbeat it cannot send.
func TestWatchThatLastsForMinutesIsOneAttempt(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	_, err := s.Orders.StartOnramp(t.Context(), onrampRequest("long"))
	require.NoError(t, err)
	s.setClock(`{"speed":0}`)
	s.submit("long", utrOf(1))

	watch := &workflowpb.PendingActivityInfo{}
	eventually(t, 3*time.Minute, func() error {
		order, err := s.Temporal.DescribeWorkflowExecution(t.Context(), ramp.Onramp.WorkflowID("long"), "")
		if err != nil || len(order.GetPendingActivities()) != 1 {
			return fmt.Errorf("%v activities run, %v", order.GetPendingActivities(), err)
		}
		watch = order.GetPendingActivities()[0]
		lasted := watch.GetLastHeartbeatTime().AsTime().Sub(watch.GetScheduledTime().AsTime())
		if lasted < time.Minute {
			return fmt.Errorf("the last heartbeat came after %s: %v", lasted, watch)
		}
		return nil
	})
	require.EqualValues(t, 1, watch.GetAttempt(), "%v", watch.GetLastFailure())
}

func TestStoppedWorkerHandsItsWatchesOverAtOnce(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	order, err := s.Orders.StartOnramp(t.Context(), onrampRequest("handover"))
	require.NoError(t, err)
	s.setClock(`{"speed":0}`)
	_, err = s.Orders.SubmitUTR(t.Context(), "handover", utrOf(1))
	require.NoError(t, err)
	s.awaitPolls(order.OrderID, 5)

	s.startWorker()
	s.stop(s.worker)
	stopped := time.Now()
	s.setClock(`{"advance":"1h"}`)

	s.awaitStatus(buy("handover"), time.Minute, ramp.Completed)
	require.Less(t, time.Since(stopped), 30*time.Second, "it took as long as a crash")
}

func TestOrdersSurviveARestartOfTheTemporalServer(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60, onFile)
	for _, reference := range []string{"restart", "crash"} {
		_, err := s.Orders.StartOnramp(t.Context(), onrampRequest(reference))
		require.NoError(t, err)
	}

	s.stop(s.server)
	s.startServer()
	s.submit("restart", utrOf(1))
	s.awaitStatus(buy("restart"), completionTime, ramp.Completed)

	s.server.Kill()
	s.startServer()
	s.submit("crash", utrOf(2))
	s.awaitStatus(buy("crash"), completionTime, ramp.Completed)
	require.Len(t, s.ledger().Orders, 2)
}

// submit submits a UTR, and retries while the worker reconnects to the server.
func (s *stack) submit(reference, utr string) {
	s.t.Helper()
	eventually(s.t, completionTime, func() error {
		_, err := s.Orders.SubmitUTR(s.t.Context(), reference, utr)
		return err
	})
}

func TestOrderWithoutProofExpiresAndIsReorderedWithItsUTR(t *testing.T) {
	t.Parallel()
	s := newStack(t, 360) // three hours take 30 seconds
	order, err := s.Orders.StartOnramp(t.Context(), onrampRequest("late"))
	require.NoError(t, err)
	require.WithinDuration(t, order.CreatedAt.Add(30*time.Second), order.ExpiresAt, 5*time.Second)

	expired := s.awaitStatus(buy("late"), completionTime, ramp.Expired)
	require.WithinDuration(t, order.ExpiresAt, expired.UpdatedAt, 10*time.Second)
	_, err = s.Orders.SubmitUTR(t.Context(), "late", utrOf(1))
	require.True(t, ramp.IsError(err, ramp.OrderOver), "%v", err)
	require.ErrorContains(t, err, "use its UTR on a new order for the same amount")

	out, problems, code := s.starter("reorder", "late", "--reference", "late-2", "--utr", utrOf(1), "--watch", "-o", "json")
	require.Equal(t, 0, code, "%s\n%s", out, problems)
	again := s.awaitStatus(buy("late-2"), completionTime, ramp.Completed)
	require.Equal(t, utrOf(1), string(again.Proof.UTR))
	require.NotEqual(t, order.OrderID, again.OrderID)
}

func TestStarterRunsAnOrderFromTheCommandLine(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)

	out, problems, code := s.starter("onramp", "--reference", "cli", "--email", "asha+linked@example.test", "--amount", "1000.00",
		"--token", "USDC", "--token-address", "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359", "--chain-id", "137",
		"--wallet", "0x1111111111111111111111111111111111111111", "--method", "INR_UPI",
		"--upi-id", "asha@okbank", "--upi-name", "Asha Rao", "-o", "json")
	require.Equal(t, 0, code, "%s\n%s", out, problems)
	var order ramp.Order
	require.NoError(t, json.Unmarshal([]byte(out), &order))
	require.Equal(t, ramp.AwaitingPayment, order.Status)

	out, problems, code = s.starter("submit-utr", "cli", "12")
	require.Equal(t, 2, code, "%s\n%s", out, problems)
	out, problems, code = s.starter("submit-utr", "cli", utrOf(1))
	require.Equal(t, 0, code, "%s\n%s", out, problems)
	out, problems, code = s.starter("watch", "onramp/cli")
	require.Equal(t, 0, code, "%s\n%s", out, problems)
	require.Contains(t, out, s.ui+"/namespaces/default/workflows/onramp%2Fcli")
	require.NotContains(t, out, "asha@okbank")
	out, _, code = s.starter("list", "-o", "json")
	require.Equal(t, 0, code)
	require.Contains(t, out, `"cli"`)
	_, problems, code = s.starter("status", "onramp/nowhere")
	require.Equal(t, 1, code)
	require.Contains(t, problems, "no such order")
}
