package sandbox_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"rampart/sandbox"
)

func buyQuote(amount string) object {
	return object{"buyTokenSymbol": "USDC", "buyTokenAddress": usdc, "chainId": polygon, "fiatCurrency": "inr", "fiatAmount": json.Number(amount)}
}

func sellQuote(tokens string) object {
	return object{"sellTokenSymbol": "USDC", "sellTokenAddress": usdc, "chainId": polygon, "fiatCurrency": "INR",
		"sellTokenAmount": json.Number(tokens), "senderAddress": ""}
}

func dec(t *testing.T, s string) decimal.Decimal {
	t.Helper()
	d, err := decimal.NewFromString(s)
	require.NoError(t, err)
	return d
}

func TestBuyQuoteAddsUp(t *testing.T) {
	t.Parallel()
	r := start(t).post("/v1/quote/buy", buyQuote("1000")).ok()
	rate, tokens := dec(t, r.str("data.conversionRate")), dec(t, r.str("data.receivedTokens"))
	gas := dec(t, r.str("data.desiredOrder.base.gasCharge.value"))
	require.Equal(t, decimal.NewFromInt(1000).Sub(gas).Div(rate).Truncate(6).String(), tokens.String())
	require.Equal(t, tokens.Shift(6).String(), r.str("data.quote"))
}

func TestBuyQuoteHasAnAliasAndAnOptionalAddress(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.post("/v1/quote/fetch", buyQuote("1000").with("buyTokenAddress", nil).with("fiatCurrency", "INR")).ok()
}

func TestSellQuoteAddsUpBySideAndSide(t *testing.T) {
	t.Parallel()
	p := start(t)
	byTokens := p.post("/v1/quote/sell", sellQuote("100")).ok()
	rate, fiat := dec(t, byTokens.str("data.conversionRate")), dec(t, byTokens.num("data.fiatAmount"))
	require.Equal(t, "100.000000", byTokens.str("data.sellTokens"))
	require.True(t, fiat.Equal(rate.Mul(decimal.NewFromInt(100)).Round(2)))
	require.Nil(t, byTokens.at("data.tdsFee"), "no document names it")
	byFiat := p.post("/v1/quote/sell", sellQuote("0").with("sellTokenAmount", nil).with("fiatAmount", json.Number(fiat.String()))).ok()
	require.Equal(t, byTokens.num("data.fiatAmount"), byFiat.num("data.fiatAmount"))
	require.True(t, dec(t, byFiat.str("data.sellTokens")).Mul(rate).GreaterThanOrEqual(fiat), "the tokens must cover the payout")
}

func TestSellQuoteNamesItsTDSByMagic(t *testing.T) {
	t.Parallel()
	quote := start(t).post("/v1/quote/sell", sellQuote("100.12")).ok()
	require.True(t, dec(t, quote.num("data.fiatAmount")).Shift(-2).Round(2).Equal(dec(t, quote.num("data.tdsFee"))))
}

func TestQuoteOfNothing(t *testing.T) {
	t.Parallel()
	p := start(t)
	require.Equal(t, "0", p.post("/v1/quote/buy", buyQuote("1000.25")).ok().str("data.receivedTokens"))
	sell := p.post("/v1/quote/sell", sellQuote("100.22")).ok()
	require.Equal(t, sell.num("data.fiatAmount"), sell.num("data.gasFee"))
}

func TestSellQuoteKeepsEveryDecimalOfTheAmount(t *testing.T) {
	t.Parallel()
	quote := sellQuote("1.12345678").with("sellTokenSymbol", "MATIC").with("sellTokenAddress", native)
	require.Equal(t, "1.12345678", start(t).post("/v1/quote/sell", quote).ok().str("data.sellTokens"))
}

func TestPriceIsConstantFor30Seconds(t *testing.T) {
	t.Parallel()
	p := start(t)
	rate := func() string { return p.post("/v1/quote/buy", buyQuote("1000")).ok().str("data.conversionRate") }
	first := rate()
	p.clock.Advance(29 * time.Second)
	require.Equal(t, first, rate())
	rates := map[string]bool{}
	for range 20 {
		p.clock.Advance(30 * time.Second)
		rates[rate()] = true
		moved := dec(t, rate()).Div(dec(t, first)).Sub(decimal.NewFromInt(1)).Abs()
		require.True(t, moved.LessThan(dec(t, "0.0051")), "prices move a little")
	}
	require.Greater(t, len(rates), 10)
}

func TestPriceFollowsFromTheSeed(t *testing.T) {
	t.Parallel()
	rate := func(seed int64) string {
		return startWith(t, sandbox.Options{Seed: seed}).post("/v1/quote/buy", buyQuote("1000")).ok().str("data.conversionRate")
	}
	require.Equal(t, rate(7), rate(7))
	require.NotEqual(t, rate(7), rate(8))
}

// At 10:00:20 a quote straddles the move of the price at 10:00:30.
func TestOrderKeepsTheQuotedPriceFor30Seconds(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	order := offrampOrder("100.06")
	payout := func() string {
		return c.post("/v1/offramp/orders/create", order).ok().num("data.fiatAmount")
	}
	c.clock.Advance(20 * time.Second)
	quoted := c.post("/v1/quote/sell", sellQuote("100.06")).ok().num("data.fiatAmount")
	c.clock.Advance(30 * time.Second)
	require.Equal(t, quoted, payout())
	c.clock.Advance(time.Millisecond)
	require.NotEqual(t, quoted, payout())
}

func TestSwingingPriceIsATenthWorseEverySecondWindow(t *testing.T) {
	t.Parallel()
	p := start(t)
	for _, tc := range []struct {
		name string
		body object
		path string
	}{{"buy", buyQuote("1000.06"), "/v1/quote/buy"}, {"sell", sellQuote("100.06"), "/v1/quote/sell"}} {
		first := dec(t, p.post(tc.path, tc.body).ok().str("data.conversionRate"))
		p.clock.Advance(30 * time.Second)
		second := dec(t, p.post(tc.path, tc.body).ok().str("data.conversionRate"))
		p.clock.Advance(30 * time.Second)
		change := second.Div(first).Sub(decimal.NewFromInt(1)).Abs()
		require.True(t, change.GreaterThan(dec(t, "0.08")) && change.LessThan(dec(t, "0.12")), "%s %s", tc.name, change)
	}
}

func TestExpiredQuotesAreDropped(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	quoted := c.post("/v1/quote/sell", sellQuote("100.06")).ok().num("data.fiatAmount")
	for i := range 1100 {
		c.post("/v1/quote/buy", buyQuote(decimal.NewFromInt(int64(1000+i)).String())).ok()
	}
	require.Equal(t, quoted, c.post("/v1/offramp/orders/create", offrampOrder("100.06")).ok().num("data.fiatAmount"), "a quote that holds is kept")
}

func TestQuoteRefusesAnAmountThatDoesNotCoverGas(t *testing.T) {
	t.Parallel()
	start(t).post("/v1/quote/buy", buyQuote("0.18")).refused(http.StatusBadRequest, "Amount is out of limits")
}
