package explain

import (
	"slices"
	"time"

	historypb "go.temporal.io/api/history/v1"

	"rampart/internal/redact"
	"rampart/ramp"
)

// story is what a history tells. It is told by going through the events once.
type eventLog struct {
	reader  Reader
	entries []*Entry
	// calls by the id of the activity, timers by that of the event that started them, updates by that of their acceptance.
	calls   map[int64]*call
	timers  map[int64]*Entry
	updates map[int64]*Entry
	// admitted are the names of updates that a reset took over from the former run, by their ids.
	admitted map[string]string
	// fires is when each timer that runs is over.
	fires map[int64]time.Time

	// status, orderID and attention are the order's as Temporal was told them last, attentionSince when.
	status         ramp.Status
	orderID        string
	attention      bool
	attentionSince time.Time
	// order is the result.
	order *ramp.Order
	// ending is why an order without a result ended, and failed the error of the contract with which it did, if it was one.
	ending string
	failed *ramp.Error
	// stuck is how the latest attempt of a worker to continue the order failed, if it did.
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
		for _, listen := range []func(*historypb.HistoryEvent){s.applyExecution, s.applyActivity, s.applyTimer, s.applyMessage, s.applyTask} {
			listen(event)
		}
	}
	return s
}

// add adds what happened at an event.
func (s *eventLog) add(event *historypb.HistoryEvent, kind Kind, text string) *Entry {
	moment := &Entry{At: at(event), Kind: kind, Text: text}
	s.entries = append(s.entries, moment)
	return moment
}

func at(event *historypb.HistoryEvent) time.Time { return event.GetEventTime().AsTime() }

// with adds the order's own account of itself, and returns everything in order. The account's time is that of the worker's
// turn, which comes before what the worker began in it.
func (s *eventLog) with(order *ramp.Order) []Entry {
	var all []Entry
	if order != nil {
		all = account(order)
	}
	for _, moment := range s.entries {
		if order == nil || moment.Kind != KindStatus {
			all = append(all, *moment)
		}
	}
	slices.SortStableFunc(all, func(a, b Entry) int { return a.At.Compare(b.At) })
	return all
}

// account is an order's timeline.
func account(order *ramp.Order) []Entry {
	var all []Entry
	var last ramp.Status
	for _, entry := range order.Timeline {
		moment := Entry{At: entry.At, Kind: KindStatus, Text: redact.Text(entry.Note)}
		if entry.Status != last {
			moment.Status, last = entry.Status, entry.Status
		}
		moment.Problem = entry.Concern != ""
		all = append(all, moment)
	}
	return all
}
