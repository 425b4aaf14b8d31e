package explain

import (
	commonpb "go.temporal.io/api/common/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/converter"

	"rampart/internal/redact"
	"rampart/ramp"
)

// applyExecution adds the start and the end of the workflow and its search attributes.
func (s *eventLog) applyExecution(event *historypb.HistoryEvent) {
	switch {
	case event.GetWorkflowExecutionStartedEventAttributes() != nil:
		s.add(event, KindMessage, "The order was requested"+s.summary(event))
		s.publish(event, event.GetWorkflowExecutionStartedEventAttributes().GetSearchAttributes())
	case event.GetUpsertWorkflowSearchAttributesEventAttributes() != nil:
		s.publish(event, event.GetUpsertWorkflowSearchAttributesEventAttributes().GetSearchAttributes())
	case event.GetWorkflowExecutionCompletedEventAttributes() != nil:
		var order ramp.Order
		if s.reader.value(event.GetWorkflowExecutionCompletedEventAttributes().GetResult(), &order) {
			s.order = &order
		}
	case event.GetWorkflowExecutionFailedEventAttributes() != nil:
		s.fail(event)
	case event.GetWorkflowExecutionTerminatedEventAttributes() != nil:
		by := event.GetWorkflowExecutionTerminatedEventAttributes()
		s.end(event, "The order was terminated by "+who(by.GetIdentity())+because(by.GetReason()))
	case event.GetWorkflowExecutionTimedOutEventAttributes() != nil:
		s.end(event, "The order's workflow exceeded the timeout that it was started with")
	case event.GetWorkflowExecutionCanceledEventAttributes() != nil:
		s.end(event, "The order's workflow ended as cancelled, without a result")
	case event.GetWorkflowExecutionContinuedAsNewEventAttributes() != nil:
		s.end(event, "The order continues in another run")
	}
}

func (s *eventLog) summary(event *historypb.HistoryEvent) string {
	if text := s.reader.text(event.GetUserMetadata().GetSummary(), ""); text != "" {
		return ": " + text
	}
	return ""
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + redact.Text(reason)
}

func (s *eventLog) end(event *historypb.HistoryEvent, how string) {
	s.ending = how
	s.add(event, KindWorker, how).Problem = true
}

// fail ends the run with the error of its workflow.
func (s *eventLog) fail(event *historypb.HistoryEvent) {
	failure := event.GetWorkflowExecutionFailedEventAttributes().GetFailure()
	s.failed = s.reader.contract(failure)
	switch s.refused() {
	case "":
		s.end(event, "The order failed: "+s.reader.failure(failure))
	case ramp.ReferenceTaken:
		s.end(event, "Nothing was started: "+s.reader.failure(failure))
	default:
		s.end(event, "The request was refused: "+s.reader.failure(failure))
	}
}

// refused returns the type of the error with which a start was refused, and an empty string for any other run. A run that may have
// created the order at the provider was not refused, whatever its error.
func (s *eventLog) refused() ramp.ErrorType {
	if s.failed == nil || s.mayHaveCreated() {
		return ""
	}
	switch s.failed.Type {
	case ramp.InvalidRequest, ramp.Unencrypted, ramp.ReferenceTaken:
		return s.failed.Type
	default:
		return ""
	}
}

// publish applies the search attributes of the order. If no worker answers, they are all that is known about it.
func (s *eventLog) publish(event *historypb.HistoryEvent, attributes *commonpb.SearchAttributes) {
	fields := attributes.GetIndexedFields()
	var status ramp.Status
	if attribute(fields, ramp.StatusKey.GetName(), &status) && status != s.status {
		s.status = status
		s.add(event, KindStatus, "").Status = status
	}
	attribute(fields, ramp.OrderIDKey.GetName(), &s.orderID)
	attention := s.attention
	if attribute(fields, ramp.AttentionKey.GetName(), &attention) && attention != s.attention {
		s.attention, s.attentionSince = attention, at(event)
		if attention {
			s.add(event, KindStatus, "Attention: the order needs a person.").Problem = true
		}
	}
}

// attribute decodes a search attribute, which Temporal always stores as plain JSON, and reports whether it is set.
func attribute(fields map[string]*commonpb.Payload, name string, into any) bool {
	payload, found := fields[name]
	return found && converter.GetDefaultDataConverter().FromPayload(payload, into) == nil
}
