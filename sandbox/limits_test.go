package sandbox_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOnrampLimitsAreInclusive(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	for _, tc := range []struct {
		order    object
		accepted bool
	}{
		{onrampOrder("49.99"), false}, {onrampOrder("50"), true},
		{onrampOrder("100000.01"), false},
		{bankOrder("INR_IMPS", "500000"), true}, {bankOrder("INR_NEFT", "500000.01"), false},
	} {
		r := c.post("/v1/orders/create", tc.order)
		if tc.accepted {
			r.ok()
			continue
		}
		r.refused(http.StatusBadRequest, "Amount is out of limits")
	}
}

func TestOfframpLimitsAreInclusive(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	order := offrampOrder("0").with("sellTokenAmount", nil)
	c.post("/v1/offramp/orders/create", order.with("fiatAmount", json.Number("99.99"))).refused(http.StatusBadRequest, "Amount is out of limits")
	c.createOfframp(order.with("fiatAmount", json.Number("100")))
	c.createOfframp(order.with("fiatAmount", json.Number("500000")))
	c.post("/v1/offramp/orders/create", order.with("fiatAmount", json.Number("500000.01"))).refused(http.StatusBadRequest, "Amount is out of limits")
	c.post("/v1/offramp/orders/create", offrampOrder("1")).refused(http.StatusBadRequest, "Amount is out of limits")
}

func TestUPILimitIsPerUserAndIndianDay(t *testing.T) {
	t.Parallel()
	p := start(t)
	c := p.login(linkedEmail)
	c.createOnramp(bankOrder("INR_IMPS", "100000")) // does not count
	c.createOnramp(onrampOrder("60000"))
	c.post("/v1/orders/create", onrampOrder("40000.5")).refused(http.StatusBadRequest, "Amount is out of limits")
	c.createOnramp(onrampOrder("40000"))
	p.login("other+linked@example.test").createOnramp(onrampOrder("100000"))
	for _, o := range p.srv.Ledger().Orders { // unpaid orders would expire and give their amount back
		c.control("/sandbox/orders/"+o.ID, object{"status": "completed"})
	}
	p.clock.Set(time.Date(2026, 1, 10, 18, 29, 59, 0, time.UTC)) // 23:59:59 in India
	c.renew()
	c.post("/v1/orders/create", onrampOrder("1000")).refused(http.StatusBadRequest, "Amount is out of limits")
	p.clock.Advance(time.Second)
	c.createOnramp(onrampOrder("100000"))
}

func TestExpiredOrderFreesItsShareOfTheUPILimit(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	c.createOnramp(onrampOrder("100000"))
	c.clock.Advance(3 * time.Hour)
	c.renew()
	c.createOnramp(onrampOrder("100000"))
}

func TestChainLimitsAreServedUnderBothPaths(t *testing.T) {
	t.Parallel()
	p := start(t)
	current := p.get("/v1/orders/get-chain-limit").ok()
	require.Equal(t, current.text, p.get("/v1/orders/chain_limits").ok().text)
	limits := map[string]string{}
	for _, each := range current.list("data") {
		limit := each.(map[string]any)
		limits[limit["chain"].(string)] = limit["minLimit"].(map[string]any)["INR"].(json.Number).String()
	}
	require.Subset(t, limits, map[string]string{"Polygon": "50", "Ethereum": "2000", "BNB Smart Chain": "500", "Base": "100"})
}
