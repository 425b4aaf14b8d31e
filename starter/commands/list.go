package commands

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"rampart/ramp"
)

// listQuery selects the orders to list.
type listQuery struct {
	direction string
	statuses  []string
	reference string
	running   bool
	since     sinceFlag
	filter    ramp.Filter
	limit     int
	page      int
}

func (p *Program) list() *cobra.Command {
	var query listQuery
	command := &cobra.Command{
		Use:   "list",
		Short: "List orders",
		Long: "List orders: running ones first, then ended ones, each from newest to oldest. The list comes from Temporal's visibility store,\n" +
			"which lags a moment behind the orders themselves. Workflows that were meant as orders but are none, because of their type,\n" +
			"id or task queue, are listed last; the command attention says what to do about them.",
		Example: `  starter list --attention
  starter list --direction onramp --status awaiting_payment,verifying_payment --since 3h
  starter list --reference inv-2026 --limit 100 --page 2`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := query.validate(cmd); err != nil {
				return err
			}
			return p.run(func(ctx context.Context, c *Connection, _ []string) error {
				return p.printList(ctx, c, &query)
			})(cmd, args)
		},
	}
	query.register(command)
	return command
}

func (q *listQuery) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringSliceVar(&q.statuses, "status", nil, "only orders in one of these `statuses`, separated by commas")
	flags.StringVar(&q.direction, "direction", "", "only orders of this `direction`: onramp or offramp")
	flags.StringVar(&q.filter.Token, "token", "", "only orders of the token with this `symbol`")
	flags.StringVar(&q.reference, "reference", "", "only orders whose reference begins with this `prefix`")
	flags.StringVar(&q.filter.OrderID, "order-id", "", "only the order with this `id` at the provider")
	flags.BoolVar(&q.filter.Attention, "attention", false, "only orders that need a person; the command attention also shows why")
	flags.BoolVar(&q.running, "running", false, "only orders that have not ended")
	flags.Var(&q.since, "since", sinceUsage)
	flags.IntVar(&q.limit, "limit", 20, "maximum `number` of orders on a page")
	flags.IntVar(&q.page, "page", 1, "`number` of the page to show")
	oneOf(cmd, "status", strings.Split(statusNames(), ", ")...)
	oneOf(cmd, "direction", string(ramp.Onramp), string(ramp.Offramp))
}

// validate checks the values of the flags, so that a mistyped one does not look like an empty list, and completes the filter.
func (q *listQuery) validate(cmd *cobra.Command) error {
	switch ramp.Direction(q.direction) {
	case "", ramp.Onramp, ramp.Offramp:
		q.filter.Direction = ramp.Direction(q.direction)
	default:
		return misused(cmd, "--direction must be onramp or offramp")
	}
	for _, text := range q.statuses {
		status := ramp.Status(text)
		if !slices.Contains(ramp.Statuses(), status) {
			return misused(cmd, "--status must be one or more of "+statusNames())
		}
		q.filter.Statuses = append(q.filter.Statuses, status)
	}
	switch {
	case q.reference != "" && ramp.ValidateReference(q.reference) != nil:
		return misused(cmd, "--reference must be a reference or the beginning of one")
	case q.limit < 1:
		return misused(cmd, "--limit must be at least 1")
	case q.page < 1:
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

func (p *Program) printList(ctx context.Context, c *Connection, query *listQuery) error {
	query.filter.StartedAfter = query.since.notBefore(p.Now())
	orders, more, err := query.find(ctx, c)
	if err != nil {
		return err
	}
	if p.output.json {
		return writeJSON(p.Stdout, orders)
	}
	screen := p.screen()
	switch {
	case len(orders) == 0 && query.page > 1:
		screen.Line("No more orders.")
	case len(orders) == 0:
		screen.Line("No orders.")
	default:
		screen.List(orders)
	}
	if more {
		screen.Line(fmt.Sprintf("There are more orders: --page %d shows the next page.", query.page+1))
	}
	return nil
}

// find returns the orders on the page, and whether there is another page.
func (q *listQuery) find(ctx context.Context, c *Connection) (orders []ramp.Summary, more bool, err error) {
	orders = []ramp.Summary{}
	skip := (q.page - 1) * q.limit
	for order, err := range q.all(ctx, c) {
		switch {
		case err != nil:
			return nil, false, err
		case skip > 0:
			skip--
		case len(orders) == q.limit:
			return orders, true, nil
		default:
			orders = append(orders, order)
		}
	}
	return orders, false, nil
}

// all yields the orders that match, followed by the strays that match unless the query is for a property that only orders have. A stray that
// has the type of an order is yielded among the orders, and not again.
func (q *listQuery) all(ctx context.Context, c *Connection) iter.Seq2[ramp.Summary, error] {
	return func(yield func(ramp.Summary, error) bool) {
		condition := referencesFrom(q.reference)
		if q.running {
			condition = both(running, condition)
		}
		for order, err := range c.Search(ctx, q.filter, condition) {
			if !yield(order, err) {
				return
			}
		}
		if q.onlyOrders() {
			return
		}
		for stray, err := range c.Strays(ctx, both(startedAfter(q.filter.StartedAfter), condition)) {
			if isOrder := stray.WorkflowType == ramp.OnrampWorkflow || stray.WorkflowType == ramp.OfframpWorkflow; err == nil && isOrder {
				continue
			}
			if !yield(stray, err) {
				return
			}
		}
	}
}

// onlyOrders reports whether the query is for a property that only orders have.
func (q *listQuery) onlyOrders() bool {
	f := q.filter
	return f.Direction != "" || len(f.Statuses) > 0 || f.Token != "" || f.OrderID != "" || f.Attention
}
