package commands

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"rampart/ramp"
)

// accountForm is an account as the command line gives it.
type accountForm struct {
	upi  ramp.UPIAccount
	bank ramp.BankAccount
	file string
}

func (p *Program) submitAccount() *cobra.Command {
	var form accountForm
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "submit-account ORDER (--file FILE | --upi-id … | --account-number … …)",
		Short: "Give an order another account of the user",
		Long: "Give an order another account of the user, and wait until the provider has linked or refused it: a VPA where the\n" +
			"order is paid by UPI, a bank account for every other.\n\n" +
			"Flags can be seen by other users of this machine: --file keeps names and accounts from them.",
		Example: `  starter submit-account onramp/inv-42 --upi-id asha@okbank --upi-name 'Asha Rao'
  echo '{"upi": {"id": "asha@okbank", "name": "Asha Rao"}}' | starter submit-account onramp/inv-42 --file -`,
		Args:              arguments("ORDER"),
		ValidArgsFunction: p.completeOrder,
		RunE: func(cmd *cobra.Command, args []string) error {
			account, err := p.account(cmd, form)
			if err != nil {
				return err
			}
			return p.run(func(ctx context.Context, s *Session, args []string) error {
				id, err := identify(ctx, s.Orders, args[0])
				if err != nil {
					return err
				}
				return p.tell(ctx, timeout, "Linking the account", func(ctx context.Context) (*ramp.Order, error) {
					return s.Orders.SubmitAccount(ctx, id, account)
				})
			})(cmd, args)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&form.file, "file", "", "the account as JSON, from a `file` or - for standard input, instead of by flags")
	upiFlags(flags, &form.upi)
	bankFlags(flags, &form.bank)
	timeoutFlag(flags, &timeout)
	return cmd
}

// account reads and validates the account. Which kind the order needs only the order knows.
func (p *Program) account(cmd *cobra.Command, form accountForm) (ramp.AccountSubmission, error) {
	fields := accountFields()
	account := ramp.AccountSubmission{UPI: given(form.upi), Bank: given(form.bank)}
	if form.file != "" {
		if err := onlyFile(cmd, fields); err != nil {
			return account, err
		}
		if err := p.readFile(form.file, &account); err != nil {
			return account, err
		}
		fields = nil
	}
	kind := ramp.AccountBank
	if account.UPI != nil {
		kind = ramp.AccountUPI
	}
	return account, invalid(account.Validate(kind), fields)
}

func accountFields() map[string]string {
	return map[string]string{
		"upi":                "--upi-id, --upi-name",
		"upi.id":             "--upi-id",
		"upi.name":           "--upi-name",
		"bank":               "--account-name, --account-number, --ifsc",
		"bank.accountName":   "--account-name",
		"bank.accountNumber": "--account-number",
		"bank.ifsc":          "--ifsc",
		"bank.pan":           "--pan",
	}
}
