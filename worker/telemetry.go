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
	// usualHTTPAddress is where metrics and health are found unless RAMP_HTTP_ADDRESS says otherwise.
	usualHTTPAddress = "127.0.0.1:9464"
	// pagesStopTimeout is how long a profile or a scrape may take to finish once the worker stops.
	pagesStopTimeout = 2 * time.Second
	// flushTimeout bounds how long the last spans are sent.
	flushTimeout = 5 * time.Second
)

// observed is what the worker tells of itself.
type observed struct {
	build   telemetry.Build
	metrics *telemetry.Metrics
	traces  *telemetry.Traces
	keyset  keysetHealth
	log     *zap.Logger
}

// observe begins to measure. What cannot be measured or sent is logged, and holds nothing up.
func observe(ctx context.Context, environment map[string]string, buildID string, logger *zap.Logger) (*observed, error) {
	o := &observed{build: telemetry.ReadBuild(), log: logger}
	o.build.ID = buildID
	otel.SetErrorHandler(otel.ErrorHandlerFunc(o.complain))
	getenv := func(name string) string { return environment[name] }
	var err error
	if o.metrics, err = telemetry.NewMetrics(o.build, o.complain); err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	if o.traces, err = telemetry.StartTraces(ctx, getenv, "rampart-worker", o.build); err != nil {
		return nil, err
	}
	return o, nil
}

func (o *observed) complain(err error) {
	o.log.Warn("metrics or traces are incomplete", zap.Error(err))
}

// stop sends the last spans.
func (o *observed) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	if err := o.traces.Stop(ctx); err != nil {
		o.complain(err)
	}
}

// client measures what Temporal's client does, and the workers that use it.
func (o *observed) client(options *client.Options) error {
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

// provider reaches the provider: measured, within the rate limit, and heard for what it says of the API key.
func (o *observed) provider(c onmetaConfig) (onmeta.Caller, *providerKey, error) {
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
	heard := onmeta.WatchCredentials(measured)
	return onmeta.WithRateLimit(heard, limit), &providerKey{heard: heard}, nil
}

// serve shows metrics and health until ctx ends.
func (o *observed) serve(ctx context.Context, listener net.Listener, checks []telemetry.Check, pprof bool) error {
	readiness := telemetry.NewReadiness(checks...)
	if err := readiness.Measure(o.metrics.Meter()); err != nil {
		return err
	}
	complaints, err := zap.NewStdLogAt(o.log, zap.WarnLevel)
	if err != nil {
		return err
	}
	pages := telemetry.Pages{Metrics: o.metrics.Handler(), Ready: readiness, Pprof: pprof}
	go func() {
		options := httpserver.Options{StopTimeout: pagesStopTimeout, ErrorLog: complaints}
		if err := httpserver.Serve(ctx, listener, pages.Handler(), options); err != nil && ctx.Err() == nil {
			o.complain(err)
		}
	}()
	o.log.Info("metrics and health", zap.String("address", listener.Addr().String()),
		zap.String("build", o.build.ID), zap.String("version", o.build.Version), zap.String("revision", o.build.Revision))
	return nil
}

// listen finds a port for metrics and health. Where none is set and the usual one is taken, by another worker on this machine, any
// will do: the log says which.
func (c workerConfig) listen(ctx context.Context) (net.Listener, error) {
	var network net.ListenConfig
	if c.HTTPAddress != "" {
		listener, err := network.Listen(ctx, "tcp", c.HTTPAddress)
		if err != nil {
			return nil, fmt.Errorf("RAMP_HTTP_ADDRESS, for metrics and health: %w", err)
		}
		return listener, nil
	}
	if listener, err := network.Listen(ctx, "tcp", usualHTTPAddress); err == nil {
		return listener, nil
	}
	listener, err := network.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("metrics and health: %w", err)
	}
	return listener, nil
}
