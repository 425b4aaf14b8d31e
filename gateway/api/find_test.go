package api_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"rampart/gateway/api"
	"rampart/ramp"
)

// hasher makes hashes that show how long their terms are, or none.
type hasher struct{ keyless bool }

func (h hasher) Hash(ramp.Personal) string { return "" }

func (h hasher) Hashes(term ramp.Personal) []string {
	if h.keyless {
		return nil
	}
	return []string{string(term[:4])}
}

func findBy(body string) call {
	return call{method: http.MethodPost, path: "/v1/orders/find", body: body}
}

func TestOrdersAreFoundByWhatTheBodySays(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]ramp.Filter{
		`{"email": "Asha@example.test"}`:                            {Users: []string{"emai"}},
		`{"utr": "412345678901", "limit": 7, "cursor": "next"}`:     {Proofs: []string{"utr "}},
		`{"transactionHash": "0xabc00000000000000000000000000000"}`: {Proofs: []string{"hash"}},
	} {
		f := new(fake)
		w := serve(t, api.New(api.Options{Orders: f, Hasher: hasher{}}), findBy(body))
		require.Equal(t, http.StatusOK, w.Code, w.Body.String())
		require.Equal(t, want, f.filter)
		var found ramp.Page
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &found))
		require.Equal(t, "inv-42", found.Orders[0].Reference)
		if f.cursor == "next" {
			require.EqualValues(t, 7, f.limit)
		} else {
			require.EqualValues(t, 50, f.limit)
		}
	}
}

func TestFindingWithBadInputNamesTheFieldAndNoValue(t *testing.T) {
	t.Parallel()
	for body, field := range map[string]string{
		`{"email": "hunter2"}`:                  "email",
		`{"utr": "hunter2"}`:                    "utr",
		`{"transactionHash": "hunter2"}`:        "transactionHash",
		`{}`:                                    "email",
		`{"utr": "412345678901", "limit": 201}`: "limit",
		`{"mail": "hunter2@nobody.test"}`:       "mail",
	} {
		w := serve(t, api.New(api.Options{Orders: new(fake), Hasher: hasher{}}), findBy(body))
		require.Equal(t, http.StatusUnprocessableEntity, w.Code)
		require.NotContains(t, w.Body.String(), "hunter2")
		require.Equal(t, field, problemOf(t, w).Fields[0].Field)
	}
}

func TestFindingNeedsTheScopeOperate(t *testing.T) {
	t.Parallel()
	handler := api.New(api.Options{Orders: new(fake), Hasher: hasher{}, Authenticate: func(*http.Request) (api.Caller, error) {
		return api.Caller{Name: "shop", Scopes: []api.Scope{api.Read, api.Write}}, nil
	}})
	w := serve(t, handler, findBy(`{"utr": "412345678901"}`))
	require.Equal(t, http.StatusForbidden, w.Code)
	require.Contains(t, problemOf(t, w).Detail, "operate")
}

func TestLogOfASearchHasItsCallerAndNotWhatWasSearched(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]*fake{"found": {}, "failed": {err: errors.New("broken")}} {
		core, logged := observer.New(zap.DebugLevel)
		handler := api.New(api.Options{Orders: f, Hasher: hasher{}, Log: zap.New(core), Authenticate: func(*http.Request) (api.Caller, error) {
			return api.Caller{Name: "support", Scopes: []api.Scope{api.Operate}}, nil
		}})
		serve(t, handler, findBy(`{"email": "asha@example.test"}`))
		require.Equal(t, 1, logged.Len(), name)
		line, err := json.Marshal(logged.All()[0].ContextMap())
		require.NoError(t, err)
		require.Contains(t, string(line), `"support"`)
		require.Contains(t, string(line), "/v1/orders/find")
		require.NotContains(t, string(line), "asha")
	}
}

func TestFailedSearchSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]api.Options{
		"no keyset":            {Orders: new(fake)},
		"no key that hashes":   {Orders: new(fake), Hasher: hasher{keyless: true}},
		"no search attributes": {Orders: &fake{err: serviceerror.NewInvalidArgument("invalid search attribute: RampUser")}, Hasher: hasher{}},
	} {
		core, logged := observer.New(zap.DebugLevel)
		o.Log, o.Namespace = zap.New(core), "orders"
		w := serve(t, api.New(o), findBy(`{"email": "asha@example.test"}`))
		require.Equal(t, http.StatusInternalServerError, w.Code, name)
		require.Equal(t, api.Internal, problemOf(t, w).ErrorType)
		require.NotEmpty(t, logged.FilterField(zap.String("caller", "")).All()[0].ContextMap()["error"], name)
	}
	w := serve(t, api.New(api.Options{Orders: &fake{err: serviceerror.NewUnavailable("away")}, Hasher: hasher{}}), findBy(`{"utr": "412345678901"}`))
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
}
