package commands

import (
	"context"
	"time"

	"github.com/spf13/cobra"
)

func (p *Program) watch() *cobra.Command {
	var timeout time.Duration
	var qr bool
	cmd := &cobra.Command{
		Use:   "watch ORDER",
		Short: "Follow an order until it is over",
		Long: "Follow an order until it is over, and print what happens to it as it happens. On a terminal a line at the bottom shows\n" +
			"how long the order has been there, or how long the user has left. With -o json each change is a JSON document on a\n" +
			"line of its own.",
		Args:              arguments("ORDER"),
		ValidArgsFunction: p.completeOrder,
		RunE: p.run(func(ctx context.Context, s *Session, args []string) error {
			if timeout > 0 {
				limited, cancel := context.WithTimeout(ctx, timeout)
				defer cancel()
				ctx = limited
			}
			id, err := identify(ctx, s.Orders, args[0])
			if err != nil {
				return err
			}
			return p.follow(ctx, s, id, qr)
		}),
	}
	cmd.Flags().DurationVar(&timeout, "timeout", 0, "how long to watch; the order goes on all the same (default: to its end)")
	cmd.Flags().BoolVar(&qr, "qr", false, "draw the payment's QR code even where there is no terminal")
	return cmd
}
