package sandbox_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"rampart/sandbox/ledger"

	"github.com/mr-tron/base58"
	"github.com/stretchr/testify/require"
)

func TestUTRMustHaveTheFormatOfItsPaymentMode(t *testing.T) {
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

func TestUTRIsFreeAgainOnlyOnceItsOrderIsCancelled(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		amount, utr, ends string
		free              bool
	}{
		"cancelled":                   {"1000.01", goodUTR, "cancelled", true},
		"cancelled, in other letters": {"1000.22", goodUTR, "Canceled", true},
		"expired":                     {"1000", "999912345678", "expired", false},
		"expired, by magic":           {"1000", "999812345678", "expired", true},
		"refunded":                    {"1000.02", goodUTR, "refunded", false},
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
			require.Equal(t, tc.ends, c.onrampStatus(old).str("data.status"))
			again := c.submitUTR(c.createOnramp(onrampOrder("1000")), tc.utr)
			require.Equal(t, tc.free, again.status == http.StatusOK, again.text)
			if !tc.free {
				again.refused(http.StatusForbidden, "Invalid UTR")
			}
		})
	}
}

func TestUnusedUTRPaysANewOrder(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	old := c.createOnramp(onrampOrder("1000"))
	c.clock.Advance(3 * time.Hour)
	c.renew()
	c.submitUTR(old, goodUTR).refused(http.StatusForbidden, "Invalid UTR")
	id := c.createOnramp(onrampOrder("1000"))
	c.submitUTR(id, goodUTR).ok()
	c.clock.Advance(10 * time.Minute)
	require.Equal(t, "completed", c.onrampStatus(id).str("data.status"))
}

// The money really sent funds a new order of that amount, and no other.
func TestUTROfACancelledOrderPaysAnOrderOfTheAmountPaid(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	settle := func(amount string) (id string, status reply) {
		id = c.createOnramp(onrampOrder(amount))
		c.submitUTR(id, goodUTR).ok()
		c.clock.Advance(10 * time.Minute)
		return id, c.onrampStatus(id)
	}
	for _, amount := range []string{"1000.01", "1000.01", "1000"} {
		_, cancelled := settle(amount)
		require.Equal(t, "cancelled", cancelled.str("data.status"), amount)
		require.Contains(t, cancelled.str("data.reason"), "amount paid (900.00 INR)")
	}
	paid, completed := settle("900")
	require.Equal(t, "completed", completed.str("data.status"))

	orders := c.srv.Ledger().Orders
	for _, o := range orders[:3] {
		require.Equal(t, "900", o.Payment.Amount.String())
		require.Equal(t, paid, o.Payment.UsedBy)
		require.False(t, o.HoldsPayment())
	}
	require.Equal(t, goodUTR, orders[3].Payment.Proof)
	require.True(t, orders[3].HoldsPayment())
}

func TestBookedPaymentDecidesWhatItsUTRPays(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	for booked, want := range map[string]string{"990.5": "cancelled", "1000": "completed", "0": "fiatPending"} {
		name := utr(len(c.srv.Ledger().Orders))
		c.control("/sandbox/payments", object{"utr": name, "amount": json.Number(booked)})
		id := c.createOnramp(onrampOrder("1000"))
		c.submitUTR(id, name).ok()
		c.clock.Advance(10 * time.Minute)
		require.Equal(t, want, c.onrampStatus(id).str("data.status"), booked)
	}
	require.Equal(t, http.StatusBadRequest,
		c.send(http.MethodPost, "/sandbox/payments", []byte(`{"utr":"1","amount":-1}`), nil).status)
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

// A mistyped UTR is taken, and its payment never found.
func TestMistypedUTRIsReplacedAndTheOrderPaid(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	id := c.createOnramp(onrampOrder("1000"))
	c.submitUTR(id, "999900000001").ok()
	c.clock.Advance(2 * time.Hour)
	c.renew()
	require.Equal(t, "fiatPending", c.onrampStatus(id).str("data.status"))
	require.Nil(t, c.srv.Ledger().Orders[0].Payment)
	c.submitUTR(id, goodUTR).ok()
	c.clock.Advance(time.Minute)
	require.Equal(t, "fiatReceived", c.onrampStatus(id).str("data.status"))
	c.clock.Advance(10 * time.Minute)

	made, at := c.srv.Ledger().Orders[0], testStart().Add(2*time.Hour)
	require.Equal(t, "completed", made.Status)
	require.Equal(t, []ledger.Proof{
		{Proof: "999900000001", At: testStart(), ReplacedAt: at}, {Proof: goodUTR, At: at},
	}, made.Proofs)
	require.Equal(t, []int{2, 1}, []int{made.ProofsAccepted, made.ProofsReplaced})
	require.Equal(t, 1, c.srv.Ledger().Totals.ProofsReplaced)
	require.Equal(t, &ledger.Payment{
		Amount: made.Fiat, Currency: "INR", Proof: goodUTR, FoundAt: at.Add(time.Minute),
	}, made.Payment)
	events := c.srv.Events(0, 100)
	require.Equal(t, []ledger.EventKind{ledger.EventProofReplaced, ledger.EventProof},
		[]ledger.EventKind{events[len(events)-2].Kind, events[len(events)-1].Kind})
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

func TestHashMustHaveTheFormatOfItsChain(t *testing.T) {
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
	p.clock.Advance(time.Minute)
	a.submitHash(first, hash(7)).refused(http.StatusBadRequest, "Order is already in process, can't update transaction hash")
	require.Equal(t, goodHash, a.offrampStatus(first).str("data.txnHash"))
}

func TestHashIsReplacedWhileTheTokensAreNotSeen(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	id := c.createOfframp(offrampOrder("10"))
	dropped := goodHash[:62] + "dead"
	c.submitHash(id, dropped).ok()
	c.clock.Advance(30 * time.Minute)
	c.submitHash(id, goodHash).ok()
	require.Equal(t, "pending", c.offrampStatus(id).str("data.status"))
	require.Equal(t, goodHash, c.offrampStatus(id).str("data.txnHash"))
	c.submitHash(id, dropped).refused(http.StatusConflict, "Duplicate transaction hash")
	c.clock.Advance(10 * time.Minute)
	made := c.srv.Ledger().Orders[0]
	require.Equal(t, "PayoutSuccess", made.Status)
	require.Equal(t, 1, made.ProofsReplaced)
	require.Equal(t, goodHash, made.Payment.Proof)
	require.Equal(t, "10 USDC", made.Payment.Amount.String()+" "+made.Payment.Currency)
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
