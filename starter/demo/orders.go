package demo

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime/debug"
	"time"

	"rampart/ramp"
	"rampart/starter/stack"
	"rampart/starter/view"
)

const (
	// orderTime is how long an order may take. It takes half a minute.
	orderTime = 3 * time.Minute
	// refreshEvery is how often the status line is drawn again.
	refreshEvery = time.Second
)

// lane is one of the orders, with what its user does.
type lane struct {
	name string
	id   ramp.ID
	// title describes the order in a line.
	title string
	start func(context.Context) (*ramp.Order, error)
	watch func(context.Context) iter.Seq2[*ramp.Order, error]
	pay   func(context.Context) (*ramp.Order, error)
	// paying describes the payment in a line.
	paying func(*ramp.Order) string
}

// event is what happens in a lane: its order has changed, its user acts, or the lane has ended.
type event struct {
	lane  int
	order *ramp.Order
	// action describes what the user does.
	action string
	ended  bool
	// err is why the lane ended before its order.
	err error
}

// orders runs both orders to their ends, shows them, and returns them. It fails if one does not complete.
func (r *run) orders(ctx context.Context, s *stack.Stack) (Result, error) {
	ctx, stop := context.WithTimeout(ctx, orderTime)
	defer stop()
	lanes := newUser(s.Connection.Orders, time.Now()).lanes()
	var names []string
	r.screen.Blank()
	for _, l := range lanes {
		names = append(names, l.name)
		stack.Report(r.screen, view.Title(l.id.Direction), "%s", l.title)
		if link := s.UI.Order(l.id); link != "" {
			stack.Report(r.screen, "", "%s", link)
		}
	}
	r.screen.Blank()
	events := make(chan event)
	for i, l := range lanes {
		go func() { events <- event{lane: i, ended: true, err: play(ctx, l, i, events)} }()
	}
	orders, err := show(ctx, stop, view.NewLanes(r.screen, names...), lanes, events)
	result := Result{Onramp: orders[0], Offramp: orders[1]}
	if err != nil {
		return result, err
	}
	for _, order := range orders {
		r.screen.Blank()
		r.screen.Ended(order, view.Options{Program: r.program, WebUI: s.UI, Now: time.Now()})
	}
	return result, completed(orders)
}

// show draws the events until both lanes have ended. The first that fails ends the other.
func show(ctx context.Context, stop context.CancelFunc, screen *view.Lanes, lanes []lane, events <-chan event) ([]*ramp.Order, error) {
	defer screen.Close()
	ticks := time.NewTicker(refreshEvery)
	defer ticks.Stop()
	orders := make([]*ramp.Order, len(lanes))
	var failure error
	for running := len(lanes); running > 0; {
		select {
		case e := <-events:
			switch {
			case e.ended:
				running--
				if e.err != nil && failure == nil {
					failure = describeFailure(ctx, lanes[e.lane], orders[e.lane], e.err)
					stop()
				}
			case e.action != "":
				screen.Note(e.lane, time.Now(), e.action)
			default:
				orders[e.lane] = e.order
				screen.Show(e.lane, e.order, time.Now())
			}
		case <-ticks.C:
			screen.Tick(time.Now())
		}
	}
	return orders, failure
}

// describeFailure adds to the failure of a lane which order it was and, after a timeout, where the order stood.
func describeFailure(ctx context.Context, l lane, last *ramp.Order, err error) error {
	if last != nil && errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return fmt.Errorf("the %s order %s has not ended after %s: it is %s", l.name, l.id.Reference, orderTime, view.Words(last.Status))
	}
	return fmt.Errorf("the %s order: %w", l.name, err)
}

// play starts an order and acts as its user until it is closed. It returns a panic as an error, so that the programs are stopped.
func play(ctx context.Context, l lane, number int, events chan<- event) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
	}()
	order, err := l.start(ctx)
	if err != nil {
		return err
	}
	events <- event{lane: number, order: order}
	paid := false
	for order, err := range l.watch(ctx) {
		if err != nil {
			return err
		}
		events <- event{lane: number, order: order}
		if order.Status != ramp.AwaitingPayment || paid {
			continue
		}
		events <- event{lane: number, action: l.paying(order)}
		if _, err := l.pay(ctx); err != nil {
			return err
		}
		paid = true
	}
	return nil
}

// completed returns an error that names the first order that did not complete.
func completed(orders []*ramp.Order) error {
	for _, order := range orders {
		if order.Status != ramp.Completed {
			return fmt.Errorf("the %s order %s ended as %s", order.Direction, order.Reference, view.Words(order.Status))
		}
	}
	return nil
}
