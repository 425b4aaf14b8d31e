package commands

import (
	"context"

	"github.com/spf13/cobra"

	"rampart/ramp"
	"rampart/starter/explain"
)

func (p *Program) explain() *cobra.Command {
	return &cobra.Command{
		Use:   "explain ORDER",
		Short: "Tell an order's story: what happened, what is awaited and from whom, what is wrong, what to do",
		Long: "Tell an order's story from what Temporal keeps of it: all that has happened, in order, the calls to the provider with their\n" +
			"failures; what is awaited, from whom and until when; what is wrong, and what to do. It needs no worker, and tells of orders\n" +
			"whose worker is gone, cannot continue them, or has ended them without a result.",
		Args:              arguments("ORDER"),
		ValidArgsFunction: p.completeOrder,
		RunE: p.run(func(ctx context.Context, s *Session, args []string) error {
			told, err := p.explanation(ctx, s, args[0])
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
}

// explanation tells the story of the order that an argument names, by its workflow id, or by its reference alone where only
// one direction has it.
func (p *Program) explanation(ctx context.Context, s *Session, name string) (*explain.Explanation, error) {
	candidates, err := parse(name)
	if err != nil {
		return nil, err
	}
	var found []*explain.Evidence
	for _, id := range candidates {
		evidence, err := explain.Gather(ctx, s.Temporal, s.Orders, id, p.Now())
		if ramp.IsError(err, ramp.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found = append(found, evidence)
	}
	if err := unambiguous(candidates[0].Reference, len(found)); err != nil {
		return nil, err
	}
	return found[0].Explain(s.Reader), nil
}
