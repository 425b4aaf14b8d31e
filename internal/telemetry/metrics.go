package telemetry

import (
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/attribute"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/opentelemetry"
)

// Metrics are those of one process: ours, those of Temporal's SDK, and those of the Go runtime.
type Metrics struct {
	registry *prometheus.Registry
	provider *sdkmetric.MeterProvider
	report   func(error)
}

// NewMetrics returns metrics that have only begun. report hears of measurements that could not be taken; nothing fails
// because of them.
func NewMetrics(build Build, report func(error)) (*Metrics, error) {
	registry := prometheus.NewRegistry()
	for _, collector := range []prometheus.Collector{
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		buildInfo(build),
	} {
		if err := registry.Register(collector); err != nil {
			return nil, err
		}
	}
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(registry), otelprometheus.WithoutScopeInfo())
	if err != nil {
		return nil, err
	}
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(exporter), sdkmetric.WithView(shape))
	return &Metrics{registry: registry, provider: provider, report: report}, nil
}

func buildInfo(build Build) prometheus.Collector {
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "ramp_build_info",
		Help:        "What program runs; always 1.",
		ConstLabels: prometheus.Labels{"build": build.ID, "version": build.Version, "revision": build.Revision, "go": build.Go},
	})
	info.Set(1)
	return info
}

// Bounds of histograms in seconds: of calls, and of what orders and watches take, from a moment to days.
func callBounds() []float64 {
	return []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}
}

func orderBounds() []float64 {
	const minute, hour = 60, 3600
	return []float64{1, 5, 15, 30, minute, 2 * minute, 5 * minute, 10 * minute, 30 * minute, hour, 3 * hour, 6 * hour, 12 * hour, 24 * hour, 72 * hour}
}

// shape says how an instrument is shown. OpenTelemetry's own bounds are for milliseconds.
func shape(instrument sdkmetric.Instrument) (sdkmetric.Stream, bool) {
	stream := sdkmetric.Stream{Name: instrument.Name, Description: instrument.Description, Unit: instrument.Unit}
	if strings.HasPrefix(instrument.Name, "ramp_") {
		stream.AttributeFilter = ours
	}
	if instrument.Kind == sdkmetric.InstrumentKindHistogram {
		stream.Aggregation = histogram(instrument.Name)
	}
	return stream, true
}

func histogram(name string) sdkmetric.Aggregation {
	switch name {
	case "temporal_long_request_latency", "temporal_long_request_latency_attempt", "temporal_request_latency_attempt":
		return sdkmetric.AggregationDrop{} // a quarter of all series, and nobody reads them
	case "ramp_order_stage_duration", "ramp_order_duration", "temporal_workflow_endtoend_latency",
		"temporal_activity_execution_latency", "temporal_activity_succeed_endtoend_latency":
		return sdkmetric.AggregationExplicitBucketHistogram{Boundaries: orderBounds()}
	default:
		return sdkmetric.AggregationExplicitBucketHistogram{Boundaries: callBounds()}
	}
}

// Meter makes the instruments of our own metrics, whose names begin with ramp_.
func (m *Metrics) Meter() metric.Meter { return m.provider.Meter("rampart") }

// Temporal takes what the SDK measures, and what workflows do through it.
func (m *Metrics) Temporal() client.MetricsHandler {
	return opentelemetry.NewMetricsHandler(opentelemetry.MetricsHandlerOptions{
		Meter:                m.provider.Meter("temporal-sdk-go"),
		OnError:              m.report,
		UseMonotonicCounters: true,
	})
}

// Handler answers with all metrics in Prometheus' format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// ours leaves out the labels that Temporal's SDK gives to everything that passes it, and that are the same for all of ours.
func ours(label attribute.KeyValue) bool {
	switch label.Key {
	case "namespace", "task_queue", "workflow_type", "activity_type", "worker_type", "client_name":
		return false
	default:
		return true
	}
}
