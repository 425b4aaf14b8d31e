package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.temporal.io/api/workflowservice/v1"

	"rampart/ramp"
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
)

// workflowCounter is the part of a Temporal client that counts workflows.
type workflowCounter interface {
	CountWorkflow(context.Context, *workflowservice.CountWorkflowExecutionsRequest) (*workflowservice.CountWorkflowExecutionsResponse, error)
}

// exportOrderCounts exports how many orders of the namespace are open, by status (ramp_orders_open), and how many of them need
// a person (ramp_orders_attention). Scrapes start a count in the background, at most once a minute, so that the first scrape
// has none. Every worker of a namespace exports the same numbers. Failed counts are passed to report.
func exportOrderCounts(ctx context.Context, meter metric.Meter, orders workflowCounter, report func(error)) error {
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
	c := &orderCounter{ctx: ctx, orders: orders, report: report}
	_, err = meter.RegisterCallback(func(_ context.Context, to metric.Observer) error {
		latest, found := c.latest()
		if !found {
			return nil
		}
		for status, n := range latest.open {
			to.ObserveInt64(open, n, metric.WithAttributes(attribute.String("status", string(status))))
		}
		to.ObserveInt64(attention, latest.attention)
		return nil
	}, open, attention)
	return err
}

// orderCounts is the result of one count.
type orderCounts struct {
	open      map[ramp.Status]int64
	attention int64
}

// orderCounter counts orders in the background.
type orderCounter struct {
	ctx    context.Context
	orders workflowCounter
	report func(error)

	mu        sync.Mutex
	counts    orderCounts
	countedAt time.Time
	triedAt   time.Time
	counting  bool
}

// latest returns the latest counts, and starts a new count if they are old.
func (c *orderCounter) latest() (counts orderCounts, found bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.counting && time.Since(c.triedAt) >= countInterval {
		c.counting = true
		go c.refresh()
	}
	return c.counts, !c.countedAt.IsZero() && time.Since(c.countedAt) < countMaxAge
}

func (c *orderCounter) refresh() {
	ctx, cancel := context.WithTimeout(c.ctx, countTimeout)
	defer cancel()
	next, err := c.count(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counting, c.triedAt = false, time.Now()
	if err == nil {
		c.counts, c.countedAt = next, c.triedAt
	} else if c.ctx.Err() == nil {
		c.report(fmt.Errorf("count orders for the metrics: %w", err))
	}
}

func (c *orderCounter) count(ctx context.Context) (orderCounts, error) {
	next := orderCounts{open: make(map[ramp.Status]int64)}
	for _, status := range ramp.Statuses() {
		if status.Final() {
			continue
		}
		n, err := c.query(ctx, ramp.Filter{Statuses: []ramp.Status{status}})
		if err != nil {
			return orderCounts{}, err
		}
		next.open[status] = n
		if err := pause(ctx); err != nil {
			return orderCounts{}, err
		}
	}
	var err error
	next.attention, err = c.query(ctx, ramp.Filter{Attention: true})
	return next, err
}

func pause(ctx context.Context) error {
	select {
	case <-time.After(queryPause):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *orderCounter) query(ctx context.Context, filter ramp.Filter) (int64, error) {
	response, err := c.orders.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Query: filter.Query() + ` AND ExecutionStatus = "Running"`,
	})
	return response.GetCount(), err
}
