// Command worker runs orders: their workflows, and the activities that call the provider.
//
// It is configured by its environment alone (see config.go) and stops gracefully on SIGINT and SIGTERM: watches are
// handed to other workers at once, calls under way are finished.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/caarlos0/env/v11"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.uber.org/zap"
	"go.uber.org/zap/exp/zapslog"
	_ "gocloud.dev/blob/azureblob" // KYC dossiers in azblob://
	_ "gocloud.dev/blob/gcsblob"   // in gs://
	_ "gocloud.dev/blob/s3blob"    // in s3://

	"rampart/activities"
	"rampart/codec"
	"rampart/dossier"
	"rampart/internal/redact"
	"rampart/internal/telemetry"
	"rampart/onmeta"
	"rampart/ramp"
	"rampart/workflows"
)

// connectTimeout bounds how long the worker looks for Temporal before it gives up and says so.
const connectTimeout = 30 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, env.ToMap(os.Environ())); err != nil {
		fmt.Fprintln(os.Stderr, redact.Text(err.Error()))
		os.Exit(1)
	}
}

// leastPollers is how many tasks of orders a worker asks for at a time, at the least. The SDK begins with five and finds the number
// too slowly for a rush: docs/explanation/performance.md.
const leastPollers = 20

// garbagePercent is how much garbage a worker lets gather, in percent of what it uses. Stacks count as used, and are most of
// what a watch needs: with Go's 100, memory would grow by twice that for each.
const garbagePercent = 50

func run(ctx context.Context, environment map[string]string) error {
	if environment["GOGC"] == "" {
		debug.SetGCPercent(garbagePercent)
	}
	c, err := loadConfig(environment)
	if err != nil {
		return err
	}
	logger, err := c.logger()
	if err != nil {
		return err
	}
	defer func() { _ = logger.Sync() }() // a terminal cannot be synced
	c.logClear(logger)

	keyring, err := openKeyring(ctx, c, logger)
	if err != nil {
		return err
	}
	listener, err := c.Worker.listen(ctx)
	if err != nil {
		return err
	}
	defer listener.Close()
	o, err := observe(ctx, environment, c.Worker.BuildID, logger)
	if err != nil {
		return err
	}
	defer o.stop()
	go keyring.Follow(ctx, keysetEvery, func(err error) {
		o.keyset.note(err)
		reportKeyset(logger, keyring, err)
	})
	return work(ctx, c, keyring, o, listener)
}

// work runs orders until ctx ends.
func work(ctx context.Context, c config, keyring *codec.Keyring, o *observed, listener net.Listener) error {
	temporal, err := connect(ctx, c, keyring, o)
	if err != nil {
		return err
	}
	defer temporal.Close()

	provider, key, err := o.provider(c.Onmeta)
	if err != nil {
		return err
	}
	workers, err := newWorkers(c, temporal, keyring, provider, o)
	if err != nil {
		return err
	}
	go key.follow(ctx, onmeta.New(provider))

	place := &namespaceHealth{temporal: temporal, name: namespace(c.temporal)}
	go place.follow(ctx, func(err error) { o.log.Error("no order can run", zap.Error(err)) })

	checks := []telemetry.Check{temporalCheck(temporal, address(c.temporal)), place.check(), key.check(), o.keyset.check()}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx)) // for as long as watches are handed over
	defer stop()
	if err := o.serve(serving, listener, checks, c.Worker.Pprof); err != nil {
		return err
	}
	if err := exportOrderCounts(ctx, o.metrics.Meter(), temporal, o.complain); err != nil {
		return err
	}
	return ramp.ExplainNamespace(place.name, workers.run(ctx, o.log))
}

func connect(ctx context.Context, c config, keyring *codec.Keyring, o *observed) (client.Client, error) {
	codec.Secure(&c.temporal, keyring)
	if err := o.client(&c.temporal); err != nil {
		return nil, err
	}
	c.temporal.Logger = log.NewStructuredLogger(slog.New(zapslog.NewHandler(o.log.Core())))
	dialing, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	temporal, err := client.DialContext(dialing, c.temporal)
	if err != nil {
		return nil, fmt.Errorf("no Temporal server answers at %s (set TEMPORAL_ADDRESS): %w", address(c.temporal), err)
	}
	return temporal, nil
}

func address(options client.Options) string {
	if options.HostPort == "" {
		return client.DefaultHostPort
	}
	return options.HostPort
}

// workers are one process's: orders and their calls on one task queue, watches on another, so that thousands of watches
// never keep a call from its turn.
type workers struct {
	orders, watches worker.Worker
	fatal           chan error
}

func newWorkers(c config, temporal client.Client, keyring *codec.Keyring, provider onmeta.Caller, o *observed) (*workers, error) {
	stores, err := dossier.NewStores(c.Worker.KYCStores...)
	if err != nil {
		return nil, err
	}
	checkout, err := c.Onmeta.checkout()
	if err != nil {
		return nil, err
	}
	calls, watches := activities.New(activities.Options{
		Caller:     provider,
		KYCSecret:  c.Onmeta.KYCSecret,
		Timings:    activities.GuideTimings(c.Onmeta.ClockSpeed),
		Claims:     activities.TemporalClaims{Client: temporal, Lag: activities.VisibilityLag},
		Dossiers:   stores,
		Checkout:   checkout,
		Staging:    c.Onmeta.staging(),
		Runs:       activities.TemporalRuns{Client: temporal},
		Decrypter:  messages{keyring: keyring, namespace: namespace(c.temporal)},
		AllowClear: c.allowClear(),
	})

	worker.SetStickyWorkflowCacheSize(c.Worker.WorkflowCache)
	w := &workers{fatal: make(chan error, 2)}
	common := worker.Options{
		WorkerStopTimeout:           c.Worker.StopTimeout,
		DeploymentOptions:           c.Worker.deployment(),
		DisableRegistrationAliasing: true,
		OnFatalError:                func(err error) { w.fatal <- err },
	}
	orders, pollers := common, worker.NewPollerBehaviorAutoscaling(worker.PollerBehaviorAutoscalingOptions{
		InitialNumberOfPollers: leastPollers, MinimumNumberOfPollers: leastPollers,
	})
	orders.MaxConcurrentActivityExecutionSize = c.Onmeta.calls()
	orders.WorkflowTaskPollerBehavior, orders.ActivityTaskPollerBehavior = pollers, pollers
	w.orders = worker.New(temporal, ramp.TaskQueue, orders)
	workflows.Register(w.orders)
	workflows.BeginMetrics(o.metrics.Temporal())
	w.orders.RegisterActivity(calls)

	counted, err := telemetry.CountWatches(o.metrics.Meter())
	if err != nil {
		return nil, err
	}
	following := common
	following.Interceptors = []interceptor.WorkerInterceptor{counted}
	following.DisableWorkflowWorker = true
	following.MaxConcurrentActivityExecutionSize = c.Worker.Watches
	w.watches = worker.New(temporal, ramp.WatchTaskQueue, following)
	activities.RegisterWatches(w.watches, watches)
	return w, nil
}

func (w *workers) run(ctx context.Context, logger *zap.Logger) error {
	for _, each := range []worker.Worker{w.orders, w.watches} {
		if err := each.Start(); err != nil {
			return fmt.Errorf("the worker cannot start: %w", err)
		}
	}
	logger.Info("worker started", zap.Strings("taskQueues", []string{ramp.TaskQueue, ramp.WatchTaskQueue}))
	var err error
	select {
	case <-ctx.Done():
		logger.Info("worker stops; watches are handed over")
	case err = <-w.fatal:
	}
	w.stop()
	logger.Info("worker stopped")
	return err
}

// stop stops both at once: what one waits for must not keep the other's watches.
func (w *workers) stop() {
	var stopping sync.WaitGroup
	for _, each := range []worker.Worker{w.orders, w.watches} {
		stopping.Go(each.Stop)
	}
	stopping.Wait()
}
