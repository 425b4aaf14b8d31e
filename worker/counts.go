package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"rampart/ramp"
	"rampart/reconcile"
)

const (
	// countInterval is the shortest time between two counts: Temporal limits the rate of visibility queries.
	countInterval = time.Minute
	// queryPause is the time between two queries of one count, since orders use the same rate limit.
	queryPause = time.Second
	// countTimeout bounds one count.
	countTimeout = time.Minute
	// countMaxAge is how long a count is exported when later ones fail. Afterwards the metrics are absent rather than wrong.
	countMaxAge = 5 * time.Minute
	// failedWithin is how long a delivery that was given up is counted.
	failedWithin = 24 * time.Hour
	// reconciledInterval is how often it is read how the reconciliations went, which changes once a day.
	reconciledInterval = 10 * time.Minute
)

// visibilityStore is the part of a Temporal client that counts orders and deliveries.
type visibilityStore interface {
	CountWorkflow(context.Context, *workflowservice.CountWorkflowExecutionsRequest) (*workflowservice.CountWorkflowExecutionsResponse, error)
	CountActivities(context.Context, client.CountActivitiesOptions) (*client.CountActivitiesResult, error)
	reconcile.History
}

// exportCounts exports how many orders of the namespace are open, by status (ramp_orders_open), and how many of them need
// a person (ramp_orders_attention); where events are on, also how many deliveries are under way (ramp_deliveries_open) and were given up
// within a day (ramp_deliveries_failed); where records are on, how many wait to be written (ramp_records_waiting); and how the
// reconciliations went (ramp_reconciliation_days_differing, ramp_reconciliation_age). Scrapes start a count in the background, at most once
// a minute, so that the first scrape
// has none. Every worker of a namespace exports the same numbers. Failed counts are passed to report.
func exportCounts(ctx context.Context, meter metric.Meter, store visibilityStore, also counted, report func(error)) error {
	open, err := meter.Int64ObservableGauge("ramp_orders_open",
		metric.WithDescription("Open orders of the namespace by status; every worker exports the same number."))
	if err != nil {
		return fmt.Errorf("orders: %w", err)
	}
	attention, err := meter.Int64ObservableGauge("ramp_orders_attention",
		metric.WithDescription("Open orders of the namespace that need a person; every worker exports the same number."))
	if err != nil {
		return fmt.Errorf("orders: %w", err)
	}
	sending, err := meter.Int64ObservableGauge("ramp_deliveries_open",
		metric.WithDescription("Deliveries of events that are under way in the namespace; every worker with events exports the same number."))
	if err != nil {
		return fmt.Errorf("deliveries: %w", err)
	}
	failed, err := meter.Int64ObservableGauge("ramp_deliveries_failed",
		metric.WithDescription("Deliveries of events that were given up in the last 24 hours; every worker with events exports the same number."))
	if err != nil {
		return fmt.Errorf("deliveries: %w", err)
	}
	differing, err := meter.Int64ObservableGauge("ramp_reconciliation_days_differing",
		metric.WithDescription("Days whose latest reconciliation has found differences; every worker exports the same number."))
	if err != nil {
		return fmt.Errorf("reconciliations: %w", err)
	}
	age, err := meter.Float64ObservableGauge("ramp_reconciliation_age", metric.WithUnit("s"),
		metric.WithDescription("Time since a planned reconciliation succeeded; 0 where none is planned. Every worker exports the same number."))
	if err != nil {
		return fmt.Errorf("reconciliations: %w", err)
	}
	waiting, err := meter.Int64ObservableGauge("ramp_records_waiting",
		metric.WithDescription("Records of ended orders of the namespace that wait to be written; every worker with records exports the same number."))
	if err != nil {
		return fmt.Errorf("records: %w", err)
	}
	c := &counter{ctx: ctx, store: store, also: also, report: report}
	_, err = meter.RegisterCallback(func(_ context.Context, to metric.Observer) error {
		latest, found := c.latest()
		if !found {
			return nil
		}
		for status, n := range latest.open {
			to.ObserveInt64(open, n, metric.WithAttributes(attribute.String("status", string(status))))
		}
		to.ObserveInt64(attention, latest.attention)
		if also.records {
			to.ObserveInt64(waiting, latest.waiting)
		}
		if also.events {
			to.ObserveInt64(sending, latest.sending)
			to.ObserveInt64(failed, latest.failed)
		}
		if r := latest.reconciled; r != nil {
			to.ObserveInt64(differing, int64(r.Differing))
			to.ObserveFloat64(age, r.Age(time.Now()).Seconds())
		}
		return nil
	}, open, attention, sending, failed, differing, age, waiting)
	return err
}

// counted is what is counted beside orders.
type counted struct{ events, records bool }

// counts are the result of one count.
type counts struct {
	open            map[ramp.Status]int64
	attention       int64
	sending, failed int64
	waiting         int64
	// reconciled is how the reconciliations went; nil if Temporal does not tell.
	reconciled *reconcile.Summary
}

// counter counts orders and deliveries in the background.
type counter struct {
	ctx    context.Context
	store  visibilityStore
	also   counted
	report func(error)

	mu        sync.Mutex
	counts    counts
	countedAt time.Time
	triedAt   time.Time
	// reconciledAt is when it was last read how the reconciliations went.
	reconciledAt time.Time
	counting     bool
}

// latest returns the latest counts, and starts a new count if they are old.
func (c *counter) latest() (latest counts, found bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.counting && time.Since(c.triedAt) >= countInterval {
		c.counting = true
		go c.refresh()
	}
	return c.counts, !c.countedAt.IsZero() && time.Since(c.countedAt) < countMaxAge
}

func (c *counter) refresh() {
	ctx, cancel := context.WithTimeout(c.ctx, countTimeout)
	defer cancel()
	next, err := c.count(ctx)
	if err == nil {
		next.reconciled = c.reconciliations(ctx)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counting, c.triedAt = false, time.Now()
	if err == nil {
		c.counts, c.countedAt = next, c.triedAt
	} else if c.ctx.Err() == nil {
		c.report(fmt.Errorf("count orders and deliveries for the metrics: %w", err))
	}
}

// reconciliations returns how the reconciliations went, as it was read within reconciledInterval or as it is now. That it cannot be read
// stops no other count.
func (c *counter) reconciliations(ctx context.Context) *reconcile.Summary {
	c.mu.Lock()
	before, at := c.counts.reconciled, c.reconciledAt
	c.mu.Unlock()
	if before != nil && time.Since(at) < reconciledInterval {
		return before
	}
	summary, err := reconcile.Summarize(ctx, c.store)
	if err != nil {
		if c.ctx.Err() == nil {
			c.report(fmt.Errorf("read how the reconciliations went, for the metrics: %w", err))
		}
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reconciledAt = time.Now()
	return summary
}

func (c *counter) count(ctx context.Context) (counts, error) {
	next := counts{open: make(map[ramp.Status]int64)}
	for _, status := range ramp.Statuses() {
		if status.Final() {
			continue
		}
		n, err := c.query(ctx, ramp.Filter{Statuses: []ramp.Status{status}})
		if err != nil {
			return counts{}, err
		}
		next.open[status] = n
		if err := pause(ctx); err != nil {
			return counts{}, err
		}
	}
	var err error
	if next.attention, err = c.query(ctx, ramp.Filter{Attention: true}); err != nil {
		return counts{}, err
	}
	if c.also.records {
		if next.waiting, err = c.lateRecords(ctx); err != nil {
			return counts{}, err
		}
	}
	if !c.also.events {
		return next, nil
	}
	if next.sending, err = c.deliveries(ctx, ramp.DeliveryFilter{State: ramp.Delivering}); err != nil {
		return counts{}, err
	}
	next.failed, err = c.deliveries(ctx, ramp.DeliveryFilter{State: ramp.DeliveryFailed, ClosedSince: time.Now().Add(-failedWithin)})
	return next, err
}

// lateRecords counts the records that wait to be written.
func (c *counter) lateRecords(ctx context.Context) (int64, error) {
	if err := pause(ctx); err != nil {
		return 0, err
	}
	response, err := c.store.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Query: fmt.Sprintf(`WorkflowType = %q AND ExecutionStatus = "Running"`, ramp.LateRecordWorkflow),
	})
	return response.GetCount(), err
}

func (c *counter) deliveries(ctx context.Context, filter ramp.DeliveryFilter) (int64, error) {
	if err := pause(ctx); err != nil {
		return 0, err
	}
	result, err := c.store.CountActivities(ctx, client.CountActivitiesOptions{Query: filter.Query()})
	if err != nil {
		return 0, err
	}
	return result.Count, nil
}

func pause(ctx context.Context) error {
	select {
	case <-time.After(queryPause):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *counter) query(ctx context.Context, filter ramp.Filter) (int64, error) {
	response, err := c.store.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Query: filter.Query() + ` AND ExecutionStatus = "Running"`,
	})
	return response.GetCount(), err
}
