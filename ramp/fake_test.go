package ramp_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"rampart/ramp"
)

var errAbsent = serviceerror.NewNotFound("no such workflow")

// orderThere is a Temporal service with one order at the most. A call that a test does not expect panics.
type orderThere struct {
	client.Client

	mu      sync.Mutex
	order   *ramp.Order
	history []*historypb.HistoryEvent
	// descriptions counts how often Temporal was asked whether the order has ended.
	descriptions atomic.Int64
	// queryable is closed once workers answer queries; nil if they always do.
	queryable chan struct{}
	// busy is how many queries the SDK fails as deadlocks before a worker answers.
	busy int
	// failing is how often a query is still refused because the workflow task fails.
	failing int
	// cancel is what a cancellation does to the order.
	cancel        func(*ramp.Order)
	cancellations int
	// update answers an update, by what was sent before.
	update func(client.UpdateWorkflowOptions) (client.WorkflowUpdateHandle, error)
	sent   []client.UpdateWorkflowOptions
	// earlier is the handle of an update that was sent before.
	earlier client.WorkflowUpdateHandle
	// requests are those of the orders that were to be started.
	requests []any
}

func (s *orderThere) now() *ramp.Order {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.order == nil {
		return nil
	}
	order := *s.order
	return &order
}

func (s *orderThere) change(change func(*ramp.Order)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s.order)
}

func (s *orderThere) DescribeWorkflow(context.Context, string, string) (*client.WorkflowExecutionDescription, error) {
	s.descriptions.Add(1)
	order := s.now()
	if order == nil {
		return nil, errAbsent
	}
	description := new(client.WorkflowExecutionDescription)
	description.Status = enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
	if order.Status.Final() {
		description.Status = enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED
	}
	return description, nil
}

func (s *orderThere) QueryWorkflow(ctx context.Context, _, _, _ string, _ ...any) (converter.EncodedValue, error) {
	if s.queryable != nil {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-s.queryable:
		}
	}
	if s.busy--; s.busy >= 0 {
		return nil, serviceerror.NewQueryFailed(`[TMPRL1101] Potential deadlock detected: workflow goroutine "root" didn't yield for over 1s`)
	}
	if s.failing--; s.failing >= 0 {
		return nil, serviceerror.NewWorkflowNotReady("Unable to query workflow due to Workflow Task in failed state.")
	}
	order := s.now()
	if order == nil {
		return nil, errAbsent
	}
	return seen{order}, ctx.Err()
}

func (s *orderThere) GetWorkflow(context.Context, string, string) client.WorkflowRun {
	return result{seen: seen{s.now()}}
}

func (s *orderThere) GetWorkflowHistory(context.Context, string, string, bool, enumspb.HistoryEventFilterType) client.HistoryEventIterator {
	return &events{left: s.history, absent: s.now() == nil}
}

func (s *orderThere) CancelWorkflow(context.Context, string, string) error {
	s.cancellations++
	if s.cancel != nil {
		s.change(s.cancel)
	}
	return nil
}

func (s *orderThere) UpdateWorkflow(_ context.Context, options client.UpdateWorkflowOptions) (client.WorkflowUpdateHandle, error) {
	s.sent = append(s.sent, options)
	return s.update(options)
}

func (s *orderThere) GetWorkflowUpdateHandle(client.GetWorkflowUpdateHandleOptions) client.WorkflowUpdateHandle {
	return s.earlier
}

func (s *orderThere) NewWithStartWorkflowOperation(_ client.StartWorkflowOptions, _ any, args ...any) client.WithStartWorkflowOperation {
	s.requests = append(s.requests, args...)
	return nil
}

func (s *orderThere) UpdateWithStartWorkflow(_ context.Context, options client.UpdateWithStartWorkflowOptions) (client.WorkflowUpdateHandle, error) {
	return s.update(options.UpdateOptions)
}

// ids are those of the updates that were sent.
func (s *orderThere) ids() []string {
	all := make([]string, 0, len(s.sent))
	for _, options := range s.sent {
		all = append(all, options.UpdateID)
	}
	return all
}

// seen is an order as a query tells it.
type seen struct{ order *ramp.Order }

func (s seen) HasValue() bool { return true }

func (s seen) Get(into any) error {
	*into.(*ramp.Order) = *s.order
	return nil
}

// result is a workflow that has ended with an order.
type result struct {
	client.WorkflowRun
	seen
}

func (r result) Get(_ context.Context, into any) error { return r.seen.Get(into) }

// handle is an update: one with an answer, or one that waits for as long as its caller does.
type handle struct {
	client.WorkflowUpdateHandle
	order *ramp.Order
	err   error
}

func (h handle) Get(ctx context.Context, into any) error {
	switch {
	case h.err != nil:
		return h.err
	case h.order == nil:
		<-ctx.Done()
		return ctx.Err()
	case into != nil:
		*into.(*ramp.Order) = *h.order
	}
	return nil
}

type events struct {
	left   []*historypb.HistoryEvent
	absent bool
}

func (e *events) HasNext() bool { return e.absent || len(e.left) > 0 }

func (e *events) Next() (*historypb.HistoryEvent, error) {
	if e.absent {
		return nil, errAbsent
	}
	next := e.left[0]
	e.left = e.left[1:]
	return next, nil
}

// startedWith is the history of an order that was started with a request.
func startedWith(t *testing.T, request any) []*historypb.HistoryEvent {
	t.Helper()
	return []*historypb.HistoryEvent{{Attributes: &historypb.HistoryEvent_WorkflowExecutionStartedEventAttributes{
		WorkflowExecutionStartedEventAttributes: &historypb.WorkflowExecutionStartedEventAttributes{Input: payloads(t, request)},
	}}}
}

// calling is the event by which an order calls an activity.
func calling(t *testing.T, name string, request any) *historypb.HistoryEvent {
	t.Helper()
	return &historypb.HistoryEvent{Attributes: &historypb.HistoryEvent_ActivityTaskScheduledEventAttributes{
		ActivityTaskScheduledEventAttributes: &historypb.ActivityTaskScheduledEventAttributes{
			ActivityType: &commonpb.ActivityType{Name: name}, Input: payloads(t, request),
		},
	}}
}

func payloads(t *testing.T, value any) *commonpb.Payloads {
	t.Helper()
	encoded, err := converter.GetDefaultDataConverter().ToPayloads(value)
	require.NoError(t, err)
	return encoded
}
