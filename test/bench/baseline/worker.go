package baseline

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/codec"
	"rampart/internal/httpserver"
	"rampart/internal/telemetry"
	"rampart/onmeta"
	"rampart/ramp"
	"rampart/workflows"
)

// Kind is a kind of worker.
type Kind string

// Kinds of workers.
const (
	// Ports runs Naive and Floor.
	Ports Kind = "ports"
	// Retries runs Rampart's orders with Polling instead of their watch.
	Retries Kind = "retries"
	// Watches runs Rampart's orders without the lease of its worker: watches are taken over after a heartbeat timeout.
	Watches Kind = "watches"
)

// Settings configure a worker.
type Settings struct {
	Kind Kind
	// Address and Namespace are those of Temporal.
	Address, Namespace string
	// Provider is the URL of the sandbox, and APIKey the key that it accepts.
	Provider, APIKey string
	// Keyset is the file of the keys that encrypt payloads; workers of kind Ports encrypt nothing.
	Keyset string
	// Profiles is the address at which Go's profiles are served.
	Profiles string
	// Speed is how many times as fast as real time the provider's clock runs.
	Speed float64
	// Heartbeat is the heartbeat timeout of watches in workers of kind Watches.
	Heartbeat time.Duration
}

// Ready is the line that a worker writes once it polls.
const Ready = "worker started"

// Run runs a worker until ctx ends. It writes Ready to out once the worker polls.
func Run(ctx context.Context, settings Settings, out io.Writer) error {
	options := client.Options{
		HostPort: settings.Address, Namespace: settings.Namespace,
		Logger: sdklog.NewStructuredLogger(slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelWarn}))),
	}
	if settings.Kind != Ports {
		keyring, err := codec.OpenKeyring(ctx, codec.KeysetSource{File: settings.Keyset})
		if err != nil {
			return err
		}
		codec.Secure(&options, keyring)
	}
	temporal, err := client.DialContext(ctx, options)
	if err != nil {
		return err
	}
	defer temporal.Close()
	transport, err := onmeta.NewTransport(onmeta.Config{BaseURL: settings.Provider, APIKey: onmeta.Secret(settings.APIKey)})
	if err != nil {
		return err
	}
	workers, err := newWorkers(settings, temporal, transport)
	if err != nil {
		return err
	}
	for _, each := range workers {
		if err := each.Start(); err != nil {
			return err
		}
		defer each.Stop()
	}
	if err := serveProfiles(ctx, settings.Profiles); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(out, Ready)
	<-ctx.Done()
	return nil
}

// serveProfiles serves Go's profiles as Rampart's worker does.
func serveProfiles(ctx context.Context, address string) error {
	var network net.ListenConfig
	listener, err := network.Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	pages := telemetry.Pages{Metrics: http.NotFoundHandler(), Ready: telemetry.NewReadiness(), Pprof: true}
	go func() {
		_ = httpserver.Serve(ctx, listener, pages.Handler(), httpserver.Options{ErrorLog: log.New(io.Discard, "", 0)})
	}() // until ctx ends
	return nil
}

func newWorkers(settings Settings, temporal client.Client, provider onmeta.Caller) ([]worker.Worker, error) {
	switch settings.Kind {
	case Ports:
		return []worker.Worker{newPorts(settings, temporal, provider)}, nil
	case Retries:
		return newRetries(settings, temporal, provider), nil
	case Watches:
		return newWatches(settings, temporal, provider), nil
	default:
		return nil, fmt.Errorf("unknown kind of worker %q", settings.Kind)
	}
}

func newPorts(settings Settings, temporal client.Client, provider onmeta.Caller) worker.Worker {
	ports := worker.New(temporal, TaskQueue, worker.Options{})
	orders := Workflows{Speed: settings.Speed}
	ports.RegisterWorkflowWithOptions(orders.Naive, workflow.RegisterOptions{Name: "Naive"})
	ports.RegisterWorkflowWithOptions(orders.Floor, workflow.RegisterOptions{Name: "Floor"})
	ports.RegisterActivity(&Calls{Provider: onmeta.New(provider)})
	return ports
}

// newActivities returns Rampart's activities.
func newActivities(settings Settings, temporal client.Client, provider onmeta.Caller) (*activities.Calls, *activities.Watches) {
	return activities.New(activities.Options{
		Caller: provider, Timings: activities.GuideTimings(settings.Speed),
		Claims: activities.TemporalClaims{Client: temporal, Lag: activities.VisibilityLag}, Runs: activities.TemporalRuns{Client: temporal}, Temporal: temporal,
	})
}

func newRetries(settings Settings, temporal client.Client, provider onmeta.Caller) []worker.Worker {
	calls, _ := newActivities(settings, temporal, provider)
	orders := worker.New(temporal, ramp.TaskQueue, worker.Options{})
	workflows.Register(orders)
	orders.RegisterActivity(calls)
	watches := worker.New(temporal, ramp.WatchTaskQueue, worker.Options{DisableWorkflowWorker: true})
	polling := &Polling{Calls: calls, Timings: activities.GuideTimings(settings.Speed)}
	watches.RegisterActivityWithOptions(polling.WatchOrder, activity.RegisterOptions{Name: "WatchOrder"})
	return []worker.Worker{orders, watches}
}
