package explain

import (
	"strconv"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"

	"rampart/internal/payloadmeta"
)

// badAttributes is Temporal's error for search attributes that a namespace lacks.
const badAttributes = "BadSearchAttributes"

// taskFailure is the failure of a workflow task.
type taskFailure struct {
	cause  enumspb.WorkflowTaskFailedCause
	reason string
	since  time.Time
}

// missingKey reports whether the worker lacked the key of a payload.
func (s *taskFailure) missingKey() bool {
	return strings.Contains(s.reason, payloadmeta.MissingKeyCode)
}

// missingAttributes reports whether the namespace lacks search attributes of orders.
func (s *taskFailure) missingAttributes() bool {
	return s.cause == enumspb.WORKFLOW_TASK_FAILED_CAUSE_BAD_SEARCH_ATTRIBUTES || strings.HasPrefix(s.reason, badAttributes)
}

// nondeterministic reports whether the worker's code does not replay the order's history. TMPRL1100 is the SDK's code for it.
func (s *taskFailure) nondeterministic() bool {
	return s.cause == enumspb.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR || strings.Contains(s.reason, "TMPRL1100")
}

// applyTask adds failures of workflow tasks and what operators did to the workflow.
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
		s.add(event, KindWorker, "The order was resumed by "+who(event.GetWorkflowExecutionUnpausedEventAttributes().GetIdentity()))
	case event.GetWorkflowExecutionOptionsUpdatedEventAttributes() != nil:
		if version := event.GetWorkflowExecutionOptionsUpdatedEventAttributes().GetVersioningOverride().GetPinned().GetVersion(); version != nil {
			s.add(event, KindWorker, "The order was moved to version "+version.GetBuildId())
		}
	}
}

// failedTask adds the failure of a workflow task. Of several failures in a row, the history has only the first.
func (s *eventLog) failedTask(event *historypb.HistoryEvent) {
	failed := event.GetWorkflowTaskFailedEventAttributes()
	switch failed.GetCause() {
	case enumspb.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND:
		return // a new event arrived during the task, and the worker retries it
	case enumspb.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW:
		s.reset(event)
		return
	}
	s.failure = &taskFailure{cause: failed.GetCause(), reason: s.reader.failure(failed.GetFailure()), since: at(event)}
	s.add(event, KindWorker, "A worker could not continue the order: "+s.failure.reason).Problem = true
}

// reset adds a reset: a new run continues from this event. The calls before it are those of the previous run, except a call that is pending.
func (s *eventLog) reset(event *historypb.HistoryEvent) {
	s.add(event, KindWorker, "The order was reset to this point"+because(event.GetWorkflowTaskFailedEventAttributes().GetFailure().GetMessage()))
	for _, c := range s.calls {
		c.creates = c.creates && c.Over.IsZero()
	}
}

func (s *eventLog) lateTask(event *historypb.HistoryEvent) {
	if event.GetWorkflowTaskTimedOutEventAttributes().GetTimeoutType() == enumspb.TIMEOUT_TYPE_SCHEDULE_TO_START {
		s.add(event, KindWorker, "The worker that had the order in its cache is gone; another worker can continue it")
		return
	}
	s.add(event, KindWorker, "A worker did not finish its task in time; another worker can continue it").Problem = true
}

func number[T int32 | int64](n T) string { return strconv.FormatInt(int64(n), 10) }
