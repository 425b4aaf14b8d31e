package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func (c *customer) walkOnramp(orderID string) ([]string, []time.Duration) {
	c.t.Helper()
	return c.walk(orderID, func() string { return c.onrampStatus(orderID).str("data.status") })
}

// onrampCourses lists, by the fraction of the amount, the statuses after the proof was accepted.
func onrampCourses() map[string][]string {
	usual := []string{"fiatPending", "fiatReceived", "orderReceived", "InProgress", "transferred", "completed"}
	return map[string][]string{
		".00": usual,
		".01": {"fiatPending", "cancelled"},
		".02": {"fiatPending", "refundInitiated", "refunded"},
		".03": {"fiatPending", "fiatReceived", "complianceReview", "orderReceived", "InProgress", "transferred", "completed"},
		".04": {"fiatPending", "orderReceived", "fiatReceived", "InProgress", "transferred", "completed"},
		".05": usual,
		".06": usual,
		".07": {"fiatPending", "fiatRefundInitiated", "refunded"},
		".08": usual,
		".09": {"fiatPending", "expired", "fiatReceived", "orderReceived", "InProgress", "transferred", "completed"},
		".11": usual,
		".12": usual,
		".13": usual,
		".14": usual,
		".15": {"fiatPending", "cancelled"},
		".16": {"fiatPending", "refundInitiated", "refunded"},
		".17": {"fiatPending", "expired"},
		".18": usual,
		".19": {"fiatPending", "expired", "fiatPending", "fiatReceived", "orderReceived", "InProgress", "transferred", "completed"},
		".21": {"fiatPending", "FiatReceived", "OrderReceived", "inProgress", "Transferred", "Completed"},
		".22": {"fiatPending", "Canceled"},
		".23": {"fiatPending", "refunding", "Refunded"},
		".24": flapping("fiatPending", "fiatReceived", "orderReceived", "InProgress", "transferred", "completed"),
		".25": usual,
	}
}

// flapping repeats the second and the third status twenty times.
func flapping(statuses ...string) []string {
	flapped := statuses[:1:1]
	for range 20 {
		flapped = append(flapped, statuses[1:3]...)
	}
	return append(flapped, statuses[3:]...)
}

// ofThemselves are the courses of orders to which no UTR is submitted.
func ofThemselves() []string { return []string{".15", ".16", ".17", ".18"} }

func TestOnrampWalksItsStatuses(t *testing.T) {
	t.Parallel()
	for fraction, want := range onrampCourses() {
		t.Run(fraction, func(t *testing.T) {
			t.Parallel()
			c := start(t).login(linkedEmail)
			id := c.createOnramp(onrampOrder("1000" + fraction))
			require.Equal(t, "fiatPending", c.onrampStatus(id).str("data.status"))
			if fraction == ".08" {
				c.submitUTR(id, utr(1)).refused(http.StatusForbidden, "Invalid UTR")
			}
			if !slices.Contains(ofThemselves(), fraction) {
				c.submitUTR(id, goodUTR).ok()
			}
			statuses, after := c.walkOnramp(id)
			require.Equal(t, want, statuses)
			if fraction < ".15" && fraction != ".05" && fraction != ".09" {
				for i, d := range after {
					require.Equal(t, time.Duration(i)*time.Minute, d)
				}
			}
		})
	}
}

// A UTR submitted afterwards is refused, and the status contains the reason.
func TestOrderEndsOrIsPaidWithoutAUTR(t *testing.T) {
	t.Parallel()
	for fraction, want := range map[string]struct {
		status, refusal string
		code            int
		paid            bool
	}{
		".15": {"cancelled", "Invalid UTR", http.StatusForbidden, false},
		".16": {"refundInitiated", "Order already success, can't update UTR", http.StatusBadRequest, true},
		".17": {"expired", "Invalid UTR", http.StatusForbidden, false},
		".18": {"fiatReceived", "Order already success, can't update UTR", http.StatusBadRequest, true},
	} {
		t.Run(fraction, func(t *testing.T) {
			t.Parallel()
			c := start(t).login(linkedEmail)
			id, early := c.createOnramp(onrampOrder("1000"+fraction)), c.createOnramp(onrampOrder("1000"+fraction))
			c.clock.Advance(10*time.Minute - time.Second)
			require.Equal(t, "fiatPending", c.onrampStatus(id).str("data.status"))
			c.submitUTR(early, utr(1)).ok()
			c.clock.Advance(time.Second)
			require.Equal(t, want.status, c.onrampStatus(id).str("data.status"))
			c.submitUTR(id, utr(2)).refused(want.code, want.refusal)
			c.clock.Advance(30 * time.Minute)
			require.Equal(t, "completed", c.onrampStatus(early).str("data.status"))

			made := c.srv.Ledger().Orders[0]
			require.Empty(t, made.Proofs)
			require.Equal(t, want.paid, made.Payment != nil)
			if want.paid {
				require.Empty(t, made.Payment.Proof)
				require.Equal(t, fraction == ".16", made.Payment.Returned)
				require.Equal(t, fraction == ".18", made.HoldsPayment())
			}
		})
	}
}

func TestReopenedOrderAcceptsAnotherUTRAndDoesNotExpireAgain(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	id := c.createOnramp(onrampOrder("1000.19"))
	c.submitUTR(id, utr(1)).ok()
	c.clock.Advance(30 * time.Minute)
	require.Equal(t, "expired", c.onrampStatus(id).str("data.status"))
	c.submitUTR(id, utr(2)).refused(http.StatusForbidden, "Invalid UTR")
	c.clock.Advance(20 * time.Minute)
	require.Equal(t, "fiatPending", c.onrampStatus(id).str("data.status"))
	c.submitUTR(id, utr(2)).ok()
	c.clock.Advance(time.Minute)
	c.renew()
	require.Equal(t, "fiatReceived", c.onrampStatus(id).str("data.status"))
}

func TestCreateResponseMayOmitPaymentMethods(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	for fraction, want := range map[string][3]bool{ // QR code, VPA, deep links
		".00": {true, true, true}, ".11": {}, ".12": {false, true, false}, ".13": {true, false, false}, ".14": {false, false, true},
	} {
		made := c.post("/v1/orders/create", onrampOrder("1000"+fraction)).ok()
		qr, _ := made.at("data.redirect_actions.qr_checkout_string").(string)
		links, _ := made.at("data.redirect_actions.deepLinks").([]any)
		require.Equal(t, want, [3]bool{qr != "", made.str("data.paymentDetails.upiCode") != "", len(links) > 0}, fraction)
	}
}

func TestSlowOnrampTakesThirtyHours(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	id := c.createOnramp(onrampOrder("1000.05"))
	c.submitUTR(id, goodUTR).ok()
	_, after := c.walkOnramp(id)
	require.Equal(t, 30*time.Hour+time.Minute, after[2])
}

func TestOnrampDoesNotSwapANativeCoin(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	id := c.createOnramp(onrampOrder("1000").with("buyTokenSymbol", "MATIC").with("buyTokenAddress", native))
	c.submitUTR(id, goodUTR).ok()
	statuses, _ := c.walkOnramp(id)
	require.Equal(t, []string{"fiatPending", "fiatReceived", "orderReceived", "transferred", "completed"}, statuses)
}

func TestTransferShowsOnceTheTokensAreSent(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	quoted := c.post("/v1/quote/buy", buyQuote("1000")).ok()
	id := c.createOnramp(onrampOrder("1000"))
	c.submitUTR(id, goodUTR).ok()
	c.clock.Advance(3 * time.Minute)
	before := c.onrampStatus(id)
	for _, field := range []string{"transactionHash", "explorerUrl", "transferredAmount", "transferredAmountWei"} {
		require.Empty(t, before.str("data."+field))
	}
	c.clock.Advance(time.Minute)
	after := c.onrampStatus(id)
	require.Equal(t, "transferred", after.str("data.status"))
	require.Regexp(t, `^0x[0-9a-f]{64}$`, after.str("data.transactionHash"))
	require.Equal(t, "https://polygonscan.com/tx/"+after.str("data.transactionHash"), after.str("data.explorerUrl"))
	require.Equal(t, quoted.str("data.receivedTokens"), after.str("data.transferredAmount"))
	require.Equal(t, quoted.str("data.quote"), after.str("data.transferredAmountWei"))
	require.Equal(t, "2026-01-10T10:04:00.000Z", after.str("data.updated_at"))
	require.Equal(t, after.str("data.transactionHash"), c.get("/v1/orders/0").ok().str("data.0.txnHash"))
}

func TestEndedOrdersHaveAReason(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	for i, amount := range []string{"1000.01", "1000.02", "1000.07"} {
		id := c.createOnramp(onrampOrder(amount))
		c.submitUTR(id, utr(i)).ok()
		require.Empty(t, c.onrampStatus(id).str("data.reason"))
		c.clock.Advance(2 * time.Minute)
		require.NotEmpty(t, c.onrampStatus(id).str("data.reason"))
	}
}

func TestUnpaidOrderExpiresAfterThreeHours(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	id := c.createOnramp(onrampOrder("1000"))
	c.clock.Advance(3*time.Hour - time.Millisecond)
	c.renew()
	require.Equal(t, "fiatPending", c.onrampStatus(id).str("data.status"))
	c.clock.Advance(time.Millisecond)
	require.Equal(t, "expired", c.onrampStatus(id).str("data.status"))
	c.submitUTR(id, goodUTR).refused(http.StatusForbidden, "Invalid UTR")
}

func TestPaidOrderDoesNotExpire(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	id := c.createOnramp(onrampOrder("1000"))
	c.clock.Advance(3*time.Hour - time.Second)
	c.renew()
	c.submitUTR(id, goodUTR).ok()
	c.clock.Advance(30 * time.Second)
	require.Equal(t, "fiatPending", c.onrampStatus(id).str("data.status"))
	c.clock.Advance(time.Hour)
	c.renew()
	require.Equal(t, "completed", c.onrampStatus(id).str("data.status"))
}

func TestPaymentInstructionsDependOnThePaymentMode(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	upi := c.post("/v1/orders/create", onrampOrder("1000.5")).ok()
	require.Contains(t, upi.str("data.redirect_actions.qr_checkout_string"), "upi://pay?pa=merchant0001@examplebank&am=1000.50&tn=")
	require.Equal(t, "merchant0001@examplebank", upi.str("data.paymentDetails.upiCode"))
	require.NotEmpty(t, upi.list("data.redirect_actions.deepLinks"))
	for _, mode := range []string{"INR_IMPS", "INR_NEFT"} {
		bank := c.post("/v1/orders/create", bankOrder(mode, "1000")).ok()
		require.NotContains(t, bank.text, "redirect_actions")
		require.Empty(t, bank.str("data.paymentDetails.upiCode"))
	}
}

func TestOrderAcceptsTheUnusedAccountAsEmpty(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	none := object{"accountName": "", "accountNumber": "", "ifsc": ""}
	c.createOnramp(onrampOrder("1000").with("bankDetails", none))
	c.createOnramp(bankOrder("INR_NEFT", "1000").with("upiId", object{"upiId": "", "name": ""}))
}

func TestOnrampRequiresKYC(t *testing.T) {
	t.Parallel()
	c := start(t).login("asha+linked+nokyc@example.test")
	c.post("/v1/orders/create", onrampOrder("1000")).refused(http.StatusBadRequest, "KYC not verified")
	c.post("/v1/offramp/orders/create", offrampOrder("10")).refused(http.StatusBadRequest, "KYC not verified")
}

func TestOnrampRequiresTheLinkedAccount(t *testing.T) {
	t.Parallel()
	p := start(t)
	c := p.login("asha@example.test")
	c.linkUPI("asha.pending@okbank").ok()
	for name, order := range map[string]object{
		"UPI":  onrampOrder("1000"),
		"IMPS": bankOrder("INR_IMPS", "1000"),
		"pending UPI": onrampOrder("1000").with("upiId",
			object{"upiId": "asha.pending@okbank", "name": "Asha Rao"}),
	} {
		r := c.post("/v1/orders/create", order)
		require.Equal(t, http.StatusNotFound, r.status, name)
		require.Contains(t, r.str("error.message"), "details are not found for the user")
	}
	linked := p.login(linkedEmail)
	linked.post("/v1/orders/create", bankOrder("INR_IMPS", "1000").with("bankDetails",
		object{"accountName": "Asha Rao", "accountNumber": "50100000004821", "ifsc": "HDFC0009999"})).
		refused(http.StatusNotFound, "Bank details are not found for the user")
	linked.createOnramp(bankOrder("INR_IMPS", "1000").with("bankDetails",
		object{"accountName": "Asha Rao", "accountNumber": "XXXX4821", "ifsc": "HDFC0001234"}))
}

func TestOrderIsCheckedAgainstTokensAndWallets(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	const solanaUSDC, solanaWallet = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v", "4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU"
	const tronUSDT, tronChain = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", 728126428
	onSolana := onrampOrder("1000").with("chainId", 101).with("buyTokenAddress", solanaUSDC)
	onTron := onrampOrder("1000").with("chainId", tronChain).with("buyTokenAddress", tronUSDT).with("buyTokenSymbol", "USDT")
	for name, tc := range map[string]struct {
		order   object
		message string // empty: the order is made
	}{
		"upper-case token address":   {onrampOrder("1000").with("buyTokenAddress", "0x3C499C542CEF5E3811E1192CE70D8CC03D5C3359"), ""},
		"symbol of another token":    {onrampOrder("1000").with("buyTokenSymbol", "USDT"), "Token is not supported"},
		"token of another chain":     {onrampOrder("1000").with("chainId", 1), "Token is not supported"},
		"unknown chain":              {onrampOrder("1000").with("chainId", 80001), "Token is not supported"},
		"wallet too short":           {onrampOrder("1000").with("receiverAddress", "0x1111"), "Invalid wallet address"},
		"wallet of another chain":    {onrampOrder("1000").with("receiverAddress", solanaWallet), "Invalid wallet address"},
		"Solana":                     {onSolana.with("receiverAddress", solanaWallet), ""},
		"Solana to an EVM wallet":    {onSolana, "Invalid wallet address"},
		"Solana token in lower case": {onSolana.with("buyTokenAddress", strings.ToLower(solanaUSDC)), "Token is not supported"},
		"Tron":                       {onTron.with("receiverAddress", tronUSDT), ""},
		"Tron, wrong check sum":      {onTron.with("receiverAddress", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6s"), "Invalid wallet address"},
		"Tron, another prefix":       {onTron.with("receiverAddress", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"), "Invalid wallet address"},
		"Tron, wrong length":         {onTron.with("receiverAddress", solanaWallet), "Invalid wallet address"},
	} {
		t.Run(name, func(t *testing.T) {
			r := c.post("/v1/orders/create", tc.order)
			if tc.message == "" {
				r.ok()
				return
			}
			r.refused(http.StatusBadRequest, tc.message)
		})
	}
}

func TestOrdersOfOtherUsersAreNotFound(t *testing.T) {
	t.Parallel()
	p := start(t)
	mine, other := p.login(linkedEmail), p.login("other+linked@example.test")
	on, off := mine.createOnramp(onrampOrder("1000")), mine.createOfframp(offrampOrder("10"))
	for _, r := range []reply{
		other.post("/v1/orders/status", object{"orderId": on}),
		other.post("/v1/offramp/orders/status", object{"orderId": off}),
		other.submitUTR(on, goodUTR), other.submitHash(off, goodHash),
		mine.post("/v1/orders/status", object{"orderId": off}),
		mine.post("/v1/offramp/orders/status", object{"orderId": on}),
		mine.post("/v1/orders/status", object{"orderId": "650000000000000000000001"}),
	} {
		r.refused(http.StatusNotFound, "data not found")
	}
	require.Empty(t, other.get("/v1/orders/0").ok().list("data"))
}

func TestHistoryListsTenOrdersAPageNewestFirst(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	var made []string
	for i := range 12 {
		made = append([]string{c.createOnramp(onrampOrder(fmt.Sprint(1000 + i)))}, made...)
		c.clock.Advance(time.Second)
	}
	c.createOfframp(offrampOrder("10"))
	c.submitUTR(made[0], goodUTR).ok()
	first, second := c.get("/v1/orders/0").ok(), c.get("/v1/orders/1").ok()
	var listed []string
	for _, page := range []reply{first, second} {
		for i := range page.list("data") {
			listed = append(listed, page.str(fmt.Sprintf("data.%d.orderId", i)))
		}
	}
	require.Equal(t, made, listed)
	require.Len(t, first.list("data"), 10)
	require.Equal(t, goodUTR, first.str("data.0.paymentDetails.reference"))
	require.Equal(t, "1011", first.num("data.0.amount"))
	require.JSONEq(t, `{"success":true,"data":[]}`, c.get("/v1/orders/2").text)
	c.get("/v1/orders/first").refused(http.StatusBadRequest, "Invalid request")
}

func TestInvoiceIsForCompletedOrders(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	id := c.createOnramp(onrampOrder("1000"))
	refusal := `{"success":false,"error":{"code":"INVALID_ORDER_ID","message":"Invalid order id"}}`
	require.JSONEq(t, refusal, c.get("/v1/orders/invoice/"+id).text)
	c.submitUTR(id, goodUTR).ok()
	c.clock.Advance(10 * time.Minute)
	require.Contains(t, c.get("/v1/orders/invoice/"+id).ok().str("data.url"), id)
	require.JSONEq(t, refusal, c.get("/v1/orders/invoice/nothing").text)
}

func TestTokensAreABareListAndEachCanBeQuoted(t *testing.T) {
	t.Parallel()
	p := start(t)
	tokens, ok := p.get("/v1/tokens").body.([]any)
	require.True(t, ok)
	require.Equal(t, p.get("/v1/tokens").text, p.get("/v1/tokens/").text)
	for _, each := range tokens {
		token := each.(map[string]any)
		quote := buyQuote("5000").with("buyTokenSymbol", token["symbol"]).with("buyTokenAddress", token["address"]).
			with("chainId", token["chainId"].(json.Number))
		p.post("/v1/quote/buy", quote).ok()
	}
}

func TestCurrenciesContainTheBeneficiaryOfBankTransfers(t *testing.T) {
	t.Parallel()
	r := start(t).get("/v1/orders/currencies").ok()
	require.Equal(t, "INR_UPI", r.str("data.0.paymentModes.0.code"))
	require.Nil(t, r.at("data.0.paymentModes.0.extra"))
	require.NotEmpty(t, r.str("data.0.paymentModes.1.extra.account"))
}
