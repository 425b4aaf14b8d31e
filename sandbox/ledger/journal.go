package ledger

import (
	"maps"
	"sync"
	"time"
)

// EventKind is the kind of an Event.
type EventKind string

// The kinds of events. What follows by itself, payouts and final statuses, is in the order's timeline.
const (
	// EventLogin: a user got tokens.
	EventLogin EventKind = "login"
	// EventRefresh: a refresh token was exchanged.
	EventRefresh EventKind = "refresh"
	// EventTokensRevoked: all tokens of a user were revoked.
	EventTokensRevoked EventKind = "tokens revoked"
	// EventKYC: a dossier was accepted.
	EventKYC EventKind = "KYC uploaded"
	// EventBankLink, EventUPILink: a link was started, whether it succeeds or fails.
	EventBankLink EventKind = "bank linked"
	EventUPILink  EventKind = "UPI linked"
	// EventOrder: an order was created.
	EventOrder EventKind = "order made"
	// EventProof: a UTR or a transaction hash was accepted.
	EventProof EventKind = "proof accepted"
	// EventProofAgain: the accepted proof was submitted again.
	EventProofAgain EventKind = "proof repeated"
	// EventProofReplaced: the order's proof is about to be replaced by another one.
	EventProofReplaced EventKind = "proof replaced"
	// EventProofRefused: a proof was refused.
	EventProofRefused EventKind = "proof refused"
	// EventForced: the control plane set an order's status.
	EventForced EventKind = "order forced"
	// EventWebhook: a webhook was sent, with or without an answer.
	EventWebhook EventKind = "webhook sent"
	// EventFault: a fault was injected into a call.
	EventFault EventKind = "fault"
)

// Event is an entry of the journal. It holds no body, token or document.
type Event struct {
	// Number counts events from 1.
	Number int       `json:"number"`
	At     time.Time `json:"at"` // of the sandbox's clock
	Kind   EventKind `json:"kind"`
	Order  string    `json:"order,omitempty"`
	// Reference is the order's metadata of that name.
	Reference string `json:"reference,omitempty"`
	Email     string `json:"email,omitempty"`
	// Detail is the direction of an order, the proof, the refusal, the state of a link, the webhook and its answer, or the fault and its route.
	Detail string `json:"detail,omitempty"`
}

// maxEvents bounds the journal to about 100 MB. A full journal drops its older half.
const maxEvents = 500_000

// Journal records events in the order in which they happen. It is safe for concurrent use.
type Journal struct {
	mu     sync.Mutex
	events []Event
	last   int // number of the last event
	counts map[EventKind]int
}

// NewJournal returns an empty journal.
func NewJournal() *Journal { return &Journal{counts: map[EventKind]int{}} }

// Add appends an event and numbers it. A full journal drops its older half first.
func (j *Journal) Add(e Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.events) >= maxEvents {
		j.events = append([]Event(nil), j.events[maxEvents/2:]...)
	}
	j.last++
	e.Number = j.last
	j.events = append(j.events, e)
	j.counts[e.Kind]++
}

// After returns up to limit events with a number above the given one, oldest first. Dropped events are left out.
func (j *Journal) After(number, limit int) []Event {
	j.mu.Lock()
	defer j.mu.Unlock()
	dropped := j.last - len(j.events)
	from := min(max(number-dropped, 0), len(j.events))
	return append([]Event{}, j.events[from:min(from+limit, len(j.events))]...)
}

// Counts returns the number of events of each kind, dropped ones included.
func (j *Journal) Counts() map[EventKind]int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return maps.Clone(j.counts)
}

// Reset empties the journal and starts its numbers anew.
func (j *Journal) Reset() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.events, j.last, j.counts = nil, 0, map[EventKind]int{}
}
