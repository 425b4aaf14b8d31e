package commands

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"
)

func (p *Program) deploymentRamp(on onDeployment) *cobra.Command {
	percent := 0
	var timeout time.Duration
	command := &cobra.Command{
		Use:   "ramp BUILD --percent N",
		Short: "Send a share of new orders to a version, or with --percent 0 no more of them",
		Long: "Send a share of new orders to a version, once it has workers. It is the reference that decides where an order goes. With\n" +
			"--percent 0 the version gets no more orders; those that it has stay with it.",
		Args: arguments("BUILD"),
	}
	command.Flags().IntVar(&percent, "percent", 0, "`share` of new orders, from 0 to 100")
	workersTimeout(command, &timeout)
	command.RunE = func(cmd *cobra.Command, args []string) error {
		if !cmd.Flags().Changed("percent") || percent < 0 || percent > 100 {
			return misused(cmd, "--percent must be given, from 0 to 100")
		}
		return on(func(ctx context.Context, _ *Connection, d *deployment, args []string) error {
			if percent == 0 {
				return p.endRamp(ctx, d, args[0])
			}
			return p.ramp(ctx, d, args[0], percent, timeout)
		})(cmd, args)
	}
	return command
}

func (p *Program) ramp(ctx context.Context, d *deployment, build string, percent int, timeout time.Duration) error {
	if err := p.awaitWorkers(ctx, d, build, timeout); err != nil {
		return err
	}
	if _, err := d.handle.SetRampingVersion(ctx, client.WorkerDeploymentSetRampingVersionOptions{BuildID: build, Percentage: float32(percent)}); err != nil {
		return err
	}
	return p.printDeployment(ctx, d, fmt.Sprintf("%d %% of new orders go to %s from now on.", percent, build))
}

func (p *Program) endRamp(ctx context.Context, d *deployment, build string) error {
	described, err := d.describe(ctx)
	if err != nil {
		return err
	}
	if buildID(described.RoutingConfig.RampingVersion) != build {
		return fmt.Errorf("version %s is not ramping", build)
	}
	if _, err := d.handle.SetRampingVersion(ctx, client.WorkerDeploymentSetRampingVersionOptions{}); err != nil {
		return err
	}
	return p.printDeployment(ctx, d, fmt.Sprintf("New orders do not go to %s any more. Those that it has stay with it.", build))
}

func (p *Program) deploymentPromote(on onDeployment) *cobra.Command {
	var timeout time.Duration
	command := &cobra.Command{
		Use:   "promote BUILD",
		Short: "Send all new orders to a version",
		Long: "Make a version the current one, once it has workers: all new orders go to it. Orders that run on another version stay there.\n" +
			"Orders that run on workers without a version go over to the current one with the next thing that happens to them.",
		Args: arguments("BUILD"),
		RunE: on(func(ctx context.Context, _ *Connection, d *deployment, args []string) error {
			return p.promote(ctx, d, args[0], timeout)
		}),
	}
	workersTimeout(command, &timeout)
	return command
}

func (p *Program) promote(ctx context.Context, d *deployment, build string, timeout time.Duration) error {
	if err := p.awaitWorkers(ctx, d, build, timeout); err != nil {
		return err
	}
	if _, err := d.handle.SetCurrentVersion(ctx, client.WorkerDeploymentSetCurrentVersionOptions{BuildID: build}); err != nil {
		return err
	}
	return p.printDeployment(ctx, d,
		fmt.Sprintf("All new orders go to %s from now on. Others stay where they are: keep workers of every version that is draining,", build),
		fmt.Sprintf("until %s deployment wait-drained says that it is drained.", p.Name))
}

func workersTimeout(command *cobra.Command, timeout *time.Duration) {
	command.Flags().DurationVar(timeout, "timeout", defaultTimeout, "how long to wait for workers of the version")
}

func (p *Program) awaitWorkers(ctx context.Context, d *deployment, build string, timeout time.Duration) error {
	_, err := await(ctx, p, timeout, "Waiting for workers of "+build, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, d.awaitWorkers(ctx, build)
	})
	return err
}
