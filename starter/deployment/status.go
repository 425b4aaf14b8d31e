package deployment

import (
	"context"
	"errors"
	"fmt"

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
	stateUnused   = "unused"
)

// Status is the state of a deployment.
type Status struct {
	Deployment string `json:"deployment"`
	// Current and Ramping are the build ids of the versions that new orders go to; empty for workers without a version. RampPercent is the
	// percentage of new orders that go to Ramping.
	Current     string    `json:"current"`
	Ramping     string    `json:"ramping"`
	RampPercent float32   `json:"rampPercent"`
	Versions    []Version `json:"versions"`
	// Unversioned describes the workers without a version.
	Unversioned Version `json:"unversioned"`
}

// Version is the state of one version.
type Version struct {
	BuildID string `json:"buildId,omitempty"`
	// State is current, ramping, draining, drained, or idle if the version never had an order. Workers without a version are current, ramping or
	// unused.
	State string `json:"state"`
	// Orders is the number of orders that run on the version.
	Orders int64 `json:"orders"`
	// Workers is the number of worker processes that poll for orders.
	Workers int `json:"workers"`
}

// Status returns the state of the deployment and of its versions.
func (d *Deployment) Status(ctx context.Context) (*Status, error) {
	described, err := d.describe(ctx)
	if err != nil {
		return nil, err
	}
	workers, err := d.workers(ctx)
	if err != nil {
		return nil, err
	}
	routing := described.RoutingConfig
	status := &Status{
		Deployment:  d.name,
		Current:     buildID(routing.CurrentVersion),
		Ramping:     buildID(routing.RampingVersion),
		RampPercent: routing.RampingVersionPercentage,
		Versions:    []Version{},
	}
	for _, summary := range described.VersionSummaries {
		version := Version{BuildID: summary.Version.BuildID, State: stateOf(routing, summary), Workers: workers[summary.Version.BuildID]}
		if version.Orders, err = d.count(ctx, version.BuildID); err != nil {
			return nil, err
		}
		status.Versions = append(status.Versions, version)
	}
	status.Unversioned = Version{State: unversionedState(routing), Workers: workers[""]}
	status.Unversioned.Orders, err = d.count(ctx, "")
	return status, err
}

func (d *Deployment) describe(ctx context.Context) (client.WorkerDeploymentInfo, error) {
	described, err := d.handle.Describe(ctx, client.WorkerDeploymentDescribeOptions{})
	var unknown *serviceerror.NotFound
	if errors.As(err, &unknown) {
		err = &ramp.Error{Type: ramp.NotFound, Message: fmt.Sprintf(
			"no worker has joined deployment %s: start workers with RAMP_DEPLOYMENT=%s and a RAMP_BUILD_ID", d.name, d.name)}
	}
	return described.Info, err
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

// running is a query for the orders that run on a version, or without a version for an empty build id. The workflows of disabled endpoints and of
// workers' leases are not among them: they belong to no version, and show the one that they ran on last, perhaps months ago.
func (d *Deployment) running(build string) string {
	condition := "TemporalWorkerDeploymentVersion IS NULL"
	if build != "" {
		condition = fmt.Sprintf("TemporalWorkerDeploymentVersion = %q", d.name+":"+build)
	}
	return fmt.Sprintf("TaskQueue = %q AND ExecutionStatus = %q AND WorkflowType NOT IN (%q, %q) AND %s",
		ramp.TaskQueue, "Running", ramp.DisabledEndpointWorkflow, ramp.WorkerLeaseWorkflow, condition)
}

func (d *Deployment) count(ctx context.Context, build string) (int64, error) {
	counted, err := d.temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: d.running(build)})
	return counted.GetCount(), err
}

// workers counts the worker processes that poll for orders, by build id; those without a version have the empty build id.
func (d *Deployment) workers(ctx context.Context) (map[string]int, error) {
	queue, err := d.temporal.DescribeTaskQueue(ctx, ramp.TaskQueue, enumspb.TASK_QUEUE_TYPE_WORKFLOW)
	if err != nil {
		return nil, err
	}
	workers := make(map[string]int)
	seen := make(map[string]bool)
	for _, poller := range queue.GetPollers() {
		if d.now().Sub(poller.GetLastAccessTime().AsTime()) > workerTimeout {
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
