package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/internal/process"
	"rampart/ramp"
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

// The backend in Go buys tokens with the workers' keys, and learns from events how the order goes on.
func TestGoBackendBuysAndReceivesEvents(t *testing.T) {
	t.Parallel()
	path := program("shop")
	out, err := exec.Command("go", withRace("-o", path, "../../examples/go")...).CombinedOutput()
	require.NoError(t, err, string(out))
	own := "127.0.0.1:" + freePort(t)
	s := newStack(t, 60, withEvents(t, "http://"+own+"/hooks/ramp"))
	s.startBackend(process.Program{Name: "backend", Path: path}, own, "TEMPORAL_ADDRESS="+s.Address, "RAMP_KEYSET_FILE="+s.Keyset)
	requireShop(t, "http://"+own)
}

// The backend in TypeScript does so over HTTP, with a token and without keys.
func TestNodeBackendBuysOverHTTPAndReceivesEvents(t *testing.T) {
	t.Parallel()
	directory, err := buildBackend()
	require.NoError(t, err)
	own, listen := "127.0.0.1:"+freePort(t), "127.0.0.1:"+freePort(t)
	s := newStack(t, 60, withEvents(t, "http://"+own+"/hooks/ramp"))
	token := s.startGatewayWithToken(listen)
	s.startBackend(process.Program{Name: "backend", Path: "node", Arguments: []string{filepath.Join(directory, "build", "server.js")}}, own,
		"RAMPART_URL=http://"+listen, "RAMPART_TOKEN="+token)
	requireShop(t, "http://"+own)
}

// requireShop checks that the shop of an example sells tokens: it shows how to pay, takes the proof, and knows the end by events alone.
func requireShop(t *testing.T, shop string) {
	t.Helper()
	var bought struct {
		Status       ramp.Status
		Instructions ramp.Instructions
	}
	purchase := `{"email": "asha+linked@example.test", "wallet": "0x1111111111111111111111111111111111111111", "vpa": "asha@okbank", "name": "Asha Rao", "rupees": "1000.00"}`
	require.Equal(t, http.StatusCreated, post(t, shop+"/purchases/inv-42", purchase, &bought))
	require.Equal(t, ramp.AwaitingPayment, bought.Status)
	require.Contains(t, bought.Instructions.UPI.QR, "upi://pay?")

	require.Equal(t, http.StatusOK, post(t, shop+"/purchases/inv-42/utr", `{"utr": "`+utrOf(1)+`"}`, nil))
	eventually(t, patience, func() error {
		var latest ramp.Event
		if status := get(t, shop+"/purchases/inv-42", &latest); status != http.StatusOK || latest.Status != ramp.Completed {
			return fmt.Errorf("HTTP %d, the last event says %q", status, latest.Status)
		}
		return nil
	})

	var problem struct {
		Error  ramp.ErrorType
		Fields []ramp.FieldError
	}
	require.Equal(t, http.StatusUnprocessableEntity, post(t, shop+"/purchases/inv-43", strings.Replace(purchase, "1000.00", "ten", 1), &problem))
	require.Equal(t, ramp.InvalidRequest, problem.Error)
	require.Equal(t, "fiat.amount", problem.Fields[0].Field)
	require.Equal(t, http.StatusUnauthorized, post(t, shop+"/hooks/ramp", `{}`, nil))
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

// startBackend starts the backend of an example on an address.
func (s *stack) startBackend(backend process.Program, address string, environment ...string) {
	s.t.Helper()
	_, port, _ := strings.Cut(address, ":")
	backend.Environment = append(append(os.Environ(), "PORT="+port, "RAMPART_WEBHOOK_SECRET="+webhookSecret), environment...)
	started, err := s.Processes.Start(backend)
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
