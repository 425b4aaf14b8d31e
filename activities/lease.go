package activities

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
	"golang.org/x/sync/errgroup"

	"rampart/ramp"
)

const (
	// leaseTimeout is how long a worker may be silent before it is asked to take its lease again.
	leaseTimeout = 6 * time.Second
	// LeaseInterval is how often a worker heartbeats for its lease. The worker of the lease must not throttle heartbeats to fewer.
	LeaseInterval = 2 * time.Second
	// leaseConfirmation is how long a silent worker has to take its lease again. After an outage of Temporal, a poller of the SDK pauses for
	// up to ten seconds.
	leaseConfirmation = 11 * time.Second
	// takeOverTimeout bounds one attempt to give away the watches of a crashed worker, which may be thousands.
	takeOverTimeout = 10 * time.Minute
	// takeOvers is how many watches are given away at once.
	takeOvers = 16
)

// Lease is that of a worker process, whose crash other workers notice by it. Watches alone would have to heartbeat every few seconds for that,
// each of them.
type Lease struct {
	// Identity is the process's at Temporal.
	Identity string `json:"identity"`
	// TaskQueue is polled by this process alone.
	TaskQueue string `json:"taskQueue"`
}

// Leases is the activity of a worker process for the task queue of its own.
type Leases struct{}

// HoldLease heartbeats until the worker stops.
func (*Leases) HoldLease(ctx context.Context, _ Lease) error {
	ticks := time.NewTicker(LeaseInterval)
	defer ticks.Stop()
	for {
		select {
		case <-ticks.C:
			activity.RecordHeartbeat(ctx)
		case <-activity.GetWorkerStopChannel(ctx):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// HoldLease runs the activity until the worker stops or falls silent, and reports whether the worker took the lease at all.
func HoldLease(ctx workflow.Context, lease Lease) (taken bool, err error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: lease.TaskQueue, Summary: "Wait until worker " + lease.Identity + " stops or falls silent",
		ScheduleToStartTimeout: leaseConfirmation, StartToCloseTimeout: watchTimeout, HeartbeatTimeout: leaseTimeout,
		RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1},
	})
	err = workflow.ExecuteActivity(ctx, (*Leases)(nil).HoldLease, lease).Get(ctx, nil)
	var timeout *temporal.TimeoutError
	if errors.As(err, &timeout) {
		return timeout.TimeoutType() != enumspb.TIMEOUT_TYPE_SCHEDULE_TO_START, nil
	}
	return true, err
}

// TakeOverResult is the result of TakeOverWatches.
type TakeOverResult struct {
	// Watches is how many watches were given to other workers.
	Watches int `json:"watches"`
}

// TakeOverWatches ends the attempts of the watches that were given to a worker which is gone, so that Temporal gives them to other workers now
// instead of when their heartbeats are overdue.
func (c *Calls) TakeOverWatches(ctx context.Context, lease Lease) (TakeOverResult, error) {
	t := &takeOver{temporal: c.temporal, namespace: activity.GetInfo(ctx).Namespace, crashed: lease.Identity}
	waiting := fmt.Sprintf("%s = %q", ramp.StatusKey.GetName(), ramp.AwaitingPayment)
	for _, orders := range []string{"NOT " + waiting, waiting} { // of those that wait for a payment there may be many, and few are watched
		if err := t.all(ctx, orders); err != nil {
			return TakeOverResult{}, retryable(ctx, ErrTemporal, fmt.Errorf("give the watches of a crashed worker to others: %w", err), 0)
		}
	}
	return TakeOverResult{Watches: int(t.ended.Load())}, nil
}

// TakeOverWatches runs the activity.
func TakeOverWatches(ctx workflow.Context, lease Lease) (TakeOverResult, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: ramp.TaskQueue, Summary: "Give the watches of worker " + lease.Identity + " to others",
		StartToCloseTimeout: takeOverTimeout, HeartbeatTimeout: callHeartbeatTimeout, RetryPolicy: retryPolicy(unlimited, 2),
	})
	var result TakeOverResult
	err := workflow.ExecuteActivity(ctx, (*Calls)(nil).TakeOverWatches, lease).Get(ctx, &result)
	return result, err
}

// takeOver ends the attempts of the watches of a crashed worker.
type takeOver struct {
	temporal  client.Client
	namespace string
	crashed   string
	ended     atomic.Int64
}

// all ends those of all running orders that match a condition.
func (t *takeOver) all(ctx context.Context, condition string) error {
	orders, ctx := errgroup.WithContext(ctx)
	orders.SetLimit(takeOvers)
	request := &workflowservice.ListWorkflowExecutionsRequest{
		Query: ramp.Filter{}.Query() + ` AND ExecutionStatus = "Running" AND ` + condition,
	}
	for {
		page, err := t.temporal.ListWorkflow(ctx, request)
		if err != nil {
			return errors.Join(err, orders.Wait())
		}
		for _, order := range page.GetExecutions() {
			orders.Go(func() error { return t.order(ctx, order.GetExecution()) })
		}
		if request.NextPageToken = page.GetNextPageToken(); len(request.NextPageToken) == 0 {
			return orders.Wait()
		}
	}
}

// order ends those of one order.
func (t *takeOver) order(ctx context.Context, order *commonpb.WorkflowExecution) error {
	described, err := t.temporal.DescribeWorkflowExecution(ctx, order.GetWorkflowId(), order.GetRunId())
	if err != nil {
		return ignoreAbsent(err)
	}
	for _, pending := range described.GetPendingActivities() {
		if !t.isOurs(pending) {
			continue
		}
		if err := t.end(ctx, order, pending.GetActivityId()); err != nil {
			return err
		}
	}
	return nil
}

// isOurs reports whether an activity is a watch that the crashed worker ran. Its calls have short heartbeat timeouts of their own.
func (t *takeOver) isOurs(pending *workflowpb.PendingActivityInfo) bool {
	return pending.GetState() == enumspb.PENDING_ACTIVITY_STATE_STARTED && pending.GetLastWorkerIdentity() == t.crashed &&
		slices.Contains(watchNames(), pending.GetActivityType().GetName())
}

// end fails the attempt of a watch as its worker would have done had it stopped. The failure is not encrypted, for it says nothing of the order.
func (t *takeOver) end(ctx context.Context, order *commonpb.WorkflowExecution, watch string) error {
	_, err := t.temporal.WorkflowService().RespondActivityTaskFailedById(ctx, &workflowservice.RespondActivityTaskFailedByIdRequest{
		Namespace: t.namespace, WorkflowId: order.GetWorkflowId(), RunId: order.GetRunId(), ActivityId: watch,
		Failure: &failurepb.Failure{
			Message: "the worker has crashed; another one continues the watch",
			FailureInfo: &failurepb.Failure_ApplicationFailureInfo{ApplicationFailureInfo: &failurepb.ApplicationFailureInfo{
				Type: ErrHandover, Category: enumspb.APPLICATION_ERROR_CATEGORY_BENIGN,
			}},
		},
	})
	if err == nil {
		t.ended.Add(1)
	}
	return ignoreAbsent(err)
}

// ignoreAbsent returns nil for the error of an order, or a watch, that has ended meanwhile.
func ignoreAbsent(err error) error {
	var absent *serviceerror.NotFound
	if errors.As(err, &absent) {
		return nil
	}
	return err
}
