package sandbox_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/sandbox"
	"rampart/sandbox/fault"
	"rampart/sandbox/ledger"
)

const (
	loginRoute  = "POST /v1/users/login"
	createRoute = "POST /v1/orders/create"
	utrRoute    = "POST /v1/orders/utr"
	hashRoute   = "POST /v1/offramp/orders/txnhash"
	linkRoute   = "POST /v1/users/upi-link"
	statusRoute = "POST /v1/orders/status"
)

// rule gives the next call of a route a fault.
func rule(route string, f fault.Fault) fault.Rule {
	return fault.Rule{Fault: f, Scope: fault.Scope{Route: route}, Times: 1}
}

func (p *provider) fault(rule fault.Rule) fault.Rule {
	p.t.Helper()
	added, err := p.srv.AddFault(rule)
	require.NoError(p.t, err)
	return added
}

// attempt makes a call that may fail, on a connection of its own: on one that was used before, Go's client repeats a
// GET by itself. What arrived of the answer is returned with the error.
func (c *customer) attempt(ctx context.Context, path string, body object) (reply, error) {
	c.t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+path, bytes.NewReader(encode(c.t, body)))
	require.NoError(c.t, err)
	for name, value := range c.headers() {
		req.Header.Set(name, value)
	}
	res, err := client.Do(req)
	if err != nil {
		return reply{t: c.t}, err
	}
	defer func() { require.NoError(c.t, res.Body.Close()) }()
	text, err := io.ReadAll(res.Body)
	return reply{t: c.t, status: res.StatusCode, header: res.Header, text: string(text), body: decode(text)}, err
}

// shortContext returns a context that ends soon.
func shortContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

// TestFaultLosesTheResponseBeforeOrAfterTheEffect applies to the creation of an order with every kind of fault that
// loses or replaces an answer.
func TestFaultLosesTheResponseBeforeOrAfterTheEffect(t *testing.T) {
	t.Parallel()
	broken := func(want error) func(*testing.T, reply, error) {
		return func(t *testing.T, _ reply, err error) { require.ErrorIs(t, err, want) }
	}
	answered := func(status int, contentType string) func(*testing.T, reply, error) {
		return func(t *testing.T, r reply, err error) {
			require.NoError(t, err)
			require.Equal(t, status, r.status)
			require.Equal(t, contentType, r.header.Get("Content-Type"))
			require.NotEmpty(t, r.header.Get(fault.Header))
		}
	}
	const html, json = "text/html", "application/json; charset=utf-8"
	for name, tc := range map[string]struct {
		fault  fault.Fault
		sees   func(*testing.T, reply, error)
		orders int
		answer string // as the ledger counts it
	}{
		"timeout":       {fault.Fault{Kind: fault.Timeout}, broken(context.DeadlineExceeded), 0, "none"},
		"timeout after": {fault.Fault{Kind: fault.Timeout, After: true}, broken(context.DeadlineExceeded), 1, "none"},
		"reset":         {fault.Fault{Kind: fault.Reset}, broken(syscall.ECONNRESET), 0, "none"},
		"reset after":   {fault.Fault{Kind: fault.Reset, After: true}, broken(syscall.ECONNRESET), 1, "none"},
		"truncated":     {fault.Fault{Kind: fault.Truncated}, broken(io.ErrUnexpectedEOF), 1, "200"},
		"html":          {fault.Fault{Kind: fault.HTML}, answered(200, html), 0, "200"},
		"html after":    {fault.Fault{Kind: fault.HTML, After: true}, answered(200, html), 1, "200"},
		"html 502":      {fault.Fault{Kind: fault.HTML, Status: 502}, answered(502, html), 0, "502"},
		"error":         {fault.Fault{Kind: fault.Error}, answered(503, json), 0, "503"},
		"error after":   {fault.Fault{Kind: fault.Error, Status: 504, After: true}, answered(504, json), 1, "504"},
		"rate limit":    {fault.Fault{Kind: fault.RateLimit}, answered(429, json), 0, "429"},
		"unauthorized":  {fault.Fault{Kind: fault.Unauthorized}, answered(401, json), 0, "401"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t).login(linkedEmail)
			c.fault(rule(createRoute, tc.fault))
			ctx := t.Context()
			if tc.fault.Kind == fault.Timeout {
				ctx = shortContext(t)
			}

			r, err := c.attempt(ctx, "/v1/orders/create", onrampOrder("1000"))

			tc.sees(t, r, err)
			require.Eventually(t, func() bool { return c.srv.Ledger().Routes[createRoute].Answers[tc.answer] == 1 },
				5*time.Second, time.Millisecond)
			require.Len(t, c.srv.Ledger().Orders, tc.orders)
			require.Equal(t, map[string]int{tc.fault.String(): 1}, c.srv.Ledger().Routes[createRoute].Faults)
			c.createOnramp(onrampOrder("1000"))
			require.Len(t, c.srv.Ledger().Orders, tc.orders+1)
		})
	}
}

func TestTruncatedResponseIsIncomplete(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	c.fault(rule(createRoute, fault.Fault{Kind: fault.Truncated}))
	r, err := c.attempt(t.Context(), "/v1/orders/create", onrampOrder("1000"))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.True(t, strings.HasPrefix(r.text, `{"success":true`), r.text)
	require.Nil(t, r.body)
}

func TestLostResponsesKeepTheEffect(t *testing.T) {
	t.Parallel()
	lost := fault.Fault{Kind: fault.Reset, After: true}
	c := start(t).login(linkedEmail)
	on, off := c.createOnramp(onrampOrder("1000")), c.createOfframp(offrampOrder("10"))
	for route, body := range map[string]object{
		utrRoute:  {"orderId": on, "utr": goodUTR},
		hashRoute: {"orderId": off, "txnHash": goodHash},
		linkRoute: upiLink(linkedEmail, "asha.two@okbank"),
	} {
		c.fault(rule(route, lost))
		_, err := c.attempt(t.Context(), strings.TrimPrefix(route, "POST "), body)
		require.ErrorIs(t, err, syscall.ECONNRESET)
	}
	require.Len(t, c.srv.Ledger().Proofs, 2)
	require.Len(t, c.get("/v1/users/upi/fetch").ok().list("data"), 2)
	require.Equal(t, 1, c.srv.Ledger().Totals.UPILinks)
}

func TestLatencyDelaysTheResponse(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	c.fault(rule(createRoute, fault.Fault{Kind: fault.Latency, Delay: fault.Duration(50 * time.Millisecond)}))
	began := time.Now()
	c.createOnramp(onrampOrder("1000"))
	require.GreaterOrEqual(t, time.Since(began), 50*time.Millisecond)
}

func TestRequestCancelledDuringLatencyHasNoEffect(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	c.fault(rule(createRoute, fault.Fault{Kind: fault.Latency, Delay: fault.Duration(time.Hour)}))
	_, err := c.attempt(shortContext(t), "/v1/orders/create", onrampOrder("1000"))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Eventually(t, func() bool { return c.srv.Ledger().Totals.Unanswered == 1 }, 5*time.Second, time.Millisecond)
	require.Empty(t, c.srv.Ledger().Orders)
}

func TestCloseEndsHangingCalls(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	c.fault(rule(createRoute, fault.Fault{Kind: fault.Timeout}))
	ended := make(chan error, 1)
	go func() {
		_, err := c.attempt(t.Context(), "/v1/orders/create", onrampOrder("1000"))
		ended <- err
	}()
	require.Eventually(t, func() bool { return c.srv.Ledger().Totals.Faults == 1 }, 5*time.Second, time.Millisecond)
	c.srv.Close()
	c.srv.Close()
	require.ErrorIs(t, <-ended, syscall.ECONNRESET)
}

func TestRetryAfterIsSecondsOrADateOfTheSandboxsClock(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	wait := fault.Duration(90 * time.Second)
	for _, tc := range []struct {
		fault fault.Fault
		want  string
	}{
		{fault.Fault{Kind: fault.RateLimit}, ""},
		{fault.Fault{Kind: fault.RateLimit, RetryAfter: wait}, "90"},
		{fault.Fault{Kind: fault.RateLimit, RetryAfter: wait, AsDate: true}, "Sat, 10 Jan 2026 10:01:30 GMT"},
		{fault.Fault{Kind: fault.Error, RetryAfter: wait}, "90"},
	} {
		c.fault(rule(createRoute, tc.fault))
		r := c.post("/v1/orders/create", onrampOrder("1000"))
		require.GreaterOrEqual(t, r.status, 429)
		require.Equal(t, tc.want, r.header.Get("Retry-After"))
		require.Equal(t, "Sat, 10 Jan 2026 10:00:00 GMT", r.header.Get("Date"))
	}
}

func TestUnauthorizedIsReturnedForAValidToken(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	c.fault(rule(createRoute, fault.Fault{Kind: fault.Unauthorized}))
	r := c.post("/v1/orders/create", onrampOrder("1000"))
	require.Equal(t, http.StatusUnauthorized, r.status)
	require.JSONEq(t, `{"success":false,"error":{"code":401,"message":"unauthorized to access"}}`, r.text)
	c.createOnramp(onrampOrder("1000"))
}

func TestRevokedUserMustLogInAgain(t *testing.T) {
	t.Parallel()
	p := start(t)
	c, other := p.login(linkedEmail), p.login("other+linked@example.test")
	c.fault(fault.Rule{Fault: fault.Fault{Kind: fault.Revoke}, Scope: fault.Scope{Email: linkedEmail}, Times: 1})
	other.get("/v1/users/bank/fetch").ok()
	for range 2 {
		c.get("/v1/users/bank/fetch").refused(http.StatusUnauthorized, "unauthorized to access")
	}
	headers := withKey()
	headers["Authorization"] = "Bearer " + c.refresh
	c.send(http.MethodGet, "/v1/users/refresh-token", nil, headers).refused(http.StatusUnauthorized, "unauthorized to access")
	c.renew()
	c.get("/v1/users/bank/fetch").ok()
	require.Equal(t, 1, c.srv.Ledger().Totals.TokensRevoked)
}

// TestStatusFaultsChangeWhatPollsReturn polls a paid order once a minute, the fault striking with the first poll.
func TestStatusFaultsChangeWhatPollsReturn(t *testing.T) {
	t.Parallel()
	minutes := func(n int) fault.Duration { return fault.Duration(time.Duration(n) * time.Minute) }
	for name, tc := range map[string]struct {
		fault fault.Fault
		polls string
	}{
		"none": {fault.Fault{Kind: fault.Latency, Delay: 1},
			"fiatPending fiatReceived orderReceived InProgress transferred completed"},
		"stale": {fault.Fault{Kind: fault.Stale, Lag: minutes(2), For: minutes(4)},
			"fiatPending fiatPending fiatPending fiatReceived transferred completed"},
		"reorder": {fault.Fault{Kind: fault.Reorder},
			"fiatPending orderReceived fiatReceived InProgress transferred completed"},
		"repeat": {fault.Fault{Kind: fault.Repeat},
			"fiatPending fiatReceived orderReceived fiatReceived orderReceived InProgress transferred completed"},
		"late": {fault.Fault{Kind: fault.Late, Delay: minutes(2)},
			"fiatPending fiatPending fiatPending fiatReceived orderReceived InProgress transferred completed"},
		"late payment": {fault.Fault{Kind: fault.LatePayment, Delay: minutes(2)},
			"expired expired expired fiatReceived orderReceived InProgress transferred completed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t).login(linkedEmail)
			id := c.createOnramp(onrampOrder("1000"))
			c.submitUTR(id, goodUTR).ok()
			added := c.fault(fault.Rule{Fault: tc.fault, Scope: fault.Scope{Reference: ""}, Times: 1})
			var seen []string
			for range strings.Count(tc.polls, " ") + 1 {
				seen = append(seen, c.onrampStatus(id).str("data.status"))
				c.clock.Advance(time.Minute)
			}
			require.Equal(t, tc.polls, strings.Join(seen, " "))
			require.Equal(t, 1, c.srv.Faults()[0].Injected, added.ID)
			c.clock.Advance(time.Hour)
			require.Len(t, c.srv.Ledger().Payouts, 1)
			require.Equal(t, "completed", c.srv.Ledger().Orders[0].Status)
		})
	}
}

// Otherwise an order under faults would take the longer the longer it takes.
func TestRepeatedStatusesDoNotRepeatTheWaitBeforeThem(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	id := c.createOnramp(onrampOrder("1000"))
	c.submitUTR(id, goodUTR).ok()
	c.fault(fault.Rule{Fault: fault.Fault{Kind: fault.Late, Delay: fault.Duration(time.Hour)}, Times: 1})
	c.onrampStatus(id)
	c.fault(fault.Rule{Fault: fault.Fault{Kind: fault.Repeat}, Times: 1})
	require.Equal(t, "fiatPending", c.onrampStatus(id).str("data.status"))
	c.clock.Advance(time.Hour + 10*time.Minute)
	c.renew()
	require.Equal(t, "completed", c.onrampStatus(id).str("data.status"))
}

func TestStaleOrderIsStaleInTheHistoryToo(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	id := c.createOnramp(onrampOrder("1000"))
	c.submitUTR(id, goodUTR).ok()
	c.clock.Advance(5 * time.Minute)
	c.fault(rule(statusRoute, fault.Fault{Kind: fault.Stale, Lag: fault.Duration(2 * time.Minute)}))
	require.Equal(t, "InProgress", c.onrampStatus(id).str("data.status"))
	require.Equal(t, "InProgress", c.get("/v1/orders/0").ok().str("data.0.status"))
	require.Equal(t, "completed", c.srv.Ledger().Orders[0].Status)
}

func TestFaultWithNothingToChangeIsNotInjected(t *testing.T) {
	t.Parallel()
	for _, kind := range []fault.Kind{
		fault.Reorder, fault.Repeat, fault.Late, fault.LatePayment,
	} {
		c := start(t).login(linkedEmail)
		id := c.createOnramp(onrampOrder("1000"))
		c.fault(rule(statusRoute, fault.Fault{Kind: kind}))
		require.Equal(t, "fiatPending", c.onrampStatus(id).str("data.status"))
		require.Zero(t, c.srv.Faults()[0].Injected)
		c.clock.Advance(3 * time.Hour)
		c.renew()
		require.Equal(t, "expired", c.onrampStatus(id).str("data.status"))
		require.Zero(t, c.srv.Ledger().Totals.Faults)
	}
}

func TestRuleAppliesToOneOrderReferenceOrUser(t *testing.T) {
	t.Parallel()
	p := start(t)
	c := p.login(linkedEmail)
	other := p.login("other+linked@example.test")
	first := c.createOnramp(referenced(onrampOrder("1000"), "inv-1"))
	second := c.createOnramp(referenced(onrampOrder("1000"), "inv-2"))
	deny := fault.Fault{Kind: fault.Unauthorized}
	refused := func(r reply) bool { return r.status == http.StatusUnauthorized }
	poll := func(id string) reply { return c.post("/v1/orders/status", object{"orderId": id}) }

	p.fault(fault.Rule{Fault: deny, Scope: fault.Scope{Order: first}})
	require.True(t, refused(poll(first)))
	require.False(t, refused(poll(second)))
	p.srv.ClearFaults()
	p.fault(fault.Rule{Fault: deny, Scope: fault.Scope{Reference: "inv-2"}})
	require.False(t, refused(poll(first)))
	require.True(t, refused(poll(second)))
	require.True(t, refused(c.post("/v1/orders/create", referenced(onrampOrder("1000"), "inv-2"))))
	p.srv.ClearFaults()
	p.fault(fault.Rule{Fault: deny, Scope: fault.Scope{Email: linkedEmail}})
	require.True(t, refused(poll(first)))
	require.True(t, refused(c.get("/v1/users/bank/fetch")))
	require.True(t, refused(p.post("/v1/users/login", object{"email": linkedEmail})))
	require.False(t, refused(other.get("/v1/users/bank/fetch")))
}

func TestRulesApplyInOrderAndHonorSkip(t *testing.T) {
	t.Parallel()
	c := startWith(t, sandbox.Options{Seed: 1, Faults: []fault.Rule{
		{Fault: fault.Fault{Kind: fault.Error, Status: 500}, Scope: fault.Scope{Route: createRoute}},
	}}).login(linkedEmail)
	scripted := rule(createRoute, fault.Fault{Kind: fault.Error, Status: 501})
	scripted.Skip = 1
	c.fault(scripted)
	scripted.Fault.Status, scripted.Skip, scripted.Times = 502, 2, 2
	c.fault(scripted)
	var statuses []int
	for range 5 {
		statuses = append(statuses, c.post("/v1/orders/create", onrampOrder("1000")).status)
	}
	require.Equal(t, []int{500, 501, 502, 502, 500}, statuses)
}

// eventsOfMix makes calls under the default mix and returns the journal.
func eventsOfMix(t *testing.T, seed int64) []ledger.Event {
	t.Helper()
	c := startWith(t, sandbox.Options{Seed: seed}).login(linkedEmail)
	c.fault(fault.MixOf(0.5))
	for range 24 {
		_, _ = c.attempt(shortContext(t), "/v1/quote/buy", buyQuote("1000"))
	}
	return c.srv.Events(0, 1000)
}

func TestMixOfFaultsRepeatsBySeed(t *testing.T) {
	t.Parallel()
	first := eventsOfMix(t, 7)
	require.Greater(t, len(first), 8)
	require.Equal(t, first, eventsOfMix(t, 7))
	require.NotEqual(t, first, eventsOfMix(t, 8))
}

func TestMixInjectsItsShareOfTheCalls(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	c.fault(fault.Rule{Fault: fault.Fault{Kind: fault.Unauthorized}, Share: 0.2})
	for range 1000 {
		c.get("/v1/tokens")
	}
	require.InDelta(t, 200, c.srv.Ledger().Totals.Faults, 50)
}

func TestWeightsOfTheMixAddUpTo100(t *testing.T) {
	t.Parallel()
	sum := 0
	var scripted []fault.Kind
	for _, kind := range fault.Table() {
		if sum += kind.Weight; kind.Weight == 0 {
			scripted = append(scripted, kind.Fault)
		}
	}
	require.Equal(t, 100, sum)
	require.Equal(t, []fault.Kind{
		fault.Flap, fault.Refuse, fault.NeedsToken, fault.SlowCommit, fault.Without, fault.Says,
		fault.EarlyClock, fault.PaymentMode, fault.Scientific, fault.ManyDecimals,
		fault.WebhookLost, fault.WebhookLate, fault.WebhookTwice, fault.WebhookReorder, fault.WebhookForged, fault.WebhookUnsigned, fault.WebhookWrapped,
	}, scripted)
}

const (
	historyRoute    = "GET /v1/orders/{skip}"
	currenciesRoute = "GET /v1/orders/currencies"
	uploadRoute     = "POST /v1/users/upload/kyc"
)

// A refusal of one call does not affect other calls.
func TestAnyValidCallCanBeRefused(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	id := c.createOnramp(onrampOrder("1000"))
	for _, tc := range []struct {
		route   string
		fault   fault.Fault
		call    func() reply
		code    int
		message string
	}{
		{loginRoute, fault.Fault{Message: "bad request"},
			func() reply { return c.provider.post("/v1/users/login", object{"email": c.email}) }, 400, "bad request"},
		{statusRoute, fault.Fault{Status: 403},
			func() reply { return c.post("/v1/orders/status", object{"orderId": id}) }, 403, "user is forbidden"},
		{"GET /v1/users/bank/fetch", fault.Fault{Status: 404},
			func() reply { return c.get("/v1/users/bank/fetch") }, 404, "data not found"},
		{historyRoute, fault.Fault{}, func() reply { return c.get("/v1/orders/0") }, 400, "Invalid request"},
	} {
		tc.fault.Kind = fault.Refuse
		c.fault(rule(tc.route, tc.fault))
		r := tc.call()
		require.Equal(t, tc.code, r.status, r.text)
		require.Equal(t, tc.message, r.str("error.message"))
		require.Equal(t, false, r.at("success"))
		tc.call().ok()
	}
	require.Equal(t, "fiatPending", c.onrampStatus(id).str("data.status"))
}

func TestErrorMayOmitSuccess(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	for _, f := range []fault.Fault{
		{Kind: fault.Refuse, Status: 409, Message: "taken", Bare: true},
		{Kind: fault.Error, Status: 503, Bare: true},
	} {
		c.fault(rule(createRoute, f))
		r := c.post("/v1/orders/create", onrampOrder("1000"))
		require.Equal(t, f.Status, r.status)
		require.Nil(t, r.at("success"))
		require.NotEmpty(t, r.str("error.message"))
	}
}

func TestCurrenciesMayRequireTheUsersToken(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	const path = "/v1/orders/currencies"
	require.Equal(t, c.provider.get(path).ok().text, c.get(path).ok().text)
	c.fault(fault.Rule{Fault: fault.Fault{Kind: fault.NeedsToken}, Scope: fault.Scope{Route: currenciesRoute}})
	require.Equal(t, http.StatusUnauthorized, c.provider.get(path).status)
	c.get(path).ok()
	require.Equal(t, 1, c.srv.Faults()[0].Injected)
}

// The client times out, but the provider creates the order.
func TestSlowlyCreatedOrderAppearsOnlyWhenCreated(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	c.fault(rule(createRoute, fault.Fault{Kind: fault.SlowCommit}))
	_, err := c.attempt(t.Context(), "/v1/orders/create", onrampOrder("1000"))
	require.ErrorIs(t, err, syscall.ECONNRESET)
	made := c.srv.Ledger().Orders[0]
	c.clock.Advance(18*time.Second - time.Millisecond)
	require.Empty(t, c.get("/v1/orders/0").ok().list("data"))
	c.post("/v1/orders/status", object{"orderId": made.ID}).refused(http.StatusNotFound, "data not found")
	c.clock.Advance(time.Millisecond)
	require.Equal(t, made.ID, c.get("/v1/orders/0").ok().str("data.0.orderId"))
	require.Equal(t, "2026-01-10T10:00:18.000Z", c.onrampStatus(made.ID).str("data.created_at"))

	c.fault(rule(createRoute, fault.Fault{Kind: fault.SlowCommit}))
	_, err = c.attempt(t.Context(), "/v1/orders/create", onrampOrder("1"))
	require.ErrorIs(t, err, syscall.ECONNRESET)
	require.Len(t, c.srv.Ledger().Orders, 1)
}

func TestHistoryTimesCanBeEarly(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	c.createOnramp(onrampOrder("1000"))
	c.fault(rule(historyRoute, fault.Fault{Kind: fault.EarlyClock}))
	require.Equal(t, "2026-01-10T09:59:57.000Z", c.get("/v1/orders/0").ok().str("data.0.created_at"))
	require.Equal(t, "2026-01-10T10:00:00.000Z", c.get("/v1/orders/0").ok().str("data.0.created_at"))
}

func TestHistoryOmitsThePaymentModeByDefault(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	c.createOnramp(bankOrder("INR_NEFT", "1000"))
	require.NotContains(t, c.get("/v1/orders/0").ok().text, "paymentMode")
	c.fault(rule(historyRoute, fault.Fault{Kind: fault.PaymentMode}))
	require.Equal(t, "INR_NEFT", c.get("/v1/orders/0").ok().str("data.0.paymentMode"))
}

func TestFaultRemovesFieldsFromTheResponse(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	c.fault(rule(linkRoute, fault.Fault{Kind: fault.Without, Fields: "referenceNumber"}))
	linked := c.linkUPI("asha.pending@okbank").ok()
	require.Equal(t, "PENDING", linked.str("data.status"))
	require.Nil(t, linked.at("data.referenceNumber"))
	c.fault(rule(currenciesRoute, fault.Fault{Kind: fault.Without, Fields: "extra,imageUrl"}))
	currencies := c.get("/v1/orders/currencies").ok()
	require.Equal(t, "INR_IMPS", currencies.str("data.0.paymentModes.1.code"))
	require.NotContains(t, currencies.text, "extra")
	require.NotContains(t, currencies.text, "imageUrl")
}

func TestFaultSetsFieldsInTheResponse(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	const lie = "![x](https://evil.test)"
	c.fault(rule(currenciesRoute, fault.Fault{Kind: fault.Says, Fields: "account,fraction,extra", Message: lie}))
	currencies := c.get("/v1/orders/currencies").ok()
	require.Equal(t, lie, currencies.str("data.0.paymentModes.1.extra.account"))
	require.Equal(t, lie, currencies.str("data.0.fraction"))
	require.Equal(t, "INR_IMPS", currencies.str("data.0.paymentModes.1.code"))
	require.NotEqual(t, lie, currencies.str("data.0.paymentModes.1.extra.name"), "an object is rewritten by its members alone")
}

func TestQuotesAreSpelledScientificallyAndWithManyDecimals(t *testing.T) {
	t.Parallel()
	c := start(t)
	for _, tc := range []struct {
		path, route string
		body        object
		text, num   string // an amount that is a string, and one that is a number
	}{
		{"/v1/quote/buy", "POST /v1/quote/buy", buyQuote("1000"), "data.receivedTokens", ""},
		{"/v1/quote/sell", "POST /v1/quote/sell", sellQuote("100"), "data.conversionRate", "data.fiatAmount"},
	} {
		plain := c.post(tc.path, tc.body).ok()
		c.fault(rule(tc.route, fault.Fault{Kind: fault.Scientific}))
		spelled := c.post(tc.path, tc.body).ok()
		require.Regexp(t, `^[1-9](\.[0-9]+)?e-?[0-9]+$`, spelled.str(tc.text))
		require.True(t, dec(t, plain.str(tc.text)).Equal(dec(t, spelled.str(tc.text))))
		c.fault(rule(tc.route, fault.Fault{Kind: fault.ManyDecimals}))
		long := c.post(tc.path, tc.body).ok()
		require.Regexp(t, `\.[0-9]{11,}$`, long.str(tc.text))
		require.True(t, dec(t, long.str(tc.text)).Sub(dec(t, plain.str(tc.text))).LessThan(dec(t, "0.001")))
		if tc.num != "" {
			require.Regexp(t, `^[1-9](\.[0-9]+)?e-?[0-9]+$`, spelled.num(tc.num))
			require.Regexp(t, `\.[0-9]{11,}$`, long.num(tc.num))
		}
	}
}

func TestGatewayRefusesALargeUpload(t *testing.T) {
	t.Parallel()
	c := start(t).login("asha+nokyc@example.test")
	c.fault(rule(uploadRoute, fault.Fault{Kind: fault.HTML, Status: http.StatusRequestEntityTooLarge}))
	refused := c.uploadKYC(goodDossier(t, c.email))
	require.Equal(t, http.StatusRequestEntityTooLarge, refused.status)
	require.Equal(t, "text/html", refused.header.Get("Content-Type"))
	require.Equal(t, "false", c.kycVerified())
}

func TestStatusesFlap(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	id := c.createOnramp(onrampOrder("1000"))
	c.submitUTR(id, goodUTR).ok()
	c.fault(rule(statusRoute, fault.Fault{Kind: fault.Flap, For: fault.Duration(2 * time.Hour)}))
	c.onrampStatus(id)
	c.clock.Advance(time.Minute)
	for range 200 {
		require.Equal(t, "fiatReceived", c.onrampStatus(id).str("data.status"))
		c.clock.Advance(15 * time.Second)
		c.renew()
		require.Equal(t, "orderReceived", c.onrampStatus(id).str("data.status"))
		c.clock.Advance(15 * time.Second)
	}
	c.clock.Advance(time.Hour)
	c.renew()
	require.Equal(t, "completed", c.onrampStatus(id).str("data.status"))
}

func TestInvalidRuleIsRefused(t *testing.T) {
	t.Parallel()
	p := start(t)
	for body, want := range map[string]string{
		`{}`:                                              "fault is missing",
		`{"fault":"thunder"}`:                             "fault must be one of",
		`{"fault":"reset","status":500}`:                  "status is no parameter of reset",
		`{"fault":"unauthorized","after":true}`:           "after is no parameter of unauthorized",
		`{"fault":"mix","after":true}`:                    "after is no parameter of mix",
		`{"fault":"error","status":404}`:                  "status of error",
		`{"fault":"refuse","status":500}`:                 "status of refuse",
		`{"fault":"without"}`:                             "without needs fields",
		`{"fault":"says","message":"x"}`:                  "says needs fields",
		`{"fault":"reset","fields":"a"}`:                  "fields is no parameter of reset",
		`{"fault":"html","status":7}`:                     "status of html",
		`{"fault":"rate-limit","retryAfter":"1500ms"}`:    "whole seconds",
		`{"fault":"rate-limit","asDate":true}`:            "asDate needs retryAfter",
		`{"fault":"latency","delay":"soon"}`:              "delay must be a duration",
		`{"fault":"latency","delay":"-1s"}`:               "must not be negative",
		`{"fault":"reset","times":-1}`:                    "skip and times",
		`{"fault":"reset","share":1.5}`:                   "share must be",
		`{"fault":"reset","share":0}`:                     "share must be",
		`{"fault":"mix"}`:                                 "share must be",
		`{"fault":"html","status":304}`:                   "status of html",
		`{"fault":"reset","route":"POST /v1/orders"}`:     "does not exist",
		`{"fault":"stale","route":"POST /v1/orders/utr"}`: "stale cannot affect POST /v1/orders/utr",
		`{"fault":"reset","rout":"POST /v1/orders/utr"}`:  "not a documented field",
	} {
		r := p.send(http.MethodPost, "/sandbox/faults", []byte(body), nil)
		require.Equal(t, http.StatusBadRequest, r.status, body)
		require.Contains(t, r.str("error"), want, body)
	}
	require.Empty(t, p.srv.Faults())
}

func TestFaultsAreScriptedOverHTTP(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	added := c.control("/sandbox/faults", object{"fault": "rate-limit", "route": createRoute, "retryAfter": "2s", "times": 1})
	require.JSONEq(t, `{"id":"1","fault":"rate-limit","status":429,"retryAfter":"2s","route":"POST /v1/orders/create",
		"times":1,"share":1,"seed":1,"injected":0}`, added.text)
	require.Equal(t, http.StatusTooManyRequests, c.post("/v1/orders/create", onrampOrder("1000")).status)
	c.createOnramp(onrampOrder("1000"))
	require.Equal(t, "1", c.send(http.MethodGet, "/sandbox/faults", nil, nil).num("0.injected"))
	c.control("/sandbox/faults", object{"fault": "mix", "share": 0.2, "seed": 7})
	require.Equal(t, http.StatusNotFound, c.send(http.MethodDelete, "/sandbox/faults/9", nil, nil).status)
	require.Len(t, c.send(http.MethodDelete, "/sandbox/faults/1", nil, nil).body, 1)
	require.JSONEq(t, `[]`, c.send(http.MethodDelete, "/sandbox/faults", nil, nil).text)
	require.JSONEq(t, string(encode(t, fault.Table())), c.send(http.MethodGet, "/sandbox/faults/kinds", nil, nil).text)
}

func TestResetRestoresTheInitialFaults(t *testing.T) {
	t.Parallel()
	p := startWith(t, sandbox.Options{Seed: 1, Faults: []fault.Rule{rule(loginRoute, fault.Fault{Kind: fault.Error})}})
	login := object{"email": linkedEmail}
	require.Equal(t, http.StatusServiceUnavailable, p.post("/v1/users/login", login).status)
	p.post("/v1/users/login", login).ok()
	p.fault(fault.MixOf(1))
	p.control("/sandbox/reset", object{})
	require.Len(t, p.srv.Faults(), 1)
	require.Zero(t, p.srv.Ledger().Totals.Requests)
	require.Empty(t, p.srv.Events(0, 10))
	require.Equal(t, http.StatusServiceUnavailable, p.post("/v1/users/login", login).status)
	p.post("/v1/users/login", login).ok()
}

func TestSandboxRefusesInvalidInitialFaults(t *testing.T) {
	t.Parallel()
	for want, options := range map[string]sandbox.Options{
		"fault rule 1: share":                   {Faults: []fault.Rule{fault.MixOf(2)}},
		"rate limit":                            {RateLimit: -1},
		`course "swinging-price" must be`:       {Courses: []sandbox.CourseShare{{Course: "swinging-price", Share: 0.1}}},
		"share of course slow":                  {Courses: []sandbox.CourseShare{{Course: "slow"}}},
		"shares of the courses must not exceed": {Courses: []sandbox.CourseShare{{Course: "slow", Share: 0.6}, {Course: "refunded", Share: 0.5}}},
	} {
		_, err := sandbox.New(options)
		require.ErrorContains(t, err, want)
	}
}

// faultMarkdown writes the kinds of faults as README.md holds them.
func faultMarkdown() string {
	var table strings.Builder
	table.WriteString("| fault | the client sees | the provider did | parameters (default) | of the mix |\n" +
		"| --- | --- | --- | --- | --- |\n")
	for _, f := range fault.Table() {
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s | %d %% |\n", f.Fault, f.Client, f.Provider, strings.Join(f.Parameters, ", "), f.Weight)
	}
	return table.String()
}

func TestREADMEContainsTheFaultTable(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	require.True(t, strings.Contains(string(readme), faultMarkdown()), "README.md must hold this table:\n\n%s", faultMarkdown())
}

func TestFaultTableIsPrinted(t *testing.T) {
	t.Parallel()
	var printed bytes.Buffer
	require.NoError(t, fault.WriteTable(&printed))
	require.Equal(t, len(fault.Table())+1, strings.Count(printed.String(), "\n"))
	require.NotContains(t, printed.String(), "`")
}
