package commands_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	deploymentpb "go.temporal.io/api/deployment/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/worker"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"rampart/ramp"
	"rampart/starter/commands"
)

// fleet is a fake deployment: its versions, their workers, and the orders that run on them.
type fleet struct {
	// name is the name of the deployment that a command used.
	name     string
	versions []*version
	// unversioned is the workers without a version.
	unversioned version
	current     string
	ramping     string
	percent     float32
	// failing is the order that cannot be moved.
	failing string
	// propagating is how many looks at the routing it takes until every task queue follows.
	propagating int
	// deletion is the error of the deletion of a version, by its build.
	deletion map[string]error
	// looks counts the calls that describe the deployment or a version. atLook runs a function at one of these calls.
	looks  int
	atLook map[int]func()
}

// version is a version of a fleet.
type version struct {
	build    string
	workers  []string
	lastPoll time.Time
	queues   []client.WorkerDeploymentTaskQueueInfo
	drainage client.WorkerDeploymentVersionDrainageStatus
	orders   []string
}

func newVersion(build string, orders ...string) *version {
	return &version{
		build: build, workers: []string{"1@" + build}, lastPoll: at(6, 0, 0), orders: orders,
		queues: []client.WorkerDeploymentTaskQueueInfo{
			{Name: "ramp-watch", Type: client.TaskQueueTypeActivity},
			{Name: "ramp", Type: client.TaskQueueTypeActivity},
			{Name: "ramp", Type: client.TaskQueueTypeWorkflow},
		},
	}
}

// rollout returns a fleet whose new orders go to v2 while two orders still run on v1.
func rollout() *fleet {
	v1 := newVersion("v1", "onramp/inv-1", "offramp/wd-1")
	v1.drainage = client.WorkerDeploymentVersionDrainageStatusDraining
	return &fleet{versions: []*version{newVersion("v2", "onramp/inv-2"), v1}, current: "v2"}
}

// run runs a deployment command.
func (f *fleet) run(t *testing.T, arguments ...string) result {
	t.Helper()
	return f.runWith(t, nil, arguments...)
}

func (f *fleet) runWith(t *testing.T, variables environment, arguments ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	program := &commands.Program{
		Name: "bin/starter", Stdout: &stdout, Stderr: &stderr, Environment: variables, Now: func() time.Time { return at(6, 1, 0) },
		Connect: func(context.Context, envconfig.EnvLookup) (*commands.Connection, error) {
			return &commands.Connection{
				Orders:      with(order(ramp.Onramp, "inv-1", ramp.AwaitingPayment), order(ramp.Offramp, "wd-1", ramp.AwaitingPayment)).fake,
				Deployments: f,
				Namespace:   "orders",
				Explain:     func(err error) error { return err },
				NotSetUp:    func(context.Context) error { return nil },
				Close:       func() {},
			}, nil
		},
	}
	code := program.Run(t.Context(), append([]string{"deployment"}, arguments...))
	return result{code, stdout.String(), stderr.String()}
}

func (f *fleet) look() {
	f.looks++
	if happens, planned := f.atLook[f.looks]; planned {
		happens()
	}
}

// on returns the orders that run on a version.
func (f *fleet) on(build string) []string { return f.version(build).orders }

func (f *fleet) version(build string) *version {
	for _, version := range f.versions {
		if version.build == build {
			return version
		}
	}
	return nil
}

// chosen returns the version whose orders a query of the visibility store matches.
func (f *fleet) chosen(query string) *version {
	const running = `TaskQueue = "ramp" AND ExecutionStatus = "Running" AND WorkflowType NOT IN ("DisabledEndpoint", "WorkerLease") AND TemporalWorkerDeploymentVersion `
	for _, version := range f.versions {
		if query == running+fmt.Sprintf(`= "%s:%s"`, f.name, version.build) {
			return version
		}
	}
	if query == running+"IS NULL" {
		return &f.unversioned
	}
	return nil
}

func (f *fleet) WorkerDeploymentClient() client.WorkerDeploymentClient { return deployments{fleet: f} }

func (f *fleet) WorkflowService() workflowservice.WorkflowServiceClient { return service{fleet: f} }

// service is the fake API of the server.
type service struct {
	workflowservice.WorkflowServiceClient
	fleet *fleet
}

func (s service) DescribeWorkerDeployment(
	_ context.Context, request *workflowservice.DescribeWorkerDeploymentRequest, _ ...grpc.CallOption,
) (*workflowservice.DescribeWorkerDeploymentResponse, error) {
	state := enumspb.ROUTING_CONFIG_UPDATE_STATE_COMPLETED
	if s.fleet.propagating > 0 {
		s.fleet.propagating--
		state = enumspb.ROUTING_CONFIG_UPDATE_STATE_IN_PROGRESS
	}
	if request.GetNamespace() != "orders" || request.GetDeploymentName() != s.fleet.name {
		return nil, serviceerror.NewNotFound(request.String())
	}
	return &workflowservice.DescribeWorkerDeploymentResponse{
		WorkerDeploymentInfo: &deploymentpb.WorkerDeploymentInfo{RoutingConfigUpdateState: state},
	}, nil
}

func (h handle) DeleteVersion(
	_ context.Context, options client.WorkerDeploymentDeleteVersionOptions,
) (client.WorkerDeploymentDeleteVersionResponse, error) {
	f := h.fleet
	if err := f.deletion[options.BuildID]; err != nil {
		return client.WorkerDeploymentDeleteVersionResponse{}, err
	}
	f.versions = slices.DeleteFunc(f.versions, func(v *version) bool { return v.build == options.BuildID })
	return client.WorkerDeploymentDeleteVersionResponse{}, nil
}

func (f *fleet) DescribeTaskQueue(_ context.Context, name string, kind enumspb.TaskQueueType) (*workflowservice.DescribeTaskQueueResponse, error) {
	response := &workflowservice.DescribeTaskQueueResponse{}
	if name != "ramp" || kind != enumspb.TASK_QUEUE_TYPE_WORKFLOW {
		return response, nil
	}
	for _, version := range append(f.versions, &f.unversioned) {
		mode := enumspb.WORKER_VERSIONING_MODE_VERSIONED
		if version == &f.unversioned {
			mode = enumspb.WORKER_VERSIONING_MODE_UNVERSIONED
		}
		for _, identity := range version.workers {
			response.Pollers = append(response.Pollers, &taskqueuepb.PollerInfo{
				Identity: identity, LastAccessTime: timestamppb.New(version.lastPoll),
				DeploymentOptions: &deploymentpb.WorkerDeploymentOptions{DeploymentName: f.name, BuildId: version.build, WorkerVersioningMode: mode},
			})
		}
	}
	return response, nil
}

func (f *fleet) CountWorkflow(
	_ context.Context, request *workflowservice.CountWorkflowExecutionsRequest,
) (*workflowservice.CountWorkflowExecutionsResponse, error) {
	chosen := f.chosen(request.GetQuery())
	if chosen == nil {
		return nil, serviceerror.NewInvalidArgument(request.GetQuery())
	}
	return &workflowservice.CountWorkflowExecutionsResponse{Count: int64(len(chosen.orders))}, nil
}

// ListWorkflow returns pages of one order.
func (f *fleet) ListWorkflow(
	_ context.Context, request *workflowservice.ListWorkflowExecutionsRequest,
) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	chosen := f.chosen(request.GetQuery())
	if chosen == nil {
		return nil, serviceerror.NewInvalidArgument(request.GetQuery())
	}
	response := &workflowservice.ListWorkflowExecutionsResponse{}
	page := len(request.GetNextPageToken())
	if page < len(chosen.orders) {
		response.Executions = []*workflowpb.WorkflowExecutionInfo{{Execution: &commonpb.WorkflowExecution{WorkflowId: chosen.orders[page]}}}
	}
	if page+1 < len(chosen.orders) {
		response.NextPageToken = make([]byte, page+1)
	}
	return response, nil
}

func (f *fleet) UpdateWorkflowExecutionOptions(
	_ context.Context, request client.UpdateWorkflowExecutionOptionsRequest,
) (client.WorkflowExecutionOptions, error) {
	if request.WorkflowId == f.failing {
		return client.WorkflowExecutionOptions{}, serviceerror.NewUnavailable("busy")
	}
	pinned, _ := request.WorkflowExecutionOptionsChanges.VersioningOverride.Value.(*client.PinnedVersioningOverride)
	for _, version := range f.versions {
		if i := slices.Index(version.orders, request.WorkflowId); i >= 0 && pinned.Version.DeploymentName == f.name {
			version.orders = slices.Delete(version.orders, i, i+1)
			target := f.version(pinned.Version.BuildID)
			target.orders = append(target.orders, request.WorkflowId)
			return client.WorkflowExecutionOptions{VersioningOverride: pinned}, nil
		}
	}
	return client.WorkflowExecutionOptions{}, serviceerror.NewNotFound("workflow execution already completed")
}

// deployments is a fake client for deployments.
type deployments struct {
	client.WorkerDeploymentClient
	fleet *fleet
}

func (d deployments) GetHandle(name string) client.WorkerDeploymentHandle {
	d.fleet.name = name
	return handle{fleet: d.fleet}
}

// handle is the fake handle of the fleet's deployment.
type handle struct {
	client.WorkerDeploymentHandle
	fleet *fleet
}

func (h handle) named(build string) *worker.WorkerDeploymentVersion {
	if build == "" {
		return nil
	}
	return &worker.WorkerDeploymentVersion{DeploymentName: h.fleet.name, BuildID: build}
}

func (h handle) Describe(context.Context, client.WorkerDeploymentDescribeOptions) (client.WorkerDeploymentDescribeResponse, error) {
	f := h.fleet
	f.look()
	if len(f.versions) == 0 {
		return client.WorkerDeploymentDescribeResponse{}, serviceerror.NewNotFound("no Worker Deployment found with name 'ramp'")
	}
	info := client.WorkerDeploymentInfo{Name: f.name, RoutingConfig: client.WorkerDeploymentRoutingConfig{
		CurrentVersion: h.named(f.current), RampingVersion: h.named(f.ramping), RampingVersionPercentage: f.percent,
	}}
	for _, version := range f.versions {
		info.VersionSummaries = append(info.VersionSummaries,
			client.WorkerDeploymentVersionSummary{Version: *h.named(version.build), DrainageStatus: version.drainage})
	}
	return client.WorkerDeploymentDescribeResponse{Info: info}, nil
}

func (h handle) DescribeVersion(
	_ context.Context, options client.WorkerDeploymentDescribeVersionOptions,
) (client.WorkerDeploymentVersionDescription, error) {
	f := h.fleet
	f.look()
	version := f.version(options.BuildID)
	if version == nil {
		return client.WorkerDeploymentVersionDescription{}, serviceerror.NewNotFound("Worker Deployment Version not found")
	}
	info := client.WorkerDeploymentVersionInfo{Version: *h.named(version.build), TaskQueuesInfos: version.queues}
	return client.WorkerDeploymentVersionDescription{Info: info}, nil
}

func (h handle) SetCurrentVersion(
	_ context.Context, options client.WorkerDeploymentSetCurrentVersionOptions,
) (client.WorkerDeploymentSetCurrentVersionResponse, error) {
	h.fleet.current = options.BuildID
	return client.WorkerDeploymentSetCurrentVersionResponse{}, nil
}

func (h handle) SetRampingVersion(
	_ context.Context, options client.WorkerDeploymentSetRampingVersionOptions,
) (client.WorkerDeploymentSetRampingVersionResponse, error) {
	h.fleet.ramping, h.fleet.percent = options.BuildID, options.Percentage
	return client.WorkerDeploymentSetRampingVersionResponse{}, nil
}
