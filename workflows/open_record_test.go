package workflows_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"rampart/activities"
	"rampart/ramp"
	"rampart/records"
)

// lostAndFound collects what an order keeps of itself while it is open.
type lostAndFound struct {
	*books
	open []records.OpenOrder
	away bool
}

func openBooksOf(t *testing.T, direction ramp.Direction, lost *records.OpenOrder) *lostAndFound {
	t.Helper()
	rules := withRecords()
	rules.Open, rules.Resumed = true, lost
	f := &lostAndFound{books: booksOf(t, direction, rules)}
	f.on((*activities.Calls)(nil).KeepOpen).Return(f.keepOpen).Maybe()
	return f
}

func (f *lostAndFound) keepOpen(_ context.Context, request activities.KeepOpenRequest) (activities.KeepRecordResult, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.away {
		return activities.KeepRecordResult{}, errors.New("the store does not answer")
	}
	f.open = append(f.open, request.Open)
	return activities.KeepRecordResult{Kept: true}, nil
}

func (f *lostAndFound) latest() records.OpenOrder {
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	require.NotEmpty(f.t, f.open)
	return f.open[len(f.open)-1]
}

func (f *lostAndFound) setAway(away bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.away = away
}

func TestOpenOrderIsKeptWithWhatItTakesToFollowIt(t *testing.T) {
	t.Parallel()
	f := openBooksOf(t, ramp.Onramp, nil)
	f.happy(received, completed)
	f.signalUTR(2*time.Minute, utr)
	f.at(time.Minute, func() {
		require.Len(t, f.open, 1)
		kept := f.latest()
		require.NoError(t, kept.Validate())
		require.Equal(t, onrampRequest(), *kept.Onramp)
		require.Equal(t, orderID, kept.Order.OrderID)
		require.Equal(t, ramp.AwaitingPayment, kept.Order.Status)
		require.Equal(t, onrampOrder.Instructions.UPI.QR, kept.Order.Instructions.UPI.QR)
		require.Equal(t, f.order().Quote, kept.Order.Quote)
		require.Nil(t, kept.Proof)
		require.Nil(t, kept.Account)
	})

	order := f.buy(onrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
	require.Len(t, f.open, 2)
	require.Equal(t, utr, f.latest().Proof.Reference())
	require.Len(t, f.kept, 1)
}

func TestOpenOrderIsKeptWithTheAccountAndTheProofThatCount(t *testing.T) {
	t.Parallel()
	f := openBooksOf(t, ramp.Onramp, nil)
	f.on((*activities.Calls)(nil).LinkedAccounts).Return(func(_ context.Context, request activities.AccountRequest) (activities.LinkResult, error) {
		if request.UPI.ID == onrampRequest().UPI.ID {
			return activities.LinkResult{State: activities.LinkFailed, Reason: "no"}, nil
		}
		return activities.LinkResult{State: activities.Linked}, nil
	})
	f.happy(activities.OrderState{ProviderStatus: "fiatPending", Unpaid: true}, completed)
	other := ramp.AccountSubmission{UPI: &ramp.UPIAccount{ID: "other@okbank", Name: "Asha Rao"}}
	f.at(time.Minute, func() { f.SignalWorkflow(ramp.SubmitAccount, other) })
	f.signalUTR(2*time.Minute, utr)

	f.buy(onrampRequest())

	require.Equal(t, other, *f.latest().Account)
	require.Equal(t, utr, f.latest().Proof.Reference())
}

func TestStoreThatIsAwayDelaysNoPaymentAndIsWrittenLater(t *testing.T) {
	t.Parallel()
	f := openBooksOf(t, ramp.Onramp, nil)
	f.setAway(true)
	f.happy(completed)
	f.at(time.Minute, func() {
		require.Equal(t, ramp.AwaitingPayment, f.order().Status)
		require.Empty(t, f.order().Attention)
	})
	f.at(10*time.Minute, func() { f.setAway(false) })
	f.at(15*time.Minute, func() { require.Len(t, f.open, 1) })
	f.signalUTR(20*time.Minute, utr)

	require.Equal(t, ramp.Completed, f.buy(onrampRequest()).Status)
	require.Equal(t, utr, f.latest().Proof.Reference())
}

func TestStoreThatStaysAwayHoldsNoOrderOpen(t *testing.T) {
	t.Parallel()
	f := openBooksOf(t, ramp.Offramp, nil)
	f.setAway(true)
	f.happy(paidOut)
	f.at(time.Minute, func() {
		f.SignalWorkflow(ramp.SubmitTransactionHash, ramp.HashSubmission{TransactionHash: hash})
	})
	require.Equal(t, ramp.Completed, f.sell(offrampRequest()).Status)
	require.Empty(t, f.open)
	require.Len(t, f.kept, 1)
}

// lostOrder is an order as the store has it.
func lostOrder(proof *ramp.Proof) *records.OpenOrder {
	return &records.OpenOrder{RunID: "lost-run", Proof: proof, Order: ramp.Order{
		Reference: reference, Direction: ramp.Onramp, Status: ramp.AwaitingPayment, OrderID: orderID,
		Quote: &ramp.Quote{
			ID: "agreed", Pay: ramp.Amount{Amount: "1000.00", Currency: "INR"}, Receive: ramp.Amount{Amount: "10.63", Currency: "USDC"},
		},
		Instructions: &onrampOrder.Instructions,
	}}
}

// requireFollowedOnly requires that an order was followed, and nothing made for it.
func (f *lostAndFound) requireFollowedOnly() {
	f.t.Helper()
	for _, call := range []string{"CreateOnrampOrder", "QuoteBuy", "LinkAccount"} {
		f.AssertNotCalled(f.t, call)
	}
}

func TestLostOrderAwaitsItsPaymentAgainAsItsUserWasTold(t *testing.T) {
	t.Parallel()
	f := openBooksOf(t, ramp.Onramp, lostOrder(nil))
	f.adopts(ramp.Onramp)
	f.happy(completed)
	f.at(10*time.Minute, func() {
		now := f.order()
		require.Equal(t, ramp.AwaitingPayment, now.Status)
		require.Equal(t, "agreed", now.Quote.ID)
		require.Equal(t, onrampOrder.Instructions.UPI.QR, now.Instructions.UPI.QR)
		require.Equal(t, orderID, f.latest().Order.OrderID, "it may be lost again")
		require.Equal(t, "default-test-run-id", f.latest().RunID)
	})
	f.signalUTR(20*time.Minute, utr)

	order := f.buy(onrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
	require.Contains(t, notes(order), "before Temporal lost it")
	f.requireFollowedOnly()
}

// TestLostOrderGivesItsProofToTheProviderAgain: the store does not know whether the provider has it.
func TestLostOrderGivesItsProofToTheProviderAgain(t *testing.T) {
	t.Parallel()
	f := openBooksOf(t, ramp.Onramp, lostOrder(&ramp.Proof{UTR: utr, SubmittedAt: start.Add(-time.Hour)}))
	submitted := 0
	f.on((*activities.Calls)(nil).SubmitUTR).Return(func(_ context.Context, request activities.SubmitUTRRequest) (activities.SubmitResult, error) {
		submitted++
		require.Equal(t, utr, string(request.UTR))
		return activities.SubmitResult{}, nil
	})
	f.adopts(ramp.Onramp)
	f.happy(received, completed)
	request := onrampRequest()
	request.UTR = otherUTR // one that it replaced

	order := f.buy(request)

	require.Equal(t, ramp.Completed, order.Status)
	require.Equal(t, 1, submitted)
	require.Equal(t, utr, order.Proof.Reference())
	require.Equal(t, start.Add(-time.Hour), order.Proof.SubmittedAt)
	f.requireFollowedOnly()
}

func TestLostOrderThatIsPaidKeepsItsProofAndDoesNotRepeatIt(t *testing.T) {
	t.Parallel()
	for name, state := range map[string]activities.OrderState{"paid": received, "over": completed} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := openBooksOf(t, ramp.Onramp, lostOrder(&ramp.Proof{UTR: utr, SubmittedAt: start.Add(-time.Hour)}))
			f.on((*activities.Calls)(nil).OrderStatus).Return(state, nil)
			f.adopts(ramp.Onramp)
			f.happy(completed)

			order := f.buy(onrampRequest())

			require.Equal(t, ramp.Completed, order.Status)
			require.Equal(t, utr, order.Proof.Reference())
			require.Equal(t, utr, f.kept[0].Order.Proof.Reference())
			require.True(t, order.Accepted())
			for _, open := range f.open {
				require.Equal(t, utr, open.Proof.Reference(), "it may be lost again")
			}
			f.AssertNotCalled(t, "SubmitUTR")
			f.requireFollowedOnly()
		})
	}
}

// TestLostOrderRemembersTheProofThatWasReplaced has an order that was lost with a corrected proof: on its way, or accepted.
func TestLostOrderRemembersTheProofThatWasReplaced(t *testing.T) {
	t.Parallel()
	for name, state := range map[string]activities.OrderState{"on its way": {ProviderStatus: "fiatPending", Unpaid: true}, "found": received} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lost := lostOrder(&ramp.Proof{UTR: utr, SubmittedAt: start.Add(-time.Minute)})
			lost.Order.Proof = &ramp.Proof{UTR: otherUTR, SubmittedAt: start.Add(-time.Hour), AcceptedAt: start.Add(-time.Hour)}
			f := openBooksOf(t, ramp.Onramp, lost)
			f.on((*activities.Calls)(nil).OrderStatus).Return(state, nil)
			f.adopts(ramp.Onramp)
			f.happy(completed)
			order := f.buy(onrampRequest())
			require.Equal(t, ramp.Completed, order.Status)
			require.Equal(t, utr, order.Proof.Reference())
			require.Len(t, order.Proof.Replaced, 1)
			require.Equal(t, otherUTR, string(order.Proof.Replaced[0].UTR))
		})
	}
}

// adoptsLate lets the provider's order be taken over after a minute.
func (f *lostAndFound) adoptsLate() {
	f.on((*activities.Calls)(nil).AdoptOrder).After(time.Minute).Return(activities.CreatedOrder{
		OrderID: orderID, ProviderStatus: "fiatPending", Lifetime: time.Hour, Adopted: true, Keep: true,
	}, nil)
}

// TestCorrectionThatComesBeforeTheLostProofIsGivenAgainStands has a user who corrects a mistyped proof while the order is taken over.
func TestCorrectionThatComesBeforeTheLostProofIsGivenAgainStands(t *testing.T) {
	t.Parallel()
	f := openBooksOf(t, ramp.Onramp, lostOrder(&ramp.Proof{UTR: otherUTR, SubmittedAt: start.Add(-time.Hour)}))
	var submitted []string
	f.on((*activities.Calls)(nil).SubmitUTR).Return(func(_ context.Context, request activities.SubmitUTRRequest) (activities.SubmitResult, error) {
		submitted = append(submitted, string(request.UTR))
		return activities.SubmitResult{}, nil
	})
	f.adoptsLate()
	f.on((*activities.Watches)(nil).WatchOrder).After(time.Minute).Return(decided(completed), nil)
	f.happy()
	f.signalUTR(30*time.Second, utr)
	order := f.buy(onrampRequest())
	require.Equal(t, []string{otherUTR, utr}, submitted)
	require.Equal(t, utr, order.Proof.Reference())
	require.Len(t, order.Proof.Replaced, 1)
	require.Equal(t, utr, f.latest().Proof.Reference())
}

func TestProofThatIsRepeatedWhileThePaidOrderIsTakenOverCountsOnce(t *testing.T) {
	t.Parallel()
	f := openBooksOf(t, ramp.Onramp, lostOrder(&ramp.Proof{UTR: utr, SubmittedAt: start.Add(-time.Hour)}))
	f.on((*activities.Calls)(nil).OrderStatus).Return(received, nil)
	f.adoptsLate()
	f.happy(completed)
	f.signalUTR(30*time.Second, utr)
	repeated := f.update(40*time.Second, ramp.SubmitUTR, ramp.UTRSubmission{UTR: utr})
	order := f.buy(onrampRequest())
	require.Empty(t, order.Proof.Replaced)
	require.NoError(t, errors.Join(repeated.rejected, repeated.failed))
	f.AssertNotCalled(t, "SubmitUTR")
}

func TestLostOrderOfAUserWhoIsNotVerifiedIsFollowedAllTheSame(t *testing.T) {
	t.Parallel()
	rules := withRecords()
	rules.Resumed = lostOrder(nil)
	f := &books{world: newWorld(t, ramp.Onramp)}
	f.on((*activities.Calls)(nil).KeepRecord).Return(f.keep).Maybe()
	f.on((*activities.Calls)(nil).KYCStatus).Return(activities.KYCStatusResult{Rules: rules}, nil).Once()
	f.on((*activities.Calls)(nil).OrderStatus).Return(completed, nil)
	f.adopts(ramp.Onramp)
	f.happy()
	require.Equal(t, ramp.Completed, f.buy(onrampRequest()).Status)
}

// TestCancellationOfALostOrderAsksTheProviderFirst cancels while the order is being taken over.
func TestCancellationOfALostOrderAsksTheProviderFirst(t *testing.T) {
	t.Parallel()
	f := openBooksOf(t, ramp.Onramp, lostOrder(&ramp.Proof{UTR: utr, SubmittedAt: start}))
	f.on((*activities.Calls)(nil).OrderStatus).After(time.Minute).Return(received, nil)
	f.adopts(ramp.Onramp)
	f.happy(completed)
	f.at(30*time.Second, f.CancelWorkflow)
	require.Equal(t, ramp.Completed, f.buy(onrampRequest()).Status)
}

func TestRequestOfARebuiltOrderMayBeRepeatedAsItWas(t *testing.T) {
	t.Parallel()
	f := openBooksOf(t, ramp.Onramp, lostOrder(nil))
	f.adopts(ramp.Onramp)
	f.happy(completed)
	request := onrampRequest()
	fingerprint, err := request.Fingerprint()
	require.NoError(t, err)
	dearer := onrampRequest()
	dearer.Fiat.Amount = "2000.00"
	repeated := f.update(time.Minute, ramp.AwaitOrder, ramp.Awaiting{Fingerprint: fingerprint})
	other, err := dearer.Fingerprint()
	require.NoError(t, err)
	refused := f.update(time.Minute, ramp.AwaitOrder, ramp.Awaiting{Fingerprint: other})
	f.signalUTR(2*time.Minute, utr)
	f.buy(adopting(onrampRequest()))
	require.NoError(t, errors.Join(repeated.rejected, repeated.failed))
	require.Equal(t, ramp.AwaitingPayment, repeated.order.Status)
	require.ErrorContains(t, refused.rejected, "another request")
}

// TestLostOrderCanBeLostAgainWithItsProof has a provider that does not tell of the order after it was taken over.
func TestLostOrderCanBeLostAgainWithItsProof(t *testing.T) {
	t.Parallel()
	lost := lostOrder(&ramp.Proof{UTR: utr, SubmittedAt: start.Add(-time.Minute)})
	lost.Order.Proof = &ramp.Proof{UTR: otherUTR, SubmittedAt: start.Add(-time.Hour), AcceptedAt: start.Add(-time.Hour)}
	f := openBooksOf(t, ramp.Onramp, lost)
	f.on((*activities.Calls)(nil).OrderStatus).Return(activities.OrderState{}, unavailable())
	f.takes(nil)
	f.adopts(ramp.Onramp)
	f.happy(received, completed)

	order := f.buy(onrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
	require.Equal(t, utr, order.Proof.Reference(), "the proof does not wait for the provider's status")
	require.Len(t, order.Proof.Replaced, 1)
	require.NotEmpty(t, f.open)
	for _, open := range f.open {
		require.Equal(t, utr, open.Proof.Reference())
		require.NotNil(t, open.Order.Proof)
	}
}

func TestRefusedProofIsNotKept(t *testing.T) {
	t.Parallel()
	f := openBooksOf(t, ramp.Onramp, nil)
	f.takes(map[string]error{otherUTR: refusal("Invalid UTR")})
	f.happy(completed)
	f.signalUTR(time.Minute, otherUTR)
	f.at(2*time.Minute, func() { require.Nil(t, f.latest().Proof) })
	f.signalUTR(3*time.Minute, utr)
	require.Equal(t, ramp.Completed, f.buy(onrampRequest()).Status)
	require.Equal(t, utr, f.latest().Proof.Reference())
}

// TestCancellationDropsNoLostOrder cancels an order, which may be paid, before it has taken over the provider's.
func TestCancellationDropsNoLostOrder(t *testing.T) {
	t.Parallel()
	later := temporal.NewApplicationErrorWithOptions("slow down", activities.ErrRateLimited, temporal.ApplicationErrorOptions{
		NonRetryable: true, NextRetryDelay: 10 * time.Minute,
	})
	for name, prepare := range map[string]func(*lostAndFound, *activities.AdmissionRules){
		"during its first call": func(f *lostAndFound, rules *activities.AdmissionRules) {
			f.on((*activities.Calls)(nil).KYCStatus).After(5*time.Minute).Return(activities.KYCStatusResult{Verified: true, Rules: rules}, nil).Once()
			f.adopts(ramp.Onramp)
		},
		"while the provider asks to wait": func(f *lostAndFound, rules *activities.AdmissionRules) {
			f.on((*activities.Calls)(nil).KYCStatus).Return(activities.KYCStatusResult{Verified: true, Rules: rules}, nil).Once()
			f.on((*activities.Calls)(nil).AdoptOrder).Return(activities.CreatedOrder{}, later).Once()
			f.adopts(ramp.Onramp)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rules := withRecords()
			rules.Open, rules.Resumed = true, lostOrder(&ramp.Proof{UTR: utr, SubmittedAt: start})
			f := &lostAndFound{books: &books{world: newWorld(t, ramp.Onramp)}}
			f.on((*activities.Calls)(nil).KeepRecord).Return(f.keep).Maybe()
			f.on((*activities.Calls)(nil).KeepOpen).Return(f.keepOpen).Maybe()
			prepare(f, rules)
			f.on((*activities.Calls)(nil).OrderStatus).Return(received, nil)
			f.happy(completed)
			f.at(time.Minute, f.CancelWorkflow)

			order := f.buy(adopting(onrampRequest()))

			require.Equal(t, ramp.Completed, order.Status)
			require.Equal(t, orderID, order.OrderID)
			f.requireFollowedOnly()
		})
	}
}

func TestLostOrderThatEndsWithoutTheProvidersStaysInTheStore(t *testing.T) {
	t.Parallel()
	f := openBooksOf(t, ramp.Onramp, lostOrder(nil))
	f.on((*activities.Calls)(nil).AdoptOrder).Return(activities.CreatedOrder{}, refusal("the provider's order belongs to another order here"))
	f.happy()
	order := f.buy(onrampRequest())
	require.Equal(t, ramp.Rejected, order.Status)
	require.Empty(t, f.kept, "a record would take the place of what is open")
}
