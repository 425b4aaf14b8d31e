package commands

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"rampart/ramp"
	"rampart/starter/deployment"
)

// drainTimeout is the default of wait-drained's --timeout. Few orders run longer.
const drainTimeout = 72 * time.Hour

// routingTimeout is the default of the other commands' --timeout. Temporal checks for a minute whether every task queue follows a change, and
// then anew: on a busy server the first check may not end by itself.
const routingTimeout = 3 * time.Minute

// deploymentCommand is the body of a command that operates on the worker deployment that --deployment names.
type deploymentCommand func(context.Context, *Connection, *deployment.Deployment, []string) error

// onDeployment returns a cobra function for such a command.
type onDeployment func(deploymentCommand) func(*cobra.Command, []string) error

func (p *Program) deployment() *cobra.Command {
	var name string
	on := func(command deploymentCommand) func(*cobra.Command, []string) error {
		return p.run(func(ctx context.Context, c *Connection, args []string) error {
			chosen, _ := p.Environment.LookupEnv("RAMP_DEPLOYMENT")
			byController, _ := p.Environment.LookupEnv("TEMPORAL_DEPLOYMENT_NAME")
			name := cmp.Or(name, chosen, byController, deployment.DefaultName)
			return command(ctx, c, deployment.New(c.Deployments, c.Namespace, name, p.Now), args)
		})
	}
	command := commandGroup(&cobra.Command{
		Use:   "deployment",
		Short: "Roll out new versions of the workers, and move orders between versions",
		Long: "Roll out new versions of the workers, and move orders between versions. A version consists of all workers with the same\n" +
			"RAMP_BUILD_ID. An order stays on the version that it started on.",
		Example: `  # Start workers of v2 beside those of v1. Then:
  starter deployment ramp v2 --percent 5     # send 5 % of new orders to v2
  starter deployment promote v2              # send all new orders to v2
  starter deployment wait-drained v1         # wait until no order runs on v1; then stop its workers
  starter deployment prune                   # delete the versions that are drained and have no workers

  # To roll back: orders that started on v2 stay on v2.
  starter deployment promote v1`,
	}, p.deploymentStatus(on), p.deploymentRamp(on), p.deploymentPromote(on), p.deploymentWaitDrained(on), p.deploymentMove(on),
		p.deploymentPrune(on))
	command.PersistentFlags().StringVar(&name, "deployment", "", "`name` of the worker deployment (default $RAMP_DEPLOYMENT, or ramp)")
	return command
}

func (p *Program) deploymentStatus(on onDeployment) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show the versions, which one new orders go to, and how many orders run on each",
		Long: "Show the versions, which one new orders go to, how many orders run on each, and how many workers each has. A worker counts\n" +
			"for up to 90 seconds after it has stopped. Orders on a version without workers wait until it has workers.",
		Example: "  starter deployment status",
		Args:    arguments(),
		RunE: on(func(ctx context.Context, _ *Connection, d *deployment.Deployment, _ []string) error {
			return p.printDeployment(ctx, d)
		}),
	}
}

func (p *Program) deploymentRamp(on onDeployment) *cobra.Command {
	var percent int
	var timeout time.Duration
	command := &cobra.Command{
		Use:   "ramp BUILD --percent N",
		Short: "Send a percentage of new orders to a version, or stop sending any with --percent 0",
		Long: "Send a percentage of new orders to a version, after its workers poll both task queues, and wait until the task queues follow.\n" +
			"The order's reference decides which version it goes to. With --percent 0, the version gets no more orders and keeps those\n" +
			"that it has. Versions that are drained and have no workers are deleted first, as by prune.",
		Example: "  starter deployment ramp v2 --percent 5",
		Args:    arguments("BUILD"),
	}
	command.Flags().IntVar(&percent, "percent", 0, "`percentage` of new orders, from 0 to 100")
	workersTimeoutFlag(command, &timeout)
	command.RunE = func(cmd *cobra.Command, args []string) error {
		if !cmd.Flags().Changed("percent") || percent < 0 || percent > 100 {
			return misused(cmd, "--percent is required, and must be from 0 to 100")
		}
		return on(func(ctx context.Context, _ *Connection, d *deployment.Deployment, args []string) error {
			build := args[0]
			if percent == 0 {
				if err := d.StopRamp(ctx, build); err != nil {
					return err
				}
				if err := awaitDone(ctx, p, timeout, routingProgress, d.AwaitRouted); err != nil {
					return err
				}
				return p.printDeployment(ctx, d, fmt.Sprintf("New orders no longer go to %s. Orders that started on it stay on it.", build))
			}
			if err := p.awaitWorkers(ctx, d, build, timeout); err != nil {
				return err
			}
			if err := p.route(ctx, d, timeout, func(ctx context.Context) error { return d.Ramp(ctx, build, percent) }); err != nil {
				return err
			}
			return p.printDeployment(ctx, d, fmt.Sprintf("%d %% of new orders now go to %s.", percent, build))
		})(cmd, args)
	}
	return command
}

func (p *Program) deploymentPromote(on onDeployment) *cobra.Command {
	var timeout time.Duration
	command := &cobra.Command{
		Use:   "promote BUILD",
		Short: "Send all new orders to a version",
		Long: "Make a version the current one, to which all new orders go, after its workers poll both task queues, and wait until the task\n" +
			"queues follow. Orders that run on another version stay on it. Orders that run on workers without a version continue on the\n" +
			"current version. Versions that are drained and have no workers are deleted first, as by prune, so that the number of versions\n" +
			"that Temporal keeps is no limit to rollouts.",
		Example: "  starter deployment promote v2",
		Args:    arguments("BUILD"),
		RunE: on(func(ctx context.Context, _ *Connection, d *deployment.Deployment, args []string) error {
			build := args[0]
			if err := p.awaitWorkers(ctx, d, build, timeout); err != nil {
				return err
			}
			if err := p.route(ctx, d, timeout, func(ctx context.Context) error { return d.Promote(ctx, build) }); err != nil {
				return err
			}
			return p.printDeployment(ctx, d,
				fmt.Sprintf("All new orders now go to %s. Running orders stay on their version: keep the workers of a draining version", build),
				fmt.Sprintf("until %s deployment wait-drained reports that it has drained.", p.Name))
		}),
	}
	workersTimeoutFlag(command, &timeout)
	return command
}

func (p *Program) deploymentWaitDrained(on onDeployment) *cobra.Command {
	var timeout time.Duration
	command := &cobra.Command{
		Use:   "wait-drained BUILD",
		Short: "Wait until no order runs on a version, so that its workers can be stopped",
		Long: "Wait until no order runs on a version that gets no new ones, so that its workers can be stopped. Orders wait for their users\n" +
			"for hours, and some for days. Temporal checks every three minutes whether a version has drained.",
		Example: "  starter deployment wait-drained v1 --timeout 6h",
		Args:    arguments("BUILD"),
		RunE: on(func(ctx context.Context, _ *Connection, d *deployment.Deployment, args []string) error {
			build := args[0]
			if err := awaitDone(ctx, p, timeout, "Waiting for "+build+" to drain", func(ctx context.Context) error {
				return d.AwaitDrained(ctx, build)
			}); err != nil {
				return err
			}
			return p.printDeployment(ctx, d, fmt.Sprintf("No order runs on %s: its workers can be stopped.", build))
		}),
	}
	command.Flags().DurationVar(&timeout, "timeout", drainTimeout, "how long to wait")
	return command
}

func (p *Program) deploymentMove(on onDeployment) *cobra.Command {
	var from, to string
	var timeout time.Duration
	command := &cobra.Command{
		Use:   "move [ORDER…] --to BUILD",
		Short: "In an emergency, move running orders to another version",
		Long: "Move running orders to another version: the named ones, or with --from all that run on a version. Use it in an emergency, when\n" +
			"a version has a defect or has lost its workers. The other version must be able to replay the orders' histories. An order that\n" +
			"it cannot replay makes no progress, and is otherwise unharmed, until it is moved back.",
		Example: `  starter deployment move onramp/inv-42 offramp/wd-7 --to v2
  starter deployment move --from v1 --to v2`,
	}
	flags := command.Flags()
	flags.StringVar(&from, "from", "", "move all orders that run on the version with this `build` id")
	flags.StringVar(&to, "to", "", "`build` id of the version to move orders to")
	workersTimeoutFlag(command, &timeout)
	command.RunE = func(cmd *cobra.Command, args []string) error {
		switch {
		case to == "":
			return misused(cmd, "--to is required")
		case from == to:
			return misused(cmd, "--from and --to must be different")
		case (from == "") == (len(args) == 0):
			return misused(cmd, "name either orders, or a version with --from")
		}
		return on(func(ctx context.Context, c *Connection, d *deployment.Deployment, args []string) error {
			if err := p.awaitWorkers(ctx, d, to, timeout); err != nil {
				return err
			}
			if from == "" {
				ids, err := workflowIDs(ctx, c.Orders, args)
				if err != nil {
					return err
				}
				return p.move(ctx, d, ids, to, true)
			}
			ids, err := d.Orders(ctx, from)
			if err != nil {
				return err
			}
			return p.move(ctx, d, ids, to, false)
		})(cmd, args)
	}
	return command
}

func (p *Program) deploymentPrune(on onDeployment) *cobra.Command {
	return &cobra.Command{
		Use:   "prune",
		Short: "Delete the versions that are drained and have no workers",
		Long: "Delete the versions to which no new orders go, on which no order runs, and which have no workers, so that Temporal's limit of\n" +
			"versions, 100 unless its operator changed it, does not stop a rollout: beyond it, workers of a new version get no work. Temporal\n" +
			"refuses to delete a version for five minutes after its last worker has stopped. A version that was deleted is there again as soon\n" +
			"as workers of it start.",
		Example: "  starter deployment prune",
		Args:    arguments(),
		RunE: on(func(ctx context.Context, _ *Connection, d *deployment.Deployment, _ []string) error {
			pruned, err := d.Prune(ctx, "")
			if err != nil {
				return err
			}
			return p.printPruned(pruned)
		}),
	}
}

func (p *Program) printPruned(pruned deployment.Pruned) error {
	if p.output.json {
		return writeJSON(p.Stdout, pruned)
	}
	screen := p.screen()
	screen.Linef("Versions deleted: %s.", cmp.Or(strings.Join(pruned.Deleted, ", "), "none"))
	for _, kept := range pruned.Kept {
		screen.Linef("%s stays: %s.", kept.BuildID, kept.Reason)
	}
	return nil
}

// workflowIDs returns the workflow ids of the orders that arguments name.
func workflowIDs(ctx context.Context, orders Orders, names []string) ([]string, error) {
	var ids []string
	for _, name := range names {
		candidates, err := parseOrder(name)
		if err != nil {
			return nil, err
		}
		id, err := choose(ctx, orders, candidates)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id.Direction.WorkflowID(id.Reference))
	}
	return ids, nil
}

// moveResult is the result of move as JSON.
type moveResult struct {
	To    string   `json:"to"`
	Moved []string `json:"moved"`
}

// move moves orders to a version, one after the other. If all must be running, one that is not is an error; otherwise it is only counted.
func (p *Program) move(ctx context.Context, d *deployment.Deployment, workflowIDs []string, to string, allMustRun bool) error {
	result := moveResult{To: to, Moved: []string{}}
	for _, id := range workflowIDs {
		moved, err := d.Move(ctx, id, to)
		if err == nil && !moved && allMustRun {
			err = errors.New("no such order runs")
		}
		if err != nil {
			return fmt.Errorf("moved %d of %d orders to %s; moving %s failed: %w", len(result.Moved), len(workflowIDs), to, id, err)
		}
		if moved {
			result.Moved = append(result.Moved, id)
		}
	}
	if p.output.json {
		return writeJSON(p.Stdout, result)
	}
	p.screen().Linef("Orders moved to %s: %d. Ended in the meantime: %d.", to, len(result.Moved), len(workflowIDs)-len(result.Moved))
	return nil
}

func workersTimeoutFlag(command *cobra.Command, timeout *time.Duration) {
	command.Flags().DurationVar(timeout, "timeout", routingTimeout, "how long to wait for workers of the version, and for the routing")
}

const routingProgress = "Waiting for the routing to reach every task queue"

// route changes the routing and waits until all task queues follow it.
func (p *Program) route(ctx context.Context, d *deployment.Deployment, timeout time.Duration, change func(context.Context) error) error {
	return awaitDone(ctx, p, timeout, routingProgress, func(ctx context.Context) error { return d.Route(ctx, change) })
}

// awaitWorkers makes room for a version among those that Temporal keeps, and waits for its workers.
func (p *Program) awaitWorkers(ctx context.Context, d *deployment.Deployment, build string, timeout time.Duration) error {
	if _, err := d.Prune(ctx, build); err != nil && !ramp.IsError(err, ramp.NotFound) { // no worker has joined yet: they may do so
		return err
	}
	return awaitDone(ctx, p, timeout, "Waiting for workers of "+build, func(ctx context.Context) error {
		return d.AwaitWorkers(ctx, build)
	})
}

// printDeployment prints the state of a deployment, followed by lines of text unless the output is JSON.
func (p *Program) printDeployment(ctx context.Context, d *deployment.Deployment, lines ...string) error {
	status, err := d.Status(ctx)
	if err != nil {
		return err
	}
	if p.output.json {
		return writeJSON(p.Stdout, status)
	}
	screen := p.screen()
	for line := range strings.Lines(versionTable(status)) {
		screen.Line(strings.TrimSuffix(line, "\n"))
	}
	for _, line := range lines {
		screen.Line(line)
	}
	return nil
}

// versionTable returns a table with a line for each version, and one for the workers without a version.
func versionTable(status *deployment.Status) string {
	var table bytes.Buffer
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "  BUILD\tSTATE\tORDERS\tWORKERS") // a buffer accepts every write
	for _, version := range append(status.Versions, status.Unversioned) {
		state := version.State
		if state == "ramping" {
			state = fmt.Sprintf("%s %g %%", state, status.RampPercent)
		}
		_, _ = fmt.Fprintf(w, "  %s\t%s\t%6d\t%7d\n", cmp.Or(version.BuildID, "(no version)"), state, version.Orders, version.Workers)
	}
	_ = w.Flush()
	return table.String()
}
