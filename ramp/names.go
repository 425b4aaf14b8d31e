package ramp

import (
	"slices"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
)

// Task queues.
const (
	// TaskQueue carries the workflows and the short provider calls.
	TaskQueue = "ramp"
	// WatchTaskQueue carries the status watches, which occupy an activity slot for hours and must not starve the calls of
	// TaskQueue.
	WatchTaskQueue = "ramp-watch"
)

// Workflow types.
const (
	OnrampWorkflow  = "Onramp"
	OfframpWorkflow = "Offramp"
	// AdoptionWorkflow records which order a provider's order belongs to if the answer to its creation was lost. Only workers start it.
	AdoptionWorkflow = "Adoption"
	// LateEventsWorkflow publishes the events that an order could not publish itself before it ended. Only orders start it.
	LateEventsWorkflow = "LateEvents"
	// LateRecordWorkflow keeps the record that an order could not write itself before it ended. Only orders start it.
	LateRecordWorkflow = "LateRecord"
	// DisabledEndpointWorkflow is open while an endpoint gets no events, because it has answered that it wants none. Only workers
	// start it.
	DisabledEndpointWorkflow = "DisabledEndpoint"
	// WorkerLeaseWorkflow is open while a worker process runs, and gives its watches to other workers once it has crashed. Only workers
	// start it.
	WorkerLeaseWorkflow = "WorkerLease"
	// ReconciliationWorkflow compares the orders of a day with the provider's. Operators start it, and a schedule.
	ReconciliationWorkflow = "Reconciliation"
	// DailyReconciliationWorkflow runs the Reconciliation of the day before. Only the schedule starts it.
	DailyReconciliationWorkflow = "DailyReconciliation"
)

// ReconciliationPrefix begins the id of the workflow that reconciles a day. The day follows.
const ReconciliationPrefix = "reconcile/"

// LateEventsPrefix begins the id of the LateEvents workflow of a run of an order. The order's workflow id and the id of the run follow.
const LateEventsPrefix = "late-events/"

// OwnWorkflows returns the types of the workflows that Rampart starts for itself, and that are no orders.
func OwnWorkflows() []string {
	return []string{
		AdoptionWorkflow, LateEventsWorkflow, LateRecordWorkflow, DisabledEndpointWorkflow, WorkerLeaseWorkflow, ReconciliationWorkflow,
		DailyReconciliationWorkflow,
	}
}

// WorkerLeaseID returns the id of the WorkerLease workflow of a worker process, by its identity at Temporal.
func WorkerLeaseID(identity string) string { return "worker/" + identity }

// AdoptionID returns the id of the Adoption workflow of a provider's order.
func AdoptionID(orderID string) string { return "adoption/" + orderID }

// EnableEndpoint is the signal that ends a DisabledEndpoint workflow. It has no argument.
const EnableEndpoint = "enable-endpoint"

// disabledPrefix begins the id of a DisabledEndpoint workflow. The endpoint's name follows.
const disabledPrefix = "disabled-endpoint/"

// DisabledEndpointID returns the id of the DisabledEndpoint workflow of an endpoint.
func DisabledEndpointID(endpoint string) string { return disabledPrefix + endpoint }

// Signals, each also an update of the same name.
const (
	SubmitUTR             = "submit-utr"
	SubmitTransactionHash = "submit-transaction-hash"
	SubmitKYC             = "submit-kyc"
	SubmitAccount         = "submit-account"
	ConfirmQuote          = "confirm-quote"
)

// AwaitOrder is the update that returns the Order once its user can act. Its argument is an optional Awaiting.
const AwaitOrder = "await-order"

// OrderQuery is the query that returns the Order.
const OrderQuery = "order"

// Search attributes of an order. None holds personal data: UserKey and ProofKey hold keyed hashes, see Hasher.
var (
	DirectionKey  = temporal.NewSearchAttributeKeyKeyword("RampDirection")
	StatusKey     = temporal.NewSearchAttributeKeyKeyword("RampStatus")
	TokenKey      = temporal.NewSearchAttributeKeyKeyword("RampToken")
	OrderIDKey    = temporal.NewSearchAttributeKeyKeyword("RampOrderId")
	FiatAmountKey = temporal.NewSearchAttributeKeyFloat64("RampFiatAmount")
	ExpiresAtKey  = temporal.NewSearchAttributeKeyTime("RampExpiresAt")
	AttentionKey  = temporal.NewSearchAttributeKeyBool("RampAttention")
	// UserKey is the hash of the user, and ProofKey those of the proofs that the provider accepted.
	UserKey  = temporal.NewSearchAttributeKeyKeyword("RampUser")
	ProofKey = temporal.NewSearchAttributeKeyKeywordList("RampProof")
)

// SearchAttributes returns the search attributes that every order has, in a fixed order. A namespace must have them before the first
// order starts; CheckNamespace checks that.
func SearchAttributes() []temporal.SearchAttributeKey {
	return []temporal.SearchAttributeKey{
		DirectionKey, StatusKey, TokenKey, OrderIDKey, FiatAmountKey, ExpiresAtKey, AttentionKey,
	}
}

// FindAttributes returns the search attributes by which orders are found by their users and proofs, in a fixed order. Orders run in a
// namespace without them, and cannot be found so; CheckFind checks that it has them.
func FindAttributes() []temporal.SearchAttributeKey {
	return []temporal.SearchAttributeKey{UserKey, ProofKey}
}

// SearchAttributeTypes returns all search attributes by name, as the operator API takes them.
func SearchAttributeTypes() map[string]enumspb.IndexedValueType {
	types := make(map[string]enumspb.IndexedValueType)
	for _, key := range slices.Concat(SearchAttributes(), FindAttributes()) {
		types[key.GetName()] = key.GetValueType()
	}
	return types
}
