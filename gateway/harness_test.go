package main

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"rampart/codec"
	"rampart/internal/bearer"
	"rampart/internal/written"
)

const (
	// asProgram makes the test binary the program itself.
	asProgram = "GATEWAY_UNDER_TEST"
	patience  = 60 * time.Second
	pollEvery = 5 * time.Millisecond
)

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// frontend is a Temporal server without orders. Orders in a real one are for test/e2e.
type frontend struct {
	workflowservice.UnimplementedWorkflowServiceServer
	health  *health.Server
	address string
	// hold makes lists of orders wait.
	hold func(context.Context)
}

func newFrontend(t *testing.T) *frontend {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	f := &frontend{health: health.NewServer(), address: listener.Addr().String()}
	f.health.SetServingStatus("temporal.api.workflowservice.v1.WorkflowService", healthpb.HealthCheckResponse_SERVING)
	server := grpc.NewServer()
	workflowservice.RegisterWorkflowServiceServer(server, f)
	healthpb.RegisterHealthServer(server, f.health)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return f
}

func (f *frontend) GetSystemInfo(context.Context, *workflowservice.GetSystemInfoRequest) (*workflowservice.GetSystemInfoResponse, error) {
	return &workflowservice.GetSystemInfoResponse{}, nil
}

func (f *frontend) CountWorkflowExecutions(
	context.Context, *workflowservice.CountWorkflowExecutionsRequest,
) (*workflowservice.CountWorkflowExecutionsResponse, error) {
	return &workflowservice.CountWorkflowExecutionsResponse{}, nil
}

func (f *frontend) ListWorkflowExecutions(
	ctx context.Context, _ *workflowservice.ListWorkflowExecutionsRequest,
) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	if f.hold != nil {
		f.hold(ctx)
	}
	return &workflowservice.ListWorkflowExecutionsResponse{}, nil
}

// journal is what a gateway wrote so far.
type journal struct{ written.Log }

// line is a line of the log.
type line struct {
	Msg, Listener, Address, Route, Method, Caller, RequestID string
	Status                                                   int
}

// lines returns the lines of a message.
func (j *journal) lines(message string) []line {
	var found []line
	for text := range strings.Lines(j.String()) {
		var read line
		if json.Unmarshal([]byte(text), &read) == nil && read.Msg == message {
			found = append(found, read)
		}
	}
	return found
}

// process is a gateway in a process of its own.
type process struct {
	*exec.Cmd
	log   journal
	ended chan error
}

// environment returns the variables of a gateway that starts: Temporal, a keyset and free ports.
func environment(t *testing.T, changes map[string]string) map[string]string {
	t.Helper()
	keyset := codec.KeysetSource{File: filepath.Join(t.TempDir(), "keyset.json")}
	_, err := codec.CreateKeyset(t.Context(), keyset)
	require.NoError(t, err)
	all := map[string]string{
		"TEMPORAL_CONFIG_FILE": filepath.Join(t.TempDir(), "none.toml"), "RAMP_KEYSET_FILE": keyset.File,
		"RAMP_GATEWAY_LISTEN": "127.0.0.1:0", "RAMP_HTTP_ADDRESS": "127.0.0.1:0",
	}
	if _, told := changes["TEMPORAL_ADDRESS"]; !told {
		all["TEMPORAL_ADDRESS"] = newFrontend(t).address
	}
	maps.Copy(all, changes)
	return all
}

// startProcess starts a gateway, and ends it with the test.
func startProcess(t *testing.T, changes map[string]string) *process {
	t.Helper()
	p := &process{ended: make(chan error, 1)}
	p.Cmd = exec.CommandContext(context.WithoutCancel(t.Context()), os.Args[0])
	p.Stderr = &p.log
	p.Env = append(p.Env, asProgram+"=1")
	for name, value := range environment(t, changes) {
		p.Env = append(p.Env, name+"="+value)
	}
	require.NoError(t, p.Start())
	done := make(chan struct{})
	go func() {
		p.ended <- p.Wait()
		close(done)
	}()
	t.Cleanup(func() {
		_ = p.Process.Signal(syscall.SIGKILL)
		<-done
	})
	return p
}

// address returns the address of a listener, once the gateway serves it.
func (p *process) address(t *testing.T, listener string) string {
	t.Helper()
	var address string
	require.Eventually(t, func() bool {
		for _, started := range p.log.lines("gateway started") {
			if started.Listener == listener {
				address = started.Address
			}
		}
		return address != "" || len(p.ended) > 0
	}, patience, pollEvery)
	require.NotEmpty(t, address, p.log.String())
	return address
}

// pages returns the URL of metrics and health.
func (p *process) pages(t *testing.T) string {
	t.Helper()
	p.address(t, "api")
	return "http://" + p.log.lines("serving metrics and health")[0].Address
}

// stop sends SIGTERM.
func (p *process) stop(t *testing.T) {
	t.Helper()
	require.NoError(t, p.Process.Signal(syscall.SIGTERM))
}

// tokensFile writes a file of one token.
func tokensFile(t *testing.T, name string, scopes ...string) (path, token string) {
	t.Helper()
	token, entry, err := bearer.NewToken(name, scopes...)
	require.NoError(t, err)
	path = filepath.Join(t.TempDir(), "tokens")
	require.NoError(t, os.WriteFile(path, []byte(entry.String()+"\n"), 0o600))
	return path, token
}

// answer is a response that was read.
type answer struct {
	status int
	header http.Header
	body   string
}

// get sends a request with a token, or with none if it is empty.
func get(t *testing.T, client *http.Client, url, token string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := client.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return answer{status: response.StatusCode, header: response.Header, body: string(body)}
}
