package ramp

import "time"

// Wait is what an order waits for. Each status has one thing that is usually waited for, and some have several.
type Wait struct {
	// For is what is awaited. Later versions may have more values.
	For WaitFor `json:"for"`
	// From is who must act.
	From Party `json:"from"`
	// Until is when the order stops waiting; zero where there is no deadline.
	Until time.Time `json:"until,omitzero"`
}

// WaitFor is what an order waits for.
type WaitFor string

// What an order waits for, by status.
const (
	// WaitKYCCheck (verifying_kyc): the provider's answer whether the user is verified, or to the upload of documents.
	WaitKYCCheck WaitFor = "kyc_check"
	// WaitKYCReview (verifying_kyc): the provider's review of the documents, up to 24 hours.
	WaitKYCReview WaitFor = "kyc_review"
	// WaitKYCPause (verifying_kyc): the end of the pause after too many failed attempts. The documents are uploaded again then.
	WaitKYCPause WaitFor = "kyc_pause"
	// WaitKYCDocuments (awaiting_kyc): a dossier of the user.
	WaitKYCDocuments WaitFor = "kyc_documents"
	// WaitAccountLink (linking_account): the provider's link of the user's account.
	WaitAccountLink WaitFor = "account_link"
	// WaitAccount (awaiting_account): another account of the user.
	WaitAccount WaitFor = "account"
	// WaitQuote (quoting): a price.
	WaitQuote WaitFor = "quote"
	// WaitConfirmation (awaiting_confirmation): the user's confirmation of the price.
	WaitConfirmation WaitFor = "confirmation"
	// WaitOrder (creating_order): the provider's order.
	WaitOrder WaitFor = "order"
	// WaitPayment (awaiting_payment): the user's payment and the proof of it.
	WaitPayment WaitFor = "payment"
	// WaitProofCheck (awaiting_payment): the provider's answer to a submitted proof.
	WaitProofCheck WaitFor = "proof_check"
	// WaitPaymentStatus (awaiting_payment): the provider's answer whether the order is paid.
	WaitPaymentStatus WaitFor = "payment_status"
	// WaitPaymentSearch (verifying_payment): the payment that the accepted proof names.
	WaitPaymentSearch WaitFor = "payment_search"
	// WaitDelivery (settling): the delivery of the tokens or the payout.
	WaitDelivery WaitFor = "delivery"
	// WaitRefund (refunding): the return of the payment.
	WaitRefund WaitFor = "refund"
)

// Party is who must act for an order to continue.
type Party string

// Parties.
const (
	User     Party = "user"
	Provider Party = "provider"
)

// Action is something that a backend can do about an order that runs: send the message of that name, or cancel it.
type Action string

// CancelAction is the cancellation of the order. The other actions are named as their messages: SubmitUTR, SubmitTransactionHash,
// SubmitKYC, SubmitAccount and ConfirmQuote.
const CancelAction Action = "cancel"
