// Command worker runs orders: their workflows, and the activities that call the provider.
//
// Environment variables configure it: see config.go. On SIGINT and SIGTERM it hands its watches over to other workers, finishes the
// calls in flight, and stops.
package main

import (
	"context"
	"fmt"
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
	"go.temporal.io/sdk/worker"
	"go.uber.org/zap"
	_ "gocloud.dev/blob/azureblob"   // KYC dossiers and records in azblob://
	_ "gocloud.dev/blob/gcsblob"     // in gs://
	_ "gocloud.dev/blob/s3blob"      // in s3://
	_ "gocloud.dev/pubsub/awssnssqs" // events to awssns:// and awssqs://

	"rampart/activities"
	"rampart/codec"
	"rampart/dossier"
	"rampart/events/dispatch"
	"rampart/internal/redact"
	"rampart/internal/release"
	"rampart/internal/telemetry"
	"rampart/onmeta"
	"rampart/ramp"
	"rampart/records"
	"rampart/workflows"
)

func main() {
	if release.Asked("worker", os.Args[1:], os.Stdout) {
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, env.ToMap(os.Environ())); err != nil {
		fmt.Fprintln(os.Stderr, redact.Text(err.Error()))
		os.Exit(1)
	}
}

// minPollers is the minimum number of pollers for tasks of orders. The SDK starts with five and scales up too slowly for a burst of
// orders: docs/explanation/performance.md.
const minPollers = 20

// garbagePercent is the worker's default for GOGC. Stacks, most of a watch's memory, count as live heap: with Go's default of
// 100, each watch would cost twice its stack.
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
	defer func() { _ = logger.Sync() }() // syncing a terminal fails
	c.logClear(logger)

	keyring, err := openKeyring(ctx, c, logger)
	if err != nil {
		return err
	}
	listener, err := telemetry.Listen(ctx, c.Worker.HTTPAddress, defaultHTTPAddress)
	if err != nil {
		return err
	}
	defer listener.Close()
	o, err := newObservability(ctx, environment, c, logger)
	if err != nil {
		return err
	}
	defer o.Stop()
	go keyring.Follow(ctx, telemetry.KeysetInterval, func(err error) {
		o.keyset.Note(err)
		reportKeyset(logger, keyring, err)
	})
	return work(ctx, c, keyring, o, listener)
}

// work runs orders until ctx ends.
func work(ctx context.Context, c config, keyring *codec.Keyring, o *observability, listener net.Listener) error {
	c.lease = newLease()
	temporal, err := connect(ctx, c, keyring, o)
	if err != nil {
		return err
	}
	defer temporal.Close()

	provider, key, err := o.provider(c)
	if err != nil {
		return err
	}
	endpoints, err := openEvents(c, o)
	if err != nil {
		return err
	}
	hashes := &findHashes{hasher: codec.NewHasher(keyring, c.temporal.NamespaceName()), temporal: temporal, name: c.temporal.NamespaceName()}
	workers, err := newWorkers(c, temporal, keyring, provider, endpoints, hashes, o)
	if err != nil {
		return err
	}
	go hashes.report(ctx, func(err error) { o.Log.Warn("orders cannot be found by their users and proofs", zap.Error(err)) })
	go key.follow(ctx, onmeta.New(provider))

	health := &namespaceHealth{temporal: temporal, name: c.temporal.NamespaceName()}
	go health.follow(ctx, func(err error) { o.Log.Error("orders cannot run in this namespace", zap.Error(err)) })

	checks := []telemetry.Check{telemetry.TemporalCheck(temporal, c.temporal.Address()), health.check(), key.check(), o.keyset.Check()}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx)) // until the watches are handed over
	defer stop()
	if err := o.Serve(serving, listener, checks, c.Worker.Pprof); err != nil {
		return err
	}
	if err := exportCounts(ctx, o.Metrics.Meter(), temporal, counted{events: endpoints != nil, records: c.Worker.Records != ""}, o.Report); err != nil {
		return err
	}
	return ramp.ExplainNamespace(health.name, workers.run(ctx, o.Log))
}

func connect(ctx context.Context, c config, keyring *codec.Keyring, o *observability) (client.Client, error) {
	codec.Secure(&c.temporal.Options, keyring)
	c.temporal.Options.Identity = c.lease.Identity
	if err := o.Instrument(&c.temporal.Options); err != nil {
		return nil, err
	}
	return c.temporal.Dial(ctx, o.Log)
}

// stickyTimeout is how long the next task of an order waits for the worker that has the order in its cache. If that worker has crashed, another
// one rebuilds the order then.
const stickyTimeout = 3 * time.Second

// deadlockTimeout is how long workflow code may run without a stop before the SDK fails the task as a deadlock. Its default of a second is
// shorter than a machine that is short of CPU may keep a thread waiting; Temporal gives a task ten.
const deadlockTimeout = 5 * time.Second

// workers holds the process's workers: one for workflows and provider calls, one for watches on a task queue of its own, so that thousands
// of watches never delay a call, and where events are on, one for their deliveries, so that no endpoint delays anything else.
type workers struct {
	all    []worker.Worker
	queues []string
	fatal  chan error
	lease  leaseHolder
}

func (w *workers) add(temporal client.Client, queue string, options worker.Options) worker.Worker {
	added := worker.New(temporal, queue, options)
	w.all, w.queues = append(w.all, added), append(w.queues, queue)
	return added
}

func newWorkers(
	c config, temporal client.Client, keyring *codec.Keyring, provider onmeta.Caller, endpoints *dispatch.Dispatcher, hashes *findHashes,
	o *observability,
) (*workers, error) {
	stores, err := dossier.NewStores(c.Worker.KYCStores...)
	if err != nil {
		return nil, err
	}
	checkout, err := c.Onmeta.checkout()
	if err != nil {
		return nil, err
	}
	var secured client.Options
	codec.Secure(&secured, keyring)
	options := activities.Options{
		Caller:     provider,
		KYCSecret:  c.kycSecret,
		Timings:    activities.GuideTimings(c.Onmeta.ClockSpeed),
		Claims:     activities.TemporalClaims{Client: temporal, Lag: activities.VisibilityLag, Requests: ramp.NewClient(temporal, secured.DataConverter)},
		Dossiers:   stores,
		Checkout:   checkout,
		Staging:    c.Onmeta.staging(),
		Runs:       activities.TemporalRuns{Client: temporal},
		Decrypter:  decrypter{keyring: keyring, namespace: c.temporal.NamespaceName()},
		AllowClear: c.allowClear(),
		Temporal:   temporal,
		Hashes:     hashes,
	}
	if endpoints != nil {
		options.Endpoints = endpoints
	}
	if c.Worker.Records != "" {
		if options.Records, err = records.Open(c.Worker.Records, keyring); err != nil {
			return nil, err
		}
		activities.BeginRecordMetrics(o.Metrics.Temporal())
	}
	calls, watches := activities.New(options)

	worker.SetStickyWorkflowCacheSize(c.Worker.WorkflowCache)
	w := &workers{fatal: make(chan error, 3)}
	common := worker.Options{
		WorkerStopTimeout:           c.Worker.StopTimeout,
		DeadlockDetectionTimeout:    deadlockTimeout,
		DeploymentOptions:           c.Worker.deployment(),
		DisableRegistrationAliasing: true,
		OnFatalError:                func(err error) { w.fatal <- err },
	}
	orders, pollers := common, worker.NewPollerBehaviorAutoscaling(worker.PollerBehaviorAutoscalingOptions{
		InitialNumberOfPollers: minPollers, MinimumNumberOfPollers: minPollers,
	})
	orders.MaxConcurrentActivityExecutionSize = c.Onmeta.calls()
	orders.Interceptors = []interceptor.WorkerInterceptor{activities.KeepAlive()}
	orders.MaxHeartbeatThrottleInterval = activities.CallHeartbeatInterval
	orders.StickyScheduleToStartTimeout = stickyTimeout
	orders.WorkflowTaskPollerBehavior, orders.ActivityTaskPollerBehavior = pollers, pollers
	running := w.add(temporal, ramp.TaskQueue, orders)
	workflows.Register(running)
	workflows.BeginMetrics(o.Metrics.Temporal())
	running.RegisterActivity(calls)

	counted, err := telemetry.CountWatches(o.Metrics.Meter())
	if err != nil {
		return nil, err
	}
	following := common
	following.Interceptors = []interceptor.WorkerInterceptor{counted}
	following.DisableWorkflowWorker = true
	following.MaxConcurrentActivityExecutionSize = c.Worker.Watches
	watching := w.add(temporal, ramp.WatchTaskQueue, following)
	activities.RegisterWatches(watching, watches)
	if err := reconciling(c, temporal, keyring, provider, o, running, watching); err != nil {
		return nil, err
	}

	w.add(temporal, c.lease.TaskQueue, leasing(common)).RegisterActivity(new(activities.Leases))
	w.lease = leaseHolder{temporal: temporal, lease: c.lease, log: o.Log}

	if endpoints != nil {
		w.add(temporal, ramp.EventTaskQueue, delivering(common)).RegisterActivity(activities.NewDeliveries(endpoints, temporal))
		activities.BeginEventMetrics(o.Metrics.Temporal(), endpoints.Names())
	}
	return w, nil
}

func (w *workers) run(ctx context.Context, logger *zap.Logger) error {
	holding, release := context.WithCancel(ctx)
	defer release()
	w.lease.keep(holding)
	for _, each := range w.all {
		if err := each.Start(); err != nil {
			return fmt.Errorf("start the worker: %w", err)
		}
	}
	logger.Info("worker started", zap.Strings("taskQueues", w.queues))
	var err error
	select {
	case <-ctx.Done():
		logger.Info("worker stopping; handing over watches")
	case err = <-w.fatal:
	}
	w.stop()
	logger.Info("worker stopped")
	return err
}

// stop stops all workers at the same time, so that watches are handed over while calls finish.
func (w *workers) stop() {
	var stopping sync.WaitGroup
	for _, each := range w.all {
		stopping.Go(each.Stop)
	}
	stopping.Wait()
}
