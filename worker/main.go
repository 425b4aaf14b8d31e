// Command worker runs orders: their workflows, and the activities that call the provider.
//
// It is configured by its environment alone (see config.go) and stops gracefully on SIGINT and SIGTERM: watches are
// handed to other workers at once, calls under way are finished.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/caarlos0/env/v11"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.uber.org/zap"
	"go.uber.org/zap/exp/zapslog"
	_ "gocloud.dev/blob/azureblob" // KYC dossiers in azblob://
	_ "gocloud.dev/blob/gcsblob"   // in gs://
	_ "gocloud.dev/blob/s3blob"    // in s3://

	"rampart/activities"
	"rampart/codec"
	"rampart/onmeta"
	"rampart/ramp"
	"rampart/redact"
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

func run(ctx context.Context, environment map[string]string) error {
	c, err := loadConfig(environment)
	if err != nil {
		return err
	}
	logger, err := c.logger()
	if err != nil {
		return err
	}
	defer func() { _ = logger.Sync() }() // a terminal cannot be synced

	keyring, err := openKeyring(ctx, c, logger)
	if err != nil {
		return err
	}
	go keyring.Follow(ctx, keysetEvery, func(err error) { reportKeyset(logger, keyring, err) })

	temporal, err := connect(ctx, c, keyring, logger)
	if err != nil {
		return err
	}
	defer temporal.Close()

	workers, err := newWorkers(c, temporal)
	if err != nil {
		return err
	}
	return workers.run(ctx, logger)
}

func connect(ctx context.Context, c config, keyring *codec.Keyring, logger *zap.Logger) (client.Client, error) {
	codec.Secure(&c.temporal, keyring)
	c.temporal.Logger = log.NewStructuredLogger(slog.New(zapslog.NewHandler(logger.Core())))
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

func newWorkers(c config, temporal client.Client) (*workers, error) {
	transport, err := onmeta.NewTransport(c.Onmeta.transport())
	if err != nil {
		return nil, err
	}
	stores, err := activities.NewDossierStores(c.Worker.KYCStores...)
	if err != nil {
		return nil, err
	}
	calls, watches := activities.New(activities.Options{
		Caller:       onmeta.WithRateLimit(transport, onmeta.NewRateLimit(c.Onmeta.RateLimit)),
		KYCSecret:    c.Onmeta.KYCSecret,
		Timings:      activities.GuideTimings(c.Onmeta.ClockSpeed),
		Owners:       activities.TemporalOwners{Client: temporal, Lag: activities.VisibilityLag},
		OpenDossiers: stores.Open,
	})

	worker.SetStickyWorkflowCacheSize(c.Worker.WorkflowCache)
	w := &workers{fatal: make(chan error, 2)}
	options := worker.Options{
		WorkerStopTimeout:           c.Worker.StopTimeout,
		DeploymentOptions:           c.Worker.deployment(),
		DisableRegistrationAliasing: true,
		OnFatalError:                func(err error) { w.fatal <- err },
	}
	options.MaxConcurrentActivityExecutionSize = c.Onmeta.calls()
	w.orders = worker.New(temporal, ramp.TaskQueue, options)
	workflows.Register(w.orders)
	w.orders.RegisterActivity(calls)

	options.DisableWorkflowWorker = true
	options.MaxConcurrentActivityExecutionSize = c.Worker.Watches
	w.watches = worker.New(temporal, ramp.WatchTaskQueue, options)
	w.watches.RegisterActivity(watches)
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
