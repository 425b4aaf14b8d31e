// Package deployment rolls out versions of the workers with Temporal's Worker Deployments: it routes new orders to a version, waits until a
// version has drained, moves orders between versions, and deletes versions that are done.
//
// The Temporal CLI has commands for the first of these (temporal worker deployment describe, set-ramping-version and set-current-version), which do
// not replace the starter's: they fail instead of waiting while a version has no workers, they accept a version whose workers poll only one of the two
// task queues, on which no order would be watched (tried with CLI 1.5.1), and they do not show how many orders and workers each version has. The CLI
// has no command that waits until a version has drained.
package deployment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"rampart/ramp"
)

// DefaultName is the name of the deployment that workers belong to unless RAMP_DEPLOYMENT names another.
const DefaultName = "ramp"

const (
	// pollInterval is the interval at which Temporal is asked whether an awaited state is reached.
	pollInterval = time.Second
	// workerTimeout is how long after its last poll a worker counts as running. It is longer than a poll takes; Temporal itself lists a worker for
	// some minutes after its last poll.
	workerTimeout = 90 * time.Second
)

// Temporal is the part of Temporal's client that this package uses.
type Temporal interface {
	WorkerDeploymentClient() client.WorkerDeploymentClient
	DescribeTaskQueue(context.Context, string, enumspb.TaskQueueType) (*workflowservice.DescribeTaskQueueResponse, error)
	CountWorkflow(context.Context, *workflowservice.CountWorkflowExecutionsRequest) (*workflowservice.CountWorkflowExecutionsResponse, error)
	ListWorkflow(context.Context, *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error)
	UpdateWorkflowExecutionOptions(context.Context, client.UpdateWorkflowExecutionOptionsRequest) (client.WorkflowExecutionOptions, error)
	// WorkflowService is Temporal's API itself, for what the client does not return.
	WorkflowService() workflowservice.WorkflowServiceClient
}

// Deployment is a worker deployment. Its versions are named by their build ids.
type Deployment struct {
	namespace string
	name      string
	handle    client.WorkerDeploymentHandle
	temporal  Temporal
	now       func() time.Time
}

// New returns the deployment with a name in a namespace. It makes no call: a deployment that no worker has ever joined is reported by the methods
// as NotFound.
func New(temporal Temporal, namespace, name string, now func() time.Time) *Deployment {
	return &Deployment{namespace, name, temporal.WorkerDeploymentClient().GetHandle(name), temporal, now}
}

// Promote makes a version the current one, to which all new orders go.
func (d *Deployment) Promote(ctx context.Context, build string) error {
	_, err := d.handle.SetCurrentVersion(ctx, client.WorkerDeploymentSetCurrentVersionOptions{BuildID: build})
	return err
}

// Ramp makes a version the ramping one, to which a percentage of new orders go.
func (d *Deployment) Ramp(ctx context.Context, build string, percent int) error {
	_, err := d.handle.SetRampingVersion(ctx, client.WorkerDeploymentSetRampingVersionOptions{BuildID: build, Percentage: float32(percent)})
	return err
}

// StopRamp stops routing new orders to the ramping version. It is an error if that is another version.
func (d *Deployment) StopRamp(ctx context.Context, build string) error {
	described, err := d.describe(ctx)
	if err != nil {
		return err
	}
	if buildID(described.RoutingConfig.RampingVersion) != build {
		return fmt.Errorf("version %s is not ramping: run \"starter deployment status\" to see which one is", build)
	}
	_, err = d.handle.SetRampingVersion(ctx, client.WorkerDeploymentSetRampingVersionOptions{})
	return err
}

// AwaitWorkers blocks until a version has workers that poll every task queue of orders. When ctx ends before, the error is NotReady.
func (d *Deployment) AwaitWorkers(ctx context.Context, build string) error {
	var missing bool
	done, err := poll(ctx, func() (bool, error) {
		version, err := d.handle.DescribeVersion(ctx, client.WorkerDeploymentDescribeVersionOptions{BuildID: build})
		var unknown *serviceerror.NotFound
		if errors.As(err, &unknown) {
			missing = true
			return false, nil
		}
		missing = missing && err != nil
		if err != nil || !onEveryTaskQueue(version.Info.TaskQueuesInfos) {
			return false, err
		}
		workers, err := d.workers(ctx)
		return workers[build] > 0, err
	})
	if err == nil && !done {
		err = &ramp.Error{Type: ramp.NotReady, Message: fmt.Sprintf(
			"version %s has no workers that poll both task queues: start workers with RAMP_DEPLOYMENT=%s RAMP_BUILD_ID=%s", build, d.name, build)}
		if missing {
			err = d.explainRefused(context.WithoutCancel(ctx), build, err)
		}
	}
	return err
}

// queues are the task queues of orders.
func queues() []client.WorkerDeploymentTaskQueueInfo {
	return []client.WorkerDeploymentTaskQueueInfo{
		{Name: ramp.TaskQueue, Type: client.TaskQueueTypeWorkflow},
		{Name: ramp.TaskQueue, Type: client.TaskQueueTypeActivity},
		{Name: ramp.WatchTaskQueue, Type: client.TaskQueueTypeActivity},
	}
}

// onEveryTaskQueue reports whether workers of a version have polled every task queue of orders.
func onEveryTaskQueue(polled []client.WorkerDeploymentTaskQueueInfo) bool {
	for _, queue := range queues() {
		if !slices.Contains(polled, queue) {
			return false
		}
	}
	return true
}

// AwaitDrained blocks until no order runs on a version. When ctx ends before, the error is NotReady; for a version that new orders go to, it
// fails at once.
func (d *Deployment) AwaitDrained(ctx context.Context, build string) error {
	var left int64
	done, err := poll(ctx, func() (bool, error) {
		drained, err := d.drained(ctx, build)
		if err != nil {
			return false, err
		}
		// Temporal checks at intervals, so an order that was moved to the version since is counted here.
		left, err = d.count(ctx, build)
		return drained && left == 0, err
	})
	if err == nil && !done {
		err = &ramp.Error{Type: ramp.NotReady, Message: fmt.Sprintf("version %s has not drained: keep its workers; orders that still run on it: %d", build, left)}
	}
	return err
}

// drained reports whether Temporal has found a version drained.
func (d *Deployment) drained(ctx context.Context, build string) (bool, error) {
	described, err := d.describe(ctx)
	if err != nil {
		return false, err
	}
	for _, summary := range described.VersionSummaries {
		if summary.Version.BuildID != build {
			continue
		}
		switch state := stateOf(described.RoutingConfig, summary); state {
		case stateCurrent, stateRamping:
			return false, fmt.Errorf("version %s is %s, so it does not drain: promote another version first", build, state)
		default:
			return state != stateDraining, nil
		}
	}
	return false, &ramp.Error{Type: ramp.NotFound, Message: fmt.Sprintf("deployment %s has no version %s", d.name, build)}
}

// poll calls check until it reports true or fails. It returns false without an error when ctx ends first; the server may find a moment before that
// the time is over.
func poll(ctx context.Context, check func() (bool, error)) (bool, error) {
	ticks := time.NewTicker(pollInterval)
	defer ticks.Stop()
	for {
		done, err := check()
		if done || err != nil && ctx.Err() == nil && !late(err) {
			return done, err
		}
		select {
		case <-ctx.Done():
			return false, nil
		case <-ticks.C:
		}
	}
}

// late reports whether an error says that a call has lasted too long.
func late(err error) bool {
	var deadline *serviceerror.DeadlineExceeded
	return errors.As(err, &deadline) || errors.Is(err, context.DeadlineExceeded)
}

// Orders returns the workflow ids of the orders that run on a version. Temporal's visibility store lags a moment behind.
func (d *Deployment) Orders(ctx context.Context, build string) ([]string, error) {
	var ids []string
	request := &workflowservice.ListWorkflowExecutionsRequest{Query: d.running(build)}
	for {
		page, err := d.temporal.ListWorkflow(ctx, request)
		if err != nil {
			return nil, err
		}
		for _, execution := range page.GetExecutions() {
			ids = append(ids, execution.GetExecution().GetWorkflowId())
		}
		if request.NextPageToken = page.GetNextPageToken(); len(request.NextPageToken) == 0 {
			return ids, nil
		}
	}
}

// Move pins an order to a version. It returns false if the order does not exist or has ended.
func (d *Deployment) Move(ctx context.Context, workflowID, build string) (bool, error) {
	_, err := d.temporal.UpdateWorkflowExecutionOptions(ctx, client.UpdateWorkflowExecutionOptionsRequest{
		WorkflowId: workflowID,
		WorkflowExecutionOptionsChanges: client.WorkflowExecutionOptionsChanges{
			VersioningOverride: &client.VersioningOverrideChange{
				Value: &client.PinnedVersioningOverride{Version: worker.WorkerDeploymentVersion{DeploymentName: d.name, BuildID: build}},
			},
		},
	})
	var closed *serviceerror.NotFound
	if errors.As(err, &closed) {
		return false, nil
	}
	return err == nil, err
}
