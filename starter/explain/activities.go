package explain

import (
	"strings"
	"unicode"

	failurepb "go.temporal.io/api/failure/v1"
	historypb "go.temporal.io/api/history/v1"

	"rampart/ramp"
)

// call is an activity with all its attempts: a call to the provider, or a watch.
type call struct {
	*Entry
	id      string
	summary string
	watch   bool
	// creates is set for a call that may have asked the provider to create the order.
	creates bool
	// attempt is the last attempt, and earlierFailure the failure of the attempt before it.
	attempt        int32
	earlierFailure string
}

func (s *eventLog) applyActivity(event *historypb.HistoryEvent) {
	switch {
	case event.GetActivityTaskScheduledEventAttributes() != nil:
		s.scheduled(event)
	case event.GetActivityTaskStartedEventAttributes() != nil:
		started := event.GetActivityTaskStartedEventAttributes()
		s.attempted(started.GetScheduledEventId(), started.GetAttempt(), started.GetLastFailure())
	case event.GetActivityTaskCompletedEventAttributes() != nil:
		s.complete(event, event.GetActivityTaskCompletedEventAttributes().GetScheduledEventId(), "")
	case event.GetActivityTaskFailedEventAttributes() != nil:
		failed := event.GetActivityTaskFailedEventAttributes()
		if failed.GetFailure().GetApplicationFailureInfo().GetType() == handedOver {
			s.handOver(event, failed.GetScheduledEventId())
			return
		}
		s.complete(event, failed.GetScheduledEventId(), s.reader.failure(failed.GetFailure()))
		s.referenceTaken(failed)
	case event.GetActivityTaskTimedOutEventAttributes() != nil:
		timedOut := event.GetActivityTaskTimedOutEventAttributes()
		s.complete(event, timedOut.GetScheduledEventId(), s.reader.failure(timedOut.GetFailure()))
	case event.GetActivityTaskCanceledEventAttributes() != nil:
		if c := s.calls[event.GetActivityTaskCanceledEventAttributes().GetScheduledEventId()]; c != nil {
			c.Over, c.Text = at(event), c.summary+" · cancelled"
		}
	}
}

func (s *eventLog) scheduled(event *historypb.HistoryEvent) {
	activity := event.GetActivityTaskScheduledEventAttributes()
	summary := s.reader.text(event.GetUserMetadata().GetSummary(), inWords(activity.GetActivityType().GetName()))
	s.calls[event.GetEventId()] = &call{
		Entry:   s.add(event, KindCall, summary),
		id:      activity.GetActivityId(),
		summary: summary,
		watch:   activity.GetTaskQueue().GetName() == ramp.WatchTaskQueue,
		creates: creates(activity.GetActivityType().GetName()),
	}
}

func (s *eventLog) attempted(id int64, attempt int32, last *failurepb.Failure) {
	c := s.calls[id]
	if c == nil {
		return
	}
	c.attempt = attempt
	if last != nil {
		c.earlierFailure = s.reader.failure(last)
	}
}

// handedOver is the type of the failure by which a watch makes room for another one. Nothing has gone wrong.
const handedOver = "WatchHandover"

// handOver ends a watch that another one continues.
func (s *eventLog) handOver(event *historypb.HistoryEvent, id int64) {
	if c := s.calls[id]; c != nil {
		c.Over, c.Text = at(event), c.summary+" · continued by another watch"
	}
}

// complete ends a call. problem is empty for a call that succeeded.
func (s *eventLog) complete(event *historypb.HistoryEvent, id int64, problem string) {
	c := s.calls[id]
	if c == nil {
		return
	}
	c.Over, c.Problem = at(event), problem != ""
	switch {
	case problem != "":
		c.Text = c.summary + " · failed"
	case c.watch:
		c.Text = c.summary + " · done"
	default:
		c.Text = c.summary + " · answered"
	}
	if c.attempt > 1 {
		c.Text += " at attempt " + number(c.attempt)
	}
	switch {
	case problem != "":
		c.Text += ": " + problem
	case c.earlierFailure != "":
		c.Text += "; the attempt before failed: " + c.earlierFailure
	}
}

// referenceTaken records that a call did not create the order, because its first attempt found the reference taken. That check comes
// before the request to the provider.
func (s *eventLog) referenceTaken(failed *historypb.ActivityTaskFailedEventAttributes) {
	c := s.calls[failed.GetScheduledEventId()]
	if c == nil || c.attempt > 1 {
		return
	}
	if why := s.reader.contract(failed.GetFailure()); why != nil && why.Type == ramp.ReferenceTaken {
		c.creates = false
	}
}

// mayHaveCreated reports whether this run may have asked the provider to create the order.
func (s *eventLog) mayHaveCreated() bool {
	for _, c := range s.calls {
		if c.creates {
			return true
		}
	}
	return false
}

// pending returns the call that has not ended of an activity, or nil.
func (s *eventLog) pending(id string) *call {
	for _, c := range s.calls {
		if c.id == id && c.Over.IsZero() {
			return c
		}
	}
	return nil
}

// creates reports whether an activity asks the provider to create an order.
func creates(name string) bool { return name == "CreateOnrampOrder" || name == "CreateOfframpOrder" }

// inWords separates the words of a name such as CreateOnrampOrder.
func inWords(name string) string {
	var words strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		begins := unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]))
		if begins {
			words.WriteByte(' ')
			if i+1 < len(runes) && unicode.IsLower(runes[i+1]) {
				r = unicode.ToLower(r)
			}
		}
		words.WriteRune(r)
	}
	return words.String()
}
