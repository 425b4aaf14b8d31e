package telemetry

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"rampart/internal/credential"
)

// Traces exports a process's spans to a collector.
type Traces struct {
	provider trace.TracerProvider
	stop     func(context.Context) error
}

// StartTraces exports spans by OTLP if OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT names a collector.
// Other OTEL_* variables (protocol, headers, certificates, sampling, resource) have their standard meaning;
// OTEL_SDK_DISABLED=true and OTEL_TRACES_EXPORTER=none disable tracing. It does not wait for the collector.
//
// service is the program's name unless OTEL_SERVICE_NAME is set. getenv returns a variable, as os.Getenv does; the exporters
// read their own from the process's environment. Certificates, and headers in a file, are added to the store, so that they can be replaced.
func StartTraces(ctx context.Context, getenv func(string) string, service string, build Build, store *credential.Store) (*Traces, error) {
	if !traced(getenv) {
		return &Traces{provider: noop.NewTracerProvider(), stop: func(context.Context) error { return nil }}, nil
	}
	exporter, err := newExporter(ctx, getenv, store)
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	described, err := resource.Merge(resource.Default(), resource.NewSchemaless(
		attribute.String("service.name", cmp.Or(getenv("OTEL_SERVICE_NAME"), service)),
		attribute.String("service.version", cmp.Or(build.ID, build.Revision, build.Version)),
	))
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(described))
	return &Traces{provider: provider, stop: provider.Shutdown}, nil
}

func traced(getenv func(string) string) bool {
	if strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true") || getenv("OTEL_TRACES_EXPORTER") == "none" {
		return false
	}
	return getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != "" || getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != ""
}

// newExporter returns the exporter for the configured protocol.
func newExporter(ctx context.Context, getenv func(string) string, store *credential.Store) (sdktrace.SpanExporter, error) {
	access, err := openCollector(getenv, store)
	if err != nil {
		return nil, err
	}
	switch name := chosen(getenv, "PROTOCOL"); getenv(name) {
	case "grpc":
		return otlptracegrpc.New(ctx, access.grpc()...)
	case "http/protobuf", "": // the standard's default
		return otlptracehttp.New(ctx, access.http()...)
	default:
		return nil, fmt.Errorf("%s must be grpc or http/protobuf", name)
	}
}

// On reports whether spans are exported.
func (t *Traces) On() bool {
	_, off := t.provider.(noop.TracerProvider)
	return !off
}

// Tracer returns the tracer for the process's spans.
func (t *Traces) Tracer() trace.Tracer { return t.provider.Tracer("rampart") }

// Stop exports the remaining spans and returns when that is done or ctx ends.
func (t *Traces) Stop(ctx context.Context) error { return t.stop(ctx) }
