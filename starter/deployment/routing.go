package deployment

import (
	"context"
	"time"

	deploymentpb "go.temporal.io/api/deployment/v1"
	enumspb "go.temporal.io/api/enums/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/proto"

	"rampart/ramp"
)

// routedFor is how long every task queue must show the new routing before the change counts as done although Temporal reports it as in progress. A
// server (seen with 1.32.1) may report that for good after the change has reached all of them:
// https://github.com/temporalio/temporal/issues/11842. The partitions of a task queue follow it within seconds.
const routedFor = 15 * time.Second

// Route makes a change of the routing, which may be made twice, and blocks until every task queue follows it. Temporal is slow to answer while
// workers join, so a change that it does not answer in time is made again. When ctx ends before, the error is NotReady.
func (d *Deployment) Route(ctx context.Context, change func(context.Context) error) error {
	set, err := poll(ctx, func() (bool, error) {
		err := change(ctx)
		return err == nil, err
	})
	if err == nil && !set {
		err = &ramp.Error{Type: ramp.NotReady, Message: "Temporal did not answer in time, and may have set the new routing; the same command sets it again"}
	}
	if err != nil {
		return err
	}
	return d.AwaitRouted(ctx)
}

// AwaitRouted blocks until every task queue follows the routing that Promote or Ramp has set. Until then, some new orders go where they went
// before. When ctx ends before, the error is NotReady. A server that does not tell counts as one that follows.
func (d *Deployment) AwaitRouted(ctx context.Context) error {
	var since time.Time // when every task queue was first seen to follow
	done, err := poll(ctx, func() (bool, error) {
		described, err := d.temporal.WorkflowService().DescribeWorkerDeployment(ctx, &workflowservice.DescribeWorkerDeploymentRequest{
			Namespace: d.namespace, DeploymentName: d.name,
		})
		deployment := described.GetWorkerDeploymentInfo()
		if err != nil || deployment.GetRoutingConfigUpdateState() != enumspb.ROUTING_CONFIG_UPDATE_STATE_IN_PROGRESS {
			return err == nil, err
		}
		follow, err := d.everyQueueFollows(ctx, deployment.GetRoutingConfig())
		switch {
		case !follow:
			since = time.Time{}
		case since.IsZero():
			since = d.now()
		}
		return follow && d.now().Sub(since) >= routedFor, err
	})
	if err == nil && !done {
		err = &ramp.Error{Type: ramp.NotReady, Message: "the new routing is set, and has not reached every task queue yet: some new orders go where they " +
			"went before; Temporal continues by itself, and the same command waits again"}
	}
	return err
}

// everyQueueFollows reports whether every task queue of orders shows a routing.
func (d *Deployment) everyQueueFollows(ctx context.Context, routing *deploymentpb.RoutingConfig) (bool, error) {
	for _, queue := range queues() {
		described, err := d.temporal.DescribeTaskQueue(ctx, queue.Name, enumspb.TaskQueueType(queue.Type))
		if err != nil || !follows(described.GetVersioningInfo(), routing) {
			return false, err
		}
	}
	return true, nil
}

// follows reports whether a task queue shows a routing.
func follows(queue *taskqueuepb.TaskQueueVersioningInfo, routing *deploymentpb.RoutingConfig) bool {
	return queue != nil &&
		proto.Equal(queue.GetCurrentDeploymentVersion(), routing.GetCurrentDeploymentVersion()) &&
		proto.Equal(queue.GetRampingDeploymentVersion(), routing.GetRampingDeploymentVersion()) &&
		queue.GetRampingVersionPercentage() == routing.GetRampingVersionPercentage()
}
