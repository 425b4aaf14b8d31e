package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/gateway/api"
	"rampart/ramp"
)

// FuzzRequest sends any bytes as path, query and body. The answer is one of the document's, every error is a problem, and what is started is valid.
func FuzzRequest(f *testing.F) {
	for _, body := range []string{onrampBody, offrampBody, `{"utr": "412345678901"}`, `{"email": 1}`, `{"a":1,"a":2}`, "[", "\xff", ""} {
		for _, path := range []string{
			"onramp/orders/inv-42", "offramp/orders/inv-42", "onramp/orders/inv-42/utr", "offramp/orders/inv-42/account",
			"onramp/orders/inv-42/reorder", "onramp/orders/%2e%2e", "orders?status=completed&limit=2", "onramp/orders/a?wait=1s&after=1",
		} {
			for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodPost} {
				f.Add(method, path, body)
			}
		}
	}
	orders := &fake{order: awaiting(3)}
	handler := api.New(api.Options{Orders: orders})
	f.Fuzz(func(t *testing.T, method, path, body string) {
		r, err := http.NewRequestWithContext(t.Context(), method, "http://gateway.test/v1/"+path, strings.NewReader(body))
		if err != nil {
			return
		}
		r.Header.Set("Content-Type", "application/json")
		orders.started = nil
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		require.Less(t, w.Code, http.StatusInternalServerError, w.Body.String())
		if w.Code >= http.StatusBadRequest {
			var p api.Problem
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p))
			require.Equal(t, w.Code, p.Status)
			require.NotEmpty(t, p.ErrorType)
			require.Empty(t, orders.started)
		}
		for _, started := range orders.started {
			switch request := started.(type) {
			case ramp.OnrampRequest:
				require.NoError(t, request.Validate())
			case ramp.OfframpRequest:
				require.NoError(t, request.Validate())
			}
		}
	})
}
