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

func adoption(orderID string) activities.AdoptOrderRequest {
	return activities.AdoptOrderRequest{
		OrderRequest: activities.OrderRequest{Email: linked, Direction: ramp.Onramp, OrderID: orderID},
		Reference:    "inv-42-b", Fiat: rupees("1000.00"), Token: usdc(), Wallet: wallet,
	}
}

func TestOrderIsTakenOverOnceAndOnlyByAnOrderThatItIsFor(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*world, *activities.AdoptOrderRequest)
		reason string
	}{
		"another amount": {func(_ *world, r *activities.AdoptOrderRequest) { r.Fiat = rupees("1000.50") }, "another amount"},
		"another wallet": {func(_ *world, r *activities.AdoptOrderRequest) { r.Wallet = sender }, "another wallet"},
		"another token": {func(_ *world, r *activities.AdoptOrderRequest) {
			r.Token = ramp.Token{Symbol: "USDT", Address: "0xc2132d05d31c914a87c6611c10748aeb04b58e8f", ChainID: 137}
		}, "another token"},
		"owned by another order": {func(w *world, r *activities.AdoptOrderRequest) { w.owners.take(r.OrderID) }, "belongs to another order here"},
		"another user's":         {func(_ *world, r *activities.AdoptOrderRequest) { r.Email = "other+linked@example.test" }, "data not found"},
		"unknown":                {func(_ *world, r *activities.AdoptOrderRequest) { r.OrderID = "650000000000000000000009" }, "data not found"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			request := adoption(w.lose(t, onrampRequest()))
			tc.change(w, &request)
			_, err := run(w, w.calls.AdoptOrder, request)
			refusal, refused := activities.Refused(err)
			require.True(t, refused, "%v", err)
			require.Contains(t, refusal.Reason, tc.reason)
			require.True(t, failure(t, err).NonRetryable())
			require.Len(t, w.orders(), 1, "nothing is created")
		})
	}
}

func TestOrderThatIsTakenOverLivesFromItsCreation(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		orderID := w.lose(t, onrampRequest())
		pass(time.Hour)
		created, err := run(w, w.calls.AdoptOrder, adoption(orderID))
		require.NoError(t, err)
		require.Equal(t, orderID, created.OrderID)
		require.True(t, created.Adopted)
		require.True(t, created.Keep)
		require.InDelta(t, 2*time.Hour, created.Lifetime, float64(2*time.Second))
		require.Equal(t, "USDC", created.Quote.Receive.Currency)
		require.Empty(t, created.Instructions)
	})
}

func TestOrderOfAnyStatusIsTakenOver(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"fiatReceived", "completed", "expired", "complianceReview"} {
		w := newWorld(t)
		orderID := w.lose(t, onrampRequest())
		w.force(t, orderID, status)
		created, err := run(w, w.calls.AdoptOrder, adoption(orderID))
		require.NoError(t, err, status)
		require.Equal(t, "fiatPending", created.ProviderStatus, "the workflow asks for the status")
	}
}

func TestSaleIsTakenOverWithItsDepositWalletAndEstimatedTax(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, err := run(w, w.calls.CreateOfframpOrder, offrampRequest())
	require.NoError(t, err)
	request := activities.AdoptOrderRequest{
		OrderRequest: activities.OrderRequest{Email: linked, Direction: ramp.Offramp, OrderID: made.OrderID},
		Reference:    "wd-7-b", Fiat: ramp.Amount{Currency: ramp.INR}, TokenAmount: "100", Token: usdc(), Wallet: sender,
	}
	created, err := run(w, w.calls.AdoptOrder, request)
	require.NoError(t, err)
	require.Equal(t, made.Instructions.Deposit, created.Instructions.Deposit)
	require.Equal(t, "tds", created.Quote.Fees[0].Name)
	require.True(t, created.Quote.Fees[0].Estimated)
	gross, err := created.Quote.Receive.Decimal()
	require.NoError(t, err)
	require.True(t, gross.IsPositive())

	payout := request
	payout.TokenAmount, payout.Fiat.Amount = "", "1.00"
	_, err = run(w, w.calls.AdoptOrder, payout)
	refusal, refused := activities.Refused(err)
	require.True(t, refused)
	require.Contains(t, refusal.Reason, "another amount")
}

func TestTakeOverWaitsForTheProvider(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	orderID := w.lose(t, onrampRequest())
	w.network.once(onmeta.RouteOnrampStatus, refuses(http.StatusServiceUnavailable, "down"))
	_, err := run(w, w.calls.AdoptOrder, adoption(orderID))
	requireRetried(t, activities.ErrUnavailable, err)
	_, err = run(w, w.calls.AdoptOrder, adoption(orderID))
	require.NoError(t, err)
}
