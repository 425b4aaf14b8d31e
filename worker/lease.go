package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.uber.org/zap"

	"rampart/activities"
	"rampart/ramp"
)

// leasePause is the pause before a worker whose lease has ended, or could not be had, asks for another one.
const leasePause = 30 * time.Second

// newLease returns the lease of this process. A process that is started again in its place, perhaps with the same id, has another one.
func newLease() activities.Lease {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	identity := fmt.Sprintf("%d@%s@%s", os.Getpid(), host, rand.Text()[:8])
	return activities.Lease{Identity: identity, TaskQueue: "ramp-worker-" + identity}
}

// leasing are the options of the worker of the process's own task queue. It has no version, as a lease belongs to none.
func leasing(common worker.Options) worker.Options {
	common.DeploymentOptions = worker.DeploymentOptions{}
	common.DisableWorkflowWorker = true
	common.MaxConcurrentActivityExecutionSize = 2 // the lease, and one that Temporal has given up
	common.MaxConcurrentActivityTaskPollers = 1
	common.MaxHeartbeatThrottleInterval = activities.LeaseInterval
	return common
}

// keepLease has this process hold a lease until ctx ends. Without one, its watches are taken over after their heartbeat timeout only.
func keepLease(ctx context.Context, temporal client.Client, lease activities.Lease, log *zap.Logger) {
	for {
		err := holdLease(ctx, temporal, lease)
		if ctx.Err() != nil {
			return
		}
		log.Warn("this worker has no lease; if it crashes, its watches stand still for up to five minutes", zap.Error(err))
		select {
		case <-time.After(leasePause):
		case <-ctx.Done():
			return
		}
	}
}

// holdLease starts the workflow of a lease, and returns when it has ended.
func holdLease(ctx context.Context, temporal client.Client, lease activities.Lease) error {
	run, err := temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: ramp.WorkerLeaseID(lease.Identity), TaskQueue: ramp.TaskQueue, StaticSummary: "Worker " + lease.Identity + " runs",
	}, ramp.WorkerLeaseWorkflow, lease)
	if err != nil {
		return fmt.Errorf("start the lease: %w", err)
	}
	return run.Get(ctx, nil)
}
