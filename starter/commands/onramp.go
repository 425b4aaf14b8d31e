package commands

import (
	"context"

	"github.com/spf13/cobra"

	"rampart/ramp"
)

const onrampExample = `  starter onramp --file order.json --watch
  starter onramp --reference inv-42 --email asha@example.test --amount 1000.00 \
    --token USDC --token-address 0x3c499c542cef5e3811e1192ce70d8cc03d5c3359 --chain-id 137 \
    --wallet 0x1111111111111111111111111111111111111111 \
    --method INR_UPI --upi-id asha@okbank --upi-name 'Asha Rao'`

// onrampForm is an on-ramp request as the command line gives it.
type onrampForm struct {
	shared
	request ramp.OnrampRequest
	upi     ramp.UPIAccount
	file    string
}

func (p *Program) onramp() *cobra.Command {
	var form onrampForm
	var how starting
	cmd := &cobra.Command{
		Use:   "onramp (--file FILE | --reference … --email … --amount … …)",
		Short: "Start an order to buy a token with INR, and print how to pay",
		Long: "Start an order to buy a token with INR, and print how to pay: once there is something for the user to do, or\n" +
			"follow the order to its end with --watch. An order that exists already is shown as it is.\n\n" +
			"Flags can be seen by other users of this machine: --file keeps names and accounts from them.",
		Example: onrampExample,
		Args:    arguments(),
		RunE: func(cmd *cobra.Command, args []string) error {
			request, err := p.onrampRequest(cmd, form)
			if err != nil {
				return err
			}
			return p.run(func(ctx context.Context, s *Session, _ []string) error {
				id := ramp.ID{Direction: ramp.Onramp, Reference: request.Reference}
				return p.start(ctx, s, id, how, func(ctx context.Context) (*ramp.Order, error) {
					return s.Orders.StartOnramp(ctx, request)
				})
			})(cmd, args)
		},
	}
	form.register(cmd)
	how.register(cmd.Flags())
	return cmd
}

func (f *onrampForm) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.file, "file", "", "the request as JSON, from a `file` or - for standard input, instead of by flags")
	flags.StringVar(&f.request.Reference, "reference", "", "your own `id` for the order")
	flags.StringVar(&f.request.Email, "email", "", "user's e-mail `address`, by which the provider knows them")
	flags.StringVar(&f.request.Fiat.Amount, "amount", "", "what the user pays, in `INR`, such as 1000.00")
	tokenFlags(flags, &f.request.Token)
	flags.StringVar(&f.request.WalletAddress, "wallet", "", "`address` that receives the token")
	flags.StringVar((*string)(&f.request.PaymentMethod), "method", "", "`how` the user pays: INR_UPI, INR_IMPS or INR_NEFT")
	upiFlags(flags, &f.upi)
	f.shared.register(flags)
	flags.StringVar(&f.quote.MinReceived, "min-received", "", "the least the user will take, in `tokens`")
	flags.StringVar(&f.quote.MaxPaid, "max-paid", "", "the most the user will pay, in `INR`")
	flags.StringVar(&f.request.UTR, "utr", "", "`UTR` of a payment made for an order that fell through; see also reorder")
}

// onrampRequest reads and validates the request, before there is a connection.
func (p *Program) onrampRequest(cmd *cobra.Command, form onrampForm) (ramp.OnrampRequest, error) {
	fields := onrampFields()
	if form.file != "" {
		var request ramp.OnrampRequest
		if err := onlyFile(cmd, fields); err != nil {
			return request, err
		}
		if err := p.readFile(form.file, &request); err != nil {
			return request, err
		}
		return request, invalid(request.Validate(), nil)
	}
	request, err := form.build()
	if err != nil {
		return request, misused(cmd, err.Error())
	}
	return request, invalid(request.Validate(), fields)
}

// build puts the request together from its flags.
func (f *onrampForm) build() (ramp.OnrampRequest, error) {
	request := f.request
	request.Fiat.Currency = ramp.INR
	request.UPI = given(f.upi)
	request.Bank = given(f.bank)
	request.KYC = given(f.kyc)
	request.Quote = given(f.quote)
	var err error
	request.Metadata, err = entries(f.metadata)
	return request, err
}

func onrampFields() map[string]string {
	fields := sharedFields()
	fields["fiat.amount"] = "--amount"
	fields["walletAddress"] = "--wallet"
	fields["paymentMethod"] = "--method"
	fields["upi"] = "--upi-id, --upi-name"
	fields["upi.id"] = "--upi-id"
	fields["upi.name"] = "--upi-name"
	fields["utr"] = "--utr"
	return fields
}
