package commands

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"

	"rampart/ramp"
	"rampart/starter/explain"
)

func (p *Program) explain() *cobra.Command {
	var run runFlag
	cmd := &cobra.Command{
		Use:   "explain ORDER",
		Short: "Tell an order's story: what happened, what is awaited and from whom, what is wrong, what to do",
		Long: "Tell an order's story from what Temporal keeps of it: all that has happened, in order, the calls to the provider with their\n" +
			"failures; what is awaited, from whom and until when; what is wrong, and what to do. It needs no worker, and tells of orders\n" +
			"whose worker is gone, cannot continue them, or has ended them without a result.\n\n" +
			"A reference that was started again has several runs, of which one is the order. They are listed, and --run chooses another.",
		Args:              arguments("ORDER"),
		ValidArgsFunction: p.completeOrder,
		RunE: p.run(func(ctx context.Context, s *Session, args []string) error {
			told, err := p.explanation(ctx, s, args[0], string(run))
			if err != nil {
				return err
			}
			if p.output.json {
				return writeJSON(p.Stdout, told)
			}
			p.screen().Story(told, p.desk(false))
			return nil
		}),
	}
	run.register(cmd.Flags())
	return cmd
}

// explanation tells the story of the order that an argument names, by its workflow id, or by its reference alone where only
// one direction has it.
func (p *Program) explanation(ctx context.Context, s *Session, name, run string) (*explain.Explanation, error) {
	candidates, err := parse(name)
	if err != nil {
		return nil, err
	}
	var found, refused []*explain.Explanation
	for _, id := range candidates {
		evidence, err := p.evidence(ctx, s, id, run)
		if ramp.IsError(err, ramp.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if told := evidence.Explain(s.Reader); told.Ended == "" {
			found = append(found, told)
		} else {
			refused = append(refused, told)
		}
	}
	if len(found) == 0 {
		found = refused // there is no order, and still something to tell
	}
	if err := unambiguous(candidates[0].Reference, len(found)); err != nil {
		return nil, err
	}
	return found[0], nil
}

// evidence is what is known of a run of a reference, or of the one that is the order.
func (p *Program) evidence(ctx context.Context, s *Session, id ramp.ID, run string) (*explain.Evidence, error) {
	runs, order, err := explain.Find(ctx, s.Temporal, s.Orders, s.Reader, id)
	if err != nil {
		return nil, err
	}
	evidence, err := explain.Gather(ctx, s.Temporal, s.Orders, id.Direction.WorkflowID(id.Reference), cmp.Or(run, order), p.Now())
	if err != nil {
		return nil, err
	}
	evidence.Runs = runs
	return evidence, nil
}
