package commands

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

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
	Reference  string         `json:"reference"`
	Direction  ramp.Direction `json:"direction"`
	WorkflowID string         `json:"workflowId"`
	RunID      string         `json:"runId"`
	Workflow   string         `json:"workflow"`
	Status     ramp.Status    `json:"status"`
	// Ended is the error of a run that never was an order, with --all.
	Ended    ramp.ErrorType    `json:"ended,omitempty"`
	Problems []explain.Problem `json:"problems"`
}

// inspection is what attention is asked for.
type inspection struct {
	since sinceFlag
	limit int
	// all is set to see refused requests too.
	all bool
}

func (p *Program) attention() *cobra.Command {
	var ask inspection
	cmd := &cobra.Command{
		Use:   "attention",
		Short: "Show the orders that a person must look at: why, since when, and what helps",
		Long: "Show the orders that a person must look at: those that ask for it, those that ended without a result, those that workers\n" +
			"fail to continue, and workflows that were meant as orders and hang; why, since when, and what to do. That no worker runs\n" +
			"at all is said first; that none of one version does, explain tells of each order.\n\n" +
			"A request that was refused, such as an invalid one or one whose reference was taken, is its sender's to mend: --all shows\n" +
			"those too.",
		Example: `  starter attention
  starter attention --all --since 24h`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if ask.limit < 1 {
				return misused(cmd, "--limit must be at least 1")
			}
			return p.run(func(ctx context.Context, s *Connection, _ []string) error {
				return p.printTroubles(ctx, s, &ask)
			})(cmd, args)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&ask.all, "all", false, "requests that were refused too, which need nobody here")
	flags.Var(&ask.since, "since", sinceUsage)
	flags.IntVar(&ask.limit, "limit", 20, "at most this `many`")
	return cmd
}

func (p *Program) printTroubles(ctx context.Context, s *Connection, ask *inspection) error {
	all, more, err := p.troubles(ctx, s, ask)
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
		screen.Line(fmt.Sprintf("There are more; --limit %d shows them.", ask.limit*5))
	}
	return nil
}

// troubles looks into the workflows that the visibility store names. It is a moment behind, so that some may be well again.
func (p *Program) troubles(ctx context.Context, s *Connection, ask *inspection) ([]*explain.Explanation, bool, error) {
	var all []*explain.Explanation
	seen := make(map[string]bool)
	for suspect, err := range suspects(ctx, s, ask.since.notBefore(p.Now()), ask.all) {
		if err != nil {
			return nil, false, err
		}
		if seen[suspect.RunID] {
			continue // chosen for two reasons
		}
		seen[suspect.RunID] = true
		told, err := p.inspect(ctx, s, suspect, ask.all)
		switch {
		case err != nil:
			return nil, false, err
		case told == nil:
		case len(all) == ask.limit:
			return all, true, nil
		default:
			all = append(all, told)
		}
	}
	return all, false, nil
}

// inspect explains a run that somebody may have to look at; nil if nobody must.
func (p *Program) inspect(ctx context.Context, s *Connection, suspect ramp.Summary, refusedToo bool) (*explain.Explanation, error) {
	evidence, err := explain.Gather(ctx, s.Temporal, s.Orders, suspect.WorkflowID, suspect.RunID, p.Now())
	if ramp.IsError(err, ramp.NotFound) {
		return nil, nil // its retention has just ended
	}
	if err != nil {
		return nil, err
	}
	told := evidence.Explain(s.Reader)
	switch {
	case told.Ended != "" && refusedToo:
		return told, nil
	case !told.NeedsAttention():
		return nil, nil
	case told.Reference == "", told.ClosedAt.IsZero():
		return told, nil
	}
	// What ended without a result may have been started again, and then that is the order.
	_, order, err := explain.Find(ctx, s.Temporal, s.Orders, s.Reader, ramp.ID{Direction: told.Direction, Reference: told.Reference})
	if err != nil || order != told.RunID {
		return nil, err
	}
	return told, nil
}

// suspects yields the runs that somebody may have to look at. A server that does not know of failing workers is asked for the
// others.
func suspects(ctx context.Context, s *Connection, since time.Time, refusedToo bool) iter.Seq2[ramp.Summary, error] {
	hanging := running
	if refusedToo {
		hanging = ""
	}
	return func(yield func(ramp.Summary, error) bool) {
		for stray, err := range s.Strays(ctx, both(hanging, startedAfter(since))) {
			if !yield(stray, err) {
				return
			}
		}
		filter := ramp.Filter{StartedAfter: since}
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
		found = append(found, trouble{told.Reference, told.Direction, told.WorkflowID, told.RunID, told.Workflow, told.Status, told.Ended, told.Problems})
	}
	return found
}
