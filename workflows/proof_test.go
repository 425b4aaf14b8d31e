package workflows_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"rampart/activities"
	"rampart/ramp"
)

var (
	unpaid    = activities.OrderState{ProviderStatus: "fiatPending", Unpaid: true}
	expired   = activities.OrderState{ProviderStatus: "expired", Status: ramp.Expired}
	cancelled = activities.OrderState{ProviderStatus: "cancelled", Status: ramp.Cancelled, Reason: "amount paid was 900.00"}
	strange   = activities.OrderState{ProviderStatus: "complianceReview"}
)

// refusedWith is how an activity says that the provider refused a proof, and what it said of the order then.
func refusedWith(state activities.OrderState) error {
	return temporal.NewNonRetryableApplicationError("refused", activities.ErrRefused, nil,
		activities.Refusal{HTTPStatus: 403, Reason: "Invalid UTR", State: &state})
}

// takes answers every UTR as the provider does: nil takes it.
func (w *world) takes(answers map[string]error) {
	w.on((*activities.Calls)(nil).SubmitUTR).Return(func(_ context.Context, req activities.SubmitUTRRequest) (activities.SubmitResult, error) {
		return activities.SubmitResult{}, answers[string(req.UTR)]
	})
}

// watchedFor lets a watch end after so long.
func (w *world) watchedFor(after time.Duration, state activities.OrderState) {
	w.on((*activities.Watches)(nil).WatchOrder).After(after).Return(decided(state), nil).Once()
}

func (w *world) updateUTR(after time.Duration, utr string) *reply {
	return w.update(after, ramp.SubmitUTR, ramp.UTRSubmission{UTR: ramp.UTR(utr)})
}

func TestMistypedUTRIsReplacedWhileTheProviderHasNotThePayment(t *testing.T) {
	t.Parallel()
	for name, send := range map[string]func(*world){
		"by signal": func(w *world) { w.signalUTR(2*time.Hour, utr) },
		"by update": func(w *world) { w.updateUTR(2*time.Hour, utr) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, ramp.Onramp)
			w.watchedFor(3*time.Hour, received)
			w.happy(completed)
			w.signalUTR(time.Hour, otherUTR)
			send(w)
			w.at(150*time.Minute, func() {
				proof := w.order().Proof
				require.Equal(t, utr, string(proof.UTR))
				require.Equal(t, start.Add(2*time.Hour), proof.AcceptedAt)
				require.Equal(t, []ramp.ReplacedProof{{
					UTR: otherUTR, SubmittedAt: start.Add(time.Hour), AcceptedAt: start.Add(time.Hour), ReplacedAt: start.Add(2 * time.Hour),
				}}, proof.Replaced)
			})

			order := w.buy(onrampRequest())

			require.Equal(t, ramp.Completed, order.Status)
			require.Contains(t, notes(order), "took the UTR …8901 in place of …8902")
			require.NotContains(t, notes(order), utr)
			w.AssertActivityNumberOfCalls(t, "SubmitUTR", 2)
			w.AssertActivityNumberOfCalls(t, "WatchOrder", 2) // the replacement interrupted none
		})
	}
}

func TestDroppedTransactionIsReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Offramp)
	w.watchedFor(3*time.Hour, activities.OrderState{ProviderStatus: "orderReceived", Status: ramp.Settling})
	w.happy(paidOut)
	other := "0x" + strings.Repeat("b", 64)
	request := offrampRequest()
	request.TransactionHash = other
	answered := w.update(time.Hour, ramp.SubmitTransactionHash, ramp.HashSubmission{TransactionHash: hash})

	order := w.sell(request)

	require.NoError(t, answered.failed)
	require.Equal(t, ramp.Completed, order.Status)
	require.Equal(t, hash, order.Proof.TransactionHash)
	require.Equal(t, other, order.Proof.Replaced[0].TransactionHash)
}

func TestReplacementThatTheProviderRefusesLeavesTheEarlierProof(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.takes(map[string]error{otherUTR: refusedWith(unpaid)})
	w.watchedFor(3*time.Hour, received)
	w.happy(completed)
	w.signalUTR(time.Hour, utr)
	refused := w.updateUTR(2*time.Hour, otherUTR)

	order := w.buy(onrampRequest())

	requireType(t, refused.failed, ramp.ProofRefused)
	require.Equal(t, ramp.Completed, order.Status)
	require.Equal(t, utr, string(order.Proof.UTR))
	require.Empty(t, order.Proof.Replaced)
	require.NotContains(t, statuses(order)[6:], ramp.AwaitingPayment, "the user need not pay again")
	require.Contains(t, notes(order), "refused the UTR …8902; …8901 stands")
}

func TestReplacementIsAConflictOnceTheProviderHasThePayment(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.takes(map[string]error{otherUTR: refusedWith(received)})
	w.watchedFor(3*time.Hour, received)
	w.on((*activities.Watches)(nil).WatchOrder).After(2*time.Hour).Return(decided(completed), nil).Once()
	w.happy()
	w.signalUTR(time.Hour, utr)
	unseen := w.updateUTR(2*time.Hour, otherUTR) // the provider has it, and the watch has not told
	seen := w.updateUTR(5*time.Hour, otherUTR)

	order := w.buy(onrampRequest())

	requireType(t, unseen.failed, ramp.ProofConflict)
	requireType(t, seen.rejected, ramp.ProofConflict)
	require.Equal(t, ramp.Completed, order.Status)
	require.Equal(t, utr, string(order.Proof.UTR))
	w.AssertActivityNumberOfCalls(t, "SubmitUTR", 2)
}

// The watch tells of the payment while another proof is on its way.
func TestReplacementAndStatusThatMeetAreDecidedByTheProvider(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		answer error
		utr    string
	}{
		"taken": {nil, otherUTR}, "refused": {refusedWith(received), utr},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, ramp.Onramp)
			w.on((*activities.Calls)(nil).SubmitUTR).Return(activities.SubmitResult{}, nil).Once()
			w.on((*activities.Calls)(nil).SubmitUTR).After(time.Hour).Return(activities.SubmitResult{}, tc.answer).Once()
			w.watchedFor(90*time.Minute, received)
			w.watchedFor(3*time.Hour, completed)
			w.happy()
			w.signalUTR(time.Hour, utr)
			w.signalUTR(2*time.Hour, otherUTR)
			w.at(160*time.Minute, func() { require.Equal(t, ramp.Settling, w.order().Status, "the watch goes on meanwhile") })

			order := w.buy(onrampRequest())

			require.Equal(t, ramp.Completed, order.Status)
			require.Equal(t, tc.utr, string(order.Proof.UTR))
			require.Equal(t, ramp.Completed, order.Timeline[len(order.Timeline)-1].Status)
		})
	}
}

// An order has every proof that the provider took: the answer about one that is on its way comes before the end.
func TestOrderThatEndsDuringAReplacementHasItsAnswerFirst(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		answer error
		utr    string
	}{"taken": {nil, otherUTR}, "refused": {refusedWith(completed), utr}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, ramp.Onramp)
			w.on((*activities.Calls)(nil).SubmitUTR).Return(activities.SubmitResult{}, nil).Once()
			w.on((*activities.Calls)(nil).SubmitUTR).After(time.Minute).Return(activities.SubmitResult{}, tc.answer).Once()
			w.watchedFor(time.Hour+30*time.Second, completed)
			w.happy()
			w.signalUTR(time.Hour, utr)
			w.signalUTR(2*time.Hour, otherUTR)

			order := w.buy(onrampRequest())

			require.Equal(t, ramp.Completed, order.Status)
			require.Equal(t, start.Add(2*time.Hour+time.Minute), order.UpdatedAt)
			require.Equal(t, tc.utr, string(order.Proof.UTR))
		})
	}
}

func TestProofsThatWaitAreSubmittedOneAfterTheOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).SubmitUTR).After(time.Minute).Return(activities.SubmitResult{}, nil)
	w.watchedFor(time.Hour, completed)
	w.happy()
	w.signalUTR(time.Hour, utr)
	waiting := w.updateUTR(time.Hour+time.Second, otherUTR)

	order := w.buy(onrampRequest())

	require.NoError(t, waiting.failed)
	require.Equal(t, otherUTR, string(order.Proof.UTR))
	require.Equal(t, utr, string(order.Proof.Replaced[0].UTR))
}

func TestAcceptedProofIsIdempotent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.watchedFor(3*time.Hour, completed)
	w.happy()
	w.signalUTR(time.Hour, utr)
	again := w.updateUTR(2*time.Hour, utr)

	order := w.buy(onrampRequest())

	require.NoError(t, again.failed)
	require.Empty(t, order.Proof.Replaced)
	w.AssertActivityNumberOfCalls(t, "SubmitUTR", 1)
}

func TestCancellationIsRefusedWhileAReplacementIsSubmitted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).SubmitUTR).Return(activities.SubmitResult{}, nil).Once()
	w.on((*activities.Calls)(nil).SubmitUTR).After(time.Hour).Return(activities.SubmitResult{}, refusedWith(unpaid)).Once()
	w.watchedFor(3*time.Hour, completed)
	w.happy()
	w.signalUTR(time.Hour, utr)
	w.signalUTR(2*time.Hour, otherUTR)
	w.at(150*time.Minute, w.CancelWorkflow)

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
	require.Contains(t, notes(order), "Cancellation refused")
}

// The state that comes with a refused proof decides: nobody is asked to pay an order that is over at the provider, or paid.
func TestStateSeenWithARefusedProofDecides(t *testing.T) {
	t.Parallel()
	refunded := activities.OrderState{ProviderStatus: "refunded", Status: ramp.Refunded}
	for name, tc := range map[string]struct {
		state  activities.OrderState
		ending ramp.Status
		at     time.Duration
		answer ramp.ErrorType
	}{
		"cancelled": {cancelled, ramp.Cancelled, time.Hour, ramp.ProofRefused},
		"expired":   {expired, ramp.Expired, time.Hour, ramp.ProofRefused},
		"refunded":  {refunded, ramp.Refunded, time.Hour, ramp.ProofRefused},
		"paid":      {received, ramp.Completed, 2 * time.Hour, ramp.NotAwaited},
		"unpaid":    {unpaid, ramp.Expired, 3 * time.Hour, ramp.ProofRefused},
		"not known": {strange, ramp.Expired, 3 * time.Hour, ramp.ProofRefused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, ramp.Onramp)
			w.takes(map[string]error{utr: refusedWith(tc.state)})
			w.watchedFor(time.Hour, completed)
			w.happy()
			answered := w.updateUTR(time.Hour, utr)

			order := w.buy(onrampRequest())

			require.Equal(t, tc.ending, order.Status)
			require.Equal(t, start.Add(tc.at), order.UpdatedAt)
			requireType(t, answered.failed, tc.answer)
			require.Nil(t, order.Proof)
			require.Contains(t, notes(order), "refused the UTR: Invalid UTR")
		})
	}
}

func TestRefusedHashOfReceivedTokensDoesNotAskForThemAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Offramp)
	w.on((*activities.Calls)(nil).SubmitTransactionHash).Return(activities.SubmitResult{},
		refusedWith(activities.OrderState{ProviderStatus: "CryptoReceived", Status: ramp.Settling}))
	w.watchedFor(time.Hour, paidOut)
	w.happy()
	request := offrampRequest()
	request.TransactionHash = hash

	order := w.sell(request)

	require.Equal(t, ramp.Completed, order.Status)
	require.Equal(t, []ramp.Status{ramp.AwaitingPayment, ramp.Settling, ramp.Completed}, statuses(order)[4:])
}

// A script that sends one wrong proof after the other must not make the order grow without end.
func TestOrderTakesSoManyRefusedProofsAndNoMore(t *testing.T) {
	t.Parallel()
	for name, send := range map[string]func(w *world, after time.Duration, utr string){
		"signals": func(w *world, after time.Duration, utr string) { w.signalUTR(after, utr) },
		"updates": func(w *world, after time.Duration, utr string) { w.updateUTR(after, utr) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, ramp.Onramp)
			w.on((*activities.Calls)(nil).SubmitUTR).Return(activities.SubmitResult{}, refusedWith(unpaid))
			w.happy()
			for i := range 400 {
				send(w, time.Minute+time.Duration(i)*time.Second, fmt.Sprintf("5%011d", i))
			}
			late := w.updateUTR(time.Hour, utr)

			order := w.buy(onrampRequest())

			requireType(t, late.rejected, ramp.ProofLimit)
			require.Equal(t, ramp.Expired, order.Status)
			require.LessOrEqual(t, len(order.Timeline), 260)
			require.Contains(t, notes(order), "takes no more UTRs")
			w.AssertActivityNumberOfCalls(t, "SubmitUTR", 50)
		})
	}
}

func TestRepeatedProofIsNoConflictWhileManyWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).SubmitUTR).After(time.Minute).Return(activities.SubmitResult{}, refusedWith(unpaid))
	w.happy()
	for i := range 20 {
		w.signalUTR(time.Hour+time.Duration(i)*time.Millisecond, fmt.Sprintf("5%011d", i))
	}
	repeated := w.updateUTR(time.Hour+30*time.Second, "500000000007")
	another := w.updateUTR(time.Hour+31*time.Second, utr)

	w.buy(onrampRequest())

	require.NoError(t, repeated.rejected)
	requireType(t, repeated.failed, ramp.ProofRefused)
	requireType(t, another.rejected, ramp.ProofConflict)
}

func TestRefusedPaymentOfAnEarlierOrderNamesBothOrdersAndTheRemedy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).SubmitUTR).Return(activities.SubmitResult{}, refusedWith(unpaid)).Once()
	w.happy()
	request := onrampRequest()
	request.UTR, request.Previous = utr, &ramp.PreviousOrder{Reference: "inv-41", OrderID: "650000000000000000000009"}
	w.at(time.Hour, func() {
		require.Contains(t, w.order().Attention, "support about both of its orders, 650000000000000000000009 and "+orderID)
	})

	order := w.buy(request)

	require.Equal(t, ramp.Expired, order.Status)
	require.Equal(t, request.Previous, order.Previous)
	last := order.Timeline[len(order.Timeline)-1].Note
	require.Contains(t, last, "650000000000000000000009 and "+orderID)
	require.NotContains(t, last, "new order for the same amount", "that would be refused as well")
	w.AssertActivityNumberOfCalls(t, "SubmitUTR", 1)
}
