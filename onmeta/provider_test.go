package onmeta_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/internal/redact"
	"rampart/onmeta"
)

const (
	apiKey    = onmeta.Secret("11111111-2222-4333-8444-555555555555")
	kycSecret = onmeta.Secret("sandbox-kyc-secret")
	email     = "Asha@example.test"
	token     = onmeta.Secret("user-token")
	orderID   = "650000000000000000000001"
	wallet    = "0x1111111111111111111111111111111111111111"
	usdc      = "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359"
)

var asha = onmeta.User{Email: email, Token: token}

// provider answers every request the same way and keeps what it was asked.
type provider struct {
	URL string

	mu       sync.Mutex
	requests []received
}

type received struct {
	Method string
	Path   string
	Header http.Header
	Body   []byte
}

func (p *provider) last(t *testing.T) received {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	require.NotEmpty(t, p.requests, "the provider was not called")
	return p.requests[len(p.requests)-1]
}

func (p *provider) calls() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.requests)
}

func startProvider(t *testing.T, answer http.HandlerFunc) *provider {
	t.Helper()
	p := &provider{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			p.mu.Lock()
			p.requests = append(p.requests, received{r.Method, r.RequestURI, r.Header.Clone(), body})
			p.mu.Unlock()
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	p.URL = server.URL
	return p
}

// answering makes a provider that gives one fixed answer.
func answering(t *testing.T, status int, body string) *provider {
	t.Helper()
	return startProvider(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

func (p *provider) transport(t *testing.T) *onmeta.Transport {
	t.Helper()
	transport, err := onmeta.NewTransport(onmeta.Config{BaseURL: p.URL, APIKey: apiKey})
	require.NoError(t, err)
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

func (p *provider) client(t *testing.T) *onmeta.Client {
	t.Helper()
	return onmeta.New(p.transport(t), onmeta.WithKYCSecret(kycSecret))
}

// success makes a client of a provider whose every answer holds data.
func success(t *testing.T, data string) *onmeta.Client {
	t.Helper()
	return answering(t, http.StatusOK, `{"success":true,"data":`+data+`,"error":{}}`).client(t)
}

func failureOf(t *testing.T, err error) *onmeta.Error {
	t.Helper()
	var failure *onmeta.Error
	require.ErrorAs(t, err, &failure)
	return failure
}

func requireMalformed(t *testing.T, err error, message string) {
	t.Helper()
	failure := failureOf(t, err)
	require.Equal(t, onmeta.KindMalformed, failure.Kind, "%v", err)
	require.Equal(t, onmeta.Answered, failure.Reached)
	require.Contains(t, failure.Message, message)
	require.NotEmpty(t, failure.RequestID)
}

func compactJSON(t *testing.T, text string) string {
	t.Helper()
	var value any
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&value))
	compact, err := json.Marshal(value)
	require.NoError(t, err)
	return string(compact)
}

func fileOf(name, contents string) onmeta.File {
	return onmeta.File{
		Name: redact.Personal(name), ContentType: "image/jpeg",
		Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(contents)), nil },
	}
}
