package main_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	processes "rampart/internal/process"
	"rampart/internal/written"
	"rampart/ramp"
)

const (
	// patience is how long a test waits for what takes a second on an idle machine.
	patience  = 90 * time.Second
	pollEvery = 10 * time.Millisecond

	namespace       = "default"
	workflowService = "temporal.api.workflowservice.v1.WorkflowService"
	// everyAttribute is true for each order that startOrder starts.
	everyAttribute = `RampDirection = "onramp" AND RampStatus = "quoting" AND RampToken = "USDC" AND RampOrderId = "o-1"` +
		` AND RampFiatAmount > 999.5 AND RampExpiresAt > "2026-11-22T00:00:00Z" AND RampAttention = true`
)

// process is a running program.
type process struct {
	cmd            *exec.Cmd
	stdout, stderr *written.Log
	exited         chan struct{}
}

func devserver(args ...string) *exec.Cmd {
	return exec.Command(devserverBinary, append([]string{"--config", "../temporal-dev.yaml"}, args...)...)
}

// launch runs cmd until the test ends.
func launch(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, stdout: new(written.Log), stderr: new(written.Log), exited: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.stdout, p.stderr
	require.NoError(t, cmd.Start())
	go func() {
		_ = cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-p.exited
	})
	return p
}

// start runs devserver and returns once it reports that it is ready.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := launch(t, devserver(args...))
	p.awaitReady(t)
	return p
}

func (p *process) awaitReady(t *testing.T) {
	t.Helper()
	lastLine := regexp.MustCompile(`(?m)^Data +\S.*\n`)
	require.Eventually(t, func() bool { return lastLine.MatchString(p.stdout.String()) || p.hasExited() }, patience, pollEvery)
	require.False(t, p.hasExited(), p.stderr.String())
}

func (p *process) hasExited() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// links are the printed URLs of metrics and profiles.
func (p *process) links() map[string]string {
	links := make(map[string]string)
	for line := range strings.Lines(p.stdout.String()) {
		if fields := strings.Fields(line); len(fields) == 2 {
			links[fields[0]] = fields[1]
		}
	}
	return links
}

// stop signals the program and returns its exit code, -1 if the signal killed it.
func (p *process) stop(t *testing.T, signal syscall.Signal) int {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(signal))
	return p.wait(t)
}

func (p *process) wait(t *testing.T) int {
	t.Helper()
	select {
	case <-p.exited:
	case <-time.After(patience):
		require.Fail(t, "the program does not exit", p.stderr.String())
	}
	return p.cmd.ProcessState.ExitCode()
}

// refused runs devserver, which must fail, and returns its message.
func refused(t *testing.T, args ...string) string {
	t.Helper()
	p := launch(t, devserver(args...))
	require.Equal(t, 1, p.wait(t))
	require.Empty(t, p.stdout.String())
	return p.stderr.String()
}

// server talks to the server that a ready devserver announced.
func (p *process) server(t *testing.T) *server {
	t.Helper()
	match := regexp.MustCompile(`^TEMPORAL_ADDRESS=(\S+) `).FindStringSubmatch(p.stdout.String())
	require.NotNil(t, match, p.stdout.String())
	return dial(t, match[1])
}

// server is a client of a Temporal server that never retries: what fails once fails the test.
type server struct {
	t         *testing.T
	workflows workflowservice.WorkflowServiceClient
	operator  operatorservice.OperatorServiceClient
	healthy   healthpb.HealthClient
}

func dial(t *testing.T, address string) *server {
	t.Helper()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDisableRetry(),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: backoff.Config{BaseDelay: pollEvery, MaxDelay: pollEvery}, MinConnectTimeout: patience,
		}))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return &server{
		t:         t,
		workflows: workflowservice.NewWorkflowServiceClient(conn),
		operator:  operatorservice.NewOperatorServiceClient(conn),
		healthy:   healthpb.NewHealthClient(conn),
	}
}

// health returns the server's health, unknown while it does not answer.
func (s *server) health(service string) healthpb.HealthCheckResponse_ServingStatus {
	response, err := s.healthy.Check(s.t.Context(), &healthpb.HealthCheckRequest{Service: service}, grpc.WaitForReady(true))
	if err != nil {
		return healthpb.HealthCheckResponse_UNKNOWN
	}
	return response.GetStatus()
}

func (s *server) awaitServing() {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		return s.health(workflowService) == healthpb.HealthCheckResponse_SERVING
	}, patience, pollEvery)
}

// startOrder starts a workflow with every search attribute of an order.
func (s *server) startOrder(id string) {
	s.t.Helper()
	_, err := s.workflows.StartWorkflowExecution(s.t.Context(), &workflowservice.StartWorkflowExecutionRequest{
		Namespace:    namespace,
		WorkflowId:   id,
		RequestId:    id,
		WorkflowType: &commonpb.WorkflowType{Name: ramp.OnrampWorkflow},
		TaskQueue:    &taskqueuepb.TaskQueue{Name: ramp.TaskQueue},
		SearchAttributes: &commonpb.SearchAttributes{IndexedFields: map[string]*commonpb.Payload{
			ramp.DirectionKey.GetName():  s.payload("onramp"),
			ramp.StatusKey.GetName():     s.payload("quoting"),
			ramp.TokenKey.GetName():      s.payload("USDC"),
			ramp.OrderIDKey.GetName():    s.payload("o-1"),
			ramp.FiatAmountKey.GetName(): s.payload(1000.5),
			ramp.ExpiresAtKey.GetName():  s.payload(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)),
			ramp.AttentionKey.GetName():  s.payload(true),
		}},
	})
	require.NoError(s.t, err)
}

func (s *server) payload(value any) *commonpb.Payload {
	s.t.Helper()
	payload, err := converter.GetDefaultDataConverter().ToPayload(value)
	require.NoError(s.t, err)
	return payload
}

func (s *server) describe(id string) error {
	_, err := s.workflows.DescribeWorkflowExecution(s.t.Context(), &workflowservice.DescribeWorkflowExecutionRequest{
		Namespace: namespace,
		Execution: &commonpb.WorkflowExecution{WorkflowId: id},
	})
	return err
}

// list returns the ids of the orders that startOrder started, as far as they are indexed.
func (s *server) list() ([]string, error) {
	response, err := s.workflows.ListWorkflowExecutions(s.t.Context(), &workflowservice.ListWorkflowExecutionsRequest{
		Namespace: namespace, Query: everyAttribute,
	})
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, execution := range response.GetExecutions() {
		ids = append(ids, execution.GetExecution().GetWorkflowId())
	}
	return ids, nil
}

// awaitListed waits for the index, which follows a start after a moment.
func (s *server) awaitListed(ids ...string) {
	s.t.Helper()
	require.EventuallyWithT(s.t, func(c *assert.CollectT) {
		listed, err := s.list()
		assert.NoError(c, err)
		assert.ElementsMatch(c, ids, listed)
	}, patience, pollEvery)
}

// poll waits for a workflow task as a worker does, for up to a minute.
func (s *server) poll(queue string) error {
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	_, err := s.workflows.PollWorkflowTaskQueue(ctx, &workflowservice.PollWorkflowTaskQueueRequest{
		Namespace: namespace, TaskQueue: &taskqueuepb.TaskQueue{Name: queue}, Identity: "test",
	})
	return err
}

func (s *server) awaitPoller(queue string) {
	s.t.Helper()
	require.EventuallyWithT(s.t, func(c *assert.CollectT) {
		response, err := s.workflows.DescribeTaskQueue(s.t.Context(), &workflowservice.DescribeTaskQueueRequest{
			Namespace: namespace, TaskQueue: &taskqueuepb.TaskQueue{Name: queue}, TaskQueueType: enumspb.TASK_QUEUE_TYPE_WORKFLOW,
		})
		assert.NoError(c, err)
		assert.NotEmpty(c, response.GetPollers())
	}, patience, pollEvery)
}

func freePort(t *testing.T) string {
	t.Helper()
	port, err := processes.FreePort()
	require.NoError(t, err)
	return port
}

// hold listens on a port until the test ends, and returns it.
func hold(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	return port
}

func get(t *testing.T, url string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode, string(body))
	return string(body)
}

func getJSON(t *testing.T, url string, into any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(get(t, url)), into))
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(data)
}

func write(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}
