package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/examples/backend"
	"rampart/internal/process"
	"rampart/ramp"
	"rampart/test/testbed"
)

// webhookSecret is that of the examples' endpoint.
const webhookSecret = "whsec_ZXhhbXBsZXMtZXhhbXBsZXMtZXhhbXBsZXMtZXhhbQ=="

// withEvents makes the workers send events to an endpoint on this machine.
func withEvents(t *testing.T, url string) stackOption {
	t.Helper()
	file := filepath.Join(t.TempDir(), "events.yaml")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `endpoints:
  - name: shop
    url: %s
    secrets: [%s]
    allowPrivate: true
`, url, webhookSecret), 0o600))
	return withEnvironment("RAMP_EVENTS_FILE=" + file)
}

// The backend in Go buys tokens and learns from events how the order goes on.
func TestExampleBackendReceivesEvents(t *testing.T) {
	t.Parallel()
	var received struct {
		sync.Mutex
		events []ramp.Event
	}
	events, err := backend.Events(webhookSecret, func(_ context.Context, event ramp.Event) error {
		received.Lock()
		defer received.Unlock()
		received.events = append(received.events, event)
		return nil
	})
	require.NoError(t, err)
	receiver := httptest.NewServer(events)
	defer receiver.Close()
	s := newStack(t, 60, withEvents(t, receiver.URL))

	_, err = s.Orders.StartOnramp(t.Context(), testbed.OnrampRequest("inv-42"))
	require.NoError(t, err)
	require.NoError(t, backend.Paid(t.Context(), s.Orders, "inv-42", utrOf(1)))
	order := s.awaitStatus(buy("inv-42"), patience, ramp.Completed)
	eventually(t, patience, func() error {
		received.Lock()
		defer received.Unlock()
		if n := len(received.events); n == 0 || received.events[n-1].Status != ramp.Completed {
			return fmt.Errorf("%d events, none of the end", n)
		}
		return nil
	})
	received.Lock()
	defer received.Unlock()
	var statuses []ramp.Status
	version := int64(0)
	for _, event := range received.events {
		require.GreaterOrEqual(t, event.Version, version, "in order")
		version = event.Version
		if event.Type == ramp.StatusChanged {
			statuses = append(statuses, event.Status)
		}
	}
	require.Equal(t, statusesOf(order), statuses, "every status, once")
	forged, err := http.Post(receiver.URL, "application/json", strings.NewReader(`{}`))
	require.NoError(t, err)
	require.NoError(t, forged.Body.Close())
	require.Equal(t, http.StatusUnauthorized, forged.StatusCode)
}

// statusesOf returns the statuses that an order had, in their order.
func statusesOf(order *ramp.Order) []ramp.Status {
	var statuses []ramp.Status
	for _, entry := range order.Timeline {
		if n := len(statuses); n == 0 || statuses[n-1] != entry.Status {
			statuses = append(statuses, entry.Status)
		}
	}
	return statuses
}

// The backend in TypeScript buys tokens over HTTP, with a token and without keys, and learns from events how the order goes on.
func TestNodeBackendBuysOverHTTPAndReceivesEvents(t *testing.T) {
	t.Parallel()
	directory, err := buildBackend()
	require.NoError(t, err)
	own, listen := "127.0.0.1:"+freePort(t), "127.0.0.1:"+freePort(t)
	s := newStack(t, 60, withEvents(t, "http://"+own+"/hooks/ramp"))
	token := s.startGatewayWithToken(listen)
	s.startNodeBackend(directory, own, "RAMPART_URL=http://"+listen, "RAMPART_TOKEN="+token, "RAMPART_WEBHOOK_SECRET="+webhookSecret)

	var bought struct {
		Status       ramp.Status
		Instructions ramp.Instructions
	}
	purchase := `{"email": "asha+linked@example.test", "wallet": "0x1111111111111111111111111111111111111111", "vpa": "asha@okbank", "name": "Asha Rao", "rupees": "1000.00"}`
	require.Equal(t, http.StatusCreated, post(t, "http://"+own+"/purchases/inv-42", purchase, &bought))
	require.Equal(t, ramp.AwaitingPayment, bought.Status)
	require.Contains(t, bought.Instructions.UPI.QR, "upi://pay?")

	require.Equal(t, http.StatusOK, post(t, "http://"+own+"/purchases/inv-42/utr", `{"utr": "`+utrOf(1)+`"}`, nil))
	eventually(t, patience, func() error {
		var latest ramp.Event
		if status := get(t, "http://"+own+"/purchases/inv-42", &latest); status != http.StatusOK || latest.Status != ramp.Completed {
			return fmt.Errorf("HTTP %d, the last event says %q", status, latest.Status)
		}
		return nil
	})

	var problem struct {
		Error  ramp.ErrorType
		Fields []ramp.FieldError
	}
	require.Equal(t, http.StatusUnprocessableEntity, post(t, "http://"+own+"/purchases/inv-43", strings.Replace(purchase, "1000.00", "ten", 1), &problem))
	require.Equal(t, ramp.InvalidRequest, problem.Error)
	require.Equal(t, "fiat.amount", problem.Fields[0].Field)
	require.Equal(t, http.StatusUnauthorized, post(t, "http://"+own+"/hooks/ramp", `{}`, nil))
}

// startGatewayWithToken starts a gateway that asks for a token, and returns one.
func (s *stack) startGatewayWithToken(listen string) string {
	s.t.Helper()
	out, problems, code := s.starter("token", "--name", "shop", "--scopes", "read,write")
	require.Zero(s.t, code, problems)
	token := regexp.MustCompile(`ramp_\S+`).FindString(out)
	line := regexp.MustCompile(`(?m)^.*sha256:\S+`).FindString(out)
	require.NotEmpty(s.t, token, out)
	require.NotEmpty(s.t, line, out)
	tokens := filepath.Join(s.Dir, "tokens")
	require.NoError(s.t, os.WriteFile(tokens, []byte(strings.TrimSpace(line)+"\n"), 0o600))
	s.startGateway("RAMP_GATEWAY_LISTEN="+listen, "RAMP_GATEWAY_TOKENS_FILE="+tokens)
	return token
}

// startNodeBackend starts the backend in TypeScript on an address.
func (s *stack) startNodeBackend(directory, address string, environment ...string) {
	s.t.Helper()
	_, port, _ := strings.Cut(address, ":")
	started, err := s.Processes.Start(process.Program{
		Name: "backend", Path: "node", Arguments: []string{filepath.Join(directory, "build", "server.js")},
		Environment: append(append(os.Environ(), "PORT="+port), environment...),
	})
	require.NoError(s.t, err)
	s.awaitLog(started, "listening on")
}

func post(t *testing.T, url, body string, into any) int {
	t.Helper()
	response, err := http.Post(url, "application/json", strings.NewReader(body))
	require.NoError(t, err)
	return read(t, response, into)
}

func get(t *testing.T, url string, into any) int {
	t.Helper()
	response, err := http.Get(url)
	require.NoError(t, err)
	return read(t, response, into)
}

func read(t *testing.T, response *http.Response, into any) int {
	t.Helper()
	defer response.Body.Close()
	if into != nil {
		require.NoError(t, json.NewDecoder(response.Body).Decode(into))
	}
	return response.StatusCode
}
