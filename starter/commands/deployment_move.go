package commands

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

// movement is what move is asked for.
type movement struct {
	from, to string
	timeout  time.Duration
}

func (p *Program) deploymentMove(on onDeployment) *cobra.Command {
	var ask movement
	command := &cobra.Command{
		Use:   "move [ORDER…] --to BUILD",
		Short: "In an emergency, move running orders to another version",
		Long: "Move running orders to another version: those that are named, or with --from all that run on a version. Meant for emergencies:\n" +
			"a version with a defect, or one that has lost its workers. The other version must make of an order's history what the first\n" +
			"made of it. Where it does not, the order stands still, unharmed, until it is moved back.",
		Example: `  starter deployment move onramp/inv-42 offramp/wd-7 --to v2
  starter deployment move --from v1 --to v2`,
	}
	flags := command.Flags()
	flags.StringVar(&ask.from, "from", "", "move all orders that run on this `build`")
	flags.StringVar(&ask.to, "to", "", "`build` to move orders to")
	workersTimeout(command, &ask.timeout)
	command.RunE = func(cmd *cobra.Command, args []string) error {
		if err := ask.check(cmd, args); err != nil {
			return err
		}
		return on(func(ctx context.Context, c *Connection, d *deployment, args []string) error {
			return p.move(ctx, c, d, ask, args)
		})(cmd, args)
	}
	return command
}

func (m movement) check(cmd *cobra.Command, orders []string) error {
	switch {
	case m.to == "":
		return misused(cmd, "--to is missing")
	case m.from == m.to:
		return misused(cmd, "--from and --to must be different")
	case (m.from == "") == (len(orders) == 0):
		return misused(cmd, "name either orders or the version that all move --from")
	default:
		return nil
	}
}

// moveView is what was moved, as JSON has it.
type moveView struct {
	To    string   `json:"to"`
	Moved []string `json:"moved"`
}

func (p *Program) move(ctx context.Context, c *Connection, d *deployment, ask movement, names []string) error {
	if err := p.awaitWorkers(ctx, d, ask.to, ask.timeout); err != nil {
		return err
	}
	orders, err := d.toMove(ctx, c.Orders, ask.from, names)
	if err != nil {
		return err
	}
	done := moveView{To: ask.to, Moved: []string{}}
	for _, order := range orders {
		moved, err := d.move(ctx, order, ask.to)
		if err == nil && !moved && ask.from == "" {
			err = errors.New("it is not there, or has ended")
		}
		if err != nil {
			return fmt.Errorf("moved %d of %d orders to %s, but not %s: %w", len(done.Moved), len(orders), ask.to, order, err)
		}
		if moved {
			done.Moved = append(done.Moved, order)
		}
	}
	if p.output.json {
		return writeJSON(p.Stdout, done)
	}
	p.screen().Linef("Orders moved to %s: %d. Had ended meanwhile: %d.", ask.to, len(done.Moved), len(orders)-len(done.Moved))
	return nil
}

// toMove are the workflow ids of the orders that are named, or of all on a version.
func (d *deployment) toMove(ctx context.Context, orders Orders, from string, names []string) ([]string, error) {
	if from != "" {
		return d.list(ctx, from)
	}
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

func (d *deployment) list(ctx context.Context, build string) ([]string, error) {
	var ids []string
	request := &workflowservice.ListWorkflowExecutionsRequest{Query: d.running(build)}
	for {
		page, err := d.temporal.ListWorkflow(ctx, request)
		if err != nil {
			return nil, err
		}
		for _, execution := range page.GetExecutions() {
			ids = append(ids, execution.GetExecution().GetWorkflowId())
		}
		if request.NextPageToken = page.GetNextPageToken(); len(request.NextPageToken) == 0 {
			return ids, nil
		}
	}
}

// move pins an order to a version, and reports false if it has ended.
func (d *deployment) move(ctx context.Context, order, build string) (bool, error) {
	_, err := d.temporal.UpdateWorkflowExecutionOptions(ctx, client.UpdateWorkflowExecutionOptionsRequest{
		WorkflowId: order,
		WorkflowExecutionOptionsChanges: client.WorkflowExecutionOptionsChanges{
			VersioningOverride: &client.VersioningOverrideChange{
				Value: &client.PinnedVersioningOverride{Version: d.named(build)},
			},
		},
	})
	var over *serviceerror.NotFound
	if errors.As(err, &over) {
		return false, nil
	}
	return err == nil, err
}
