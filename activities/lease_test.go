package activities_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"

	"rampart/activities"
)

// watchedOrders is a Temporal service with orders and the activities that they wait for.
type watchedOrders struct {
	client.Client
	// waiting are the orders that wait for a payment, and others all others.
	waiting, others []string
	pending         map[string][]*workflowpb.PendingActivityInfo
	gone            map[string]bool
	err             error

	mu    sync.Mutex
	ended []string
}

func (w *watchedOrders) WorkflowService() workflowservice.WorkflowServiceClient {
	return &watchService{orders: w}
}

// watchService is the part of the service that ends attempts.
type watchService struct {
	workflowservice.WorkflowServiceClient
	orders *watchedOrders
}

func (w *watchedOrders) ListWorkflow(
	_ context.Context, request *workflowservice.ListWorkflowExecutionsRequest,
) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	listed := w.waiting
	if strings.Contains(request.GetQuery(), "NOT RampStatus") {
		listed = w.others
	}
	page := new(workflowservice.ListWorkflowExecutionsResponse)
	next := len(request.GetNextPageToken())
	page.Executions = append(page.Executions, &workflowpb.WorkflowExecutionInfo{Execution: &commonpb.WorkflowExecution{WorkflowId: listed[next], RunId: "run"}})
	if next+1 < len(listed) {
		page.NextPageToken = make([]byte, next+1)
	}
	return page, nil
}

func (w *watchedOrders) DescribeWorkflowExecution(_ context.Context, id, _ string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	if w.gone[id] {
		return nil, serviceerror.NewNotFound("no such workflow")
	}
	return &workflowservice.DescribeWorkflowExecutionResponse{PendingActivities: w.pending[id]}, nil
}

//lint:ignore ST1003 the service names it so
func (s *watchService) RespondActivityTaskFailedById(
	_ context.Context, request *workflowservice.RespondActivityTaskFailedByIdRequest, _ ...grpc.CallOption,
) (*workflowservice.RespondActivityTaskFailedByIdResponse, error) {
	w := s.orders
	if w.err != nil {
		return nil, w.err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = append(w.ended, request.GetWorkflowId()+"/"+request.GetActivityId())
	return new(workflowservice.RespondActivityTaskFailedByIdResponse), nil
}

func pending(id, kind, worker string, state enumspb.PendingActivityState) *workflowpb.PendingActivityInfo {
	return &workflowpb.PendingActivityInfo{ActivityId: id, ActivityType: &commonpb.ActivityType{Name: kind}, LastWorkerIdentity: worker, State: state}
}

func newWatchedOrders() *watchedOrders {
	const started, scheduled = enumspb.PENDING_ACTIVITY_STATE_STARTED, enumspb.PENDING_ACTIVITY_STATE_SCHEDULED
	return &watchedOrders{
		waiting: []string{"onramp/waits", "onramp/hinted"},
		others:  []string{"onramp/paid", "onramp/elsewhere", "offramp/kyc", "onramp/calls", "onramp/between", "onramp/gone"},
		gone:    map[string]bool{"onramp/gone": true},
		pending: map[string][]*workflowpb.PendingActivityInfo{
			"onramp/hinted":    {pending("5", "WatchOrder", "crashed", started)},
			"onramp/paid":      {pending("31", "WatchOrder", "crashed", started), pending("32", "SubmitUTR", "crashed", started)},
			"onramp/elsewhere": {pending("31", "WatchOrder", "runs", started)},
			"offramp/kyc":      {pending("9", "WatchKYC", "crashed", started)},
			"onramp/calls":     {pending("6", "QuoteBuy", "crashed", started)},
			"onramp/between":   {pending("31", "WatchOrder", "crashed", scheduled)},
		},
	}
}

// takeOver runs the activity with the orders.
func takeOver(t *testing.T, orders *watchedOrders) (int, error) {
	t.Helper()
	calls, _ := activities.New(activities.Options{Temporal: orders})
	env := suite().NewTestActivityEnvironment()
	env.RegisterActivity(calls)
	result, err := env.ExecuteActivity(calls.TakeOverWatches, activities.Lease{Identity: "crashed"})
	if err != nil {
		return 0, err
	}
	var ended activities.TakeOverResult
	require.NoError(t, result.Get(&ended))
	return ended.Watches, nil
}

func TestOnlyTheWatchesThatTheCrashedWorkerRanAreGivenToOthers(t *testing.T) {
	t.Parallel()
	orders := newWatchedOrders()
	ended, err := takeOver(t, orders)
	require.NoError(t, err)
	require.Equal(t, 3, ended)
	require.ElementsMatch(t, []string{"onramp/paid/31", "offramp/kyc/9", "onramp/hinted/5"}, orders.ended)
}

func TestWatchThatEndsMeanwhileIsNoFailure(t *testing.T) {
	t.Parallel()
	orders := newWatchedOrders()
	orders.err = serviceerror.NewNotFound("activity not found")
	ended, err := takeOver(t, orders)
	require.NoError(t, err)
	require.Zero(t, ended)
}

func TestTakeoverIsTriedAgainWhenTemporalFails(t *testing.T) {
	t.Parallel()
	orders := newWatchedOrders()
	orders.err = serviceerror.NewUnavailable("away")
	_, err := takeOver(t, orders)
	require.ErrorContains(t, err, "give the watches of a crashed worker to others")
	orders.err = nil
	ended, err := takeOver(t, orders)
	require.NoError(t, err)
	require.Equal(t, 3, ended)
}
