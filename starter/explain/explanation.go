package explain

import (
	"time"

	"rampart/ramp"
)

// Explanation explains an order. Its texts hold no personal data and no credentials; times are UTC.
type Explanation struct {
	Reference  string         `json:"reference"`
	Direction  ramp.Direction `json:"direction"`
	WorkflowID string         `json:"workflowId"`
	RunID      string         `json:"runId"`
	// Workflow is Temporal's word for it: running, paused, completed, failed, canceled, terminated or timed_out.
	Workflow string `json:"workflow"`
	// Ended is the error of a run that was refused, such as ReferenceTaken. It needs nobody here.
	Ended ramp.ErrorType `json:"ended,omitempty"`
	// NotAnOrder is set for a workflow that no worker continues, since its type, id or task queue is not an order's.
	NotAnOrder bool `json:"stray,omitempty"`
	// Runs are those of the reference, the newest first, if there are several.
	Runs []Run `json:"runs,omitempty"`
	// Status is the order's. Where no worker answers, it is that of the search attributes.
	Status ramp.Status `json:"status"`
	// OrderID is the provider's id, once the order exists there, and ProviderStatus its last status, verbatim.
	OrderID        string `json:"orderId,omitempty"`
	ProviderStatus string `json:"providerStatus,omitempty"`
	// Standing is where the order stands, in a sentence or two.
	Standing  string    `json:"standing"`
	StartedAt time.Time `json:"startedAt"`
	// ClosedAt is zero while the order runs.
	ClosedAt time.Time `json:"closedAt,omitzero"`
	Happened []Entry   `json:"happened"`
	Awaits   []Awaited `json:"awaits"`
	Problems []Problem `json:"problems"`
	// Advice is what to do when there is no problem.
	Advice []Advice `json:"advice"`
}

// Run is one run of an order's workflow id.
type Run struct {
	RunID string `json:"runId"`
	// Status is the order's last, as a list has it, and Running whether the run goes on.
	Status  ramp.Status `json:"status,omitempty"`
	Running bool        `json:"running"`
	// Ended is the error of a run that was refused.
	Ended     ramp.ErrorType `json:"ended,omitempty"`
	StartedAt time.Time      `json:"startedAt"`
	// ClosedAt is zero while the run goes on.
	ClosedAt time.Time `json:"closedAt,omitzero"`
}

// Kind is the kind of a Entry.
type Kind string

// Kinds of entries.
const (
	// KindStatus is an entry of the order's timeline: a new status, or a note.
	KindStatus Kind = "status"
	// KindCall is a call to the provider, with all its attempts, or a watch.
	KindCall Kind = "call"
	// KindMessage is a signal, an update or a cancellation.
	KindMessage Kind = "message"
	KindTimer   Kind = "timer"
	// KindWorker is about workers and operators: a failed workflow task, a pause, a reset, a termination.
	KindWorker Kind = "worker"
)

// Entry is one thing that happened.
type Entry struct {
	At time.Time `json:"at"`
	// Over is when a call or a timer ended; zero while it runs, and for what takes no time.
	Over time.Time `json:"over,omitzero"`
	Kind Kind      `json:"kind"`
	// Status is the status that the order entered; empty where it did not change.
	Status ramp.Status `json:"status,omitempty"`
	Text   string      `json:"text"`
	// Trouble is set for failures and raised concerns.
	Problem bool `json:"trouble,omitempty"`
}

// Awaited is something that the order waits for.
type Awaited struct {
	What string `json:"what"`
	// From is who must act: the user, the provider, the bank, a worker.
	From string `json:"from"`
	// Since is when the wait began, and Until when it is over; either is zero where it is not known, or there is no end to it.
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
	// Attempt is the attempt that runs or comes next, of a call.
	Attempt int32 `json:"attempt,omitempty"`
	// NextAt is when that attempt comes, if it does not run.
	NextAt time.Time `json:"nextAt,omitzero"`
	// LastAnswer is the provider's latest in a watch, in its own words, and CheckedAt when it gave it.
	LastAnswer string    `json:"lastAnswer,omitempty"`
	CheckedAt  time.Time `json:"checkedAt,omitzero"`
	// LastFailure is why the attempt before failed, or the latest poll of a watch.
	LastFailure string `json:"lastFailure,omitempty"`
	// concern is the type of what LastFailure raises.
	concern ramp.ConcernType
}

// Problem is why somebody must look at the order.
type Problem struct {
	What  string    `json:"what"`
	Since time.Time `json:"since,omitzero"`
	// Concern is the type of a concern of the order; empty for what is wrong with its workflow or its workers.
	Concern ramp.ConcernType `json:"concern,omitempty"`
	// Advice is what to do about it.
	Advice []Advice `json:"advice"`
}

// Advice is something to do.
type Advice struct {
	What string `json:"what"`
	// Command is the arguments of starter that do it, or empty.
	Command []string `json:"command,omitempty"`
}

// NeedsAttention reports whether somebody must look at the order.
func (e *Explanation) NeedsAttention() bool { return len(e.Problems) > 0 }
