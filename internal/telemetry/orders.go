package telemetry

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
	// countEvery is how often orders are counted, at the most: Temporal limits how often its visibility store is asked.
	countEvery = time.Minute
	// countPause is between two questions, so that they keep no other from its turn: orders ask the store too.
	countPause = time.Second
	// countTimeout bounds one counting.
	countTimeout = time.Minute
	// countsKept is how long a count is told while no new one can be made. After that there is none, rather than a
	// wrong one.
	countsKept = 5 * time.Minute
)

// Counter counts workflows, as a Temporal client does.
type Counter interface {
	CountWorkflow(context.Context, *workflowservice.CountWorkflowExecutionsRequest) (*workflowservice.CountWorkflowExecutionsResponse, error)
}

// CountOrders shows how many orders of the namespace are open, by status, as ramp_orders_open, and how many of them need a person, as
// ramp_orders_attention. They are counted in the background when somebody reads the metrics, at most once a minute, so that the
// first reading has none. Every worker of a namespace shows the same numbers. report hears of counts that failed.
func CountOrders(ctx context.Context, meter metric.Meter, orders Counter, report func(error)) error {
	open, err := meter.Int64ObservableGauge("ramp_orders_open",
		metric.WithDescription("Open orders of the namespace by status; every worker shows the same."))
	if err != nil {
		return fmt.Errorf("orders: %w", err)
	}
	attention, err := meter.Int64ObservableGauge("ramp_orders_attention",
		metric.WithDescription("Open orders of the namespace that need a person; every worker shows the same."))
	if err != nil {
		return fmt.Errorf("orders: %w", err)
	}
	c := &counts{ctx: ctx, orders: orders, report: report}
	_, err = meter.RegisterCallback(func(_ context.Context, to metric.Observer) error {
		counted, known := c.read()
		if !known {
			return nil
		}
		for status, n := range counted.open {
			to.ObserveInt64(open, n, metric.WithAttributes(attribute.String("status", string(status))))
		}
		to.ObserveInt64(attention, counted.attention)
		return nil
	}, open, attention)
	return err
}

type counted struct {
	open      map[ramp.Status]int64
	attention int64
}

type counts struct {
	ctx    context.Context
	orders Counter
	report func(error)

	mu       sync.Mutex
	last     counted
	at       time.Time
	tried    time.Time
	counting bool
}

// read returns the last counts, and has them made anew if they are old.
func (c *counts) read() (counted, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.counting && time.Since(c.tried) >= countEvery {
		c.counting = true
		go c.refresh()
	}
	return c.last, !c.at.IsZero() && time.Since(c.at) < countsKept
}

func (c *counts) refresh() {
	ctx, cancel := context.WithTimeout(c.ctx, countTimeout)
	defer cancel()
	next, err := c.count(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counting, c.tried = false, time.Now()
	if err == nil {
		c.last, c.at = next, c.tried
	} else if c.ctx.Err() == nil {
		c.report(fmt.Errorf("orders could not be counted for the metrics: %w", err))
	}
}

func (c *counts) count(ctx context.Context) (counted, error) {
	next := counted{open: make(map[ramp.Status]int64)}
	for _, status := range ramp.Statuses() {
		if status.Final() {
			continue
		}
		n, err := c.ask(ctx, ramp.Filter{Statuses: []ramp.Status{status}})
		if err != nil {
			return counted{}, err
		}
		next.open[status] = n
		if err := pause(ctx); err != nil {
			return counted{}, err
		}
	}
	var err error
	next.attention, err = c.ask(ctx, ramp.Filter{Attention: true})
	return next, err
}

func pause(ctx context.Context) error {
	select {
	case <-time.After(countPause):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *counts) ask(ctx context.Context, which ramp.Filter) (int64, error) {
	answer, err := c.orders.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Query: which.Query() + ` AND ExecutionStatus = "Running"`,
	})
	return answer.GetCount(), err
}
