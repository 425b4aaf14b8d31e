package commands

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"rampart/ramp"
)

func (p *Program) cancel() *cobra.Command {
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "cancel ORDER",
		Short: "Cancel an order that is not paid yet",
		Long: "Cancel an order, and wait until it is cancelled. Once the provider has a proof of payment the order can no longer be\n" +
			"cancelled, and the error says so.",
		Args:              arguments("ORDER"),
		ValidArgsFunction: p.completeOrder,
		RunE: p.run(func(ctx context.Context, s *Session, args []string) error {
			id, err := identify(ctx, s.Orders, args[0])
			if err != nil {
				return err
			}
			return p.tell(ctx, timeout, "Cancelling the order", func(ctx context.Context) (*ramp.Order, error) {
				return s.Orders.Cancel(ctx, id)
			})
		}),
	}
	timeoutFlag(cmd.Flags(), &timeout)
	return cmd
}
