package activities_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/activities"
	"rampart/onmeta"
	"rampart/ramp"
)

type meaning struct {
	status    ramp.Status
	unpaid    bool
	attention string
	concern   ramp.ConcernType
}

// onrampStatuses and offrampStatuses are the contract: every status that a provider's document names, and what it means.
func onrampStatuses() map[string]meaning {
	return map[string]meaning{
		"fiatPending":         {unpaid: true},
		"fiatReceived":        {status: ramp.Settling},
		"orderReceived":       {status: ramp.Settling},
		"InProgress":          {status: ramp.Settling},
		"transferred":         {status: ramp.Settling},
		"refundInitiated":     {status: ramp.Refunding},
		"fiatRefundInitiated": {status: ramp.Refunding},
		"completed":           {status: ramp.Completed},
		"expired":             {status: ramp.Expired},
		"cancelled":           {status: ramp.Cancelled},
		"refunded":            {status: ramp.Refunded},
		// Not the provider's, or not of this direction: nothing follows from them.
		"complianceReview": {},
		"cryptoInit":       {},
		"pending":          {},
		"PayoutSuccess":    {},
		// In other spellings (provider 13).
		"Completed":    {status: ramp.Completed},
		"Canceled":     {status: ramp.Cancelled},
		"refunding":    {status: ramp.Refunding},
		"FiatReceived": {status: ramp.Settling},
	}
}

func offrampStatuses() map[string]meaning {
	return map[string]meaning{
		"cryptoInit":          {unpaid: true},
		"pending":             {unpaid: true},
		"orderReceived":       {status: ramp.Settling},
		"InProgress":          {status: ramp.Settling},
		"CryptoReceived":      {status: ramp.Settling},
		"fiatPending":         {status: ramp.Settling},
		"fiatFailed":          {status: ramp.Settling, attention: "the provider could not pay out to the bank account", concern: ramp.ConcernPayoutFailed},
		"refundInitiated":     {status: ramp.Refunding},
		"fiatRefundInitiated": {status: ramp.Refunding},
		"PayoutSuccess":       {status: ramp.Completed},
		"completed":           {status: ramp.Completed},
		"expired":             {status: ramp.Expired},
		"cancelled":           {status: ramp.Cancelled},
		"refunded":            {status: ramp.Refunded},
		"assetDeposited":      {},
		"payoutSuccess":       {status: ramp.Completed},
		"transferred":         {},
		"fiatReceived":        {},
	}
}

func (w *world) state(t *testing.T, direction ramp.Direction, orderID string) activities.OrderState {
	t.Helper()
	state, err := run(w, w.calls.OrderStatus, activities.OrderRequest{Email: linked, Direction: direction, OrderID: orderID})
	require.NoError(t, err)
	return state
}

func TestEveryProviderStatusHasItsMeaning(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	onramp, offramp := w.onrampOrder(t), w.offrampOrder(t)
	for _, tc := range []struct {
		direction ramp.Direction
		orderID   string
		statuses  map[string]meaning
	}{
		{ramp.Onramp, onramp, onrampStatuses()},
		{ramp.Offramp, offramp, offrampStatuses()},
	} {
		for status, want := range tc.statuses {
			w.force(t, tc.orderID, status)
			got := w.state(t, tc.direction, tc.orderID)
			require.Equal(t, status, got.ProviderStatus)
			require.Equal(t, want, meaning{got.Status, got.Unpaid, got.Attention, got.Concern}, "%s %s", tc.direction, status)
			require.Equal(t, "because of "+status, got.Reason)
		}
	}
}

func TestFreshOrderIsUnpaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.Equal(t, activities.OrderState{ProviderStatus: "fiatPending", Unpaid: true},
		w.state(t, ramp.Onramp, w.onrampOrder(t)))
	require.Equal(t, activities.OrderState{ProviderStatus: "cryptoInit", Unpaid: true},
		w.state(t, ramp.Offramp, w.offrampOrder(t)))
}

func TestSettlementOfAnOnrampOrderIsTheTokenTransfer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	order := w.onrampOrder(t)
	require.NoError(t, w.submitUTR(order, goodUTR))
	w.clock.Advance(3 * time.Minute)
	require.Nil(t, w.state(t, ramp.Onramp, order).Settlement, "nothing was sent yet")
	w.clock.Advance(2 * time.Minute)
	state := w.state(t, ramp.Onramp, order)
	require.Equal(t, ramp.Completed, state.Status)
	require.Regexp(t, "^0x[0-9a-f]{64}$", state.Settlement.TransactionHash)
	require.Equal(t, "https://polygonscan.com/tx/"+state.Settlement.TransactionHash, state.Settlement.ExplorerURL)
	require.Equal(t, ramp.Amount{Amount: w.sandbox.Ledger().Orders[0].Tokens.String(), Currency: "USDC"}, state.Settlement.Amount)
}

func TestSettlementWithoutAnAmountLeavesItEmpty(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	order := w.onrampOrder(t)
	w.network.on(onmeta.RouteOnrampStatus, answers(http.StatusOK,
		`{"success":true,"data":{"status":"completed","transactionHash":"0xabc","explorerUrl":"https://polygonscan.com/tx/0xabc"}}`))
	require.Equal(t, &ramp.Settlement{TransactionHash: "0xabc", ExplorerURL: "https://polygonscan.com/tx/0xabc"},
		w.state(t, ramp.Onramp, order).Settlement)
}

func TestSettlementOfAnOfframpOrderIsThePayout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	order := w.offrampOrder(t)
	w.force(t, order, "fiatPending")
	require.Nil(t, w.state(t, ramp.Offramp, order).Settlement)
	w.force(t, order, "PayoutSuccess")
	require.Equal(t, rupees(w.sandbox.Ledger().Orders[0].Fiat.StringFixed(2)), w.state(t, ramp.Offramp, order).Settlement.Amount)
}

// A refused look says nothing of the payment: an order that ended by it could not be paid for any more.
func TestRefusedLookAtAnOrderIsAskedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	onramp := w.onrampOrder(t)
	for _, direction := range []ramp.Direction{ramp.Onramp, ramp.Offramp} {
		id := "650000000000000000000099"
		if direction == ramp.Offramp {
			id = onramp
		}
		_, err := run(w, w.calls.OrderStatus, activities.OrderRequest{Email: linked, Direction: direction, OrderID: id})
		requireRetried(t, activities.ErrUnavailable, err)
		require.Contains(t, err.Error(), "data not found")
	}
}

func TestAnswerAboutAnotherOrderIsNotTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	order := w.onrampOrder(t)
	w.network.on(onmeta.RouteOnrampStatus, rewritten(order, "650000000000000000000099", "fiatPending", "completed"))
	_, err := run(w, w.calls.OrderStatus, activities.OrderRequest{Email: linked, Direction: ramp.Onramp, OrderID: order})
	requireRetried(t, activities.ErrUnavailable, err)
}
