package connection

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"

	"rampart/internal/credential"
	"rampart/internal/telemetry"
)

// flushTimeout bounds the export of the last spans.
const flushTimeout = 2 * time.Second

// trace adds an interceptor to options that traces workflow starts, signals and updates, if the standard OTEL_* variables name a collector. stop
// exports the last spans.
func trace(ctx context.Context, environment envconfig.EnvLookup, store *credential.Store, options *client.Options) (stop func(), err error) {
	getenv := func(name string) string {
		value, _ := environment.LookupEnv(name)
		return value
	}
	traces, err := telemetry.StartTraces(ctx, getenv, "rampart-starter", telemetry.ReadBuild(), store)
	if err != nil {
		return nil, err
	}
	if !traces.On() {
		return func() {}, nil
	}
	spans, err := telemetry.Interceptor(traces.Tracer())
	if err != nil {
		return nil, fmt.Errorf("set up traces: %w", err)
	}
	options.Interceptors = append(options.Interceptors, spans)
	return func() {
		flushing, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
		defer cancel()
		_ = traces.Stop(flushing) // an unreachable collector must not fail a command that succeeded
	}, nil
}
