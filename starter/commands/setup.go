package commands

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"rampart/ramp"
	"rampart/starter/setup"
)

// setupResult is the result of setup as JSON.
type setupResult struct {
	setup.SearchAttributesResult
	Created bool `json:"created"`
	// Retention is how long Temporal keeps an order after it has ended, such as 720h0m0s.
	Retention string `json:"retention"`
}

func (p *Program) setup() *cobra.Command {
	var retention time.Duration
	cmd := &cobra.Command{
		Use:   "setup",
		Short: "Prepare the namespace for orders: create it, set its retention, register search attributes",
		Long: "Prepare the namespace for orders: create it if it does not exist, set its retention, register the search attributes of orders,\n" +
			"and wait until orders can start. Everything that exists stays as it is; a search attribute of another type is an error. The\n" +
			"command can be repeated at any time. On Temporal Cloud, where namespaces and search attributes are managed with the console,\n" +
			"tcld or Terraform, it checks the namespace and reports what is missing.\n\n" +
			"The retention is how long Temporal keeps an order after it has ended. For as long, its reference cannot be used again.",
		Example: `  starter setup
  TEMPORAL_NAMESPACE=orders starter setup --retention 2160h`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if retention != 0 && retention < setup.MinRetention {
				return misused(cmd, "--retention must be at least 24h")
			}
			return p.connected(func(ctx context.Context, c *Connection, _ []string) error {
				return p.prepareNamespace(ctx, c, retention)
			})(cmd, args)
		},
	}
	cmd.Flags().DurationVar(&retention, "retention", 0,
		"how long to keep orders after they have ended, such as 720h (default: unchanged, or 720h for a new namespace)")
	return cmd
}

func (p *Program) prepareNamespace(ctx context.Context, c *Connection, retention time.Duration) error {
	namespace, err := await(ctx, p, 2*defaultTimeout, "Preparing the namespace", func(ctx context.Context) (setup.NamespaceResult, error) {
		return setup.EnsureNamespace(ctx, c.Namespaces, c.Visibility, c.Namespace, retention)
	})
	if err != nil {
		return err
	}
	attributes, err := await(ctx, p, 2*defaultTimeout, "Registering search attributes", func(ctx context.Context) (setup.SearchAttributesResult, error) {
		return setup.EnsureSearchAttributes(ctx, c.Operator, c.Visibility, c.Namespace)
	})
	if err != nil {
		return err
	}
	if p.output.json {
		return writeJSON(p.Stdout, setupResult{attributes, namespace.Created, namespace.Retention.String()})
	}
	p.printSetup(namespace, attributes)
	return nil
}

func (p *Program) printSetup(namespace setup.NamespaceResult, attributes setup.SearchAttributesResult) {
	screen := p.screen()
	line := func(name, value, change string) { screen.Linef("  %-16s %-11s %s", name, value, change) }
	retention := setup.Days(namespace.Retention)
	switch {
	case namespace.Created:
		line("Namespace", attributes.Namespace, "created")
		line("Retention", retention, "set")
	case namespace.Before != 0:
		line("Namespace", attributes.Namespace, "exists")
		line("Retention", retention, "set, was "+setup.Days(namespace.Before))
	default:
		line("Namespace", attributes.Namespace, "exists")
		line("Retention", retention, "unchanged")
	}
	types := ramp.SearchAttributeTypes()
	for _, name := range attributes.Existing {
		line(name, types[name].String(), "exists")
	}
	for _, name := range attributes.Added {
		line(name, types[name].String(), "added")
	}
	screen.Linef("Namespace %s is ready for orders.", attributes.Namespace)
}
