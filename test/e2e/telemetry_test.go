package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"rampart/internal/process"
	"rampart/internal/telemetry"
	"rampart/ramp"
)

// withMetrics makes the worker serve metrics and health.
func withMetrics(s *stack) {
	s.http = "127.0.0.1:" + freePort(s.t)
	s.environment = append(s.environment, "RAMP_HTTP_ADDRESS="+s.http, "RAMP_PPROF=true")
}

// withTraces sends the worker's spans to a collector.
func withTraces(c *collector) stackOption {
	return func(s *stack) {
		server := httptest.NewServer(c)
		s.t.Cleanup(server.Close)
		s.environment = append(s.environment, "OTEL_EXPORTER_OTLP_ENDPOINT="+server.URL, "OTEL_BSP_SCHEDULE_DELAY=100")
	}
}

// collector receives spans by OTLP over HTTP.
type collector struct {
	mu    sync.Mutex
	spans map[string]*tracepb.Span
	text  strings.Builder
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	request := new(collectorpb.ExportTraceServiceRequest)
	if err == nil {
		err = proto.Unmarshal(body, request)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text.Write(body)
	c.text.WriteString(protojson.Format(request))
	if c.spans == nil {
		c.spans = make(map[string]*tracepb.Span)
	}
	for _, resource := range request.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				c.spans[string(span.GetSpanId())] = span
			}
		}
	}
}

// received returns all requests, as received and as JSON.
func (c *collector) received() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}

// ancestry returns the names of a span and of its known ancestors, and the id of the parent of the last one.
func (c *collector) ancestry(name string) (names []string, above string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, span := range c.spans {
		if span.GetName() != name {
			continue
		}
		for next := span; next != nil; next = c.spans[above] {
			names, above = append(names, next.GetName()), string(next.GetParentSpanId())
		}
		break
	}
	return names, above
}

// pageOf returns a page of a worker or a gateway at an address.
func (s *stack) pageOf(address, path string) string {
	s.t.Helper()
	body, _ := s.pageAndStatus(address, path)
	return body
}

// workerPage returns a page of the worker and its HTTP status.
func (s *stack) workerPage(path string) (string, int) {
	s.t.Helper()
	return s.pageAndStatus(s.http, path)
}

func (s *stack) pageAndStatus(address, path string) (string, int) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, "http://"+address+path, nil)
	require.NoError(s.t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(s.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	return string(body), response.StatusCode
}

// allPages returns everything that the worker serves over HTTP.
func (s *stack) allPages() string {
	s.t.Helper()
	all := s.metrics()
	for _, path := range []string{"/readyz", "/healthz", "/debug/pprof/cmdline", "/debug/pprof/goroutine?debug=2", "/debug/pprof/heap?debug=1"} {
		page, code := s.workerPage(path)
		require.Equal(s.t, http.StatusOK, code, path)
		all += page
	}
	return all
}

// metrics returns the worker's metrics once it has counted the orders.
func (s *stack) metrics() string {
	s.t.Helper()
	var shown string
	eventually(s.t, patience, func() error {
		shown, _ = s.workerPage("/metrics")
		if !strings.Contains(shown, "ramp_orders_attention ") {
			return fmt.Errorf("the worker has not counted the orders")
		}
		return nil
	})
	return shown
}

// queries returns the queries of the dashboard and of the alerts.
func queries(t *testing.T) (dashboard, alerts []string) {
	t.Helper()
	var board struct {
		Panels []struct {
			Targets []struct {
				Expr string `json:"expr"`
			} `json:"targets"`
		} `json:"panels"`
	}
	content, err := os.ReadFile("../../deploy/grafana/rampart.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(content, &board))
	for _, panel := range board.Panels {
		for _, target := range panel.Targets {
			dashboard = append(dashboard, strings.ReplaceAll(target.Expr, "$__rate_interval", "1m"))
		}
	}
	var rules struct {
		Groups []struct {
			Rules []struct {
				Expr string `yaml:"expr"`
			} `yaml:"rules"`
		} `yaml:"groups"`
	}
	content, err = os.ReadFile("../../deploy/prometheus/alerts.yaml")
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(content, &rules))
	for _, group := range rules.Groups {
		for _, rule := range group.Rules {
			alerts = append(alerts, rule.Expr)
		}
	}
	require.NotEmpty(t, dashboard)
	require.NotEmpty(t, alerts)
	return dashboard, alerts
}

// newMeasuredStack starts a stack whose worker and gateway have a value of every metric.
func newMeasuredStack(t *testing.T) (*stack, *gateway) {
	t.Helper()
	n, backend := new(network), newReceiver(t)
	s := newStack(t, 60, withNetwork(n), withMetrics, withEndpoint(backend), withRecords)
	n.fail("POST /v1/quote/buy", networkFault{left: 1, status: http.StatusBadGateway})
	_, err := s.Orders.StartOnramp(t.Context(), onrampRequest("measured"))
	require.NoError(t, err)
	_, err = s.Orders.SubmitUTR(t.Context(), "measured", utrOf(1))
	require.NoError(t, err)
	// An unknown workflow type makes the worker fail a workflow task, as a history that does not replay does.
	_, err = s.Temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "unknown", TaskQueue: ramp.TaskQueue}, "Unknown")
	require.NoError(t, err)
	s.awaitStatus(buy("measured"), completionTime, ramp.Completed)
	s.requireNews(backend, buy("measured"), ramp.Completed)
	g := s.startGateway("RAMP_GATEWAY_PROVIDER_LISTEN=127.0.0.1:0", "ONMETA_API_SECRET=sandbox-api-secret")
	g.mustSend(http.StatusOK, http.MethodGet, "/v1/onramp/orders/measured", "")
	return s, g
}

func TestEveryQueryOfDashboardAndAlertsNamesMetricsThatAWorkerOrAGatewayExports(t *testing.T) {
	t.Parallel()
	s, g := newMeasuredStack(t)
	labels := labelsByMetric(s.metrics() + s.pageOf(g.http, "/metrics"))
	dashboard, alerts := queries(t)
	metric := regexp.MustCompile(`\b((?:ramp|temporal|go|process)_[a-z_]+)(?:\{([^}]*)\})?`)
	for _, query := range append(dashboard, alerts...) {
		for _, named := range metric.FindAllStringSubmatch(query, -1) {
			require.Contains(t, labels, named[1], query)
			for _, label := range regexp.MustCompile(`([a-z_]+)\s*(?:=|!)`).FindAllStringSubmatch(named[2], -1) {
				require.Contains(t, labels[named[1]], label[1], query)
			}
		}
	}
}

// labelsByMetric returns the names of the labels of each metric.
func labelsByMetric(shown string) map[string]map[string]bool {
	all := make(map[string]map[string]bool)
	for line := range strings.Lines(shown) {
		name := regexp.MustCompile(`^[a-z_]+`).FindString(line)
		if name == "" {
			continue
		}
		if all[name] == nil {
			all[name] = make(map[string]bool)
		}
		for _, label := range regexp.MustCompile(`([a-z_]+)="`).FindAllStringSubmatch(line, -1) {
			all[name][label[1]] = true
		}
	}
	return all
}

// TestPrometheusAnswersEveryQueryOfDashboardAndAlerts scrapes a worker and a gateway with a real Prometheus, and runs the queries of the
// dashboard and the alerts.
func TestPrometheusAnswersEveryQueryOfDashboardAndAlerts(t *testing.T) {
	t.Parallel()
	s, g := newMeasuredStack(t)
	prometheus := s.startPrometheus(g.http)
	dashboard, alerts := queries(t)
	for _, query := range dashboard {
		eventually(t, patience, func() error {
			found, err := queryPrometheus(t, prometheus, query)
			if err == nil && found == 0 {
				err = fmt.Errorf("nothing is found by %s", query)
			}
			return err
		})
	}
	for _, query := range alerts {
		_, err := queryPrometheus(t, prometheus, query)
		require.NoError(t, err)
	}
	require.Empty(t, firingAlerts(t, prometheus), "all is well")
}

// startPrometheus starts a Prometheus that scrapes the worker and another program every second, and returns its URL.
func (s *stack) startPrometheus(other string) string {
	s.t.Helper()
	directory := s.t.TempDir()
	rules, err := filepath.Abs("../../deploy/prometheus/alerts.yaml")
	require.NoError(s.t, err)
	configuration := filepath.Join(directory, "prometheus.yaml")
	require.NoError(s.t, os.WriteFile(configuration, []byte(fmt.Sprintf(`
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [%s]
scrape_configs: [{job_name: ramp-worker, static_configs: [{targets: ["%s", "%s"]}]}]
`, rules, s.http, other)), 0o600))
	address := "127.0.0.1:" + freePort(s.t)
	_, err = s.Processes.Start(process.Program{Name: "prometheus", Path: "prometheus", Arguments: []string{
		"--config.file=" + configuration, "--web.listen-address=" + address, "--storage.tsdb.path=" + filepath.Join(directory, "data"),
	}})
	require.NoError(s.t, err)
	return "http://" + address
}

// queryPrometheus returns how many series a query finds.
func queryPrometheus(t *testing.T, prometheus, query string) (int, error) {
	t.Helper()
	var answer struct {
		Status string `json:"status"`
		Error  string `json:"error"`
		Data   struct {
			Result []any `json:"result"`
		} `json:"data"`
	}
	if err := getJSON(t.Context(), prometheus+"/api/v1/query?query="+url.QueryEscape(query), &answer); err != nil {
		return 0, err
	}
	if answer.Status != "success" {
		return 0, fmt.Errorf("%s: %s", query, answer.Error)
	}
	return len(answer.Data.Result), nil
}

func firingAlerts(t *testing.T, prometheus string) []string {
	t.Helper()
	var answer struct {
		Data struct {
			Alerts []struct {
				State  string            `json:"state"`
				Labels map[string]string `json:"labels"`
			} `json:"alerts"`
		} `json:"data"`
	}
	require.NoError(t, getJSON(t.Context(), prometheus+"/api/v1/alerts", &answer))
	var names []string
	for _, alert := range answer.Data.Alerts {
		if alert.State == "firing" {
			names = append(names, alert.Labels["alertname"])
		}
	}
	return names
}

func getJSON(ctx context.Context, address string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	return json.NewDecoder(response.Body).Decode(into)
}

func TestOrderIsOneTraceFromItsStartToTheProvider(t *testing.T) {
	t.Parallel()
	spans := new(collector)
	s := newStack(t, 60, withTraces(spans))
	recorder := tracetest.NewSpanRecorder()
	backend := s.tracedBackend(recorder)

	_, err := backend.StartOnramp(t.Context(), onrampRequest("traced"))
	require.NoError(t, err)
	_, err = backend.SubmitUTR(t.Context(), "traced", utrOf(1))
	require.NoError(t, err)
	s.awaitStatus(buy("traced"), completionTime, ramp.Completed)
	s.stop(s.worker)

	started := make(map[string]string)
	for _, span := range recorder.Ended() {
		id := span.SpanContext().SpanID()
		started[string(id[:])] = span.Name()
	}
	for call, activity := range map[string]string{
		"POST /v1/orders/create": "CreateOnrampOrder",
		"POST /v1/orders/utr":    "SubmitUTR",
		"POST /v1/orders/status": "WatchOrder",
		"POST /v1/quote/buy":     "QuoteBuy",
	} {
		names, above := spans.ancestry(call)
		require.Equal(t, []string{call, "RunActivity:" + activity, "StartActivity:" + activity, "RunWorkflow:Onramp"}, names)
		require.Contains(t, started, above, "%s did not begin with the backend's call", call)
	}
}

// tracedBackend returns the client of a backend that records spans.
func (s *stack) tracedBackend(recorder *tracetest.SpanRecorder) *ramp.Client {
	s.t.Helper()
	spans, err := telemetry.Interceptor(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)).Tracer("backend"))
	require.NoError(s.t, err)
	temporal, orders, err := s.Dial(s.t.Context(), client.Options{Interceptors: []interceptor.ClientInterceptor{spans}}, s.Keyring)
	require.NoError(s.t, err)
	s.t.Cleanup(temporal.Close)
	return orders
}

func TestReadinessReportsTheProblemAndTheRemedy(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60, onFile, withMetrics)
	ready := func(code int, words string) {
		t.Helper()
		eventually(t, patience, func() error {
			page, got := s.workerPage("/readyz")
			if got != code || !strings.Contains(page, words) {
				return fmt.Errorf("the worker says %d: %s", got, page)
			}
			return nil
		})
	}
	ready(http.StatusOK, `"ready": true`)

	s.server.Kill()
	ready(http.StatusServiceUnavailable, "Temporal does not respond at "+s.Address)
	page, code := s.workerPage("/healthz")
	require.Equal(t, http.StatusOK, code, "a restart would not mend it: %s", page)
	s.startServer()
	ready(http.StatusOK, `"temporal": null`)

	s.stop(s.worker)
	s.worker = s.startWorker("ONMETA_API_KEY=another")
	ready(http.StatusServiceUnavailable, "the provider refuses the API key")
	page, _ = s.workerPage("/metrics")
	require.Contains(t, page, `ramp_check_passed{check="provider"} 0`)
}

func TestReplayDoesNotCountMetricsAgain(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60, withMetrics)
	_, err := s.Orders.StartOnramp(t.Context(), onrampRequest("replayed"))
	require.NoError(t, err)
	require.Contains(t, s.metrics(), `ramp_orders_started_total{direction="onramp"} 1`)
	s.worker.Kill()
	s.worker = s.startWorker()

	_, err = s.Orders.SubmitUTR(t.Context(), "replayed", utrOf(1))
	require.NoError(t, err)
	s.awaitStatus(buy("replayed"), completionTime, ramp.Completed)

	shown := s.metrics()
	require.Contains(t, shown, `ramp_orders_started_total{direction="onramp"} 0`)
	require.Contains(t, shown, `ramp_order_status_entered_total{direction="onramp",status="quoting"} 0`)
	require.Contains(t, shown, `ramp_proofs_accepted_total{direction="onramp"} 1`)
	require.Contains(t, shown, `ramp_orders_ended_total{direction="onramp",status="completed"} 1`)
}
