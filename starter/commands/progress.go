package commands

import (
	"context"
	"time"

	"github.com/spf13/pflag"

	"rampart/ramp/situation"
)

const (
	// defaultTimeout is the default of --timeout for commands that wait for one answer.
	defaultTimeout = time.Minute
	// refreshInterval is the interval at which the status line is redrawn.
	refreshInterval = time.Second
)

func timeoutFlag(flags *pflag.FlagSet, timeout *time.Duration) {
	flags.DurationVar(timeout, "timeout", defaultTimeout, "how long to wait for an answer; the order continues after a timeout")
}

func qrFlag(flags *pflag.FlagSet, qr *bool) {
	flags.BoolVar(qr, "qr", false, "draw the payment's QR code even if the output is not a terminal")
}

// await makes a call that ends with ctx or after the timeout, and shows its progress on the status line. It returns what the call returns.
func await[T any](ctx context.Context, p *Program, timeout time.Duration, progress string, call func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if p.output.json {
		return call(ctx)
	}
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := call(ctx)
		done <- result{value, err}
	}()
	screen, startedAt := p.screen(), p.Now()
	ticks := time.NewTicker(refreshInterval)
	defer ticks.Stop()
	for {
		select {
		case r := <-done:
			screen.Status("")
			return r.value, r.err
		case <-ticks.C:
			screen.Status(progress + " … " + situation.Span(p.Now().Sub(startedAt)))
		}
	}
}

// awaitDone is await for a call without a result.
func awaitDone(ctx context.Context, p *Program, timeout time.Duration, progress string, call func(context.Context) error) error {
	_, err := await(ctx, p, timeout, progress, func(ctx context.Context) (struct{}, error) { return struct{}{}, call(ctx) })
	return err
}
