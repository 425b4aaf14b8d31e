package commands

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"rampart/ramp"
)

func (p *Program) submitHash() *cobra.Command {
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "submit-hash ORDER TRANSACTION-HASH",
		Short: "Submit the transfer of an off-ramp order's tokens",
		Long: "Submit the hash of the transfer of an off-ramp order's tokens, and wait until the provider has taken or refused it.\n\n" +
			"Until the provider has found the tokens, another hash takes the place of a mistyped one, or of one whose transaction\n" +
			"was replaced.",
		Args:              arguments("ORDER", "TRANSACTION-HASH"),
		ValidArgsFunction: p.completeOrder,
		RunE: func(cmd *cobra.Command, args []string) error {
			reference, err := referenceOf(cmd, ramp.Offramp, args[0])
			if err != nil {
				return err
			}
			return p.run(func(ctx context.Context, s *Session, args []string) error {
				return p.tell(ctx, timeout, "Submitting the transaction hash", func(ctx context.Context) (*ramp.Order, error) {
					return s.Orders.SubmitTransactionHash(ctx, reference, args[1])
				})
			})(cmd, args)
		},
	}
	timeoutFlag(cmd.Flags(), &timeout)
	return cmd
}
