package loopback_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/internal/loopback"
)

// send requests a guarded page over a real connection. The header Host sets the name of the requested host.
func send(t *testing.T, guard func(http.Handler) http.Handler, method string, headers map[string]string) (int, string) {
	t.Helper()
	server := httptest.NewServer(guard(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "secret") })))
	t.Cleanup(server.Close)
	request, err := http.NewRequestWithContext(t.Context(), method, server.URL+"/page", http.NoBody)
	require.NoError(t, err)
	for name, value := range headers {
		if name == "Host" {
			request.Host = value
			continue
		}
		// "own" is the server's own origin.
		if value == "own" {
			value = server.URL
		}
		request.Header.Set(name, value)
	}
	answer, err := server.Client().Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(body)
}

var guards = map[string]func(http.Handler) http.Handler{"on this machine": loopback.Guard, "published on it": loopback.GuardPublished}

func TestOwnPagesAndLocalProgramsAreServed(t *testing.T) {
	t.Parallel()
	for where, guard := range guards {
		for name, headers := range map[string]map[string]string{
			"a program":             {},
			"another name of it":    {"Host": "localhost:8233"},
			"its own page":          {"Origin": "own", "Sec-Fetch-Site": "same-origin"},
			"its own page, reading": {"Referer": "own", "Sec-Fetch-Site": "same-origin"},
			"typed":                 {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
			"a link of another site": {
				"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Referer": "https://chat.example.test/",
			},
		} {
			code, body := send(t, guard, http.MethodGet, headers)
			require.Equal(t, http.StatusOK, code, where+": "+name+": "+body)
		}
	}
}

func TestForeignPagesNamesAndProxiesAreRefused(t *testing.T) {
	t.Parallel()
	link := map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
	rebound := map[string]string{"Host": "evil.example.test:8233", "Origin": "http://evil.example.test:8233", "Sec-Fetch-Site": "same-origin"}
	for where, guard := range guards {
		for name, test := range map[string]struct {
			method  string
			headers map[string]string
			reason  string
		}{
			"a name that resolves here":       {http.MethodPost, rebound, `not to "evil.example.test:8233"`},
			"such a name, in the address bar": {http.MethodGet, map[string]string{"Host": "evil.example.test"}, "only requests to 127.0.0.1"},
			"an address of another network":   {http.MethodGet, map[string]string{"Host": "10.0.0.7:8233"}, "only requests to 127.0.0.1"},
			"another page's script":           {http.MethodPost, map[string]string{"Origin": "https://evil.example.test"}, `not from "https://evil.example.test"`},
			"another port's script":           {http.MethodPost, map[string]string{"Origin": "http://127.0.0.1:1"}, "only requests from pages of http://127.0.0.1:"},
			"a page without an origin":        {http.MethodPost, map[string]string{"Origin": "null"}, `not from "null"`},
			"a picture of another site":       {http.MethodGet, map[string]string{"Sec-Fetch-Site": "cross-site"}, "Sec-Fetch-Site: cross-site"},
			"a picture of another port":       {http.MethodGet, map[string]string{"Sec-Fetch-Site": "same-site"}, "Sec-Fetch-Site: same-site"},
			"an old browser's picture":        {http.MethodGet, map[string]string{"Referer": "https://evil.example.test/x"}, `not from "https://evil.example.test"`},
			"an unreadable page":              {http.MethodGet, map[string]string{"Referer": "%"}, "only requests from pages of"},
			"a form of another site":          {http.MethodPost, link, "Sec-Fetch-Site: cross-site"},
			"a frame of another site":         {http.MethodGet, map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, "cross-site"},
			"a proxy's Forwarded":             {http.MethodGet, map[string]string{"Forwarded": "for=10.0.0.7"}, "not through a proxy (Forwarded)"},
			"a proxy that names this machine": {http.MethodGet, map[string]string{"X-Forwarded-For": "127.0.0.1"}, "not through a proxy (X-Forwarded-For)"},
		} {
			code, body := send(t, guard, test.method, test.headers)
			require.Equal(t, http.StatusForbidden, code, where+": "+name)
			require.Contains(t, body, test.reason, where+": "+name)
		}
	}
}

func TestEveryProxyHeaderIsRefused(t *testing.T) {
	t.Parallel()
	for _, header := range []string{
		"forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "x-forwarded-server", "x-forwarded-ssl", "x-real-ip",
		"x-client-ip", "x-cluster-client-ip", "true-client-ip", "cf-connecting-ip", "fastly-client-ip", "x-original-forwarded-for",
	} {
		for _, value := range []string{"10.0.0.7", "127.0.0.1", ""} {
			code, body := send(t, loopback.Guard, http.MethodGet, map[string]string{header: value})
			require.Equal(t, http.StatusForbidden, code, header)
			require.Contains(t, body, "not through a proxy", header)
		}
	}
}

// TestReverseProxyOfTheStandardLibraryIsRefused checks the detection of a proxy in its default configuration.
func TestReverseProxyOfTheStandardLibraryIsRefused(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(loopback.Guard(http.NotFoundHandler()))
	t.Cleanup(server.Close)
	target, err := url.Parse(server.URL)
	require.NoError(t, err)
	proxy := httptest.NewServer(httputil.NewSingleHostReverseProxy(target))
	t.Cleanup(proxy.Close)

	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, proxy.URL, http.NoBody)
	require.NoError(t, err)
	answer, err := proxy.Client().Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Equal(t, http.StatusForbidden, answer.StatusCode)
}

func TestOtherMachinesAreRefusedUnlessPublished(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		guard func(http.Handler) http.Handler
		from  string
		code  int
	}{
		"this machine":               {loopback.Guard, "127.0.0.1:40000", http.StatusOK},
		"this machine, by IPv6":      {loopback.Guard, "[::1]:40000", http.StatusOK},
		"another machine":            {loopback.Guard, "10.0.0.7:40000", http.StatusForbidden},
		"an unknown address":         {loopback.Guard, "", http.StatusForbidden},
		"another machine, published": {loopback.GuardPublished, "172.18.0.1:40000", http.StatusOK},
	} {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:8233/", http.NoBody)
		request.RemoteAddr = test.from
		answer := httptest.NewRecorder()
		test.guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(answer, request)
		require.Equal(t, test.code, answer.Code, name)
	}
}

func TestOriginsOfHTTPAndHTTPSDiffer(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(loopback.Guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	t.Cleanup(server.Close)
	for origin, code := range map[string]int{server.URL: http.StatusOK, "http" + server.URL[len("https"):]: http.StatusForbidden} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, http.NoBody)
		require.NoError(t, err)
		request.Header.Set("Origin", origin)
		answer, err := server.Client().Do(request)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, code, answer.StatusCode, origin)
	}
}
