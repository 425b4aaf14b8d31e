package onmeta

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

// WithTelemetry returns a Caller that records the duration of each call as ramp_provider_call_duration by route and outcome, and a span. The outcome is "ok" or the kind of the error. It belongs next to the Transport, below a rate limit, so that waiting
// for the rate limit is not measured.
//
// The span has the route, the HTTP status and the x-request-id that the provider's support asks for, and nothing else of the call. Trace
// ids are not sent to the provider; x-request-id (provider 1.3) identifies the call there.
func WithTelemetry(next Caller, meter metric.Meter, tracer trace.Tracer) (Caller, error) {
	duration, err := meter.Float64Histogram("ramp_provider_call_duration", metric.WithUnit("s"),
		metric.WithDescription("Calls to the provider by route and outcome, without the wait for the rate limit."))
	if err != nil {
		return nil, fmt.Errorf("provider calls: %w", err)
	}
	return &measured{next: next, duration: duration, tracer: tracer}, nil
}

type measured struct {
	next     Caller
	duration metric.Float64Histogram
	tracer   trace.Tracer
	// series are the attributes by series. To make them costs more than to record a call.
	series sync.Map
}

// series is a series of the metric of calls.
type series struct {
	route   Route
	outcome string
}

var _ Caller = (*measured)(nil)

func (m *measured) Call(ctx context.Context, call Call) (Answer, error) {
	ctx, span := m.tracer.Start(ctx, call.Route.Method()+" "+call.Route.Path(), trace.WithSpanKind(trace.SpanKindClient))
	defer span.End()
	began := time.Now()
	answer, err := m.next.Call(ctx, call)
	m.duration.Record(ctx, time.Since(began).Seconds(), m.attributes(series{call.Route, outcomeOf(err)}))
	if span.IsRecording() {
		describeSpan(span, call.Route, answer, err)
	}
	return answer, err
}

func (m *measured) attributes(of series) metric.MeasurementOption {
	if known, found := m.series.Load(of); found {
		return known.(metric.MeasurementOption)
	}
	option := metric.WithAttributeSet(attribute.NewSet(attribute.String("route", of.route.String()), attribute.String("outcome", of.outcome)))
	m.series.Store(of, option)
	return option
}

func outcomeOf(err error) string {
	var failure *Error
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &failure):
		return failure.Kind.label()
	default:
		return "failed"
	}
}

func describeSpan(span trace.Span, route Route, answer Answer, err error) {
	status, requestID := answer.Status, answer.RequestID
	if err != nil {
		span.SetStatus(codes.Error, "")
		span.SetAttributes(attribute.String("error.type", outcomeOf(err)))
	}
	var failure *Error
	if errors.As(err, &failure) {
		status, requestID = failure.Status, failure.RequestID
	}
	span.SetAttributes(
		attribute.String("http.request.method", route.Method()),
		attribute.String("url.template", route.Path()),
		attribute.String("ramp.request_id", requestID),
	)
	if status != 0 {
		span.SetAttributes(attribute.Int("http.response.status_code", status))
	}
}

// label returns the kind's name in metrics.
func (k ErrorKind) label() string {
	switch k {
	case KindInvalid:
		return "invalid"
	case KindDocument:
		return "document"
	case KindRefused:
		return "refused"
	case KindUnauthorized:
		return "unauthorized"
	case KindRateLimited:
		return "rate_limited"
	case KindUnavailable:
		return "unavailable"
	case KindMalformed:
		return "malformed"
	default:
		return "failed"
	}
}

// Measure exports the current rate as ramp_provider_rate_limit, the configured one as ramp_provider_rate_limit_set, both in requests per
// second, and the number of waiting requests as ramp_provider_requests_waiting.
func (l *RateLimit) Measure(meter metric.Meter) error {
	rate, err := meter.Float64ObservableGauge("ramp_provider_rate_limit",
		metric.WithDescription("Requests a second that this worker makes at the most, as it is now."))
	if err != nil {
		return fmt.Errorf("rate limit: %w", err)
	}
	most, err := meter.Float64ObservableGauge("ramp_provider_rate_limit_set",
		metric.WithDescription("Requests a second that this worker makes at the most, as it was set."))
	if err != nil {
		return fmt.Errorf("rate limit: %w", err)
	}
	waiting, err := meter.Int64ObservableGauge("ramp_provider_requests_waiting",
		metric.WithDescription("Requests to the provider that wait for the rate limit: urgent ones, which go first, calls, polls, and spare ones, which let all others go first."))
	if err != nil {
		return fmt.Errorf("rate limit: %w", err)
	}
	_, err = meter.RegisterCallback(func(_ context.Context, to metric.Observer) error {
		l.mu.Lock()
		defer l.mu.Unlock()
		to.ObserveFloat64(rate, l.rate)
		to.ObserveFloat64(most, l.most)
		for in, name := range laneNames {
			to.ObserveInt64(waiting, int64(len(l.waiting[in])), metric.WithAttributes(attribute.String("lane", name)))
		}
		return nil
	}, rate, most, waiting)
	return err
}
