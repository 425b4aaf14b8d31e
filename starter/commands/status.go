package commands

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"

	"rampart/ramp"
	"rampart/starter/explain"
	"rampart/starter/view"
)

func (p *Program) status() *cobra.Command {
	var qr bool
	var run runFlag
	command := p.showCommand(&cobra.Command{
		Use:   "status ORDER",
		Short: "Show the state of an order: its status, what it waits for, its history",
		Long: "Show the state of an order: its status, what it waits for and from whom, the user's next step, and its history. The state is\n" +
			"read from the order's worker; explain also works without one.",
		Example: `  starter status inv-42
  starter status onramp/inv-42 -o json`,
	}, &run, func(ctx context.Context, c *Connection, candidates []ramp.ID) error {
		order, err := only(candidates, func(id ramp.ID) (*ramp.Order, error) { return get(ctx, c, id, string(run)) })
		if err != nil {
			return err
		}
		return p.showOrder(order, qr, (*view.Screen).Order)
	})
	qrFlag(command.Flags(), &qr)
	return command
}

func (p *Program) explain() *cobra.Command {
	var run runFlag
	return p.showCommand(&cobra.Command{
		Use:   "explain ORDER",
		Short: "Explain an order: its full history, what it waits for, what is wrong, what to do",
		Long: "Explain an order from its workflow history: everything that happened, including the calls to the provider and their failures;\n" +
			"what the order waits for, from whom and until when; what is wrong, and what to do. It needs no worker, and also explains\n" +
			"orders whose worker is gone, cannot continue them, or ended them without a result.\n\n" +
			"A reference that was started more than once has several runs, of which one is the order. The others are listed; --run selects one.",
		Example: `  starter explain inv-42
  starter explain onramp/inv-42 --run 01a21b16-1ce7-71f8-b21c-6a3425a6bffe`,
	}, &run, func(ctx context.Context, c *Connection, candidates []ramp.ID) error {
		explanation, err := p.explanation(ctx, c, candidates, string(run))
		if err != nil {
			return err
		}
		if p.output.json {
			return writeJSON(p.Stdout, explanation)
		}
		p.screen().Explanation(explanation, p.viewOptions(false))
		return nil
	})
}

// showCommand completes a command that shows the order, or the run of it, that its argument and --run name.
func (p *Program) showCommand(
	command *cobra.Command, run *runFlag, show func(context.Context, *Connection, []ramp.ID) error,
) *cobra.Command {
	run.register(command.Flags())
	command.Args = arguments("ORDER")
	command.ValidArgsFunction = p.completeOrder
	command.RunE = func(cmd *cobra.Command, args []string) error {
		candidates, err := parseOrder(args[0])
		if err != nil {
			return err
		}
		return p.run(func(ctx context.Context, c *Connection, _ []string) error {
			return show(ctx, c, candidates)
		})(cmd, args)
	}
	return command
}

// explanation explains the candidate that exists. If no candidate is an order, it explains the run that was refused.
func (p *Program) explanation(ctx context.Context, c *Connection, candidates []ramp.ID, run string) (*explain.Explanation, error) {
	var refused []*explain.Explanation
	order, err := only(candidates, func(id ramp.ID) (*explain.Explanation, error) {
		snapshot, err := p.snapshot(ctx, c, id, run)
		if err != nil {
			return nil, err
		}
		explanation := snapshot.Explain(c.Reader)
		if explanation.Ended != "" {
			refused = append(refused, explanation)
			return nil, &ramp.Error{Type: ramp.NotFound, Reference: id.Reference}
		}
		return explanation, nil
	})
	if !ramp.IsError(err, ramp.NotFound) || len(refused) == 0 {
		return order, err
	}
	return refused[0], unambiguous(candidates[0].Reference, len(refused))
}

// snapshot reads a run of a reference or, for an empty run, the run that is the order.
func (p *Program) snapshot(ctx context.Context, c *Connection, id ramp.ID, run string) (*explain.Snapshot, error) {
	runs, order, err := explain.Find(ctx, c.Temporal, c.Orders, c.Reader, id)
	if err != nil {
		return nil, err
	}
	snapshot, err := explain.TakeSnapshot(ctx, c.Temporal, c.Orders, id.Direction.WorkflowID(id.Reference), cmp.Or(run, order), p.Now())
	if err != nil {
		return nil, err
	}
	snapshot.Runs = runs
	return snapshot, nil
}
