package main

import (
	"context"
	"fmt"
	"net"
	"time"

	"go.opentelemetry.io/otel"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"rampart/internal/httpserver"
	"rampart/internal/telemetry"
	"rampart/onmeta"
)

const (
	// defaultHTTPAddress serves metrics and health unless RAMP_HTTP_ADDRESS is set.
	defaultHTTPAddress = "127.0.0.1:9464"
	// pagesStopTimeout is how long a profile or a scrape may take to finish once the worker stops.
	pagesStopTimeout = 2 * time.Second
	// flushTimeout bounds the export of the last spans.
	flushTimeout = 5 * time.Second
)

// observability holds the worker's log, metrics, traces and health.
type observability struct {
	build   telemetry.Build
	metrics *telemetry.Metrics
	traces  *telemetry.Traces
	keyset  keysetHealth
	log     *zap.Logger
}

// newObservability starts metrics and traces. Measurements and exports that fail are logged and have no other effect.
func newObservability(ctx context.Context, environment map[string]string, buildID string, logger *zap.Logger) (*observability, error) {
	o := &observability{build: telemetry.ReadBuild(), log: logger}
	o.build.ID = buildID
	otel.SetErrorHandler(otel.ErrorHandlerFunc(o.report))
	getenv := func(name string) string { return environment[name] }
	var err error
	if o.metrics, err = telemetry.NewMetrics(o.build, o.report); err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	if o.traces, err = telemetry.StartTraces(ctx, getenv, "rampart-worker", o.build); err != nil {
		return nil, err
	}
	return o, nil
}

// report logs a measurement or an export that failed.
func (o *observability) report(err error) {
	o.log.Warn("metrics or traces are incomplete", zap.Error(err))
}

// stop exports the last spans.
func (o *observability) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	if err := o.traces.Stop(ctx); err != nil {
		o.report(err)
	}
}

// instrument adds metrics and traces to the options of a Temporal client, and thereby to its workers.
func (o *observability) instrument(options *client.Options) error {
	options.MetricsHandler = o.metrics.Temporal()
	if !o.traces.On() {
		return nil
	}
	spans, err := telemetry.Interceptor(o.traces.Tracer())
	if err != nil {
		return fmt.Errorf("traces: %w", err)
	}
	options.Interceptors = append(options.Interceptors, spans)
	return nil
}

// provider returns the provider client with metrics, traces and rate limit, and the check of its API key.
func (o *observability) provider(c onmetaConfig) (onmeta.Caller, *providerKey, error) {
	transport, err := onmeta.NewTransport(c.transport())
	if err != nil {
		return nil, nil, err
	}
	measured, err := onmeta.WithTelemetry(transport, o.metrics.Meter(), o.traces.Tracer())
	if err != nil {
		return nil, nil, err
	}
	limit := onmeta.NewRateLimit(c.RateLimit)
	if err := limit.Measure(o.metrics.Meter()); err != nil {
		return nil, nil, err
	}
	credentials := onmeta.WatchCredentials(measured)
	return onmeta.WithRateLimit(credentials, limit), &providerKey{credentials: credentials}, nil
}

// serve serves metrics and health until ctx ends.
func (o *observability) serve(ctx context.Context, listener net.Listener, checks []telemetry.Check, pprof bool) error {
	readiness := telemetry.NewReadiness(checks...)
	if err := readiness.Measure(o.metrics.Meter()); err != nil {
		return err
	}
	errorLog, err := zap.NewStdLogAt(o.log, zap.WarnLevel)
	if err != nil {
		return err
	}
	pages := telemetry.Pages{Metrics: o.metrics.Handler(), Ready: readiness, Pprof: pprof}
	go func() {
		options := httpserver.Options{StopTimeout: pagesStopTimeout, ErrorLog: errorLog}
		if err := httpserver.Serve(ctx, listener, pages.Handler(), options); err != nil && ctx.Err() == nil {
			o.report(err)
		}
	}()
	o.log.Info("serving metrics and health", zap.String("address", listener.Addr().String()),
		zap.String("build", o.build.ID), zap.String("version", o.build.Version), zap.String("revision", o.build.Revision))
	return nil
}

// listen opens the port for metrics and health: the configured one, or the default one, or any free one if another worker on this
// machine has the default one. The log says which.
func (c workerConfig) listen(ctx context.Context) (net.Listener, error) {
	var network net.ListenConfig
	if c.HTTPAddress != "" {
		listener, err := network.Listen(ctx, "tcp", c.HTTPAddress)
		if err != nil {
			return nil, fmt.Errorf("listen on RAMP_HTTP_ADDRESS for metrics and health: %w", err)
		}
		return listener, nil
	}
	if listener, err := network.Listen(ctx, "tcp", defaultHTTPAddress); err == nil {
		return listener, nil
	}
	listener, err := network.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for metrics and health: %w", err)
	}
	return listener, nil
}
