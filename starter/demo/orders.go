package demo

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime/debug"
	"time"

	"rampart/ramp"
	"rampart/starter/view"
)

const (
	// orderTime bounds an order of the demo, which takes half a minute.
	orderTime = 3 * time.Minute
	// refresh is how often the status line is drawn anew.
	refresh = time.Second
)

// lane is one of the orders.
type lane struct {
	name  string
	id    ramp.ID
	what  string
	start func(context.Context) (*ramp.Order, error)
	watch func(context.Context) iter.Seq2[*ramp.Order, error]
	pay   func(context.Context) (*ramp.Order, error)
	// paying says what the user does then.
	paying func(*ramp.Order) string
}

// event is what happens in a lane: its order was seen, its user acts, or, last of all, it has ended, perhaps badly.
type event struct {
	lane  int
	order *ramp.Order
	act   string
	ended bool
	err   error
}

// orders runs both orders to their ends, shows them, and returns them. It is an error if one does not complete.
func (r *run) orders(ctx context.Context, s *server) (Result, error) {
	ctx, stop := context.WithTimeout(ctx, orderTime)
	defer stop()
	lanes := newUser(s.connection.Orders, time.Now()).lanes()
	var names []string
	r.Screen.Blank()
	for _, l := range lanes {
		names = append(names, l.name)
		r.say(view.Title(l.id.Direction), "%s", l.what)
		if link := s.ui.Order(l.id); link != "" {
			r.say("", "%s", link)
		}
	}
	r.Screen.Blank()
	events := make(chan event)
	for i, l := range lanes {
		go func() { events <- event{lane: i, ended: true, err: play(ctx, l, i, events)} }()
	}
	orders, err := show(ctx, stop, view.NewLanes(r.Screen, names...), lanes, events)
	result := Result{Onramp: orders[0], Offramp: orders[1]}
	if err != nil {
		return result, err
	}
	for _, order := range orders {
		r.Screen.Blank()
		r.Screen.Ended(order, view.Desk{Program: r.Program, WebUI: s.ui, Now: time.Now()})
	}
	return result, completed(orders)
}

// show draws what happens until both lanes have ended. The first that ends badly ends the other.
func show(ctx context.Context, stop context.CancelFunc, screen *view.Lanes, lanes []lane, events <-chan event) ([]*ramp.Order, error) {
	defer screen.Close()
	ticks := time.NewTicker(refresh)
	defer ticks.Stop()
	orders := make([]*ramp.Order, len(lanes))
	var failure error
	for left := len(lanes); left > 0; {
		select {
		case e := <-events:
			switch {
			case e.ended:
				left--
				if e.err != nil && failure == nil {
					failure = explain(ctx, lanes[e.lane], orders[e.lane], e.err)
					stop()
				}
			case e.act != "":
				screen.Note(e.lane, time.Now(), e.act)
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

// explain says where an order stood when it failed.
func explain(ctx context.Context, l lane, last *ramp.Order, err error) error {
	if last != nil && errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return fmt.Errorf("the %s order %s was not over after %s: it is %s", l.name, l.id.Reference, orderTime, view.Words(last.Status))
	}
	return fmt.Errorf("the %s order: %w", l.name, err)
}

// play starts an order and is its user until it is over. A panic is an error, so that processes are stopped all the same.
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
		events <- event{lane: number, act: l.paying(order)}
		if _, err := l.pay(ctx); err != nil {
			return err
		}
		paid = true
	}
	return nil
}

// completed is nil if every order is.
func completed(orders []*ramp.Order) error {
	for _, order := range orders {
		if order.Status != ramp.Completed {
			return fmt.Errorf("the %s order %s ended as %s", order.Direction, order.Reference, view.Words(order.Status))
		}
	}
	return nil
}
