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
	// troubled matches orders that need attention, and orders that ended without a result.
	troubled = `RampAttention = true OR ExecutionStatus IN ("Failed", "Terminated", "TimedOut", "Canceled")`
	// reported is the search attribute of orders that workers fail to continue, on servers that set it.
	reported = "TemporalReportedProblems"
)

// trouble is an order that needs a person, as JSON.
type trouble struct {
	Reference  string         `json:"reference"`
	Direction  ramp.Direction `json:"direction"`
	WorkflowID string         `json:"workflowId"`
	RunID      string         `json:"runId"`
	Workflow   string         `json:"workflow"`
	Status     ramp.Status    `json:"status"`
	// Ended is the error of a refused run, which only --all shows.
	Ended    ramp.ErrorType    `json:"ended,omitempty"`
	Problems []explain.Problem `json:"problems"`
}

// inspection holds the flags of attention.
type inspection struct {
	since sinceFlag
	limit int
	// all also selects refused requests.
	all bool
}

func (p *Program) attention() *cobra.Command {
	var ask inspection
	cmd := &cobra.Command{
		Use:   "attention",
		Short: "Show the orders that need a person: why, since when, and what to do",
		Long: "Show the orders that need a person: orders that need attention, orders that ended without a result, orders that workers fail to\n" +
			"continue, and running workflows that were meant as orders but are none; each with the reason, since when, and what to do. If no\n" +
			"worker runs at all, the command says so first; explain reports an order whose version has no workers.\n\n" +
			"Refused requests, such as an invalid one or one whose reference was taken, are left out, because their sender must correct them.\n" +
			"--all shows them too.",
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
	flags.BoolVar(&ask.all, "all", false, "also show refused requests")
	flags.Var(&ask.since, "since", sinceUsage)
	flags.IntVar(&ask.limit, "limit", 20, "maximum `number` of orders to show")
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
		screen.Line("No worker runs: no order makes progress until one does. Signals are kept until then.")
	}
	if len(all) == 0 {
		screen.Line("No order needs a person.")
		return nil
	}
	for i, told := range all {
		if i > 0 {
			screen.Blank()
		}
		screen.Attention(told, p.viewOptions(false))
	}
	if more {
		screen.Line(fmt.Sprintf("There are more orders: --limit %d shows more of them.", ask.limit*5))
	}
	return nil
}

// troubles explains the suspects that still need a person: the visibility store lags a moment behind.
func (p *Program) troubles(ctx context.Context, s *Connection, ask *inspection) ([]*explain.Explanation, bool, error) {
	var all []*explain.Explanation
	seen := make(map[string]bool)
	for suspect, err := range suspects(ctx, s, ask.since.notBefore(p.Now()), ask.all) {
		if err != nil {
			return nil, false, err
		}
		if seen[suspect.RunID] {
			continue // matched by two queries
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

// inspect explains a suspect, or returns nil if it needs nobody.
func (p *Program) inspect(ctx context.Context, s *Connection, suspect ramp.Summary, refusedToo bool) (*explain.Explanation, error) {
	evidence, err := explain.TakeSnapshot(ctx, s.Temporal, s.Orders, suspect.WorkflowID, suspect.RunID, p.Now())
	if ramp.IsError(err, ramp.NotFound) {
		return nil, nil // its retention has ended in the meantime
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
	// A run that ended without a result may have been started again; then the newer run is the order.
	_, order, err := explain.Find(ctx, s.Temporal, s.Orders, s.Reader, ramp.ID{Direction: told.Direction, Reference: told.Reference})
	if err != nil || order != told.RunID {
		return nil, err
	}
	return told, nil
}

// suspects yields the runs that may need a person. On a server that does not report failing workers, it yields the others.
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
