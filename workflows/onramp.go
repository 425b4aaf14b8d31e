package workflows

import (
	"cmp"
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/ramp"
)

// Onramp runs one order that buys crypto with INR. Its input is a ramp.OnrampRequest and its result the order as it
// ended: an expired, cancelled, refunded or rejected order is a result too. It fails with InvalidRequest, or on a
// defect.
func Onramp(ctx workflow.Context, input converter.RawValue) (*ramp.Order, error) {
	o, err := setup(ctx, new(onramp), input)
	if err != nil {
		return nil, err
	}
	return o.run(ctx)
}

// onramp is what is particular to buying.
type onramp struct {
	request ramp.OnrampRequest
	// asked is the request as it came, and fingerprint is of it.
	asked       ramp.OnrampRequest
	fingerprint string
}

var _ flow = (*onramp)(nil)

func (r *onramp) read(input converter.RawValue) error {
	if err := decode(input, &r.request); err != nil {
		return err
	}
	invalid := r.request.Validate()
	if invalid != nil && !ramp.OnlyReserved(invalid) {
		return invalid
	}
	var err error
	r.asked = r.request
	r.fingerprint, err = r.request.Fingerprint()
	return cmp.Or(invalid, err)
}

func (r *onramp) reference() string { return r.request.Reference }

func (r *onramp) direction() ramp.Direction { return ramp.Onramp }

func (r *onramp) terms() terms {
	utr, _ := ramp.ParseUTR(r.request.PaymentMethod, string(r.request.UTR)) // there may be none, and a bad one was refused
	t := terms{
		email:      string(r.request.Email),
		token:      r.request.Token.Symbol,
		fiatAmount: r.request.Fiat.Amount,
		proof:      utr,
	}
	return t.with(r.request.KYC, r.request.Quote)
}

func (r *onramp) sameAs(awaiting ramp.Awaiting) error {
	return awaiting.CheckOnramp(&r.asked, r.fingerprint)
}

func (r *onramp) previous() *ramp.PreviousOrder { return r.request.Previous }

func (r *onramp) title() string { return r.request.Title() }

func (r *onramp) details() string { return r.request.Details() }

func (r *onramp) account() activities.AccountRequest {
	if r.request.PaymentMethod == ramp.UPI {
		return activities.AccountRequest{Email: string(r.request.Email), UPI: r.request.UPI}
	}
	return activities.AccountRequest{Email: string(r.request.Email), Bank: r.request.Bank}
}

func (r *onramp) accountKind() ramp.AccountKind { return r.request.PaymentMethod.AccountKind() }

func (r *onramp) useAccount(given ramp.AccountSubmission) {
	if given.UPI != nil {
		r.request.UPI = given.UPI
	}
	if given.Bank != nil {
		r.request.Bank = given.Bank
	}
}

func (r *onramp) quote(ctx workflow.Context) (activities.QuoteResult, error) {
	return activities.QuoteBuy(ctx, activities.QuoteBuyRequest{Fiat: r.request.Fiat, Token: r.request.Token})
}

func (r *onramp) create(ctx workflow.Context, placement activities.CreateOrderRequest) (activities.CreatedOrder, error) {
	account := r.account()
	return activities.CreateOnrampOrder(ctx, activities.CreateOnrampOrderRequest{
		CreateOrderRequest: placement,
		Fiat:               r.request.Fiat,
		Token:              r.request.Token,
		WalletAddress:      r.request.WalletAddress,
		PaymentMethod:      r.request.PaymentMethod,
		UPI:                account.UPI,
		Bank:               withoutPAN(account.Bank),
		Metadata:           r.request.Metadata,
	})
}

func (r *onramp) proofMessage() string { return ramp.SubmitUTR }

func (r *onramp) parseProof(input converter.RawValue) (string, error) {
	var submission ramp.UTRSubmission
	if err := decode(input, &submission); err != nil {
		return "", err
	}
	if err := submission.Validate(r.request.PaymentMethod); err != nil {
		return "", err
	}
	return ramp.ParseUTR(r.request.PaymentMethod, string(submission.UTR))
}

func (r *onramp) newProof(utr string, at time.Time) *ramp.Proof {
	return &ramp.Proof{UTR: ramp.UTR(utr), SubmittedAt: at}
}

func (r *onramp) submit(ctx workflow.Context, orderID, utr string) (activities.SubmitResult, error) {
	return activities.SubmitUTR(ctx, activities.SubmitUTRRequest{
		Email:   string(r.request.Email),
		OrderID: orderID,
		UTR:     utr,
		Holder:  r.account().Holder(),
	})
}

func (r *onramp) words() words {
	return words{
		proof:   "UTR",
		payment: "the user pays and submits the bank's UTR",
	}
}

// withoutPAN leaves out what only linking an account needs.
func withoutPAN(bank *ramp.BankAccount) *ramp.BankAccount {
	if bank == nil {
		return nil
	}
	short := *bank
	short.PAN = ""
	return &short
}
