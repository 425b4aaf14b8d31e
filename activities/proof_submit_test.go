package activities_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/activities"
	"rampart/onmeta"
	"rampart/ramp"
)

// onrampOrder makes an order, and returns its id.
func (w *world) onrampOrder(t *testing.T) string {
	t.Helper()
	created, err := run(w, w.calls.CreateOnrampOrder, onrampRequest())
	require.NoError(t, err)
	return created.OrderID
}

func (w *world) offrampOrder(t *testing.T) string {
	t.Helper()
	created, err := run(w, w.calls.CreateOfframpOrder, offrampRequest())
	require.NoError(t, err)
	return created.OrderID
}

func utr(orderID string, utr ramp.UTR) activities.SubmitUTRRequest {
	return activities.SubmitUTRRequest{Email: linked, OrderID: orderID, UTR: utr}
}

func hash(orderID, hash string) activities.SubmitTransactionHashRequest {
	return activities.SubmitTransactionHashRequest{Email: linked, OrderID: orderID, TransactionHash: hash}
}

func (w *world) submitUTR(orderID, reference string) error {
	_, err := run(w, w.calls.SubmitUTR, utr(orderID, ramp.UTR(reference)))
	return err
}

func (w *world) submitHash(orderID, transaction string) error {
	_, err := run(w, w.calls.SubmitTransactionHash, hash(orderID, transaction))
	return err
}

// proofs lists the accepted proofs, oldest first.
func (w *world) proofs() []string {
	var accepted []string
	for _, proof := range w.sandbox.Ledger().Proofs {
		accepted = append(accepted, proof.Proof)
	}
	return accepted
}

func TestUTRIsAccepted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.submitUTR(w.onrampOrder(t), goodUTR))
	require.Equal(t, []string{goodUTR}, w.proofs())
}

func TestUTRThatTheProviderDoesNotTakeIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, second := w.onrampOrder(t), w.onrampOrder(t)
	requireRefused(t, http.StatusForbidden, "Invalid UTR", w.submitUTR(first, strings.Repeat("0", 12)))
	requireRefused(t, http.StatusForbidden, "Invalid UTR", w.submitUTR(first, "123"))
	require.NoError(t, w.submitUTR(first, goodUTR))
	requireRefused(t, http.StatusForbidden, "Invalid UTR", w.submitUTR(second, goodUTR))
}

func TestUTRWhoseAnswerWasLostIsSubmittedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	order := w.onrampOrder(t)
	w.network.once(onmeta.RouteSubmitUTR, lost)
	_, err := inWorkflow(w, activities.SubmitUTR, utr(order, goodUTR))
	require.NoError(t, err)
	require.Equal(t, []string{goodUTR}, w.proofs())
}

func TestRepeatedUTRThatIsRefusedCountsAsAcceptedOnlyIfTheOrderHasIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	order := w.onrampOrder(t)
	require.NoError(t, w.submitUTR(order, goodUTR))
	w.network.on(onmeta.RouteSubmitUTR, refuses(http.StatusForbidden, "Invalid UTR"))
	require.NoError(t, w.submitUTR(order, goodUTR))
	requireRefused(t, http.StatusForbidden, "Invalid UTR", w.submitUTR(order, "412345678902"))
}

func TestOrderOfARefusedUTRIsLookedForBehindNewerOrders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	order := w.onrampOrder(t)
	require.NoError(t, w.submitUTR(order, goodUTR))
	for range 10 {
		w.onrampOrder(t)
	}
	w.network.on(onmeta.RouteSubmitUTR, refuses(http.StatusForbidden, "Invalid UTR"))
	require.NoError(t, w.submitUTR(order, goodUTR))
	require.Equal(t, 2, w.called(onmeta.RouteOrderHistory))
}

func TestUTROfAnOrderThatTheHistoryLacksIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	order := w.onrampOrder(t)
	w.network.on(onmeta.RouteOrderHistory, answers(http.StatusOK, `{"success":true,"data":[]}`))
	requireRefused(t, http.StatusForbidden, "Invalid UTR", w.submitUTR(order, "123"))
}

func TestUTROfAnOrderThatIsPastPaymentIsAccepted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	order := w.onrampOrder(t)
	require.NoError(t, w.submitUTR(order, goodUTR))
	for range 5 { // fiatReceived to completed
		w.clock.Advance(time.Minute)
		require.NoError(t, w.submitUTR(order, goodUTR))
	}
	require.Equal(t, 5, w.sandbox.Ledger().Refusals["POST /v1/orders/utr: 400 Order already success, can't update UTR"])
}

func TestUTROfAnOrderThatIsOverUnpaidIsRefused(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"expired", "cancelled"} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			order := w.onrampOrder(t)
			w.force(t, order, status)
			requireRefused(t, http.StatusForbidden, "Invalid UTR", w.submitUTR(order, goodUTR))
		})
	}
}

func TestOutageAfterARefusedProofIsRetriedAndNoRefusal(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*network){
		"status down": func(n *network) {
			n.on(onmeta.RouteOnrampStatus, refuses(http.StatusBadGateway, "down"))
			n.on(onmeta.RouteOfframpStatus, refuses(http.StatusBadGateway, "down"))
		},
		"status refused": func(n *network) {
			n.on(onmeta.RouteOnrampStatus, refuses(http.StatusNotFound, "data not found"))
			n.on(onmeta.RouteOfframpStatus, refuses(http.StatusNotFound, "data not found"))
		},
		"history down": func(n *network) {
			n.on(onmeta.RouteOrderHistory, reset)
			n.on(onmeta.RouteOfframpStatus, reset)
		},
		"history refused": func(n *network) {
			n.on(onmeta.RouteOrderHistory, refuses(http.StatusForbidden, "user is forbidden"))
			n.on(onmeta.RouteOfframpStatus, refuses(http.StatusForbidden, "user is forbidden"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			onramp, offramp := w.onrampOrder(t), w.offrampOrder(t)
			spoil(w.network)
			requireRetried(t, activities.ErrUnavailable, w.submitUTR(onramp, "123"))
			requireRetried(t, activities.ErrUnavailable, w.submitHash(offramp, "0x123"))
		})
	}
}

func TestProofThatGetsNoAnswerIsRetried(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	onramp, offramp := w.onrampOrder(t), w.offrampOrder(t)
	w.network.on(onmeta.RouteSubmitUTR, reset)
	w.network.on(onmeta.RouteSubmitHash, truncated)
	requireRetried(t, activities.ErrUnavailable, w.submitUTR(onramp, goodUTR))
	requireRetried(t, activities.ErrUnavailable, w.submitHash(offramp, goodHash))
}

func TestTransactionHashIsAccepted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.submitHash(w.offrampOrder(t), goodHash))
	require.Equal(t, []string{goodHash}, w.proofs())
}

func TestTransactionHashThatTheProviderDoesNotTakeIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, second := w.offrampOrder(t), w.offrampOrder(t)
	requireRefused(t, http.StatusBadRequest, "Invalid transaction hash", w.submitHash(first, "0x123"))
	require.NoError(t, w.submitHash(first, goodHash))
	requireRefused(t, http.StatusConflict, "Duplicate transaction hash", w.submitHash(second, goodHash))
	w.clock.Advance(time.Minute) // the tokens are seen
	requireRefused(t, http.StatusBadRequest, "Order is already in process, can't update transaction hash",
		w.submitHash(first, "0x"+strings.Repeat("ab", 32)))
}

func TestTransactionHashWhoseAnswerWasLostIsSubmittedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	order := w.offrampOrder(t)
	w.network.once(onmeta.RouteSubmitHash, lost)
	_, err := inWorkflow(w, activities.SubmitTransactionHash, hash(order, goodHash))
	require.NoError(t, err, "the 409 is about our own hash")
	require.Equal(t, []string{goodHash}, w.proofs())
	require.NoError(t, w.submitHash(order, strings.ToLower(goodHash)), "hexadecimal has no case")
}
