package run

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"rampart/internal/redact"
	"rampart/onmeta"
	"rampart/ramp"
	"rampart/ramp/situation"
	"rampart/reconcile"
)

// Types of the errors that reconciliations fail with. All but the first are retried.
const (
	// ErrNoStore: the worker has no store for findings.
	ErrNoStore = "NoReconciliationStore"
	// ErrInvalidDay: the day is no date, or has not begun yet in India.
	ErrInvalidDay = "InvalidDay"
	// ErrInvalidExport: the export in the store cannot be read.
	ErrInvalidExport = "InvalidExport"
	// ErrProviderDown: the provider does not answer.
	ErrProviderDown = "ProviderUnavailable"
	// ErrInterrupted: something else does not answer, such as Temporal or the store, or the worker stops.
	ErrInterrupted = "ReconciliationInterrupted"
)

// Options are what reconciliations need.
type Options struct {
	// Temporal is the connection to the namespace of the orders, and Data its converter.
	Temporal client.Client
	Data     converter.DataConverter
	// Caller calls the provider, without user sessions.
	Caller onmeta.Caller
	// Staging is set for the provider's staging environment, whose amounts and tokens are not those that were ordered.
	Staging bool
	// Store is the URL of the store of findings; empty for none, so that nothing can be reconciled.
	Store string
	// Books have the orders that Temporal has deleted; nil for none.
	Books reconcile.Books
	// Meter counts findings; nil for no metrics.
	Meter metric.Meter
}

// Activities are the activities of reconciliations. Every exported method is one; its type is the method's name.
type Activities struct {
	orders   orders
	provider provider
	options  Options
	findings metric.Int64Counter
	pause    time.Duration
	lag      time.Duration
}

const (
	// firstPause is the pause after the first failed try of a call.
	firstPause = time.Second
	// visibilityLag is how long Temporal may take to list an order.
	visibilityLag = 20 * time.Second
	// keepAlive is how often an attempt heartbeats while it waits.
	keepAlive = 10 * time.Second
)

// New returns the activities of a worker.
func New(o Options) (*Activities, error) {
	a := &Activities{
		orders: temporalOrders{o.Temporal, ramp.NewClient(o.Temporal, o.Data)}, provider: newProvider(o.Caller), options: o,
		pause: firstPause, lag: visibilityLag,
	}
	if o.Meter == nil {
		return a, nil
	}
	var err error
	a.findings, err = o.Meter.Int64Counter("ramp_reconciliation_findings",
		metric.WithDescription("Differences between orders and the provider's that reconciliations on this worker have found, by kind."))
	if err != nil {
		return nil, fmt.Errorf("reconciliations: %w", err)
	}
	for _, kind := range situation.Differences() {
		a.findings.Add(context.Background(), 0, metric.WithAttributes(attribute.String("kind", string(kind))))
	}
	return a, nil
}

// ReconcileDay reconciles a day. An attempt continues where the one before has stopped.
func (a *Activities) ReconcileDay(ctx context.Context, request reconcile.Request) (*reconcile.Report, error) {
	day, err := situation.ParseDay(string(request.Day))
	if err != nil || day.Begin().After(time.Now()) {
		return nil, final("the day must be a date in India that has begun, such as 2026-11-26", ErrInvalidDay)
	}
	if a.options.Store == "" {
		return nil, final("this worker has no store for findings: set RAMP_RECONCILE_STORE", ErrNoStore)
	}
	working, stop := untilStopped(ctx)
	defer stop()
	store, err := reconcile.OpenStore(working, a.options.Store)
	if err != nil {
		return nil, a.failure(ctx, err)
	}
	defer store.Close()
	report, err := a.reconcile(working, ctx, store, day)
	if err != nil {
		return nil, a.failure(ctx, err)
	}
	a.count(report)
	return report, nil
}

// reconcile runs an attempt, which heartbeats as long as it lasts.
func (a *Activities) reconcile(working, ctx context.Context, store *reconcile.Store, day reconcile.Day) (*reconcile.Report, error) {
	beat := &heartbeat{ctx: ctx}
	attempt := &audit{
		day: day, orders: a.orders, books: a.options.Books, provider: a.provider, store: store,
		comparison: comparison{staging: a.options.Staging, now: time.Now()}, firstPause: a.pause, lag: a.lag,
		record: beat.record, at: newProgress(),
	}
	if activity.HasHeartbeatDetails(ctx) {
		var before progress
		if err := activity.GetHeartbeatDetails(ctx, &before); err == nil && before.Run != "" {
			attempt.at = before
		}
	}
	beat.record(attempt.at)
	defer beat.keep()()
	report, err := attempt.run(working)
	if errors.Is(err, errPartsLost) { // begin anew
		attempt.at = newProgress()
		beat.record(attempt.at)
		report, err = attempt.run(working)
	}
	return report, err
}

// DropReconciliationParts deletes what a reconciliation of a day has kept while it ran.
func (a *Activities) DropReconciliationParts(ctx context.Context, request reconcile.Request) error {
	store, err := reconcile.OpenStore(ctx, a.options.Store)
	if err != nil {
		return a.failure(ctx, err)
	}
	defer store.Close()
	if err := store.DropParts(ctx, request.Day); err != nil {
		return a.failure(ctx, err)
	}
	return nil
}

func (a *Activities) count(report *reconcile.Report) {
	if a.findings == nil {
		return
	}
	for kind, n := range report.Kinds {
		a.findings.Add(context.Background(), int64(n), metric.WithAttributes(attribute.String("kind", string(kind))))
	}
}

// untilStopped returns a context that also ends when the worker stops, so that another worker continues soon.
func untilStopped(ctx context.Context) (context.Context, context.CancelFunc) {
	working, cancel := context.WithCancel(ctx)
	stopping := activity.GetWorkerStopChannel(ctx)
	go func() {
		select {
		case <-stopping:
			cancel()
		case <-working.Done():
		}
	}()
	return working, cancel
}

// heartbeat records how far an attempt has come, also while nothing changes.
type heartbeat struct {
	ctx context.Context
	mu  sync.Mutex
	at  progress
}

func (h *heartbeat) record(at progress) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = at
	activity.RecordHeartbeat(h.ctx, at)
}

// keep heartbeats until the function that it returns is called.
func (h *heartbeat) keep() (stop func()) {
	done := make(chan struct{})
	go func() {
		ticks := time.NewTicker(keepAlive)
		defer ticks.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticks.C:
				h.mu.Lock()
				activity.RecordHeartbeat(h.ctx, h.at)
				h.mu.Unlock()
			}
		}
	}()
	return sync.OnceFunc(func() { close(done) })
}

func final(message, kind string) error {
	return temporal.NewNonRetryableApplicationError(message, kind, nil)
}

// failure is the error that Temporal gets.
func (a *Activities) failure(ctx context.Context, err error) error {
	var down *downError
	kind := ErrInterrupted
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &down):
		kind = ErrProviderDown
	case errors.Is(err, errExport):
		return final(redact.Text(err.Error()), ErrInvalidExport)
	}
	return temporal.NewApplicationError(redact.Text(err.Error()), kind)
}
