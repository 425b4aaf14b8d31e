package workflows

import (
	"cmp"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/ramp"
	"rampart/records"
)

// Offramp runs one order that sells crypto for INR. Its input is a ramp.OfframpRequest and its result the order in its final status,
// which may be expired, cancelled, refunded or rejected. It fails with InvalidRequest, Unencrypted or ReferenceTaken if the order
// does not begin, and on a defect.
func Offramp(ctx workflow.Context, input converter.RawValue) (*ramp.Order, error) {
	return runOrder(ctx, readOfframp, input)
}

// offramp is the flow of an order that sells.
type offramp struct {
	request     ramp.OfframpRequest
	fingerprint string
}

var _ flow = (*offramp)(nil)

func readOfframp(input converter.RawValue) (orderRequest, flow, error) {
	var request ramp.OfframpRequest
	if err := decode(input, &request); err != nil {
		return orderRequest{}, nil, err
	}
	invalid := request.Validate()
	if invalid != nil && !ramp.OnlyReserved(invalid) {
		return orderRequest{}, nil, invalid
	}
	fingerprint, err := request.Fingerprint()
	identity, _ := request.Identity()                                                    // fails as the fingerprint does
	hash, _ := ramp.ParseTransactionHash(request.Token.ChainID, request.TransactionHash) // it is optional, and Validate has refused an invalid one
	return orderRequest{
		identity:     identity,
		reference:    request.Reference,
		direction:    ramp.Offramp,
		email:        request.Email,
		title:        request.Title(),
		details:      request.Details(),
		tokenSymbol:  request.Token.Symbol,
		fiatAmount:   request.Fiat.Amount,
		account:      activities.AccountRequest{Email: request.Email, Bank: request.Bank},
		accountKind:  ramp.AccountBank,
		proof:        hash,
		proofMessage: ramp.SubmitTransactionHash,
		proofName:    "transaction hash",
	}.withOptions(request.KYC, request.Quote, request.Events).adopting(request.Adopt, activities.AdoptOrderRequest{
		Fiat: request.Fiat, TokenAmount: request.TokenAmount, Token: request.Token, Wallet: request.SenderWallet,
	}), &offramp{request, fingerprint}, cmp.Or(invalid, err)
}

func (f *offramp) keepRequest(open *records.OpenOrder) {
	request := f.request
	request.Adopt = nil
	open.Offramp = &request
}

func (f *offramp) checkSame(awaiting ramp.Awaiting) error {
	return awaiting.CheckOfframp(&f.request, f.fingerprint)
}

func (f *offramp) quote(ctx workflow.Context) (activities.QuoteResult, error) {
	return activities.QuoteSell(ctx, activities.QuoteSellRequest{
		Token:        f.request.Token,
		TokenAmount:  f.request.TokenAmount,
		Fiat:         f.request.Fiat,
		SenderWallet: f.request.SenderWallet,
	})
}

func (f *offramp) create(
	ctx workflow.Context, account activities.AccountRequest, request activities.CreateOrderRequest,
) (activities.CreatedOrder, error) {
	return activities.CreateOfframpOrder(ctx, activities.CreateOfframpOrderRequest{
		CreateOrderRequest: request,
		Token:              f.request.Token,
		TokenAmount:        f.request.TokenAmount,
		Fiat:               f.request.Fiat,
		SenderWallet:       f.request.SenderWallet,
		RefundWallet:       f.request.RefundWallet,
		AccountNumber:      ramp.AccountNumber(account.Bank.AccountNumber.String()),
		IFSC:               account.Bank.IFSC,
		Metadata:           f.request.Metadata,
		Holder:             account.Holder(),
	})
}

func (f *offramp) readProof(input converter.RawValue) (string, error) {
	var submission ramp.HashSubmission
	if err := decode(input, &submission); err != nil {
		return "", err
	}
	if err := submission.Validate(f.request.Token.ChainID); err != nil {
		return "", err
	}
	return ramp.ParseTransactionHash(f.request.Token.ChainID, submission.TransactionHash)
}

func (f *offramp) submitProof(ctx workflow.Context, created createdOrder, hash string) (activities.SubmitResult, error) {
	return activities.SubmitTransactionHash(ctx, activities.SubmitTransactionHashRequest{
		Email:           created.Email,
		OrderID:         created.OrderID,
		TransactionHash: hash,
		ChainID:         f.request.Token.ChainID,
		Holder:          created.Holder,
	})
}
