package explain

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	deploymentpb "go.temporal.io/api/deployment/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/timestamppb"

	"rampart/ramp"
	"rampart/starter/connection"
)

const (
	// longestAnswer limits how long a worker may take to answer the query for the order. The explanation works without an answer.
	longestAnswer = 5 * time.Second
	// longestPoll is longer than the interval between a worker's polls. Temporal lists a poller for minutes after its last poll.
	longestPoll = 90 * time.Second
)

// Temporal is the part of Temporal's client that this package uses.
type Temporal interface {
	DescribeWorkflowExecution(ctx context.Context, workflowID, runID string) (*workflowservice.DescribeWorkflowExecutionResponse, error)
	GetWorkflowHistory(
		ctx context.Context, workflowID, runID string, isLongPoll bool, filterType enumspb.HistoryEventFilterType,
	) client.HistoryEventIterator
	DescribeTaskQueue(ctx context.Context, taskqueue string, taskqueueType enumspb.TaskQueueType) (*workflowservice.DescribeTaskQueueResponse, error)
}

// Orders reads the state of a run and lists the runs of a reference, as ramp.Client does.
type Orders interface {
	GetRun(ctx context.Context, id ramp.ID, runID string) (*ramp.Order, error)
	Runs(context.Context, ramp.ID) iter.Seq2[ramp.Summary, error]
}

// Snapshot is all that Temporal has about one run of an order, at one time.
type Snapshot struct {
	ID ramp.ID
	// Foreign is the workflow id if it is not that of an order; ID is empty then.
	Foreign string
	// Runs are the runs of the reference, newest first; empty unless the caller sets them.
	Runs      []Run
	Execution *workflowservice.DescribeWorkflowExecutionResponse
	History   []*historypb.HistoryEvent
	// Order is the state of a running order. It is nil if no worker returned it; QueryError says why.
	Order      *ramp.Order
	QueryError error
	// Workers and Watchers count the processes that poll for this order's workflow tasks and for its watches. For an order that is pinned
	// to a version, only workers of that version count.
	Workers, Watchers int
	// Now is when the snapshot was taken.
	Now time.Time
}

// TakeSnapshot reads a run of a workflow; an empty run id is the newest run. If there is no such run, the error is a *ramp.Error of type
// NotFound.
func TakeSnapshot(ctx context.Context, temporal Temporal, orders Orders, workflowID, runID string, now time.Time) (*Snapshot, error) {
	e := &Snapshot{Now: now}
	var err error
	if e.ID.Direction, e.ID.Reference, err = ramp.ParseWorkflowID(workflowID); err != nil {
		e.Foreign = workflowID
	}
	if e.Execution, err = describe(ctx, temporal, workflowID, runID); err != nil {
		return nil, err
	}
	e.History, err = history(ctx, temporal, workflowID, e.runID()) // of the run that was described: the newest one may change
	if err != nil || !e.running() {
		return e, err
	}
	if e.notAnOrder() != "" {
		return e, nil // no worker answers queries for it
	}
	if err := e.countWorkers(ctx, temporal); err != nil {
		return nil, err
	}
	e.query(ctx, orders)
	return e, nil
}

// describe returns a run of a workflow; an empty run id is the newest run.
func describe(ctx context.Context, temporal Temporal, workflowID, runID string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	execution, err := temporal.DescribeWorkflowExecution(ctx, workflowID, runID)
	var absent *serviceerror.NotFound
	if !errors.As(err, &absent) {
		return execution, err
	}
	missing := &ramp.Error{Type: ramp.NotFound, Message: "there is no such workflow"}
	if direction, reference, err := ramp.ParseWorkflowID(workflowID); err == nil {
		missing.Reference, missing.Message = reference, fmt.Sprintf("there is no %s order of this reference", direction)
	}
	if runID != "" {
		missing.Message = "there is no such run of the order"
	}
	return nil, missing
}

func (e *Snapshot) workflowID() string {
	if e.Foreign != "" {
		return e.Foreign
	}
	return e.ID.Direction.WorkflowID(e.ID.Reference)
}

func (e *Snapshot) runID() string {
	return e.Execution.GetWorkflowExecutionInfo().GetExecution().GetRunId()
}

func (e *Snapshot) running() bool {
	switch e.Execution.GetWorkflowExecutionInfo().GetStatus() {
	case enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, enumspb.WORKFLOW_EXECUTION_STATUS_PAUSED:
		return true
	default:
		return false
	}
}

func history(ctx context.Context, temporal Temporal, workflowID, runID string) ([]*historypb.HistoryEvent, error) {
	var all []*historypb.HistoryEvent
	events := temporal.GetWorkflowHistory(ctx, workflowID, runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			return nil, fmt.Errorf("the history of %s cannot be read: %w", workflowID, err)
		}
		all = append(all, event)
	}
	return all, nil
}

func (e *Snapshot) countWorkers(ctx context.Context, temporal Temporal) error {
	workers, err := temporal.DescribeTaskQueue(ctx, ramp.TaskQueue, enumspb.TASK_QUEUE_TYPE_WORKFLOW)
	if err != nil {
		return err
	}
	watchers, err := temporal.DescribeTaskQueue(ctx, ramp.WatchTaskQueue, enumspb.TASK_QUEUE_TYPE_ACTIVITY)
	if err != nil {
		return err
	}
	e.Workers, e.Watchers = e.able(workers.GetPollers()), e.able(watchers.GetPollers())
	return nil
}

// WorkersAway reports whether no worker of any version polls for orders, so that no order makes progress.
func WorkersAway(ctx context.Context, temporal Temporal, now time.Time) (bool, error) {
	workers, err := temporal.DescribeTaskQueue(ctx, ramp.TaskQueue, enumspb.TASK_QUEUE_TYPE_WORKFLOW)
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(workers.GetPollers(), func(poller *taskqueuepb.PollerInfo) bool { return polls(poller, now) }), nil
}

// polls reports whether a poller still polls.
func polls(poller *taskqueuepb.PollerInfo, now time.Time) bool {
	return now.Sub(poller.GetLastAccessTime().AsTime()) <= longestPoll
}

// able counts the workers that can continue this order.
func (e *Snapshot) able(pollers []*taskqueuepb.PollerInfo) int {
	pinned := e.version()
	able := make(map[string]bool)
	for _, poller := range pollers {
		if !polls(poller, e.Now) {
			continue
		}
		options := poller.GetDeploymentOptions()
		if pinned == nil || options.GetDeploymentName() == pinned.GetDeploymentName() && options.GetBuildId() == pinned.GetBuildId() {
			able[poller.GetIdentity()] = true
		}
	}
	return len(able)
}

// version returns the version whose workers run the order, or nil for any version.
func (e *Snapshot) version() *deploymentpb.WorkerDeploymentVersion {
	info := e.Execution.GetWorkflowExecutionInfo().GetVersioningInfo()
	if moved := info.GetVersioningOverride().GetPinned().GetVersion(); moved != nil {
		return moved
	}
	if info.GetBehavior() != enumspb.VERSIONING_BEHAVIOR_PINNED {
		return nil
	}
	return info.GetDeploymentVersion()
}

// query queries the order's state, unless no worker runs.
func (e *Snapshot) query(ctx context.Context, orders Orders) {
	if e.Workers == 0 {
		return
	}
	limited, cancel := context.WithTimeout(ctx, longestAnswer)
	defer cancel()
	e.Order, e.QueryError = orders.GetRun(limited, e.ID, e.runID())
	if connection.NoWorker(e.QueryError) {
		e.Workers, e.QueryError = 0, nil // the listed pollers have stopped
	}
}

// timeOf returns the time of a stamp; zero for nil.
func timeOf(stamp *timestamppb.Timestamp) time.Time {
	if stamp == nil {
		return time.Time{}
	}
	return stamp.AsTime()
}
