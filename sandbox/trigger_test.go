package sandbox_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func (p *provider) trigger(status, of string) reply {
	p.t.Helper()
	return p.send(http.MethodPost, "/sandbox/trigger", encode(p.t, object{"status": status, "of": of}), nil)
}

func TestTriggerMovesAnOrderOn(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		order    object
		triggers []string
		then     string
	}{
		"to its end":          {onrampOrder("1000"), []string{"completed"}, "completed"},
		"in any spelling":     {onrampOrder("1000"), []string{"COMPLETED"}, "completed"},
		"step by step":        {onrampOrder("1000"), []string{"fiatReceived", "transferred", "completed"}, "completed"},
		"and it goes on":      {onrampOrder("1000"), []string{"fiatReceived"}, "completed"},
		"to its expiry":       {onrampOrder("1000"), []string{"expired"}, "expired"},
		"paid after all":      {onrampOrder("1000"), []string{"expired", "completed"}, "completed"},
		"to a cancellation":   {onrampOrder("1000"), []string{"cancelled"}, "cancelled"},
		"to a refund":         {onrampOrder("1000"), []string{"refundInitiated"}, "refunded"},
		"refunded at once":    {onrampOrder("1000"), []string{"fiatReceived", "refundInitiated", "refunded"}, "refunded"},
		"off-ramp":            {offrampOrder("10"), []string{"pending", "CryptoReceived", "completed"}, "PayoutSuccess"},
		"payout tried again":  {offrampOrder("10"), []string{"fiatFailed", "PayoutSuccess"}, "PayoutSuccess"},
		"payout that goes on": {offrampOrder("10"), []string{"fiatFailed"}, "PayoutSuccess"},
		"off-ramp refund":     {offrampOrder("10"), []string{"refunded"}, "refunded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t).login(linkedEmail)
			path := "/v1/orders/create"
			if test.order["sellTokenSymbol"] != nil {
				path = "/v1/offramp/orders/create"
			}
			id := c.post(path, referenced(test.order, "inv-42")).ok().str("data.orderId")
			for _, status := range test.triggers {
				r := c.trigger(status, "inv-42")
				require.Equal(t, http.StatusOK, r.status, r.text)
				require.Equal(t, id, r.str("id"))
			}
			c.clock.Advance(time.Hour)
			o := c.srv.Ledger().Orders[0]
			require.Equal(t, test.then, o.Status)
			require.Equal(t, test.then != "expired" && test.then != "cancelled", o.HoldsPayment() || o.Payment != nil)
		})
	}
}

func TestTriggerCanLeaveAnOrderThere(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	c.createOnramp(referenced(onrampOrder("1000"), "inv-42"))
	r := c.control("/sandbox/trigger", object{"status": "orderReceived", "of": "onramp/inv-42", "stay": true})
	require.Equal(t, "orderReceived", r.str("status"))
	c.clock.Advance(24 * time.Hour)
	require.Equal(t, "orderReceived", c.srv.Ledger().Orders[0].Status)
	require.Equal(t, http.StatusOK, c.trigger("completed", "inv-42").status)
}

func TestTriggerRefusesWhatTheProviderWouldNotDo(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	c.createOnramp(referenced(onrampOrder("1000"), "inv-42"))
	c.createOfframp(referenced(offrampOrder("10"), "wd-7"))
	c.createOnramp(referenced(onrampOrder("1000"), "both"))
	c.createOfframp(referenced(offrampOrder("10"), "both"))
	c.createOnramp(referenced(onrampOrder("1000").with("buyTokenSymbol", "MATIC").with("buyTokenAddress", native), "coin"))
	require.Equal(t, http.StatusOK, c.trigger("transferred", "inv-42").status)
	for _, test := range []struct {
		status, of string
		code       int
		says       string
	}{
		{"completed", "inv-43", 404, "there is no order with this id or metadata reference"},
		{"completed", "both", 400, "write onramp/both or offramp/both"},
		{"paid", "inv-42", 400, "an onramp order has no status \"paid\": write one of fiatReceived"},
		{"PayoutSuccess", "inv-42", 400, "has no status"},
		{"transferred", "wd-7", 400, "has no status"},
		{"transferred", "inv-42", 400, "it is in this status already"},
		{"fiatReceived", "inv-42", 400, "that is past fiatReceived"},
		{"expired", "inv-42", 400, "only an unpaid order can become expired"},
		{"cancelled", "inv-42", 400, "only an unpaid order can become cancelled"},
		{"InProgress", "coin", 400, "the order skips InProgress"},
		{"kyc-verified", "inv-42", 404, "takes the e-mail of a user"},
		{"kyc-verified", linkedEmail, 400, "nothing follows that"},
		{"", "inv-42", 400, "status"},
	} {
		r := c.trigger(test.status, test.of)
		require.Equal(t, test.code, r.status, test)
		require.Contains(t, r.str("error"), test.says)
	}
	require.Equal(t, http.StatusOK, c.trigger("completed", "inv-42").status)
	require.Contains(t, c.trigger("refunded", "inv-42").str("error"), "nothing follows that")
	require.Equal(t, http.StatusOK, c.trigger("refundInitiated", "onramp/both").status)
	require.Contains(t, c.trigger("completed", "onramp/both").str("error"), "only refunded follows that")
}

func TestTriggerVerifiesAndRefusesKYC(t *testing.T) {
	t.Parallel()
	p, r := announcing(t)
	c := p.login("asha+review@example.test")
	require.Contains(t, c.trigger("kyc-rejected", c.email).str("error"), "no dossier of the user is in review")
	require.Equal(t, http.StatusOK, c.uploadKYC(goodDossier(t, c.email)).status)
	require.Equal(t, http.StatusOK, c.trigger("kyc-rejected", c.email).status)
	c.clock.Advance(7 * time.Hour)
	c.renew()
	require.Equal(t, "false", c.kycVerified())
	require.Equal(t, http.StatusOK, c.trigger("kyc-verified", c.email).status)
	require.Equal(t, "true", c.kycVerified())
	require.Equal(t, "KYCCompleted", r.names(t, 5)[4])
}
