package ramp

import (
	"cmp"
	"errors"
	"strings"
	"time"
)

// Direction tells buying from selling.
type Direction string

// Directions.
const (
	// Onramp is INR to crypto.
	Onramp Direction = "onramp"
	// Offramp is crypto to INR.
	Offramp Direction = "offramp"
)

// WorkflowID is the id of the workflow that runs the order of this reference.
func (d Direction) WorkflowID(reference string) string {
	return string(d) + "/" + reference
}

// WorkflowType is the type of the workflow that runs orders in this direction.
func (d Direction) WorkflowType() string {
	if d == Offramp {
		return OfframpWorkflow
	}
	return OnrampWorkflow
}

// ParseWorkflowID splits the id of an order's workflow. The error does not repeat the id, which may be anything.
func ParseWorkflowID(id string) (Direction, string, error) {
	direction, reference, found := strings.Cut(id, "/")
	d := Direction(direction)
	if !found || reference == "" || (d != Onramp && d != Offramp) {
		return "", "", errors.New("not the workflow id of an order: want onramp/<reference> or offramp/<reference>")
	}
	return d, reference, nil
}

// Status is where an order stands.
type Status string

// Statuses, in the order in which an order passes them. Those in brackets are visited only when needed.
const (
	// VerifyingKYC: the user's KYC is being checked or reviewed by the provider.
	VerifyingKYC Status = "verifying_kyc"
	// AwaitingKYC (on demand): the user is not verified and must submit a dossier.
	AwaitingKYC Status = "awaiting_kyc"
	// LinkingAccount: the user's VPA or bank account is being linked.
	LinkingAccount Status = "linking_account"
	// AwaitingAccount (on demand): the account was refused and the user must submit another.
	AwaitingAccount Status = "awaiting_account"
	// Quoting: the price is being fetched.
	Quoting Status = "quoting"
	// AwaitingConfirmation (on demand): the user must confirm the quote.
	AwaitingConfirmation Status = "awaiting_confirmation"
	// CreatingOrder: the order is being made at the provider.
	CreatingOrder Status = "creating_order"
	// AwaitingPayment: the user must pay and submit proof before ExpiresAt.
	AwaitingPayment Status = "awaiting_payment"
	// VerifyingPayment: the provider took the proof and looks for the payment.
	VerifyingPayment Status = "verifying_payment"
	// Settling: the provider has the payment and delivers.
	Settling Status = "settling"
	// Refunding (on demand): the provider returns the payment.
	Refunding Status = "refunding"

	// Completed: delivered. Final, as are all below.
	Completed Status = "completed"
	// Expired: no accepted proof in time.
	Expired Status = "expired"
	// Cancelled: by the user or operator before payment, or by the provider for an amount mismatch.
	Cancelled Status = "cancelled"
	// Refunded: the payment went back to where it came from.
	Refunded Status = "refunded"
	// Rejected: the provider will not serve this user or this account.
	Rejected Status = "rejected"
)

// Statuses returns every status, in order.
func Statuses() []Status {
	return []Status{
		VerifyingKYC, AwaitingKYC, LinkingAccount, AwaitingAccount, Quoting, AwaitingConfirmation, CreatingOrder,
		AwaitingPayment, VerifyingPayment, Settling, Refunding, Completed, Expired, Cancelled, Refunded, Rejected,
	}
}

// Final reports whether an order in this status is over.
func (s Status) Final() bool {
	switch s {
	case Completed, Expired, Cancelled, Refunded, Rejected:
		return true
	default:
		return false
	}
}

// AwaitsUser reports whether an order in this status goes on only when its user acts.
func (s Status) AwaitsUser() bool {
	switch s {
	case AwaitingKYC, AwaitingAccount, AwaitingConfirmation, AwaitingPayment:
		return true
	default:
		return false
	}
}

// Order is the state of an order: the answer of the query and of every update, and the result of the workflow.
// Accounts in it are masked.
type Order struct {
	// Reference is the backend's own id of the order.
	Reference string `json:"reference"`
	// Direction tells buying from selling.
	Direction Direction `json:"direction"`
	// Status is where the order stands. Later versions may have statuses more.
	Status Status `json:"status"`
	// Attention says why a person must look at the order, or is empty.
	Attention string `json:"attention,omitempty"`
	// Concerns are the reasons in Attention, each with its type, oldest first. An order of an earlier worker has none.
	Concerns []Concern `json:"concerns,omitempty"`
	// Wait is what the order waits for. It is nil once the order is over, and for an order of an earlier worker.
	Wait *Wait `json:"wait,omitempty"`
	// Actions are what a backend can do about the order now. Others are refused, or change nothing. It is empty once the order is
	// over, and for an order of an earlier worker.
	Actions []Action `json:"actions,omitempty"`
	// AccountKind is the kind of account that is linked for the order. An order of an earlier worker has none.
	AccountKind AccountKind `json:"accountKind,omitempty"`
	// OrderID is the provider's id, once the order exists there.
	OrderID string `json:"orderId,omitempty"`
	// ProviderStatus is the provider's last status, verbatim (provider 4).
	ProviderStatus string `json:"providerStatus,omitempty"`
	// ProviderReason is the provider's explanation of a refusal, cancellation or refund.
	ProviderReason string `json:"providerReason,omitempty"`
	// Quote is the price, once there is one.
	Quote *Quote `json:"quote,omitempty"`
	// Instructions tell the user how to pay, once the order exists at the provider.
	Instructions *Instructions `json:"instructions,omitempty"`
	// Proof is the proof of payment that counts for the order.
	Proof *Proof `json:"proof,omitempty"`
	// Settlement is what the provider delivered, once it did.
	Settlement *Settlement `json:"settlement,omitempty"`
	// Previous is the order that the payment was made for, if this one was started with the payment of another.
	Previous *PreviousOrder `json:"previous,omitempty"`
	// CancelledBy says who ended a cancelled order; empty for every other one, and for a quote that nobody confirmed in time.
	CancelledBy Canceller `json:"cancelledBy,omitempty"`
	// ExpiresAt is the deadline for an accepted proof.
	ExpiresAt time.Time `json:"expiresAt,omitzero"`
	// CreatedAt is when the order began.
	CreatedAt time.Time `json:"createdAt"`
	// UpdatedAt is when it changed last.
	UpdatedAt time.Time `json:"updatedAt"`
	// Timeline is what happened to it, oldest first.
	Timeline []TimelineEntry `json:"timeline"`
}

// Canceller is who cancelled an order.
type Canceller string

// Cancellers.
const (
	// CancelledByProvider: the provider ended the order, typically because another amount was paid than ordered (provider 13).
	CancelledByProvider Canceller = "provider"
	// CancelledByRequest: a backend or an operator cancelled it, before the provider had a payment.
	CancelledByRequest Canceller = "request"
)

// Quote is the price the order was made at. The provider re-prices when it makes the order, so that the amounts
// are indicative (provider 3.12).
type Quote struct {
	// ID is the quote's, by which it is confirmed.
	ID string `json:"id"`
	// Rate is fiat per token, a decimal string.
	Rate string `json:"rate"`
	// Pay is what the user pays.
	Pay Amount `json:"pay"`
	// Receive is what the user receives, after fees.
	Receive Amount `json:"receive"`
	// Fees are what the provider charges.
	Fees []Fee `json:"fees,omitempty"`
	// ExpiresAt is 30 s after the quote was fetched (guide).
	ExpiresAt time.Time `json:"expiresAt"`
}

// Fee is one part of what the provider charges, as it names it: gas, transaction, tds.
type Fee struct {
	// Name is the provider's for it.
	Name string `json:"name" redact:"show"`
	Amount
	// Estimated is set where the provider's quote names no such fee and one is deducted all the same: the TDS of 1 % on
	// a payout (provider 13).
	Estimated bool `json:"estimated,omitempty"`
}

// Instructions tell the user how to pay: whichever apply.
type Instructions struct {
	// UPI is how to pay by UPI.
	UPI *UPIInstructions `json:"upi,omitempty"`
	// Bank is the provider's account that an IMPS or NEFT payment goes to.
	Bank *Beneficiary `json:"bank,omitempty"`
	// Deposit is where and how much of the token to send.
	Deposit *Deposit `json:"deposit,omitempty"`
	// CheckoutURL opens the provider's own payment page for the order. Set where the provider's answer told no other way
	// to pay and a checkout is configured (provider 13).
	CheckoutURL string `json:"checkoutUrl,omitempty"`
}

// UPIInstructions are for a payment by UPI.
type UPIInstructions struct {
	// QR is the upi://pay text to draw as a QR code.
	QR string `json:"qr"`
	// VPA collects the payment.
	VPA VPA `json:"vpa"`
	// DeepLinks open UPI apps.
	DeepLinks []DeepLink `json:"deepLinks,omitempty"`
}

// DeepLink opens a UPI app with the payment filled in.
type DeepLink struct {
	// Name is the app's.
	Name string `json:"name" redact:"show"`
	// URL opens it.
	URL string `json:"url"`
}

// Beneficiary is the provider's account to which an IMPS or NEFT payment goes.
type Beneficiary struct {
	// Name is the holder's.
	Name Personal `json:"name"`
	// AccountNumber is in full.
	AccountNumber AccountNumber `json:"accountNumber"`
	// IFSC is the code of the bank's branch.
	IFSC Personal `json:"ifsc"`
}

// Deposit is where and how much of the token to send.
type Deposit struct {
	// WalletAddress is where to send it.
	WalletAddress string `json:"walletAddress"`
	// Amount is a decimal string in whole tokens.
	Amount string `json:"amount"`
	// Symbol is the token's.
	Symbol string `json:"symbol"`
	// ChainID is the number of the chain to send it on.
	ChainID int64 `json:"chainId"`
}

// Proof is the proof of payment that counts for the order.
type Proof struct {
	// UTR is the bank's reference of the payment, of an on-ramp order.
	UTR UTR `json:"utr,omitempty"`
	// TransactionHash is the transfer's, of an off-ramp order.
	TransactionHash string `json:"transactionHash,omitempty"`
	// SubmittedAt is when the order received it.
	SubmittedAt time.Time `json:"submittedAt"`
	// AcceptedAt is when the provider took it; zero until then.
	AcceptedAt time.Time `json:"acceptedAt,omitzero"`
	// Replaced are the proofs that the provider took before this one, oldest first. A user may correct a proof until the
	// provider has the payment (provider 13).
	Replaced []ReplacedProof `json:"replaced,omitempty"`
}

// ReplacedProof is a proof that the provider took and another one replaced.
type ReplacedProof struct {
	// UTR is the bank's reference of the payment, of an on-ramp order.
	UTR UTR `json:"utr,omitempty"`
	// TransactionHash is the transfer's, of an off-ramp order.
	TransactionHash string `json:"transactionHash,omitempty"`
	// SubmittedAt is when the order received it.
	SubmittedAt time.Time `json:"submittedAt"`
	// AcceptedAt is when the provider took it.
	AcceptedAt time.Time `json:"acceptedAt"`
	// ReplacedAt is when the provider took another in its place.
	ReplacedAt time.Time `json:"replacedAt"`
}

// Reference is the UTR or the transaction hash, whichever the proof is.
func (p *Proof) Reference() string { return cmp.Or(string(p.UTR), p.TransactionHash) }

// Reference is the UTR or the transaction hash, whichever the proof is.
func (p *ReplacedProof) Reference() string { return cmp.Or(string(p.UTR), p.TransactionHash) }

// MaskProof returns a UTR or transaction hash so that a person can tell it from another and nobody can use it: its last four
// characters.
func MaskProof(reference string) string {
	return "…" + reference[max(0, len(reference)-4):]
}

// Accepted reports whether the provider took a proof for the order. From then on only the provider ends it.
func (o *Order) Accepted() bool {
	return o.Proof != nil && !o.Proof.AcceptedAt.IsZero()
}

// Settlement is what the provider delivered. A payout in INR is net of the fees and TDS of the quote, as near as the
// provider lets it be known: its own figure is before them.
type Settlement struct {
	// TransactionHash is the delivery's, where it is on a chain.
	TransactionHash string `json:"transactionHash,omitempty"`
	// ExplorerURL shows that transaction.
	ExplorerURL string `json:"explorerUrl,omitempty"`
	// Amount is what the user received.
	Amount Amount `json:"amount"`
	// Estimated is set where a fee that was taken off is an estimate (Fee).
	Estimated bool `json:"estimated,omitempty"`
}

// TimelineEntry is one thing that happened to an order.
type TimelineEntry struct {
	// Status is where the order stood from then on.
	Status Status `json:"status"`
	// At is when it happened.
	At time.Time `json:"at"`
	// Note says what happened, in words for a support person, without personal data.
	Note string `json:"note,omitempty"`
	// Concern is the type of the concern that the entry raises; empty for every other entry.
	Concern ConcernType `json:"concern,omitempty"`
}
