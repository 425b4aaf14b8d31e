package sandbox_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
)

func (c *customer) walkOfframp(orderID string) ([]string, []time.Duration) {
	c.t.Helper()
	return c.walk(orderID, func() string { return c.offrampStatus(orderID).str("data.status") })
}

// offrampCourses lists, by the fraction of the amount, the statuses from creation on.
func offrampCourses() map[string][]string {
	usual := []string{"cryptoInit", "pending", "orderReceived", "InProgress", "CryptoReceived", "fiatPending", "PayoutSuccess"}
	return map[string][]string{
		".00": usual,
		".01": {"cryptoInit", "pending", "orderReceived", "refundInitiated", "refunded"},
		".02": {"cryptoInit", "pending", "orderReceived", "InProgress", "CryptoReceived", "refundInitiated", "refunded"},
		".03": {"cryptoInit", "pending", "orderReceived", "complianceReview", "CryptoReceived", "fiatPending", "PayoutSuccess"},
		".04": {"cryptoInit", "pending", "CryptoReceived", "orderReceived", "fiatPending", "PayoutSuccess"},
		".05": usual,
		".06": usual,
		".07": {"cryptoInit", "pending", "orderReceived", "InProgress", "CryptoReceived", "fiatPending", "fiatFailed", "PayoutSuccess"},
		".08": {"cryptoInit", "pending", "orderReceived", "InProgress", "CryptoReceived", "fiatPending", "completed"},
		".09": {"pending", "orderReceived", "InProgress", "CryptoReceived", "fiatPending", "PayoutSuccess"},
		".11": usual,
		".12": usual,
		".13": usual,
		".14": usual,
		".15": usual,
		".16": {"cryptoInit", "pending", "OrderReceived", "inProgress", "cryptoReceived", "FiatPending", "payoutSuccess"},
		".17": {"cryptoInit", "pending", "orderReceived", "refunding", "Refunded"},
		".18": append([]string{"cryptoInit"}, flapping(usual[1:]...)...),
		".19": append([]string{"cryptoInit"}, usual[2:]...),
		".21": {"cryptoInit", "expired"},
		".22": usual,
		".23": {"cryptoInit", "cancelled"},
	}
}

// soldByThemselves are the courses of orders to which no hash is submitted.
func soldByThemselves() []string { return []string{".19", ".21", ".23"} }

func TestOfframpWalksItsStatuses(t *testing.T) {
	t.Parallel()
	byFiat := offrampOrder("0").with("sellTokenAmount", nil)
	for fraction, want := range offrampCourses() {
		for name, order := range map[string]object{
			"tokens": offrampOrder("100" + fraction),
			"INR":    byFiat.with("fiatAmount", json.Number("8400"+fraction)),
		} {
			t.Run(fraction+" "+name, func(t *testing.T) {
				t.Parallel()
				c := start(t).login(linkedEmail)
				id := c.createOfframp(order)
				require.Equal(t, want[0], c.offrampStatus(id).str("data.status"))
				if !slices.Contains(soldByThemselves(), fraction) {
					c.clock.Advance(time.Hour - time.Second) // waiting for the hash changes nothing
					require.Equal(t, want[0], c.offrampStatus(id).str("data.status"))
					if fraction == ".11" {
						c.submitHash(id, hash(1)).refused(http.StatusBadRequest, "Invalid transaction hash")
					}
					c.submitHash(id, goodHash).ok()
				}
				statuses, after := c.walkOfframp(id)
				require.Equal(t, want, statuses)
				if fraction == ".05" {
					require.Equal(t, 30*time.Hour+4*time.Minute, after[6])
				}
			})
		}
	}
}

func TestOfframpDoesNotSwapANativeCoin(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	id := c.createOfframp(offrampOrder("100").with("sellTokenSymbol", "MATIC").with("sellTokenAddress", native))
	c.clock.Advance(time.Second)
	c.submitHash(id, goodHash).ok()
	statuses, _ := c.walkOfframp(id)
	require.Equal(t, []string{"cryptoInit", "pending", "orderReceived", "CryptoReceived", "fiatPending", "PayoutSuccess"}, statuses)
}

func TestOfframpWithoutHashNeverExpires(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	id := c.createOfframp(offrampOrder("10"))
	c.clock.Advance(30 * 24 * time.Hour)
	c.renew()
	require.Equal(t, "cryptoInit", c.offrampStatus(id).str("data.status"))
	c.submitHash(id, goodHash).ok()
}

func TestOfframpAmountsOfBothSidesAgree(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	byTokens := c.post("/v1/offramp/orders/create", offrampOrder("100")).ok()
	require.Equal(t, "100", byTokens.str("data.quote"))
	byFiat := c.post("/v1/offramp/orders/create",
		offrampOrder("0").with("sellTokenAmount", nil).with("fiatAmount", json.Number(byTokens.num("data.fiatAmount")))).ok()
	require.Equal(t, byTokens.num("data.fiatAmount"), byFiat.num("data.fiatAmount"))
	tokens := decimal.RequireFromString(byFiat.str("data.quote"))
	require.True(t, tokens.Sub(decimal.NewFromInt(100)).Abs().LessThan(decimal.RequireFromString("0.001")), tokens)
}

func TestOfframpRequiresALinkedAccountByItsMaskedNumber(t *testing.T) {
	t.Parallel()
	p := start(t)
	c := p.login(linkedEmail)
	for _, details := range []object{
		{"accountNumber": "XXXX1111", "ifsc": "HDFC0001234"},
		{"accountNumber": "XXXX4821", "ifsc": "HDFC0009999"},
		{"accountNumber": "50100000004821", "ifsc": "HDFC0001234"},
		{"accountNumber": "4821", "ifsc": "HDFC0001234"},
	} {
		c.post("/v1/offramp/orders/create", offrampOrder("10").with("bankDetails", details)).
			refused(http.StatusNotFound, "Bank details are not found for the user")
	}
	pending := p.login("asha@example.test")
	order := offrampOrder("10").with("bankDetails", object{"accountNumber": "XXXX9001", "ifsc": "HDFC0001234"})
	pending.linkBank("50100000009001").ok()
	pending.post("/v1/offramp/orders/create", order).
		refused(http.StatusNotFound, "Bank details are not found for the user")
	p.clock.Advance(time.Minute)
	pending.createOfframp(order)
}

func TestOfframpChecksBothWallets(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	for _, field := range []string{"senderWalletAddress", "refundWalletAddress"} {
		c.post("/v1/offramp/orders/create", offrampOrder("10").with(field, "0x12")).
			refused(http.StatusBadRequest, "Invalid wallet address")
	}
}

func TestEachChainGetsADepositAddressInItsFormat(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	const solanaKey = "4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU"
	for _, tc := range []struct {
		chain          int
		symbol, token  string
		wallet, expect string
	}{
		{polygon, "USDC", usdc, wallet, `^0x[0-9a-f]{40}$`},
		{102, "USDC", solanaKey, solanaKey, `^[1-9A-HJ-NP-Za-km-z]{32,44}$`},
		{728126428, "USDT", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", `^T[1-9A-HJ-NP-Za-km-z]{33}$`},
	} {
		order := offrampOrder("10").with("chainId", tc.chain).with("sellTokenSymbol", tc.symbol).with("sellTokenAddress", tc.token).
			with("senderWalletAddress", tc.wallet).with("refundWalletAddress", tc.wallet)
		made := c.post("/v1/offramp/orders/create", order).ok()
		deposit := made.str("data.receiverWalletAddress")
		require.Regexp(t, tc.expect, deposit)
		c.createOfframp(order.with("senderWalletAddress", deposit)) // the sandbox accepts its own addresses
	}
}

func TestTokensAreFoundWithoutAHash(t *testing.T) {
	t.Parallel()
	for fraction, want := range map[string]string{".19": "orderReceived", ".21": "expired", ".23": "cancelled"} {
		c := start(t).login(linkedEmail)
		id := c.createOfframp(offrampOrder("100" + fraction))
		c.clock.Advance(10 * time.Minute)
		require.Equal(t, want, c.offrampStatus(id).str("data.status"))
		c.submitHash(id, goodHash).refused(http.StatusBadRequest, "Order is already in process, can't update transaction hash")
		require.Equal(t, fraction == ".19", c.srv.Ledger().Orders[0].HoldsPayment())
	}
}

func TestOrderDiffersFromItsQuote(t *testing.T) {
	t.Parallel()
	for fraction, want := range map[string]struct{ byTokens, byPayout, deposit string }{
		".13": {"0.5", "2", "1"}, ".14": {"0.97", "1.0309", "1"}, ".15": {"1", "1.03", "1.03"},
	} {
		c := start(t).login(linkedEmail)
		quoted := c.post("/v1/quote/sell", sellQuote("100"+fraction)).ok()
		made := c.post("/v1/offramp/orders/create", offrampOrder("100"+fraction)).ok()
		requireRatio(t, want.byTokens, made.num("data.fiatAmount"), quoted.num("data.fiatAmount"))
		requireRatio(t, want.deposit, made.str("data.quote"), quoted.str("data.sellTokens"))
		byPayout := func(o object) object {
			return o.with("sellTokenAmount", nil).with("fiatAmount", json.Number("8400"+fraction))
		}
		quoted = c.post("/v1/quote/sell", byPayout(sellQuote("0"))).ok()
		made = c.post("/v1/offramp/orders/create", byPayout(offrampOrder("0"))).ok()
		require.Equal(t, quoted.num("data.fiatAmount"), made.num("data.fiatAmount"))
		requireRatio(t, want.byPayout, made.str("data.quote"), quoted.str("data.sellTokens"))
	}
}

func requireRatio(t *testing.T, want, a, b string) {
	t.Helper()
	off := dec(t, a).Div(dec(t, b)).Sub(dec(t, want)).Abs()
	require.True(t, off.LessThan(decimal.New(1, -4)), "%s of %s is not %s", a, b, want)
}

// Quotes and statuses show the amount before these deductions.
func TestPayoutIsNetOfGasAndTDS(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	made := c.post("/v1/offramp/orders/create", offrampOrder("100")).ok()
	c.submitHash(made.str("data.orderId"), goodHash).ok()
	c.clock.Advance(time.Hour - time.Second)
	require.Equal(t, made.num("data.fiatAmount"), c.offrampStatus(made.str("data.orderId")).num("data.fiat"))
	fiat := dec(t, made.num("data.fiatAmount"))
	require.Equal(t, fiat.Sub(fiat.Shift(-2).Round(2)).Sub(dec(t, "0.18")).String(), c.srv.Ledger().Payouts[0].Amount.String())
}

func TestRefundIsInTheLedger(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	id := c.createOfframp(offrampOrder("100.01"))
	c.submitHash(id, goodHash).ok()
	c.clock.Advance(time.Hour)
	payouts := c.srv.Ledger().Payouts
	require.Len(t, payouts, 1)
	require.Equal(t, "refund", payouts[0].Kind)
	require.Equal(t, "100.01 USDC", payouts[0].Amount.String()+" "+payouts[0].Currency)
}
