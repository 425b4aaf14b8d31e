package ramp_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"rampart/ramp"
)

var watched = ramp.ID{Direction: ramp.Onramp, Reference: "inv-42"}

// changing is an order whose history can be followed.
type changing struct {
	orderThere
	// history has the events to come. Its end is that of the workflow.
	history chan struct{}
	// unreadable fails every attempt to read the history.
	unreadable bool
}

func newChanging() *changing {
	return &changing{
		orderThere: orderThere{order: &ramp.Order{Reference: "inv-42", Direction: ramp.Onramp, Status: ramp.Quoting, Version: 3}},
		history:    make(chan struct{}, 10),
	}
}

func (s *changing) GetWorkflowHistory(ctx context.Context, _, _ string, follow bool, _ enumspb.HistoryEventFilterType) client.HistoryEventIterator {
	if !follow {
		panic("the history is not followed")
	}
	return &eventsToCome{ctx: ctx, order: s}
}

// becomes changes the order, which adds an event.
func (s *changing) becomes(status ramp.Status, version int64) {
	s.change(func(o *ramp.Order) { o.Status, o.Version, o.UpdatedAt = status, version, time.Now() })
	s.history <- struct{}{}
}

type eventsToCome struct {
	ctx   context.Context
	order *changing
}

func (e *eventsToCome) HasNext() bool {
	if e.order.unreadable {
		return true
	}
	select {
	case <-e.ctx.Done():
		return false
	case _, more := <-e.order.history:
		return more
	}
}

func (e *eventsToCome) Next() (*historypb.HistoryEvent, error) {
	if e.order.unreadable {
		return nil, serviceerror.NewUnavailable("away")
	}
	return new(historypb.HistoryEvent), nil
}

func TestWatchReadsAnOrderWithinMomentsOfAnEvent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		order := newChanging()
		var seen []ramp.Status
		var took []time.Duration
		var changed time.Time
		for o, err := range ramp.NewClient(order, nil).Watch(t.Context(), watched) {
			require.NoError(t, err)
			if !changed.IsZero() {
				took = append(took, time.Since(changed))
			}
			seen = append(seen, o.Status)
			next := map[ramp.Status]ramp.Status{ramp.Quoting: ramp.AwaitingPayment, ramp.AwaitingPayment: ramp.Completed}[o.Status]
			if next == "" {
				break
			}
			go func() {
				time.Sleep(time.Minute)
				changed = time.Now()
				order.becomes(next, o.Version+1)
			}()
		}
		require.Equal(t, []ramp.Status{ramp.Quoting, ramp.AwaitingPayment, ramp.Completed}, seen)
		for _, each := range took {
			require.Less(t, each, time.Second)
		}
	})
}

func TestWatchAsksWhetherTheOrderHasEndedOnlyOnceItsHistoryHas(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		order := newChanging()
		reads := 0
		for o, err := range ramp.NewClient(order, nil).Watch(t.Context(), watched) {
			require.NoError(t, err)
			reads++
			switch {
			case reads < 20:
				order.becomes(ramp.AwaitingPayment, o.Version+1)
			case reads == 20:
				require.LessOrEqual(t, order.descriptions.Load(), int64(3), "at the beginning alone")
				order.change(func(o *ramp.Order) { o.Status, o.Version = ramp.Completed, o.Version+1 })
				close(order.history)
			default:
				require.Equal(t, ramp.Completed, o.Status)
			}
			time.Sleep(time.Second)
		}
		require.Equal(t, 21, reads)
		require.LessOrEqual(t, order.descriptions.Load(), int64(4))
	})
}

func TestWatchOfAHistoryThatCannotBeReadReadsTheOrderAtIntervals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		order := newChanging()
		order.unreadable = true
		go func() {
			time.Sleep(10 * time.Second)
			order.becomes(ramp.Expired, 4)
		}()
		begun := time.Now()
		last, err := ramp.NewClient(order, nil).Wait(t.Context(), watched, 3)
		require.NoError(t, err)
		require.Equal(t, ramp.Expired, last.Status)
		require.InDelta(t, 10, time.Since(begun).Seconds(), 1.1)
	})
}

func TestWaitReturnsTheFirstLaterVersion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		order := newChanging()
		orders := ramp.NewClient(order, nil)
		now, err := orders.Wait(t.Context(), watched, 2)
		require.NoError(t, err)
		require.EqualValues(t, 3, now.Version)

		go func() {
			order.history <- struct{}{} // an event that changes nothing
			time.Sleep(time.Minute)
			order.becomes(ramp.AwaitingPayment, 7)
		}()
		later, err := orders.Wait(t.Context(), watched, 3)
		require.NoError(t, err)
		require.EqualValues(t, 7, later.Version)
	})
}

func TestWaitForAnEndedOrderReturnsAtOnce(t *testing.T) {
	t.Parallel()
	order := newChanging()
	order.becomes(ramp.Expired, 4)
	ended, err := ramp.NewClient(order, nil).Wait(t.Context(), watched, 4)
	require.NoError(t, err)
	require.Equal(t, ramp.Expired, ended.Status)
}

func TestWaitThatRunsOutOfTimeReturnsTheOrderAsItIs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
		defer stop()
		order, err := ramp.NewClient(newChanging(), nil).Wait(ctx, watched, 3)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.EqualValues(t, 3, order.Version)
	})
}
