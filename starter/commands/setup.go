package commands

import (
	"context"

	"github.com/spf13/cobra"

	"rampart/ramp"
	"rampart/starter/setup"
)

func (p *Program) setup() *cobra.Command {
	return &cobra.Command{
		Use:   "setup",
		Short: "Make the namespace ready for orders: register their search attributes",
		Long: "Register the search attributes of orders in the namespace, and wait until orders can start with them. What is there\n" +
			"already stays; one of another type is an error, and nothing is changed then.",
		Args: arguments(),
		RunE: p.run(func(ctx context.Context, s *Session, _ []string) error {
			result, err := await(ctx, p, 2*patience, "Registering search attributes", func(ctx context.Context) (setup.Result, error) {
				return setup.SearchAttributes(ctx, s.Operator, s.Visibility, s.Namespace)
			})
			if err != nil {
				return err
			}
			return p.printSetup(result)
		}),
	}
}

func (p *Program) printSetup(result setup.Result) error {
	if p.output.json {
		return writeJSON(p.Stdout, result)
	}
	screen := p.screen()
	types := ramp.SearchAttributeTypes()
	for _, name := range result.Existing {
		screen.Linef("  %-16s %-9s there already", name, types[name])
	}
	for _, name := range result.Added {
		screen.Linef("  %-16s %-9s added", name, types[name])
	}
	screen.Linef("Namespace %s is ready for orders.", result.Namespace)
	return nil
}
