package onmeta

import "strings"

// Status is an order's status as the provider spells it, case included. The lists below are what public
// material shows (provider 4.1, 4.2); the provider may send others, and spells some in more than one way (provider 13).
// Compare statuses by their Phase, never as texts.
type Status string

// Statuses of an on-ramp order.
const (
	// OnrampFiatPending: the order exists; no payment was matched yet.
	OnrampFiatPending Status = "fiatPending"
	// OnrampFiatReceived: the payment arrived.
	OnrampFiatReceived Status = "fiatReceived"
	// OnrampOrderReceived: the token transfer was started. May come before OnrampFiatReceived.
	OnrampOrderReceived Status = "orderReceived"
	// OnrampInProgress: running on chain; optional, only for non-native tokens.
	OnrampInProgress Status = "InProgress"
	// OnrampTransferred: the tokens were sent; completion follows after a block confirmation.
	OnrampTransferred Status = "transferred"
	// OnrampCompleted: the user has the tokens. Final.
	OnrampCompleted Status = "completed"
	// OnrampExpired: unpaid for more than three hours. Final.
	OnrampExpired Status = "expired"
	// OnrampCancelled: the amount paid was not the amount ordered; the UTR may be used again. Final.
	OnrampCancelled Status = "cancelled"
	// OnrampRefundInitiated: the payer's account is not the linked one; a refund is under way.
	OnrampRefundInitiated Status = "refundInitiated"
	// OnrampFiatRefundInitiated: an older spelling of OnrampRefundInitiated, seen in order history.
	OnrampFiatRefundInitiated Status = "fiatRefundInitiated"
	// OnrampRefunded: the payment went back to its source. Final.
	OnrampRefunded Status = "refunded"
)

// Statuses of an off-ramp order.
const (
	// OfframpCryptoInit: the order exists and awaits the tokens (guide).
	OfframpCryptoInit Status = "cryptoInit"
	// OfframpPending: the same, as the API spells it (provider 4.2).
	OfframpPending Status = "pending"
	// OfframpOrderReceived: the tokens reached the provider.
	OfframpOrderReceived Status = "orderReceived"
	// OfframpInProgress: the tokens are being swapped; optional.
	OfframpInProgress Status = "InProgress"
	// OfframpCryptoReceived: the tokens were validated.
	OfframpCryptoReceived Status = "CryptoReceived"
	// OfframpFiatPending: the payout was not sent to the bank yet.
	OfframpFiatPending Status = "fiatPending"
	// OfframpPayoutSuccess: the bank account was credited. Final.
	OfframpPayoutSuccess Status = "PayoutSuccess"
	// OfframpCompleted: another name of OfframpPayoutSuccess. Final.
	OfframpCompleted Status = "completed"
	// OfframpFiatFailed: the payout failed at the bank; the provider's support or a retry follows.
	OfframpFiatFailed Status = "fiatFailed"
	// OfframpRefundInitiated: a wrong token or amount arrived; its refund is under way.
	OfframpRefundInitiated Status = "refundInitiated"
	// OfframpFiatRefundInitiated: the other spelling of OfframpRefundInitiated.
	OfframpFiatRefundInitiated Status = "fiatRefundInitiated"
	// OfframpRefunded: the tokens went to the refund wallet. Final.
	OfframpRefunded Status = "refunded"
	// OfframpExpired: not documented for off-ramp orders; known so that it is not mistaken for progress. Final.
	OfframpExpired Status = "expired"
	// OfframpCancelled: not documented for off-ramp orders; known for the same reason. Final.
	OfframpCancelled Status = "cancelled"
)

// Phase is the meaning of a status.
type Phase int

// The phases of an order. PhaseUnknown, for a status that no document names, is not final.
const (
	PhaseUnknown Phase = iota
	// PhaseUnpaid: the provider has not found the payment, or the tokens.
	PhaseUnpaid
	// PhaseSettling: the provider has the payment and delivers.
	PhaseSettling
	// PhasePayoutFailed: the provider has the tokens, and the bank refused the payout. Off-ramp only.
	PhasePayoutFailed
	// PhaseRefunding: the provider returns the payment.
	PhaseRefunding
	// PhaseCompleted: delivered. Final.
	PhaseCompleted
	// PhaseExpired: unpaid for too long. Final, although a late payment may be found after it.
	PhaseExpired
	// PhaseCancelled: ended by the provider. Final.
	PhaseCancelled
	// PhaseRefunded: the payment was returned. Final.
	PhaseRefunded
)

// Paid reports whether the provider has found the payment.
func (p Phase) Paid() bool {
	switch p {
	case PhaseSettling, PhasePayoutFailed, PhaseRefunding, PhaseCompleted, PhaseRefunded:
		return true
	default:
		return false
	}
}

// OnrampPhase returns the phase of an on-ramp order with the status, regardless of case. The provider's other spellings (canceled, refunding:
// provider 13) mean the same.
func OnrampPhase(status Status) Phase { return onrampPhase(strings.ToLower(string(status))) }

// OfframpPhase returns the phase of an off-ramp order with the status, as OnrampPhase does.
func OfframpPhase(status Status) Phase { return offrampPhase(strings.ToLower(string(status))) }

func onrampPhase(lower string) Phase {
	switch lower {
	case "fiatpending":
		return PhaseUnpaid
	case "fiatreceived", "orderreceived", "inprogress", "transferred":
		return PhaseSettling
	default:
		return sharedPhase(lower)
	}
}

func offrampPhase(lower string) Phase {
	switch lower {
	case "cryptoinit", "pending":
		return PhaseUnpaid
	case "orderreceived", "inprogress", "cryptoreceived", "fiatpending":
		return PhaseSettling
	case "fiatfailed":
		return PhasePayoutFailed
	case "payoutsuccess":
		return PhaseCompleted
	default:
		return sharedPhase(lower)
	}
}

// sharedPhase returns the phase of statuses that mean the same in both directions.
func sharedPhase(lower string) Phase {
	switch lower {
	case "refundinitiated", "fiatrefundinitiated", "refunding":
		return PhaseRefunding
	case "refunded":
		return PhaseRefunded
	case "completed":
		return PhaseCompleted
	case "expired":
		return PhaseExpired
	case "cancelled", "canceled":
		return PhaseCancelled
	default:
		return PhaseUnknown
	}
}

// known reports whether a document names the status, in either direction.
func (s Status) known() bool {
	return OnrampPhase(s) != PhaseUnknown || OfframpPhase(s) != PhaseUnknown
}
