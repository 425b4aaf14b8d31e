package explain

import (
	"strings"
	"unicode"

	failurepb "go.temporal.io/api/failure/v1"
	historypb "go.temporal.io/api/history/v1"

	"rampart/ramp"
)

// call is an activity: a call to the provider with all its attempts, or a watch.
type call struct {
	*Entry
	id      string
	summary string
	watch   bool
	// makes is set for a call that may have asked the provider to make the order.
	makes bool
	// attempt is the one that was answered, and before how the one before it failed.
	attempt int32
	before  string
}

func (s *eventLog) applyActivity(event *historypb.HistoryEvent) {
	switch {
	case event.GetActivityTaskScheduledEventAttributes() != nil:
		s.scheduled(event)
	case event.GetActivityTaskStartedEventAttributes() != nil:
		started := event.GetActivityTaskStartedEventAttributes()
		s.attempted(started.GetScheduledEventId(), started.GetAttempt(), started.GetLastFailure())
	case event.GetActivityTaskCompletedEventAttributes() != nil:
		s.over(event, event.GetActivityTaskCompletedEventAttributes().GetScheduledEventId(), "")
	case event.GetActivityTaskFailedEventAttributes() != nil:
		failed := event.GetActivityTaskFailedEventAttributes()
		s.over(event, failed.GetScheduledEventId(), s.reader.said(failed.GetFailure()))
		s.turnedAway(failed)
	case event.GetActivityTaskTimedOutEventAttributes() != nil:
		late := event.GetActivityTaskTimedOutEventAttributes()
		s.over(event, late.GetScheduledEventId(), s.reader.said(late.GetFailure()))
	case event.GetActivityTaskCanceledEventAttributes() != nil:
		if c := s.calls[event.GetActivityTaskCanceledEventAttributes().GetScheduledEventId()]; c != nil {
			c.Over, c.Text = at(event), c.summary+" · given up"
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
		makes:   makes(activity.GetActivityType().GetName()),
	}
}

func (s *eventLog) attempted(id int64, attempt int32, last *failurepb.Failure) {
	c := s.calls[id]
	if c == nil {
		return
	}
	c.attempt = attempt
	if last != nil {
		c.before = s.reader.said(last)
	}
}

// over ends a call, with a problem or with an answer.
func (s *eventLog) over(event *historypb.HistoryEvent, id int64, problem string) {
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
	case c.before != "":
		c.Text += "; the one before: " + c.before
	}
}

// turnedAway takes back that the order may have been made, for a call that found its reference taken before it asked the provider.
func (s *eventLog) turnedAway(failed *historypb.ActivityTaskFailedEventAttributes) {
	c := s.calls[failed.GetScheduledEventId()]
	if c == nil || c.attempt > 1 {
		return
	}
	if why := s.reader.contract(failed.GetFailure()); why != nil && why.Type == ramp.ReferenceTaken {
		c.makes = false
	}
}

// made reports whether the provider may have been asked to make the order, in this run.
func (s *eventLog) made() bool {
	for _, c := range s.calls {
		if c.makes {
			return true
		}
	}
	return false
}

// pending is a call that is not over, by the id of its activity, or nil.
func (s *eventLog) pending(id string) *call {
	for _, c := range s.calls {
		if c.id == id && c.Over.IsZero() {
			return c
		}
	}
	return nil
}

// makes reports whether an activity asks the provider to make an order.
func makes(name string) bool { return name == "CreateOnrampOrder" || name == "CreateOfframpOrder" }

// inWords makes words of a name such as CreateOnrampOrder.
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
