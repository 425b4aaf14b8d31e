package commands

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"rampart/ramp"
)

func (p *Program) submitUTR() *cobra.Command {
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "submit-utr ORDER UTR",
		Short: "Submit the UTR of an on-ramp order's payment",
		Long: "Submit the UTR of an on-ramp order's payment, and wait until the provider has taken or refused it.\n\n" +
			"The provider takes any UTR of the right form. Until it has found the payment, another UTR takes the place of a\n" +
			"mistyped one.",
		Args:              arguments("ORDER", "UTR"),
		ValidArgsFunction: p.completeOrder,
		RunE: func(cmd *cobra.Command, args []string) error {
			reference, err := referenceOf(cmd, ramp.Onramp, args[0])
			if err != nil {
				return err
			}
			return p.run(func(ctx context.Context, s *Session, args []string) error {
				return p.tell(ctx, timeout, "Submitting the UTR", func(ctx context.Context) (*ramp.Order, error) {
					return s.Orders.SubmitUTR(ctx, reference, args[1])
				})
			})(cmd, args)
		},
	}
	timeoutFlag(cmd.Flags(), &timeout)
	return cmd
}
