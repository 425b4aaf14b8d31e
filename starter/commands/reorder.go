package commands

import (
	"context"

	"github.com/spf13/cobra"

	"rampart/ramp"
)

func (p *Program) reorder() *cobra.Command {
	var request ramp.ReorderRequest
	var how starting
	cmd := &cobra.Command{
		Use:   "reorder ORDER --reference NEW-REFERENCE [--amount INR] [--utr UTR]",
		Short: "Start a new order in place of one that expired or was cancelled after the user had paid",
		Long: "Start an on-ramp order like one that expired or was cancelled, with the UTR of the payment that was made for it.\n" +
			"Without --utr it is the UTR that the old order has.\n\n" +
			"An order that the provider cancelled needs --amount: it cancels orders for which another amount was paid, and the\n" +
			"new one is for the amount that was paid. An order that expired is for the same amount without it.",
		Example: "  starter reorder inv-42 --reference inv-42-b --utr 412345678901  # expired before its UTR was there\n" +
			"  starter reorder inv-43 --reference inv-43-b --amount 900.00       # cancelled: ₹900 was paid",
		Args:              arguments("ORDER"),
		ValidArgsFunction: p.completeOrder,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := requireReference(request.NewReference); err != nil {
				return err
			}
			var err error
			if request.Reference, err = referenceOf(cmd, ramp.Onramp, args[0]); err != nil {
				return err
			}
			return p.run(func(ctx context.Context, s *Session, _ []string) error {
				id := ramp.ID{Direction: ramp.Onramp, Reference: request.NewReference}
				return p.start(ctx, s, id, how, func(ctx context.Context) (*ramp.Order, error) {
					order, err := s.Orders.Reorder(ctx, request)
					return order, invalid(err, reorderFields())
				})
			})(cmd, args)
		},
	}
	cmd.Flags().StringVar(&request.NewReference, "reference", "", "your own `id` for the new order")
	cmd.Flags().StringVar(&request.Amount, "amount", "", "what the user has paid, in `INR`, such as 900.00")
	cmd.Flags().StringVar(&request.UTR, "utr", "", "`UTR` of the payment, if the old order has none")
	how.register(cmd.Flags())
	return cmd
}

func reorderFields() map[string]string {
	return map[string]string{"amount": "--amount", "utr": "--utr"}
}

func requireReference(reference string) error {
	problem := ramp.ValidateReference(reference)
	if problem == nil {
		return nil
	}
	return invalid(&ramp.Error{
		Type:    ramp.InvalidRequest,
		Message: "the new order needs a reference",
		Fields:  []ramp.FieldError{{Field: "reference", Problem: problem.Error()}},
	}, sharedFields())
}
