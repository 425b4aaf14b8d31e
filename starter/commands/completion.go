package commands

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"rampart/ramp"
	"rampart/starter/connection"
)

const (
	// completing is how long a shell that completes a word may be kept waiting.
	completing = 2 * time.Second
	// mostCompletions is as many references as a person still reads.
	mostCompletions = 20
)

// completeOrder completes the reference of an order, from those that run.
func (p *Program) completeOrder(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 || begun != "" && ramp.ValidateReference(begun) != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completing)
	defer cancel()
	s, err := p.connect(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	defer s.Close()
	var found []cobra.Completion
	for order, err := range s.Search(ctx, ramp.Filter{}, both(running, referencesFrom(begun))) {
		if err != nil || len(found) == mostCompletions {
			break
		}
		if order.Reference == "" {
			continue // no order
		}
		found = append(found, cobra.CompletionWithDesc(order.Reference, string(order.Direction)+", "+string(order.Status)))
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

// completeProfile completes the name of a profile of Temporal's configuration file.
func (p *Program) completeProfile(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	names, err := connection.Profiles(p.Environment)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// oneOf completes a flag that takes one of some words.
func oneOf(cmd *cobra.Command, flag string, words ...string) {
	complete(cmd, flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

// complete completes a flag, which must exist: otherwise it is completed as any other.
func complete(cmd *cobra.Command, flag string, how cobra.CompletionFunc) {
	_ = cmd.RegisterFlagCompletionFunc(flag, how)
}
