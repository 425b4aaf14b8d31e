package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"rampart/ramp"
)

// The programs under test, built once by TestMain.
var devserverBinary, officialBinary string

func TestMain(m *testing.M) {
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "devserver")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)

	build := exec.Command("go", "build", "-o", dir, ".", "go.temporal.io/server/cmd/server")
	if output, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("go build: %w\n%s", err, output)
	}
	devserverBinary = filepath.Join(dir, "devserver")
	officialBinary = filepath.Join(dir, "server")
	return m.Run(), nil
}

func TestHealthyServerRunsOrdersAtOnce(t *testing.T) {
	t.Parallel()
	port, uiPort := freePort(t), freePort(t)
	launch(t, devserver("--port", port, "--ui-port", uiPort))
	server := dial(t, "127.0.0.1:"+port)
	server.awaitServing()

	require.Contains(t, get(t, "http://127.0.0.1:"+uiPort), "<html")
	server.startOrder("inv-42")
	_, err := server.list()
	require.NoError(t, err)
	described, err := server.workflows.DescribeNamespace(t.Context(), &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
	require.NoError(t, err)
	require.Equal(t, 7*24*time.Hour, described.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration())
	server.awaitListed("inv-42")
}

func TestFirstLineIsTheWorkersEnvironment(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	running := start(t, "--port", port, "--ui-port", "0")

	firstLine, _, _ := strings.Cut(running.stdout.String(), "\n")
	require.Equal(t, "TEMPORAL_ADDRESS=127.0.0.1:"+port+" TEMPORAL_NAMESPACE=default", firstLine)
	require.Equal(t, healthpb.HealthCheckResponse_SERVING, running.server(t).health(workflowService))
	require.Equal(t, healthpb.HealthCheckResponse_SERVING, running.server(t).health(""))
}

func TestRoutineAndShutdownAreNotLogged(t *testing.T) {
	t.Parallel()
	running := start(t, "--port", "0", "--ui-port", freePort(t))
	started := running.stderr.String()
	require.NotContains(t, started, "info")
	require.NotContains(t, started, "Processing config file")

	require.Zero(t, running.stop(t, syscall.SIGTERM))
	require.Equal(t, started, running.stderr.String())
}

func TestFileKeepsOrders(t *testing.T) {
	t.Parallel()
	for name, signal := range map[string]syscall.Signal{"after SIGTERM": syscall.SIGTERM, "after a crash": syscall.SIGKILL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "orders of #1?.db")
			first := start(t, "--port", "0", "--ui-port", "0", "--db", file)
			first.server(t).startOrder("inv-42")
			first.stop(t, signal)
			require.FileExists(t, file)

			second := start(t, "--port", "0", "--ui-port", "0", "--db", file).server(t)
			require.NoError(t, second.describe("inv-42"))
			second.awaitListed("inv-42")
			second.startOrder("inv-43")
			second.awaitListed("inv-42", "inv-43")
		})
	}
}

func TestFileIsACompleteCopyAfterACleanStop(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "orders.db")
	first := start(t, "--port", "0", "--ui-port", "0", "--db", file)
	first.server(t).startOrder("inv-42")
	require.Zero(t, first.stop(t, syscall.SIGTERM))

	data, err := os.ReadFile(file)
	require.NoError(t, err)
	copied := filepath.Join(t.TempDir(), "copy.db")
	require.NoError(t, os.WriteFile(copied, data, 0o600))
	second := start(t, "--port", "0", "--ui-port", "0", "--db", copied).server(t)
	require.NoError(t, second.describe("inv-42"))
	second.awaitListed("inv-42")
}

func TestOrdersInMemoryAreLostOnStop(t *testing.T) {
	t.Parallel()
	first := start(t, "--port", "0", "--ui-port", "0")
	first.server(t).startOrder("inv-42")
	first.stop(t, syscall.SIGTERM)

	second := start(t, "--port", "0", "--ui-port", "0")
	require.Equal(t, codes.NotFound, status.Code(second.server(t).describe("inv-42")))
}

func TestFileOfAnEarlierVersionGainsMissingSearchAttributes(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "orders.db")
	first := start(t, "--port", "0", "--ui-port", "0", "--db", file)
	_, err := first.server(t).operator.RemoveSearchAttributes(t.Context(), &operatorservice.RemoveSearchAttributesRequest{
		Namespace: namespace, SearchAttributes: []string{ramp.AttentionKey.GetName(), ramp.ExpiresAtKey.GetName()},
	})
	require.NoError(t, err)
	first.stop(t, syscall.SIGTERM)

	port := freePort(t)
	launch(t, devserver("--port", port, "--ui-port", "0", "--db", file))
	second := dial(t, "127.0.0.1:"+port)
	second.awaitServing()
	second.startOrder("inv-42")
	_, err = second.list()
	require.NoError(t, err)
	second.awaitListed("inv-42")
}

func TestFileWithASearchAttributeOfAnotherTypeIsRefused(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "orders.db")
	first := start(t, "--port", "0", "--ui-port", "0", "--db", file)
	operator, name := first.server(t).operator, ramp.FiatAmountKey.GetName()
	_, err := operator.RemoveSearchAttributes(t.Context(), &operatorservice.RemoveSearchAttributesRequest{
		Namespace: namespace, SearchAttributes: []string{name},
	})
	require.NoError(t, err)
	_, err = operator.AddSearchAttributes(t.Context(), &operatorservice.AddSearchAttributesRequest{
		Namespace:        namespace,
		SearchAttributes: map[string]enumspb.IndexedValueType{name: enumspb.INDEXED_VALUE_TYPE_INT},
	})
	require.NoError(t, err)
	first.stop(t, syscall.SIGTERM)

	require.Equal(t, "devserver: search attribute RampFiatAmount is Int in this database, but orders need Double\n",
		refused(t, "--port", "0", "--ui-port", "0", "--db", file))
}

func TestServersRunSideBySide(t *testing.T) {
	t.Parallel()
	one := start(t, "--port", "0", "--ui-port", freePort(t)).server(t)
	other := start(t, "--port", "0", "--ui-port", freePort(t)).server(t)

	one.startOrder("inv-42")
	other.startOrder("inv-43")

	one.awaitListed("inv-42")
	require.Equal(t, codes.NotFound, status.Code(one.describe("inv-43")))
	require.Equal(t, codes.NotFound, status.Code(other.describe("inv-42")))
}

func TestServerStopsPromptlyDuringALongPoll(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			running := start(t, "--port", "0", "--ui-port", freePort(t))
			server := running.server(t)
			polled := make(chan error, 1)
			go func() { polled <- server.poll(ramp.TaskQueue) }()
			server.awaitPoller(ramp.TaskQueue)

			signalled := time.Now()
			require.Zero(t, running.stop(t, signal))
			require.Less(t, time.Since(signalled), 10*time.Second)
			<-polled
		})
	}
}

func TestWebUIConnectsToTheServerAndTheCodec(t *testing.T) {
	t.Parallel()
	uiPort := freePort(t)
	running := start(t, "--port", "0", "--ui-port", uiPort, "--codec-endpoint", "http://127.0.0.1:8088/codec")
	ui := "http://127.0.0.1:" + uiPort

	require.Contains(t, running.stdout.String(), "Web UI   "+ui)
	require.Contains(t, get(t, ui+"/namespaces/default/workflows"), "<html")
	var described struct {
		NamespaceInfo struct{ Name string }
	}
	getJSON(t, ui+"/api/v1/namespaces/default", &described)
	require.Equal(t, namespace, described.NamespaceInfo.Name)

	var settings struct {
		DefaultNamespace string
		Codec            struct{ Endpoint string }
		DisableNewsFetch bool
	}
	getJSON(t, ui+"/api/v1/settings", &settings)
	require.Equal(t, namespace, settings.DefaultNamespace)
	require.Equal(t, "http://127.0.0.1:8088/codec", settings.Codec.Endpoint)
	require.True(t, settings.DisableNewsFetch)
}

func TestMetricsAndProfilesMoveWithThePort(t *testing.T) {
	t.Parallel()
	held := hold(t)
	cmd := devserver("--port", "0", "--ui-port", "0")
	cmd.Env = append(os.Environ(), "PROMETHEUS_ENDPOINT=127.0.0.1:"+held, "PPROF_PORT="+held)
	running := launch(t, cmd)
	running.awaitReady(t)

	links := running.links()
	require.Contains(t, get(t, links["Metrics"]), "service_requests")
	require.Contains(t, get(t, links["Profiles"]), "goroutine")
}

func TestFileIsUsedByOneServerAtATime(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "orders.db")
	start(t, "--port", "0", "--ui-port", "0", "--db", file)
	require.Equal(t, "devserver: database "+file+" is in use by another process\n", refused(t, "--port", "0", "--ui-port", "0", "--db", file))
}

func TestMistakesAreNamed(t *testing.T) {
	t.Parallel()
	held := hold(t)
	dir := t.TempDir()
	text := write(t, dir, "notes.txt", strings.Repeat("these are notes. ", 100))
	broken := write(t, dir, "broken.yaml", "services: [")
	empty := write(t, dir, "empty.yaml", "log: {}")
	missingDynamic := write(t, dir, "dynamic.yaml", strings.ReplaceAll(read(t, "../temporal-dev.yaml"), "devserver/dynamicconfig.yaml", "missing.yaml"))

	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"gRPC port in use":          {[]string{"--port", held, "--ui-port", "0"}, "cannot listen on 127.0.0.1:" + held + " for gRPC (bind: address already in use): choose another with --port"},
		"Web UI port in use":        {[]string{"--port", "0", "--ui-port", held}, "cannot listen on 127.0.0.1:" + held + " for the Web UI (bind: address already in use): choose another with --ui-port"},
		"port out of range":         {[]string{"--port", "70000"}, "70000"},
		"no configuration":          {[]string{"--config", filepath.Join(dir, "none.yaml")}, "no configuration at " + filepath.Join(dir, "none.yaml") + ": start devserver at the top of the project or name the file with --config"},
		"broken configuration":      {[]string{"--config", broken}, "configuration " + broken},
		"empty configuration":       {[]string{"--config", empty}, "configuration " + empty},
		"no dynamic configuration":  {[]string{"--config", missingDynamic, "--port", "0", "--ui-port", "0"}, "dynamic configuration " + filepath.Join(dir, "missing.yaml")},
		"not a database":            {[]string{"--db", text, "--port", "0", "--ui-port", "0"}, "database " + text + " cannot serve Temporal"},
		"database in no directory":  {[]string{"--db", filepath.Join(dir, "none", "orders.db")}, "there is no directory " + filepath.Join(dir, "none")},
		"codec endpoint without //": {[]string{"--codec-endpoint", "localhost:8088"}, `--codec-endpoint "localhost:8088" is not an http or https URL`},
		"argument":                  {[]string{"start"}, "start"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			message := refused(t, tc.args...)
			require.True(t, strings.HasPrefix(message, "devserver: "), message)
			require.Contains(t, message, tc.want)
			require.Equal(t, 1, strings.Count(message, "\n"), message)
		})
	}
}

func TestOfficialServerStartsOnTheSameConfiguration(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	cmd := exec.Command(officialBinary, "--config-file", "temporal-dev.yaml", "--allow-no-auth", "start")
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "FRONTEND_GRPC_PORT="+port)
	for _, name := range []string{
		"FRONTEND_HTTP_PORT", "FRONTEND_MEMBERSHIP_PORT", "HISTORY_GRPC_PORT", "HISTORY_MEMBERSHIP_PORT",
		"MATCHING_GRPC_PORT", "MATCHING_MEMBERSHIP_PORT", "WORKER_GRPC_PORT", "WORKER_MEMBERSHIP_PORT",
	} {
		cmd.Env = append(cmd.Env, name+"="+freePort(t))
	}
	running := launch(t, cmd)

	dial(t, "127.0.0.1:"+port).awaitServing()
	require.Zero(t, running.stop(t, syscall.SIGTERM))
}
