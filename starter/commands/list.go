package commands

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"rampart/ramp"
)

// Conditions in Temporal's list filter language, for what ramp.Filter has no word.
const running = `ExecutionStatus = "Running"`

// referencesFrom chooses the orders whose references begin so.
func referencesFrom(prefix string) string {
	if prefix == "" {
		return ""
	}
	return fmt.Sprintf("WorkflowId STARTS_WITH %q OR WorkflowId STARTS_WITH %q",
		ramp.Onramp.WorkflowID(prefix), ramp.Offramp.WorkflowID(prefix))
}

// startedAfter chooses the workflows that are younger than this; all of them for no time.
func startedAfter(since time.Time) string {
	if since.IsZero() {
		return ""
	}
	return fmt.Sprintf("StartTime > %q", since.UTC().Format(time.RFC3339))
}

// both chooses what two conditions choose.
func both(one, other string) string {
	if one == "" || other == "" {
		return one + other
	}
	return "(" + one + ") AND (" + other + ")"
}

// listing is what list is asked for.
type listing struct {
	direction string
	statuses  []string
	reference string
	running   bool
	since     timeFlag
	filter    ramp.Filter
	limit     int
	page      int
}

func (p *Program) list() *cobra.Command {
	var ask listing
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List orders, the newest first",
		Long: "List orders, those that run first, then those that have ended, the newest first. The list is what Temporal's visibility store\n" +
			"knows, a moment behind the orders themselves. Workflows that were meant as orders and are none, for their type or id, come\n" +
			"last; \"attention\" tells what helps against those that hang.",
		Example: `  starter list --attention
  starter list --direction onramp --status awaiting_payment,verifying_payment --since 3h
  starter list --reference inv-2026 --limit 100 --page 2`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := ask.parse(cmd); err != nil {
				return err
			}
			return p.run(func(ctx context.Context, s *Session, _ []string) error {
				return p.printList(ctx, s, &ask)
			})(cmd, args)
		},
	}
	ask.flags(cmd)
	return cmd
}

func (l *listing) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringSliceVar(&l.statuses, "status", nil, "only orders in one of these `statuses`")
	flags.StringVar(&l.direction, "direction", "", "only `onramp` or offramp orders")
	flags.StringVar(&l.filter.Token, "token", "", "only orders of this token `symbol`")
	flags.StringVar(&l.reference, "reference", "", "only orders whose reference begins with this `text`")
	flags.StringVar(&l.filter.OrderID, "order-id", "", "only the order with this `id` of the provider's")
	flags.BoolVar(&l.filter.Attention, "attention", false, "only orders that ask for a person; \"attention\" also tells why")
	flags.BoolVar(&l.running, "running", false, "only orders that are not over")
	flags.Var(&l.since, "since", sinceUsage)
	flags.IntVar(&l.limit, "limit", 20, "at most this `many`")
	flags.IntVar(&l.page, "page", 1, "the `number` of the page, of --limit orders each")
	oneOf(cmd, "status", strings.Split(statusNames(), ", ")...)
	oneOf(cmd, "direction", string(ramp.Onramp), string(ramp.Offramp))
}

// parse checks the conditions, so that a mistyped one does not look like an empty list.
func (l *listing) parse(cmd *cobra.Command) error {
	switch ramp.Direction(l.direction) {
	case "", ramp.Onramp, ramp.Offramp:
		l.filter.Direction = ramp.Direction(l.direction)
	default:
		return misused(cmd, "--direction must be onramp or offramp")
	}
	for _, text := range l.statuses {
		status := ramp.Status(text)
		if !slices.Contains(ramp.Statuses(), status) {
			return misused(cmd, "--status must be of "+statusNames())
		}
		l.filter.Statuses = append(l.filter.Statuses, status)
	}
	switch {
	case l.reference != "" && ramp.ValidateReference(l.reference) != nil:
		return misused(cmd, "--reference must be a reference, or the beginning of one")
	case l.limit < 1:
		return misused(cmd, "--limit must be at least 1")
	case l.page < 1:
		return misused(cmd, "--page must be at least 1")
	}
	return nil
}

func statusNames() string {
	var names []string
	for _, status := range ramp.Statuses() {
		names = append(names, string(status))
	}
	return strings.Join(names, ", ")
}

func (p *Program) printList(ctx context.Context, s *Session, ask *listing) error {
	ask.filter.StartedAfter = ask.since.before(p.Now())
	orders, more, err := ask.find(ctx, s)
	if err != nil {
		return err
	}
	if p.output.json {
		return writeJSON(p.Stdout, orders)
	}
	screen := p.screen()
	switch {
	case len(orders) == 0 && ask.page > 1:
		screen.Line("No more orders.")
	case len(orders) == 0:
		screen.Line("No orders.")
	default:
		screen.List(orders)
	}
	if more {
		screen.Line(fmt.Sprintf("There are more; --page %d shows the next.", ask.page+1))
	}
	return nil
}

// find returns the orders of the page that is asked for, and whether there is another.
func (l *listing) find(ctx context.Context, s *Session) (orders []ramp.Summary, more bool, err error) {
	orders = []ramp.Summary{}
	skip := (l.page - 1) * l.limit
	for order, err := range l.all(ctx, s) {
		switch {
		case err != nil:
			return nil, false, err
		case skip > 0:
			skip--
		case len(orders) == l.limit:
			return orders, true, nil
		default:
			orders = append(orders, order)
		}
	}
	return orders, false, nil
}

// all yields the orders that are asked for, and then what was meant as one, unless something is asked for that only orders have. What is
// listed as an order, by its type, is not listed twice.
func (l *listing) all(ctx context.Context, s *Session) iter.Seq2[ramp.Summary, error] {
	return func(yield func(ramp.Summary, error) bool) {
		condition := referencesFrom(l.reference)
		if l.running {
			condition = both(running, condition)
		}
		for order, err := range s.Search(ctx, l.filter, condition) {
			if !yield(order, err) {
				return
			}
		}
		if !l.anyOrder() {
			return
		}
		for stray, err := range s.Strays(ctx, both(startedAfter(l.filter.StartedAfter), condition)) {
			if isOrder := stray.WorkflowType == ramp.OnrampWorkflow || stray.WorkflowType == ramp.OfframpWorkflow; err == nil && isOrder {
				continue
			}
			if !yield(stray, err) {
				return
			}
		}
	}
}

// anyOrder reports whether nothing is asked for that only orders have.
func (l *listing) anyOrder() bool {
	f := l.filter
	return f.Direction == "" && len(f.Statuses) == 0 && f.Token == "" && f.OrderID == "" && !f.Attention
}
