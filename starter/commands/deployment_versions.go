package commands

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"rampart/ramp"
)

// States of versions.
const (
	stateCurrent  = "current"
	stateRamping  = "ramping"
	stateDraining = "draining"
	stateDrained  = "drained"
	stateIdle     = "idle"
	// stateUnused is that of workers without a version while new orders go to versions.
	stateUnused = "unused"
)

// longestPoll is longer than a worker takes to ask again for an order. Temporal remembers for minutes more that it did.
const longestPoll = 90 * time.Second

// status finds out how the deployment stands.
func (d *deployment) status(ctx context.Context) (*deploymentView, error) {
	described, err := d.describe(ctx)
	if err != nil {
		return nil, err
	}
	workers, err := d.workers(ctx)
	if err != nil {
		return nil, err
	}
	routing := described.RoutingConfig
	view := &deploymentView{
		Deployment:  d.name,
		Current:     buildID(routing.CurrentVersion),
		Ramping:     buildID(routing.RampingVersion),
		RampPercent: routing.RampingVersionPercentage,
		Versions:    []versionView{},
	}
	for _, summary := range described.VersionSummaries {
		version := versionView{BuildID: summary.Version.BuildID, State: stateOf(routing, summary), Workers: workers[summary.Version.BuildID]}
		if version.Orders, err = d.count(ctx, version.BuildID); err != nil {
			return nil, err
		}
		view.Versions = append(view.Versions, version)
	}
	view.Unversioned = versionView{State: unversionedState(routing), Workers: workers[""]}
	view.Unversioned.Orders, err = d.count(ctx, "")
	return view, err
}

func (d *deployment) describe(ctx context.Context) (client.WorkerDeploymentInfo, error) {
	described, err := d.handle.Describe(ctx, client.WorkerDeploymentDescribeOptions{})
	var unknown *serviceerror.NotFound
	if errors.As(err, &unknown) {
		err = &ramp.Error{Type: ramp.NotFound, Message: fmt.Sprintf("no worker of a deployment %s was ever here: start one with RAMP_BUILD_ID", d.name)}
	}
	return described.Info, err
}

func (d *deployment) version(ctx context.Context, build string) (client.WorkerDeploymentVersionInfo, error) {
	described, err := d.handle.DescribeVersion(ctx, client.WorkerDeploymentDescribeVersionOptions{BuildID: build})
	var unknown *serviceerror.NotFound
	if errors.As(err, &unknown) {
		err = d.noVersion(build)
	}
	return described.Info, err
}

func (d *deployment) noVersion(build string) error {
	return &ramp.Error{Type: ramp.NotFound, Message: fmt.Sprintf("deployment %s has no version %s", d.name, build)}
}

func (d *deployment) named(build string) worker.WorkerDeploymentVersion {
	return worker.WorkerDeploymentVersion{DeploymentName: d.name, BuildID: build}
}

func buildID(version *worker.WorkerDeploymentVersion) string {
	if version == nil {
		return ""
	}
	return version.BuildID
}

func stateOf(routing client.WorkerDeploymentRoutingConfig, summary client.WorkerDeploymentVersionSummary) string {
	switch build := summary.Version.BuildID; {
	case build == buildID(routing.CurrentVersion):
		return stateCurrent
	case build == buildID(routing.RampingVersion):
		return stateRamping
	case summary.DrainageStatus == client.WorkerDeploymentVersionDrainageStatusDraining:
		return stateDraining
	case summary.DrainageStatus == client.WorkerDeploymentVersionDrainageStatusDrained:
		return stateDrained
	default:
		return stateIdle
	}
}

func unversionedState(routing client.WorkerDeploymentRoutingConfig) string {
	switch {
	case routing.CurrentVersion == nil:
		return stateCurrent
	case routing.RampingVersion == nil && routing.RampingVersionPercentage > 0:
		return stateRamping
	default:
		return stateUnused
	}
}

// running chooses the orders that run on a version, or for an empty build those that run on none.
func (d *deployment) running(build string) string {
	condition := "TemporalWorkerDeploymentVersion IS NULL"
	if build != "" {
		condition = fmt.Sprintf("TemporalWorkerDeploymentVersion = %q", d.name+":"+build)
	}
	return fmt.Sprintf("TaskQueue = %q AND ExecutionStatus = %q AND %s", ramp.TaskQueue, "Running", condition)
}

func (d *deployment) count(ctx context.Context, build string) (int64, error) {
	counted, err := d.temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: d.running(build)})
	return counted.GetCount(), err
}

// workers counts the processes that ask for orders, by build id, those without a version under none.
func (d *deployment) workers(ctx context.Context) (map[string]int, error) {
	queue, err := d.temporal.DescribeTaskQueue(ctx, ramp.TaskQueue, enumspb.TASK_QUEUE_TYPE_WORKFLOW)
	if err != nil {
		return nil, err
	}
	workers := make(map[string]int)
	seen := make(map[string]bool)
	for _, poller := range queue.GetPollers() {
		if d.now().Sub(poller.GetLastAccessTime().AsTime()) > longestPoll {
			continue
		}
		build := ""
		if options := poller.GetDeploymentOptions(); options.GetWorkerVersioningMode() == enumspb.WORKER_VERSIONING_MODE_VERSIONED {
			if options.GetDeploymentName() != d.name {
				continue
			}
			build = options.GetBuildId()
		}
		if !seen[poller.GetIdentity()] {
			seen[poller.GetIdentity()] = true
			workers[build]++
		}
	}
	return workers, nil
}

// awaitWorkers waits until a version can take orders: with workers, and on every task queue. Orders routed to it
// earlier would wait, and their watches go to workers of another version or to none.
func (d *deployment) awaitWorkers(ctx context.Context, build string) error {
	for {
		able, err := d.able(ctx, build)
		if able || err != nil && ctx.Err() == nil {
			return err
		}
		if pause(ctx, askAgain) != nil {
			return &ramp.Error{Type: ramp.NotReady, Message: fmt.Sprintf(
				"no workers of version %s take orders and watches: start some with RAMP_DEPLOYMENT=%s RAMP_BUILD_ID=%s", build, d.name, build)}
		}
	}
}

func (d *deployment) able(ctx context.Context, build string) (bool, error) {
	version, err := d.version(ctx, build)
	if ramp.IsError(err, ramp.NotFound) {
		return false, nil
	}
	if err != nil || !onEveryQueue(version.TaskQueuesInfos) {
		return false, err
	}
	workers, err := d.workers(ctx)
	return workers[build] > 0, err
}

func onEveryQueue(queues []client.WorkerDeploymentTaskQueueInfo) bool {
	polled := make(map[client.WorkerDeploymentTaskQueueInfo]bool)
	for _, queue := range queues {
		polled[queue] = true
	}
	return polled[client.WorkerDeploymentTaskQueueInfo{Name: ramp.TaskQueue, Type: client.TaskQueueTypeWorkflow}] &&
		polled[client.WorkerDeploymentTaskQueueInfo{Name: ramp.TaskQueue, Type: client.TaskQueueTypeActivity}] &&
		polled[client.WorkerDeploymentTaskQueueInfo{Name: ramp.WatchTaskQueue, Type: client.TaskQueueTypeActivity}]
}

func pause(ctx context.Context, duration time.Duration) error {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
