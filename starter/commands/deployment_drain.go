package commands

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"rampart/ramp"
)

// longestDrain is longer than an order lives as a rule.
const longestDrain = 72 * time.Hour

func (p *Program) deploymentWaitDrained(on onDeployment) *cobra.Command {
	var timeout time.Duration
	command := &cobra.Command{
		Use:   "wait-drained BUILD",
		Short: "Wait until no order runs on a version, so that its workers can be stopped",
		Long: "Wait until no order runs on a version that gets no new ones, so that its workers can be stopped. Orders wait for their users\n" +
			"for hours, and some for days. Temporal looks every three minutes whether there are any left.",
		Args: arguments("BUILD"),
		RunE: on(func(ctx context.Context, _ *Connection, d *deployment, args []string) error {
			return p.waitDrained(ctx, d, args[0], timeout)
		}),
	}
	command.Flags().DurationVar(&timeout, "timeout", longestDrain, "how long to wait")
	return command
}

func (p *Program) waitDrained(ctx context.Context, d *deployment, build string, timeout time.Duration) error {
	_, err := await(ctx, p, timeout, "Waiting for "+build+" to drain", func(ctx context.Context) (struct{}, error) {
		return struct{}{}, d.awaitDrained(ctx, build)
	})
	if err != nil {
		return err
	}
	return p.printDeployment(ctx, d, fmt.Sprintf("No order runs on %s: its workers can be stopped.", build))
}

// awaitDrained asks Temporal, and counts for itself too: what Temporal found may be older than an order that was moved there.
func (d *deployment) awaitDrained(ctx context.Context, build string) error {
	var left int64
	for {
		drained, err := d.drained(ctx, build)
		if err == nil {
			left, err = d.count(ctx, build)
		}
		switch {
		case err == nil && drained && left == 0:
			return nil
		case err != nil && ctx.Err() == nil:
			return err
		}
		if pause(ctx, askAgain) != nil {
			return &ramp.Error{Type: ramp.NotReady, Message: fmt.Sprintf("version %s is not drained, so keep its workers; orders that run on it: %d", build, left)}
		}
	}
}

// drained reports whether Temporal has found a version drained, and is an error for one that new orders go to.
func (d *deployment) drained(ctx context.Context, build string) (bool, error) {
	described, err := d.describe(ctx)
	if err != nil {
		return false, err
	}
	for _, summary := range described.VersionSummaries {
		if summary.Version.BuildID != build {
			continue
		}
		switch state := stateOf(described.RoutingConfig, summary); state {
		case stateCurrent, stateRamping:
			return false, fmt.Errorf("version %s is %s, so it does not drain: promote another version first", build, state)
		default:
			return state != stateDraining, nil
		}
	}
	return false, d.noVersion(build)
}
