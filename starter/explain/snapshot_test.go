package explain_test

import (
	"context"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	deploymentpb "go.temporal.io/api/deployment/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/timestamppb"

	"rampart/ramp"
	"rampart/starter/explain"
)

// server is a Temporal server with one order, and the worker that answers for it.
type server struct {
	execution *workflowpb.WorkflowExecutionInfo
	pollers   map[string][]*taskqueuepb.PollerInfo
	broken    error
	// asked is whether the worker was asked, and silence is its answer.
	asked   bool
	run     string
	silence error
	// listed are the runs that the visibility store has.
	listed []ramp.Summary
}

func (s *server) DescribeWorkflowExecution(context.Context, string, string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	if s.execution == nil {
		return nil, serviceerror.NewNotFound("no such workflow")
	}
	return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: s.execution}, nil
}

func (s *server) GetWorkflowHistory(context.Context, string, string, bool, enumspb.HistoryEventFilterType) client.HistoryEventIterator {
	return s
}

func (s *server) HasNext() bool { return s.broken != nil }

func (s *server) Next() (*historypb.HistoryEvent, error) { return nil, s.broken }

func (s *server) DescribeTaskQueue(_ context.Context, name string, _ enumspb.TaskQueueType) (*workflowservice.DescribeTaskQueueResponse, error) {
	return &workflowservice.DescribeTaskQueueResponse{Pollers: s.pollers[name]}, nil
}

func (s *server) GetRun(_ context.Context, _ ramp.ID, run string) (*ramp.Order, error) {
	s.asked, s.run = true, run
	return nil, s.silence
}

func (s *server) Runs(context.Context, ramp.ID) iter.Seq2[ramp.Summary, error] {
	return func(yield func(ramp.Summary, error) bool) {
		for _, run := range s.listed {
			if !yield(run, nil) {
				return
			}
		}
	}
}

var noon = time.Date(2026, time.November, 23, 6, 30, 0, 0, time.UTC)

// poller is a worker of a version, or of none, that asked for work some time ago.
func poller(identity, build string, ago time.Duration) *taskqueuepb.PollerInfo {
	info := &taskqueuepb.PollerInfo{Identity: identity, LastAccessTime: timestamppb.New(noon.Add(-ago))}
	if build != "" {
		info.DeploymentOptions = &deploymentpb.WorkerDeploymentOptions{DeploymentName: "ramp", BuildId: build}
	}
	return info
}

func runningOn(pollers ...*taskqueuepb.PollerInfo) *server {
	return &server{
		execution: &workflowpb.WorkflowExecutionInfo{Status: enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING},
		pollers:   map[string][]*taskqueuepb.PollerInfo{ramp.TaskQueue: pollers, ramp.WatchTaskQueue: pollers},
	}
}

func (s *server) gather(t *testing.T) *explain.Snapshot {
	t.Helper()
	snapshot, err := explain.TakeSnapshot(t.Context(), s, s, "onramp/inv-42", "", noon)
	require.NoError(t, err)
	return snapshot
}

func TestWorkersThatPolledRecentlyCount(t *testing.T) {
	t.Parallel()
	snapshot := runningOn(poller("1@a", "", time.Second), poller("1@a", "", time.Minute), poller("2@b", "", 4*time.Minute)).gather(t)
	require.Equal(t, 1, snapshot.Workers)
	require.Equal(t, 1, snapshot.Watchers)
}

func TestOnlyWorkersOfItsVersionCountForAPinnedOrder(t *testing.T) {
	t.Parallel()
	pinned := func(build string) *workflowpb.WorkflowExecutionVersioningInfo {
		return &workflowpb.WorkflowExecutionVersioningInfo{
			Behavior:          enumspb.VERSIONING_BEHAVIOR_PINNED,
			DeploymentVersion: &deploymentpb.WorkerDeploymentVersion{DeploymentName: "ramp", BuildId: build},
		}
	}
	moved := pinned("v2")
	moved.VersioningOverride = &workflowpb.VersioningOverride{Override: &workflowpb.VersioningOverride_Pinned{
		Pinned: &workflowpb.VersioningOverride_PinnedOverride{
			Version: &deploymentpb.WorkerDeploymentVersion{DeploymentName: "ramp", BuildId: "v1"},
		},
	}}
	for name, test := range map[string]struct {
		versioning *workflowpb.WorkflowExecutionVersioningInfo
		workers    int
	}{
		"its version runs": {pinned("v1"), 2}, "its version is gone": {pinned("v2"), 0}, "it was moved": {moved, 2}, "it has none": {nil, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := runningOn(poller("1@a", "v1", 0), poller("2@a", "v1", 0), poller("3@a", "v3", 0))
			s.execution.VersioningInfo = test.versioning
			snapshot := s.gather(t)
			require.Equal(t, test.workers, snapshot.Workers)
			require.Equal(t, test.workers > 0, s.asked, "who is not there is not asked")
		})
	}
}

func TestWorkersThatStoppedAfterTheirLastPollDoNotCount(t *testing.T) {
	t.Parallel()
	s := runningOn(poller("1@a", "", time.Minute))
	s.silence = serviceerror.NewFailedPrecondition("no poller seen for task queue recently, worker may be down")
	snapshot := s.gather(t)
	require.Zero(t, snapshot.Workers)
	require.NoError(t, snapshot.QueryError)
}

func TestClosedOrderIsNotQueried(t *testing.T) {
	t.Parallel()
	s := runningOn(poller("1@a", "", 0))
	s.execution.Status = enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED
	s.gather(t)
	require.False(t, s.asked)
}

func TestUnreadableHistoryIsAnError(t *testing.T) {
	t.Parallel()
	_, err := explain.TakeSnapshot(t.Context(), &server{}, &server{}, "onramp/inv-42", "", noon)
	require.True(t, ramp.IsError(err, ramp.NotFound), "%v", err)
	broken := runningOn()
	broken.broken = errors.New("connection lost")
	_, err = explain.TakeSnapshot(t.Context(), broken, broken, "onramp/inv-42", "", noon)
	require.ErrorIs(t, err, broken.broken)
	require.ErrorContains(t, err, "onramp/inv-42")
}
