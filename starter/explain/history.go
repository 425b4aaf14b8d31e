package explain

import (
	"slices"
	"time"

	historypb "go.temporal.io/api/history/v1"

	"rampart/internal/redact"
	"rampart/ramp"
)

// eventLog is what is read from a workflow's history, in one pass over its events.
type eventLog struct {
	reader  Reader
	entries []*Entry
	// calls, timers and updates have the id of the event that scheduled, started or accepted them as their key.
	calls   map[int64]*call
	timers  map[int64]*Entry
	updates map[int64]*Entry
	// admitted has the names of the updates that a reset copied from the previous run, by update id.
	admitted map[string]string
	// fires is when each running timer fires.
	fires map[int64]time.Time

	// status, orderID and attention are the latest search attributes, and attentionSince is when attention changed last.
	status         ramp.Status
	orderID        string
	attention      bool
	attentionSince time.Time
	// order is the result of the workflow, or nil.
	order *ramp.Order
	// ending says how a run without a result ended. failed is its ramp.Error, or nil.
	ending string
	failed *ramp.Error
	// failure is the failure of the latest workflow task, or nil if that succeeded.
	failure *taskFailure
}

func readHistory(reader Reader, events []*historypb.HistoryEvent) *eventLog {
	s := &eventLog{
		reader:  reader,
		calls:   make(map[int64]*call),
		timers:  make(map[int64]*Entry),
		updates: make(map[int64]*Entry), admitted: make(map[string]string),
		fires: make(map[int64]time.Time),
	}
	for _, event := range events {
		for _, apply := range []func(*historypb.HistoryEvent){s.applyExecution, s.applyActivity, s.applyTimer, s.applyMessage, s.applyTask} {
			apply(event)
		}
	}
	return s
}

// add adds an entry for an event.
func (s *eventLog) add(event *historypb.HistoryEvent, kind Kind, text string) *Entry {
	entry := &Entry{At: at(event), Kind: kind, Text: text}
	s.entries = append(s.entries, entry)
	return entry
}

func at(event *historypb.HistoryEvent) time.Time { return event.GetEventTime().AsTime() }

// with returns all entries in order. It replaces the statuses of the search attributes by the order's own timeline. The times of the
// timeline are those of workflow tasks, so an entry comes before the calls and timers that its task started.
func (s *eventLog) with(order *ramp.Order) []Entry {
	var all []Entry
	if order != nil {
		all = timeline(order)
	}
	for _, entry := range s.entries {
		if order == nil || entry.Kind != KindStatus {
			all = append(all, *entry)
		}
	}
	slices.SortStableFunc(all, func(a, b Entry) int { return a.At.Compare(b.At) })
	return all
}

// timeline returns the timeline of an order as entries.
func timeline(order *ramp.Order) []Entry {
	var all []Entry
	var last ramp.Status
	for _, noted := range order.Timeline {
		entry := Entry{At: noted.At, Kind: KindStatus, Text: redact.Text(noted.Note), Problem: noted.Concern != ""}
		if noted.Status != last {
			entry.Status, last = noted.Status, noted.Status
		}
		all = append(all, entry)
	}
	return all
}
