package ramp

import (
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
)

// Task queues.
const (
	// TaskQueue carries the workflows and the short provider calls.
	TaskQueue = "ramp"
	// WatchTaskQueue carries the long status watches, which hold an activity slot for hours and must not
	// starve the calls of TaskQueue.
	WatchTaskQueue = "ramp-watch"
)

// Workflow types.
const (
	OnrampWorkflow  = "Onramp"
	OfframpWorkflow = "Offramp"
	// AdoptionWorkflow records which order has adopted a provider's order whose creation lost its answer. Workers use it
	// among themselves.
	AdoptionWorkflow = "Adoption"
)

// AdoptionID is the id of the Adoption of a provider's order.
func AdoptionID(orderID string) string { return "adoption/" + orderID }

// Signals, each also an update of the same name.
const (
	SubmitUTR             = "submit-utr"
	SubmitTransactionHash = "submit-transaction-hash"
	SubmitKYC             = "submit-kyc"
	SubmitAccount         = "submit-account"
	ConfirmQuote          = "confirm-quote"
)

// AwaitOrder is the update that returns the Order once there is something for the user to act on.
const AwaitOrder = "await-order"

// OrderQuery is the query that returns the Order.
const OrderQuery = "order"

// Search attributes of an order. None holds personal data.
var (
	DirectionKey  = temporal.NewSearchAttributeKeyKeyword("RampDirection")
	StatusKey     = temporal.NewSearchAttributeKeyKeyword("RampStatus")
	TokenKey      = temporal.NewSearchAttributeKeyKeyword("RampToken")
	OrderIDKey    = temporal.NewSearchAttributeKeyKeyword("RampOrderId")
	FiatAmountKey = temporal.NewSearchAttributeKeyFloat64("RampFiatAmount")
	ExpiresAtKey  = temporal.NewSearchAttributeKeyTime("RampExpiresAt")
	AttentionKey  = temporal.NewSearchAttributeKeyBool("RampAttention")
)

// SearchAttributes returns every search attribute of an order, in a fixed order: what a namespace must know
// before the first order starts.
func SearchAttributes() []temporal.SearchAttributeKey {
	return []temporal.SearchAttributeKey{
		DirectionKey, StatusKey, TokenKey, OrderIDKey, FiatAmountKey, ExpiresAtKey, AttentionKey,
	}
}

// SearchAttributeTypes returns the search attributes by name, as the operator API takes them.
func SearchAttributeTypes() map[string]enumspb.IndexedValueType {
	types := make(map[string]enumspb.IndexedValueType)
	for _, key := range SearchAttributes() {
		types[key.GetName()] = key.GetValueType()
	}
	return types
}
