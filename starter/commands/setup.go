package commands

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"rampart/ramp"
	"rampart/starter/setup"
)

// readiness is what setup did, as JSON has it.
type readiness struct {
	setup.Result
	Created bool `json:"created"`
	// Retention is how long Temporal keeps orders that are over, such as 720h0m0s.
	Retention string `json:"retention"`
}

func (p *Program) setup() *cobra.Command {
	var retention time.Duration
	cmd := &cobra.Command{
		Use:   "setup",
		Short: "Make the namespace ready for orders: create it, set its retention, register search attributes",
		Long: "Create the namespace if it is not there, set how long it keeps orders that are over, register the search attributes of orders,\n" +
			"and wait until orders can start with them. What is there already stays; a search attribute of another type is an error.\n" +
			"Run it again at any time. On Temporal Cloud, where namespaces and search attributes are made by the console, tcld or\n" +
			"Terraform, it checks what is there and says what is missing.\n\n" +
			"A reference is taken for as long as Temporal keeps its order: for the retention after it was over.",
		Args: arguments(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if retention != 0 && retention < setup.LeastRetention {
				return misused(cmd, "--retention must be at least 24h")
			}
			return p.connected(func(ctx context.Context, c *Connection, _ []string) error {
				return p.makeReady(ctx, c, retention)
			})(cmd, args)
		},
	}
	cmd.Flags().DurationVar(&retention, "retention", 0,
		"how long orders that are over are kept, such as 720h (default: as it is; 720h for a namespace that is created)")
	return cmd
}

func (p *Program) makeReady(ctx context.Context, c *Connection, retention time.Duration) error {
	outcome, err := await(ctx, p, 2*defaultTimeout, "Looking at the namespace", func(ctx context.Context) (setup.Outcome, error) {
		return setup.Namespace(ctx, c.Namespaces, c.Visibility, c.Namespace, retention)
	})
	if err != nil {
		return err
	}
	result, err := await(ctx, p, 2*defaultTimeout, "Registering search attributes", func(ctx context.Context) (setup.Result, error) {
		return setup.SearchAttributes(ctx, c.Operator, c.Visibility, c.Namespace)
	})
	if err != nil {
		return err
	}
	if p.output.json {
		return writeJSON(p.Stdout, readiness{result, outcome.Created, outcome.Retention.String()})
	}
	p.printSetup(outcome, result)
	return nil
}

func (p *Program) printSetup(outcome setup.Outcome, result setup.Result) {
	screen := p.screen()
	kept := setup.Days(outcome.Retention)
	switch {
	case outcome.Created:
		screen.Linef("  %-16s %-9s created", "Namespace", result.Namespace)
		screen.Linef("  %-16s %-9s set", "Retention", kept)
	case outcome.Before != 0:
		screen.Linef("  %-16s %-9s there already", "Namespace", result.Namespace)
		screen.Linef("  %-16s %-9s set, was %s", "Retention", kept, setup.Days(outcome.Before))
	default:
		screen.Linef("  %-16s %-9s there already", "Namespace", result.Namespace)
		screen.Linef("  %-16s %-9s left as it is", "Retention", kept)
	}
	types := ramp.SearchAttributeTypes()
	for _, name := range result.Existing {
		screen.Linef("  %-16s %-9s there already", name, types[name])
	}
	for _, name := range result.Added {
		screen.Linef("  %-16s %-9s added", name, types[name])
	}
	screen.Linef("Namespace %s is ready for orders.", result.Namespace)
}
