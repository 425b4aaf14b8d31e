package records

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"time"

	"rampart/ramp"
	"rampart/ramp/situation"
)

// Record is the final state of an order that has ended.
type Record struct {
	// RunID is the Temporal run that was the order.
	RunID string `json:"runId"`
	// Email is the user's e-mail address.
	Email ramp.Email `json:"email,omitempty"`
	// Order is the order as its workflow returned it, without payment instructions: nobody needs them any more.
	Order ramp.Order `json:"order"`
}

// New returns the record of an order that has ended.
func New(order ramp.Order, email ramp.Email, runID string) Record {
	order.Instructions = nil
	return Record{RunID: runID, Email: email, Order: order}
}

// EndedAt returns when the order ended, in UTC.
func (r *Record) EndedAt() time.Time { return r.Order.UpdatedAt.UTC() }

// ID identifies the record's order.
func (r *Record) ID() ramp.ID {
	return ramp.ID{Direction: r.Order.Direction, Reference: r.Order.Reference}
}

// Validate returns an error if this is no record of an order that has ended.
func (r *Record) Validate() error {
	switch {
	case ramp.ValidateReference(r.Order.Reference) != nil:
		return errors.New("the record has no valid reference")
	case r.Order.Direction != ramp.Onramp && r.Order.Direction != ramp.Offramp:
		return errors.New("the record has no direction")
	case !r.Order.Status.Final():
		return errors.New("the record is not of an order that has ended")
	case r.Order.UpdatedAt.IsZero():
		return errors.New("the record does not say when the order ended")
	default:
		return nil
	}
}

// Day is a day in India, such as 2026-11-27.
type Day = situation.Day

// dayPrefix begins the names of records. The day follows.
const dayPrefix = "day="

// prefix begins the names of the records of a day.
func prefix(day Day) string { return dayPrefix + string(day) + "/" }

// timeFormat is the time of day in the name of a record. Names sort by it.
const timeFormat = "150405.000000"

// recordName is the form of the name of a record.
var recordName = regexp.MustCompile(`^day=\d{4}-\d{2}-\d{2}/\d{6}\.\d{6}-[0-9a-f]{64}$`)

// name returns the name of the record's object.
func (r *Record) name() string {
	return prefix(situation.DayOf(r.EndedAt())) + situation.India(r.EndedAt()).Format(timeFormat) + "-" + digest(r.ID())
}

// referenceName returns the name of the object that names the record of an order.
func referenceName(id ramp.ID) string {
	order := digest(id)
	return "reference/" + order[:2] + "/" + order
}

func digest(id ramp.ID) string {
	sum := sha256.Sum256([]byte(id.Direction.WorkflowID(id.Reference)))
	return hex.EncodeToString(sum[:])
}

// isTemporary reports whether a name is that of a file whose writer was killed before it was complete.
func isTemporary(name string) bool { return strings.HasSuffix(name, ".tmp") }

// entry is the content of the object that names a record. It is written before the record, so that it names every record that may exist.
type entry struct {
	Record string `json:"record"`
	// Replaces are the names of earlier records of the order, the newest first, until they are deleted.
	Replaces []string `json:"replaces,omitempty"`
}

// names returns the names of the records that may exist, the newest first.
func (e entry) names() []string {
	if e.Record == "" {
		return nil
	}
	return append([]string{e.Record}, e.Replaces...)
}

// with returns the entry of an order whose record gets a name.
func (e entry) with(name string) entry {
	next := entry{Record: name}
	for _, before := range e.names() {
		if before != name {
			next.Replaces = append(next.Replaces, before)
		}
	}
	return next
}

// decode reads the content of an object.
func decode(content []byte, into any) error {
	if err := json.Unmarshal(content, into); err != nil {
		return errors.New("its content is not that of a record")
	}
	return nil
}
