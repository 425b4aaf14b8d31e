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
	// Workflow is the state of the workflow: running, paused, completed, failed, canceled, terminated or timed_out.
	Workflow string `json:"workflow"`
	// Ended is the error of a start that was refused, such as ReferenceTaken. Only its sender has something to correct.
	Ended ramp.ErrorType `json:"ended,omitempty"`
	// NotAnOrder is set for a running workflow that no worker continues, because its type, id or task queue is not that of an order.
	NotAnOrder bool `json:"stray,omitempty"`
	// Runs are the runs of the reference, newest first; empty if there is only one.
	Runs []Run `json:"runs,omitempty"`
	// Status is the order's status. If no worker answers, it comes from the search attributes.
	Status ramp.Status `json:"status"`
	// OrderID is the provider's id of the order, once it exists there, and ProviderStatus the provider's last status, verbatim.
	OrderID        string `json:"orderId,omitempty"`
	ProviderStatus string `json:"providerStatus,omitempty"`
	// Standing is the order's situation in a sentence or two.
	Standing  string    `json:"standing"`
	StartedAt time.Time `json:"startedAt"`
	// ClosedAt is zero while the order runs.
	ClosedAt time.Time `json:"closedAt,omitzero"`
	// Happened is the order's full history, oldest first.
	Happened []Entry   `json:"happened"`
	Awaits   []Awaited `json:"awaits"`
	Problems []Problem `json:"problems"`
	// Advice is what to do beyond the advice of the problems.
	Advice []Advice `json:"advice"`
}

// Run is one run of an order's workflow id.
type Run struct {
	RunID string `json:"runId"`
	// Status is the last status in Temporal's visibility store.
	Status  ramp.Status `json:"status,omitempty"`
	Running bool        `json:"running"`
	// Ended is the error of a start that was refused.
	Ended     ramp.ErrorType `json:"ended,omitempty"`
	StartedAt time.Time      `json:"startedAt"`
	// ClosedAt is zero while the run is running.
	ClosedAt time.Time `json:"closedAt,omitzero"`
}

// Kind is the kind of an Entry.
type Kind string

// Kinds of entries.
const (
	// KindStatus is an entry of the order's own timeline: a new status, or a note.
	KindStatus Kind = "status"
	// KindCall is a call to the provider with all its attempts, or a watch.
	KindCall Kind = "call"
	// KindMessage is a signal, an update or a cancellation.
	KindMessage Kind = "message"
	KindTimer   Kind = "timer"
	// KindWorker is about workers and operators: a failed workflow task, a pause, a reset, a termination.
	KindWorker Kind = "worker"
)

// Entry is an entry of an order's history.
type Entry struct {
	At time.Time `json:"at"`
	// Over is when a call, an update or a timer ended; zero while it runs, and for entries without a duration.
	Over time.Time `json:"over,omitzero"`
	Kind Kind      `json:"kind"`
	// Status is the status that the order entered; empty where it did not change.
	Status ramp.Status `json:"status,omitempty"`
	Text   string      `json:"text"`
	// Problem is set for failures and concerns.
	Problem bool `json:"trouble,omitempty"`
}

// Awaited is something that the order waits for.
type Awaited struct {
	What string `json:"what"`
	// From is who must act: the user, the provider, the clock or a worker.
	From string `json:"from"`
	// Since is when the wait began, and Until its deadline. Either is zero if it is unknown; Until is also zero without a deadline.
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
	// Attempt is the current or next attempt of a call.
	Attempt int32 `json:"attempt,omitempty"`
	// NextAt is when that attempt starts; zero if it runs already.
	NextAt time.Time `json:"nextAt,omitzero"`
	// LastAnswer is the provider's latest status in a watch, verbatim, and CheckedAt when the provider returned it.
	LastAnswer string    `json:"lastAnswer,omitempty"`
	CheckedAt  time.Time `json:"checkedAt,omitzero"`
	// LastFailure is why the previous attempt of a call, or the latest poll of a watch, failed.
	LastFailure string `json:"lastFailure,omitempty"`
	// concern is the type of the concern that LastFailure raises.
	concern ramp.ConcernType
}

// Problem is a reason why the order needs a person.
type Problem struct {
	What  string    `json:"what"`
	Since time.Time `json:"since,omitzero"`
	// Concern is the type of the order's concern; empty for a problem of the workflow or the workers.
	Concern ramp.ConcernType `json:"concern,omitempty"`
	// Advice is what to do about the problem.
	Advice []Advice `json:"advice"`
}

// Advice is something to do.
type Advice struct {
	What string `json:"what"`
	// Command is the arguments of the starter command that does it; empty without one.
	Command []string `json:"command,omitempty"`
}

// NeedsAttention reports whether the order needs a person.
func (e *Explanation) NeedsAttention() bool { return len(e.Problems) > 0 }
