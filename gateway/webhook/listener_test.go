package webhook_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"rampart/gateway/webhook"
	"rampart/onmeta"
	"rampart/ramp"
)

func TestListenerAnswersBySignature(t *testing.T) {
	t.Parallel()
	good := onramp("completed")
	signed := func(body string) string { return onmeta.SignWebhook(secret, []byte(body)) }
	wrapped := `{"request_data":` + good + `}`
	lower := strings.NewReplacer("orderId", "orderid", "eventType", "eventtype", "metaData", "metadata", "buyTokenSymbol", "buytokensymbol").Replace(good)
	huge := strings.Replace(good, `"1000"`, strings.Repeat(" ", 64<<10), 1) + strings.Repeat(" ", 64<<10)
	for name, test := range map[string]struct {
		method, path, body, signature string
		status                        int
		result                        string
	}{
		"good":               {"POST", webhook.OrdersPath, good, signed(good), 200, "hinted"},
		"in capitals":        {"POST", webhook.OrdersPath, good, strings.ToUpper(signed(good)), 200, "hinted"},
		"wrapped":            {"POST", webhook.OrdersPath, wrapped, signed(wrapped), 200, "hinted"},
		"lower-case keys":    {"POST", webhook.OrdersPath, lower, signed(lower), 200, "hinted"},
		"spaced, signed raw": {"POST", webhook.OrdersPath, " " + good, signed(" " + good), 200, "hinted"},
		"spaced, as compact": {"POST", webhook.OrdersPath, " " + good, signed(good), 200, "hinted"},
		"no signature":       {"POST", webhook.OrdersPath, good, "", 401, "unsigned"},
		"not hexadecimal":    {"POST", webhook.OrdersPath, good, "signature", 401, "forged"},
		"half a signature":   {"POST", webhook.OrdersPath, good, signed(good)[:32], 401, "forged"},
		"other secret":       {"POST", webhook.OrdersPath, good, onmeta.SignWebhook("other", []byte(good)), 401, "forged"},
		"tampered":           {"POST", webhook.OrdersPath, strings.Replace(good, "1000", "9000", 1), signed(good), 401, "forged"},
		"other body":         {"POST", webhook.OrdersPath, onramp("expired"), signed(good), 401, "forged"},
		"unknown order": {"POST", webhook.OrdersPath, strings.Replace(good, orderID, "650000000000000000000009", 1),
			signed(strings.Replace(good, orderID, "650000000000000000000009", 1)), 200, "unknown"},
		"huge":              {"POST", webhook.OrdersPath, huge, signed(huge), 413, "unreadable"},
		"empty":             {"POST", webhook.OrdersPath, "", signed(""), 200, "malformed"},
		"not an event":      {"POST", webhook.OrdersPath, "[]", signed("[]"), 200, "malformed"},
		"KYC among orders":  {"POST", webhook.OrdersPath, kyc("KYCCompleted", "asha@example.test"), signed(kyc("KYCCompleted", "asha@example.test")), 200, "malformed"},
		"GET":               {"GET", webhook.OrdersPath, "", signed(""), 405, ""},
		"wrong path":        {"POST", "/provider/onmeta", good, signed(good), 404, ""},
		"path below":        {"POST", webhook.OrdersPath + "/1", good, signed(good), 404, ""},
		"root":              {"POST", "/", good, signed(good), 404, ""},
		"another direction": {"POST", webhook.OrdersPath, offramp("PayoutSuccess"), signed(offramp("PayoutSuccess")), 200, "unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := start(t, &orders{known: []ramp.Summary{running(ramp.Onramp, "inv-42", orderID)}})
			server := httptest.NewServer(g.handler)
			defer server.Close()
			request, err := http.NewRequestWithContext(t.Context(), test.method, server.URL+test.path, strings.NewReader(test.body))
			require.NoError(t, err)
			if test.signature != "" {
				request.Header.Set(onmeta.SignatureHeader, test.signature)
			}
			answer, err := http.DefaultClient.Do(request)
			require.NoError(t, err)
			require.NoError(t, answer.Body.Close())
			require.Equal(t, test.status, answer.StatusCode)
			hints := g.done()
			if test.result == "hinted" {
				require.Equal(t, []told{{ramp.ID{Direction: ramp.Onramp, Reference: "inv-42"}, ramp.Hint{ProviderStatus: "completed"}}}, hints)
			} else {
				require.Empty(t, hints)
			}
			want := map[string]int64{}
			if test.result != "" {
				want[test.result] = 1
			}
			require.Equal(t, want, g.counts("orders"))
			if test.status >= 400 {
				require.Zero(t, g.orders.calls, "what is refused costs no call to Temporal")
			}
		})
	}
}

func TestWithoutASecretNothingIsTaken(t *testing.T) {
	t.Parallel()
	g := startWith(t, &orders{}, "")
	body := onramp("completed")
	for _, signature := range []string{onmeta.SignWebhook("", []byte(body)), onmeta.SignWebhook(secret, []byte(body)), "00"} {
		require.Equal(t, http.StatusUnauthorized, g.deliver(webhook.OrdersPath, body, signature))
	}
	require.Empty(t, g.done())
	require.Zero(t, g.orders.calls)
}

func TestAnswerSaysNothingOfTheBody(t *testing.T) {
	t.Parallel()
	g := start(t, &orders{})
	request := httptest.NewRequest(http.MethodPost, webhook.KYCPath, strings.NewReader(kyc("KYCCompleted", "asha@example.test")))
	request.Header.Set(onmeta.SignatureHeader, "00")
	answer := httptest.NewRecorder()
	g.handler.ServeHTTP(answer, request)
	require.Equal(t, http.StatusUnauthorized, answer.Code)
	require.NotContains(t, answer.Body.String(), "asha")
}

func TestSlowBodyIsCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := start(t, &orders{})
		client := serveOn(t, g.handler)
		_, err := fmt.Fprintf(client, "POST %s HTTP/1.1\r\nHost: gateway\r\nX-Onmeta-Signature: 00\r\nContent-Length: 1000\r\n\r\n{", webhook.OrdersPath)
		require.NoError(t, err)
		answer, err := http.ReadResponse(bufio.NewReader(client), nil) // time stands still until the body's deadline
		require.NoError(t, err)
		require.Equal(t, http.StatusBadRequest, answer.StatusCode)
		require.Equal(t, map[string]int64{"unreadable": 1}, g.counts("orders"))
		require.NoError(t, client.Close())
		require.Empty(t, g.done())
	})
}

// serveOn serves a handler on one connection in memory, whose other end it returns.
func serveOn(t *testing.T, handler http.Handler) net.Conn {
	t.Helper()
	ours, theirs := net.Pipe()
	connections := make(chan net.Conn, 1)
	connections <- theirs
	listener := &once{connections: connections, closed: make(chan struct{})}
	server := &http.Server{Handler: handler} //nolint:gosec // the handler's own limit is tested
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-stopped
	})
	return ours
}

// once is a listener with one connection.
type once struct {
	connections chan net.Conn
	closed      chan struct{}
}

func (l *once) Accept() (net.Conn, error) {
	select {
	case c := <-l.connections:
		return c, nil
	case <-l.closed:
		return nil, io.EOF
	}
}

func (l *once) Close() error {
	select {
	case <-l.closed:
	default:
		close(l.closed)
	}
	return nil
}

func (l *once) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }
