package sandbox_test

import (
	"net/http"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/sandbox"
)

func TestRateLimitAllowsABurstOfOneSecondThenReturns429(t *testing.T) {
	t.Parallel()
	p := startWith(t, sandbox.Options{RateLimit: 0.1})
	require.Equal(t, http.StatusOK, p.get("/v1/tokens").status)
	refused := p.get("/v1/tokens")
	require.Equal(t, http.StatusTooManyRequests, refused.status)
	require.JSONEq(t, `{"success":false,"error":{"code":429,"message":"Too Many Requests"}}`, refused.text)
	wait, err := strconv.Atoi(refused.header.Get("Retry-After"))
	require.NoError(t, err)
	require.InDelta(t, 10, wait, 3)
	require.Equal(t, http.StatusTooManyRequests, p.get("/nowhere").status)
	require.Equal(t, http.StatusOK, p.send(http.MethodGet, "/sandbox/health", nil, nil).status)
}

func TestRateLimitedCallsAreCountedAndHaveNoEffect(t *testing.T) {
	t.Parallel()
	p := startWith(t, sandbox.Options{RateLimit: 5})
	var group sync.WaitGroup
	for range 100 {
		group.Go(func() { p.get("/v1/tokens") })
	}
	group.Wait()
	ledger := p.srv.Ledger()
	route := ledger.Routes["GET /v1/tokens"]
	require.Equal(t, 100, route.Requests)
	require.Positive(t, route.RateLimited)
	require.GreaterOrEqual(t, route.Answers["200"], 5)
	require.Equal(t, route.RateLimited, route.Answers["429"])
	require.Equal(t, ledger.Calls["GET /v1/tokens"], route.Answers["200"])
	require.Equal(t, 100, route.Answers["200"]+route.RateLimited)
	require.Equal(t, route.RateLimited, ledger.Totals.RateLimited)
	require.GreaterOrEqual(t, ledger.Totals.BusiestSecond, 1)
}
