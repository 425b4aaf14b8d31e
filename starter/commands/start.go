package commands

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"rampart/ramp"
	"rampart/ramp/situation"
	"rampart/starter/view"
)

// startCall starts an order, or attaches to the one that already has the reference.
type startCall func(context.Context, Orders) (*ramp.Order, error)

// startCommand completes a command that starts an order. prepare reads and validates the arguments before a connection is opened. The
// command prints what the user must do, or with --watch follows the order until it ends.
func (p *Program) startCommand(
	command *cobra.Command, prepare func(args []string) (ramp.ID, startCall, error),
) *cobra.Command {
	var timeout time.Duration
	var watch, qr bool
	flags := command.Flags()
	timeoutFlag(flags, &timeout)
	flags.BoolVar(&watch, "watch", false, "follow the order until it ends")
	qrFlag(flags, &qr)
	command.RunE = func(cmd *cobra.Command, args []string) error {
		id, start, err := prepare(args)
		if err != nil {
			return err
		}
		return p.run(func(ctx context.Context, c *Connection, _ []string) error {
			startedAt := p.Now()
			order, err := await(ctx, p, timeout, "Starting order "+id.Reference, func(ctx context.Context) (*ramp.Order, error) {
				return start(ctx, c.Orders)
			})
			if watch && ctx.Err() == nil && (err == nil || ramp.IsError(err, ramp.NotReady)) {
				return p.follow(ctx, c, id, qr)
			}
			if err != nil {
				return err
			}
			if err := p.showOrder(order, qr, (*view.Screen).Started); err != nil {
				return err
			}
			p.noteExisting(order, startedAt)
			return ending(order)
		})(cmd, args)
	}
	return command
}

// clockSkew is the largest difference between this machine's clock and the worker's that does not make a new order look like an existing one.
const clockSkew = 5 * time.Second

// noteExisting tells the user when the reference belongs to an order that existed before the command.
func (p *Program) noteExisting(order *ramp.Order, startedAt time.Time) {
	if p.output.json || !order.CreatedAt.Before(startedAt.Add(-clockSkew)) {
		return
	}
	p.screen().Linef("No new order was started: this order exists since %s.", situation.Moment(order.CreatedAt))
}

func (p *Program) onramp() *cobra.Command {
	command := &cobra.Command{
		Use:   "onramp (--file FILE | --reference … --email … --amount … …)",
		Short: "Start an on-ramp order: the user pays INR and receives a token",
		Long: "Start an on-ramp order: the user pays INR and receives a token. The command returns as soon as the user can pay, and prints\n" +
			"how; with --watch it follows the order until it ends. If an order with the reference exists, the command shows that order\n" +
			"and starts no other.\n\n" +
			"Other users of this machine can see the flags of a running command. Use --file to keep names and accounts private.",
		Example: `  starter onramp --file order.json --watch
  starter onramp --reference inv-42 --email asha@example.test --amount 1000.00 \
    --token USDC --token-address 0x3c499c542cef5e3811e1192ce70d8cc03d5c3359 --chain-id 137 \
    --wallet 0x1111111111111111111111111111111111111111 \
    --method INR_UPI --upi-id asha@okbank --upi-name 'Asha Rao'`,
		Args: arguments(),
	}
	request := ramp.OnrampRequest{Fiat: ramp.Amount{Currency: ramp.INR}}
	var upi ramp.UPIAccount
	var parts optionalParts
	f := newRequestFlags(command, "request")
	f.text("reference", &request.Reference, "reference", "your own `id` for the order")
	f.text("email", (*string)(&request.Email), "email", "the user's e-mail `address`, which identifies the user at the provider")
	f.text("fiat.amount", &request.Fiat.Amount, "amount", "amount that the user pays, in `INR`, such as 1000.00")
	f.token(&request.Token)
	f.text("walletAddress", &request.WalletAddress, "wallet", "`address` that receives the token")
	f.text("paymentMethod", (*string)(&request.PaymentMethod), "method", "payment `method`: INR_UPI, INR_IMPS or INR_NEFT")
	f.upi(&upi)
	f.optional(&parts, "tokens", "INR")
	f.text("utr", (*string)(&request.UTR), "utr", "`UTR` of a payment that was made for an expired or cancelled order; see also reorder")
	build := func() (_ ramp.OnrampRequest, err error) {
		request := request
		request.UPI, request.Bank = nonZero(upi), nonZero(parts.bank)
		request.KYC, request.Quote = nonZero(parts.kyc), nonZero(parts.quote)
		request.Metadata, err = parseMetadata(parts.metadata)
		return request, err
	}
	return p.startCommand(command, func([]string) (ramp.ID, startCall, error) {
		request, err := read(p, f, build, (*ramp.OnrampRequest).Validate)
		return ramp.ID{Direction: ramp.Onramp, Reference: request.Reference}, func(ctx context.Context, orders Orders) (*ramp.Order, error) {
			return orders.StartOnramp(ctx, request)
		}, err
	})
}

func (p *Program) offramp() *cobra.Command {
	command := &cobra.Command{
		Use:   "offramp (--file FILE | --reference … --email … --amount … …)",
		Short: "Start an off-ramp order: the user sends a token and receives INR",
		Long: "Start an off-ramp order: the user sends a token and receives INR. The command returns as soon as the user can send the\n" +
			"token, and prints where to; with --watch it follows the order until it ends. If an order with the reference exists, the\n" +
			"command shows that order and starts no other.\n\n" +
			"Other users of this machine can see the flags of a running command. Use --file to keep names and accounts private.",
		Example: `  starter offramp --file order.json --watch
  starter offramp --reference wd-7 --email asha@example.test --amount 100.00 \
    --token USDC --token-address 0x3c499c542cef5e3811e1192ce70d8cc03d5c3359 --chain-id 137 \
    --sender-wallet 0x3333333333333333333333333333333333333333 \
    --refund-wallet 0x3333333333333333333333333333333333333333 \
    --account-name 'Asha Rao' --account-number 50100000004821 --ifsc HDFC0001234 --pan ABCPE1234F`,
		Args: arguments(),
	}
	request := ramp.OfframpRequest{Fiat: ramp.Amount{Currency: ramp.INR}}
	var parts optionalParts
	f := newRequestFlags(command, "request")
	f.text("reference", &request.Reference, "reference", "your own `id` for the order")
	f.text("email", (*string)(&request.Email), "email", "the user's e-mail `address`, which identifies the user at the provider")
	f.text("tokenAmount", &request.TokenAmount, "amount", "amount that the user sends, in `tokens`, such as 100.00")
	f.text("fiat.amount", &request.Fiat.Amount, "payout", "amount that the user receives, in `INR`, instead of --amount")
	f.token(&request.Token)
	f.text("senderWallet", &request.SenderWallet, "sender-wallet", "`address` that the user sends the token from")
	f.text("refundWallet", &request.RefundWallet, "refund-wallet", "`address` that a refund is sent to")
	f.optional(&parts, "INR", "tokens")
	f.text("transactionHash", &request.TransactionHash, "hash", "transaction `hash` of a transfer that was already made for this order")
	build := func() (_ ramp.OfframpRequest, err error) {
		request := request
		request.Bank, request.KYC, request.Quote = nonZero(parts.bank), nonZero(parts.kyc), nonZero(parts.quote)
		request.Metadata, err = parseMetadata(parts.metadata)
		return request, err
	}
	return p.startCommand(command, func([]string) (ramp.ID, startCall, error) {
		request, err := read(p, f, build, (*ramp.OfframpRequest).Validate)
		return ramp.ID{Direction: ramp.Offramp, Reference: request.Reference}, func(ctx context.Context, orders Orders) (*ramp.Order, error) {
			return orders.StartOfframp(ctx, request)
		}, err
	})
}

func (p *Program) reorder() *cobra.Command {
	command := &cobra.Command{
		Use:   "reorder ORDER --reference NEW-REFERENCE [--amount INR] [--utr UTR]",
		Short: "Start a new on-ramp order for a payment whose order expired or was cancelled",
		Long: "Start a new on-ramp order for a payment whose order expired or was cancelled. The new order copies the old one and submits\n" +
			"the UTR of the payment: the one given by --utr or else the one that the old order has.\n\n" +
			"If the provider cancelled the old order, --amount is required: the provider cancels an order when another amount was paid,\n" +
			"and the new order must be for the amount that was paid. For an expired order the default is the old order's amount.",
		Example: "  starter reorder inv-42 --reference inv-42-b --utr 412345678901  # expired before its UTR was submitted\n" +
			"  starter reorder inv-43 --reference inv-43-b --amount 900.00     # cancelled by the provider: ₹900 was paid",
		Args:              arguments("ORDER"),
		ValidArgsFunction: p.completeOrder,
	}
	var request ramp.ReorderRequest
	flags := command.Flags()
	flags.StringVar(&request.NewReference, "reference", "", "your own `id` for the new order")
	flags.StringVar(&request.Amount, "amount", "", "amount that the user paid, in `INR`, such as 900.00")
	flags.StringVar((*string)(&request.UTR), "utr", "", "`UTR` of the payment, if the old order has none")
	return p.startCommand(command, func(args []string) (id ramp.ID, start startCall, err error) {
		if err = validNewReference(request.NewReference); err != nil {
			return id, nil, err
		}
		if request.Reference, err = referenceOf(command, ramp.Onramp, args[0]); err != nil {
			return id, nil, err
		}
		return ramp.ID{Direction: ramp.Onramp, Reference: request.NewReference}, func(ctx context.Context, orders Orders) (*ramp.Order, error) {
			order, err := orders.Reorder(ctx, request)
			return order, invalid(err, map[string]string{"amount": "--amount", "utr": "--utr"})
		}, nil
	})
}

func validNewReference(reference string) error {
	problem := ramp.ValidateReference(reference)
	if problem == nil {
		return nil
	}
	return invalid(&ramp.Error{
		Type:    ramp.InvalidRequest,
		Message: "the new order needs a reference",
		Fields:  []ramp.FieldError{{Field: "reference", Problem: problem.Error()}},
	}, map[string]string{"reference": "--reference"})
}
