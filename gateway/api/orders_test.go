package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/gateway/api"
	"rampart/ramp"
)

func TestAnOrderIsStartedWithTheReferenceOfItsPath(t *testing.T) {
	t.Parallel()
	for _, put := range []call{
		putOnramp(),
		{method: http.MethodPut, path: "/v1/onramp/orders/inv-42", body: `{"reference": "inv-42",` + onrampBody[1:]},
		{method: http.MethodPut, path: "/v1/offramp/orders/inv-42", body: offrampBody},
	} {
		f := &fake{order: awaiting(7)}
		w := handle(t, f, put)
		require.Equal(t, http.StatusCreated, w.Code, w.Body.String())
		require.Equal(t, `"7"`, w.Header().Get("ETag"))
		require.Equal(t, put.path, w.Header().Get("Location"))
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		require.Empty(t, w.Header().Get("Preference-Applied"))
		require.Equal(t, "inv-42", f.called.Reference)
		require.InDelta(t, 30, f.deadline.Seconds(), 1)
		var order ramp.Order
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &order))
		require.Equal(t, *f.order, order)
	}
}

func TestTheSameRequestAgainIsTheSameOrder(t *testing.T) {
	t.Parallel()
	w := handle(t, &fake{order: awaiting(7), exists: true}, putOnramp())
	require.Equal(t, http.StatusOK, w.Code)
}

func TestAWaitThatRunsOutAnswersWithTheState(t *testing.T) {
	t.Parallel()
	f := &fake{order: awaiting(3), err: &ramp.Error{Type: ramp.NotReady, Reference: "inv-42", Message: "started"}}
	for path, body := range map[string]string{
		"/v1/onramp/orders/inv-42":     onrampBody,
		"/v1/onramp/orders/inv-42/utr": `{"utr": "412345678901"}`,
	} {
		method := http.MethodPost
		if body == onrampBody {
			method = http.MethodPut
		}
		w := handle(t, f, call{method: method, path: path, body: body, headers: map[string]string{"Prefer": "respond-async, wait=7"}})
		require.Equal(t, http.StatusAccepted, w.Code, w.Body.String())
		require.Equal(t, "/v1/onramp/orders/inv-42", w.Header().Get("Location"))
		require.Equal(t, "wait=7", w.Header().Get("Preference-Applied"))
		require.Equal(t, `"3"`, w.Header().Get("ETag"))
		require.InDelta(t, 7, f.deadline.Seconds(), 1)
	}
}

func TestAStartOfUnknownOutcomeIsNot404(t *testing.T) {
	t.Parallel()
	stopping := make(chan struct{})
	close(stopping)
	handler := api.New(api.Options{Orders: ramp.NewClient(silent{}, nil), Stopping: stopping})
	w := serve(t, handler, putOnramp())
	require.Equal(t, http.StatusServiceUnavailable, w.Code, w.Body.String())
	require.Equal(t, api.Unavailable, problemOf(t, w).ErrorType)
	require.NotEmpty(t, w.Header().Get("Retry-After"))
}

func TestWaitsAreBounded(t *testing.T) {
	t.Parallel()
	for prefer, want := range map[string]time.Duration{
		"wait=600":               60 * time.Second,
		"wait=0":                 2 * time.Second,
		"WAIT = 11 ; x=1":        11 * time.Second,
		"wait=soon":              30 * time.Second,
		"wait=99999999999999999": 30 * time.Second,
		"return=minimal":         30 * time.Second,
	} {
		f := &fake{order: awaiting(1)}
		put := putOnramp()
		put.headers = map[string]string{"Prefer": prefer}
		require.Equal(t, http.StatusCreated, handle(t, f, put).Code)
		require.InDelta(t, want.Seconds(), f.deadline.Seconds(), 1, prefer)
	}
}

func TestSubmissionsReachTheirOrder(t *testing.T) {
	t.Parallel()
	upi := ramp.AccountSubmission{UPI: &ramp.UPIAccount{ID: "asha@okbank", Name: "Asha Rao"}}
	onramp, offramp := ramp.ID{Direction: ramp.Onramp, Reference: "inv-42"}, ramp.ID{Direction: ramp.Offramp, Reference: "inv-42"}
	for _, c := range []struct {
		path, body string
		id         ramp.ID
		sent       any
	}{
		{"/v1/onramp/orders/inv-42/utr", `{"utr": "412345678901"}`, onramp, "412345678901"},
		{"/v1/offramp/orders/inv-42/transaction-hash", `{"transactionHash": "0xabc"}`, offramp, "0xabc"},
		{"/v1/onramp/orders/inv-42/kyc", `{"dossier": "s3://kyc/asha"}`, onramp, "s3://kyc/asha"},
		{"/v1/offramp/orders/inv-42/kyc", `{"dossier": "s3://kyc/asha"}`, offramp, "s3://kyc/asha"},
		{"/v1/onramp/orders/inv-42/account", `{"upi": {"id": "asha@okbank", "name": "Asha Rao"}}`, onramp, upi},
		{"/v1/offramp/orders/inv-42/account", `{"upi": {"id": "asha@okbank", "name": "Asha Rao"}}`, offramp, upi},
		{"/v1/onramp/orders/inv-42/quote-confirmation", `{"quoteId": "q-1"}`, onramp, "q-1"},
		{"/v1/offramp/orders/inv-42/quote-confirmation", `{"quoteId": "q-1"}`, offramp, "q-1"},
		{"/v1/onramp/orders/inv-42/cancel", "", onramp, nil},
		{"/v1/offramp/orders/inv-42/cancel", "", offramp, nil},
		{"/v1/onramp/orders/inv-42/reorder", `{"newReference": "inv-42-b", "amount": "900.00"}`, onramp,
			ramp.ReorderRequest{Reference: "inv-42", NewReference: "inv-42-b", Amount: "900.00"}},
	} {
		f := &fake{order: awaiting(7), exists: true}
		w := handle(t, f, call{method: http.MethodPost, path: c.path, body: c.body})
		require.Equal(t, http.StatusOK, w.Code, "%s: %s", c.path, w.Body.String())
		require.Equal(t, c.id, f.called, c.path)
		require.Equal(t, c.sent, f.sent, c.path)
	}
}

func TestAReorderedOrderIsAtItsOwnLocation(t *testing.T) {
	t.Parallel()
	w := handle(t, &fake{order: awaiting(1)}, call{method: http.MethodPost, path: "/v1/onramp/orders/inv-42/reorder", body: `{"newReference": "inv-42-b"}`})
	require.Equal(t, http.StatusCreated, w.Code)
	require.Equal(t, "/v1/onramp/orders/inv-42-b", w.Header().Get("Location"))
	p := problemOf(t, handle(t, &fake{}, call{method: http.MethodPost, path: "/v1/onramp/orders/inv-42/reorder", body: `{"newReference": "a b"}`}))
	require.Equal(t, "newReference", p.Fields[0].Field)
}

func TestAnOrderThatHasNotChangedIsNotSentAgain(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]int{
		"": 200, `"6"`: 200, `"7"`: 304, `W/"7"`: 304, `"5", "7"`: 304, "*": 304, `"7`: 200, "7": 200,
	} {
		w := handle(t, &fake{order: awaiting(7)}, call{
			method: http.MethodGet, path: "/v1/onramp/orders/inv-42", headers: map[string]string{"If-None-Match": tag},
		})
		require.Equal(t, want, w.Code, tag)
		require.Equal(t, `"7"`, w.Header().Get("ETag"))
		require.Equal(t, want == 304, w.Body.Len() == 0)
	}
	require.Empty(t, handle(t, &fake{order: awaiting(0)}, call{method: http.MethodGet, path: "/v1/onramp/orders/inv-42"}).Header().Get("ETag"))
}

func TestTheSameVersionOfAnotherRunIsSentAgain(t *testing.T) {
	t.Parallel()
	order := awaiting(7)
	order.UpdatedAt = time.UnixMilli(1764230400123).UTC()
	for tag, want := range map[string]int{
		`"7-1764230400123"`: 304, `W/"7-1764230400123"`: 304, `"7"`: 304, `"7-1764230400000"`: 200, `"6-1764230400123"`: 200, `"7-x"`: 200, `"7-0"`: 200,
	} {
		w := handle(t, &fake{order: order}, call{
			method: http.MethodGet, path: "/v1/onramp/orders/inv-42", headers: map[string]string{"If-None-Match": tag},
		})
		require.Equal(t, want, w.Code, tag)
		require.Equal(t, `"7-1764230400123"`, w.Header().Get("ETag"))
	}
}

func TestALongPollWaitsForTheNextVersion(t *testing.T) {
	t.Parallel()
	for query, after := range map[string]int64{"?wait=30s&after=6": 6, "?wait=30": 7, "?wait=500ms&after=9": 9} {
		f := &fake{order: awaiting(8)}
		w := handle(t, f, call{method: http.MethodGet, path: "/v1/onramp/orders/inv-42" + query, headers: map[string]string{"If-None-Match": `"7"`}})
		require.Equal(t, http.StatusOK, w.Code, w.Body.String())
		require.Equal(t, after, f.after)
		require.Positive(t, f.deadline)
		require.LessOrEqual(t, f.deadline, 30*time.Second)
	}
	f := &fake{order: awaiting(8)}
	tags := map[string]string{"If-None-Match": `"5-1764230400123", "7-1764230400000"`}
	require.Equal(t, http.StatusOK, handle(t, f, call{method: http.MethodGet, path: "/v1/onramp/orders/inv-42?wait=30s", headers: tags}).Code)
	require.EqualValues(t, 7, f.after)
	for _, wait := range []string{"61s", "-1s", "soon", "1h"} {
		p := problemOf(t, handle(t, &fake{}, call{method: http.MethodGet, path: "/v1/onramp/orders/inv-42?wait=" + wait}))
		require.Equal(t, []ramp.FieldError{{Field: "wait", Problem: "must be a duration of at most 60s, such as 30s"}}, p.Fields)
	}
}

func TestOrdersAreListedByPages(t *testing.T) {
	t.Parallel()
	f := &fake{}
	w := handle(t, f, call{method: http.MethodGet, path: "/v1/orders?status=settling,refunding&direction=onramp&attention=true&token=USDC&limit=2&cursor=abc"})
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	require.Equal(t, ramp.Filter{Direction: ramp.Onramp, Statuses: []ramp.Status{ramp.Settling, ramp.Refunding}, Attention: true, Token: "USDC"}, f.filter)
	require.EqualValues(t, 2, f.limit)
	require.Equal(t, "abc", f.cursor)
	require.Contains(t, w.Body.String(), `"nextCursor":"next"`)
	require.Equal(t, http.StatusOK, handle(t, f, call{method: http.MethodGet, path: "/v1/orders"}).Code)
	require.EqualValues(t, 50, f.limit)
}

func TestBadParametersAreNamed(t *testing.T) {
	t.Parallel()
	for path, field := range map[string]string{
		"/v1/orders?status=hunter2":                      "status",
		"/v1/orders?direction=hunter2":                   "direction",
		"/v1/orders?attention=hunter2":                   "attention",
		"/v1/orders?limit=0":                             "limit",
		"/v1/orders?limit=201":                           "limit",
		"/v1/orders?satus=settling":                      "satus",
		"/v1/onramp/orders/hunter%202":                   "reference",
		"/v1/onramp/orders/hunter2%2F1":                  "reference",
		"/v1/onramp/orders/inv-42?after=hunter2":         "after",
		"/v1/offramp/orders/-hunter2/events":             "reference",
		"/v1/orders?cursor=" + strings.Repeat("x", 3000): "cursor",
	} {
		w := handle(t, &fake{}, call{method: http.MethodGet, path: path})
		p := problemOf(t, w)
		require.Equal(t, http.StatusUnprocessableEntity, w.Code, path)
		require.Equal(t, ramp.InvalidRequest, p.ErrorType)
		require.Equal(t, field, p.Fields[0].Field, path)
		require.NotContains(t, w.Body.String(), "hunter2")
	}
}
