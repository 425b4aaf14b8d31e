package explain

import (
	"slices"
	"time"

	historypb "go.temporal.io/api/history/v1"
)

func (s *eventLog) applyTimer(event *historypb.HistoryEvent) {
	switch {
	case event.GetTimerStartedEventAttributes() != nil:
		started := event.GetTimerStartedEventAttributes()
		s.timers[event.GetEventId()] = s.add(event, KindTimer, s.reader.text(event.GetUserMetadata().GetSummary(), "A timer"))
		s.fires[event.GetEventId()] = at(event).Add(started.GetStartToFireTimeout().AsDuration())
	case event.GetTimerFiredEventAttributes() != nil:
		s.stopped(event, event.GetTimerFiredEventAttributes().GetStartedEventId(), " · fired")
	case event.GetTimerCanceledEventAttributes() != nil:
		s.stopped(event, event.GetTimerCanceledEventAttributes().GetStartedEventId(), " · cancelled")
	}
}

func (s *eventLog) stopped(event *historypb.HistoryEvent, id int64, how string) {
	if timer := s.timers[id]; timer != nil {
		timer.Over = at(event)
		timer.Text += how
		delete(s.fires, id)
	}
}

// runningTimers returns the running timers, the next one to fire first.
func (s *eventLog) runningTimers() []Awaited {
	var all []Awaited
	for id, until := range s.fires {
		all = append(all, Awaited{What: s.timers[id].Text, From: "the clock", Since: s.timers[id].At, Until: until})
	}
	slices.SortFunc(all, func(a, b Awaited) int { return a.Until.Compare(b.Until) })
	return all
}

// deadline returns when the next running timer fires; zero if none runs.
func (s *eventLog) deadline() time.Time {
	if all := s.runningTimers(); len(all) > 0 {
		return all[0].Until
	}
	return time.Time{}
}
