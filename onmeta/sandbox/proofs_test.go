package sandbox_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mr-tron/base58"
	"github.com/stretchr/testify/require"
)

func TestUTRMustHaveTheFormOfItsPaymentMode(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	digits := strings.Repeat("1234567890", 3)
	for _, tc := range []struct {
		mode, utr string
		accepted  bool
	}{
		{"INR_UPI", digits[:11], false}, {"INR_UPI", digits[:12], true}, {"INR_UPI", digits[:13], false},
		{"INR_UPI", "12345678901A", false}, {"INR_UPI", " " + digits[:11], false}, {"INR_UPI", "000000000000", false},
		{"INR_IMPS", digits[1:12], false}, {"INR_IMPS", digits[1:13], true}, {"INR_IMPS", digits[1:17], true},
		{"INR_IMPS", digits[1:18], false}, {"INR_IMPS", "HDFC" + digits[:10], false},
		{"INR_NEFT", "HDFCN" + digits[:10], false}, {"INR_NEFT", "HDFCN" + digits[:11], true},
		{"INR_NEFT", "HDFCN" + digits[:17], true}, {"INR_NEFT", "HDFCN" + digits[:18], false},
		{"INR_NEFT", "HDFC-" + digits[:11], false},
	} {
		order := bankOrder(tc.mode, "1000")
		if tc.mode == "INR_UPI" {
			order = onrampOrder("1000")
		}
		r := c.submitUTR(c.createOnramp(order), tc.utr)
		if tc.accepted {
			require.JSONEq(t, `{"success":true,"error":{}}`, r.ok().text)
			continue
		}
		r.refused(http.StatusForbidden, "Invalid UTR")
	}
}

func TestUTRIsHeldByOneOrderAcrossUsers(t *testing.T) {
	t.Parallel()
	p := start(t)
	a, b := p.login(linkedEmail), p.login("other+linked@example.test")
	first := a.createOnramp(onrampOrder("1000"))
	a.submitUTR(first, goodUTR).ok()
	b.submitUTR(b.createOnramp(onrampOrder("1000")), goodUTR).refused(http.StatusForbidden, "Invalid UTR")
	p.clock.Advance(time.Hour - time.Second)
	a.submitUTR(a.createOnramp(onrampOrder("1000")), goodUTR).refused(http.StatusForbidden, "Invalid UTR")
}

func TestUTRIsCaseSensitive(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	c.submitUTR(c.createOnramp(bankOrder("INR_NEFT", "1000")), "HDFCN12345678901").ok()
	c.submitUTR(c.createOnramp(bankOrder("INR_NEFT", "1000")), "hdfcn12345678901").ok()
}

func TestUTROfACancelledOrExpiredOrderIsFree(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ amount, utr string }{
		"cancelled": {"1000.01", goodUTR},
		"expired":   {"1000", "999912345678"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t).login(linkedEmail)
			old := c.createOnramp(onrampOrder(tc.amount))
			c.submitUTR(old, tc.utr).ok()
			early := c.createOnramp(onrampOrder("1000"))
			c.submitUTR(early, tc.utr).refused(http.StatusForbidden, "Invalid UTR")
			c.clock.Advance(3 * time.Hour)
			c.renew()
			require.Equal(t, name, c.onrampStatus(old).str("data.status"))
			c.submitUTR(c.createOnramp(onrampOrder("1000")), tc.utr).ok()
			c.submitUTR(old, "412345678999").refused(http.StatusForbidden, "Invalid UTR")
		})
	}
}

func TestUTROfARefundedOrderIsNotFree(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	c.submitUTR(c.createOnramp(onrampOrder("1000.02")), goodUTR).ok()
	c.clock.Advance(10 * time.Minute)
	c.submitUTR(c.createOnramp(onrampOrder("1000")), goodUTR).refused(http.StatusForbidden, "Invalid UTR")
}

func TestWrongUTRIsReplacedWhilePaymentIsAwaited(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	id := c.createOnramp(onrampOrder("1000"))
	c.submitUTR(id, utr(1)).ok()
	c.clock.Advance(50 * time.Second)
	c.submitUTR(id, utr(2)).ok()
	c.clock.Advance(50 * time.Second)
	require.Equal(t, "fiatPending", c.onrampStatus(id).str("data.status"))
	c.submitUTR(c.createOnramp(onrampOrder("1000")), utr(1)).ok() // the replaced one is free again
	c.clock.Advance(10 * time.Second)
	require.Equal(t, "fiatReceived", c.onrampStatus(id).str("data.status"))
	c.submitUTR(id, utr(3)).refused(http.StatusBadRequest, "Order already success, can't update UTR")
	require.Equal(t, utr(2), c.get("/v1/orders/0").ok().str("data.1.paymentDetails.reference"))
}

func TestSameUTRAgainChangesNothing(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	id := c.createOnramp(onrampOrder("1000"))
	c.submitUTR(id, goodUTR).ok()
	c.clock.Advance(50 * time.Second)
	c.submitUTR(id, goodUTR).ok()
	c.clock.Advance(10 * time.Second)
	require.Equal(t, "fiatReceived", c.onrampStatus(id).str("data.status"))
	require.Len(t, c.srv.Ledger().Proofs, 1)
}

func TestUnmatchedUTRLeavesTheOrderToExpire(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	id := c.createOnramp(onrampOrder("1000"))
	c.clock.Advance(59 * time.Minute)
	c.submitUTR(id, "999900000001").ok()
	c.clock.Advance(2*time.Hour + 30*time.Second)
	c.renew()
	require.Equal(t, "fiatPending", c.onrampStatus(id).str("data.status"))
	c.clock.Advance(30 * time.Second)
	require.Equal(t, "expired", c.onrampStatus(id).str("data.status"))
}

func TestHashMustHaveTheFormOfItsChain(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	const solanaKey = "4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU"
	const tronKey = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
	onSolana := offrampOrder("10").with("chainId", 102).with("sellTokenAddress", solanaKey).
		with("senderWalletAddress", solanaKey).with("refundWalletAddress", solanaKey)
	onTron := offrampOrder("10").with("chainId", 728126428).with("sellTokenAddress", tronKey).with("sellTokenSymbol", "USDT").
		with("senderWalletAddress", tronKey).with("refundWalletAddress", tronKey)
	signature := base58.Encode([]byte(strings.Repeat("s", 64)))
	tooShort := base58.Encode([]byte(strings.Repeat("s", 63)))
	hex := strings.Repeat("0123456789ABCDEF", 4)
	for _, tc := range []struct {
		order    object
		hash     string
		accepted bool
	}{
		{offrampOrder("10"), hex, false}, {offrampOrder("10"), "0x" + hex[1:], false}, {offrampOrder("10"), "0x" + hex + "0", false},
		{offrampOrder("10"), "0x" + strings.Repeat("g", 64), false}, {offrampOrder("10"), signature, false},
		{offrampOrder("10"), "0x" + strings.Repeat("0", 64), false}, {offrampOrder("10"), "0x" + hex, true},
		{onTron, "0x" + hex, false}, {onTron, hex, true}, {onTron, strings.Repeat("0", 64), false},
		{onSolana, "0x" + hex, false}, {onSolana, tooShort, false}, {onSolana, "0OIl", false},
		{onSolana, strings.Repeat("1", 64), false}, {onSolana, signature, true},
	} {
		r := c.submitHash(c.createOfframp(tc.order), tc.hash)
		if tc.accepted {
			require.JSONEq(t, `{"success":true,"error":{}}`, r.ok().text)
			continue
		}
		r.refused(http.StatusBadRequest, "Invalid transaction hash")
	}
}

func TestHashIsUsedOnce(t *testing.T) {
	t.Parallel()
	p := start(t)
	a, b := p.login(linkedEmail), p.login("other+linked@example.test")
	first := a.createOfframp(offrampOrder("10"))
	a.submitHash(first, goodHash).ok()
	a.submitHash(first, goodHash).refused(http.StatusConflict, "Duplicate transaction hash")
	b.submitHash(b.createOfframp(offrampOrder("10")), "0x"+strings.ToUpper(goodHash[2:])).
		refused(http.StatusConflict, "Duplicate transaction hash")
	a.submitHash(first, hash(7)).refused(http.StatusBadRequest, "Order is already in process, can't update transaction hash")
	require.Equal(t, goodHash, a.offrampStatus(first).str("data.txnHash"))
}

func TestUnseenHashLeavesTheOrderPending(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	id := c.createOfframp(offrampOrder("10"))
	c.submitHash(id, goodHash[:62]+"dEaD").ok()
	c.clock.Advance(100 * time.Hour)
	c.renew()
	require.Equal(t, "pending", c.offrampStatus(id).str("data.status"))
}
