package sandbox_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/sandbox"
)

func TestStagingDelivers001WMATICWhateverWasOrdered(t *testing.T) {
	t.Parallel()
	c := startWith(t, sandbox.Options{Seed: 1, Staging: true}).login(linkedEmail)
	quoted := c.post("/v1/quote/buy", buyQuote("1000.01")).ok().str("data.receivedTokens")
	id := c.createOnramp(onrampOrder("1000.01"))
	c.control("/sandbox/payments", object{"utr": goodUTR, "amount": json.Number("7")})
	c.submitUTR(id, goodUTR).ok()
	c.clock.Advance(10 * time.Minute)
	status := c.onrampStatus(id)
	require.Equal(t, "completed", status.str("data.status"), "no money moves: amounts are not compared")
	require.Equal(t, "0.01", status.str("data.transferredAmount"))
	require.Equal(t, "10000000000000000", status.str("data.transferredAmountWei"))
	require.NotEqual(t, "0.01", quoted, "quotes follow production")
	paid := c.srv.Ledger().Payouts[0]
	require.Equal(t, "0.01 WMATIC", paid.Amount.String()+" "+paid.Currency)
}

func TestStagingTakes001WMATICForAnySaleAndPaysNothing(t *testing.T) {
	t.Parallel()
	c := startWith(t, sandbox.Options{Seed: 1, Staging: true}).login(linkedEmail)
	made := c.post("/v1/offramp/orders/create", offrampOrder("100")).ok()
	require.Equal(t, "0.01", made.str("data.quote"))
	c.submitHash(made.str("data.orderId"), goodHash).ok()
	c.clock.Advance(10 * time.Minute)
	require.Equal(t, "PayoutSuccess", c.offrampStatus(made.str("data.orderId")).str("data.status"))
	require.Empty(t, c.srv.Ledger().Payouts)
}
