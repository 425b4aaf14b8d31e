package ramp

import (
	"context"
	"iter"
	"slices"
	"sync/atomic"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
)

const (
	// watchEvery is the interval at which Watch reads an order whose history it cannot follow.
	watchEvery = time.Second
	// watchPause is the least time between two reads of an order. A new order has some forty events in its first second.
	watchPause = 50 * time.Millisecond
)

// closing are the events that close a workflow.
var closing = []enumspb.EventType{
	enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT,
	enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
	enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW,
}

// Watch yields an order now and after every change. It ends after the final state, after an error, or when ctx ends. It adds nothing to
// the order's history.
func (c *Client) Watch(ctx context.Context, id ID) iter.Seq2[*Order, error] {
	return func(yield func(*Order, error) bool) {
		following, stop := context.WithCancel(ctx)
		defer stop()
		events := make(chan struct{}, 1)
		var seen *Order
		open := new(atomic.Bool)
		for {
			read := c.Get
			if open.Load() {
				read = c.getOpen
			}
			order, err := read(ctx, id)
			if err != nil {
				yield(nil, err)
				return
			}
			if order.newerThan(seen) && !yield(order, nil) || order.Status.Final() {
				return
			}
			if seen == nil {
				go c.follow(following, id, open, events)
			}
			seen = order
			if err := untilChanged(ctx, events); err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// Wait blocks until the version of an order is greater than after, or the order has ended, and returns the order. If ctx ends first, it
// returns the order as it was last read, which may be nil, with the error of ctx. An order of an earlier worker has no version, so that
// only its end is waited for.
func (c *Client) Wait(ctx context.Context, id ID, after int64) (*Order, error) {
	var last *Order
	for order, err := range c.Watch(ctx, id) {
		switch {
		case err != nil && ctx.Err() != nil:
			return last, ctx.Err()
		case err != nil:
			return nil, err
		case order.Version > after || order.Status.Final():
			return order, nil
		}
		last = order
	}
	return last, ctx.Err()
}

func (o *Order) newerThan(seen *Order) bool {
	return seen == nil || o.Version > seen.Version || o.UpdatedAt.After(seen.UpdatedAt)
}

// follow reports every event of the order's history to events, until the workflow is closed. From then on, and if the history cannot be
// read, it reports at intervals. open is set while the history tells that the order is open.
func (c *Client) follow(ctx context.Context, id ID, open *atomic.Bool, events chan<- struct{}) {
	report := func() {
		select {
		case events <- struct{}{}:
		default: // the last report is not taken yet
		}
	}
	if run, err := c.orderRun(ctx, id); err == nil {
		history := c.temporal.GetWorkflowHistory(ctx, id.workflow(), run, true, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for nextEvent(history) {
			open.Store(true)
			report()
		}
	}
	open.Store(false)
	ticks := time.NewTicker(watchEvery)
	defer ticks.Stop()
	for {
		report()
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
	}
}

// nextEvent blocks until the history has another event, and reports whether it has one that does not close the workflow.
func nextEvent(history client.HistoryEventIterator) bool {
	if !history.HasNext() {
		return false
	}
	event, err := history.Next()
	return err == nil && !slices.Contains(closing, event.GetEventType())
}

// untilChanged blocks until an event, and for watchPause at least.
func untilChanged(ctx context.Context, events <-chan struct{}) error {
	pause := time.NewTimer(watchPause)
	defer pause.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-pause.C:
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-events:
		return nil
	}
}
