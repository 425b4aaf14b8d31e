package workflows

import (
	"cmp"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/ramp"
	"rampart/records"
)

// Onramp runs one order that buys crypto with INR. Its input is a ramp.OnrampRequest and its result the order in its final status,
// which may be expired, cancelled, refunded or rejected. It fails with InvalidRequest, Unencrypted or ReferenceTaken if the order
// does not begin, and on a defect.
func Onramp(ctx workflow.Context, input converter.RawValue) (*ramp.Order, error) {
	return runOrder(ctx, readOnramp, input)
}

// onramp is the flow of an order that buys.
type onramp struct {
	request     ramp.OnrampRequest
	fingerprint string
}

var _ flow = (*onramp)(nil)

func readOnramp(input converter.RawValue) (orderRequest, flow, error) {
	var request ramp.OnrampRequest
	if err := decode(input, &request); err != nil {
		return orderRequest{}, nil, err
	}
	invalid := request.Validate()
	if invalid != nil && !ramp.OnlyReserved(invalid) {
		return orderRequest{}, nil, invalid
	}
	fingerprint, err := request.Fingerprint()
	identity, _ := request.Identity()                                   // fails as the fingerprint does
	utr, _ := ramp.ParseUTR(request.PaymentMethod, string(request.UTR)) // it is optional, and Validate has refused an invalid one
	account := activities.AccountRequest{Email: request.Email, Bank: request.Bank}
	if request.PaymentMethod == ramp.UPI {
		account = activities.AccountRequest{Email: request.Email, UPI: request.UPI}
	}
	return orderRequest{
		identity:     identity,
		reference:    request.Reference,
		direction:    ramp.Onramp,
		email:        request.Email,
		previous:     request.Previous,
		title:        request.Title(),
		details:      request.Details(),
		tokenSymbol:  request.Token.Symbol,
		fiatAmount:   request.Fiat.Amount,
		account:      account,
		accountKind:  request.PaymentMethod.AccountKind(),
		proof:        utr,
		proofMessage: ramp.SubmitUTR,
		proofName:    "UTR",
	}.withOptions(request.KYC, request.Quote, request.Events).adopting(request.Adopt, activities.AdoptOrderRequest{
		Fiat: request.Fiat, Token: request.Token, Wallet: request.WalletAddress,
	}), &onramp{request, fingerprint}, cmp.Or(invalid, err)
}

func (f *onramp) keepRequest(open *records.OpenOrder) {
	request := f.request
	request.Adopt = nil
	open.Onramp = &request
}

func (f *onramp) checkSame(awaiting ramp.Awaiting) error {
	return awaiting.CheckOnramp(&f.request, f.fingerprint)
}

func (f *onramp) quote(ctx workflow.Context) (activities.QuoteResult, error) {
	return activities.QuoteBuy(ctx, activities.QuoteBuyRequest{Fiat: f.request.Fiat, Token: f.request.Token})
}

func (f *onramp) create(
	ctx workflow.Context, account activities.AccountRequest, request activities.CreateOrderRequest,
) (activities.CreatedOrder, error) {
	return activities.CreateOnrampOrder(ctx, activities.CreateOnrampOrderRequest{
		CreateOrderRequest: request,
		Fiat:               f.request.Fiat,
		Token:              f.request.Token,
		WalletAddress:      f.request.WalletAddress,
		PaymentMethod:      f.request.PaymentMethod,
		UPI:                account.UPI,
		Bank:               withoutPAN(account.Bank),
		Metadata:           f.request.Metadata,
	})
}

func (f *onramp) readProof(input converter.RawValue) (string, error) {
	var submission ramp.UTRSubmission
	if err := decode(input, &submission); err != nil {
		return "", err
	}
	if err := submission.Validate(f.request.PaymentMethod); err != nil {
		return "", err
	}
	return ramp.ParseUTR(f.request.PaymentMethod, string(submission.UTR))
}

func (f *onramp) submitProof(ctx workflow.Context, created createdOrder, utr string) (activities.SubmitResult, error) {
	return activities.SubmitUTR(ctx, activities.SubmitUTRRequest{
		Email:   created.Email,
		OrderID: created.OrderID,
		UTR:     ramp.UTR(utr),
		Holder:  created.Holder,
	})
}

// withoutPAN omits the PAN, which only linking an account needs.
func withoutPAN(bank *ramp.BankAccount) *ramp.BankAccount {
	if bank == nil {
		return nil
	}
	short := *bank
	short.PAN = ""
	return &short
}
