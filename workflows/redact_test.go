package workflows_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/onmeta"
	"rampart/ramp"
)

// gossip is what a provider may say of a user and, after it, of another one.
const gossip = "ASHA RAO (asha+linked@example.test, asha@okbank, 50100000004821, ABCPE1234F) is not ravi.k@other.test of 60200000009999 " +
	"![](https://evil.test) `x`"

// requireQuiet checks everything that an order shows.
func requireQuiet(t *testing.T, order ramp.Order) {
	t.Helper()
	shown, err := json.Marshal(order)
	require.NoError(t, err)
	require.Contains(t, string(shown), "is not r***@other.test of XXXX9999")
	for _, personal := range []string{
		"asha rao", "asha+linked", "asha@okbank", "50100000004821", "abcpe1234f", "ravi.k", "60200000009999", "](https", "`",
	} {
		require.NotContains(t, strings.ToLower(string(shown)), personal)
	}
}

func TestOrderShowsNoPersonalDataFromTheProvider(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]func(p *provider) ramp.Order{
		"on-ramp": func(p *provider) ramp.Order {
			p.network.once(onmeta.RouteSubmitUTR, answersWith(http.StatusForbidden, gossip))
			r := p.journey(ramp.Onramp)
			r.signalUTR(time.Minute, utr)
			r.at(5*time.Minute, func() { requireQuiet(p.t, r.order()) })
			r.at(time.Hour, func() { p.forceSaying("refunded", gossip) })
			r.signalUTR(time.Hour+time.Minute, otherUTR)
			return r.buy(linkedBuy("1000.00"))
		},
		"off-ramp": func(p *provider) ramp.Order {
			p.network.once(onmeta.RouteSubmitHash, answersWith(http.StatusConflict, gossip))
			r := p.journey(ramp.Offramp)
			r.signalHash(time.Minute, hash)
			r.at(5*time.Minute, func() { requireQuiet(p.t, r.order()) })
			r.at(time.Hour, func() { p.forceSaying("refunded", gossip) })
			r.signalHash(time.Hour+time.Minute, otherHash)
			return r.sell(linkedSell("100.00"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			withProvider(t, func(p *provider) { requireQuiet(t, run(p)) })
		})
	}
}
