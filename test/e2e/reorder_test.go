package e2e_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/codec"
	"rampart/ramp"
)

func TestOrderCancelledForItsAmountIsReorderedForThePaidAmount(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	request := onrampRequest("mismatch")
	request.UPI.ID, request.Fiat.Amount = "ashafailed@okbank", "1000.01"
	order, err := s.Orders.StartOnramp(t.Context(), request)
	require.NoError(t, err)
	require.Equal(t, ramp.AwaitingAccount, order.Status)
	other := ramp.AccountSubmission{UPI: &ramp.UPIAccount{ID: "asha.other@okbank", Name: "Asha Rao"}}
	_, err = s.Orders.SubmitAccount(t.Context(), buy("mismatch"), other)
	require.NoError(t, err)
	s.awaitStatus(buy("mismatch"), completionTime, ramp.AwaitingPayment)
	s.submit("mismatch", utrOf(1))
	s.awaitStatus(buy("mismatch"), completionTime, ramp.Cancelled)

	_, problems, code := s.starter("reorder", "mismatch", "--reference", "mismatch-2")
	require.Equal(t, 2, code)
	require.Contains(t, problems, "--amount  must be the amount that was paid")
	out, problems, code := s.starter("explain", "mismatch")
	require.Equal(t, 0, code, problems)
	require.Contains(t, out, "starter reorder onramp/mismatch --reference NEW-REFERENCE --amount AMOUNT-PAID")

	out, problems, code = s.starter("reorder", "mismatch", "--reference", "mismatch-2", "--amount", "900.00", "--watch", "-o", "json")
	require.Equal(t, 0, code, "%s\n%s", out, problems)
	again := s.awaitStatus(buy("mismatch-2"), completionTime, ramp.Completed)
	require.Equal(t, utrOf(1), string(again.Proof.UTR))
	require.Equal(t, "900.00", again.Quote.Pay.Amount)
	require.Equal(t, "mismatch", again.Previous.Reference)
	for _, entry := range again.Timeline {
		require.NotEqual(t, ramp.AwaitingAccount, entry.Status, "the account that took the place of the refused one was used")
	}
}

// otherBackend returns the client of another backend.
func (s *stack) otherBackend() *ramp.Client {
	return ramp.NewClient(s.Temporal, codec.NewDataConverter(codec.New(s.Keyring, "default")))
}

// failUTRs fails every submission of a UTR for a reference.
func (s *stack) failUTRs(reference string) {
	s.t.Helper()
	s.post("/sandbox/faults", fmt.Sprintf(`{"fault":"error","status":503,"route":"POST /v1/orders/utr","reference":%q}`, reference))
}

func TestRepeatedUTRInAnOutageBlocksNoOtherCaller(t *testing.T) {
	t.Parallel()
	s := newStack(t, 1)
	_, err := s.Orders.StartOnramp(t.Context(), onrampRequest("tries"))
	require.NoError(t, err)
	s.failUTRs("tries")
	for range 11 {
		trying, stop := context.WithTimeout(t.Context(), time.Second)
		_, err := s.Orders.SubmitUTR(trying, "tries", utrOf(1))
		stop()
		require.True(t, ramp.IsError(err, ramp.NotReady), "%v", err)
	}

	asking, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	order, err := s.otherBackend().StartOnramp(asking, onrampRequest("tries"))
	require.NoError(t, err)
	require.NotNil(t, order.Instructions)
	require.Equal(t, 1, s.updatesOf("tries", ramp.SubmitUTR))
}

func TestStartIsAnsweredAtTheLimitOfPendingUpdates(t *testing.T) {
	t.Parallel()
	s := newStack(t, 1)
	_, err := s.Orders.StartOnramp(t.Context(), onrampRequest("crowd"))
	require.NoError(t, err)
	s.failUTRs("crowd")
	for n := range 10 {
		trying, stop := context.WithTimeout(t.Context(), time.Second)
		_, err := s.Orders.SubmitUTR(trying, "crowd", utrOf(n+1))
		stop()
		require.True(t, ramp.IsError(err, ramp.NotReady), "%v", err)
	}
	require.Equal(t, 10, s.updatesOf("crowd", ramp.SubmitUTR))

	asking, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	order, err := s.otherBackend().StartOnramp(asking, onrampRequest("crowd"))
	require.NoError(t, err)
	require.NotNil(t, order.Instructions)

	other := onrampRequest("crowd")
	other.Fiat.Amount = "2000.00"
	_, err = s.otherBackend().StartOnramp(asking, other)
	require.True(t, ramp.IsError(err, ramp.ReferenceTaken), "%v", err)
}

func TestTakenReferenceIsReportedWithoutAWorker(t *testing.T) {
	t.Parallel()
	s := newStack(t, 1)
	s.stop(s.worker)
	start := func(request ramp.OnrampRequest) error {
		asking, stop := context.WithTimeout(t.Context(), 5*time.Second)
		defer stop()
		_, err := s.Orders.StartOnramp(asking, request)
		return err
	}
	require.True(t, ramp.IsError(start(onrampRequest("taken")), ramp.NotReady), "the order waits for a worker")
	other := onrampRequest("taken")
	other.Fiat.Amount = "2000.00"
	err := start(other)
	require.True(t, ramp.IsError(err, ramp.ReferenceTaken), "%v", err)
}

// updatesOf returns how many updates of a name an order has accepted.
func (s *stack) updatesOf(reference, name string) int {
	s.t.Helper()
	count := 0
	for _, event := range s.history(buy(reference)).GetEvents() {
		if event.GetWorkflowExecutionUpdateAcceptedEventAttributes().GetAcceptedRequest().GetInput().GetName() == name {
			count++
		}
	}
	return count
}
