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
	// longestAnswer bounds how long a worker may take to tell the state of an order. The story is told without it too.
	longestAnswer = 5 * time.Second
	// longestPoll is longer than a worker takes to ask again for work. Temporal remembers for minutes more that it did.
	longestPoll = 90 * time.Second
)

// Temporal is what TakeSnapshot needs of a connection.
type Temporal interface {
	DescribeWorkflowExecution(ctx context.Context, workflowID, runID string) (*workflowservice.DescribeWorkflowExecutionResponse, error)
	GetWorkflowHistory(
		ctx context.Context, workflowID, runID string, isLongPoll bool, filterType enumspb.HistoryEventFilterType,
	) client.HistoryEventIterator
	DescribeTaskQueue(ctx context.Context, taskqueue string, taskqueueType enumspb.TaskQueueType) (*workflowservice.DescribeTaskQueueResponse, error)
}

// Orders tells the state of an order's run and which runs its reference has, as ramp.Client does.
type Orders interface {
	GetRun(ctx context.Context, id ramp.ID, runID string) (*ramp.Order, error)
	Runs(context.Context, ramp.ID) iter.Seq2[ramp.Summary, error]
}

// Evidence is all that Temporal knows of one run of an order.
type Snapshot struct {
	ID ramp.ID
	// Foreign is the workflow's id where it is none of an order's; ID is empty then.
	Foreign string
	// Runs are those of the reference, the newest first, where they were looked for.
	Runs      []Run
	Execution *workflowservice.DescribeWorkflowExecutionResponse
	History   []*historypb.HistoryEvent
	// Order is the state of an order that runs, and nil where no worker has told it, for the reason in QueryError.
	Order      *ramp.Order
	QueryError error
	// Workers and Watchers are how many processes ask for the work of this order: for its workflow and calls, and for
	// its watches. Of an order that is pinned to a version those of the version count.
	Workers, Watchers int
	// Now is when the snapshot was gathered.
	Now time.Time
}

// TakeSnapshot collects what is known of a run of a workflow, the newest if no run is named. The error is a *ramp.Error of type
// NotFound if there is no such run.
func TakeSnapshot(ctx context.Context, temporal Temporal, orders Orders, workflowID, runID string, now time.Time) (*Snapshot, error) {
	e := &Snapshot{Now: now}
	var err error
	if e.ID.Direction, e.ID.Reference, err = ramp.ParseWorkflowID(workflowID); err != nil {
		e.Foreign = workflowID
	}
	if e.Execution, err = describe(ctx, temporal, workflowID, runID); err != nil {
		return nil, err
	}
	e.History, err = history(ctx, temporal, workflowID, e.runID()) // of the very run that was described
	if err != nil || !e.running() {
		return e, err
	}
	if e.notAnOrder() != "" {
		return e, nil // nobody answers for what is no order
	}
	if err := e.countWorkers(ctx, temporal); err != nil {
		return nil, err
	}
	e.ask(ctx, orders)
	return e, nil
}

// describe asks Temporal for a run of a workflow, the newest if none is named.
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

// WorkersAway reports whether no worker of any version has asked for orders lately, so that none goes on.
func WorkersAway(ctx context.Context, temporal Temporal, now time.Time) (bool, error) {
	workers, err := temporal.DescribeTaskQueue(ctx, ramp.TaskQueue, enumspb.TASK_QUEUE_TYPE_WORKFLOW)
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(workers.GetPollers(), func(poller *taskqueuepb.PollerInfo) bool { return polls(poller, now) }), nil
}

// polls reports whether a worker still asks for tasks.
func polls(poller *taskqueuepb.PollerInfo, now time.Time) bool {
	return now.Sub(poller.GetLastAccessTime().AsTime()) <= longestPoll
}

// able counts the workers that can take this order up.
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

// version is the one whose workers the order runs on, or nil for any.
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

// ask asks a worker for the order's state. Without any there is nobody to ask.
func (e *Snapshot) ask(ctx context.Context, orders Orders) {
	if e.Workers == 0 {
		return
	}
	asking, cancel := context.WithTimeout(ctx, longestAnswer)
	defer cancel()
	e.Order, e.QueryError = orders.GetRun(asking, e.ID, e.runID())
	if connection.NoWorker(e.QueryError) {
		e.Workers, e.QueryError = 0, nil // those that were seen lately are gone
	}
}

// moment is a time of Temporal's, zero where there is none.
func moment(stamp *timestamppb.Timestamp) time.Time {
	if stamp == nil {
		return time.Time{}
	}
	return stamp.AsTime()
}
