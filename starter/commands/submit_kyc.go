package commands

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"rampart/ramp"
)

func (p *Program) submitKYC() *cobra.Command {
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "submit-kyc ORDER DOSSIER-URL",
		Short: "Give an order the user's KYC dossier",
		Long: "Give an order the URL of the user's KYC dossier, a prefix in a blob store that the worker can read, and wait until\n" +
			"the provider has received or refused it.",
		Example:           "  starter submit-kyc onramp/inv-42 file:///var/lib/rampart/kyc/asha",
		Args:              arguments("ORDER", "DOSSIER-URL"),
		ValidArgsFunction: p.completeOrder,
		RunE: func(cmd *cobra.Command, args []string) error {
			submission := ramp.KYCSubmission{Dossier: args[1]}
			if err := submission.Validate(); err != nil {
				return invalid(err, map[string]string{"dossier": "DOSSIER-URL"})
			}
			return p.run(func(ctx context.Context, s *Session, args []string) error {
				id, err := identify(ctx, s.Orders, args[0])
				if err != nil {
					return err
				}
				return p.tell(ctx, timeout, "Submitting the dossier", func(ctx context.Context) (*ramp.Order, error) {
					return s.Orders.SubmitKYC(ctx, id, submission.Dossier)
				})
			})(cmd, args)
		},
	}
	timeoutFlag(cmd.Flags(), &timeout)
	return cmd
}
