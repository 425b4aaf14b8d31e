package commands

import (
	"context"
	"time"

	"github.com/spf13/pflag"

	"rampart/starter/view"
)

// patience is how long a command waits for an order's answer unless told otherwise.
const patience = time.Minute

// refresh is how often a status line is drawn anew.
const refresh = time.Second

func timeoutFlag(flags *pflag.FlagSet, timeout *time.Duration) {
	flags.DurationVar(timeout, "timeout", patience, "how long to wait; the order goes on all the same")
}

// await makes a call, and says what is awaited while it lasts.
func await[T any](ctx context.Context, p *Program, timeout time.Duration, what string, call func(context.Context) (T, error)) (T, error) {
	waiting, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if p.output.json {
		return call(waiting)
	}
	type answer struct {
		value T
		err   error
	}
	answered := make(chan answer, 1)
	go func() {
		value, err := call(waiting)
		answered <- answer{value, err}
	}()
	screen, begun := p.screen(), p.Now()
	ticks := time.NewTicker(refresh)
	defer ticks.Stop()
	for {
		select {
		case a := <-answered:
			screen.Status("")
			return a.value, a.err
		case <-ticks.C:
			screen.Status(what + " … " + view.Span(p.Now().Sub(begun)))
		}
	}
}
