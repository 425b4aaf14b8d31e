package main

import (
	"time"

	"go.temporal.io/sdk/worker"

	"rampart/events/dispatch"
)

// maxDeliveries is how many deliveries of events this worker runs at the same time.
const maxDeliveries = 200

// openEvents returns the endpoints of events; nil if events are off.
func openEvents(c config, o *observability) (*dispatch.Dispatcher, error) {
	if c.Worker.EventsFile == "" {
		return nil, nil
	}
	return dispatch.Open(c.Worker.EventsFile, c.temporal.NamespaceName(), o.Log)
}

// delivering are the options of the worker that delivers events. It has no version: what it runs belongs to no order, and any worker can
// continue it. Each event that was sent is recorded soon, so that a crash repeats few.
func delivering(common worker.Options) worker.Options {
	common.DeploymentOptions = worker.DeploymentOptions{}
	common.DisableWorkflowWorker = true
	common.MaxConcurrentActivityExecutionSize = maxDeliveries
	common.MaxHeartbeatThrottleInterval = time.Second
	return common
}
