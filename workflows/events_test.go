package workflows_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	historypb "go.temporal.io/api/history/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/sdk/testsuite"

	"rampart/activities"
	"rampart/ramp"
)

// news records what an order hands over. An order that ends while it hands a batch over again does so twice at the same time.
type news struct {
	*world
	mu sync.Mutex
	// batches are those that were handed over, in this order, each once.
	batches []activities.PublishEventsRequest
	// fail reports whether an attempt fails.
	fail func(attempt int) bool
	// attempts counts how often anything was handed over.
	attempts int
}

// rules are those of an order that begins in a worker with these endpoints.
func (n *news) rules(endpoints ...string) {
	n.on((*activities.Calls)(nil).KYCStatus).Return(activities.KYCStatusResult{
		Verified: true, Rules: &activities.AdmissionRules{AllowClear: true, Events: endpoints},
	}, nil).Once()
}

func newsOf(t *testing.T, direction ramp.Direction) *news {
	t.Helper()
	n := &news{world: newWorld(t, direction)}
	n.on((*activities.Calls)(nil).PublishEvents).Return(n.publish).Maybe()
	return n
}

func (n *news) publish(_ context.Context, request activities.PublishEventsRequest) (activities.PublishEventsResult, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.attempts++
	if n.fail != nil && n.fail(n.attempts) {
		return activities.PublishEventsResult{}, errors.New("Temporal does not answer")
	}
	batch := batchOf(request)
	if !slices.ContainsFunc(n.batches, func(known activities.PublishEventsRequest) bool { return batchOf(known) == batch }) {
		n.batches = append(n.batches, request)
	}
	return activities.PublishEventsResult{Batch: batch}, nil
}

func batchOf(request activities.PublishEventsRequest) string {
	return ramp.EventBatch(request.RunID, request.Events[0].Version)
}

// handedOver returns the batches so far.
func (n *news) handedOver() []activities.PublishEventsRequest {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.batches)
}

// told returns what the events say, one after the other.
func (n *news) told() []string {
	var all []string
	for _, batch := range n.handedOver() {
		for _, event := range batch.Events {
			all = append(all, string(event.Type)[len("ramp.order."):]+" "+string(event.Status))
		}
	}
	return all
}

// requireOrdered checks that batches follow one another, and versions grow.
func (n *news) requireOrdered() {
	n.t.Helper()
	previous, version := "", int64(0)
	for _, batch := range n.handedOver() {
		require.Equal(n.t, previous, batch.Previous)
		previous = batchOf(batch)
		for _, event := range batch.Events {
			require.GreaterOrEqual(n.t, event.Version, version)
			require.Equal(n.t, reference, event.Reference)
			require.Empty(n.t, event.ID, "ids are made where events are handed over")
			version = event.Version
		}
	}
}

func TestEveryChangeThatABackendCanSeeIsHandedOverInOrder(t *testing.T) {
	t.Parallel()
	n := newsOf(t, ramp.Onramp)
	n.rules("shop")
	n.happy(received)
	n.on((*activities.Watches)(nil).WatchOrder).After(time.Minute).Return(decided(completed), nil)
	n.signalUTR(time.Minute, utr)
	order := n.buy(onrampRequest())
	require.Equal(t, []string{
		"status_changed verifying_kyc", "status_changed linking_account", "status_changed quoting", "status_changed creating_order",
		"status_changed awaiting_payment", "instructions_changed awaiting_payment",
		"status_changed verifying_payment", "status_changed settling", "status_changed completed",
	}, n.told())
	batches := n.handedOver()
	require.Len(t, batches, 4, "an order hands over what happened once it rests")
	n.requireOrdered()
	last := batches[3].Events[0]
	require.LessOrEqual(t, last.Version, order.Version)
	require.Equal(t, []string{"shop"}, batches[0].Endpoints)
}

func TestOrderWithoutEndpointsHandsOverNothing(t *testing.T) {
	t.Parallel()
	for name, rules := range map[string]*activities.AdmissionRules{"none configured": {AllowClear: true}, "an order of an earlier version": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newsOf(t, ramp.Onramp)
			n.on((*activities.Calls)(nil).KYCStatus).Return(activities.KYCStatusResult{Verified: true, Rules: rules}, nil).Once()
			n.happy(received, completed)
			n.signalUTR(time.Minute, utr)
			n.buy(onrampRequest())
			require.Zero(t, n.attempts)
		})
	}
}

func TestOrderThatIsNotAdmittedHandsOverNothing(t *testing.T) {
	t.Parallel()
	n := newsOf(t, ramp.Onramp)
	refused := (&ramp.Error{Type: ramp.InvalidRequest, Reference: reference, Message: "the request is invalid", Fields: []ramp.FieldError{
		{Field: "events.url", Problem: "must begin with the URL of an endpoint"},
	}}).ApplicationError()
	n.on((*activities.Calls)(nil).KYCStatus).Return(activities.KYCStatusResult{}, refused).Once()
	n.happy()
	request := onrampRequest()
	request.Events = &ramp.EventTarget{URL: "https://elsewhere.example.test/hook"}
	failure := n.failure(ramp.OnrampWorkflow, request)
	require.Equal(t, string(ramp.InvalidRequest), failure.Type())
	var why ramp.Error
	require.NoError(t, failure.Details(&why))
	require.Equal(t, "events.url", why.Fields[0].Field)
	require.Zero(t, n.attempts)
}

func TestURLOfAnOrderIsAskedForAndUsed(t *testing.T) {
	t.Parallel()
	n := newsOf(t, ramp.Onramp)
	const url = "https://shop.example.test/hooks/7"
	n.on((*activities.Calls)(nil).KYCStatus).Return(func(_ context.Context, request activities.KYCStatusRequest) (activities.KYCStatusResult, error) {
		require.Equal(t, ramp.Personal(url), request.Admission.EventURL)
		return activities.KYCStatusResult{Verified: true, Rules: &activities.AdmissionRules{AllowClear: true, OwnEvents: "shops"}}, nil
	}).Once()
	n.happy(completed)
	n.signalUTR(time.Minute, utr)
	request := onrampRequest()
	request.Events = &ramp.EventTarget{URL: url}
	n.buy(request)
	batches := n.handedOver()
	require.NotEmpty(t, batches)
	for _, batch := range batches {
		require.Equal(t, "shops", batch.Own)
		require.Equal(t, ramp.Personal(url), batch.Target)
		require.Empty(t, batch.Endpoints)
	}
}

func TestAttentionAndReplacedProofsAreEvents(t *testing.T) {
	t.Parallel()
	n := newsOf(t, ramp.Onramp)
	n.rules("shop")
	n.on((*activities.Calls)(nil).QuoteBuy).Return(activities.QuoteResult{}, unavailable()).Times(8)
	n.happy()
	n.on((*activities.Watches)(nil).WatchOrder).After(time.Hour).Return(decided(completed), nil)
	n.signalUTR(time.Minute, utr)
	n.signalUTR(2*time.Minute, otherUTR)
	n.buy(onrampRequest())
	told := n.told()
	require.Contains(t, told, "attention_changed quoting")
	require.Contains(t, told, "proof_replaced verifying_payment")
	raised := slices.Index(told, "attention_changed quoting")
	require.Equal(t, "attention_changed quoting", told[raised+1], "raised, and cleared")
	n.requireOrdered()
}

func TestEventsThatTemporalDoesNotTakeDelayNoOrderAndAreNotLost(t *testing.T) {
	t.Parallel()
	usual := func(fail func(int) bool) (*news, ramp.Order) {
		n := newsOf(t, ramp.Onramp)
		n.fail = fail
		n.rules("shop")
		n.happy(received, completed)
		n.signalUTR(time.Minute, utr)
		return n, n.buy(onrampRequest())
	}
	never, want := usual(nil)
	for name, fail := range map[string]func(attempt int) bool{
		"once":                    func(attempt int) bool { return attempt == 1 },
		"the first few":           func(attempt int) bool { return attempt <= 5 },
		"every other":             func(attempt int) bool { return attempt%2 == 1 },
		"until the order is over": func(attempt int) bool { return attempt <= 20 },
	} {
		t.Run(name, func(t *testing.T) {
			n, order := usual(fail)
			require.Equal(t, ramp.Completed, order.Status)
			require.Equal(t, want.Timeline[len(want.Timeline)-1].Note, order.Timeline[len(order.Timeline)-1].Note)
			require.Equal(t, never.told(), n.told())
			n.requireOrdered()
		})
	}
}

func TestCancelledOrderHandsOverItsLastEvents(t *testing.T) {
	t.Parallel()
	n := newsOf(t, ramp.Onramp)
	n.rules("shop")
	n.happy()
	n.at(time.Minute, n.CancelWorkflow)
	require.Equal(t, ramp.Cancelled, n.buy(onrampRequest()).Status)
	require.Equal(t, "status_changed cancelled", n.told()[len(n.told())-1])
	n.requireOrdered()
}

// TestLastEventsAreHandedOverByTheOrderIfNoWorkflowTakesThem has the workflow for the last events not start, as while that of the run before a
// reset is open.
func TestLastEventsAreHandedOverByTheOrderIfNoWorkflowTakesThem(t *testing.T) {
	t.Parallel()
	n := newsOf(t, ramp.Onramp)
	n.fail = func(attempt int) bool { return attempt == 2 }
	n.rules("shop")
	n.happy()
	n.OnWorkflow(ramp.LateEventsWorkflow, mock.Anything, mock.Anything).Return(testsuite.ErrMockStartChildWorkflowFailed)
	n.at(time.Minute, n.CancelWorkflow)
	require.Equal(t, ramp.Cancelled, n.buy(onrampRequest()).Status)
	require.Equal(t, 3, n.attempts)
	require.Equal(t, "status_changed cancelled", n.told()[len(n.told())-1])
	n.requireOrdered()
}

// leavingEvents returns the history of an order that could not hand over its last events, and left them to a workflow.
func leavingEvents(t *testing.T) recorded {
	t.Helper()
	all := corpus(t)
	r := all[slices.IndexFunc(all, func(r recorded) bool { return r.name == "onramp-events" })]
	events := r.history.GetEvents()
	end := events[len(events)-1]
	handed := events[len(events)-2].GetMarkerRecordedEventAttributes()
	require.Equal(t, "LocalActivity", handed.GetMarkerName())
	delete(handed.Details, "result")
	handed.Failure = &failurepb.Failure{Message: "Temporal does not answer", FailureInfo: &failurepb.Failure_ApplicationFailureInfo{
		ApplicationFailureInfo: &failurepb.ApplicationFailureInfo{Type: activities.ErrTemporal, NonRetryable: true},
	}}
	child := &commonpb.WorkflowExecution{
		WorkflowId: "late-events/" + r.started.GetWorkflowId() + "/" + r.started.GetOriginalExecutionRunId(), RunId: "5b0c57a7-1e6c-4f0c-9d5f-5ba5d9f5d8a1",
	}
	kind := &commonpb.WorkflowType{Name: ramp.LateEventsWorkflow}
	initiated := end.GetEventId()
	for i, event := range []*historypb.HistoryEvent{
		{EventType: enumspb.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED, Attributes: &historypb.HistoryEvent_StartChildWorkflowExecutionInitiatedEventAttributes{
			StartChildWorkflowExecutionInitiatedEventAttributes: &historypb.StartChildWorkflowExecutionInitiatedEventAttributes{
				WorkflowId: child.GetWorkflowId(), WorkflowType: kind, TaskQueue: &taskqueuepb.TaskQueue{Name: ramp.TaskQueue},
				ParentClosePolicy: enumspb.PARENT_CLOSE_POLICY_ABANDON,
			},
		}},
		{EventType: enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED, Attributes: &historypb.HistoryEvent_ChildWorkflowExecutionStartedEventAttributes{
			ChildWorkflowExecutionStartedEventAttributes: &historypb.ChildWorkflowExecutionStartedEventAttributes{
				WorkflowExecution: child, WorkflowType: kind, InitiatedEventId: initiated,
			},
		}},
		{EventType: enumspb.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED, Attributes: &historypb.HistoryEvent_WorkflowTaskScheduledEventAttributes{
			WorkflowTaskScheduledEventAttributes: &historypb.WorkflowTaskScheduledEventAttributes{Attempt: 1},
		}},
		{EventType: enumspb.EVENT_TYPE_WORKFLOW_TASK_STARTED, Attributes: &historypb.HistoryEvent_WorkflowTaskStartedEventAttributes{
			WorkflowTaskStartedEventAttributes: &historypb.WorkflowTaskStartedEventAttributes{ScheduledEventId: initiated + 2},
		}},
		{EventType: enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED, Attributes: &historypb.HistoryEvent_WorkflowTaskCompletedEventAttributes{
			WorkflowTaskCompletedEventAttributes: &historypb.WorkflowTaskCompletedEventAttributes{ScheduledEventId: initiated + 2, StartedEventId: initiated + 3},
		}},
		end,
	} {
		event.EventTime, event.EventId = end.GetEventTime(), initiated+int64(i)
		events = append(events[:len(r.history.GetEvents())-1+i], event)
	}
	r.history.Events = events
	return r
}

// TestOrderThatLeftItsLastEventsReplaysAfterAReset: the run that continues an order after a reset replays the events of the run before it.
func TestOrderThatLeftItsLastEventsReplaysAfterAReset(t *testing.T) {
	t.Parallel()
	require.NoError(t, leavingEvents(t).replay(ours))
	require.NoError(t, leavingEvents(t).replayAs("0c1f2d3e-aaaa-4bbb-8ccc-1234567890ab", ours))
}

func TestRecordedHistoriesReplayAfterAReset(t *testing.T) {
	t.Parallel()
	for _, r := range corpus(t) {
		if r.name == "adoption" {
			continue
		}
		require.NoError(t, r.replayAs("0c1f2d3e-aaaa-4bbb-8ccc-1234567890ab", ours), r.name)
	}
}

func TestDisabledEndpointIsOpenUntilItIsEnabled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.at(48*time.Hour, func() { w.SignalWorkflow(ramp.EnableEndpoint, nil) })
	w.ExecuteWorkflow(ramp.DisabledEndpointWorkflow)
	require.NoError(t, w.GetWorkflowError())
	require.Equal(t, 48*time.Hour, w.Now().Sub(start))
}
