package onmeta_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"rampart/onmeta"
)

// saying is a provider that says one thing.
type saying struct {
	answer onmeta.Answer
	err    error
}

func (p saying) Call(context.Context, onmeta.Call) (onmeta.Answer, error) { return p.answer, p.err }

// gauges are what a meter shows, by name and labels.
func gauges(t *testing.T, reader sdkmetric.Reader) map[string]metricdata.Aggregation {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &all))
	named := make(map[string]metricdata.Aggregation)
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			named[m.Name] = m.Data
		}
	}
	return named
}

func newMeter() (metric.Meter, sdkmetric.Reader) {
	reader := sdkmetric.NewManualReader()
	return sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)).Meter("test"), reader
}

// observedCall is a call to a provider that says one thing, measured.
func observedCall(t *testing.T, provider saying, call onmeta.Call) (metricdata.HistogramDataPoint[float64], sdktrace.ReadOnlySpan) {
	t.Helper()
	meter, reader := newMeter()
	recorder := tracetest.NewSpanRecorder()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)).Tracer("test")
	caller, err := onmeta.WithTelemetry(provider, meter, tracer)
	require.NoError(t, err)

	answer, err := caller.Call(t.Context(), call)

	require.Equal(t, provider.answer, answer)
	require.Equal(t, provider.err, err)
	points := gauges(t, reader)["ramp_provider_call_duration"].(metricdata.Histogram[float64]).DataPoints
	require.Len(t, points, 1)
	require.Len(t, recorder.Ended(), 1)
	return points[0], recorder.Ended()[0]
}

func TestCallsAreMeasuredByRouteAndOutcome(t *testing.T) {
	t.Parallel()
	for outcome, err := range map[string]error{
		"ok":           nil,
		"invalid":      &onmeta.Error{Kind: onmeta.KindInvalid},
		"document":     &onmeta.Error{Kind: onmeta.KindDocument},
		"refused":      &onmeta.Error{Kind: onmeta.KindRefused, Status: 400},
		"unauthorized": &onmeta.Error{Kind: onmeta.KindUnauthorized, Status: 401},
		"rate_limited": &onmeta.Error{Kind: onmeta.KindRateLimited, Status: 429},
		"unavailable":  &onmeta.Error{Kind: onmeta.KindUnavailable},
		"malformed":    &onmeta.Error{Kind: onmeta.KindMalformed, Status: 200},
		"failed":       context.Canceled,
	} {
		point, _ := observedCall(t, saying{err: err}, onmeta.Call{Route: onmeta.RouteSubmitUTR, User: "asha@example.test"})
		require.EqualValues(t, 1, point.Count)
		require.Equal(t, attribute.NewSet(
			attribute.String("route", "orders/utr"), attribute.String("outcome", outcome)), point.Attributes)
	}
}

func TestSpansOfCallsHoldOnlyRouteAndOutcome(t *testing.T) {
	t.Parallel()
	call := onmeta.Call{
		Route: onmeta.RouteOrderHistory, Param: "asha@example.test", User: "asha@example.test", Name: "Asha Rao", Token: "t0k3n",
	}
	_, span := observedCall(t, saying{err: &onmeta.Error{
		Kind: onmeta.KindRefused, Status: 404, RequestID: "8f14e45f", Message: "no such user: Asha Rao",
	}}, call)

	require.Equal(t, "GET /v1/orders/{param}", span.Name())
	require.Equal(t, sdktrace.Status{Code: codes.Error}, span.Status())
	require.Empty(t, span.Events())
	require.ElementsMatch(t, []attribute.KeyValue{
		attribute.String("http.request.method", "GET"),
		attribute.String("url.template", "/v1/orders/{param}"),
		attribute.Int("http.response.status_code", 404),
		attribute.String("error.type", "refused"),
		attribute.String("ramp.request_id", "8f14e45f"),
	}, span.Attributes())
}

func TestSpanOfACallThatSucceededHasNoError(t *testing.T) {
	t.Parallel()
	_, span := observedCall(t, saying{answer: onmeta.Answer{Status: 200, RequestID: "8f14e45f"}}, onmeta.Call{Route: onmeta.RouteQuoteBuy})

	require.Equal(t, "POST /v1/quote/buy", span.Name())
	require.Equal(t, codes.Unset, span.Status().Code)
	require.Contains(t, span.Attributes(), attribute.Int("http.response.status_code", 200))
}

func TestTraceIsNotSentToTheProvider(t *testing.T) {
	t.Parallel()
	var sent http.Header
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent = r.Header.Clone()
		_, _ = w.Write([]byte(`{"success":true,"data":[]}`))
	}))
	defer provider.Close()
	transport, err := onmeta.NewTransport(onmeta.Config{BaseURL: provider.URL, APIKey: "key"})
	require.NoError(t, err)
	meter, _ := newMeter()
	recorder := tracetest.NewSpanRecorder()
	caller, err := onmeta.WithTelemetry(transport, meter, sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)).Tracer("test"))
	require.NoError(t, err)

	_, err = caller.Call(t.Context(), onmeta.Call{Route: onmeta.RouteChainLimits})

	require.NoError(t, err)
	for header := range sent {
		require.NotContains(t, []string{"Traceparent", "Tracestate", "Baggage"}, header)
	}
	require.Contains(t, recorder.Ended()[0].Attributes(), attribute.String("ramp.request_id", sent.Get("X-Request-Id")))
}

func TestRateLimitExportsItsRateAndWaitingRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		meter, reader := newMeter()
		limit := onmeta.NewRateLimit(1)
		require.NoError(t, limit.Measure(meter))
		caller := onmeta.WithRateLimit(saying{}, limit)
		_, err := caller.Call(t.Context(), onmeta.Call{Route: onmeta.RouteQuoteBuy}) // the one that need not wait
		require.NoError(t, err)
		ctx, giveUp := context.WithTimeout(t.Context(), time.Minute)
		defer giveUp()
		for range 2 {
			go func() { _, _ = caller.Call(ctx, onmeta.Call{Route: onmeta.RouteQuoteBuy}) }()
		}
		go func() { _, _ = caller.Call(onmeta.Yield(ctx), onmeta.Call{Route: onmeta.RouteOnrampStatus}) }()
		synctest.Wait()

		shown := gauges(t, reader)

		require.InDelta(t, 1, shown["ramp_provider_rate_limit"].(metricdata.Gauge[float64]).DataPoints[0].Value, 0)
		require.InDelta(t, 1, shown["ramp_provider_rate_limit_set"].(metricdata.Gauge[float64]).DataPoints[0].Value, 0)
		waiting := make(map[string]int64)
		for _, point := range shown["ramp_provider_requests_waiting"].(metricdata.Gauge[int64]).DataPoints {
			lane, _ := point.Attributes.Value("lane")
			waiting[lane.AsString()] = point.Value
		}
		require.Equal(t, map[string]int64{"urgent": 0, "calls": 2, "polls": 1, "spare": 0}, waiting)
	})
}
