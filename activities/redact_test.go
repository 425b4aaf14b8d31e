package activities_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/worker"

	"rampart/activities"
	"rampart/onmeta"
	"rampart/ramp"
)

// gossip is a message of the provider that echoes all it knows of a user, and of another one.
const gossip = "Asha Rao <" + linked + "> paid from 50100000004821, asha@okbank, PAN ABCPE1234F; before her ravi.k@other.test from 60200000009999\n" +
	"![x](https://evil.test) `code` eyJhbGciOiJIUzI1NiJ9.eyJ1c2VySWQiOiI2NTAwIn0.c2lnbmF0dXJl"

func requireHarmless(t *testing.T, text string) {
	t.Helper()
	require.NotEmpty(t, text)
	for _, secret := range []string{
		"asha rao", "rao", linked, "50100000004821", "asha@okbank", "abcpe1234f", "ravi.k", "60200000009999", "eyj", "\n", "](", "://", "`", "<",
	} {
		require.NotContains(t, strings.ToLower(text), strings.ToLower(secret))
	}
}

// document is a value as histories and heartbeats have it.
func document(t *testing.T, value any) string {
	t.Helper()
	encoded, err := json.Marshal(value)
	require.NoError(t, err)
	return string(encoded)
}

func TestReasonOfAnOrderIsHarmless(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := `{"success":true,"data":{"orderId":"650000000000000000000001","status":"refunded","reason":` + document(t, gossip) +
		`,"transactionHash":"0xabc` + "`" + `](https://evil.test)"}}`
	for _, direction := range []ramp.Direction{ramp.Onramp, ramp.Offramp} {
		for _, route := range []onmeta.Route{onmeta.RouteOnrampStatus, onmeta.RouteOfframpStatus} {
			w.network.on(route, answers(http.StatusOK, body))
		}
		state, err := run(w, w.calls.OrderStatus, activities.OrderRequest{
			Email: linked, Direction: direction, OrderID: "650000000000000000000001", Holder: "Asha Rao",
		})
		require.NoError(t, err)
		requireHarmless(t, state.Reason)
		requireHarmless(t, document(t, state))
	}
}

func TestRefusalsAreHarmless(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	refusal := refuses(http.StatusForbidden, strings.ReplaceAll(gossip, "\n", " "))
	for _, route := range []onmeta.Route{onmeta.RouteSubmitUTR, onmeta.RouteSubmitHash, onmeta.RouteCreateOfframp, onmeta.RouteLinkUPI} {
		w.network.on(route, refusal)
	}
	order := w.onrampOrder(t)
	account := activities.AccountRequest{Email: linked, UPI: &ramp.UPIAccount{ID: "asha@okicici", Name: "Asha Rao"}}
	failures := map[string]error{}
	_, failures["UTR"] = run(w, w.calls.SubmitUTR, activities.SubmitUTRRequest{Email: linked, OrderID: order, UTR: "412345678901", Holder: "Asha Rao"})
	_, failures["link"] = run(w, w.calls.LinkAccount, account)
	w.network.on(onmeta.RouteUPIIDs, refusal)
	_, looked := run(w, w.calls.LinkedAccounts, account)
	requireHarmless(t, failure(t, looked).Error())
	for name, err := range failures {
		refused, is := activities.Refused(err)
		require.True(t, is, name)
		requireHarmless(t, refused.Reason)
		requireHarmless(t, failure(t, err).Error())
		requireHarmless(t, document(t, refused))
	}
}

func TestErrorsOfWatchesAreHarmlessInTheirHeartbeats(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		order := w.onrampOrder(t)
		w.network.on(onmeta.RouteOnrampStatus, refuses(http.StatusServiceUnavailable, strings.ReplaceAll(gossip, "\n", " ")))
		request := watchOrder(order, "fiatPending")
		request.Holder = "Asha Rao"
		env, beats := w.attemptOf(worker.Options{})
		watched, err := runIn(env, w.watches.WatchOrder, request)
		require.NoError(t, err)
		require.Equal(t, activities.Outage, watched.End)
		requireHarmless(t, watched.Problem)
		require.Contains(t, beats.last().LastError, "unavailable")
		requireHarmless(t, document(t, beats.last()))
	})
}

func TestErrorsThatAreNotTheProvidersAreHarmlessToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.lose(t, onrampRequest())
	w.owners.fail(errors.New("visibility: " + strings.ReplaceAll(gossip, "Asha Rao", "")))
	_, err := run(w, w.calls.CreateOnrampOrder, again(onrampRequest()))
	requireRetried(t, activities.ErrUnavailable, err)
	require.NotContains(t, failure(t, err).Message(), "50100000004821")
	requireHarmless(t, failure(t, err).Message())
}

func TestQuoteIDThatIsNoIDGivesWayToOurs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for given, kept := range map[string]bool{"est-1_A": true, "`](https://evil.test)": false, strings.Repeat("x", 200): false} {
		w.network.on(onmeta.RouteQuoteBuy, answers(http.StatusOK,
			`{"success":true,"data":{"estimateId":`+document(t, given)+`,"receivedTokens":"10.63","conversionRate":"94.07"}}`))
		result, err := run(w, w.calls.QuoteBuy, buy())
		require.NoError(t, err)
		require.Equal(t, kept, result.Quote.ID == given)
	}
}
