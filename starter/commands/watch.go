package commands

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"rampart/ramp"
	"rampart/starter/connection"
	"rampart/starter/view"
)

// maxOutage is how long a followed order may be unreachable before the command fails.
const maxOutage = 2 * time.Minute

func (p *Program) watch() *cobra.Command {
	var timeout time.Duration
	var qr bool
	cmd := &cobra.Command{
		Use:   "watch ORDER",
		Short: "Follow an order until it ends",
		Long: "Follow an order until it ends, and print each change as it happens. On a terminal, a status line shows how long the order has\n" +
			"been in its status, or how much time the user has left. With -o json, each change is one JSON document on a line of its own.\n" +
			"If Temporal or the worker is unreachable, the command retries for two minutes.",
		Example: `  starter watch inv-42
  starter watch inv-42 --timeout 10m -o json`,
		Args:              arguments("ORDER"),
		ValidArgsFunction: p.completeOrder,
		RunE: func(cmd *cobra.Command, args []string) error {
			candidates, err := parseOrder(args[0])
			if err != nil {
				return err
			}
			return p.run(func(ctx context.Context, c *Connection, _ []string) error {
				if timeout > 0 {
					limited, cancel := context.WithTimeout(ctx, timeout)
					defer cancel()
					ctx = limited
				}
				id, err := choose(ctx, c.Orders, candidates)
				if err != nil {
					return err
				}
				return p.follow(ctx, c, id, qr)
			})(cmd, args)
		},
	}
	cmd.Flags().DurationVar(&timeout, "timeout", 0, "how long to watch; the order continues after a timeout (default: until the order ends)")
	qrFlag(cmd.Flags(), &qr)
	return cmd
}

// update is the state of a followed order, or the error of a failed read.
type update struct {
	order *ramp.Order
	err   error
}

// follow prints each change of an order until it ends.
func (p *Program) follow(ctx context.Context, c *Connection, id ramp.ID, qr bool) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	updates := make(chan update)
	go sendUpdates(ctx, c.Orders, id, updates)
	if p.output.json {
		return p.followAsJSON(ctx, id, updates)
	}
	return p.followOnScreen(ctx, id, view.NewLive(p.screen(), p.viewOptions(qr)), updates)
}

// followAsJSON prints each change as one JSON document on a line of its own.
func (p *Program) followAsJSON(ctx context.Context, id ramp.ID, updates <-chan update) error {
	var last *ramp.Order
	outage := outage{lastSeen: p.Now()}
	for next := range updates {
		if err := outage.check(next.err, p.Now()); err != nil {
			return interrupted(ctx, id, err)
		}
		if next.order == nil || last != nil && last.UpdatedAt.Equal(next.order.UpdatedAt) {
			continue
		}
		last = next.order
		if err := writeJSONLine(p.Stdout, last); err != nil {
			return err
		}
	}
	return followed(ctx, id, last)
}

// followOnScreen prints each change, and redraws the status line in between.
func (p *Program) followOnScreen(ctx context.Context, id ramp.ID, live *view.Live, updates <-chan update) error {
	ticks := time.NewTicker(refreshInterval)
	defer ticks.Stop()
	defer live.Close()
	var last *ramp.Order
	outage := outage{lastSeen: p.Now()}
	for {
		select {
		case next, open := <-updates:
			if !open {
				return followed(ctx, id, last)
			}
			if err := outage.check(next.err, p.Now()); err != nil {
				return interrupted(ctx, id, err)
			}
			if next.order != nil {
				last = next.order
				live.Show(last, p.Now())
			} else {
				live.Lost(p.Now())
			}
		case <-ticks.C:
			live.Tick(p.Now())
		}
	}
}

// outage tolerates transient errors for maxOutage after the last successful read.
type outage struct{ lastSeen time.Time }

// check returns an error that ends the command, and nil for one that is tolerated.
func (o *outage) check(err error, now time.Time) error {
	if err == nil {
		o.lastSeen = now
		return nil
	}
	if connection.Transient(err) && now.Sub(o.lastSeen) < maxOutage {
		return nil
	}
	return err
}

// sendUpdates sends each state of an order until it ends, ctx is done, or a read fails with a permanent error, which it sends too; then it
// closes the channel. After a transient error it retries.
func sendUpdates(ctx context.Context, orders Orders, id ramp.ID, updates chan<- update) {
	defer close(updates)
	for ctx.Err() == nil {
		var failure error
		for order, err := range orders.Watch(ctx, id) {
			failure = err
			select {
			case updates <- update{order, err}:
			case <-ctx.Done():
				return
			}
		}
		if failure == nil || !connection.Transient(failure) {
			return
		}
		select {
		case <-time.After(refreshInterval):
		case <-ctx.Done():
		}
	}
}

// followed returns the result of following an order whose last state is given.
func followed(ctx context.Context, id ramp.ID, last *ramp.Order) error {
	if last == nil || !last.Status.Final() {
		return interrupted(ctx, id, ctx.Err())
	}
	return ending(last)
}

// interrupted returns an error that says that the order continues if ctx has ended, and err otherwise.
func interrupted(ctx context.Context, id ramp.ID, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return &ramp.Error{Type: ramp.NotReady, Reference: id.Reference, Message: "stopped watching before the order ended; the order continues"}
}
