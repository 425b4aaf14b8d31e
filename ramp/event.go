package ramp

import (
	"errors"
	"strings"
	"time"
)

// EventTaskQueue carries the deliveries of events. They have a task queue of their own, because an endpoint may be down for days.
const EventTaskQueue = "ramp-events"

// EventType is the kind of change that an Event reports.
type EventType string

// Types of events.
const (
	// StatusChanged: the order has another status.
	StatusChanged EventType = "ramp.order.status_changed"
	// AttentionChanged: a person must look at the order, or no longer must, or for another reason.
	AttentionChanged EventType = "ramp.order.attention_changed"
	// InstructionsChanged: the order has payment instructions, or others than before.
	InstructionsChanged EventType = "ramp.order.instructions_changed"
	// ProofReplaced: another proof of payment has replaced the one that the provider had accepted.
	ProofReplaced EventType = "ramp.order.proof_replaced"
)

// EventTypes returns every type of event.
func EventTypes() []EventType {
	return []EventType{StatusChanged, AttentionChanged, InstructionsChanged, ProofReplaced}
}

// Event is a change of an order that a backend can see. It contains no personal data; a backend that needs more reads the order. Events
// of an order are delivered in the order of their versions, each at least once.
type Event struct {
	// ID identifies the event. A repeated delivery has the same id.
	ID string `json:"id"`
	// Type is the kind of change. Later versions may have more types.
	Type EventType `json:"type"`
	// Reference is the backend's own id of the order.
	Reference string `json:"reference"`
	// Direction is onramp or offramp.
	Direction Direction `json:"direction"`
	// Status is the order's status after the change.
	Status Status `json:"status"`
	// Attention is set if a person must look at the order.
	Attention bool `json:"attention"`
	// Version is the order's version after the change.
	Version int64 `json:"version"`
	// At is when the order changed, in UTC.
	At time.Time `json:"at"`
}

// EventTarget is where the events of one order go, beside the endpoints that the workers are configured with.
type EventTarget struct {
	// URL receives the events. It must begin with the URL of an endpoint that the workers are configured to take from orders. It is not
	// shown, because its query may hold a token.
	URL Personal `json:"url"`
}

// maxEventURL bounds the URL of an order's events.
const maxEventURL = 500

// ValidateEventURL checks the URL of an order's events: https, or http, with a host and without user, fragment or spaces, at most 500
// ASCII characters. Whether events may go there is up to the configuration of the workers.
//
// The error says what is valid and does not contain the URL.
func ValidateEventURL(url string) error {
	rest, secure := strings.CutPrefix(url, "https://")
	rest, plain := strings.CutPrefix(rest, "http://")
	host := rest
	if end := strings.IndexAny(rest, "/?"); end >= 0 {
		host = rest[:end]
	}
	if secure == plain || !only(host, 1, maxEventURL, isAuthorityByte) || !only(url, 1, maxEventURL, isURLByte) {
		return errors.New("must be an https URL of at most 500 ASCII characters, without user name or fragment")
	}
	return nil
}

func isAuthorityByte(c byte) bool { return isAlphanumeric(c) || strings.IndexByte(".:[]-_", c) >= 0 }

func isURLByte(c byte) bool { return c > ' ' && c < 0x7f && c != '#' && c != '"' && c != '\\' }
