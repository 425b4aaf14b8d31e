package server_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/codec/server"
)

// serveHere calls a handler as if over loopback.
func serveHere(handler http.Handler, body string) *httptest.ResponseRecorder {
	return serveAt(handler, "127.0.0.1", body)
}

func serveAt(handler http.Handler, ip, body string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(http.MethodPost, "http://localhost:8234/decode?preserveStorageRefs=true", strings.NewReader(body))
	request.Header.Set(server.NamespaceHeader, namespace)
	local := &net.TCPAddr{IP: net.ParseIP(ip), Port: 8234}
	request.RemoteAddr = net.JoinHostPort(ip, "40000")
	answered := httptest.NewRecorder()
	handler.ServeHTTP(answered, request.WithContext(context.WithValue(request.Context(), http.LocalAddrContextKey, local)))
	return answered
}

func TestInvalidRequestsAreRefusedWithoutQuotingThem(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method, path, body string
		headers            map[string]string
		status             int
		message            string
	}{
		"not JSON":             {path: "/decode", body: secret, status: 400, message: "the body is not"},
		"empty body":           {path: "/decode", status: 400, message: "the body is not"},
		"JSON of another kind": {path: "/decode", body: `["` + secret + `"]`, status: 400, message: "the body is not"},
		"payload null":         {path: "/decode", body: `{"payloads":[null]}`, status: 400, message: "the body is not"},
		"data not base64":      {path: "/decode", body: `{"payloads":[{"data":"` + secret + `!"}]}`, status: 400, message: "the body is not"},
		"two values":           {path: "/decode", body: `{"payloads":[]}{"payloads":[]}`, status: 400, message: "the body is not"},
		"too large":            {path: "/decode", body: `{"payloads":[{"data":"` + strings.Repeat("A", 1024) + `"}]}`, status: 413, message: "RAMP_CODEC_MAX_BODY"},
		"no namespace":         {path: "/decode", body: `{}`, headers: map[string]string{server.NamespaceHeader: ""}, status: 400, message: "X-Namespace"},
		"GET":                  {method: http.MethodGet, path: "/decode", status: 405, message: "only POST"},
		"OPTIONS, no preflight": {
			method: http.MethodOptions, path: "/decode", status: 405, message: "only POST",
		},
		"PUT":           {method: http.MethodPut, path: "/encode", body: `{}`, status: 405, message: "only POST"},
		"download":      {path: "/download", body: `{}`, status: 404, message: "not found"},
		"other path":    {path: "/decode/more", body: `{}`, status: 404, message: "not found"},
		"other case":    {path: "/DECODE", body: `{}`, status: 404, message: "not found"},
		"root":          {path: "/", body: `{}`, status: 404, message: "not found"},
		"POST /healthz": {path: "/healthz", body: `{}`, status: 405, message: "only GET"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, func(o *server.Options) { o.MaxBody = 1024 })
			method := c.method
			if method == "" {
				method = http.MethodPost
			}
			headers := map[string]string{server.NamespaceHeader: namespace}
			for header, value := range c.headers {
				headers[header] = value
			}

			refused := s.send(t, method, c.path, c.body, headers)

			require.Equal(t, c.status, refused.status, refused.body)
			require.Contains(t, refused.body, c.message)
			require.NotContains(t, refused.body, secret)
			require.Equal(t, "no-store", refused.header.Get("Cache-Control"))
			require.Equal(t, "nosniff", refused.header.Get("X-Content-Type-Options"))
			require.Equal(t, c.status == 405, refused.header.Get("Allow") != "")
		})
	}
}

func TestRepeatedNamespaceIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/decode", strings.NewReader(`{}`))
	require.NoError(t, err)
	request.Header[server.NamespaceHeader] = []string{namespace, "payroll"}

	require.Equal(t, http.StatusBadRequest, s.do(t, request).status)
}

func TestEveryRefusalIsAudited(t *testing.T) {
	t.Parallel()
	s := start(t, nil)

	s.post(t, "/decode", secret, nil)
	s.post(t, "/decode", "{}", map[string]string{"Origin": "https://evil.example.test"})
	s.send(t, http.MethodGet, "/decode", "", nil)

	lines := s.log.lines(t)
	require.Len(t, lines, 3)
	for i, status := range []int{400, 403, 405} {
		require.Equal(t, "refused", lines[i].Outcome)
		require.Equal(t, status, lines[i].Status)
		require.NotEmpty(t, lines[i].Reason)
	}
	require.Equal(t, "https://evil.example.test", lines[1].Origin)
}

func TestAuditIsNotFilledByLongNames(t *testing.T) {
	t.Parallel()
	s := start(t, nil)

	s.post(t, "/decode", "{}", map[string]string{server.NamespaceHeader: strings.Repeat("n", 20000)})

	require.Less(t, len(s.log.String()), 2000)
}

func TestHealthRequiresNoCredentials(t *testing.T) {
	t.Parallel()
	s := start(t, nil)

	healthy := s.send(t, http.MethodGet, "/healthz", "", map[string]string{"Host": "10.0.0.7:8234"})

	require.Equal(t, http.StatusOK, healthy.status)
	require.Equal(t, "ok\n", healthy.body)
	require.Empty(t, s.log.String())
}

func TestPreflightAllowsTheWebUIsOriginExactly(t *testing.T) {
	t.Parallel()
	s := start(t, func(o *server.Options) { o.Origins = []string{uiOrigin, "http://127.0.0.1:8233"} })
	for origin, allowed := range map[string]bool{
		uiOrigin:                                  true,
		"http://127.0.0.1:8233":                   true,
		uiOrigin + "/":                            false,
		uiOrigin + ":443":                         false,
		uiOrigin + ":8443":                        false,
		uiOrigin + ".":                            false,
		uiOrigin + ".evil.test":                   false,
		"http://temporal.example.test":            false,
		"HTTPS://temporal.example.test":           false,
		"https://Temporal.example.test":           false,
		"https://evil.temporal.example.test":      false,
		"https://eviltemporal.example.test":       false,
		"https://temporal.example.test@evil.test": false,
		"https://example.test":                    false,
		"http://127.0.0.1":                        false,
		"http://127.0.0.1:8234":                   false,
		"http://localhost:8233":                   false,
		"null":                                    false,
		"*":                                       false,
		uiOrigin + " " + "http://127.0.0.1:8233":  false,
	} {
		t.Run(origin, func(t *testing.T) {
			t.Parallel()

			preflighted := s.send(t, http.MethodOptions, "/decode", "", preflight(origin, "authorization,authorization-extras,content-type,x-namespace"))
			sent := s.post(t, "/decode", `{"payloads":[]}`, map[string]string{"Origin": origin})

			if !allowed {
				require.Equal(t, http.StatusForbidden, preflighted.status)
				require.Equal(t, http.StatusForbidden, sent.status)
				require.Empty(t, preflighted.header.Get("Access-Control-Allow-Origin"))
				require.Empty(t, sent.header.Get("Access-Control-Allow-Origin"))
				return
			}
			require.Equal(t, http.StatusNoContent, preflighted.status)
			require.Equal(t, http.StatusOK, sent.status)
			for _, answered := range []answer{preflighted, sent} {
				require.Equal(t, origin, answered.header.Get("Access-Control-Allow-Origin"))
				require.Equal(t, "true", answered.header.Get("Access-Control-Allow-Credentials"))
				require.Contains(t, answered.header.Get("Vary"), "Origin")
			}
			require.Equal(t, "POST", preflighted.header.Get("Access-Control-Allow-Methods"))
			require.Equal(t, "authorization,authorization-extras,content-type,x-namespace", preflighted.header.Get("Access-Control-Allow-Headers"))
		})
	}
}

func preflight(origin, headers string) map[string]string {
	return map[string]string{
		"Origin":                         origin,
		"Access-Control-Request-Method":  http.MethodPost,
		"Access-Control-Request-Headers": headers,
	}
}

func TestPreflightAllowsNoOtherHeadersOrMethods(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for name, headers := range map[string]map[string]string{
		"header":             preflight(uiOrigin, "x-other"),
		"workflow to decode": preflight(uiOrigin, "x-workflow-id"),
		"method":             {"Origin": uiOrigin, "Access-Control-Request-Method": http.MethodPut},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, s.send(t, http.MethodOptions, "/decode", "", headers).header.Get("Access-Control-Allow-Origin"))
		})
	}
}

func TestListedPublicWebUIMayAccessThePrivateNetwork(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for origin, allowed := range map[string]string{uiOrigin: "true", "https://evil.example.test": ""} {
		headers := preflight(origin, "content-type,x-namespace")
		headers["Access-Control-Request-Private-Network"] = "true"
		require.Equal(t, allowed, s.send(t, http.MethodOptions, "/decode", "", headers).header.Get("Access-Control-Allow-Private-Network"))
	}
}

func TestRefusalsCanBeReadByTheWebUI(t *testing.T) {
	t.Parallel()
	s := start(t, nil)

	refused := s.post(t, "/decode", "", nil)

	require.Equal(t, http.StatusBadRequest, refused.status)
	require.Equal(t, uiOrigin, refused.header.Get("Access-Control-Allow-Origin"))
}

func TestRequestWithASecondForeignOriginIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/decode", strings.NewReader(`{}`))
	require.NoError(t, err)
	request.Header.Set(server.NamespaceHeader, namespace)
	request.Header["Origin"] = []string{uiOrigin, "https://evil.example.test"}

	require.Equal(t, http.StatusForbidden, s.do(t, request).status)
}

func TestOnlyExactOriginsAreAccepted(t *testing.T) {
	t.Parallel()
	for _, origin := range []string{uiOrigin, "http://127.0.0.1:8233", "http://localhost:8233", "http://[::1]:8233", "https://temporal"} {
		require.NoError(t, server.CheckOrigin(origin), origin)
	}
	for _, origin := range []string{
		"", "*", "null", "https://*", "https://*.example.test", "https://", "temporal.example.test", "//temporal.example.test",
		"ftp://temporal.example.test", uiOrigin + "/", uiOrigin + "/ui", uiOrigin + "?a=b", uiOrigin + "?", uiOrigin + "#", uiOrigin + ":443",
		uiOrigin + ":", "http://temporal.example.test:80", "https://asha@temporal.example.test", "https://Temporal.example.test", " " + uiOrigin,
		"https://temporal.example.test:port", "https://temporal.example.test,https://other.example.test",
	} {
		err := server.CheckOrigin(origin)
		require.ErrorContains(t, err, "origin", origin)
	}
}

func TestEveryInvalidOriginIsNamedAtStart(t *testing.T) {
	t.Parallel()

	_, err := server.New(server.Options{Keyring: newKeyring(t), Origins: []string{"*", uiOrigin, "null"}, Audit: (&journal{}).logger()})

	require.ErrorContains(t, err, `"*"`)
	require.ErrorContains(t, err, `"null"`)
	require.NotContains(t, err.Error(), `"`+uiOrigin+`" is`)
}

func TestWithoutTokensOnlyThisMachineIsServed(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for host, answered := range map[string]bool{
		"127.0.0.1:8234":            true,
		"127.0.0.1":                 true,
		"localhost:8234":            true,
		"localhost":                 true,
		"[::1]:8234":                true,
		"[::1]":                     true,
		"rebound.example.test":      false,
		"rebound.example.test:8234": false,
		"localhost.example.test":    false,
		"127.0.0.1.example.test":    false,
		"127.0.0.1@example.test":    false,
		"10.0.0.7:8234":             false,
		"0.0.0.0:8234":              false,
	} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()

			got := s.post(t, "/decode", `{}`, map[string]string{"Host": host, "Origin": ""})

			require.Equal(t, answered, got.status == http.StatusOK, got.body)
			require.Equal(t, answered, got.status != http.StatusForbidden && got.status != http.StatusBadRequest)
		})
	}
}

func TestWithoutTokensAProxyIsNotServed(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for _, header := range []string{"X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via", "CF-Connecting-IP", "True-Client-IP"} {
		require.Equal(t, http.StatusForbidden, s.post(t, "/decode", `{}`, map[string]string{header: "for=10.0.0.7"}).status)
	}
}

func TestWithoutTokensOtherInterfacesAreNotServed(t *testing.T) {
	t.Parallel()
	handler, err := server.New(server.Options{Keyring: newKeyring(t), Audit: (&journal{}).logger()})
	require.NoError(t, err)

	require.Equal(t, http.StatusForbidden, serveAt(handler, "10.0.0.7", `{}`).Code)
	require.Equal(t, http.StatusOK, serveAt(handler, "127.0.0.1", `{}`).Code)
	require.Equal(t, http.StatusOK, serveAt(handler, "::1", `{}`).Code)
}

func FuzzDecodeRequest(f *testing.F) {
	handler, err := server.New(server.Options{Keyring: newKeyring(f), Audit: (&journal{}).logger()})
	require.NoError(f, err)
	for _, seed := range []string{
		"", "{}", `{"payloads":[{}]}`, `{"payloads":[{"metadata":{"encoding":"YmluYXJ5L2VuY3J5cHRlZA=="}}]}`,
		`{"payloads":[{"metadata":{"encoding":"YmluYXJ5L2VuY3J5cHRlZA==","workflow-id":""},"data":"AQIDBAUGBwg="}]}`,
		`{"payloads":[{"externalPayloads":[{"sizeBytes":"1"}]}]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		status := serveHere(handler, body).Code
		require.Contains(t, []int{http.StatusOK, http.StatusBadRequest}, status)
	})
}
