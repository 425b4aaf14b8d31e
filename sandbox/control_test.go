package sandbox_test

import (
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"time"

	"rampart/sandbox/ledger"

	"github.com/stretchr/testify/require"
)

// control calls the control plane, which asks for no credentials.
func (p *provider) control(path string, body object) reply {
	p.t.Helper()
	r := p.send(http.MethodPost, path, encode(p.t, body), nil)
	require.Equal(p.t, http.StatusOK, r.status, r.text)
	return r
}

func TestHealthRequiresNoCredentials(t *testing.T) {
	t.Parallel()
	r := start(t).send(http.MethodGet, "/sandbox/health", nil, nil)
	require.Equal(t, http.StatusOK, r.status)
	require.JSONEq(t, `{"status":"ok"}`, r.text)
}

func TestClockIsMovedOverHTTP(t *testing.T) {
	t.Parallel()
	p := start(t)
	require.Equal(t, "2026-01-10T13:00:00Z", p.control("/sandbox/clock", object{"advance": "3h"}).str("now"))
	require.Equal(t, "2026-02-01T00:01:00Z", p.control("/sandbox/clock", object{"set": "2026-02-01T00:00:00Z", "advance": "1m"}).str("now"))
	require.Equal(t, "2026-02-01T00:01:00Z", p.send(http.MethodGet, "/sandbox/clock", nil, nil).str("now"))
	require.Equal(t, "1000", p.control("/sandbox/clock", object{"speed": 1000}).num("speed"))
	require.InDelta(t, 1000, p.clock.Speed(), 0)
}

func TestClockRefusesInvalidRequests(t *testing.T) {
	t.Parallel()
	p := start(t)
	for _, body := range []string{`{"speed":-1}`, `{"speed":"2"}`, `{"speed":1000001,"advance":"1h"}`, `{"advance":"3"}`,
		`{"set":"tomorrow"}`, `{"sped":1}`, `[]`, `null`, ``} {
		r := p.send(http.MethodPost, "/sandbox/clock", []byte(body), nil)
		require.Equal(t, http.StatusBadRequest, r.status, body)
		require.NotEmpty(t, r.str("error"))
	}
	require.Equal(t, testStart(), p.clock.Now())
}

func TestOrderIsForcedIntoAnyStatus(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	id := c.createOnramp(onrampOrder("1000"))
	c.control("/sandbox/orders/"+id, object{"status": "cancelled", "reason": "asked for"})
	status := c.onrampStatus(id)
	require.Equal(t, "cancelled", status.str("data.status"))
	require.Equal(t, "asked for", status.str("data.reason"))
	c.clock.Advance(5 * time.Hour)
	shown := c.send(http.MethodGet, "/sandbox/orders/"+id, nil, nil)
	require.Equal(t, "cancelled", shown.str("status"))
	require.Equal(t, "fiatPending", shown.str("timeline.0.status"))
}

func TestForcedOrderContinuesIfRequested(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	id := c.createOnramp(onrampOrder("1000"))
	c.control("/sandbox/orders/"+id, object{"status": "fiatReceived", "goOn": true})
	c.clock.Advance(time.Minute)
	require.Equal(t, "orderReceived", c.onrampStatus(id).str("data.status"))
	c.clock.Advance(time.Hour - 2*time.Minute)
	require.Equal(t, "completed", c.onrampStatus(id).str("data.status"))
}

func TestPaymentIsFoundOnRequest(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	on, short, off, expired := c.createOnramp(onrampOrder("1000")), c.createOnramp(onrampOrder("1000")),
		c.createOfframp(offrampOrder("10")), c.createOnramp(onrampOrder("1000.17"))
	c.clock.Advance(10 * time.Minute)
	require.Equal(t, "expired", c.onrampStatus(expired).str("data.status"))
	c.control("/sandbox/orders/"+on+"/payment", object{})
	c.control("/sandbox/orders/"+expired+"/payment", object{})
	c.control("/sandbox/orders/"+off+"/payment", object{})
	c.control("/sandbox/orders/"+short+"/payment", object{"amount": json.Number("900")})
	require.Equal(t, "fiatReceived", c.onrampStatus(on).str("data.status"))
	require.Equal(t, "fiatReceived", c.onrampStatus(expired).str("data.status"))
	require.Equal(t, "orderReceived", c.offrampStatus(off).str("data.status"))
	require.Equal(t, "cancelled", c.onrampStatus(short).str("data.status"))
	require.Contains(t, c.onrampStatus(short).str("data.reason"), "900.00 INR")
	require.Equal(t, http.StatusBadRequest,
		c.send(http.MethodPost, "/sandbox/orders/"+on+"/payment", []byte(`{}`), nil).status, "it is found once")
	for _, o := range c.srv.Ledger().Orders {
		require.True(t, o.HoldsPayment())
		require.Equal(t, testStart().Add(10*time.Minute), o.Payment.FoundAt)
	}
	c.clock.Advance(30 * time.Minute)
	require.Equal(t, "completed", c.onrampStatus(expired).str("data.status"))
}

func TestOrderIsAlteredAndHiddenOnRequest(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	on, off := c.createOnramp(onrampOrder("1000")), c.createOfframp(offrampOrder("10"))
	wallet := "0x2222222222222222222222222222222222222222"
	c.control("/sandbox/orders/"+on+"/alter", object{"fiatAmount": json.Number("900"), "wallet": wallet, "proof": "412345678901"})
	c.control("/sandbox/orders/"+off+"/alter", object{"wallet": wallet, "tokenAmount": json.Number("9")})
	require.Equal(t, "900", c.onrampStatus(on).num("data.fiat"))
	require.Equal(t, wallet, c.onrampStatus(on).str("data.receiverWalletAddress"))
	require.Equal(t, "412345678901", c.get("/v1/orders/0").ok().str("data.0.paymentDetails.reference"))
	require.Equal(t, wallet, c.offrampStatus(off).str("data.senderWalletAddress"))
	c.control("/sandbox/orders/"+off+"/alter", object{"hidden": true})
	c.post("/v1/offramp/orders/status", object{"orderId": off}).refused(http.StatusNotFound, "data not found")
	c.control("/sandbox/orders/"+off+"/alter", object{"hidden": false})
	require.Equal(t, off, c.offrampStatus(off).str("data.orderId"))
}

func TestOrderIsCopiedOnRequest(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	on := c.createOnramp(onrampOrder("1000"))
	c.control("/sandbox/orders/"+on+"/payment", object{})
	twin := c.control("/sandbox/orders/"+on+"/copy", object{}).str("id")
	require.NotEqual(t, on, twin)
	require.Equal(t, "fiatPending", c.onrampStatus(twin).str("data.status"))
	require.Equal(t, twin, c.get("/v1/orders/0").ok().str("data.0.orderId"))
	require.Empty(t, c.srv.Ledger().Orders[1].Reference)
	require.Equal(t, http.StatusNotFound, c.send(http.MethodPost, "/sandbox/orders/none/copy", []byte(`{}`), nil).status)
	require.Equal(t, http.StatusNotFound, c.send(http.MethodPost, "/sandbox/orders/none/alter", []byte(`{}`), nil).status)
}

func TestUnknownOrderOfTheControlPlaneIs404(t *testing.T) {
	t.Parallel()
	p := start(t)
	require.Equal(t, http.StatusNotFound, p.send(http.MethodGet, "/sandbox/orders/none", nil, nil).status)
	require.Equal(t, http.StatusNotFound, p.send(http.MethodPost, "/sandbox/orders/none", []byte(`{"status":"x"}`), nil).status)
	require.Equal(t, http.StatusBadRequest, p.send(http.MethodPost, "/sandbox/orders/none", []byte(`{}`), nil).status)
	require.Equal(t, http.StatusNotFound, p.send(http.MethodPost, "/sandbox/orders/none/payment", []byte(`{}`), nil).status)
}

func TestUserIsPreparedOverHTTP(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.control("/sandbox/users", object{
		"email": "asha@example.test", "name": "Asha Rao", "kyc": "verified",
		"bank": object{"accountName": "Asha Rao", "accountNumber": "50100000004821", "ifsc": "HDFC0001234"},
		"upi":  object{"upiId": "asha@okbank", "name": "Asha Rao"},
	})
	c := p.login("asha@example.test")
	c.createOnramp(onrampOrder("1000"))
	c.createOfframp(offrampOrder("10"))
	p.control("/sandbox/users", object{"email": "asha@example.test", "kyc": "nokyc"})
	require.Equal(t, "false", c.kycVerified())
}

func TestUserRequestIsValidatedStrictly(t *testing.T) {
	t.Parallel()
	p := start(t)
	for _, body := range []string{`{}`, `{"email":"asha"}`, `{"email":"asha@example.test","kyc":"maybe"}`,
		`{"email":"asha@example.test","bank":{"accountName":"A","accountNumber":"1","ifsc":"X"}}`} {
		require.Equal(t, http.StatusBadRequest, p.send(http.MethodPost, "/sandbox/users", []byte(body), nil).status, body)
	}
	require.Zero(t, p.srv.Ledger().Users)
}

func TestResetClearsEverythingExceptTheClock(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	c.createOnramp(onrampOrder("1000"))
	c.clock.Advance(time.Minute)
	c.control("/sandbox/reset", object{})
	ledger := c.srv.Ledger()
	require.Empty(t, ledger.Orders)
	require.Zero(t, ledger.Users)
	require.Equal(t, testStart().Add(time.Minute), ledger.At)
	c.get("/v1/users/bank/fetch").refused(http.StatusUnauthorized, "unauthorized to access")
}

func TestLedgerListsOrdersProofsPayoutsAndCalls(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	on, off := c.createOnramp(onrampOrder("1000")), c.createOfframp(offrampOrder("10"))
	c.submitUTR(on, goodUTR).ok()
	c.submitUTR(on, goodUTR).ok()
	c.submitHash(off, goodHash).ok()
	c.submitHash(off, goodHash)
	c.clock.Advance(time.Hour)
	books := c.srv.Ledger()
	require.Equal(t, []string{"onramp completed", "offramp PayoutSuccess"}, []string{
		books.Orders[0].Direction + " " + books.Orders[0].Status, books.Orders[1].Direction + " " + books.Orders[1].Status})
	require.Equal(t, map[string]string{"myRef": "inv-42"}, books.Orders[0].MetaData)
	require.Equal(t, []ledger.AcceptedProof{{OrderID: on, Proof: goodUTR, At: testStart()}, {OrderID: off, Proof: goodHash, At: testStart()}}, books.Proofs)
	require.Len(t, books.Payouts, 2)
	require.Equal(t, "tokens", books.Payouts[0].Kind)
	require.Equal(t, "fiat", books.Payouts[1].Kind)
	require.Equal(t, 2, books.Calls["POST /v1/orders/utr"])
	require.Equal(t, 1, books.Refusals["POST /v1/offramp/orders/txnhash: 409 Duplicate transaction hash"])
	overHTTP := c.send(http.MethodGet, "/sandbox/ledger", nil, nil)
	require.JSONEq(t, string(encode(t, books)), overHTTP.text)
}

func TestConcurrentCallsLoseNothing(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			r := c.post("/v1/offramp/orders/create", offrampOrder("10"))
			c.submitHash(r.str("data.orderId"), hash(i))
		})
	}
	group.Wait()
	ledger := c.srv.Ledger()
	require.Len(t, ledger.Orders, 20)
	require.Len(t, ledger.Proofs, 20)
}
