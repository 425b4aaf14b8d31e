package telemetry

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.temporal.io/sdk/contrib/opentelemetry"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
)

// Interceptor returns an interceptor that creates spans for a Temporal client's starts, signals and updates, and for workflows
// and activities. Set it in the client's options; a worker uses its client's interceptors. Queries have no spans, since a page
// that shows orders makes thousands.
//
// A span carries the workflow's id, which contains the order's reference, and only the type of an error. Temporal's headers
// carry the W3C trace context in clear, without baggage.
func Interceptor(tracer trace.Tracer) (interceptor.Interceptor, error) {
	return opentelemetry.NewTracingInterceptor(opentelemetry.TracerOptions{
		Tracer:                  tracer,
		DisableQueryTracing:     true,
		DisableBaggage:          true,
		AllowInvalidParentSpans: true,
		TextMapPropagator:       propagation.TraceContext{},
		SpanStarter:             startRedacted,
	})
}

func startRedacted(ctx context.Context, tracer trace.Tracer, name string, options ...trace.SpanStartOption) trace.Span {
	_, span := tracer.Start(ctx, name, options...)
	return redactedSpan{span}
}

// redactedSpan is a span without the messages of errors, which may quote the provider about a user.
type redactedSpan struct{ trace.Span }

// RecordError records the type of an error.
func (s redactedSpan) RecordError(err error, _ ...trace.EventOption) {
	if err != nil {
		s.SetAttributes(attribute.String("error.type", errorType(err)))
	}
}

// SetStatus omits the description.
func (s redactedSpan) SetStatus(code codes.Code, _ string) { s.Span.SetStatus(code, "") }

// errorType returns the type of an activity's or a workflow's error.
func errorType(err error) string {
	var application *temporal.ApplicationError
	switch {
	case errors.As(err, &application) && application.Type() != "":
		return application.Type()
	case temporal.IsCanceledError(err):
		return "canceled"
	case temporal.IsTimeoutError(err):
		return "timeout"
	default:
		return "other"
	}
}
