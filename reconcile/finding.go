package reconcile

import (
	"rampart/ramp"
	"rampart/ramp/situation"
)

// Source is where a difference was found.
type Source string

// Sources.
const (
	// SourceOrders: among the orders here.
	SourceOrders Source = "orders"
	// SourceStatus: the provider's status of the order.
	SourceStatus Source = "status"
	// SourceHistory: the provider's history of a user's on-ramp orders.
	SourceHistory Source = "history"
	// SourceExport: the export of the provider's dashboard.
	SourceExport Source = "export"
)

// Finding is a difference between an order here and at the provider. It holds no personal data: proofs and wallets are shortened.
type Finding struct {
	// Day is the day that was reconciled.
	Day Day `json:"day"`
	// Kind is what differs.
	Kind situation.Difference `json:"kind"`
	// Source is where it was found.
	Source Source `json:"source"`
	// Direction is onramp or offramp; empty where an export does not tell.
	Direction ramp.Direction `json:"direction,omitempty"`
	// Reference is the order's reference; empty for an order that exists at the provider only.
	Reference string `json:"reference,omitempty"`
	// OrderID is the provider's id of the order; empty if it has none.
	OrderID string `json:"orderId,omitempty"`
	// Ours and Theirs are the values that differ, as texts.
	Ours   string `json:"ours,omitempty"`
	Theirs string `json:"theirs,omitempty"`
	// Remedy is what helps, as a sentence, and Command the arguments of starter that do it, with placeholders in capitals.
	Remedy  string   `json:"remedy"`
	Command []string `json:"command,omitempty"`
}

// Report is the result of a reconciliation.
type Report struct {
	// Day is the day that was reconciled.
	Day Day `json:"day"`
	// Orders is how many orders here were compared.
	Orders int `json:"orders"`
	// Rows is how many rows the export of the provider's dashboard has; 0 without one.
	Rows int `json:"rows,omitempty"`
	// Findings is how many differences there are, and Kinds how many of each kind.
	Findings int                          `json:"findings"`
	Kinds    map[situation.Difference]int `json:"kinds,omitempty"`
	// First are the first findings, MostShown at most. The files have all.
	First []Finding `json:"first,omitempty"`
	// CSV and JSON are where all findings are: names in the store.
	CSV  string `json:"csv"`
	JSON string `json:"json"`
}

// MostShown is how many findings a report repeats at most.
const MostShown = 50
