package e2e_test

import (
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
)

// A client that may signal an order can send it thousands of signals. They must neither end the order nor block its payment.
func TestFloodOfSignalsNeitherEndsAnOrderNorBlocksItsPayment(t *testing.T) {
	t.Parallel()
	flood := 2_000
	if signals := os.Getenv("RAMP_FLOOD"); signals != "" { // make nightly sends more than the server accepts
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

// signalLimit is the server's limit of signals per workflow.
const signalLimit = 10_000

// flood sends signals that an order ignores, and returns how many the server refused. It sends no proofs that the provider would refuse:
// those have a limit of their own.
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
