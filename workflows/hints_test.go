package workflows_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"

	"rampart/activities"
	"rampart/ramp"
)

const day = 24 * time.Hour

// hint sends a hint when the order has run for so long.
func (w *world) hint(after time.Duration, told ramp.Hint) {
	w.at(after, func() { w.SignalWorkflow(ramp.ProviderHint, told) })
}

// watch is the watch of the order that polls at once, or the one that does not.
func (w *world) watchOrder(now bool) *requests[activities.WatchOrderRequest] {
	return watchWhen(w, (*activities.Watches)(nil).WatchOrder, func(req activities.WatchOrderRequest) bool { return req.PollNow == now })
}

// requests are those of an activity, in order. Attempts that the workflow gave up go on beside later ones.
type requests[Request any] struct {
	w    *world
	when any
	of   any
	mu   sync.Mutex
	got  []Request
}

// add records a request, and returns how many there are.
func (r *requests[Request]) add(request Request) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, request)
	return len(r.got)
}

func (r *requests[Request]) all() []Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

func watchWhen[Request any](w *world, of any, when func(Request) bool) *requests[Request] {
	r := &requests[Request]{w: w, of: of}
	r.when = mock.MatchedBy(func(req Request) bool { return when(req) })
	return r
}

// answers records the requests and answers them with the results, one after the other; the last one stays.
func answers[Request, Result any](r *requests[Request], after time.Duration, results ...Result) *requests[Request] {
	r.w.OnActivity(r.of, mock.Anything, r.when).After(after).Return(func(_ context.Context, req Request) (Result, error) {
		return results[min(r.add(req), len(results))-1], nil
	}).Maybe()
	return r
}

// unchanged is a watch that has not returned.
var unchanged activities.WatchOrderResult

func TestHintMakesAWatchedOrderLookNow(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]string{"of the end": "completed", "out of order": "fiatReceived", "unknown": "newStatus"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, ramp.Onramp)
			w.happy()
			slow := answers(w.watchOrder(false), day, unchanged)
			now := answers(w.watchOrder(true), time.Second, decided(completed))
			w.signalUTR(time.Minute, utr)
			w.hint(time.Hour, ramp.Hint{ProviderStatus: status})

			order := w.buy(onrampRequest())

			require.Equal(t, ramp.Completed, order.Status)
			require.WithinDuration(t, start.Add(time.Hour+time.Second), order.UpdatedAt, time.Second)
			require.Len(t, now.all(), 1)
			require.Equal(t, start.Add(time.Hour), now.all()[0].HintedAt)
			require.Equal(t, start.Add(time.Minute), now.all()[0].WaitingSince.UTC(), "the limit of the watch stays")
			require.LessOrEqual(t, len(slow.all()), 1)
		})
	}
}

func TestHintOfTheKnownStatusOnlySlowsTheNextWatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.happy()
	known := answers(watchWhen(w, (*activities.Watches)(nil).WatchOrder, func(req activities.WatchOrderRequest) bool { return req.Known == "" }),
		time.Minute, decided(received))
	next := answers(watchWhen(w, (*activities.Watches)(nil).WatchOrder, func(req activities.WatchOrderRequest) bool { return req.Known == "fiatReceived" }),
		time.Hour, decided(activities.OrderState{ProviderStatus: "InProgress", Status: ramp.Settling}))
	last := answers(watchWhen(w, (*activities.Watches)(nil).WatchOrder, func(req activities.WatchOrderRequest) bool { return req.Known == "InProgress" }),
		time.Hour, decided(completed))
	w.signalUTR(time.Minute, utr)
	w.hint(30*time.Minute, ramp.Hint{ProviderStatus: "FIATRECEIVED"})

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
	require.True(t, known.all()[0].HintedAt.IsZero())
	require.Len(t, next.all(), 1, "a watch goes on")
	require.Equal(t, start.Add(30*time.Minute), last.all()[0].HintedAt)
	require.False(t, last.all()[0].PollNow)
}

func TestHintFindsAPaymentWithoutAProof(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	looks := answers(watchWhen(w, (*activities.Calls)(nil).OrderStatus, func(activities.OrderRequest) bool { return true }), time.Second, received)
	w.happy(completed)
	w.hint(time.Minute, ramp.Hint{ProviderStatus: "fiatReceived"})

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
	require.Nil(t, order.Proof)
	require.Less(t, order.UpdatedAt.Sub(start), time.Hour)
	require.Len(t, looks.all(), 1)
}

func TestForgedHintCostsOneLookAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"completed", "refunded", "expired", "cancelled", "fiatReceived"} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, ramp.Onramp)
			looks := answers(watchWhen(w, (*activities.Calls)(nil).OrderStatus, func(activities.OrderRequest) bool { return true }), time.Second,
				activities.OrderState{ProviderStatus: "fiatPending", Unpaid: true})
			w.happy()
			w.hint(time.Minute, ramp.Hint{ProviderStatus: status})

			order := w.buy(onrampRequest())

			require.Equal(t, ramp.Expired, order.Status)
			require.WithinDuration(t, start.Add(3*time.Hour), order.UpdatedAt, time.Minute)
			require.Len(t, looks.all(), 2, "one for the hint, one at the deadline")
		})
	}
}

func TestHintThatTellsNoPaymentLetsAnOrderWaitUndisturbed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	looks := answers(watchWhen(w, (*activities.Calls)(nil).OrderStatus, func(activities.OrderRequest) bool { return true }), time.Second,
		activities.OrderState{ProviderStatus: "fiatPending", Unpaid: true})
	w.happy()
	w.hint(time.Minute, ramp.Hint{ProviderStatus: "fiatPending"})
	w.hint(2*time.Minute, ramp.Hint{ProviderStatus: "newStatus"})

	require.Equal(t, ramp.Expired, w.buy(onrampRequest()).Status)
	require.Len(t, looks.all(), 1, "at the deadline")
}

func TestLookOfAHintEndsAnOrderThatTheProviderHasEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).OrderStatus).Return(activities.OrderState{ProviderStatus: "expired", Status: ramp.Expired}, nil)
	w.happy()
	w.hint(time.Minute, ramp.Hint{ProviderStatus: "expired"})

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Expired, order.Status)
	require.Less(t, order.UpdatedAt.Sub(start), time.Hour)
}

func TestUnclearAnswerToAHintLeavesTheOrderWaitingForItsUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).OrderStatus).Return(activities.OrderState{ProviderStatus: "complianceReview"}, nil).Once()
	w.happy(completed)
	w.hint(time.Minute, ramp.Hint{ProviderStatus: "completed"})
	w.signalUTR(time.Hour, utr)

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
	require.Equal(t, utr, string(order.Proof.UTR))
	require.WithinDuration(t, start.Add(time.Hour), order.UpdatedAt, time.Minute)
}

func TestHintDoesNotDisturbAProofInFlight(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).SubmitUTR).After(time.Minute).Return(activities.SubmitResult{}, nil).Once()
	now := answers(w.watchOrder(true), time.Second, decided(completed))
	w.happy()
	w.signalUTR(time.Minute, utr)
	w.hint(90*time.Second, ramp.Hint{ProviderStatus: "completed"})

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
	require.Equal(t, utr, string(order.Proof.UTR))
	require.Len(t, now.all(), 1, "the hint is followed once the proof is accepted")
	w.AssertNotCalled(t, "OrderStatus", mock.Anything, mock.Anything)
}

func TestProofEndsTheLookOfAHint(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).OrderStatus).After(time.Hour).Return(received, nil)
	w.happy(completed)
	w.hint(time.Minute, ramp.Hint{ProviderStatus: "completed"})
	w.signalUTR(2*time.Minute, utr)

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
	require.WithinDuration(t, start.Add(2*time.Minute), order.Proof.AcceptedAt, time.Second)
}

func TestCancellationEndsTheLookOfAHint(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).OrderStatus).After(time.Hour).Return(received, nil).Once()
	w.happy()
	w.hint(time.Minute, ramp.Hint{ProviderStatus: "completed"})
	w.at(2*time.Minute, w.CancelWorkflow)

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Cancelled, order.Status)
	require.WithinDuration(t, start.Add(2*time.Minute), order.UpdatedAt, time.Minute)
}

func TestFloodOfHintsIsCoalescedAndBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.happy()
	slow := answers(w.watchOrder(false), day, unchanged)
	now := answers(w.watchOrder(true), day, decided(completed))
	w.signalUTR(time.Minute, utr)
	for i := range 300 {
		w.hint(time.Hour+time.Duration(i)*time.Second/2, ramp.Hint{ProviderStatus: "completed"})
	}

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
	require.LessOrEqual(t, len(now.all()), 8, "the first hundred hints came within 50 seconds, the others have no effect")
	require.LessOrEqual(t, len(slow.all()), 1)
}

func TestHintOnTheUsersKYCAsksAtOnceWhetherTheyAreVerified(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).KYCStatus).Return(activities.KYCStatusResult{}, nil)
	now := answers(watchWhen(w, (*activities.Watches)(nil).WatchKYC, func(req activities.WatchKYCRequest) bool { return req.PollNow }),
		time.Second, activities.WatchKYCResult{WatchEnd: activities.WatchEnd{End: activities.Decided}})
	w.happy(completed)
	w.hint(time.Minute, ramp.Hint{ProviderStatus: "KYCCompleted"})
	w.signalUTR(2*time.Minute, utr)

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
	require.Less(t, order.UpdatedAt.Sub(start), time.Hour)
	require.Len(t, now.all(), 1)
	require.True(t, now.all()[0].Idle)
}

func TestHintKeepsTheConcernOfAWatchThatFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.happy()
	failing := watchWhen(w, (*activities.Watches)(nil).WatchOrder, func(req activities.WatchOrderRequest) bool { return !req.PollNow && !req.InOutage })
	answers(failing, time.Minute, activities.WatchOrderResult{WatchEnd: activities.WatchEnd{
		End: activities.Outage, Problem: "down", RetryAfter: 5 * time.Minute,
	}}, decided(completed))
	answers(watchWhen(w, (*activities.Watches)(nil).WatchOrder, func(req activities.WatchOrderRequest) bool { return !req.PollNow && req.InOutage }),
		day, unchanged)
	now := answers(w.watchOrder(true), time.Second, activities.WatchOrderResult{WatchEnd: activities.WatchEnd{End: activities.Recovered}})
	w.signalUTR(time.Minute, utr)
	w.hint(4*time.Minute, ramp.Hint{ProviderStatus: "completed"})

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
	require.True(t, now.all()[0].InOutage)
	require.Equal(t, 3*time.Minute, now.all()[0].RetryAfter, "the provider's Retry-After holds")
	require.Contains(t, notes(order), "No longer a concern: the provider did not answer.")
}

func TestMalformedHintIsIgnoredAndNoted(t *testing.T) {
	t.Parallel()
	for name, sent := range map[string]any{
		"no object": "completed", "no status": ramp.Hint{}, "long status": ramp.Hint{ProviderStatus: strings.Repeat("a", 65)},
		"unknown field": map[string]string{"providerStatus": "completed", "amount": "1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, ramp.Onramp)
			looks := answers(watchWhen(w, (*activities.Calls)(nil).OrderStatus, func(activities.OrderRequest) bool { return true }), time.Second,
				activities.OrderState{ProviderStatus: "fiatPending", Unpaid: true})
			w.happy()
			w.at(time.Minute, func() { w.SignalWorkflow(ramp.ProviderHint, sent) })

			order := w.buy(onrampRequest())

			require.Contains(t, notes(order), "A provider-hint signal was ignored: ")
			require.Len(t, looks.all(), 1, "at the deadline")
		})
	}
}

func TestHintInClearCountsOnlyWhereClearMessagesDo(t *testing.T) {
	t.Parallel()
	for _, allowed := range []bool{true, false} {
		w := newWorld(t, ramp.Onramp)
		w.began(activities.AdmissionRules{AllowClear: allowed}, true)
		looks := answers(watchWhen(w, (*activities.Calls)(nil).OrderStatus, func(activities.OrderRequest) bool { return true }), time.Second,
			activities.OrderState{ProviderStatus: "fiatPending", Unpaid: true})
		w.happy()
		w.at(time.Minute, func() {
			w.SignalWorkflow(ramp.ProviderHint, handed(t, ramp.Hint{ProviderStatus: "completed"}, inClear...))
		})

		order := w.buy(onrampRequest())

		if allowed {
			require.Len(t, looks.all(), 2)
		} else {
			require.Len(t, looks.all(), 1, "at the deadline")
			require.Contains(t, notes(order), "a provider-hint must be encrypted")
		}
	}
}

func TestHintUnderAnUnknownKeyIsTriedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.began(activities.AdmissionRules{KeyIDs: []string{"1"}}, true)
	w.on((*activities.Calls)(nil).ReadMessage).Return(activities.ReadMessageResult{}, unavailable()).Once()
	w.on((*activities.Calls)(nil).ReadMessage).Return(
		activities.ReadMessageResult{Opened: content(t, ramp.Hint{ProviderStatus: "fiatReceived"})}, nil).Once()
	w.on((*activities.Calls)(nil).OrderStatus).Return(received, nil).Once()
	w.happy(completed)
	w.at(time.Minute, func() { w.SignalWorkflow(ramp.ProviderHint, sealed()) })
	w.at(2*time.Minute, func() { w.SignalWorkflow(ramp.ProviderHint, sealed()) })

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
	require.Contains(t, notes(order), "A provider-hint signal was ignored: it is encrypted with a key that no worker has.")
	require.NotContains(t, notes(order), "Attention")
}

func TestWhatOnlyWebhooksTellIsShownWithTheSettlement(t *testing.T) {
	t.Parallel()
	told := ramp.Hint{ProviderStatus: "PayoutSuccess", PayoutReference: "HDFCN52026112700001", TDS: "84.00", TokensDeducted: "99.5"}
	for name, ending := range map[string]activities.OrderState{
		"with an amount": paidOut, "without": {ProviderStatus: "PayoutSuccess", Status: ramp.Completed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, ramp.Offramp)
			w.happy()
			answers(w.watchOrder(false), day, unchanged)
			answers(w.watchOrder(true), time.Second, decided(ending))
			w.at(time.Minute, func() { w.SignalWorkflow(ramp.SubmitTransactionHash, ramp.HashSubmission{TransactionHash: hash}) })
			w.hint(time.Hour, told)
			w.at(time.Hour+500*time.Millisecond, func() { require.Nil(t, w.order().Settlement, "the hint is no news") })

			order := w.sell(offrampRequest())

			require.Equal(t, told.PayoutReference, order.Settlement.PayoutReference)
			require.Equal(t, ramp.Amount{Amount: "84.00", Currency: "INR"}, order.Settlement.TDS)
			require.Equal(t, ramp.Amount{Amount: "99.5", Currency: "USDC"}, order.Settlement.TokensDeducted)
			if ending.Settlement != nil {
				require.Equal(t, ending.Settlement.Amount, order.Settlement.Amount, "the amount is the status call's")
			}
		})
	}
}

func TestInvalidDetailsOfAWebhookAreIgnoredAndItsStatusIsNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Offramp)
	w.happy()
	answers(w.watchOrder(false), day, unchanged)
	answers(w.watchOrder(true), time.Second, decided(paidOut))
	w.at(time.Minute, func() { w.SignalWorkflow(ramp.SubmitTransactionHash, ramp.HashSubmission{TransactionHash: hash}) })
	w.hint(time.Hour, ramp.Hint{ProviderStatus: "PayoutSuccess", PayoutReference: "a b", TDS: "-1"})

	order := w.sell(offrampRequest())

	require.Equal(t, paidOut.Settlement.Amount, order.Settlement.Amount)
	require.Empty(t, order.Settlement.PayoutReference)
	require.Empty(t, order.Settlement.TDS)
	require.Contains(t, notes(order), "What a webhook tells of the settlement was ignored")
}

func TestOnlyTheUserOfAnOrderIsItsUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.began(activities.AdmissionRules{}, true)
	w.happy()
	ask := func(question any) (bool, error) {
		value, err := w.QueryWorkflow(ramp.UserQuery, question)
		if err != nil {
			return false, err
		}
		var same bool
		return same, value.Get(&same)
	}
	w.at(time.Minute, func() {
		for email, want := range map[ramp.Email]bool{"asha@example.test": true, "ASHA@Example.Test": true, "ravi@example.test": false} {
			same, err := ask(ramp.UserQuestion{Email: email})
			require.NoError(t, err)
			require.Equal(t, want, same, string(email))
		}
		_, err := ask(ramp.UserQuestion{Email: "nobody"})
		require.ErrorContains(t, err, "email must be an e-mail address")
		_, err = ask(handed(t, ramp.UserQuestion{Email: "asha@example.test"}, inClear...))
		require.ErrorContains(t, err, "must be encrypted")
		_, err = ask(sealed())
		require.ErrorContains(t, err, "key 9")
		_, err = ask(converter.NewRawValue(nil))
		require.Error(t, err)
	})

	require.Equal(t, ramp.Expired, w.buy(onrampRequest()).Status)
}

// An earlier worker ignored hints and noted them. An order that got one from it does so still.
func TestOrderThatGotAHintFromAnEarlierWorkerReplays(t *testing.T) {
	t.Parallel()
	replayed := 0
	for _, r := range corpus(t) {
		if r.name != "onramp-malformed-signal-first" && r.name != "onramp-malformed-signal" {
			continue
		}
		for _, event := range r.history.GetEvents() {
			if signal := event.GetWorkflowExecutionSignaledEventAttributes(); signal != nil {
				signal.SignalName = ramp.ProviderHint
				signal.Input, _ = converter.GetDefaultDataConverter().ToPayloads(ramp.Hint{ProviderStatus: "completed"})
			}
		}
		require.NoError(t, r.replay(ours), r.name)
		replayed++
	}
	require.Equal(t, 1, replayed)
}
