package workflows

import (
	"cmp"
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/ramp"
)

// Offramp runs one order that sells crypto for INR. Its input is a ramp.OfframpRequest and its result the order as it
// ended: an expired, cancelled, refunded or rejected order is a result too. It fails with InvalidRequest, or on a
// defect.
func Offramp(ctx workflow.Context, input converter.RawValue) (*ramp.Order, error) {
	o, err := setup(ctx, new(offramp), input)
	if err != nil {
		return nil, err
	}
	return o.run(ctx)
}

// offramp is what is particular to selling.
type offramp struct {
	request ramp.OfframpRequest
	// asked is the request as it came, and fingerprint is of it.
	asked       ramp.OfframpRequest
	fingerprint string
}

var _ flow = (*offramp)(nil)

func (r *offramp) read(input converter.RawValue) error {
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

func (r *offramp) reference() string { return r.request.Reference }

func (r *offramp) direction() ramp.Direction { return ramp.Offramp }

func (r *offramp) terms() terms {
	hash, _ := ramp.ParseTransactionHash(r.request.Token.ChainID, r.request.TransactionHash) // there may be none, and a bad one was refused
	t := terms{
		email:      string(r.request.Email),
		token:      r.request.Token.Symbol,
		fiatAmount: r.request.Fiat.Amount,
		proof:      hash,
	}
	return t.with(r.request.KYC, r.request.Quote)
}

func (r *offramp) sameAs(awaiting ramp.Awaiting) error {
	return awaiting.CheckOfframp(&r.asked, r.fingerprint)
}

func (r *offramp) previous() *ramp.PreviousOrder { return nil }

func (r *offramp) title() string { return r.request.Title() }

func (r *offramp) details() string { return r.request.Details() }

func (r *offramp) account() activities.AccountRequest {
	return activities.AccountRequest{Email: string(r.request.Email), Bank: r.request.Bank}
}

func (r *offramp) accountKind() ramp.AccountKind { return ramp.AccountBank }

func (r *offramp) useAccount(given ramp.AccountSubmission) {
	r.request.Bank = given.Bank
}

func (r *offramp) quote(ctx workflow.Context) (activities.QuoteResult, error) {
	return activities.QuoteSell(ctx, activities.QuoteSellRequest{
		Token:        r.request.Token,
		TokenAmount:  r.request.TokenAmount,
		Fiat:         r.request.Fiat,
		SenderWallet: r.request.SenderWallet,
	})
}

func (r *offramp) create(ctx workflow.Context, placement activities.CreateOrderRequest) (activities.CreatedOrder, error) {
	return activities.CreateOfframpOrder(ctx, activities.CreateOfframpOrderRequest{
		CreateOrderRequest: placement,
		Token:              r.request.Token,
		TokenAmount:        r.request.TokenAmount,
		Fiat:               r.request.Fiat,
		SenderWallet:       r.request.SenderWallet,
		RefundWallet:       r.request.RefundWallet,
		AccountNumber:      r.request.Bank.AccountNumber.String(),
		IFSC:               string(r.request.Bank.IFSC),
		Metadata:           r.request.Metadata,
		Holder:             r.account().Holder(),
	})
}

func (r *offramp) proofMessage() string { return ramp.SubmitTransactionHash }

func (r *offramp) parseProof(input converter.RawValue) (string, error) {
	var submission ramp.HashSubmission
	if err := decode(input, &submission); err != nil {
		return "", err
	}
	if err := submission.Validate(r.request.Token.ChainID); err != nil {
		return "", err
	}
	return ramp.ParseTransactionHash(r.request.Token.ChainID, submission.TransactionHash)
}

func (r *offramp) newProof(hash string, at time.Time) *ramp.Proof {
	return &ramp.Proof{TransactionHash: hash, SubmittedAt: at}
}

func (r *offramp) submit(ctx workflow.Context, orderID, hash string) (activities.SubmitResult, error) {
	return activities.SubmitTransactionHash(ctx, activities.SubmitTransactionHashRequest{
		Email:           string(r.request.Email),
		OrderID:         orderID,
		TransactionHash: hash,
		ChainID:         r.request.Token.ChainID,
		Holder:          r.account().Holder(),
	})
}

func (r *offramp) words() words {
	return words{
		proof:   "transaction hash",
		payment: "the user sends the tokens and submits the transaction hash",
	}
}
