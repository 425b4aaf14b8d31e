package commands

import (
	"context"

	"github.com/spf13/cobra"

	"rampart/starter/view"
)

func (p *Program) status() *cobra.Command {
	var qr bool
	var run runFlag
	cmd := &cobra.Command{
		Use:               "status ORDER",
		Short:             "Show an order: where it stands, what it waits for, and what has happened",
		Args:              arguments("ORDER"),
		ValidArgsFunction: p.completeOrder,
		RunE: p.run(func(ctx context.Context, s *Session, args []string) error {
			order, err := find(ctx, s, args[0], string(run))
			if err != nil {
				return err
			}
			return p.showOrder(order, qr, (*view.Screen).Card)
		}),
	}
	run.register(cmd.Flags())
	cmd.Flags().BoolVar(&qr, "qr", false, "draw the payment's QR code even where there is no terminal")
	return cmd
}
