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

// Metrics holds the metrics of a process: Rampart's own, those of Temporal's SDK, and those of the Go runtime.
type Metrics struct {
	registry *prometheus.Registry
	provider *sdkmetric.MeterProvider
	report   func(error)
}

// NewMetrics returns the metrics of a new process. Measurements that fail are passed to report and have no other effect.
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
		Help:        "Build of the running program; always 1.",
		ConstLabels: prometheus.Labels{"program": build.Program, "build": build.ID, "version": build.Version, "revision": build.Revision, "go": build.Go},
	})
	info.Set(1)
	return info
}

// callBounds returns the histogram buckets of calls, in seconds.
func callBounds() []float64 {
	return []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}
}

// orderBounds returns the histogram buckets of orders and watches, in seconds.
func orderBounds() []float64 {
	const minute, hour = 60, 3600
	return []float64{1, 5, 15, 30, minute, 2 * minute, 5 * minute, 10 * minute, 30 * minute, hour, 3 * hour, 6 * hour, 12 * hour, 24 * hour, 72 * hour}
}

// shape configures how an instrument is exported. OpenTelemetry's default buckets are for milliseconds.
func shape(instrument sdkmetric.Instrument) (sdkmetric.Stream, bool) {
	stream := sdkmetric.Stream{Name: instrument.Name, Description: instrument.Description, Unit: instrument.Unit}
	if strings.HasPrefix(instrument.Name, "ramp_") {
		stream.AttributeFilter = ownLabel
	}
	if instrument.Kind == sdkmetric.InstrumentKindHistogram {
		stream.Aggregation = histogram(instrument.Name)
	}
	return stream, true
}

func histogram(name string) sdkmetric.Aggregation {
	switch name {
	case "temporal_long_request_latency", "temporal_long_request_latency_attempt", "temporal_request_latency_attempt":
		return sdkmetric.AggregationDrop{} // a quarter of all series, and unused
	case "ramp_order_stage_duration", "ramp_order_duration", "ramp_event_latency", "temporal_workflow_endtoend_latency",
		"temporal_activity_execution_latency", "temporal_activity_succeed_endtoend_latency":
		return sdkmetric.AggregationExplicitBucketHistogram{Boundaries: orderBounds()}
	default:
		return sdkmetric.AggregationExplicitBucketHistogram{Boundaries: callBounds()}
	}
}

// Meter returns the meter of Rampart's own metrics, whose names begin with ramp_.
func (m *Metrics) Meter() metric.Meter { return m.provider.Meter("rampart") }

// Temporal returns the metrics handler for Temporal's SDK, through which workflows measure too.
func (m *Metrics) Temporal() client.MetricsHandler {
	return opentelemetry.NewMetricsHandler(opentelemetry.MetricsHandlerOptions{
		Meter:                m.provider.Meter("temporal-sdk-go"),
		OnError:              m.report,
		UseMonotonicCounters: true,
	})
}

// Handler serves all metrics in the Prometheus format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// ownLabel reports whether a label is Rampart's own. It excludes those that Temporal's SDK adds to every metric, which are the
// same for all of Rampart's.
func ownLabel(label attribute.KeyValue) bool {
	switch label.Key {
	case "namespace", "task_queue", "workflow_type", "activity_type", "worker_type", "client_name":
		return false
	default:
		return true
	}
}
