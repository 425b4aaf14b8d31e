package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"rampart/ramp"
)

// listing is what list is asked for.
type listing struct {
	direction string
	statuses  []string
	filter    ramp.Filter
	limit     int
}

func (p *Program) list() *cobra.Command {
	var ask listing
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List orders, the newest first",
		Long:  "List orders, the newest first. The list is what Temporal's visibility store knows, a moment behind the orders themselves.",
		Example: `  starter list --attention
  starter list --direction onramp --status awaiting_payment,verifying_payment --limit 100`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, args []string) error {
			filter, err := ask.parse(cmd)
			if err != nil {
				return err
			}
			return p.run(func(ctx context.Context, s *Session, _ []string) error {
				return p.printList(ctx, s, filter, ask.limit)
			})(cmd, args)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringSliceVar(&ask.statuses, "status", nil, "only orders in one of these `statuses`")
	flags.StringVar(&ask.direction, "direction", "", "only `onramp` or offramp orders")
	flags.StringVar(&ask.filter.Token, "token", "", "only orders of this token `symbol`")
	flags.StringVar(&ask.filter.OrderID, "order-id", "", "only the order with this `id` of the provider's")
	flags.BoolVar(&ask.filter.Attention, "attention", false, "only orders that a person must look at")
	flags.IntVar(&ask.limit, "limit", 20, "at most this `many`")
	return cmd
}

// parse checks the conditions, so that a mistyped one does not look like an empty list.
func (l *listing) parse(cmd *cobra.Command) (ramp.Filter, error) {
	filter := l.filter
	switch ramp.Direction(l.direction) {
	case "", ramp.Onramp, ramp.Offramp:
		filter.Direction = ramp.Direction(l.direction)
	default:
		return filter, misused(cmd, "--direction must be onramp or offramp")
	}
	for _, text := range l.statuses {
		status := ramp.Status(text)
		if !slices.Contains(ramp.Statuses(), status) {
			return filter, misused(cmd, "--status must be of "+statusNames())
		}
		filter.Statuses = append(filter.Statuses, status)
	}
	if l.limit < 1 {
		return filter, misused(cmd, "--limit must be at least 1")
	}
	return filter, nil
}

func statusNames() string {
	var names []string
	for _, status := range ramp.Statuses() {
		names = append(names, string(status))
	}
	return strings.Join(names, ", ")
}

func (p *Program) printList(ctx context.Context, s *Session, filter ramp.Filter, limit int) error {
	orders := []ramp.Summary{}
	more := false
	for order, err := range s.Orders.List(ctx, filter) {
		if err != nil {
			return err
		}
		if len(orders) == limit {
			more = true
			break
		}
		orders = append(orders, order)
	}
	if p.output.json {
		return writeJSON(p.Stdout, orders)
	}
	screen := p.screen()
	if len(orders) == 0 {
		screen.Line("No orders.")
		return nil
	}
	screen.List(orders)
	if more {
		screen.Line(fmt.Sprintf("There are more; --limit %d shows them.", limit*5))
	}
	return nil
}
