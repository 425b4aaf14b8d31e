package telemetry_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/metric"

	"rampart/internal/telemetry"
)

func newMetrics(t *testing.T) *telemetry.Metrics {
	t.Helper()
	metrics, err := telemetry.NewMetrics(telemetry.Build{Program: "worker", ID: "v7", Version: "v1.2.3", Revision: "5c2a", Go: "go1.26"}, func(err error) {
		require.NoError(t, err)
	})
	require.NoError(t, err)
	return metrics
}

// scrape returns the metrics in the Prometheus format.
func scrape(t *testing.T, metrics *telemetry.Metrics) string {
	t.Helper()
	answer := httptest.NewRecorder()
	metrics.Handler().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	require.Equal(t, 200, answer.Code)
	return answer.Body.String()
}

func TestBuildAndRuntimeAreExported(t *testing.T) {
	t.Parallel()
	shown := scrape(t, newMetrics(t))

	require.Contains(t, shown, `ramp_build_info{build="v7",go="go1.26",program="worker",revision="5c2a",version="v1.2.3"} 1`)
	require.Contains(t, shown, "go_goroutines")
	require.Contains(t, shown, "process_resident_memory_bytes")
}

func TestOrderMetricsOmitTheLabelsOfTheSDK(t *testing.T) {
	t.Parallel()
	metrics := newMetrics(t)
	sdk := metrics.Temporal().WithTags(map[string]string{"namespace": "default", "workflow_type": "Onramp", "worker_type": "none"})

	sdk.WithTags(map[string]string{"direction": "onramp"}).Counter("ramp_orders_started").Inc(1)
	sdk.Counter("temporal_workflow_completed").Inc(1)

	shown := scrape(t, metrics)
	require.Contains(t, shown, `ramp_orders_started_total{direction="onramp"} 1`)
	require.Contains(t, shown, `temporal_workflow_completed_total{namespace="default",worker_type="none",workflow_type="Onramp"} 1`)
}

func TestHistogramsHaveFittingBuckets(t *testing.T) {
	t.Parallel()
	metrics := newMetrics(t)
	metrics.Temporal().Timer("ramp_order_stage_duration").Record(2 * time.Hour)
	metrics.Temporal().Timer("temporal_request_latency").Record(20 * time.Millisecond)
	call, err := metrics.Meter().Float64Histogram("ramp_provider_call_duration", metric.WithUnit("s"))
	require.NoError(t, err)
	call.Record(t.Context(), 0.2)

	shown := scrape(t, metrics)
	for _, bucket := range []string{
		`ramp_order_stage_duration_seconds_bucket{le="3600"} 0`,
		`ramp_order_stage_duration_seconds_bucket{le="10800"} 1`,
		`temporal_request_latency_seconds_bucket{le="0.01"} 0`,
		`temporal_request_latency_seconds_bucket{le="0.025"} 1`,
		`ramp_provider_call_duration_seconds_bucket{le="0.1"} 0`,
		`ramp_provider_call_duration_seconds_bucket{le="0.25"} 1`,
	} {
		require.Contains(t, shown, bucket)
	}
}

func TestFailedMeasurementsAreReportedOnly(t *testing.T) {
	t.Parallel()
	var reported error
	metrics, err := telemetry.NewMetrics(telemetry.Build{}, func(err error) { reported = err })
	require.NoError(t, err)

	metrics.Temporal().Counter("not a name").Inc(1)

	require.Error(t, reported)
}
