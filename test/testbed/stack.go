// Package testbed runs the whole of Rampart for the end-to-end tests, the torture runs and the benchmarks: Temporal's development
// server, the sandbox and workers, each a process of its own, and the connection of a backend.
package testbed

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"rampart/codec"
	"rampart/internal/process"
	"rampart/ramp"
	"rampart/sandbox/ledger"
)

// Credentials of the sandbox. No other value in a test or a log contains them.
const (
	APIKey    = "0c9de1a4-1111-4222-8333-e2e0e2e0e2e0"
	APISecret = "testbed-api-secret-83a1"
	KYCSecret = "testbed-kyc-secret-9c07"
)

// Stack is the programs of Rampart and the connection to them. Its creator sets the fields of the first group; the methods set the
// others. CreateKeyset comes first, then StartServer, StartSandbox, StartWorker and Connect, each as far as it is needed.
type Stack struct {
	// Bin is the directory of the programs.
	Bin string
	// Config is the path of the development server's configuration, temporal-dev.yaml.
	Config string
	// Dir is an empty directory for data and logs; it is also that of Processes.Logs.
	Dir string
	// Address is Temporal's host:port. An empty one is set to a free port by StartServer.
	Address string
	// Speed is how many times as fast as real time the provider's clock runs.
	Speed float64
	// ServerEnvironment is further variables of the server, of the development server or the official one.
	ServerEnvironment []string
	// DatabaseDisk gives the PostgreSQL cluster of an official server a disk of its own with so many bytes, if this process may mount one;
	// 0 means none.
	DatabaseDisk int64

	Processes process.Group
	// Sandbox is the URL of the sandbox, and Provider the URL at which workers call it.
	Sandbox, Provider string
	// Keyset is the file of the keys that encrypt payloads, and Keyring those keys.
	Keyset  string
	Keyring *codec.Keyring

	Temporal client.Client
	Orders   *ramp.Client
}

// CreateKeyset creates the keys that encrypt payloads.
func (s *Stack) CreateKeyset(ctx context.Context) error {
	source := codec.KeysetSource{File: filepath.Join(s.Dir, "keyset.json")}
	var err error
	if s.Keyset, err = codec.CreateKeyset(ctx, source); err != nil {
		return err
	}
	s.Keyring, err = codec.OpenKeyring(ctx, source)
	return err
}

// StartServer starts the development server with further arguments, and returns once it serves. To restart it, call StartServer again.
func (s *Stack) StartServer(ctx context.Context, arguments ...string) (*process.Process, error) {
	if s.Address == "" {
		port, err := process.FreePort()
		if err != nil {
			return nil, err
		}
		s.Address = net.JoinHostPort("127.0.0.1", port)
	}
	_, port, err := net.SplitHostPort(s.Address)
	if err != nil {
		return nil, err
	}
	arguments = append([]string{"--config", s.Config, "--port", port}, arguments...)
	server, _, err := s.Start(ctx, process.Program{
		Name: "server", Path: s.Program("devserver"), Arguments: arguments, Environment: append(os.Environ(), s.ServerEnvironment...),
	}, "TEMPORAL_ADDRESS=")
	return server, err
}

// StartSandbox starts the sandbox with further arguments, and sets Sandbox and Provider.
func (s *Stack) StartSandbox(ctx context.Context, arguments ...string) (*process.Process, error) {
	arguments = append([]string{"--listen", "127.0.0.1:0", "--speed", fmt.Sprint(s.Speed)}, arguments...)
	started, url, err := s.Start(ctx, process.Program{
		Name: "sandbox", Path: s.Program("sandbox"), Arguments: arguments, Environment: append(os.Environ(), credentials()...),
	}, "http://")
	s.Sandbox, s.Provider = url, url
	return started, err
}

// StartWorker starts a worker with further environment variables, and returns once it polls.
func (s *Stack) StartWorker(ctx context.Context, name string, environment ...string) (*process.Process, error) {
	worker, _, err := s.Start(ctx, process.Program{
		Name: name, Path: s.Program("worker"), Environment: append(os.Environ(), s.WorkerEnvironment(environment...)...),
	}, "worker started")
	return worker, err
}

// WorkerEnvironment returns the variables of a worker. Those that are given take precedence.
func (s *Stack) WorkerEnvironment(environment ...string) []string {
	all := append(credentials(),
		"TEMPORAL_ADDRESS="+s.Address,
		"TEMPORAL_NAMESPACE=default",
		"ONMETA_BASE_URL="+s.Provider,
		fmt.Sprintf("ONMETA_CLOCK_SPEED=%g", s.Speed),
		"RAMP_KEYSET_FILE="+s.Keyset,
		"RAMP_KYC_STORES=file://"+s.Dir,
	)
	return append(all, environment...)
}

func credentials() []string {
	return []string{"ONMETA_API_KEY=" + APIKey, "ONMETA_API_SECRET=" + APISecret, "ONMETA_KYC_SECRET=" + KYCSecret}
}

// Program returns the path of a program.
func (s *Stack) Program(name string) string { return filepath.Join(s.Bin, name) }

// errorLines is how many lines of a log an error contains.
const errorLines = 60

// Start starts a program, and returns it with the first line of its output that contains sign, by which it reports that it is ready.
// The program is killed if it does not.
func (s *Stack) Start(ctx context.Context, program process.Program, sign string) (*process.Process, string, error) {
	started, err := s.Processes.Start(program)
	if err != nil {
		return nil, "", err
	}
	line, err := started.UntilLine(ctx, sign)
	if err != nil {
		started.Kill()
		return nil, "", fmt.Errorf("%w; its log ends:\n%s", err, strings.Join(process.Tail(started.Log(), errorLines), "\n"))
	}
	return started, line, nil
}

// Connect sets Temporal and Orders to a connection to the default namespace.
func (s *Stack) Connect(ctx context.Context) error {
	var err error
	s.Temporal, s.Orders, err = s.Dial(ctx, client.Options{}, s.Keyring)
	return err
}

// Dial connects to Temporal as a backend that has the keys of keyring. Without a keyring it encrypts nothing. It sets the address and
// the converters of options. The caller closes the connection.
func (s *Stack) Dial(ctx context.Context, options client.Options, keyring *codec.Keyring) (client.Client, *ramp.Client, error) {
	options.HostPort, options.Logger = s.Address, discardLogs()
	if keyring != nil {
		codec.Secure(&options, keyring)
	}
	temporal, err := client.DialContext(ctx, options)
	if err != nil {
		return nil, nil, err
	}
	return temporal, ramp.NewClient(temporal, options.DataConverter), nil
}

// discardLogs returns a logger of the Temporal SDK that writes nothing.
func discardLogs() log.Logger { return log.NewStructuredLogger(slog.New(slog.DiscardHandler)) }

// Holder returns the process of this stack that runs the pending call or watch of a workflow.
func (s *Stack) Holder(ctx context.Context, workflowID string) (*process.Process, error) {
	description, err := s.Temporal.DescribeWorkflowExecution(ctx, workflowID, "")
	if err != nil {
		return nil, err
	}
	for _, pending := range description.GetPendingActivities() {
		if pending.GetState() != enumspb.PENDING_ACTIVITY_STATE_STARTED {
			continue
		}
		pid, _, _ := strings.Cut(pending.GetLastWorkerIdentity(), "@") // the SDK's identity begins with it
		for _, running := range s.Processes.Running() {
			if strconv.Itoa(running.PID()) == pid {
				return running, nil
			}
		}
	}
	return nil, fmt.Errorf("no worker runs a call of %s", workflowID)
}

// Close closes the connection and stops every program; a program that does not exit within grace is killed.
func (s *Stack) Close(grace time.Duration) {
	if s.Temporal != nil {
		s.Temporal.Close()
	}
	s.Processes.Stop(grace)
}

// Ledger returns what the sandbox has recorded.
func (s *Stack) Ledger(ctx context.Context) (ledger.Ledger, error) {
	var recorded ledger.Ledger
	err := s.ReadSandbox(ctx, "/sandbox/ledger", &recorded)
	return recorded, err
}

// ReadSandbox decodes a page of the sandbox's control plane.
func (s *Stack) ReadSandbox(ctx context.Context, path string, into any) error {
	return s.AskSandbox(ctx, http.MethodGet, path, "", into)
}

// AskSandbox asks the sandbox's control plane to do something, and decodes its answer.
func (s *Stack) AskSandbox(ctx context.Context, method, path, body string, into any) error {
	request, err := http.NewRequestWithContext(ctx, method, s.Sandbox+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s of the sandbox: %s", method, path, response.Status)
	}
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		return fmt.Errorf("%s %s of the sandbox: %w", method, path, err)
	}
	return nil
}
