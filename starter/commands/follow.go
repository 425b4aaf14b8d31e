package commands

import (
	"context"
	"time"

	"rampart/ramp"
	"rampart/starter/connection"
	"rampart/starter/view"
)

// outagePatience is how long a followed order may not be seen before that is an error.
const outagePatience = 2 * time.Minute

// sighting is an order as it was seen, or why it could not be seen.
type sighting struct {
	order *ramp.Order
	err   error
}

// follow prints what happens to an order until it is over.
func (p *Program) follow(ctx context.Context, s *Session, id ramp.ID, qr bool) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	sightings := make(chan sighting)
	go watchOn(ctx, s.Orders, id, sightings)
	if p.output.json {
		return p.streamJSON(ctx, id, sightings)
	}
	return p.draw(ctx, id, view.NewLive(p.screen(), p.desk(qr)), sightings)
}

// streamJSON prints each change on a line of its own.
func (p *Program) streamJSON(ctx context.Context, id ramp.ID, sightings <-chan sighting) error {
	var last *ramp.Order
	patience := outage{since: p.Now()}
	for seen := range sightings {
		if err := patience.judge(seen.err, p.Now()); err != nil {
			return stopped(ctx, id, err)
		}
		if seen.order == nil || last != nil && last.UpdatedAt.Equal(seen.order.UpdatedAt) {
			continue
		}
		last = seen.order
		if err := writeJSONLine(p.Stdout, last); err != nil {
			return err
		}
	}
	return over(ctx, id, last)
}

// draw shows each change, and refreshes the status line in between.
func (p *Program) draw(ctx context.Context, id ramp.ID, live *view.Live, sightings <-chan sighting) error {
	ticks := time.NewTicker(refresh)
	defer ticks.Stop()
	defer live.Close()
	var last *ramp.Order
	patience := outage{since: p.Now()}
	for {
		select {
		case seen, more := <-sightings:
			if !more {
				return over(ctx, id, last)
			}
			if err := patience.judge(seen.err, p.Now()); err != nil {
				return stopped(ctx, id, err)
			}
			if seen.order != nil {
				last = seen.order
				live.Show(last, p.Now())
			} else {
				live.Lost(p.Now())
			}
		case <-ticks.C:
			live.Tick(p.Now())
		}
	}
}

// outage judges errors: one that may pass becomes an error only after a while.
type outage struct{ since time.Time }

func (o *outage) judge(err error, now time.Time) error {
	if err == nil {
		o.since = now
		return nil
	}
	if connection.Passing(err) && now.Sub(o.since) < outagePatience {
		return nil
	}
	return err
}

// watchOn reports an order until it is over, or an error that will not pass, and closes the channel then. After an error
// that may pass it looks again.
func watchOn(ctx context.Context, orders Orders, id ramp.ID, sightings chan<- sighting) {
	defer close(sightings)
	for ctx.Err() == nil {
		var failure error
		for order, err := range orders.Watch(ctx, id) {
			failure = err
			select {
			case sightings <- sighting{order, err}:
			case <-ctx.Done():
				return
			}
		}
		if failure == nil || !connection.Passing(failure) {
			return
		}
		select {
		case <-time.After(refresh):
		case <-ctx.Done():
		}
	}
}

// over says how following an order ended.
func over(ctx context.Context, id ramp.ID, last *ramp.Order) error {
	if last == nil || !last.Status.Final() {
		return stopped(ctx, id, ctx.Err())
	}
	return ending(last)
}

// stopped tells an end of watching from an end of the order.
func stopped(ctx context.Context, id ramp.ID, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return &ramp.Error{Type: ramp.NotReady, Reference: id.Reference, Message: "no longer watched, and not over yet; the order goes on"}
}
