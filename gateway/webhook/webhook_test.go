package webhook_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/gateway/webhook"
	"rampart/onmeta"
	"rampart/ramp"
)

var errAway = errors.New("temporal is away")

func TestHintHasWhatOnlyWebhooksCarry(t *testing.T) {
	t.Parallel()
	g := start(t, &orders{known: []ramp.Summary{running(ramp.Offramp, "wd-7", orderID)}})
	require.Equal(t, http.StatusOK, g.send(webhook.OrdersPath, offramp("PayoutSuccess")))
	require.Equal(t, []told{{
		ramp.ID{Direction: ramp.Offramp, Reference: "wd-7"},
		hint(t, `{"providerStatus":"PayoutSuccess","payoutReference":"TRAREF0000000001","tds":"4.45","tokensDeducted":"5"}`),
	}}, g.done())
}

func TestOrderIsFoundByReferenceOrByTheProvidersID(t *testing.T) {
	t.Parallel()
	const other = "650000000000000000000002"
	for name, test := range map[string]struct {
		known  []ramp.Summary
		body   string
		told   string
		result string
	}{
		"by reference":                {[]ramp.Summary{running(ramp.Onramp, "inv-42", orderID)}, onramp("completed"), "inv-42", "hinted"},
		"by id, as the id is another": {[]ramp.Summary{running(ramp.Onramp, "inv-42", other), running(ramp.Onramp, "inv-43", orderID)}, onramp("completed"), "inv-43", "hinted"},
		"by id, without a reference":  {[]ramp.Summary{running(ramp.Onramp, "inv-43", orderID)}, strings.Replace(onramp("completed"), `"inv-42"`, `""`, 1), "inv-43", "hinted"},
		"by id, of a bad reference":   {[]ramp.Summary{running(ramp.Onramp, "inv-43", orderID)}, strings.Replace(onramp("completed"), `"inv-42"`, `"../\u0000"`, 1), "inv-43", "hinted"},
		"no metadata":                 {[]ramp.Summary{running(ramp.Onramp, "inv-43", orderID)}, strings.Replace(onramp("completed"), `"metaData":{"reference":"inv-42","invoice":"42"}`, `"metaData":[]`, 1), "inv-43", "hinted"},
		"of another order":            {[]ramp.Summary{running(ramp.Onramp, "inv-42", other)}, onramp("completed"), "", "unknown"},
		"no such order":               {nil, onramp("completed"), "", "unknown"},
		"not a workflow of an order":  {[]ramp.Summary{running(ramp.Onramp, "", orderID)}, onramp("completed"), "", "unknown"},
		"ended":                       {[]ramp.Summary{{Direction: ramp.Onramp, Reference: "inv-42", OrderID: orderID}}, onramp("completed"), "", "ended"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := start(t, &orders{known: test.known})
			require.Equal(t, http.StatusOK, g.send(webhook.OrdersPath, test.body))
			hints := g.done()
			require.Equal(t, map[string]int64{test.result: 1}, g.counts("orders"))
			if test.told == "" {
				require.Empty(t, hints)
				return
			}
			require.Equal(t, test.told, hints[0].ID.Reference)
		})
	}
}

func TestOrderIsToldEachPhaseOnce(t *testing.T) {
	t.Parallel()
	g := start(t, &orders{known: []ramp.Summary{running(ramp.Onramp, "inv-42", orderID)}})
	for _, status := range []string{
		"fiatPending", "fiatPending", "complianceReview", "fiatReceived", "orderReceived", "InProgress", "transferred", "FIATRECEIVED", "completed", "fiatPending", "Completed",
	} {
		require.Equal(t, http.StatusOK, g.send(webhook.OrdersPath, onramp(status)))
	}
	var statuses []string
	for _, hint := range g.done() {
		statuses = append(statuses, hint.Hint.ProviderStatus)
	}
	require.ElementsMatch(t, []string{"fiatPending", "fiatReceived", "completed"}, statuses)
	require.Equal(t, map[string]int64{"hinted": 3, "repeated": 8}, g.counts("orders"))
}

func TestFirstWebhookIsAHintWhateverItSays(t *testing.T) {
	t.Parallel()
	g := start(t, &orders{known: []ramp.Summary{running(ramp.Onramp, "inv-42", orderID)}})
	require.Equal(t, http.StatusOK, g.send(webhook.OrdersPath, onramp("complianceReview")))
	require.Len(t, g.done(), 1)
}

func TestFloodOfRepeatsIsAFewSignals(t *testing.T) {
	t.Parallel()
	g := start(t, &orders{known: []ramp.Summary{running(ramp.Onramp, "inv-42", orderID)}})
	server := httptest.NewServer(g.handler)
	defer server.Close()
	statuses := []string{"fiatPending", "fiatReceived", "orderReceived", "completed"}
	var senders sync.WaitGroup
	for sender := range 20 {
		senders.Go(func() {
			for i := range 500 {
				body := onramp(statuses[(sender+i)%len(statuses)])
				request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+webhook.OrdersPath, strings.NewReader(body))
				if err != nil {
					panic(err)
				}
				request.Header.Set(onmeta.SignatureHeader, onmeta.SignWebhook(secret, []byte(body)))
				answer, err := server.Client().Do(request)
				if err != nil || answer.StatusCode != http.StatusOK {
					panic(fmt.Sprint(err))
				}
				_ = answer.Body.Close()
			}
		})
	}
	senders.Wait()
	require.Len(t, g.done(), 3)
	require.Equal(t, map[string]int64{"hinted": 3, "repeated": 9997}, g.counts("orders"))
	require.Equal(t, 6, g.orders.calls, "one look-up and one signal for each hint")
}

func TestFloodOfForgeriesCostsNoCall(t *testing.T) {
	t.Parallel()
	g := start(t, &orders{known: []ramp.Summary{running(ramp.Onramp, "inv-42", orderID)}})
	for i := range 10_000 {
		require.Equal(t, http.StatusUnauthorized, g.deliver(webhook.OrdersPath, onramp("completed"), fmt.Sprintf("%064x", i)))
	}
	require.Empty(t, g.done())
	require.Zero(t, g.orders.calls)
	require.Equal(t, map[string]int64{"forged": 10_000}, g.counts("orders"))
}

func TestOrderThatEndedOrIsUnknownCostsOneLookUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ended := start(t, &orders{known: []ramp.Summary{{Direction: ramp.Onramp, Reference: "inv-42", OrderID: orderID}}})
		unknown := start(t, &orders{})
		for range 100 {
			for _, status := range []string{"completed", "fiatReceived"} {
				ended.send(webhook.OrdersPath, onramp(status))
				synctest.Wait()
			}
			unknown.send(webhook.OrdersPath, onramp("completed"))
			synctest.Wait()
		}
		require.Equal(t, 1, ended.orders.calls)
		require.Equal(t, 2, unknown.orders.calls, "by reference, and by the search attribute")
		time.Sleep(6 * time.Second)
		unknown.send(webhook.OrdersPath, onramp("completed"))
		time.Sleep(time.Hour)
		ended.send(webhook.OrdersPath, onramp("completed"))
		require.Empty(t, ended.done())
		require.Empty(t, unknown.done())
		require.Equal(t, 1, ended.orders.calls, "an order that ended stays so")
		require.Equal(t, 4, unknown.orders.calls, "an order may become known")
	})
}

func TestRepeatsCountAsNewsAgainAfterAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := start(t, &orders{known: []ramp.Summary{running(ramp.Onramp, "inv-42", orderID)}})
		g.send(webhook.OrdersPath, onramp("fiatReceived"))
		time.Sleep(9 * time.Minute)
		g.send(webhook.OrdersPath, onramp("fiatReceived"))
		time.Sleep(2 * time.Minute)
		g.send(webhook.OrdersPath, onramp("fiatReceived"))
		require.Len(t, g.done(), 2)
	})
}

func TestWebhookFasterThanTheOrdersCreationIsKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		known := &orders{known: []ramp.Summary{running(ramp.Onramp, "inv-42", "")}}
		g := start(t, known)
		g.send(webhook.OrdersPath, onramp("fiatPending"))
		time.Sleep(500 * time.Millisecond)
		known.mu.Lock()
		known.known[0].OrderID = orderID
		known.mu.Unlock()
		time.Sleep(600 * time.Millisecond)
		require.Len(t, g.done(), 1)
	})
}

func TestHintOutlastsAShortOutageOfTemporal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		known := &orders{known: []ramp.Summary{running(ramp.Offramp, "wd-7", orderID)}, away: errAway}
		g := start(t, known)
		require.Equal(t, http.StatusOK, g.send(webhook.OrdersPath, offramp("PayoutSuccess")))
		time.Sleep(20 * time.Second)
		known.mu.Lock()
		known.away = nil
		known.mu.Unlock()
		require.Len(t, g.done(), 1)
		require.Equal(t, map[string]int64{"hinted": 1}, g.counts("orders"))
	})
}

func TestHintIsGivenUpInALongOutageAndTheNextWebhookTriesAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		known := &orders{known: []ramp.Summary{running(ramp.Offramp, "wd-7", orderID)}, away: errAway}
		g := start(t, known)
		g.send(webhook.OrdersPath, offramp("PayoutSuccess"))
		time.Sleep(2 * time.Minute)
		require.Equal(t, map[string]int64{"failed": 1}, g.counts("orders"))
		known.mu.Lock()
		known.away = nil
		known.mu.Unlock()
		g.send(webhook.OrdersPath, offramp("PayoutSuccess"))
		require.Len(t, g.done(), 1)
	})
}

func TestWebhooksAreAnsweredWhileTemporalHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		known := &orders{blocked: make(chan struct{})}
		for i := range 1500 {
			known.known = append(known.known, running(ramp.Onramp, fmt.Sprintf("inv-%d", i), fmt.Sprintf("65%022d", i)))
		}
		g := start(t, known)
		for i := range 1500 {
			body := strings.NewReplacer("inv-42", fmt.Sprintf("inv-%d", i), orderID, fmt.Sprintf("65%022d", i)).Replace(onramp("completed"))
			require.Equal(t, http.StatusOK, g.send(webhook.OrdersPath, body))
		}
		require.Equal(t, int64(500), g.counts("orders")["dropped"])
		close(known.blocked)
		require.Len(t, g.done(), 1000)
		require.Equal(t, map[string]int64{"dropped": 500, "hinted": 1000}, g.counts("orders"))
	})
}

func TestCloseGivesUpWhatIsNotDoneInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := start(t, &orders{known: []ramp.Summary{running(ramp.Onramp, "inv-42", orderID)}, blocked: make(chan struct{})})
		g.send(webhook.OrdersPath, onramp("completed"))
		ctx, cancel := contextWithTimeout(t, time.Second)
		defer cancel()
		g.handler.Close(ctx)
		require.Equal(t, map[string]int64{"failed": 1}, g.counts("orders"))
		require.Equal(t, http.StatusOK, g.send(webhook.OrdersPath, onramp("fiatReceived")))
		require.Equal(t, map[string]int64{"failed": 1, "dropped": 1}, g.counts("orders"))
	})
}
