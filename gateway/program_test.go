package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/gateway/webhook"
	"rampart/internal/credential"
	"rampart/internal/credential/credentialtest"
	"rampart/onmeta"
)

const orders = "/v1/orders"

// certificate writes a certificate for 127.0.0.1 and its key, and returns a client that trusts it.
func certificate(t *testing.T) (certFile, keyFile string, client *http.Client) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	certFile, keyFile = filepath.Join(t.TempDir(), "tls.crt"), filepath.Join(t.TempDir(), "tls.key")
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed})
	require.NoError(t, os.WriteFile(certFile, certPEM, 0o600))
	require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(certPEM))
	return certFile, keyFile, &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
}

func TestGatewayServesOverTLSOnAllInterfacesWithTokensAndStopsOnSIGTERM(t *testing.T) {
	t.Parallel()
	file, token := tokensFile(t, "shop", "read")
	certFile, keyFile, client := certificate(t)
	p := startProcess(t, map[string]string{
		"RAMP_GATEWAY_LISTEN": "0.0.0.0:0", "RAMP_GATEWAY_TOKENS_FILE": file,
		"RAMP_GATEWAY_TLS_CERT": certFile, "RAMP_GATEWAY_TLS_KEY": keyFile,
	})
	_, port, err := net.SplitHostPort(p.address(t, "api"))
	require.NoError(t, err)

	got := get(t, client, "https://127.0.0.1:"+port+orders, token)
	require.Equal(t, http.StatusOK, got.status, got.body)
	plain := get(t, http.DefaultClient, "http://127.0.0.1:"+port+orders, token)
	require.Equal(t, http.StatusBadRequest, plain.status, "plain HTTP is refused")

	client.CloseIdleConnections()
	p.stop(t)
	require.NoError(t, <-p.ended, p.log.String())
	require.Len(t, p.log.lines("gateway stopped"), 1)
}

func TestCallsOverHTTPNeedATokenAndItsScope(t *testing.T) {
	t.Parallel()
	file, token := tokensFile(t, "shop", "write")
	p := startProcess(t, map[string]string{"RAMP_GATEWAY_TOKENS_FILE": file})
	url := "http://" + p.address(t, "api") + orders
	for name, c := range map[string]struct {
		token, challenge string
		status           int
	}{
		"none":        {"", "Bearer", http.StatusUnauthorized},
		"unknown":     {"ramp_unknown", `Bearer error="invalid_token"`, http.StatusUnauthorized},
		"other scope": {token, `Bearer error="insufficient_scope"`, http.StatusForbidden},
	} {
		got := get(t, http.DefaultClient, url, c.token)

		require.Equal(t, c.status, got.status, name)
		require.True(t, strings.HasPrefix(got.header.Get("WWW-Authenticate"), c.challenge), "%s: %s", name, got.header.Get("WWW-Authenticate"))
		require.Equal(t, "application/problem+json", got.header.Get("Content-Type"), name)
	}
}

func TestWithoutTokensTheGatewayServesItsOwnMachineOnly(t *testing.T) {
	t.Parallel()
	p := startProcess(t, nil)
	url := "http://" + p.address(t, "api") + orders
	require.Equal(t, http.StatusOK, get(t, http.DefaultClient, url, "").status)

	for header, value := range map[string]string{
		"Host": "gateway.example.test", "Origin": "https://evil.example.test", "X-Forwarded-For": "10.0.0.7", "Sec-Fetch-Site": "cross-site",
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
		require.NoError(t, err)
		request.Header.Set(header, value)
		request.Host = request.Header.Get("Host")
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusForbidden, response.StatusCode, header)
	}
}

func TestRequestsInFlightFinishBeforeTheGatewayStops(t *testing.T) {
	t.Parallel()
	temporal := newFrontend(t)
	entered, release := temporal.holdLists()
	p := startProcess(t, map[string]string{"TEMPORAL_ADDRESS": temporal.address})
	address := p.address(t, "api")
	answers := make(chan answer, 1)
	go func() { answers <- get(t, &http.Client{Transport: new(http.Transport)}, "http://"+address+orders, "") }()
	<-entered

	p.stop(t)
	require.Eventually(t, func() bool {
		connection, err := net.Dial("tcp", address)
		if err == nil {
			_ = connection.Close()
		}
		return err != nil
	}, patience, pollEvery, "a gateway that stops takes no new connections")
	require.Empty(t, p.ended, "the gateway stopped before its request was answered")
	close(release)

	require.Equal(t, http.StatusOK, (<-answers).status)
	require.NoError(t, <-p.ended, p.log.String())
}

func TestClientsThatSendSlowlyAreCutOff(t *testing.T) {
	t.Parallel()
	file, _ := tokensFile(t, "shop", "read")
	p := startProcess(t, map[string]string{"RAMP_GATEWAY_TOKENS_FILE": file})
	address := p.address(t, "api")
	for name, sent := range map[string]string{
		"nothing":                     "",
		"part of the headers":         "GET /v1/orders HTTP/1.1\r\nHost: gateway\r\nX-",
		"part of a body nobody reads": "PUT /v1/onramp/orders/inv-42 HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n{",
		"chunks without an end":       "POST /nowhere HTTP/1.1\r\nHost: gateway\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			connection, err := net.Dial("tcp", address)
			require.NoError(t, err)
			defer func() { _ = connection.Close() }()
			require.NoError(t, connection.SetReadDeadline(time.Now().Add(patience)))
			_, err = io.WriteString(connection, sent)
			require.NoError(t, err)

			_, err = io.Copy(io.Discard, connection)

			require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the gateway keeps a connection that sends nothing")
		})
	}
}

func TestConnectionsBeyondTheLimitWait(t *testing.T) {
	t.Parallel()
	p := startProcess(t, map[string]string{"RAMP_GATEWAY_MAX_CONNECTIONS": "1"})
	address := p.address(t, "api")
	first := ask(t, address)
	status(t, first)

	second := ask(t, address)
	require.NoError(t, second.SetReadDeadline(time.Now().Add(100*time.Millisecond)))
	_, err := second.Read(make([]byte, 1))
	require.Error(t, err, "the second connection is served beside the first")
	require.NoError(t, first.Close())

	require.NoError(t, second.SetReadDeadline(time.Time{}))
	status(t, second)
}

// ask sends a request for the API's document on a connection of its own.
func ask(t *testing.T, address string) net.Conn {
	t.Helper()
	connection, err := net.Dial("tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = connection.Close() })
	_, err = fmt.Fprintf(connection, "GET /openapi.json HTTP/1.1\r\nHost: %s\r\n\r\n", address)
	require.NoError(t, err)
	return connection
}

func status(t *testing.T, connection net.Conn) {
	t.Helper()
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
}

func TestGatewayLogsRequestsWithoutTokensAndPersonalData(t *testing.T) {
	t.Parallel()
	const (
		account = "50100000004821"
		email   = "asha.rao@example.test"
		name    = "Asha Rao"
	)
	file, token := tokensFile(t, "shop", "read", "write")
	p := startProcess(t, map[string]string{
		"RAMP_GATEWAY_TOKENS_FILE": file, "RAMP_LOG_LEVEL": "debug", "RAMP_GATEWAY_PROVIDER_LISTEN": "127.0.0.1:0", "ONMETA_API_SECRET": "provider-secret",
	})
	url := "http://" + p.address(t, "api")
	body := `{"email":"` + email + `","fiat":{"currency":"INR","amount":"1000.00"},"token":{"symbol":"USDC",` +
		`"address":"0x3c499c542cef5e3811e1192ce70d8cc03d5c3359","chainId":137},"walletAddress":"0x1111111111111111111111111111111111111111",` +
		`"paymentMethod":"INR_IMPS","bank":{"accountName":"` + name + `","accountNumber":"` + account + `","ifsc":"HDFC0001234","pan":"ABCPE1234F"}}`
	for _, path := range []string{
		"/v1/onramp/orders/inv-42", "/v1/onramp/orders/inv-42?email=" + email, "/v1/onramp/orders/" + email, "/" + account, "/v1/orders?token=" + token,
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url+path, strings.NewReader(body))
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+token)
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("X-Request-Id", email)
		request.Header.Set("User-Agent", name)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.NotContains(t, response.Header.Get("X-Request-Id"), email, "a caller's own id has no room for personal data")
	}
	forged, err := http.Post("http://"+p.address(t, "provider")+webhook.OrdersPath, "application/json", strings.NewReader(body))
	require.NoError(t, err)
	require.NoError(t, forged.Body.Close())

	p.stop(t)
	require.NoError(t, <-p.ended, p.log.String())
	require.NotEmpty(t, p.log.lines("request"))
	require.Equal(t, "shop", caller(p.log.lines("request"), p.log.lines("request failed")))
	for _, secret := range []string{token, "ramp_", account, email, name, "ABCPE1234F", "provider-secret", "HDFC0001234"} {
		require.NotContains(t, p.log.String(), secret)
	}
}

// caller is the first caller that is named in these lines.
func caller(groups ...[]line) string {
	for _, group := range groups {
		for _, each := range group {
			if each.Caller != "" {
				return each.Caller
			}
		}
	}
	return ""
}

func TestRequestIsFoundInTheLogByItsID(t *testing.T) {
	t.Parallel()
	p := startProcess(t, nil)
	url := "http://" + p.address(t, "api") + orders

	given := get(t, http.DefaultClient, url, "").header.Get("X-Request-Id")

	require.NotEmpty(t, given)
	require.Eventually(t, func() bool {
		for _, each := range p.log.lines("request") {
			if each.RequestID == given {
				return each.Status == http.StatusOK && strings.HasSuffix(each.Route, orders)
			}
		}
		return false
	}, patience, pollEvery)
}

func TestRequestsAreMeasuredByRouteAndNotByPath(t *testing.T) {
	t.Parallel()
	p := startProcess(t, nil)
	address, pages := p.address(t, "api"), p.pages(t)
	get(t, http.DefaultClient, "http://"+address+orders, "")
	get(t, http.DefaultClient, "http://"+address+"/v1/onramp/orders/inv-42", "")
	get(t, http.DefaultClient, "http://"+address+"/somewhere/inv-42", "")

	metrics := get(t, http.DefaultClient, pages+"/metrics", "").body

	require.Contains(t, metrics, `ramp_gateway_request_duration_seconds_count{listener="api",method="GET",route="/v1/orders",status="200"} 1`)
	require.Contains(t, metrics, `route="/v1/onramp/orders/{reference}"`)
	require.Contains(t, metrics, `route="none",status="404"`)
	require.Contains(t, metrics, `ramp_gateway_requests_active{listener="api"} 0`)
	require.NotContains(t, metrics, "inv-42")
	require.Equal(t, "ok\n", get(t, http.DefaultClient, pages+"/healthz", "").body)
}

func TestGatewayIsReadyWhileItsDependenciesAre(t *testing.T) {
	t.Parallel()
	temporal := newFrontend(t)
	file, _ := tokensFile(t, "shop", "read")
	p := startProcess(t, map[string]string{"TEMPORAL_ADDRESS": temporal.address, "RAMP_GATEWAY_TOKENS_FILE": file})
	pages := p.pages(t)
	require.Equal(t, http.StatusOK, get(t, http.DefaultClient, pages+"/readyz", "").status)

	require.NoError(t, os.WriteFile(file, []byte("shop\n"), 0o600))
	temporal.health.Shutdown()

	require.Eventually(t, func() bool {
		got := get(t, http.DefaultClient, pages+"/readyz", "")
		return got.status == http.StatusServiceUnavailable &&
			strings.Contains(got.body, "RAMP_GATEWAY_TOKENS_FILE") && strings.Contains(got.body, "TEMPORAL_ADDRESS")
	}, patience, 100*time.Millisecond)
}

func TestProviderHasAListenerOfItsOwn(t *testing.T) {
	t.Parallel()
	const secret = onmeta.Secret("provider-secret")
	p := startProcess(t, map[string]string{"RAMP_GATEWAY_PROVIDER_LISTEN": "127.0.0.1:0", "ONMETA_API_SECRET": secret.Reveal()})
	api, provider := "http://"+p.address(t, "api"), "http://"+p.address(t, "provider")
	deliver := func(url, body, signature string) int {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+webhook.OrdersPath, strings.NewReader(body))
		require.NoError(t, err)
		request.Header.Set(onmeta.SignatureHeader, signature)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		return response.StatusCode
	}
	signed := onmeta.SignWebhook(secret, []byte("{}"))

	require.Equal(t, http.StatusOK, deliver(provider, "{}", signed))
	require.Equal(t, http.StatusUnauthorized, deliver(provider, "{ }", onmeta.SignWebhook("another", []byte("{ }"))))
	require.Equal(t, http.StatusNotFound, deliver(api, "{}", signed))
	require.Equal(t, http.StatusNotFound, get(t, http.DefaultClient, provider+orders, "").status)

	p.stop(t)
	require.NoError(t, <-p.ended, p.log.String())
}

func TestProvidersNewSecretIsUsedWhenItsFileChanges(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "secret")
	credentialtest.Write(t, file, []byte("first-secret\n"))
	p := startProcess(t, map[string]string{"RAMP_GATEWAY_PROVIDER_LISTEN": "127.0.0.1:0", "ONMETA_API_SECRET_FILE": file})
	url := "http://" + p.address(t, "provider") + webhook.OrdersPath
	taken := func(secret onmeta.Secret) bool {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("{}"))
		require.NoError(t, err)
		request.Header.Set(onmeta.SignatureHeader, onmeta.SignWebhook(secret, []byte("{}")))
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		return response.StatusCode == http.StatusOK
	}
	require.True(t, taken("first-secret"))

	credentialtest.Write(t, file, []byte("second-secret"))

	require.Eventually(t, func() bool { return taken("second-secret") }, 4*credential.Interval, 100*time.Millisecond)
	require.False(t, taken("first-secret"))
	require.NotContains(t, p.log.String(), "-secret")
}

// holdLists makes lists of orders wait: entered tells of one that waits, and closing release ends the wait.
func (f *frontend) holdLists() (entered chan struct{}, release chan struct{}) {
	entered, release = make(chan struct{}, 1), make(chan struct{})
	f.hold = func(ctx context.Context) {
		entered <- struct{}{}
		select {
		case <-release:
		case <-ctx.Done():
		}
	}
	return entered, release
}
