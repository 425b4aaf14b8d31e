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
	// needsPerson matches orders that need attention, and orders that ended without a result.
	needsPerson = `RampAttention = true OR ExecutionStatus IN ("Failed", "Terminated", "TimedOut", "Canceled")`
	// reportedProblems is the search attribute of workflows that workers fail to continue. Older servers do not have it.
	reportedProblems = "TemporalReportedProblems"
)

// attentionDocument is an order that needs a person, as JSON.
type attentionDocument struct {
	Reference  string         `json:"reference"`
	Direction  ramp.Direction `json:"direction"`
	WorkflowID string         `json:"workflowId"`
	RunID      string         `json:"runId"`
	Workflow   string         `json:"workflow"`
	Status     ramp.Status    `json:"status"`
	// Ended is the error of a refused request, which only --all shows.
	Ended    ramp.ErrorType    `json:"ended,omitempty"`
	Problems []explain.Problem `json:"problems"`
}

// attentionQuery selects the orders to show.
type attentionQuery struct {
	since sinceFlag
	limit int
	// all also selects refused requests.
	all bool
}

func (p *Program) attention() *cobra.Command {
	var query attentionQuery
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
			if query.limit < 1 {
				return misused(cmd, "--limit must be at least 1")
			}
			return p.run(func(ctx context.Context, c *Connection, _ []string) error {
				return p.printAttention(ctx, c, &query)
			})(cmd, args)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&query.all, "all", false, "also show refused requests")
	flags.Var(&query.since, "since", sinceUsage)
	flags.IntVar(&query.limit, "limit", 20, "maximum `number` of orders to show")
	return cmd
}

func (p *Program) printAttention(ctx context.Context, c *Connection, query *attentionQuery) error {
	all, more, err := p.needingAttention(ctx, c, query)
	if err != nil {
		return err
	}
	if p.output.json {
		return writeJSON(p.Stdout, documents(all))
	}
	screen := p.screen()
	away, err := explain.WorkersAway(ctx, c.Temporal, p.Now())
	if err != nil {
		return err
	}
	if away {
		screen.Line("No worker runs: no order makes progress until one does. Temporal keeps signals until then.")
	}
	if len(all) == 0 {
		screen.Line("No order needs a person.")
		return nil
	}
	for i, explanation := range all {
		if i > 0 {
			screen.Blank()
		}
		screen.Attention(explanation, p.viewOptions(false))
	}
	if more {
		screen.Line(fmt.Sprintf("There are more orders: --limit %d shows more of them.", query.limit*5))
	}
	return nil
}

// needingAttention returns the explanations of the orders that need a person, up to the limit, and whether there are more. It reads each
// candidate's history, because the visibility store lags behind.
func (p *Program) needingAttention(ctx context.Context, c *Connection, query *attentionQuery) ([]*explain.Explanation, bool, error) {
	var all []*explain.Explanation
	seen := make(map[string]bool)
	for candidate, err := range attentionCandidates(ctx, c, query.since.notBefore(p.Now()), query.all) {
		if err != nil {
			return nil, false, err
		}
		if seen[candidate.RunID] {
			continue // matched by two queries
		}
		seen[candidate.RunID] = true
		explanation, err := p.explainCandidate(ctx, c, candidate, query.all)
		switch {
		case err != nil:
			return nil, false, err
		case explanation == nil:
		case len(all) == query.limit:
			return all, true, nil
		default:
			all = append(all, explanation)
		}
	}
	return all, false, nil
}

// explainCandidate explains a run, or returns nil if it does not need a person.
func (p *Program) explainCandidate(ctx context.Context, c *Connection, candidate ramp.Summary, withRefused bool) (*explain.Explanation, error) {
	snapshot, err := explain.TakeSnapshot(ctx, c.Temporal, c.Orders, candidate.WorkflowID, candidate.RunID, p.Now())
	if ramp.IsError(err, ramp.NotFound) {
		return nil, nil // its retention ended in the meantime
	}
	if err != nil {
		return nil, err
	}
	explanation := snapshot.Explain(c.Reader)
	switch {
	case explanation.Ended != "" && withRefused:
		return explanation, nil
	case !explanation.NeedsAttention():
		return nil, nil
	case explanation.Reference == "", explanation.ClosedAt.IsZero():
		return explanation, nil
	}
	// An order whose run ended without a result may have been started again; then the newer run is the order.
	_, order, err := explain.Find(ctx, c.Temporal, c.Orders, c.Reader, ramp.ID{Direction: explanation.Direction, Reference: explanation.Reference})
	if err != nil || order != explanation.RunID {
		return nil, err
	}
	return explanation, nil
}

// attentionCandidates yields the runs that may need a person. On a server without reportedProblems, it leaves out those that workers fail to
// continue.
func attentionCandidates(ctx context.Context, c *Connection, since time.Time, withRefused bool) iter.Seq2[ramp.Summary, error] {
	state := running
	if withRefused {
		state = ""
	}
	return func(yield func(ramp.Summary, error) bool) {
		for stray, err := range c.Strays(ctx, both(state, startedAfter(since))) {
			if !yield(stray, err) {
				return
			}
		}
		filter := ramp.Filter{StartedAfter: since}
		for order, err := range c.Search(ctx, filter, needsPerson+" OR "+reportedProblems+" IS NOT NULL") {
			var invalid *serviceerror.InvalidArgument
			if errors.As(err, &invalid) && strings.Contains(invalid.Message, reportedProblems) {
				c.Search(ctx, filter, needsPerson)(yield)
				return
			}
			if !yield(order, err) {
				return
			}
		}
	}
}

func documents(all []*explain.Explanation) []attentionDocument {
	found := []attentionDocument{}
	for _, e := range all {
		found = append(found, attentionDocument{e.Reference, e.Direction, e.WorkflowID, e.RunID, e.Workflow, e.Status, e.Ended, e.Problems})
	}
	return found
}
