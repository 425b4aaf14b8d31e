package activities_test

import (
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/activities"
	"rampart/onmeta"
	"rampart/ramp"
	"rampart/records"
	"rampart/sandbox"
)

// openRequest is the request of an open order.
func openRequest(reference string) ramp.OnrampRequest {
	return ramp.OnrampRequest{Reference: reference, Email: linked, Fiat: rupees("1000.00"), Token: usdc(), WalletAddress: wallet}
}

func openOrder(reference string) records.OpenOrder {
	request := openRequest(reference)
	return records.OpenOrder{
		RunID: "lost-run", Onramp: &request, Proof: &ramp.Proof{UTR: "412345678901"},
		Order: ramp.Order{Reference: reference, Direction: ramp.Onramp, Status: ramp.AwaitingPayment, OrderID: "650000000000000000000001"},
	}
}

func firstCallOf(t *testing.T, request ramp.OnrampRequest) activities.KYCStatusRequest {
	t.Helper()
	identity, err := request.Identity()
	require.NoError(t, err)
	call := firstCall(request.Reference)
	call.Admission.Identity = identity
	if request.Adopt != nil {
		call.Admission.Adopts = request.Adopt.OrderID
	}
	return call
}

func TestOrderThatTemporalHasLostIsFollowedAgainByItsReference(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	require.NoError(t, s.KeepOpen(t.Context(), openOrder("inv-42")))
	w := newWorldWith(t, sandbox.DefaultAPIKey, activities.Options{Records: s.Store})
	rebuilt := openRequest("inv-42")
	rebuilt.Adopt = &ramp.AdoptedOrder{OrderID: "650000000000000000000001"}
	spelt := openRequest("inv-42")
	spelt.Fiat.Amount = "1000"
	for name, request := range map[string]ramp.OnrampRequest{"the backend's": openRequest("inv-42"), "rebuild's": rebuilt, "spelt otherwise": spelt} {
		result, err := asOrder(w, "inv-42", w.calls.KYCStatus, firstCallOf(t, request))
		require.NoError(t, err, name)
		require.True(t, result.Rules.Open)
		require.Equal(t, "650000000000000000000001", result.Rules.Resumed.Order.OrderID)
		require.Nil(t, result.Rules.Resumed.Onramp, "the run has its request")
		require.Equal(t, "412345678901", result.Rules.Resumed.Proof.Reference())
		require.NotContains(t, result.String(), "412345678901")
	}

	result, err := asOrder(w, "inv-43", w.calls.KYCStatus, firstCallOf(t, openRequest("inv-43")))
	require.NoError(t, err)
	require.Nil(t, result.Rules.Resumed)

	again := firstCallOf(t, openRequest("inv-42"))
	again.Admission.Reset = true
	result, err = asOrder(w, "inv-42", w.calls.KYCStatus, again)
	require.NoError(t, err)
	require.NotNil(t, result.Rules.Resumed, "a run after a reset makes no second order")
}

func TestLostOrderIsFollowedThoughItsUserMayNotLogIn(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	require.NoError(t, s.KeepOpen(t.Context(), openOrder("inv-42")))
	w := newWorldWith(t, sandbox.DefaultAPIKey, activities.Options{Records: s.Store})
	w.network.on(onmeta.RouteLogin, refuses(http.StatusForbidden, "the user is blocked"))
	result, err := asOrder(w, "inv-42", w.calls.KYCStatus, firstCallOf(t, openRequest("inv-42")))
	require.NoError(t, err)
	require.NotNil(t, result.Rules.Resumed)
	_, err = asOrder(w, "inv-43", w.calls.KYCStatus, firstCallOf(t, openRequest("inv-43")))
	_, refused := activities.Refused(err)
	require.True(t, refused)
}

func TestReferenceOfALostOrderIsRefusedToAnythingElse(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	require.NoError(t, s.KeepOpen(t.Context(), openOrder("inv-42")))
	w := newWorldWith(t, sandbox.DefaultAPIKey, activities.Options{Records: s.Store})
	dearer, other := openRequest("inv-42"), openRequest("inv-42")
	dearer.Fiat.Amount = "2000.00"
	other.Adopt = &ramp.AdoptedOrder{OrderID: "650000000000000000000002"}
	for _, request := range []ramp.OnrampRequest{dearer, other} {
		_, err := asOrder(w, "inv-42", w.calls.KYCStatus, firstCallOf(t, request))
		why, turned := activities.NotAdmitted(err)
		require.True(t, turned, "%v", err)
		require.Equal(t, ramp.ReferenceTaken, why.Type)
		require.Equal(t, "lost-run", why.RunID)
	}
	require.Empty(t, w.network.sent(onmeta.RouteLogin))
}

func TestOrderThatEndedIsNotFollowedAgain(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	require.NoError(t, s.Keep(t.Context(), endedOrder("inv-42")))
	require.NoError(t, s.KeepOpen(t.Context(), openOrder("inv-42")))
	w := newWorldWith(t, sandbox.DefaultAPIKey, activities.Options{Records: s.Store})
	_, err := asOrder(w, "inv-42", w.calls.KYCStatus, firstCallOf(t, openRequest("inv-42")))
	why, turned := activities.NotAdmitted(err)
	require.True(t, turned, "%v", err)
	require.Equal(t, "run-of-last-year", why.RunID)
}

func TestOpenOrderThatCannotBeWrittenIsTriedAgain(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	w := newWorldWith(t, sandbox.DefaultAPIKey, activities.Options{Records: s.Store})
	_, err := run(w, w.calls.KeepOpen, activities.KeepOpenRequest{Open: openOrder("inv-42")})
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll(s.path))
	for _, w := range []*world{w, newWorld(t)} {
		_, err := run(w, w.calls.KeepOpen, activities.KeepOpenRequest{Open: openOrder("inv-42")})
		require.ErrorContains(t, err, "RAMP_RECORDS")
		require.False(t, nonRetryable(t, err))
	}
	_, err = run(w, w.calls.KeepOpen, activities.KeepOpenRequest{})
	require.True(t, nonRetryable(t, err))
}

// TestLostOrderIsTakenOverWhateverTheProviderTells: the store knows that the order is this one's.
func TestLostOrderIsNotRefusedForAStatusThatTheProviderRefusesToTell(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusForbidden, http.StatusNotFound} {
		w := newWorld(t)
		request := adoption(w.lose(t, onrampRequest()))
		request.Resumed = true
		w.network.once(onmeta.RouteOnrampStatus, refuses(status, "data not found"))
		_, err := run(w, w.calls.AdoptOrder, request)
		requireRetried(t, activities.ErrUnavailable, err)
		created, err := run(w, w.calls.AdoptOrder, request)
		require.NoError(t, err)
		require.Equal(t, request.OrderID, created.OrderID)
	}
}

func TestLostOrderIsTakenOverWhateverTheProviderTells(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	request := adoption(w.lose(t, onrampRequest()))
	request.Fiat, request.Wallet, request.Resumed = rupees("1000.50"), sender, true
	created, err := run(w, w.calls.AdoptOrder, request)
	require.NoError(t, err)
	require.Equal(t, request.OrderID, created.OrderID)

	request = adoption(w.lose(t, onrampRequest()))
	request.Resumed = true
	w.owners.take(request.OrderID)
	_, err = run(w, w.calls.AdoptOrder, request)
	_, refused := activities.Refused(err)
	require.True(t, refused, "another order may have taken it over")
}
