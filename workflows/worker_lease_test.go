package workflows_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"rampart/activities"
	"rampart/ramp"
	"rampart/workflows"
)

var (
	errSilent = temporal.NewHeartbeatTimeoutError()
	errAbsent = temporal.NewTimeoutError(enumspb.TIMEOUT_TYPE_SCHEDULE_TO_START, nil)
)

// lease runs the lease of a worker whose holds end as ends say, and returns how often its watches were taken over.
func lease(t *testing.T, ends ...error) (takeovers int, err error) {
	t.Helper()
	env := new(testsuite.WorkflowTestSuite).NewTestWorkflowEnvironment()
	workflows.Register(env)
	env.RegisterActivity(new(activities.Leases))
	env.RegisterActivity(new(activities.Calls))
	own := activities.Lease{Identity: "7@host@A", TaskQueue: "ramp-worker-7@host@A"}
	for _, end := range ends {
		env.OnActivity("HoldLease", mock.Anything, own).Return(end).Once()
	}
	env.OnActivity("TakeOverWatches", mock.Anything, own).Return(activities.TakeOverResult{Watches: 2}, nil).Maybe()
	env.SetOnActivityCompletedListener(func(info *activity.Info, _ converter.EncodedValue, _ error) {
		if info.ActivityType.Name == "TakeOverWatches" {
			takeovers++
		}
	})
	env.ExecuteWorkflow(ramp.WorkerLeaseWorkflow, own)
	require.True(t, env.IsWorkflowCompleted())
	return takeovers, env.GetWorkflowError()
}

func TestWatchesThatAStoppedWorkerLeftAreTakenOver(t *testing.T) {
	t.Parallel()
	takeovers, err := lease(t, nil, errAbsent)
	require.NoError(t, err)
	require.Equal(t, 1, takeovers)
}

func TestSilentWorkerThatTakesItsLeaseAgainKeepsItsWatches(t *testing.T) {
	t.Parallel()
	takeovers, err := lease(t, errSilent, errSilent, temporal.NewNonRetryableApplicationError("the test is over", "Over", nil))
	require.ErrorContains(t, err, "the test is over")
	require.Zero(t, takeovers)
}

func TestWatchesOfAWorkerThatDoesNotTakeItsLeaseAgainAreTakenOver(t *testing.T) {
	t.Parallel()
	takeovers, err := lease(t, errSilent, errAbsent)
	require.NoError(t, err)
	require.Equal(t, 1, takeovers)
}

func TestWatchesOfAWorkerThatCrashesBeforeItTakesItsLeaseAreTakenOver(t *testing.T) {
	t.Parallel()
	takeovers, err := lease(t, errAbsent)
	require.NoError(t, err)
	require.Equal(t, 1, takeovers)
}

func TestLeaseThatFailsOtherwiseEndsAndTheWorkerAsksForAnother(t *testing.T) {
	t.Parallel()
	takeovers, err := lease(t, temporal.NewNonRetryableApplicationError("a panic", "PanicError", errors.New("broken")))
	require.Error(t, err)
	require.Zero(t, takeovers)
}
