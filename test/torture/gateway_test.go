package torture

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLineOfTheGatewaysMetricsTellsWhatBecameOfWebhooks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		line, result string
		n            int
	}{
		{`ramp_webhooks_total{kind="orders",otel_scope_name="rampart",result="hinted"} 12`, "hinted", 12},
		{`ramp_webhooks_total{kind="kyc",otel_scope_name="rampart",result="hinted"} 12`, "", 0},
		{`# TYPE ramp_webhooks_total counter`, "", 0},
		{`go_goroutines 12`, "", 0},
	} {
		result, n := resultOf(c.line)
		require.Equal(t, c.result, result, c.line)
		require.Equal(t, c.n, n, c.line)
	}
}

func TestHintThatDidNotBecomeAnythingCountsAsLost(t *testing.T) {
	t.Parallel()

	hints := newHints(map[string]int{"200": 20, "401": 3, "502": 2, "none": 1},
		map[string]int{"hinted": 9, "repeated": 4, "ended": 2, "unknown": 1, "failed": 1, "dropped": 1, "forged": 2, "unsigned": 1})

	require.Equal(t, 3, hints.Unanswered)
	require.Equal(t, 2, hints.GivenUp)
	require.Equal(t, 2, hints.Killed)
}

func TestBalancerGivesWebhooksToAGatewayThatRuns(t *testing.T) {
	t.Parallel()
	g, err := newGateways(2)
	require.NoError(t, err)
	defer g.close()
	send := func() int {
		response, err := http.Post(g.url, "application/json", strings.NewReader("{}"))
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		return response.StatusCode
	}
	require.Equal(t, http.StatusBadGateway, send(), "none runs")

	listener, err := net.Listen("tcp", g.all[1].provider)
	require.NoError(t, err)
	gateway := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	gateway.Listener = listener
	gateway.Start()
	defer gateway.Close()

	for range 3 {
		require.Equal(t, http.StatusOK, send())
	}
}
