package workflows

import (
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/ramp"
	"rampart/records"
)

// flow is what differs between the two directions, as calls. Everything else that differs is data of the orderRequest.
type flow interface {
	quote(workflow.Context) (activities.QuoteResult, error)
	// create creates the order at the provider, to be paid from or paid out to the linked account.
	create(workflow.Context, activities.AccountRequest, activities.CreateOrderRequest) (activities.CreatedOrder, error)
	// readProof returns the proof of payment in a message, in its canonical form.
	readProof(converter.RawValue) (string, error)
	submitProof(ctx workflow.Context, created createdOrder, proof string) (activities.SubmitResult, error)
	// keepRequest puts the request, without an order to adopt, into what is kept of the open order.
	keepRequest(*records.OpenOrder)
	// checkSame returns an error unless the caller of await-order names this request.
	checkSame(ramp.Awaiting) error
}

// requestReader reads the request of one direction. With an error that is ramp.OnlyReserved the request is complete all the same.
type requestReader func(converter.RawValue) (orderRequest, flow, error)

// orderRequest describes an order as it was requested, in terms that both directions share.
type orderRequest struct {
	reference string
	direction ramp.Direction
	email     ramp.Email
	// previous is the order that the payment was made for, if that is not this one.
	previous *ramp.PreviousOrder
	// title is a few words for a list of orders, details a sentence of Markdown.
	title, details string

	// tokenSymbol and fiatAmount are search attributes. fiatAmount is empty where the quote decides it.
	tokenSymbol string
	fiatAmount  string

	// account is the one to link before the order is created.
	account     activities.AccountRequest
	accountKind ramp.AccountKind
	// identity is what requests of the same meaning have in common.
	identity string
	// adopt is the provider's id of the order to take over; empty to create one. toAdopt is what that must be for.
	adopt   string
	toAdopt activities.AdoptOrderRequest
	// dossier is the URL of the user's KYC documents; empty if none was given.
	dossier ramp.Dossier
	// eventURL is where the order's events go, beside the endpoints of the workers; empty for nowhere.
	eventURL ramp.Personal

	// confirm is set where the user confirms the quote. minReceived and maxPaid are decimal strings, empty for no limit.
	confirm     bool
	minReceived string
	maxPaid     string

	// proof is one of a payment made before the order; empty for none.
	proof string
	// proofMessage is the name of the signal and update that submit a proof, proofName what a proof is called.
	proofMessage string
	proofName    string
}

// withOptions adds the optional parts of a request.
func (r orderRequest) withOptions(kyc *ramp.KYC, quote *ramp.QuoteTerms, events *ramp.EventTarget) orderRequest {
	if kyc != nil {
		r.dossier = kyc.Dossier
	}
	if quote != nil {
		r.confirm, r.minReceived, r.maxPaid = quote.Confirm, quote.MinReceived, quote.MaxPaid
	}
	if events != nil {
		r.eventURL = events.URL
	}
	return r
}

// adopting adds the order to take over, if the request names one, and what one must be for.
func (r orderRequest) adopting(order *ramp.AdoptedOrder, toAdopt activities.AdoptOrderRequest) orderRequest {
	if order != nil {
		r.adopt = order.OrderID
	}
	r.toAdopt = toAdopt
	return r
}

// submittedAccount is the account that a user submits in place of the requested one.
func (r orderRequest) submittedAccount(given ramp.AccountSubmission) activities.AccountRequest {
	if r.accountKind == ramp.AccountUPI {
		return activities.AccountRequest{Email: r.email, UPI: given.UPI}
	}
	return activities.AccountRequest{Email: r.email, Bank: given.Bank}
}

func (r orderRequest) newProof(reference string, submittedAt time.Time) *ramp.Proof {
	if r.direction == ramp.Offramp {
		return &ramp.Proof{TransactionHash: reference, SubmittedAt: submittedAt}
	}
	return &ramp.Proof{UTR: ramp.UTR(reference), SubmittedAt: submittedAt}
}

// createdOrder identifies the order at the provider in every later call, and says until when it can be paid.
type createdOrder struct {
	activities.OrderRequest
	expiresAt time.Time
}
