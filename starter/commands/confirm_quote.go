package commands

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"rampart/ramp"
)

func (p *Program) confirmQuote() *cobra.Command {
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "confirm-quote ORDER QUOTE-ID",
		Short: "Confirm the price of an order that waits for it",
		Long: "Confirm the price of an order that waits for it. The quote's id says which price the user saw; status shows it.\n" +
			"Should the quote be too old by then, the order is made only at a price that is no worse.",
		Args:              arguments("ORDER", "QUOTE-ID"),
		ValidArgsFunction: p.completeOrder,
		RunE: p.run(func(ctx context.Context, s *Session, args []string) error {
			id, err := identify(ctx, s.Orders, args[0])
			if err != nil {
				return err
			}
			return p.tell(ctx, timeout, "Confirming the quote", func(ctx context.Context) (*ramp.Order, error) {
				return s.Orders.ConfirmQuote(ctx, id, args[1])
			})
		}),
	}
	timeoutFlag(cmd.Flags(), &timeout)
	return cmd
}
