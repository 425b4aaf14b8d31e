package connection

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"

	"rampart/internal/telemetry"
)

// flushTimeout bounds how long the last spans are sent.
const flushTimeout = 2 * time.Second

// trace makes spans of what the connection starts, signals and updates, where the standard OTEL_* variables name a
// collector. stop sends the last of them.
func trace(ctx context.Context, environment envconfig.EnvLookup, options *client.Options) (stop func(), err error) {
	getenv := func(name string) string {
		value, _ := environment.LookupEnv(name)
		return value
	}
	traces, err := telemetry.StartTraces(ctx, getenv, "rampart-starter", telemetry.ReadBuild())
	if err != nil {
		return nil, err
	}
	if !traces.On() {
		return func() {}, nil
	}
	spans, err := telemetry.Interceptor(traces.Tracer())
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	options.Interceptors = append(options.Interceptors, spans)
	return func() {
		flushing, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
		defer cancel()
		_ = traces.Stop(flushing) // a collector that is away must not fail what a person has done
	}, nil
}
