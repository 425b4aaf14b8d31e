package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"

	"rampart/codec"
	"rampart/internal/process"
	"rampart/ramp"
	"rampart/sandbox/ledger"
	"rampart/test/testbed"
)

// stack is a testbed.Stack that fails its test when a part fails. Its programs are killed when the test ends.
type stack struct {
	testbed.Stack
	t      *testing.T
	server *process.Process
	// worker is the first worker.
	worker *process.Process
	// ui is the URL of the Web UI.
	ui string
	// db is the file of Temporal's data; empty keeps them in memory.
	db string
	// network, if set, lies between the workers and the sandbox.
	network *network
	// environment is further variables of the workers.
	environment []string
	// http is where the worker serves metrics and health, if it does.
	http string
	// newKeyring is the keyring of a backend that encrypts with a key that no other program has, and newKeyset is the keyset that contains it.
	newKeyring *codec.Keyring
	newKeyset  []byte
	// codec is the address at which the Web UI expects a codec server.
	codec string
	// launched is how many programs were started, for the names of their logs.
	launched int
}

type stackOption func(*stack)

// onFile keeps Temporal's data in a file, so that the server can be restarted.
func onFile(s *stack) { s.db = s.t.TempDir() + "/temporal.db" }

// withEnvironment sets further variables of the workers.
func withEnvironment(variables ...string) stackOption {
	return func(s *stack) { s.environment = variables }
}

// newStack starts a Temporal server, a sandbox whose clock runs at a speed, and a worker.
func newStack(t *testing.T, speed int, options ...stackOption) *stack {
	t.Helper()
	s := newSandboxStack(t, speed, options...)
	s.startServer()
	s.worker = s.startWorker()
	require.NoError(t, s.Connect(t.Context()))
	return s
}

// newSandboxStack starts a sandbox only.
func newSandboxStack(t *testing.T, speed int, options ...stackOption) *stack {
	t.Helper()
	dir := t.TempDir()
	s := &stack{t: t, Stack: testbed.Stack{
		Bin: programs, Config: "../../temporal-dev.yaml", Dir: dir, Address: "127.0.0.1:" + freePort(t), Speed: float64(speed),
		Processes: process.Group{Logs: dir},
	}}
	s.ui, s.codec = "http://127.0.0.1:"+freePort(t), "127.0.0.1:"+freePort(t)
	for _, option := range options {
		option(s)
	}
	t.Cleanup(s.close)
	require.NoError(t, s.CreateKeyset(t.Context()))
	ctx, cancel := s.inTime()
	defer cancel()
	_, err := s.StartSandbox(ctx)
	require.NoError(t, err)
	if s.network != nil {
		s.Provider = s.network.proxyTo(t, s.Sandbox)
	}
	return s
}

// inTime returns a context for the start of a program.
func (s *stack) inTime() (context.Context, context.CancelFunc) {
	return context.WithTimeout(s.t.Context(), patience)
}

// close kills the programs and, if the test has failed, shows the ends of their logs.
func (s *stack) close() {
	s.Close(0)
	if !s.t.Failed() {
		return
	}
	logs, err := os.ReadDir(s.Dir)
	require.NoError(s.t, err)
	for _, log := range logs {
		if strings.HasSuffix(log.Name(), ".log") {
			s.t.Logf("%s ends:\n%s", log.Name(), tail(s.Dir+"/"+log.Name(), 60))
		}
	}
}

func tail(log string, lines int) string { return strings.Join(process.Tail(log, lines), "\n") }

// startServer starts the development server, or restarts it on its file.
func (s *stack) startServer() {
	s.t.Helper()
	args := []string{"--ui-port", s.ui[strings.LastIndex(s.ui, ":")+1:], "--codec-endpoint", "http://" + s.codec}
	if s.db != "" {
		args = append(args, "--db", s.db)
	}
	ctx, cancel := s.inTime()
	defer cancel()
	var err error
	s.server, err = s.StartServer(ctx, args...)
	require.NoError(s.t, err)
}

// startCodecServer starts the codec server of the Web UI.
func (s *stack) startCodecServer(environment ...string) *process.Process {
	s.t.Helper()
	started := s.launch("codec-server", append(environment,
		"RAMP_CODEC_LISTEN="+s.codec,
		"RAMP_CODEC_ORIGINS="+s.ui,
		"RAMP_KEYSET_FILE="+s.Keyset,
	))
	ctx, cancel := s.inTime()
	defer cancel()
	require.NoError(s.t, started.UntilHealthy(ctx, "http://"+s.codec+"/healthz"))
	return started
}

// startWorker starts a worker with further variables, and returns once it polls.
func (s *stack) startWorker(environment ...string) *process.Process {
	s.t.Helper()
	started := s.launchWorker(environment...)
	s.awaitLog(started, "worker started")
	return started
}

// launchWorker starts a worker with further variables.
func (s *stack) launchWorker(environment ...string) *process.Process {
	s.t.Helper()
	return s.launch("worker", s.workerEnvironment(environment...))
}

func (s *stack) workerEnvironment(further ...string) []string {
	return s.WorkerEnvironment(slices.Concat([]string{
		"RAMP_LOG_LEVEL=debug", "RAMP_KYC_STORES=file://" + os.TempDir() + ",s3://kyc/users/",
	}, s.environment, further)...)
}

// launch starts a program with further variables and a log of its own.
func (s *stack) launch(name string, environment []string, arguments ...string) *process.Process {
	s.t.Helper()
	s.launched++
	started, err := s.Processes.Start(process.Program{
		Name: fmt.Sprintf("%s-%d", name, s.launched), Path: program(name), Arguments: arguments, Environment: append(os.Environ(), environment...),
		Dir: "../..", // the server's configuration names a file relative to it
	})
	require.NoError(s.t, err)
	return started
}

// awaitLog waits until a program has written a line that contains text.
func (s *stack) awaitLog(p *process.Process, text string) {
	s.t.Helper()
	ctx, cancel := s.inTime()
	defer cancel()
	_, err := p.UntilLine(ctx, text)
	require.NoError(s.t, err, tail(p.Log(), 60))
}

// stop stops a program, and requires that it exits with code 0.
func (s *stack) stop(p *process.Process) {
	s.t.Helper()
	require.True(s.t, p.Stop(patience), "%s did not stop cleanly", p.Name())
}

// outsider connects without keys.
func (s *stack) outsider() client.Client { return s.dial(client.Options{}, nil) }

// dial connects with the keys of keyring. The connection is closed when the test ends.
func (s *stack) dial(options client.Options, keyring *codec.Keyring) client.Client {
	s.t.Helper()
	temporal, _, err := s.Dial(s.t.Context(), options, keyring)
	require.NoError(s.t, err)
	s.t.Cleanup(temporal.Close)
	return temporal
}

// starter runs the starter, and returns its output and its exit code.
func (s *stack) starter(args ...string) (stdout, stderr string, code int) {
	s.t.Helper()
	return s.starterWith(nil, args...)
}

// starterTime is how long a command may take; those that wait for the server to route orders wait three minutes themselves.
const starterTime = 5 * time.Minute

// starterWith runs the starter with further variables.
func (s *stack) starterWith(environment []string, args ...string) (stdout, stderr string, code int) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), starterTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, program("starter"), args...)
	cmd.Env = append(os.Environ(), "TEMPORAL_ADDRESS="+s.Address, "TEMPORAL_NAMESPACE=default", "RAMP_UI_URL="+s.ui, "RAMP_KEYSET_FILE="+s.Keyset, "NO_COLOR=1")
	cmd.Env = append(cmd.Env, environment...)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	err := cmd.Run()
	if cmd.ProcessState == nil {
		require.NoError(s.t, err)
	}
	return out.String(), problems.String(), cmd.ProcessState.ExitCode()
}

// await returns an order once it satisfies a condition.
func (s *stack) await(id ramp.ID, within time.Duration, wanted func(*ramp.Order) bool) *ramp.Order {
	s.t.Helper()
	var found *ramp.Order
	eventually(s.t, within, func() error {
		order, err := s.Orders.Get(s.t.Context(), id)
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

// awaitStatus returns an order once it has a status. For a final status it waits until the workflow is closed, which is later than a query
// returns the status.
func (s *stack) awaitStatus(id ramp.ID, within time.Duration, status ramp.Status) *ramp.Order {
	s.t.Helper()
	order := s.await(id, within, func(order *ramp.Order) bool { return order.Status == status })
	if status.Final() {
		ending, cancel := context.WithTimeout(s.t.Context(), within)
		defer cancel()
		require.NoError(s.t, s.Temporal.GetWorkflow(ending, id.Direction.WorkflowID(id.Reference), "").Get(ending, nil))
	}
	return order
}

// history returns an order's history so far.
func (s *stack) history(id ramp.ID) *historypb.History {
	s.t.Helper()
	history, err := testbed.History(s.t.Context(), s.Temporal, id.Direction.WorkflowID(id.Reference), "")
	require.NoError(s.t, err)
	return history
}

// requireReplay requires that the workflow code produces the commands of the orders' histories.
func (s *stack) requireReplay(orders ...ramp.ID) {
	s.t.Helper()
	for _, order := range orders {
		require.NoError(s.t, testbed.Replay(s.Keyring, order.Direction.WorkflowID(order.Reference), s.history(order)), order.Reference)
	}
}

// ledger returns what the sandbox has recorded.
func (s *stack) ledger() ledger.Ledger {
	s.t.Helper()
	recorded, err := s.Ledger(s.t.Context())
	require.NoError(s.t, err)
	return recorded
}

// read decodes a page of the sandbox's control plane.
func (s *stack) read(path string, into any) error { return s.ReadSandbox(s.t.Context(), path, into) }

var onrampRequest, offrampRequest = testbed.OnrampRequest, testbed.OfframpRequest

func hashOf(n int) string { return fmt.Sprintf("0x%064x", 0xabc000+n) }

func utrOf(n int) string { return fmt.Sprintf("4%011d", n) }

func buy(reference string) ramp.ID { return ramp.ID{Direction: ramp.Onramp, Reference: reference} }

func sell(reference string) ramp.ID { return ramp.ID{Direction: ramp.Offramp, Reference: reference} }

// awaitPolls waits for a number of further polls of an order's status.
func (s *stack) awaitPolls(orderID string, polls int) {
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

// setProviderStatus sets the status of an order at the provider.
func (s *stack) setProviderStatus(orderID, status string) {
	s.t.Helper()
	s.post("/sandbox/orders/"+orderID, fmt.Sprintf(`{"status":%q}`, status))
}

// setClock changes the sandbox's clock.
func (s *stack) setClock(change string) {
	s.t.Helper()
	s.post("/sandbox/clock", change)
}

func (s *stack) post(path, body string) {
	s.t.Helper()
	response, err := http.Post(s.Sandbox+path, "application/json", strings.NewReader(body))
	require.NoError(s.t, err)
	defer response.Body.Close()
	require.Equal(s.t, http.StatusOK, response.StatusCode)
}

// login returns the provider's response to a login, with the tokens.
func (s *stack) login() string {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.Sandbox+"/v1/users/login",
		strings.NewReader(`{"email":"asha@example.test"}`))
	require.NoError(s.t, err)
	request.Header.Set("x-api-key", testbed.APIKey)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	require.NoError(s.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	return string(body)
}

// checkList returns an error unless a filter lists exactly these orders.
func (s *stack) checkList(filter ramp.Filter, references ...string) error {
	var found []string
	for order, err := range s.Orders.List(s.t.Context(), filter) {
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
