package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/activities"
	"rampart/ramp"
)

func TestOnrampRunsFromLoginToDelivery(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.happy(received, activities.OrderState{ProviderStatus: "transferred", Status: ramp.Settling}, completed)
	w.signalUTR(20*time.Minute, utr)

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
	require.Equal(t, []ramp.Status{
		ramp.VerifyingKYC, ramp.LinkingAccount, ramp.Quoting, ramp.CreatingOrder, ramp.AwaitingPayment,
		ramp.VerifyingPayment, ramp.Settling, ramp.Completed,
	}, statuses(order))
	require.Equal(t, orderID, order.OrderID)
	require.Equal(t, utr, string(order.Proof.UTR))
	require.Equal(t, start.Add(20*time.Minute), order.Proof.SubmittedAt)
	require.Equal(t, completed.Settlement, order.Settlement)
	require.Equal(t, start.Add(3*time.Hour), order.ExpiresAt)
	require.Equal(t, "10.63", order.Quote.Receive.Amount)
	require.Empty(t, order.Attention)
	w.AssertActivityNumberOfCalls(t, "KYCStatus", 1)
	w.AssertActivityNumberOfCalls(t, "CreateOnrampOrder", 1)
	w.AssertActivityNumberOfCalls(t, "SubmitUTR", 1)
	w.AssertActivityNumberOfCalls(t, "LinkAccount", 0)
	w.AssertActivityNumberOfCalls(t, "OrderStatus", 0)
}

func TestProofThatComesBeforeTheOrderIsKeptAndUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).CreateOnrampOrder).After(time.Minute).Return(onrampOrder, nil)
	w.happy(completed)
	w.signalUTR(time.Second, utr)

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
	require.Equal(t, start.Add(time.Second), order.Proof.SubmittedAt)
	require.Equal(t, start.Add(time.Minute), order.Proof.AcceptedAt)
}

func TestProofGivenWithTheRequestIsSubmittedOnceTheOrderExists(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.happy(completed)
	request := onrampRequest()
	request.UTR = utr

	order := w.buy(request)

	require.Equal(t, ramp.Completed, order.Status)
	require.Equal(t, utr, string(order.Proof.UTR))
}

func TestOrderWithoutProofExpiresAfterThreeHoursAndOneLastLook(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.happy()
	w.at(3*time.Hour-time.Second, func() { require.Equal(t, ramp.AwaitingPayment, w.order().Status) })

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Expired, order.Status)
	require.Equal(t, start.Add(3*time.Hour), order.UpdatedAt)
	require.Nil(t, order.Proof)
	require.Contains(t, notes(order), "new order for the same amount")
	w.AssertActivityNumberOfCalls(t, "OrderStatus", 1)
	w.AssertActivityNumberOfCalls(t, "WatchOrder", 0)
}

func TestPaymentThatTheProviderFoundByItselfIsFollowedInsteadOfExpiring(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).OrderStatus).Return(received, nil)
	w.on((*activities.Watches)(nil).WatchOrder).After(time.Hour).Return(decided(completed), nil)
	w.happy()
	late := w.update(3*time.Hour+30*time.Minute, ramp.SubmitUTR, ramp.UTRSubmission{UTR: utr})

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
	require.Nil(t, order.Proof)
	requireType(t, late.rejected, ramp.NotAwaited)
}

func TestOrderOfUnknownStatusNeitherExpiresNorStopsTakingProofs(t *testing.T) {
	t.Parallel()
	unknown := activities.OrderState{ProviderStatus: "somethingNew"}
	for name, tt := range map[string]struct {
		then     activities.OrderState
		proof    bool
		want     ramp.Status
		unproven []bool
	}{
		"and is paid":     {then: completed, want: ramp.Completed, unproven: []bool{true}},
		"and is unpaid":   {then: activities.OrderState{ProviderStatus: "fiatPending", Unpaid: true}, want: ramp.Expired, unproven: []bool{true}},
		"and is refunded": {then: activities.OrderState{ProviderStatus: "refunded", Status: ramp.Refunded}, want: ramp.Refunded, unproven: []bool{true}},
		"and has expired": {then: activities.OrderState{ProviderStatus: "expired", Status: ramp.Expired}, want: ramp.Expired, unproven: []bool{true}},
		"and is proven":   {then: completed, proof: true, want: ramp.Completed, unproven: []bool{true, true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, ramp.Onramp)
			var unproven []bool
			w.on((*activities.Calls)(nil).OrderStatus).Return(unknown, nil)
			w.on((*activities.Watches)(nil).WatchOrder).After(time.Hour).
				Return(func(_ context.Context, req activities.WatchOrderRequest) (activities.WatchOrderResult, error) {
					unproven = append(unproven, req.Unproven)
					return decided(tt.then), nil
				})
			w.happy()
			w.at(3*time.Hour+20*time.Minute, func() { require.Equal(t, ramp.AwaitingPayment, w.order().Status) })
			if tt.proof {
				w.signalUTR(3*time.Hour+30*time.Minute, utr)
			}

			order := w.buy(onrampRequest())

			require.Equal(t, tt.want, order.Status)
			require.Equal(t, tt.proof, order.Accepted())
			require.Equal(t, tt.unproven, unproven)
		})
	}
}

func TestProofThatComesDuringTheLastLookIsSubmitted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).OrderStatus).After(10*time.Second).
		Return(activities.OrderState{ProviderStatus: "fiatPending", Unpaid: true}, nil)
	w.happy(completed)
	w.signalUTR(3*time.Hour+5*time.Second, utr)

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
	require.Equal(t, utr, string(order.Proof.UTR))
}

func TestRefusedProofSendsTheOrderBackWithTheSameDeadline(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).SubmitUTR).Return(activities.SubmitResult{}, refusal("Invalid UTR")).Once()
	w.happy(completed)
	w.signalUTR(time.Hour, otherUTR)
	w.at(2*time.Hour, func() {
		order := w.order()
		require.Equal(t, ramp.AwaitingPayment, order.Status)
		require.Equal(t, "Invalid UTR", order.ProviderReason)
		require.Equal(t, start.Add(3*time.Hour), order.ExpiresAt)
		require.Nil(t, order.Proof)
	})
	w.signalUTR(2*time.Hour+time.Minute, utr)

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
	require.Equal(t, utr, string(order.Proof.UTR))
	require.Empty(t, order.ProviderReason)
}

func TestUpdateAnswersOnceTheProviderHasAcceptedTheProof(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).SubmitUTR).After(time.Minute).Return(activities.SubmitResult{}, nil)
	w.happy(completed)
	accepted := w.update(time.Hour, ramp.SubmitUTR, ramp.UTRSubmission{UTR: " " + utr + " "})
	w.at(time.Hour+30*time.Second, func() { require.False(t, accepted.done) })

	w.buy(onrampRequest())

	require.NoError(t, accepted.rejected)
	require.NoError(t, accepted.failed)
	require.Equal(t, ramp.VerifyingPayment, accepted.order.Status)
	require.Equal(t, start.Add(time.Hour+time.Minute), accepted.order.Proof.AcceptedAt)
}

func TestUpdateAnswersWithTheProvidersRefusal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).SubmitUTR).Return(activities.SubmitResult{}, refusal("Invalid UTR"))
	w.happy()
	refused := w.update(time.Hour, ramp.SubmitUTR, ramp.UTRSubmission{UTR: utr})

	order := w.buy(onrampRequest())

	requireType(t, refused.failed, ramp.ProofRefused)
	require.ErrorContains(t, refused.failed, "Invalid UTR")
	require.Equal(t, ramp.Expired, order.Status)
}

func TestMalformedProofIsRejectedByUpdateAndNotedFromSignal(t *testing.T) {
	t.Parallel()
	for name, argument := range map[string]any{
		"too short":        ramp.UTRSubmission{UTR: "123"},
		"unknown field":    map[string]string{"UTRNumber": utr},
		"personal field":   map[string]string{"asha@example.test `x`": utr},
		"number for text":  map[string]int{"utr": 412345678901},
		"not an object":    utr,
		"nothing":          nil,
		"bytes, not JSON":  []byte(utr),
		"list of a proof":  []ramp.UTRSubmission{{UTR: utr}},
		"null":             map[string]any{"utr": nil},
		"the other proof":  ramp.HashSubmission{TransactionHash: hash},
		"letters in a UPI": ramp.UTRSubmission{UTR: "41234567890A"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, ramp.Onramp)
			w.happy(completed)
			w.at(time.Minute, func() { w.SignalWorkflow(ramp.SubmitUTR, argument) })
			rejected := w.update(2*time.Minute, ramp.SubmitUTR, argument)
			w.signalUTR(time.Hour, utr)

			order := w.buy(onrampRequest())

			requireType(t, rejected.rejected, ramp.InvalidRequest)
			require.Equal(t, ramp.Completed, order.Status)
			require.Contains(t, notes(order), "A submit-utr signal was ignored")
			require.NotContains(t, notes(order), "41234567890A")
			require.NotContains(t, notes(order), "asha@")
			w.AssertActivityNumberOfCalls(t, "SubmitUTR", 1)
		})
	}
}

func TestRepeatedProofIsSubmittedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).SubmitUTR).After(time.Minute).Return(activities.SubmitResult{}, nil)
	w.on((*activities.Watches)(nil).WatchOrder).After(time.Hour).Return(decided(completed), nil)
	w.happy()
	w.signalUTR(time.Hour, utr)
	w.signalUTR(time.Hour, utr)
	during := w.update(time.Hour+time.Second, ramp.SubmitUTR, ramp.UTRSubmission{UTR: utr})
	after := w.update(time.Hour+30*time.Minute, ramp.SubmitUTR, ramp.UTRSubmission{UTR: utr})

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
	require.Equal(t, utr, string(during.order.Proof.UTR))
	require.Equal(t, utr, string(after.order.Proof.UTR))
	w.AssertActivityNumberOfCalls(t, "SubmitUTR", 1)
}

func TestSecondProofIsTriedWhenTheFirstIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).SubmitUTR).After(time.Minute).Return(activities.SubmitResult{}, refusal("Invalid UTR")).Once()
	w.happy(completed)
	w.signalUTR(time.Hour, otherUTR)
	w.signalUTR(time.Hour+time.Second, utr)

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
	require.Equal(t, utr, string(order.Proof.UTR))
}

func TestAwaitOrderAnswersWithPaymentInstructions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).CreateOnrampOrder).After(time.Minute).Return(onrampOrder, nil)
	w.happy(completed)
	early := w.update(0, ramp.AwaitOrder)
	late := w.update(time.Hour, ramp.AwaitOrder)
	request := onrampRequest()
	mark, err := request.Fingerprint()
	require.NoError(t, err)
	own := w.update(time.Hour, ramp.AwaitOrder, ramp.Awaiting{Fingerprint: mark})
	request.Fiat.Amount = "2000.00"
	mark, err = request.Fingerprint()
	require.NoError(t, err)
	taken := w.update(time.Hour, ramp.AwaitOrder, ramp.Awaiting{Fingerprint: mark})
	w.signalUTR(2*time.Hour, utr)

	w.buy(onrampRequest())

	require.Equal(t, onrampOrder.Instructions, *early.order.Instructions)
	require.Equal(t, ramp.AwaitingPayment, early.order.Status)
	require.Equal(t, onrampOrder.Instructions, *late.order.Instructions)
	require.Equal(t, onrampOrder.Instructions, *own.order.Instructions)
	requireType(t, taken.rejected, ramp.ReferenceTaken)
}
