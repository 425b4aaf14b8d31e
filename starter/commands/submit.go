package commands

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"rampart/ramp"
	"rampart/starter/view"
)

// submitCall submits something to an order and returns the order after it was accepted.
type submitCall func(context.Context, Orders, ramp.ID) (*ramp.Order, error)

// submitCommand completes a command whose first argument is the order to submit something to. direction is that of the orders that accept
// it, or empty for both. prepare reads and validates the other arguments before a connection is opened. progress is shown while the command
// waits.
func (p *Program) submitCommand(
	command *cobra.Command, direction ramp.Direction, progress string, prepare func(args []string) (submitCall, error),
) *cobra.Command {
	var timeout time.Duration
	timeoutFlag(command.Flags(), &timeout)
	command.ValidArgsFunction = p.completeOrder
	command.RunE = func(cmd *cobra.Command, args []string) error {
		candidates, err := candidates(command, direction, args[0])
		if err != nil {
			return err
		}
		submit, err := prepare(args[1:])
		if err != nil {
			return err
		}
		return p.run(func(ctx context.Context, c *Connection, _ []string) error {
			id, err := choose(ctx, c.Orders, candidates)
			if err != nil {
				return err
			}
			order, err := await(ctx, p, timeout, progress, func(ctx context.Context) (*ramp.Order, error) {
				return submit(ctx, c.Orders, id)
			})
			if err != nil {
				return err
			}
			return p.showOrder(order, false, (*view.Screen).Started)
		})(cmd, args)
	}
	return command
}

func (p *Program) submitUTR() *cobra.Command {
	return p.submitCommand(&cobra.Command{
		Use:   "submit-utr ORDER UTR",
		Short: "Submit the UTR of the payment for an on-ramp order",
		Long: "Submit the UTR of the payment for an on-ramp order, and wait until the provider accepts or refuses it.\n\n" +
			"The provider accepts any well-formed UTR and looks for the payment afterwards. To correct a mistyped UTR, submit the right\n" +
			"one: it replaces the first until the provider has found the payment.",
		Example: "  starter submit-utr inv-42 412345678901",
		Args:    arguments("ORDER", "UTR"),
	}, ramp.Onramp, "Submitting the UTR", func(args []string) (submitCall, error) {
		return func(ctx context.Context, orders Orders, id ramp.ID) (*ramp.Order, error) {
			return orders.SubmitUTR(ctx, id.Reference, args[0])
		}, nil
	})
}

func (p *Program) submitHash() *cobra.Command {
	return p.submitCommand(&cobra.Command{
		Use:   "submit-hash ORDER TRANSACTION-HASH",
		Short: "Submit the hash of the token transfer for an off-ramp order",
		Long: "Submit the transaction hash of the token transfer for an off-ramp order, and wait until the provider accepts or refuses it.\n\n" +
			"To correct a mistyped hash, or after the transaction was replaced on the chain, submit the right one: it replaces the first\n" +
			"until the provider has found the transfer.",
		Example: "  starter submit-hash wd-7 0xd1a9f3c5b7e2840616f0c2b9d8a7e6f5c4b3a2918070605f4e3d2c1b0a998877",
		Args:    arguments("ORDER", "TRANSACTION-HASH"),
	}, ramp.Offramp, "Submitting the transaction hash", func(args []string) (submitCall, error) {
		return func(ctx context.Context, orders Orders, id ramp.ID) (*ramp.Order, error) {
			return orders.SubmitTransactionHash(ctx, id.Reference, args[0])
		}, nil
	})
}

func (p *Program) submitKYC() *cobra.Command {
	return p.submitCommand(&cobra.Command{
		Use:   "submit-kyc ORDER DOSSIER-URL",
		Short: "Submit the user's KYC dossier to an order",
		Long: "Submit the URL of the user's KYC dossier, a prefix in a blob store that the worker can read, and wait until the provider\n" +
			"has received or refused the dossier.",
		Example: "  starter submit-kyc onramp/inv-42 file:///var/lib/rampart/kyc/asha",
		Args:    arguments("ORDER", "DOSSIER-URL"),
	}, "", "Submitting the KYC dossier", func(args []string) (submitCall, error) {
		dossier := ramp.KYCSubmission{Dossier: ramp.Dossier(args[0])}
		if err := dossier.Validate(); err != nil {
			return nil, invalid(err, map[string]string{"dossier": "DOSSIER-URL"})
		}
		return func(ctx context.Context, orders Orders, id ramp.ID) (*ramp.Order, error) {
			return orders.SubmitKYC(ctx, id, string(dossier.Dossier))
		}, nil
	})
}

func (p *Program) submitAccount() *cobra.Command {
	command := &cobra.Command{
		Use:   "submit-account ORDER (--file FILE | --upi-id … | --account-number … …)",
		Short: "Submit another account of the user to an order",
		Long: "Submit another account of the user to an order, and wait until the provider has linked or refused it. An order that is paid\n" +
			"by UPI needs a VPA, every other order a bank account.\n\n" +
			"Other users of this machine can see the flags of a running command. Use --file to keep names and accounts private.",
		Example: `  starter submit-account onramp/inv-42 --upi-id asha@okbank --upi-name 'Asha Rao'
  echo '{"upi": {"id": "asha@okbank", "name": "Asha Rao"}}' | starter submit-account onramp/inv-42 --file -`,
		Args: arguments("ORDER"),
	}
	var upi ramp.UPIAccount
	var bank ramp.BankAccount
	f := newRequestFlags(command, "account")
	f.upi(&upi)
	f.bank(&bank)
	build := func() (ramp.AccountSubmission, error) {
		return ramp.AccountSubmission{UPI: nonZero(upi), Bank: nonZero(bank)}, nil
	}
	return p.submitCommand(command, "", "Submitting the account", func([]string) (submitCall, error) {
		account, err := read(p, f, build, validAccount)
		return func(ctx context.Context, orders Orders, id ramp.ID) (*ramp.Order, error) {
			return orders.SubmitAccount(ctx, id, account)
		}, err
	})
}

// validAccount validates an account as the kind that it is. Whether the order needs this kind is decided by the order.
func validAccount(account *ramp.AccountSubmission) error {
	kind := ramp.AccountBank
	if account.UPI != nil {
		kind = ramp.AccountUPI
	}
	return account.Validate(kind)
}

func (p *Program) confirmQuote() *cobra.Command {
	return p.submitCommand(&cobra.Command{
		Use:   "confirm-quote ORDER QUOTE-ID",
		Short: "Confirm the quote of an order that was started with --confirm",
		Long: "Confirm the quote of an order that was started with --confirm. QUOTE-ID names the quote that the user saw; status shows it.\n" +
			"If the quote expires before the order is created, the order is created only at a price that is at least as good.",
		Example: "  starter confirm-quote inv-42 6501f3a2c9",
		Args:    arguments("ORDER", "QUOTE-ID"),
	}, "", "Confirming the quote", func(args []string) (submitCall, error) {
		return func(ctx context.Context, orders Orders, id ramp.ID) (*ramp.Order, error) {
			return orders.ConfirmQuote(ctx, id, args[0])
		}, nil
	})
}

func (p *Program) cancel() *cobra.Command {
	return p.submitCommand(&cobra.Command{
		Use:   "cancel ORDER",
		Short: "Cancel an order that is not paid yet",
		Long: "Cancel an order, and wait until it is cancelled. An order whose proof of payment the provider has accepted cannot be\n" +
			"cancelled; the command then fails and says so.",
		Example: "  starter cancel inv-42",
		Args:    arguments("ORDER"),
	}, "", "Cancelling the order", func([]string) (submitCall, error) {
		return func(ctx context.Context, orders Orders, id ramp.ID) (*ramp.Order, error) {
			return orders.Cancel(ctx, id)
		}, nil
	})
}
