package explain

import (
	"cmp"
	"strings"

	historypb "go.temporal.io/api/history/v1"

	"rampart/internal/redact"
	"rampart/ramp"
)

func (s *eventLog) applyMessage(event *historypb.HistoryEvent) {
	switch {
	case event.GetWorkflowExecutionSignaledEventAttributes() != nil:
		s.add(event, KindMessage, message(event.GetWorkflowExecutionSignaledEventAttributes().GetSignalName())+" by signal")
	case event.GetWorkflowExecutionUpdateAdmittedEventAttributes() != nil:
		request := event.GetWorkflowExecutionUpdateAdmittedEventAttributes().GetRequest()
		s.admitted[request.GetMeta().GetUpdateId()] = request.GetInput().GetName()
	case event.GetWorkflowExecutionUpdateAcceptedEventAttributes() != nil:
		accepted := event.GetWorkflowExecutionUpdateAcceptedEventAttributes()
		name := cmp.Or(accepted.GetAcceptedRequest().GetInput().GetName(), s.admitted[accepted.GetProtocolInstanceId()])
		s.updates[event.GetEventId()] = s.add(event, KindMessage, message(name)+" by update")
	case event.GetWorkflowExecutionUpdateCompletedEventAttributes() != nil:
		s.updated(event)
	case event.GetWorkflowExecutionCancelRequestedEventAttributes() != nil:
		asked := event.GetWorkflowExecutionCancelRequestedEventAttributes()
		s.add(event, KindMessage, "Cancellation was requested by "+who(asked.GetIdentity()))
	}
}

// updated adds the outcome of an update.
func (s *eventLog) updated(event *historypb.HistoryEvent) {
	completed := event.GetWorkflowExecutionUpdateCompletedEventAttributes()
	update := s.updates[completed.GetAcceptedEventId()]
	if update == nil {
		return
	}
	update.Over = at(event)
	if failure := completed.GetOutcome().GetFailure(); failure != nil {
		update.Text += ", which was refused: " + s.reader.failure(failure)
		return
	}
	update.Text += ", which returned the order"
}

// message describes a signal or an update by its name.
func message(name string) string {
	switch name {
	case ramp.SubmitUTR:
		return "The backend submitted a UTR"
	case ramp.SubmitTransactionHash:
		return "The backend submitted a transaction hash"
	case ramp.SubmitKYC:
		return "The backend submitted KYC documents"
	case ramp.SubmitAccount:
		return "The backend submitted an account"
	case ramp.ConfirmQuote:
		return "The backend confirmed a quote"
	case ramp.AwaitOrder:
		return "The backend waited for the payment instructions"
	case ramp.ProviderHint:
		return "The gateway passed a webhook of the provider on"
	default:
		return "A client sent " + redact.Text(name) + ", which is not a message of orders,"
	}
}

// who returns a Temporal identity for display. An SDK's default identity names the process and its machine.
func who(identity string) string {
	process, machine, _ := strings.Cut(strings.TrimRight(identity, "@"), "@")
	switch {
	case identity == "":
		return "a client without an identity"
	case machine != "" && strings.Trim(process, "0123456789") == "":
		return "process " + process + " on " + machine
	default:
		return redact.Text(identity)
	}
}
