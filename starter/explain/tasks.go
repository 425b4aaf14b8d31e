package explain

import (
	"strconv"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"

	"rampart/internal/payloadmeta"
)

// badAttributes is Temporal's word for search attributes that a namespace lacks.
const badAttributes = "BadSearchAttributes"

// stuck is how a worker failed to continue the order.
type taskFailure struct {
	cause  enumspb.WorkflowTaskFailedCause
	reason string
	since  time.Time
}

// keyless reports whether the worker lacked the key of something in the order.
func (s *taskFailure) keyless() bool { return strings.Contains(s.reason, payloadmeta.MissingKeyCode) }

// unprepared reports whether the namespace lacks what orders need of it.
func (s *taskFailure) unprepared() bool {
	return s.cause == enumspb.WORKFLOW_TASK_FAILED_CAUSE_BAD_SEARCH_ATTRIBUTES || strings.HasPrefix(s.reason, badAttributes)
}

// nondeterministic reports whether the worker's code is not what the order began with. TMPRL1100 is the SDK's code for it.
func (s *taskFailure) nondeterministic() bool {
	return s.cause == enumspb.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR || strings.Contains(s.reason, "TMPRL1100")
}

// applyTask tells what befell the workers that run the order.
func (s *eventLog) applyTask(event *historypb.HistoryEvent) {
	switch {
	case event.GetWorkflowTaskFailedEventAttributes() != nil:
		s.failedTask(event)
	case event.GetWorkflowTaskTimedOutEventAttributes() != nil:
		s.lateTask(event)
	case event.GetWorkflowTaskCompletedEventAttributes() != nil:
		s.failure = nil
	case event.GetWorkflowExecutionPausedEventAttributes() != nil:
		by := event.GetWorkflowExecutionPausedEventAttributes()
		s.add(event, KindWorker, "The order was paused by "+who(by.GetIdentity())+because(by.GetReason())).Problem = true
	case event.GetWorkflowExecutionUnpausedEventAttributes() != nil:
		s.add(event, KindWorker, "The order goes on by the will of "+who(event.GetWorkflowExecutionUnpausedEventAttributes().GetIdentity()))
	case event.GetWorkflowExecutionOptionsUpdatedEventAttributes() != nil:
		if version := event.GetWorkflowExecutionOptionsUpdatedEventAttributes().GetVersioningOverride().GetPinned().GetVersion(); version != nil {
			s.add(event, KindWorker, "The order was moved to version "+version.GetBuildId())
		}
	}
}

// failedTask is what Temporal keeps of a worker that failed to continue the order: the first failure of those in a row.
func (s *eventLog) failedTask(event *historypb.HistoryEvent) {
	failed := event.GetWorkflowTaskFailedEventAttributes()
	switch failed.GetCause() {
	case enumspb.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND:
		return // something came in just then, and the worker looked again
	case enumspb.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW:
		s.reset(event)
		return
	}
	s.failure = &taskFailure{cause: failed.GetCause(), reason: s.reader.said(failed.GetFailure()), since: at(event)}
	s.add(event, KindWorker, "A worker could not continue the order: "+s.failure.reason).Problem = true
}

// reset begins another run at this moment. What came before is the former run's, but for a call that is still under way.
func (s *eventLog) reset(event *historypb.HistoryEvent) {
	s.add(event, KindWorker, "The order was reset to this moment"+because(event.GetWorkflowTaskFailedEventAttributes().GetFailure().GetMessage()))
	for _, c := range s.calls {
		c.makes = c.makes && c.Over.IsZero()
	}
}

func (s *eventLog) lateTask(event *historypb.HistoryEvent) {
	if event.GetWorkflowTaskTimedOutEventAttributes().GetTimeoutType() == enumspb.TIMEOUT_TYPE_SCHEDULE_TO_START {
		s.add(event, KindWorker, "The worker that had the order in memory was gone; any other may continue it")
		return
	}
	s.add(event, KindWorker, "A worker took the order up and did not finish; another may continue it").Problem = true
}

func number[T int32 | int64](n T) string { return strconv.FormatInt(int64(n), 10) }
