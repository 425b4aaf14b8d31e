// Tests of package deployment by its methods. starter/commands/deployment_test.go tests whole rollouts by the commands.
package deployment_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	deploymentpb "go.temporal.io/api/deployment/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"google.golang.org/grpc"

	"rampart/ramp"
	"rampart/starter/deployment"
)

// server is a fake Temporal server with one deployment, whose version v1 drains.
type server struct {
	deploymentHandle
	// described and changed are the errors of calls that describe and change the deployment, and listed of those that list or count orders.
	described, changed, listed error
	// orders are listed one on each page.
	orders []string
	query  string
	// routing is the deployment's, and shown what its task queues show of it.
	routing *deploymentpb.RoutingConfig
	shown   map[string]*taskqueuepb.TaskQueueVersioningInfo
	moved   client.UpdateWorkflowExecutionOptionsRequest
}

// deploymentHandle provides the methods that this package does not use.
type deploymentHandle struct{ client.WorkerDeploymentHandle }

func (s *server) WorkerDeploymentClient() client.WorkerDeploymentClient {
	return deployments{server: s}
}

// deployments is the server's client for deployments.
type deployments struct {
	client.WorkerDeploymentClient
	server *server
}

func (d deployments) GetHandle(string) client.WorkerDeploymentHandle { return d.server }

func (s *server) DescribeTaskQueue(
	_ context.Context, name string, kind enumspb.TaskQueueType,
) (*workflowservice.DescribeTaskQueueResponse, error) {
	return &workflowservice.DescribeTaskQueueResponse{VersioningInfo: s.shown[name+" "+kind.String()]}, s.listed
}

func (s *server) Describe(context.Context, client.WorkerDeploymentDescribeOptions) (client.WorkerDeploymentDescribeResponse, error) {
	return client.WorkerDeploymentDescribeResponse{Info: client.WorkerDeploymentInfo{
		VersionSummaries: []client.WorkerDeploymentVersionSummary{{
			Version:        worker.WorkerDeploymentVersion{DeploymentName: "ramp", BuildID: "v1"},
			DrainageStatus: client.WorkerDeploymentVersionDrainageStatusDraining,
		}},
	}}, s.described
}

func (s *server) DescribeVersion(
	context.Context, client.WorkerDeploymentDescribeVersionOptions,
) (client.WorkerDeploymentVersionDescription, error) {
	return client.WorkerDeploymentVersionDescription{}, s.described
}

func (s *server) SetCurrentVersion(
	context.Context, client.WorkerDeploymentSetCurrentVersionOptions,
) (client.WorkerDeploymentSetCurrentVersionResponse, error) {
	return client.WorkerDeploymentSetCurrentVersionResponse{}, s.changed
}

func (s *server) SetRampingVersion(
	context.Context, client.WorkerDeploymentSetRampingVersionOptions,
) (client.WorkerDeploymentSetRampingVersionResponse, error) {
	return client.WorkerDeploymentSetRampingVersionResponse{}, s.changed
}

func (s *server) CountWorkflow(
	context.Context, *workflowservice.CountWorkflowExecutionsRequest,
) (*workflowservice.CountWorkflowExecutionsResponse, error) {
	return &workflowservice.CountWorkflowExecutionsResponse{Count: int64(len(s.orders))}, s.listed
}

func (s *server) ListWorkflow(
	_ context.Context, request *workflowservice.ListWorkflowExecutionsRequest,
) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	s.query = request.GetQuery()
	page := len(request.GetNextPageToken())
	response := &workflowservice.ListWorkflowExecutionsResponse{Executions: []*workflowpb.WorkflowExecutionInfo{
		{Execution: &commonpb.WorkflowExecution{WorkflowId: s.orders[page]}},
	}}
	if page+1 < len(s.orders) {
		response.NextPageToken = make([]byte, page+1)
	}
	return response, s.listed
}

func (s *server) UpdateWorkflowExecutionOptions(
	_ context.Context, request client.UpdateWorkflowExecutionOptionsRequest,
) (client.WorkflowExecutionOptions, error) {
	s.moved = request
	return client.WorkflowExecutionOptions{}, s.changed
}

func (s *server) WorkflowService() workflowservice.WorkflowServiceClient { return service{server: s} }

// service is the server's API itself.
type service struct {
	workflowservice.WorkflowServiceClient
	server *server
}

func (s service) DescribeWorkerDeployment(
	context.Context, *workflowservice.DescribeWorkerDeploymentRequest, ...grpc.CallOption,
) (*workflowservice.DescribeWorkerDeploymentResponse, error) {
	return &workflowservice.DescribeWorkerDeploymentResponse{WorkerDeploymentInfo: &deploymentpb.WorkerDeploymentInfo{
		RoutingConfigUpdateState: enumspb.ROUTING_CONFIG_UPDATE_STATE_IN_PROGRESS, RoutingConfig: s.server.routing,
	}}, s.server.described
}

func (s *server) deployment() *deployment.Deployment {
	return deployment.New(s, "orders", "ramp", time.Now)
}

func TestOrdersOfAVersionAreListedFromEveryPage(t *testing.T) {
	t.Parallel()
	s := &server{orders: []string{"onramp/inv-1", "offramp/wd-1", "onramp/inv-2"}}
	orders, err := s.deployment().Orders(t.Context(), "v1")
	require.NoError(t, err)
	require.Equal(t, s.orders, orders)
	require.Equal(t, `TaskQueue = "ramp" AND ExecutionStatus = "Running" AND WorkflowType NOT IN ("DisabledEndpoint", "WorkerLease") AND TemporalWorkerDeploymentVersion = "ramp:v1"`, s.query)
}

func TestMovePinsAnOrderToAVersion(t *testing.T) {
	t.Parallel()
	s := new(server)
	moved, err := s.deployment().Move(t.Context(), "onramp/inv-1", "v2")
	require.NoError(t, err)
	require.True(t, moved)
	require.Equal(t, "onramp/inv-1", s.moved.WorkflowId)
	require.Equal(t, &client.PinnedVersioningOverride{Version: worker.WorkerDeploymentVersion{DeploymentName: "ramp", BuildID: "v2"}},
		s.moved.WorkflowExecutionOptionsChanges.VersioningOverride.Value)

	s.changed = serviceerror.NewNotFound("workflow execution already completed")
	moved, err = s.deployment().Move(t.Context(), "onramp/inv-1", "v2")
	require.NoError(t, err)
	require.False(t, moved)
}

func TestErrorsOfTemporalAreReturned(t *testing.T) {
	t.Parallel()
	failure := errors.New("permission denied")
	s := &server{described: failure, changed: failure, listed: failure, orders: []string{"onramp/inv-1"}}
	d := s.deployment()
	for name, call := range map[string]func(context.Context) error{
		"status":        func(ctx context.Context) error { _, err := d.Status(ctx); return err },
		"promote":       func(ctx context.Context) error { return d.Promote(ctx, "v1") },
		"ramp":          func(ctx context.Context) error { return d.Ramp(ctx, "v1", 5) },
		"stop ramp":     func(ctx context.Context) error { return d.StopRamp(ctx, "v1") },
		"await workers": func(ctx context.Context) error { return d.AwaitWorkers(ctx, "v1") },
		"await drained": func(ctx context.Context) error { return d.AwaitDrained(ctx, "v1") },
		"await routed":  func(ctx context.Context) error { return d.AwaitRouted(ctx) },
		"prune":         func(ctx context.Context) error { _, err := d.Prune(ctx, ""); return err },
		"orders":        func(ctx context.Context) error { _, err := d.Orders(ctx, "v1"); return err },
		"move":          func(ctx context.Context) error { _, err := d.Move(ctx, "onramp/inv-1", "v1"); return err },
	} {
		require.ErrorIs(t, call(t.Context()), failure, name)
	}
	s.described = serviceerror.NewNotFound("no Worker Deployment found")
	_, err := d.Status(t.Context())
	require.True(t, ramp.IsError(err, ramp.NotFound), "%v", err)
}

func TestDrainingVersionIsNotReadyWhenTheContextEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{orders: []string{"onramp/inv-1"}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := s.deployment().AwaitDrained(ctx, "v1")
		require.True(t, ramp.IsError(err, ramp.NotReady), "%v", err)
		require.ErrorContains(t, err, "orders that still run on it: 1")
	})
}

// halfway is a server that calls a change in progress: v2 gets 20 % of what v1 got, and every task queue shows that.
func halfway() *server {
	v1, v2 := &deploymentpb.WorkerDeploymentVersion{BuildId: "v1"}, &deploymentpb.WorkerDeploymentVersion{BuildId: "v2"}
	s := &server{
		routing: &deploymentpb.RoutingConfig{CurrentDeploymentVersion: v1, RampingDeploymentVersion: v2, RampingVersionPercentage: 20},
		shown:   make(map[string]*taskqueuepb.TaskQueueVersioningInfo),
	}
	for _, queue := range []string{"ramp Workflow", "ramp Activity", "ramp-watch Activity"} {
		s.shown[queue] = &taskqueuepb.TaskQueueVersioningInfo{
			CurrentDeploymentVersion: v1, RampingDeploymentVersion: v2, RampingVersionPercentage: 20,
		}
	}
	return s
}

func TestRoutingThatEveryTaskQueueShowsIsDoneAlthoughTemporalCallsItInProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begun := time.Now()
		require.NoError(t, halfway().deployment().AwaitRouted(ctx))
		require.Equal(t, 15*time.Second, time.Since(begun))
	})
}

func TestRoutingThatDoesNotReachEveryTaskQueueInTimeIsNotReady(t *testing.T) {
	t.Parallel()
	for name, lag := range map[string]func(shown map[string]*taskqueuepb.TaskQueueVersioningInfo){
		"a queue has another current version": func(shown map[string]*taskqueuepb.TaskQueueVersioningInfo) {
			shown["ramp-watch Activity"].CurrentDeploymentVersion = nil
		},
		"a queue has another ramping version": func(shown map[string]*taskqueuepb.TaskQueueVersioningInfo) {
			shown["ramp Workflow"].RampingDeploymentVersion = shown["ramp Workflow"].GetCurrentDeploymentVersion()
		},
		"a queue has a version of another deployment": func(shown map[string]*taskqueuepb.TaskQueueVersioningInfo) {
			shown["ramp Workflow"].CurrentDeploymentVersion = &deploymentpb.WorkerDeploymentVersion{DeploymentName: "other", BuildId: "v1"}
		},
		"a queue has another percentage": func(shown map[string]*taskqueuepb.TaskQueueVersioningInfo) {
			shown["ramp Activity"].RampingVersionPercentage = 10
		},
		"a queue does not tell": func(shown map[string]*taskqueuepb.TaskQueueVersioningInfo) { delete(shown, "ramp Activity") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				s := halfway()
				lag(s.shown)
				err := s.deployment().AwaitRouted(ctx)
				require.True(t, ramp.IsError(err, ramp.NotReady), "%v", err)
				require.ErrorContains(t, err, "has not reached every task queue yet")
			})
		})
	}
}

func TestRoutingThatTemporalDoesNotAnswerInTimeIsSetAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		changes := 0
		err := new(server).deployment().Route(ctx, func(context.Context) error {
			if changes++; changes < 3 {
				return serviceerror.NewDeadlineExceeded("context deadline exceeded")
			}
			return nil
		})
		require.ErrorContains(t, err, "has not reached every task queue yet", "it was set in the end")
		require.Equal(t, 3, changes)

		late := func(context.Context) error { return serviceerror.NewDeadlineExceeded("context deadline exceeded") }
		err = new(server).deployment().Route(ctx, late)
		require.True(t, ramp.IsError(err, ramp.NotReady), "%v", err)
		require.ErrorContains(t, err, "did not answer in time")

		err = new(server).deployment().Route(t.Context(), func(context.Context) error { return serviceerror.NewPermissionDenied("no", "") })
		require.ErrorContains(t, err, "no")
	})
}

func TestAnswerThatComesTooLateIsNotReadyRatherThanAnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{described: serviceerror.NewDeadlineExceeded("context deadline exceeded")}
		for name, wait := range map[string]func(context.Context) error{
			"workers": func(ctx context.Context) error { return s.deployment().AwaitWorkers(ctx, "v2") },
			"routed":  func(ctx context.Context) error { return s.deployment().AwaitRouted(ctx) },
			"drained": func(ctx context.Context) error { return s.deployment().AwaitDrained(ctx, "v1") },
		} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			err := wait(ctx)
			cancel()
			require.True(t, ramp.IsError(err, ramp.NotReady), "%s: %v", name, err)
		}
	})
}
