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

// leaseStart bounds the start of a lease.
const leaseStart = 10 * time.Second

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

// leaseHolder keeps the lease of this process.
type leaseHolder struct {
	temporal client.Client
	lease    activities.Lease
	log      *zap.Logger
}

// keep has this process hold a lease until ctx ends. Without one, its watches are taken over after their heartbeat timeout only. It returns once
// the first lease has begun, or could not: a process that crashed before would leave its watches without one.
func (h leaseHolder) keep(ctx context.Context) {
	lease, err := h.begin(ctx)
	go func() {
		for {
			if err == nil {
				err = lease.Get(ctx, nil)
			}
			if ctx.Err() != nil {
				return
			}
			h.log.Warn("this worker has no lease; if it crashes, its watches stand still for up to five minutes", zap.Error(err))
			select {
			case <-time.After(leasePause):
			case <-ctx.Done():
				return
			}
			lease, err = h.begin(ctx)
		}
	}()
}

// begin starts the workflow of a lease.
func (h leaseHolder) begin(ctx context.Context) (client.WorkflowRun, error) {
	ctx, cancel := context.WithTimeout(ctx, leaseStart)
	defer cancel()
	lease, err := h.temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: ramp.WorkerLeaseID(h.lease.Identity), TaskQueue: ramp.TaskQueue, StaticSummary: "Worker " + h.lease.Identity + " runs",
	}, ramp.WorkerLeaseWorkflow, h.lease)
	if err != nil {
		return nil, fmt.Errorf("start the lease: %w", err)
	}
	return lease, nil
}
