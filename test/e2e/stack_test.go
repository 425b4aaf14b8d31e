package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"rampart/codec"
	"rampart/ramp"
	"rampart/sandbox/ledger"
	"rampart/workflows"
)

const (
	apiKey    = "0c9de1a4-1111-4222-8333-e2e0e2e0e2e0"
	apiSecret = "e2e-api-secret-83a1"
	kycSecret = "e2e-kyc-secret-9c07"
)

// stack is all the parts of Rampart, running.
type stack struct {
	t       *testing.T
	speed   int
	server  *process
	worker  *process
	address string
	ui      string
	sandbox string
	db      string
	// provider is where the worker finds the sandbox: there, or beyond a network.
	provider string
	network  *network
	// environment is what the worker gets besides the usual.
	environment []string
	// http is where the worker shows metrics and health, if it was told.
	http string
	// keyset is the file of the keys that encrypt payloads, and keyring those keys.
	keyset  string
	keyring *codec.Keyring
	// ahead is the keyring of one backend, which encrypts with a key that nobody else has, and added is the keyset that has it too.
	ahead *codec.Keyring
	added []byte
	// codec is where the Web UI looks for a codec server.
	codec string

	temporal client.Client
	orders   *ramp.Client
}

type stackOption func(*stack)

// onFile keeps Temporal's data in a file, so that the server can be restarted.
func onFile(s *stack) { s.db = s.t.TempDir() + "/temporal.db" }

// withEnvironment gives the worker further variables.
func withEnvironment(variables ...string) stackOption {
	return func(s *stack) { s.environment = variables }
}

// newStack starts a Temporal server, a sandbox whose clock runs at a speed, and a worker.
func newStack(t *testing.T, speed int, options ...stackOption) *stack {
	t.Helper()
	s := &stack{t: t, speed: speed, address: "127.0.0.1:" + freePort(t)}
	uiPort := freePort(t)
	s.ui = "http://127.0.0.1:" + uiPort
	s.codec = "127.0.0.1:" + freePort(t)
	for _, option := range options {
		option(s)
	}
	s.makeKeyset()
	s.startServer()
	box := launch(t, "sandbox", nil, "--listen", "127.0.0.1:0", "--speed", fmt.Sprint(speed),
		"--api-key", apiKey, "--api-secret", apiSecret, "--kyc-secret", kycSecret)
	s.sandbox = box.line("")
	s.provider = s.sandbox
	if s.network != nil {
		s.provider = s.network.between(t, s.sandbox)
	}
	s.worker = s.startWorker()
	s.connect()
	return s
}

func (s *stack) makeKeyset() {
	s.t.Helper()
	source := codec.KeysetSource{File: filepath.Join(s.t.TempDir(), "keyset.json")}
	var err error
	s.keyset, err = codec.CreateKeyset(s.t.Context(), source)
	require.NoError(s.t, err)
	s.keyring, err = codec.OpenKeyring(s.t.Context(), source)
	require.NoError(s.t, err)
}

func (s *stack) startServer() {
	s.t.Helper()
	_, port, _ := strings.Cut(s.address, ":")
	args := []string{"--port", port, "--ui-port", s.ui[strings.LastIndex(s.ui, ":")+1:], "--codec-endpoint", "http://" + s.codec}
	if s.db != "" {
		args = append(args, "--db", s.db)
	}
	s.server = launch(s.t, "devserver", nil, args...)
	s.server.line("TEMPORAL_ADDRESS=")
}

// startCodecServer starts the codec server that the Web UI was told of.
func (s *stack) startCodecServer(environment ...string) *process {
	s.t.Helper()
	started := launch(s.t, "codec-server", append(environment,
		"RAMP_CODEC_LISTEN="+s.codec,
		"RAMP_CODEC_ORIGINS="+s.ui,
		"RAMP_KEYSET_FILE="+s.keyset,
	))
	eventually(s.t, patience, func() error {
		response, err := http.Get("http://" + s.codec + "/healthz")
		if err != nil {
			return err
		}
		return response.Body.Close()
	})
	return started
}

func (s *stack) startWorker() *process {
	s.t.Helper()
	started := launch(s.t, "worker", s.workerEnvironment())
	started.logged("worker started")
	return started
}

func (s *stack) workerEnvironment() []string {
	return append(s.environment,
		"TEMPORAL_ADDRESS="+s.address,
		"TEMPORAL_NAMESPACE=default",
		"ONMETA_BASE_URL="+s.provider,
		"ONMETA_API_KEY="+apiKey,
		"ONMETA_API_SECRET="+apiSecret,
		"ONMETA_KYC_SECRET="+kycSecret,
		fmt.Sprintf("ONMETA_CLOCK_SPEED=%d", s.speed),
		"RAMP_LOG_LEVEL=debug",
		"RAMP_KYC_STORES=file://"+os.TempDir()+",s3://kyc/users/",
		"RAMP_KEYSET_FILE="+s.keyset,
	)
}

func (s *stack) connect() {
	s.t.Helper()
	options := client.Options{
		HostPort: s.address,
		Logger:   log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	}
	codec.Secure(&options, s.keyring)
	var err error
	s.temporal, err = client.Dial(options)
	require.NoError(s.t, err)
	s.t.Cleanup(s.temporal.Close)
	s.orders = ramp.NewClient(s.temporal, options.DataConverter)
}

// starter runs the starter and returns what it wrote and its exit code.
func (s *stack) starter(args ...string) (stdout, stderr string, code int) {
	s.t.Helper()
	return s.starterIn("default", args...)
}

// starterIn runs the starter in a namespace.
func (s *stack) starterIn(namespace string, args ...string) (stdout, stderr string, code int) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program("starter"), args...)
	cmd.Env = append(cmd.Environ(), "TEMPORAL_ADDRESS="+s.address, "TEMPORAL_NAMESPACE="+namespace, "RAMP_UI_URL="+s.ui, "RAMP_KEYSET_FILE="+s.keyset, "NO_COLOR=1")
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	err := cmd.Run()
	if cmd.ProcessState == nil {
		require.NoError(s.t, err)
	}
	return out.String(), problems.String(), cmd.ProcessState.ExitCode()
}

// await returns an order once it is as wanted.
func (s *stack) await(id ramp.ID, within time.Duration, wanted func(*ramp.Order) bool) *ramp.Order {
	s.t.Helper()
	var found *ramp.Order
	eventually(s.t, within, func() error {
		order, err := s.orders.Get(s.t.Context(), id)
		if err != nil {
			return err
		}
		if !wanted(order) {
			return fmt.Errorf("order %s is %s (%s)", id.Reference, order.Status, order.ProviderStatus)
		}
		found = order
		return nil
	})
	return found
}

// awaitStatus waits for a status. A final one is waited for until it is in the order's history: a query tells of it as soon as the worker
// knows.
func (s *stack) awaitStatus(id ramp.ID, within time.Duration, status ramp.Status) *ramp.Order {
	s.t.Helper()
	order := s.await(id, within, func(order *ramp.Order) bool { return order.Status == status })
	if status.Final() {
		ending, cancel := context.WithTimeout(s.t.Context(), within)
		defer cancel()
		require.NoError(s.t, s.temporal.GetWorkflow(ending, id.Direction.WorkflowID(id.Reference), "").Get(ending, nil))
	}
	return order
}

// history is an order's history so far.
func (s *stack) history(id ramp.ID) *historypb.History {
	s.t.Helper()
	events := s.temporal.GetWorkflowHistory(s.t.Context(), id.Direction.WorkflowID(id.Reference), "", false,
		enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	history := new(historypb.History)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(s.t, err)
		history.Events = append(history.Events, event)
	}
	return history
}

// requireReplay requires that the workflow code makes the same commands from orders' histories as it did when they ran.
func (s *stack) requireReplay(orders ...ramp.ID) {
	s.t.Helper()
	var options client.Options
	codec.Secure(&options, s.keyring)
	for _, order := range orders {
		replayer, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{
			DataConverter:    options.DataConverter,
			FailureConverter: options.FailureConverter,
		})
		require.NoError(s.t, err)
		workflows.Register(replayer)
		require.NoError(s.t, replayer.ReplayWorkflowHistoryWithOptions(nil, s.history(order), worker.ReplayWorkflowHistoryOptions{
			OriginalExecution: workflow.Execution{ID: order.Direction.WorkflowID(order.Reference)},
		}), order.Reference)
	}
}

// ledger is what the sandbox has seen.
func (s *stack) ledger() ledger.Ledger {
	s.t.Helper()
	response, err := http.Get(s.sandbox + "/sandbox/ledger")
	require.NoError(s.t, err)
	defer response.Body.Close()
	var ledger ledger.Ledger
	require.NoError(s.t, json.NewDecoder(response.Body).Decode(&ledger))
	return ledger
}

func onrampRequest(reference string) ramp.OnrampRequest {
	return ramp.OnrampRequest{
		Reference:     reference,
		Email:         "asha+linked@example.test",
		Fiat:          ramp.Amount{Amount: "1000.00", Currency: "INR"},
		Token:         ramp.Token{Symbol: "USDC", Address: "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359", ChainID: 137},
		WalletAddress: "0x1111111111111111111111111111111111111111",
		PaymentMethod: ramp.UPI,
		UPI:           &ramp.UPIAccount{ID: "asha@okbank", Name: "Asha Rao"},
	}
}

func offrampRequest(reference string) ramp.OfframpRequest {
	return ramp.OfframpRequest{
		Reference:    reference,
		Email:        "asha@example.test",
		Token:        ramp.Token{Symbol: "USDC", Address: "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359", ChainID: 137},
		TokenAmount:  "100.00",
		Fiat:         ramp.Amount{Currency: "INR"},
		SenderWallet: "0x3333333333333333333333333333333333333333",
		RefundWallet: "0x3333333333333333333333333333333333333333",
		Bank:         &ramp.BankAccount{AccountName: "Asha Rao", AccountNumber: "50100000004821", IFSC: "HDFC0001234", PAN: "ABCPE1234F"},
	}
}

func hashOf(n int) string { return fmt.Sprintf("0x%064x", 0xabc000+n) }

func utrOf(n int) string { return fmt.Sprintf("4%011d", n) }

func buy(reference string) ramp.ID { return ramp.ID{Direction: ramp.Onramp, Reference: reference} }

func sell(reference string) ramp.ID { return ramp.ID{Direction: ramp.Offramp, Reference: reference} }

// pollsOf waits until an order's status was polled so many times more.
func (s *stack) pollsOf(orderID string, polls int) {
	s.t.Helper()
	calls := func() int { return s.ledger().Calls["POST /v1/orders/status"] }
	before := calls()
	eventually(s.t, patience, func() error {
		if done := calls() - before; done < polls {
			return fmt.Errorf("%d of %d polls of order %s", done, polls, orderID)
		}
		return nil
	})
}

// force gives an order a status at the provider.
func (s *stack) force(orderID, status string) {
	s.t.Helper()
	s.post("/sandbox/orders/"+orderID, fmt.Sprintf(`{"status":%q}`, status))
}

// clock changes the sandbox's clock.
func (s *stack) clock(change string) {
	s.t.Helper()
	s.post("/sandbox/clock", change)
}

func (s *stack) post(path, body string) {
	s.t.Helper()
	response, err := http.Post(s.sandbox+path, "application/json", strings.NewReader(body))
	require.NoError(s.t, err)
	defer response.Body.Close()
	require.Equal(s.t, http.StatusOK, response.StatusCode)
}

// login is what the provider answers to a login, tokens and all.
func (s *stack) login() string {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.sandbox+"/v1/users/login",
		strings.NewReader(`{"email":"asha@example.test"}`))
	require.NoError(s.t, err)
	request.Header.Set("x-api-key", apiKey)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	require.NoError(s.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	return string(body)
}

// lists reports whether exactly these orders match a filter.
func (s *stack) lists(filter ramp.Filter, references ...string) error {
	var found []string
	for order, err := range s.orders.List(s.t.Context(), filter) {
		if err != nil {
			return err
		}
		found = append(found, order.Reference)
	}
	if !slices.Equal(found, references) {
		return fmt.Errorf("%q lists %v, not %v", filter.Query(), found, references)
	}
	return nil
}
