package commands

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/spf13/cobra"
	"go.temporal.io/api/serviceerror"

	"rampart/ramp"
	"rampart/starter/explain"
)

const (
	// troubled chooses the orders that ask for a person themselves, and those that ended without a result.
	troubled = `RampAttention = true OR ExecutionStatus IN ("Failed", "Terminated", "TimedOut", "Canceled")`
	// reported chooses the orders that workers fail to continue, on servers that report it.
	reported = "TemporalReportedProblems"
)

// trouble is an order that somebody must look at, as JSON has it.
type trouble struct {
	Reference  string            `json:"reference"`
	Direction  ramp.Direction    `json:"direction"`
	WorkflowID string            `json:"workflowId"`
	Workflow   string            `json:"workflow"`
	Status     ramp.Status       `json:"status"`
	Problems   []explain.Problem `json:"problems"`
}

func (p *Program) attention() *cobra.Command {
	var since timeFlag
	limit := 20
	cmd := &cobra.Command{
		Use:   "attention",
		Short: "Show the orders that a person must look at: why, since when, and what helps",
		Long: "Show the orders that a person must look at: those that ask for it, those that ended without a result, and those that workers\n" +
			"fail to continue; why, since when, and what to do. That no worker runs at all is said first; that none of one version\n" +
			"does, explain tells of each order.",
		Args: arguments(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if limit < 1 {
				return misused(cmd, "--limit must be at least 1")
			}
			return p.run(func(ctx context.Context, s *Session, _ []string) error {
				filter := ramp.Filter{StartedAfter: since.before(p.Now())}
				return p.printTroubles(ctx, s, filter, limit)
			})(cmd, args)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.Var(&since, "since", sinceUsage)
	flags.IntVar(&limit, "limit", limit, "at most this `many`")
	return cmd
}

func (p *Program) printTroubles(ctx context.Context, s *Session, filter ramp.Filter, limit int) error {
	all, more, err := p.troubles(ctx, s, filter, limit)
	if err != nil {
		return err
	}
	if p.output.json {
		return writeJSON(p.Stdout, documents(all))
	}
	screen := p.screen()
	away, err := explain.WorkersAway(ctx, s.Temporal, p.Now())
	if err != nil {
		return err
	}
	if away {
		screen.Line("No worker runs: no order goes on until one does. Messages are kept until then.")
	}
	if len(all) == 0 {
		screen.Line("No order needs a person.")
		return nil
	}
	for i, told := range all {
		if i > 0 {
			screen.Blank()
		}
		screen.Trouble(told, p.desk(false))
	}
	if more {
		screen.Line(fmt.Sprintf("There are more; --limit %d shows them.", limit*5))
	}
	return nil
}

// troubles looks into the orders that the visibility store names. It is a moment behind, so that some may be well again.
func (p *Program) troubles(ctx context.Context, s *Session, filter ramp.Filter, limit int) ([]*explain.Explanation, bool, error) {
	var all []*explain.Explanation
	for order, err := range suspects(ctx, s, filter) {
		if err != nil {
			return nil, false, err
		}
		if len(all) == limit {
			return all, true, nil
		}
		evidence, err := explain.Gather(ctx, s.Temporal, s.Orders, ramp.ID{Direction: order.Direction, Reference: order.Reference}, p.Now())
		if ramp.IsError(err, ramp.NotFound) {
			continue // its retention has just ended
		}
		if err != nil {
			return nil, false, err
		}
		if told := evidence.Explain(s.Reader); told.NeedsAttention() {
			all = append(all, told)
		}
	}
	return all, false, nil
}

// suspects yields the orders that somebody may have to look at. A server that does not know of failing workers is asked for the
// others.
func suspects(ctx context.Context, s *Session, filter ramp.Filter) iter.Seq2[ramp.Summary, error] {
	return func(yield func(ramp.Summary, error) bool) {
		for order, err := range s.Search(ctx, filter, troubled+" OR "+reported+" IS NOT NULL") {
			var invalid *serviceerror.InvalidArgument
			if errors.As(err, &invalid) && strings.Contains(invalid.Message, reported) {
				s.Search(ctx, filter, troubled)(yield)
				return
			}
			if !yield(order, err) {
				return
			}
		}
	}
}

func documents(all []*explain.Explanation) []trouble {
	found := []trouble{}
	for _, told := range all {
		found = append(found, trouble{told.Reference, told.Direction, told.WorkflowID, told.Workflow, told.Status, told.Problems})
	}
	return found
}
