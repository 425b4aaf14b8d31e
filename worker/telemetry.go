package main

import (
	"context"

	"go.uber.org/zap"

	"rampart/internal/telemetry"
	"rampart/onmeta"
)

// defaultHTTPAddress serves metrics and health unless RAMP_HTTP_ADDRESS is set.
const defaultHTTPAddress = "127.0.0.1:9464"

// observability holds the worker's log, metrics, traces and health.
type observability struct {
	*telemetry.Process
	keyset telemetry.KeysetHealth
}

// newObservability starts metrics and traces.
func newObservability(ctx context.Context, environment map[string]string, c config, logger *zap.Logger) (*observability, error) {
	process, err := telemetry.Start(ctx, environment, "worker", c.Worker.BuildID, c.credentials, logger)
	if err != nil {
		return nil, err
	}
	return &observability{Process: process}, nil
}

// provider returns the provider client with metrics, traces and rate limit, and the check of its API key.
func (o *observability) provider(c config) (onmeta.Caller, *providerKey, error) {
	transport, err := onmeta.NewTransport(c.transport())
	if err != nil {
		return nil, nil, err
	}
	measured, err := onmeta.WithTelemetry(transport, o.Metrics.Meter(), o.Traces.Tracer())
	if err != nil {
		return nil, nil, err
	}
	limit := onmeta.NewRateLimit(c.Onmeta.RateLimit)
	if err := limit.Measure(o.Metrics.Meter()); err != nil {
		return nil, nil, err
	}
	credentials := onmeta.WatchCredentials(measured)
	return onmeta.WithRateLimit(credentials, limit), &providerKey{credentials: credentials}, nil
}
