package e2e_test

import (
	"errors"
	"net/http"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"

	"rampart/ramp"
)

// An operator's reset of an activity (Web UI, CLI) begins to count its attempts anew.
func TestResetActivityMakesNoSecondOrder(t *testing.T) {
	t.Parallel()
	n := new(network)
	s := newStack(t, 60, withNetwork(n))
	n.fail("POST /v1/orders/create", networkFault{left: 1})
	n.fail("GET /v1/orders/0", networkFault{left: 1 << 30, status: http.StatusServiceUnavailable})
	started := make(chan error, 1)
	go func() {
		_, err := s.Orders.StartOnramp(t.Context(), onrampRequest("reset"))
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

// pending is the order's pending activity; nil for none.
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

// Whoever may signal an order can send it thousands of signals. They must neither end it nor keep its user from paying.
func TestFloodOfSignalsNeitherEndsAnOrderNorBlocksItsPayment(t *testing.T) {
	t.Parallel()
	flood := 2_000
	if signals := os.Getenv("RAMP_FLOOD"); signals != "" { // make nightly sends more than the server takes
		var err error
		flood, err = strconv.Atoi(signals)
		require.NoError(t, err)
	}
	s := newStack(t, 1)
	_, err := s.Orders.StartOnramp(t.Context(), onrampRequest("flood"))
	require.NoError(t, err)
	refused := s.flood("flood", flood)
	require.Equal(t, flood > signalLimit, refused > 0, "%d were refused", refused)

	order, err := s.Orders.SubmitUTR(t.Context(), "flood", utrOf(1))

	require.NoError(t, err)
	require.True(t, order.Accepted())
	require.LessOrEqual(t, len(order.Timeline), 300)
	events := len(s.history(buy("flood")).GetEvents())
	t.Logf("%d signals, %d of them refused by the server: %d events", flood, refused, events)
	require.Less(t, events, 51_200, "the server's limit of events")
}

// signalLimit is the server's own limit of signals to an order.
const signalLimit = 10_000

// flood sends signals of every kind that an order does not take, and returns how many the server refused. Proofs that the
// provider refuses have a limit of their own.
func (s *stack) flood(reference string, number int) int {
	s.t.Helper()
	kinds := []func(int) (string, any){
		func(int) (string, any) { return ramp.SubmitUTR, ramp.UTRSubmission{UTR: "12 34"} },
		func(int) (string, any) { return ramp.SubmitUTR, map[string]any{"utr": 1, "more": true} },
		func(n int) (string, any) { return "submit-utrr", n },
		func(int) (string, any) { return ramp.SubmitKYC, ramp.KYCSubmission{Dossier: "file:///nowhere"} },
		func(int) (string, any) { return ramp.ConfirmQuote, ramp.QuoteConfirmation{QuoteID: "none"} },
	}
	const senders = 16
	refusals := make(chan int, senders)
	for sender := range senders {
		go func() {
			refused := 0
			for i := sender; i < number; i += senders {
				name, argument := kinds[i%len(kinds)](i)
				err := s.Temporal.SignalWorkflow(s.t.Context(), ramp.Onramp.WorkflowID(reference), "", name, argument)
				if err != nil {
					refused++
				}
			}
			refusals <- refused
		}()
	}
	all := 0
	for range senders {
		all += <-refusals
	}
	return all
}
