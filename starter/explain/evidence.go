package explain

import (
	"context"
	"errors"
	"fmt"
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

// Temporal is what Gather needs of a connection.
type Temporal interface {
	DescribeWorkflowExecution(ctx context.Context, workflowID, runID string) (*workflowservice.DescribeWorkflowExecutionResponse, error)
	GetWorkflowHistory(
		ctx context.Context, workflowID, runID string, isLongPoll bool, filterType enumspb.HistoryEventFilterType,
	) client.HistoryEventIterator
	DescribeTaskQueue(ctx context.Context, taskqueue string, taskqueueType enumspb.TaskQueueType) (*workflowservice.DescribeTaskQueueResponse, error)
}

// Orders tells the state of an order that runs, as ramp.Client does.
type Orders interface {
	Get(context.Context, ramp.ID) (*ramp.Order, error)
}

// Evidence is all that Temporal knows of an order.
type Evidence struct {
	ID        ramp.ID
	Execution *workflowservice.DescribeWorkflowExecutionResponse
	History   []*historypb.HistoryEvent
	// Order is the state of an order that runs, and nil where no worker has told it, for the reason in Silence.
	Order   *ramp.Order
	Silence error
	// Workers and Watchers are how many processes ask for the work of this order: for its workflow and calls, and for
	// its watches. Of an order that is pinned to a version those of the version count.
	Workers, Watchers int
	// Now is when the evidence was gathered.
	Now time.Time
}

// Gather collects what is known of an order. The error is a *ramp.Error of type NotFound if there is no such order.
func Gather(ctx context.Context, temporal Temporal, orders Orders, id ramp.ID, now time.Time) (*Evidence, error) {
	e := &Evidence{ID: id, Now: now}
	var err error
	e.Execution, err = temporal.DescribeWorkflowExecution(ctx, e.workflowID(), "")
	var absent *serviceerror.NotFound
	if errors.As(err, &absent) {
		return nil, &ramp.Error{Type: ramp.NotFound, Reference: id.Reference, Message: fmt.Sprintf("there is no %s order of this reference", id.Direction)}
	}
	if err != nil {
		return nil, err
	}
	if err := e.readHistory(ctx, temporal); err != nil || !e.running() {
		return e, err
	}
	if err := e.countWorkers(ctx, temporal); err != nil {
		return nil, err
	}
	e.ask(ctx, orders)
	return e, nil
}

func (e *Evidence) workflowID() string { return e.ID.Direction.WorkflowID(e.ID.Reference) }

func (e *Evidence) running() bool {
	switch e.Execution.GetWorkflowExecutionInfo().GetStatus() {
	case enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, enumspb.WORKFLOW_EXECUTION_STATUS_PAUSED:
		return true
	default:
		return false
	}
}

// readHistory reads the history of the very run that was described.
func (e *Evidence) readHistory(ctx context.Context, temporal Temporal) error {
	run := e.Execution.GetWorkflowExecutionInfo().GetExecution().GetRunId()
	events := temporal.GetWorkflowHistory(ctx, e.workflowID(), run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			return fmt.Errorf("the history of %s cannot be read: %w", e.workflowID(), err)
		}
		e.History = append(e.History, event)
	}
	return nil
}

func (e *Evidence) countWorkers(ctx context.Context, temporal Temporal) error {
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
func (e *Evidence) able(pollers []*taskqueuepb.PollerInfo) int {
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
func (e *Evidence) version() *deploymentpb.WorkerDeploymentVersion {
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
func (e *Evidence) ask(ctx context.Context, orders Orders) {
	if e.Workers == 0 {
		return
	}
	asking, cancel := context.WithTimeout(ctx, longestAnswer)
	defer cancel()
	e.Order, e.Silence = orders.Get(asking, e.ID)
	if connection.NoWorker(e.Silence) {
		e.Workers, e.Silence = 0, nil // those that were seen lately are gone
	}
}

// moment is a time of Temporal's, zero where there is none.
func moment(stamp *timestamppb.Timestamp) time.Time {
	if stamp == nil {
		return time.Time{}
	}
	return stamp.AsTime()
}
