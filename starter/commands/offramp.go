package commands

import (
	"context"

	"github.com/spf13/cobra"

	"rampart/ramp"
)

const offrampExample = `  starter offramp --file order.json --watch
  starter offramp --reference wd-7 --email asha@example.test --amount 100.00 \
    --token USDC --token-address 0x3c499c542cef5e3811e1192ce70d8cc03d5c3359 --chain-id 137 \
    --sender-wallet 0x3333333333333333333333333333333333333333 \
    --refund-wallet 0x3333333333333333333333333333333333333333 \
    --account-name 'Asha Rao' --account-number 50100000004821 --ifsc HDFC0001234 --pan ABCPE1234F`

// offrampForm is an off-ramp request as the command line gives it.
type offrampForm struct {
	shared
	request ramp.OfframpRequest
	file    string
}

func (p *Program) offramp() *cobra.Command {
	var form offrampForm
	var how starting
	cmd := &cobra.Command{
		Use:   "offramp (--file FILE | --reference … --email … --amount … …)",
		Short: "Start an order to sell a token for INR, and print where to send it",
		Long: "Start an order to sell a token for INR, and print where to send it: once there is something for the user to do, or\n" +
			"follow the order to its end with --watch. An order that exists already is shown as it is.\n\n" +
			"Flags can be seen by other users of this machine: --file keeps names and accounts from them.",
		Example: offrampExample,
		Args:    arguments(),
		RunE: func(cmd *cobra.Command, args []string) error {
			request, err := p.offrampRequest(cmd, form)
			if err != nil {
				return err
			}
			return p.run(func(ctx context.Context, s *Session, _ []string) error {
				id := ramp.ID{Direction: ramp.Offramp, Reference: request.Reference}
				return p.start(ctx, s, id, how, func(ctx context.Context) (*ramp.Order, error) {
					return s.Orders.StartOfframp(ctx, request)
				})
			})(cmd, args)
		},
	}
	form.register(cmd)
	how.register(cmd.Flags())
	return cmd
}

func (f *offrampForm) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.file, "file", "", "the request as JSON, from a `file` or - for standard input, instead of by flags")
	flags.StringVar(&f.request.Reference, "reference", "", "your own `id` for the order")
	flags.StringVar(&f.request.Email, "email", "", "user's e-mail `address`, by which the provider knows them")
	flags.StringVar(&f.request.TokenAmount, "amount", "", "what the user sends, in `tokens`, such as 100.00")
	flags.StringVar(&f.request.Fiat.Amount, "payout", "", "what the user receives, in `INR`, instead of --amount")
	tokenFlags(flags, &f.request.Token)
	flags.StringVar(&f.request.SenderWallet, "sender-wallet", "", "`address` that the token comes from")
	flags.StringVar(&f.request.RefundWallet, "refund-wallet", "", "`address` that a refund goes to")
	f.shared.register(flags)
	flags.StringVar(&f.quote.MinReceived, "min-received", "", "the least the user will take, in `INR`")
	flags.StringVar(&f.quote.MaxPaid, "max-paid", "", "the most the user will pay, in `tokens`")
	flags.StringVar(&f.request.TransactionHash, "hash", "", "transaction `hash` of a transfer already made for this order")
}

// offrampRequest reads and validates the request, before there is a connection.
func (p *Program) offrampRequest(cmd *cobra.Command, form offrampForm) (ramp.OfframpRequest, error) {
	fields := offrampFields()
	if form.file != "" {
		var request ramp.OfframpRequest
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
func (f *offrampForm) build() (ramp.OfframpRequest, error) {
	request := f.request
	request.Fiat.Currency = ramp.INR
	request.Bank = given(f.bank)
	request.KYC = given(f.kyc)
	request.Quote = given(f.quote)
	var err error
	request.Metadata, err = entries(f.metadata)
	return request, err
}

func offrampFields() map[string]string {
	fields := sharedFields()
	fields["tokenAmount"] = "--amount"
	fields["fiat.amount"] = "--payout"
	fields["senderWallet"] = "--sender-wallet"
	fields["refundWallet"] = "--refund-wallet"
	fields["transactionHash"] = "--hash"
	return fields
}
