package workflows

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/activities"
	"rampart/ramp"
)

// Every state of a payment under every transition that can meet it. A transition that is missing cannot happen in that state:
// decisions and refused proofs come before an accepted proof or a found payment, and an order is followed only after one of them.
func TestPaymentMovesOnlyAsTheProviderSays(t *testing.T) {
	t.Parallel()
	unpaid := activities.OrderState{ProviderStatus: "fiatPending", Unpaid: true}
	unknown := activities.OrderState{ProviderStatus: "somethingNew"}
	settling := activities.OrderState{ProviderStatus: "fiatReceived", Status: ramp.Settling}
	completed := activities.OrderState{ProviderStatus: "completed", Status: ramp.Completed}

	decide := func(said activities.OrderState) func(*payment) { return func(p *payment) { p.decide(said) } }
	refuse := func(said activities.OrderState) func(*payment) { return func(p *payment) { p.proofRefused(said) } }
	watch := func(said activities.OrderState) func(*payment) { return func(p *payment) { p.watched(said) } }
	for _, tc := range []struct {
		name  string
		from  paymentState
		event func(*payment)
		to    paymentState
	}{
		{"created", paymentNotDue, (*payment).created, paymentAwaited},

		{"decided: unpaid", paymentAwaited, decide(unpaid), paymentAwaited},
		{"decided: unknown", paymentAwaited, decide(unknown), paymentUndecided},
		{"decided: paid", paymentAwaited, decide(settling), paymentFound},
		{"decided: over", paymentAwaited, decide(completed), paymentClosed},
		{"unknown before, decided: unpaid", paymentUnknown, decide(unpaid), paymentAwaited},
		{"unknown before, decided: unknown", paymentUnknown, decide(unknown), paymentUndecided},
		{"unknown before, decided: paid", paymentUnknown, decide(settling), paymentFound},
		{"unknown before, decided: over", paymentUnknown, decide(completed), paymentClosed},
		{"undecided before, decided: unpaid", paymentUndecided, decide(unpaid), paymentAwaited},
		{"undecided before, decided: unknown", paymentUndecided, decide(unknown), paymentUndecided},
		{"undecided before, decided: paid", paymentUndecided, decide(settling), paymentFound},
		{"undecided before, decided: over", paymentUndecided, decide(completed), paymentClosed},

		{"proof refused: unpaid", paymentAwaited, refuse(unpaid), paymentAwaited},
		{"proof refused: unknown", paymentAwaited, refuse(unknown), paymentUnknown},
		{"proof refused: paid", paymentAwaited, refuse(settling), paymentFound},
		{"proof refused: over", paymentAwaited, refuse(completed), paymentClosed},
		{"unknown, proof refused: unpaid", paymentUnknown, refuse(unpaid), paymentAwaited},
		{"unknown, proof refused: unknown", paymentUnknown, refuse(unknown), paymentUnknown},
		{"unknown, proof refused: paid", paymentUnknown, refuse(settling), paymentFound},
		{"unknown, proof refused: over", paymentUnknown, refuse(completed), paymentClosed},
		{"undecided, proof refused: unpaid", paymentUndecided, refuse(unpaid), paymentAwaited},
		{"undecided, proof refused: unknown", paymentUndecided, refuse(unknown), paymentUndecided},
		{"undecided, proof refused: paid", paymentUndecided, refuse(settling), paymentFound},
		{"undecided, proof refused: over", paymentUndecided, refuse(completed), paymentClosed},

		{"proof accepted", paymentAwaited, (*payment).proofAccepted, paymentAwaited},
		{"unknown, proof accepted", paymentUnknown, (*payment).proofAccepted, paymentUnknown},
		{"undecided, proof accepted", paymentUndecided, (*payment).proofAccepted, paymentUnknown},
		{"found, replacement accepted", paymentFound, (*payment).proofAccepted, paymentFound},
		{"expired with a proof, replacement accepted", paymentExpiredProven, (*payment).proofAccepted, paymentExpiredProven},
		{"expired though found, replacement accepted", paymentExpiredFound, (*payment).proofAccepted, paymentExpiredFound},

		{"watched: unpaid", paymentAwaited, watch(unpaid), paymentAwaited},
		{"watched: unknown", paymentAwaited, watch(unknown), paymentUnknown},
		{"watched: paid", paymentAwaited, watch(settling), paymentFound},
		{"watched: over", paymentAwaited, watch(completed), paymentClosed},
		{"watched: expired", paymentAwaited, (*payment).expiredEarly, paymentExpiredProven},
		{"unknown, watched: unpaid", paymentUnknown, watch(unpaid), paymentAwaited},
		{"unknown, watched: unknown", paymentUnknown, watch(unknown), paymentUnknown},
		{"unknown, watched: paid", paymentUnknown, watch(settling), paymentFound},
		{"unknown, watched: over", paymentUnknown, watch(completed), paymentClosed},
		{"unknown, watched: expired", paymentUnknown, (*payment).expiredEarly, paymentExpiredProven},
		{"found, watched: unpaid", paymentFound, watch(unpaid), paymentFound},
		{"found, watched: unknown", paymentFound, watch(unknown), paymentFound},
		{"found, watched: paid", paymentFound, watch(settling), paymentFound},
		{"found, watched: over", paymentFound, watch(completed), paymentFound},
		{"found, watched: expired", paymentFound, (*payment).expiredEarly, paymentExpiredFound},
		{"expired with a proof, opened again", paymentExpiredProven, watch(unpaid), paymentAwaited},
		{"expired with a proof, watched: unknown", paymentExpiredProven, watch(unknown), paymentUnknown},
		{"expired with a proof, paid late", paymentExpiredProven, watch(settling), paymentFound},
		{"expired with a proof, over", paymentExpiredProven, watch(completed), paymentClosed},
		{"expired with a proof, expired in another spelling", paymentExpiredProven, (*payment).expiredEarly, paymentExpiredProven},
		{"expired though found, opened again", paymentExpiredFound, watch(unpaid), paymentFound},
		{"expired though found, watched: unknown", paymentExpiredFound, watch(unknown), paymentFound},
		{"expired though found, paid", paymentExpiredFound, watch(settling), paymentFound},
		{"expired though found, over", paymentExpiredFound, watch(completed), paymentFound},
		{"expired though found, expired in another spelling", paymentExpiredFound, (*payment).expiredEarly, paymentExpiredFound},
	} {
		p := payment{state: tc.from, overdue: true}
		tc.event(&p)
		require.Equal(t, payment{state: tc.to, overdue: true}, p, tc.name)
	}
}

func TestPaymentStateAnswersOneQuestionEach(t *testing.T) {
	t.Parallel()
	for state, want := range map[paymentState]struct{ awaited, undecided, found, late bool }{
		paymentNotDue:        {},
		paymentAwaited:       {awaited: true},
		paymentUnknown:       {},
		paymentUndecided:     {undecided: true},
		paymentFound:         {found: true},
		paymentExpiredProven: {late: true},
		paymentExpiredFound:  {found: true, late: true},
		paymentClosed:        {},
	} {
		p := payment{state: state}
		require.Equal(t, want, struct{ awaited, undecided, found, late bool }{p.awaited(), p.undecided(), p.found(), p.late()}, state)
	}
}
