package ramp

import (
	"cmp"
	"errors"
	"strings"
	"time"
)

// Direction is the direction of an order.
type Direction string

// Directions.
const (
	// Onramp is INR to crypto.
	Onramp Direction = "onramp"
	// Offramp is crypto to INR.
	Offramp Direction = "offramp"
)

// WorkflowID returns the id of the workflow that runs the order with this reference, such as "onramp/inv-42".
func (d Direction) WorkflowID(reference string) string {
	return string(d) + "/" + reference
}

// WorkflowType returns the type of the workflow that runs orders in this direction.
func (d Direction) WorkflowType() string {
	if d == Offramp {
		return OfframpWorkflow
	}
	return OnrampWorkflow
}

// ParseWorkflowID splits the id of an order's workflow into direction and reference. The error does not contain the id.
func ParseWorkflowID(id string) (Direction, string, error) {
	direction, reference, found := strings.Cut(id, "/")
	d := Direction(direction)
	if !found || reference == "" || (d != Onramp && d != Offramp) {
		return "", "", errors.New("not the workflow id of an order: want onramp/<reference> or offramp/<reference>")
	}
	return d, reference, nil
}

// Status is the stage that an order is in.
type Status string

// Statuses, in the order in which an order passes them. Those marked "on demand" are skipped by most orders.
const (
	// VerifyingKYC: the provider checks or reviews the user's KYC.
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
	// CreatingOrder: the order is being created at the provider.
	CreatingOrder Status = "creating_order"
	// AwaitingPayment: the user must pay and submit proof before ExpiresAt.
	AwaitingPayment Status = "awaiting_payment"
	// VerifyingPayment: the provider accepted the proof and looks for the payment.
	VerifyingPayment Status = "verifying_payment"
	// Settling: the provider has the payment and delivers.
	Settling Status = "settling"
	// Refunding (on demand): the provider returns the payment.
	Refunding Status = "refunding"

	// Completed: the tokens or the payout were delivered. Final, as are all below.
	Completed Status = "completed"
	// Expired: no proof was accepted before the deadline.
	Expired Status = "expired"
	// Cancelled: by the backend or an operator before payment, or by the provider, typically because another amount was paid.
	Cancelled Status = "cancelled"
	// Refunded: the payment was returned to the account or wallet that it came from.
	Refunded Status = "refunded"
	// Rejected: the provider does not serve this user or this account.
	Rejected Status = "rejected"
)

// Statuses returns every status, in the order of the constants.
func Statuses() []Status {
	return []Status{
		VerifyingKYC, AwaitingKYC, LinkingAccount, AwaitingAccount, Quoting, AwaitingConfirmation, CreatingOrder,
		AwaitingPayment, VerifyingPayment, Settling, Refunding, Completed, Expired, Cancelled, Refunded, Rejected,
	}
}

// Final reports whether an order in this status has ended.
func (s Status) Final() bool {
	switch s {
	case Completed, Expired, Cancelled, Refunded, Rejected:
		return true
	default:
		return false
	}
}

// AwaitsUser reports whether an order in this status continues only once its user acts.
func (s Status) AwaitsUser() bool {
	switch s {
	case AwaitingKYC, AwaitingAccount, AwaitingConfirmation, AwaitingPayment:
		return true
	default:
		return false
	}
}

// Order is the state of an order: the result of the query, of every update and of the workflow. It contains no data of the user but
// the proof of payment; the account in it is the provider's. Times are in UTC.
type Order struct {
	// Reference is the backend's own id of the order.
	Reference string `json:"reference"`
	// Direction is onramp (INR to crypto) or offramp (crypto to INR).
	Direction Direction `json:"direction"`
	// Status is the stage that the order is in. Later versions may have more statuses.
	Status Status `json:"status"`
	// Attention is why a person must look at the order, in a sentence without personal data. Empty if nobody must.
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
	// OrderID is the provider's id of the order. Empty until the provider has created it.
	OrderID string `json:"orderId,omitempty"`
	// LostOrderIDs are the provider's ids of orders that it created for this one and whose payment instructions were lost on the way,
	// oldest first. Nobody was shown them; they expire unpaid, and OrderID replaces them.
	LostOrderIDs []string `json:"lostOrderIds,omitempty"`
	// ProviderStatus is the provider's last status, verbatim (provider 4).
	ProviderStatus string `json:"providerStatus,omitempty"`
	// ProviderReason is the provider's explanation of a refusal, cancellation or refund, without personal data.
	ProviderReason string `json:"providerReason,omitempty"`
	// Quote is the price of the order; absent until it was fetched.
	Quote *Quote `json:"quote,omitempty"`
	// Instructions tell the user how to pay; absent until the order exists at the provider.
	Instructions *Instructions `json:"instructions,omitempty"`
	// Proof is the proof of payment that counts for the order.
	Proof *Proof `json:"proof,omitempty"`
	// Settlement is what the provider delivered; absent until then.
	Settlement *Settlement `json:"settlement,omitempty"`
	// Previous is the order that the payment was made for, if this one was started with the payment of another.
	Previous *PreviousOrder `json:"previous,omitempty"`
	// CancelledBy is who cancelled the order. Empty if it is not cancelled, or because no quote was confirmed in time.
	CancelledBy Canceller `json:"cancelledBy,omitempty"`
	// ExpiresAt is the deadline for an accepted proof, in UTC: 3 hours after the provider created the order (guide).
	ExpiresAt time.Time `json:"expiresAt,omitzero"`
	// CreatedAt is when the workflow started, in UTC.
	CreatedAt time.Time `json:"createdAt"`
	// UpdatedAt is when the order last changed, in UTC.
	UpdatedAt time.Time `json:"updatedAt"`
	// Version counts the changes of the order. An order of an earlier worker has none.
	Version int64 `json:"version,omitempty"`
	// Timeline is what happened to the order, oldest first.
	Timeline []TimelineEntry `json:"timeline"`
}

// Canceller is the party that cancelled an order.
type Canceller string

// Cancellers.
const (
	// CancelledByProvider: the provider cancelled the order, typically because another amount was paid than ordered (provider 13).
	CancelledByProvider Canceller = "provider"
	// CancelledByRequest: a backend or an operator cancelled it, before the provider had a payment.
	CancelledByRequest Canceller = "request"
)

// Quote is the price that the order was created at. The provider prices an order again when it creates it, so the amounts are
// indicative (provider 3.12).
type Quote struct {
	// ID identifies the quote; a confirmation names it.
	ID string `json:"id"`
	// Rate is the price of one token in INR, a decimal string.
	Rate string `json:"rate"`
	// Pay is what the user pays: INR of an on-ramp order, tokens of an off-ramp order.
	Pay Amount `json:"pay"`
	// Receive is what the user receives, after fees: tokens of an on-ramp order, INR of an off-ramp order.
	Receive Amount `json:"receive"`
	// Fees are the parts of what the provider charges.
	Fees []Fee `json:"fees,omitempty"`
	// ExpiresAt is 30 s after the quote was fetched, in UTC (guide).
	ExpiresAt time.Time `json:"expiresAt"`
}

// Fee is one part of what the provider charges.
type Fee struct {
	// Name is the provider's name of the fee, such as gas, transaction or tds.
	Name string `json:"name" redact:"show"`
	Amount
	// Estimated is true if the provider's quote does not name the fee although it is deducted: the TDS of 1 % on a payout
	// (provider 13).
	Estimated bool `json:"estimated,omitempty"`
}

// Instructions tell the user how to pay. Exactly one field is set as a rule.
type Instructions struct {
	// UPI is how to pay by UPI.
	UPI *UPIInstructions `json:"upi,omitempty"`
	// Bank is the provider's account, which receives an IMPS or NEFT payment.
	Bank *Beneficiary `json:"bank,omitempty"`
	// Deposit is the wallet and the amount of an off-ramp order's transfer.
	Deposit *Deposit `json:"deposit,omitempty"`
	// CheckoutURL is the provider's payment page for the order. It is set if the provider's answer had no other instructions
	// and a checkout is configured (provider 13).
	CheckoutURL string `json:"checkoutUrl,omitempty"`
}

// UPIInstructions tell the user how to pay by UPI.
type UPIInstructions struct {
	// QR is the upi://pay link to draw as a QR code.
	QR string `json:"qr"`
	// VPA is the provider's UPI address, which receives the payment.
	VPA VPA `json:"vpa"`
	// DeepLinks open UPI apps with the payment filled in.
	DeepLinks []DeepLink `json:"deepLinks,omitempty"`
}

// DeepLink opens a UPI app with the payment filled in.
type DeepLink struct {
	// Name is the name of the app.
	Name string `json:"name" redact:"show"`
	// URL opens the app.
	URL string `json:"url"`
}

// Beneficiary is the provider's bank account, which receives an IMPS or NEFT payment.
type Beneficiary struct {
	// Name is the name of the account's holder.
	Name Personal `json:"name"`
	// AccountNumber is the full number.
	AccountNumber AccountNumber `json:"accountNumber"`
	// IFSC is the code of the bank's branch.
	IFSC Personal `json:"ifsc"`
}

// Deposit is the transfer that an off-ramp order's user makes.
type Deposit struct {
	// WalletAddress is the provider's wallet, which receives the token.
	WalletAddress string `json:"walletAddress"`
	// Amount is a decimal string in whole tokens.
	Amount string `json:"amount"`
	// Symbol is the symbol of the token.
	Symbol string `json:"symbol"`
	// ChainID is the EIP-155 number of the chain to send it on, or the provider's own number of a chain that has none.
	ChainID int64 `json:"chainId"`
}

// Proof is the proof of payment that counts for the order.
type Proof struct {
	// UTR is the bank's reference of the payment, of an on-ramp order.
	UTR UTR `json:"utr,omitempty"`
	// TransactionHash is the hash of the transfer, of an off-ramp order.
	TransactionHash string `json:"transactionHash,omitempty"`
	// SubmittedAt is when the order received it, in UTC.
	SubmittedAt time.Time `json:"submittedAt"`
	// AcceptedAt is when the provider accepted it, in UTC; zero until then.
	AcceptedAt time.Time `json:"acceptedAt,omitzero"`
	// Replaced are the proofs that the provider accepted before this one, oldest first. A user may correct a proof until the
	// provider has the payment (provider 13).
	Replaced []ReplacedProof `json:"replaced,omitempty"`
}

// ReplacedProof is a proof that the provider accepted and that another one replaced.
type ReplacedProof struct {
	// UTR is the bank's reference of the payment, of an on-ramp order.
	UTR UTR `json:"utr,omitempty"`
	// TransactionHash is the hash of the transfer, of an off-ramp order.
	TransactionHash string `json:"transactionHash,omitempty"`
	// SubmittedAt is when the order received it, in UTC.
	SubmittedAt time.Time `json:"submittedAt"`
	// AcceptedAt is when the provider accepted it, in UTC.
	AcceptedAt time.Time `json:"acceptedAt"`
	// ReplacedAt is when the provider accepted its replacement, in UTC.
	ReplacedAt time.Time `json:"replacedAt"`
}

// Reference returns the UTR or the transaction hash.
func (p *Proof) Reference() string { return cmp.Or(string(p.UTR), p.TransactionHash) }

// Reference returns the UTR or the transaction hash.
func (p *ReplacedProof) Reference() string { return cmp.Or(string(p.UTR), p.TransactionHash) }

// MaskProof returns the last four characters of a UTR or transaction hash, enough to tell two proofs apart.
func MaskProof(reference string) string {
	return "…" + reference[max(0, len(reference)-4):]
}

// Accepted reports whether the provider accepted a proof. From then on only the provider can end the order.
func (o *Order) Accepted() bool {
	return o.Proof != nil && !o.Proof.AcceptedAt.IsZero()
}

// Settlement is what the provider delivered. The provider reports a payout before fees and TDS; Amount is net of those in the quote.
type Settlement struct {
	// TransactionHash is the hash of the delivery, of an on-ramp order.
	TransactionHash string `json:"transactionHash,omitempty"`
	// ExplorerURL shows that transaction in a block explorer.
	ExplorerURL string `json:"explorerUrl,omitempty"`
	// Amount is what the user received, after fees.
	Amount Amount `json:"amount"`
	// Estimated is true if a fee that was deducted is an estimate (see Fee).
	Estimated bool `json:"estimated,omitempty"`
	// PayoutReference is the bank's reference of an off-ramp order's payout. It and the following amounts are known only if the provider's
	// webhook has come before the order ended.
	PayoutReference UTR `json:"payoutReference,omitempty"`
	// TDS is the tax that the provider says it withheld from an off-ramp order's payout.
	TDS Amount `json:"tds,omitzero"`
	// TokensDeducted is the amount of tokens that the provider says an off-ramp order took.
	TokensDeducted Amount `json:"tokensDeducted,omitzero"`
}

// TimelineEntry is an event of an order.
type TimelineEntry struct {
	// Status is the order's status from then on.
	Status Status `json:"status"`
	// At is when it happened, in UTC.
	At time.Time `json:"at"`
	// Note is what happened, in a sentence for support staff, without personal data.
	Note string `json:"note,omitempty"`
	// Concern is the type of the concern that the entry raises; empty for every other entry.
	Concern ConcernType `json:"concern,omitempty"`
}
