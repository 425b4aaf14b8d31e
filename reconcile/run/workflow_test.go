package run

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"rampart/ramp"
	"rampart/reconcile"
)

func suite() *testsuite.WorkflowTestSuite {
	var s testsuite.WorkflowTestSuite
	s.SetLogger(sdklog.NewStructuredLogger(slog.New(slog.NewTextHandler(io.Discard, nil))))
	return &s
}

func newActivities(t *testing.T, w *world) *Activities {
	t.Helper()
	return &Activities{orders: w, provider: w, options: Options{Store: "file://" + t.TempDir()}, pause: time.Microsecond}
}

func environment(a *Activities) *testsuite.TestWorkflowEnvironment {
	env := suite().NewTestWorkflowEnvironment()
	Register(env)
	RegisterActivities(env, a)
	env.OnUpsertTypedSearchAttributes(mock.Anything).Return(nil).Maybe()
	return env
}

func TestWorkflowReportsAndLeavesNothingButTheFindings(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.listed = append(w.listed, bought())
	a := newActivities(t, w)
	env := environment(a)
	var attention []bool
	env.OnUpsertTypedSearchAttributes(mock.Anything).Run(func(args mock.Arguments) {
		set, _ := args.Get(0).(temporal.SearchAttributes).GetBool(ramp.AttentionKey)
		attention = append(attention, set)
	}).Return(nil)
	env.ExecuteWorkflow(reconcile.Workflow, reconcile.Request{Day: day})
	require.NoError(t, env.GetWorkflowError())
	var report reconcile.Report
	require.NoError(t, env.GetWorkflowResult(&report))
	require.Equal(t, []string{"missing_there inv-42 6500a status"}, kinds(&report))
	store, err := reconcile.OpenStore(t.Context(), a.options.Store)
	require.NoError(t, err)
	defer store.Close()
	_, err = store.Part(t.Context(), day, "", 0)
	require.ErrorIs(t, err, reconcile.ErrAbsent)
	file, err := store.Open(t.Context(), report.CSV)
	require.NoError(t, err)
	require.NoError(t, file.Close())
}

func TestScheduledWorkflowReconcilesTheDayBeforeInIndia(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		start time.Time
		day   reconcile.Day
	}{
		"at 05:30 in India":           {time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC), "2026-11-26"},
		"a minute after midnight":     {time.Date(2026, 11, 26, 18, 31, 0, 0, time.UTC), "2026-11-26"},
		"a minute before midnight":    {time.Date(2026, 11, 26, 18, 29, 0, 0, time.UTC), "2026-11-25"},
		"at midnight in UTC, newyear": {time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), "2026-12-31"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := environment(newActivities(t, newWorld()))
			env.SetStartTime(tc.start)
			var asked []reconcile.Request
			env.OnActivity((*Activities)(nil).ReconcileDay, mock.Anything, mock.Anything).Return(
				func(_ context.Context, request reconcile.Request) (*reconcile.Report, error) {
					asked = append(asked, request)
					return &reconcile.Report{Day: request.Day}, nil
				})
			env.ExecuteWorkflow(reconcile.DailyWorkflow)
			require.NoError(t, env.GetWorkflowError())
			require.Equal(t, []reconcile.Request{{Day: tc.day}}, asked)
		})
	}
}

func TestWorkflowThatStartsLateReconcilesTheDayItWasPlannedFor(t *testing.T) {
	t.Parallel()
	env := environment(newActivities(t, newWorld()))
	env.SetStartTime(time.Date(2026, 11, 29, 3, 0, 0, 0, time.UTC))
	require.NoError(t, env.SetTypedSearchAttributesOnStart(temporal.NewSearchAttributes(
		scheduledFor.ValueSet(time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)))))
	env.ExecuteWorkflow(reconcile.DailyWorkflow)
	require.NoError(t, env.GetWorkflowError())
	var report reconcile.Report
	require.NoError(t, env.GetWorkflowResult(&report))
	require.Equal(t, day, report.Day)
}

// One that somebody has started by hand may have begun before the day ended.
func TestScheduledWorkflowWaitsForOneThatRunsAndRunsItsOwn(t *testing.T) {
	t.Parallel()
	const byHand = 25 * time.Minute
	env := suite().NewTestWorkflowEnvironment()
	env.RegisterWorkflowWithOptions(func(ctx workflow.Context) (*reconcile.Report, error) {
		begun := workflow.Now(ctx)
		running := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{WorkflowID: reconcile.WorkflowID(day)})
		first := workflow.ExecuteChildWorkflow(running, reconcile.Workflow, reconcile.Request{Day: day})
		if err := first.GetChildWorkflowExecution().Get(ctx, nil); err != nil {
			return nil, err
		}
		report, err := DailyReconciliation(ctx)
		require.Equal(t, 3*ownRunPause, workflow.Now(ctx).Sub(begun))
		return report, err
	}, workflow.RegisterOptions{Name: "ByHandAndDaily"})
	Register(env)
	RegisterActivities(env, newActivities(t, newWorld()))
	env.OnUpsertTypedSearchAttributes(mock.Anything).Return(nil).Maybe()
	env.OnActivity((*Activities)(nil).ReconcileDay, mock.Anything, mock.Anything).Return(&reconcile.Report{Day: day, Orders: 1}, nil).Once().After(byHand)
	env.OnActivity((*Activities)(nil).ReconcileDay, mock.Anything, mock.Anything).Return(&reconcile.Report{Day: day, Orders: 2}, nil).Once()
	env.SetStartTime(time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC))
	env.ExecuteWorkflow("ByHandAndDaily")
	require.NoError(t, env.GetWorkflowError())
	var report reconcile.Report
	require.NoError(t, env.GetWorkflowResult(&report))
	require.Equal(t, reconcile.Report{Day: day, Orders: 2}, report)
}

// The history is from before changeOwnRun: the one that ran was taken for the day's.
func TestHistoryThatTookOneThatRanForItsOwnReplays(t *testing.T) {
	t.Parallel()
	replayer, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{DisableDeadlockDetection: true}) // a busy machine stops
	require.NoError(t, err)
	Register(replayer)
	require.NoError(t, replayer.ReplayWorkflowHistoryFromJSONFile(nil, "testdata/daily-took-another.json"))
}

func TestWorkerWithoutAStoreOrADaySaysSo(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		day   reconcile.Day
		store string
		kind  string
	}{
		"no store":      {day, "", ErrNoStore},
		"no day":        {"../x", "file:///nowhere", ErrInvalidDay},
		"in the future": {"2999-01-01", "file:///nowhere", ErrInvalidDay},
		"a bad export":  {day, "export", ErrInvalidExport},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newActivities(t, newWorld())
			if tc.store != "export" {
				a.options.Store = tc.store
			} else {
				putFile(t, a.options.Store, string(tc.day)+"/export.csv", "order_id\n")
			}
			env := suite().NewTestActivityEnvironment()
			RegisterActivities(env, a)
			_, err := env.ExecuteActivity(a.ReconcileDay, reconcile.Request{Day: tc.day})
			var failure *temporal.ApplicationError
			require.ErrorAs(t, err, &failure)
			require.Equal(t, tc.kind, failure.Type())
			require.True(t, failure.NonRetryable())
		})
	}
}

func putFile(t *testing.T, location, name, content string) {
	t.Helper()
	store, err := reconcile.OpenStore(t.Context(), location)
	require.NoError(t, err)
	defer store.Close()
	require.NoError(t, store.Write(t.Context(), name, func(w io.Writer) error {
		_, err := io.WriteString(w, content)
		return err
	}))
}

// The activity fails as the provider is down, and a later attempt continues from its heartbeat.
func TestActivityContinuesFromTheHeartbeatOfTheAttemptBefore(t *testing.T) {
	t.Parallel()
	w := newWorld()
	for i := range 2 * pageSize {
		w.trade(numbered(bought(), i), boughtThere())
	}
	a := newActivities(t, w)
	w.fail = func(call int, _ string) error {
		if call > 3*pageSize {
			return unavailable()
		}
		return nil
	}
	env := environment(a)
	env.RegisterDelayedCallback(func() { w.mu.Lock(); w.fail = nil; w.mu.Unlock() }, time.Second)
	env.ExecuteWorkflow(reconcile.Workflow, reconcile.Request{Day: day})
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, 1, w.asked["6500000000"], "the first page is not compared again")
}

func TestStoreThatIsDownIsRetried(t *testing.T) {
	t.Parallel()
	a := newActivities(t, newWorld())
	failure := a.failure(t.Context(), &reconcile.StoreError{Cause: errors.New("reset by peer")})
	var application *temporal.ApplicationError
	require.ErrorAs(t, failure, &application)
	require.False(t, application.NonRetryable())
}
