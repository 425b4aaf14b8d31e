package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/activities"
	"rampart/ramp"
)

func TestOrderSaysWhatItWaitsForAndWhatItTakes(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)
	const cancel = ramp.CancelAction
	for name, c := range map[string]struct {
		scene
		wait    ramp.Wait
		actions []ramp.Action
	}{
		"KYC is checked": {
			scene: scene{at: time.Minute, provider: func(w *world) {
				w.on((*activities.Calls)(nil).KYCStatus).After(time.Hour).Return(activities.KYCStatusResult{Verified: true}, nil)
			}},
			wait:    ramp.Wait{For: ramp.WaitKYCCheck, From: ramp.Provider},
			actions: []ramp.Action{ramp.SubmitUTR, ramp.SubmitKYC, ramp.SubmitAccount, cancel},
		},
		"documents are awaited": {
			scene: scene{at: time.Minute, provider: func(w *world) {
				w.on((*activities.Calls)(nil).KYCStatus).Return(activities.KYCStatusResult{}, nil)
			}},
			wait:    ramp.Wait{For: ramp.WaitKYCDocuments, From: ramp.User, Until: began.Add(24 * time.Hour)},
			actions: []ramp.Action{ramp.SubmitUTR, ramp.SubmitKYC, ramp.SubmitAccount, cancel},
		},
		"a confirmation is awaited": {
			scene:   scene{at: time.Minute, buy: func(r *ramp.OnrampRequest) { r.Quote = &ramp.QuoteTerms{MinReceived: "11"} }},
			wait:    ramp.Wait{For: ramp.WaitConfirmation, From: ramp.User, Until: began.Add(15 * time.Minute)},
			actions: []ramp.Action{ramp.SubmitUTR, ramp.ConfirmQuote, cancel},
		},
		"a deposit is awaited": {
			scene:   scene{direction: ramp.Offramp, at: time.Minute},
			wait:    ramp.Wait{For: ramp.WaitPayment, From: ramp.User, Until: began.Add(3 * time.Hour)},
			actions: []ramp.Action{ramp.SubmitTransactionHash, cancel},
		},
		"the UTR is submitted": {
			scene: scene{at: time.Minute, buy: alreadyPaid, provider: func(w *world) {
				w.on((*activities.Calls)(nil).SubmitUTR).After(time.Hour).Return(activities.SubmitResult{}, nil)
				slowly(w)
			}},
			wait:    ramp.Wait{For: ramp.WaitProofCheck, From: ramp.Provider},
			actions: []ramp.Action{ramp.SubmitUTR},
		},
		"the provider is asked once more at the deadline": {
			scene: scene{at: 3*time.Hour + time.Minute, provider: func(w *world) {
				w.on((*activities.Calls)(nil).OrderStatus).After(time.Hour).Return(activities.OrderState{ProviderStatus: "fiatPending", Unpaid: true}, nil)
			}},
			wait:    ramp.Wait{For: ramp.WaitPaymentStatus, From: ramp.Provider},
			actions: []ramp.Action{ramp.SubmitUTR, cancel},
		},
		"the payment is looked for": {
			scene:   scene{at: time.Minute, buy: alreadyPaid, provider: slowly},
			wait:    ramp.Wait{For: ramp.WaitPaymentSearch, From: ramp.Provider},
			actions: []ramp.Action{ramp.SubmitUTR},
		},
		"the provider delivers": {
			scene: scene{at: time.Minute, buy: alreadyPaid, provider: then(received)},
			wait:  ramp.Wait{For: ramp.WaitDelivery, From: ramp.Provider},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			looked := false
			w := c.play(t, func(w *world) {
				looked = true
				order := w.order()
				require.Equal(t, &c.wait, order.Wait)
				require.Equal(t, c.actions, order.Actions)
				require.NotEmpty(t, order.AccountKind)
				w.CancelWorkflow()
			})
			require.True(t, looked, "the order was over before")
			ended := w.order()
			require.Nil(t, ended.Wait)
			require.Empty(t, ended.Actions)
		})
	}
}

func TestConcernKeepsItsTypeAndStartUntilItIsCleared(t *testing.T) {
	t.Parallel()
	looked := false
	w := scene{
		direction: ramp.Offramp, sell: alreadySent, at: time.Minute,
		provider: then(activities.OrderState{
			ProviderStatus: "fiatFailed", Status: ramp.Settling, Attention: "the provider could not pay out", Concern: ramp.ConcernPayoutFailed,
		}),
	}.play(t, func(w *world) {
		looked = true
		order := w.order()
		require.Len(t, order.Concerns, 1)
		require.Equal(t, ramp.ConcernPayoutFailed, order.Concerns[0].Type)
		require.Equal(t, order.Attention, order.Concerns[0].Reason)
		require.Contains(t, order.Timeline, ramp.TimelineEntry{
			Status: ramp.VerifyingPayment, At: order.Concerns[0].Since, Note: "Attention: the provider could not pay out.", Concern: ramp.ConcernPayoutFailed,
		})
	})
	require.True(t, looked)
	require.Empty(t, w.order().Concerns)
}
