package ramp

import "time"

// Concern is a reason why a person must look at an order. The order removes it by itself once the reason is gone. Package
// situation has what helps for each type.
type Concern struct {
	// Type tells concerns apart. Later versions may have more types.
	Type ConcernType `json:"type"`
	// Reason is the concern in words for a support person, without personal data.
	Reason string `json:"reason"`
	// Since is when the concern was raised.
	Since time.Time `json:"since"`
}

// ConcernType is the type of a Concern.
type ConcernType string

// Types of concerns.
const (
	// ConcernProviderUnavailable: the provider gives no usable answer. The call is retried until it does.
	ConcernProviderUnavailable ConcernType = "provider_unavailable"
	// ConcernAPIKeyRefused: the provider does not accept the workers' API key. The call is retried until it does.
	ConcernAPIKeyRefused ConcernType = "api_key_refused"
	// ConcernRateLimited: the provider answers 429. The call is retried when the provider allows it.
	ConcernRateLimited ConcernType = "rate_limited"
	// ConcernDossierStoreUnavailable: the blob store of the KYC documents does not answer. The upload is retried until it does.
	ConcernDossierStoreUnavailable ConcernType = "dossier_store_unavailable"
	// ConcernReferenceUnverified: Temporal does not tell whether the reference was used before. Nothing is made at the provider
	// until it does.
	ConcernReferenceUnverified ConcernType = "reference_unverified"
	// ConcernForeignOrders: the provider answers the creation of the order with orders that belong to other references.
	ConcernForeignOrders ConcernType = "foreign_orders"
	// ConcernLostInstructions: the provider's answer with the payment instructions was lost.
	ConcernLostInstructions ConcernType = "lost_instructions"
	// ConcernUntrustedInstructions: the provider's payment instructions contradict themselves or the order, and are withheld.
	ConcernUntrustedInstructions ConcernType = "untrusted_instructions"
	// ConcernRefusedReuse: the provider refuses the payment that was made for an earlier order.
	ConcernRefusedReuse ConcernType = "refused_reuse"
	// ConcernUnreadableMessage: a signal is encrypted with a key that no worker has. It may be a proof of payment.
	ConcernUnreadableMessage ConcernType = "unreadable_message"
	// ConcernOverdue: the provider has not finished the order a day after its payment.
	ConcernOverdue ConcernType = "overdue"
	// ConcernLatePayment: the provider expired the order although it had accepted a proof or found a payment.
	ConcernLatePayment ConcernType = "late_payment"
	// ConcernPayoutFailed: the provider could not pay out to the user's bank account.
	ConcernPayoutFailed ConcernType = "payout_failed"
	// ConcernUnclearDelivery: the provider's report of what it delivered contradicts the order.
	ConcernUnclearDelivery ConcernType = "unclear_delivery"
)

// ConcernTypes returns every type of concern.
func ConcernTypes() []ConcernType {
	return []ConcernType{
		ConcernProviderUnavailable, ConcernAPIKeyRefused, ConcernRateLimited, ConcernDossierStoreUnavailable, ConcernReferenceUnverified,
		ConcernForeignOrders, ConcernLostInstructions, ConcernUntrustedInstructions, ConcernRefusedReuse, ConcernUnreadableMessage,
		ConcernOverdue, ConcernLatePayment, ConcernPayoutFailed, ConcernUnclearDelivery,
	}
}
