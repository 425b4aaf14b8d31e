package onmeta

// Status is an order's status as the provider spells it, case included. The lists below are what public
// material shows (wire 4.1, 4.2); the provider may send others, so treat an unknown one as not final.
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
	// OfframpPending: the same, as the API spells it (wire 4.2).
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

// known reports whether it is one of the above.
func (s Status) known() bool {
	switch s {
	case OnrampFiatPending, OnrampFiatReceived, OnrampOrderReceived, OnrampInProgress, OnrampTransferred, OnrampCompleted,
		OnrampExpired, OnrampCancelled, OnrampRefundInitiated, OnrampFiatRefundInitiated, OnrampRefunded,
		OfframpCryptoInit, OfframpPending, OfframpCryptoReceived, OfframpPayoutSuccess, OfframpFiatFailed:
		return true
	default:
		return false
	}
}
