package telemetry_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/internal/telemetry"
)

func pages(t *testing.T, pprof bool) http.Handler {
	t.Helper()
	return telemetry.Pages{Metrics: newMetrics(t).Handler(), Ready: telemetry.NewReadiness(), Pprof: pprof}.Handler()
}

func TestPagesAreServedAtTheirPaths(t *testing.T) {
	t.Parallel()
	for path, text := range map[string]string{"/healthz": "ok", "/readyz": `"ready": true`, "/metrics": "ramp_build_info"} {
		answer := get(t, pages(t, false), path)
		require.Equal(t, http.StatusOK, answer.Code, path)
		require.Contains(t, answer.Body.String(), text)
	}
	require.Equal(t, http.StatusNotFound, get(t, pages(t, false), "/").Code)
}

func TestProfilesAreServedToThisMachineIfEnabled(t *testing.T) {
	t.Parallel()
	here := "127.0.0.1:9464"
	for _, test := range []struct {
		name, from, host, header, value string
		pprof                           bool
		code                            int
	}{
		{name: "disabled", from: "127.0.0.1:40000", host: here, code: http.StatusNotFound},
		{name: "enabled", from: "127.0.0.1:40000", host: here, pprof: true, code: http.StatusOK},
		{name: "through a tunnel", from: "[::1]:40000", host: "localhost:1234", pprof: true, code: http.StatusOK},
		{name: "mapped", from: "[::ffff:127.0.0.1]:40000", host: here, pprof: true, code: http.StatusOK},
		{name: "from another machine", from: "10.0.0.7:40000", host: here, pprof: true, code: http.StatusForbidden},
		{name: "without an address", host: here, pprof: true, code: http.StatusForbidden},
		{name: "by a name that resolves to this machine", from: "127.0.0.1:40000", host: "evil.example.test", pprof: true, code: http.StatusForbidden},
		{
			name: "through a proxy", from: "127.0.0.1:40000", host: here, header: "X-Forwarded-For", value: "10.0.0.7",
			pprof: true, code: http.StatusForbidden,
		},
		{
			name: "from a page", from: "127.0.0.1:40000", host: here, header: "Origin", value: "https://evil.example.test",
			pprof: true, code: http.StatusForbidden,
		},
	} {
		for _, path := range []string{"/debug/pprof/", "/debug/pprof/cmdline", "/debug/pprof/heap"} {
			request := httptest.NewRequestWithContext(t.Context(), "GET", path, nil)
			request.RemoteAddr, request.Host = test.from, test.host
			if test.header != "" {
				request.Header.Set(test.header, test.value)
			}
			answer := httptest.NewRecorder()
			pages(t, test.pprof).ServeHTTP(answer, request)
			require.Equal(t, test.code, answer.Code, test.name+" "+path)
		}
	}
}
