package commands

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"rampart/ramp"
	"rampart/starter/connection"
)

const (
	// completionTimeout bounds how long a shell waits for completions.
	completionTimeout = 2 * time.Second
	// maxCompletions is the largest number of references that a shell offers.
	maxCompletions = 20
)

// completeOrder completes the argument ORDER with the references of running orders.
func (p *Program) completeOrder(cmd *cobra.Command, args []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 || prefix != "" && ramp.ValidateReference(prefix) != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTimeout)
	defer cancel()
	c, err := p.connect(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	defer c.Close()
	var found []cobra.Completion
	for order, err := range c.Search(ctx, ramp.Filter{}, both(running, referencesFrom(prefix))) {
		if err != nil || len(found) == maxCompletions {
			break
		}
		if order.Reference == "" {
			continue // a workflow with the type of an order but another id
		}
		found = append(found, cobra.CompletionWithDesc(order.Reference, string(order.Direction)+", "+string(order.Status)))
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

// completeProfile completes --context with the profiles of Temporal's configuration file.
func (p *Program) completeProfile(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	names, err := connection.Profiles(p.Environment)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// oneOf completes a flag that accepts one of a set of values.
func oneOf(cmd *cobra.Command, flag string, values ...string) {
	complete(cmd, flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

// complete registers the completion of a flag. The error, for a flag that does not exist, only costs its completion.
func complete(cmd *cobra.Command, flag string, completion cobra.CompletionFunc) {
	_ = cmd.RegisterFlagCompletionFunc(flag, completion)
}
