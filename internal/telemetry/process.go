package telemetry

import (
	"context"
	"fmt"
	"net"
	"time"

	"go.opentelemetry.io/otel"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"rampart/internal/credential"
	"rampart/internal/httpserver"
)

const (
	// pagesStopTimeout is how long a profile or a scrape may take to finish once the process stops.
	pagesStopTimeout = 2 * time.Second
	// flushTimeout bounds the export of the last spans.
	flushTimeout = 5 * time.Second
)

// Process holds the log, metrics and traces of a program that runs.
type Process struct {
	Build   Build
	Metrics *Metrics
	Traces  *Traces
	Log     *zap.Logger
}

// Start starts metrics and traces. Measurements and exports that fail are logged and have no other effect. program is the program's name, such as
// worker, and buildID the version of its deployment, or "". The store's credentials, to which those of the collector are added, are measured, and
// followed until ctx ends.
func Start(
	ctx context.Context, environment map[string]string, program, buildID string, store *credential.Store, log *zap.Logger,
) (*Process, error) {
	p := &Process{Build: ReadBuild(), Log: log}
	p.Build.Program, p.Build.ID = program, buildID
	otel.SetErrorHandler(otel.ErrorHandlerFunc(p.Report))
	getenv := func(name string) string { return environment[name] }
	var err error
	if p.Metrics, err = NewMetrics(p.Build, p.Report); err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	if err := store.Measure(p.Metrics.Meter()); err != nil {
		return nil, err
	}
	if p.Traces, err = StartTraces(ctx, getenv, "rampart-"+program, p.Build, store); err != nil {
		return nil, err
	}
	go store.Follow(ctx, log)
	return p, nil
}

// Report logs a measurement or an export that failed.
func (p *Process) Report(err error) {
	p.Log.Warn("metrics or traces are incomplete", zap.Error(err))
}

// Stop exports the last spans.
func (p *Process) Stop() {
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	if err := p.Traces.Stop(ctx); err != nil {
		p.Report(err)
	}
}

// Instrument adds metrics and traces to the options of a Temporal client, and thereby to its workers.
func (p *Process) Instrument(options *client.Options) error {
	options.MetricsHandler = p.Metrics.Temporal()
	if !p.Traces.On() {
		return nil
	}
	spans, err := Interceptor(p.Traces.Tracer())
	if err != nil {
		return fmt.Errorf("traces: %w", err)
	}
	options.Interceptors = append(options.Interceptors, spans)
	return nil
}

// Serve serves metrics and health until ctx ends. It does not wait.
func (p *Process) Serve(ctx context.Context, listener net.Listener, checks []Check, pprof bool) error {
	readiness := NewReadiness(checks...)
	if err := readiness.Measure(p.Metrics.Meter()); err != nil {
		return err
	}
	errorLog, err := zap.NewStdLogAt(p.Log, zap.WarnLevel)
	if err != nil {
		return err
	}
	pages := Pages{Metrics: p.Metrics.Handler(), Ready: readiness, Pprof: pprof}
	go func() {
		options := httpserver.Options{StopTimeout: pagesStopTimeout, ErrorLog: errorLog}
		if err := httpserver.Serve(ctx, listener, pages.Handler(), options); err != nil && ctx.Err() == nil {
			p.Report(err)
		}
	}()
	p.Log.Info("serving metrics and health", zap.String("address", listener.Addr().String()),
		zap.String("build", p.Build.ID), zap.String("version", p.Build.Version), zap.String("revision", p.Build.Revision))
	return nil
}

// Listen opens the port for metrics and health: the configured one (RAMP_HTTP_ADDRESS) or, if that is empty, the default one, or any free one of
// this machine if another process has the default one. The log says which.
func Listen(ctx context.Context, configured, standard string) (net.Listener, error) {
	var network net.ListenConfig
	if configured != "" {
		listener, err := network.Listen(ctx, "tcp", configured)
		if err != nil {
			return nil, fmt.Errorf("listen on RAMP_HTTP_ADDRESS for metrics and health: %w", err)
		}
		return listener, nil
	}
	if listener, err := network.Listen(ctx, "tcp", standard); err == nil {
		return listener, nil
	}
	listener, err := network.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for metrics and health: %w", err)
	}
	return listener, nil
}
