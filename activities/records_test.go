package activities_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/codec"
	"rampart/onmeta"
	"rampart/ramp"
	"rampart/records"
	"rampart/sandbox"
)

// shelf is a store of records in a directory.
type shelf struct {
	*records.Store
	path string
}

func newShelf(t *testing.T) shelf {
	t.Helper()
	keyring, err := codec.NewKeyring()
	require.NoError(t, err)
	path := t.TempDir()
	store, err := records.Open("file://"+path, keyring)
	require.NoError(t, err)
	return shelf{store, path}
}

func endedOrder(reference string) records.Record {
	return records.New(ramp.Order{
		Reference: reference, Direction: ramp.Onramp, Status: ramp.Expired, CreatedAt: testStart(), UpdatedAt: testStart(),
	}, linked, "run-of-last-year")
}

// asOrder executes an activity once from the workflow of an order.
func asOrder[Request, Result any](w *world, reference string, activity func(context.Context, Request) (Result, error), request Request) (Result, error) {
	env := suite().NewTestWorkflowEnvironment()
	env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: "onramp/" + reference})
	env.RegisterActivity(w.calls)
	env.ExecuteWorkflow(func(ctx workflow.Context) (Result, error) {
		var result Result
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
			StartToCloseTimeout: time.Minute, RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1},
		})
		err := workflow.ExecuteActivity(ctx, activity, request).Get(ctx, &result)
		return result, err
	})
	var result Result
	if err := env.GetWorkflowError(); err != nil {
		return result, err
	}
	return result, env.GetWorkflowResult(&result)
}

func TestReferenceThatTheRecordsHaveIsTakenBeforeTheProviderIsAsked(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	require.NoError(t, s.Keep(t.Context(), endedOrder("inv-42")))
	w := newWorldWith(t, sandbox.DefaultAPIKey, activities.Options{Records: s.Store})

	_, err := asOrder(w, "inv-42", w.calls.KYCStatus, firstCall("inv-42"))

	why, turned := activities.NotAdmitted(err)
	require.True(t, turned, "%v", err)
	require.Equal(t, ramp.ReferenceTaken, why.Type)
	require.Equal(t, "run-of-last-year", why.RunID)
	require.Equal(t, ramp.Expired, why.Order.Status)
	require.True(t, nonRetryable(t, err))
	require.Empty(t, w.network.sent(onmeta.RouteLogin))

	result, err := asOrder(w, "inv-43", w.calls.KYCStatus, firstCall("inv-43"))
	require.NoError(t, err)
	require.True(t, result.Rules.Records)
}

func TestResetOrderIsNotRefusedForItsOwnRecord(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	require.NoError(t, s.Keep(t.Context(), endedOrder("inv-42")))
	w := newWorldWith(t, sandbox.DefaultAPIKey, activities.Options{Records: s.Store})
	again := firstCall("inv-42")
	again.Admission.Reset = true

	result, err := asOrder(w, "inv-42", w.calls.KYCStatus, again)

	require.NoError(t, err)
	require.True(t, result.Rules.Records)
}

func firstCall(reference string) activities.KYCStatusRequest {
	return activities.KYCStatusRequest{Email: linked, Admission: &activities.Admission{Reference: reference}}
}

func TestReferenceOfARecordThatIsGoneIsTaken(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	require.NoError(t, s.Keep(t.Context(), endedOrder("inv-42")))
	days, err := filepath.Glob(s.path + "/day=*")
	require.NoError(t, err)
	require.Len(t, days, 1)
	require.NoError(t, os.RemoveAll(days[0]))
	w := newWorldWith(t, sandbox.DefaultAPIKey, activities.Options{Records: s.Store})

	_, err = asOrder(w, "inv-42", w.calls.KYCStatus, firstCall("inv-42"))

	why, turned := activities.NotAdmitted(err)
	require.True(t, turned, "%v", err)
	require.Equal(t, ramp.ReferenceTaken, why.Type)
	require.Nil(t, why.Order)
	require.NotContains(t, why.Message, "run ")
}

// TestOrderWaitsWhileTheRecordsDoNotTell has a store that is away, and one in which somebody without the keys has written.
func TestOrderWaitsWhileTheRecordsDoNotTell(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*testing.T, shelf){
		"away": func(t *testing.T, s shelf) { require.NoError(t, os.RemoveAll(s.path)) },
		"forged": func(t *testing.T, s shelf) {
			strangers, err := codec.NewKeyring()
			require.NoError(t, err)
			forged, err := records.Open("file://"+s.path, strangers)
			require.NoError(t, err)
			require.NoError(t, forged.Keep(t.Context(), endedOrder("inv-42")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShelf(t)
			spoil(t, s)
			w := newWorldWith(t, sandbox.DefaultAPIKey, activities.Options{Records: s.Store})

			_, err := asOrder(w, "inv-42", w.calls.KYCStatus, firstCall("inv-42"))

			require.False(t, nonRetryable(t, err))
			concern, unanswered := activities.Unanswered(err)
			require.True(t, unanswered)
			require.Equal(t, ramp.ConcernReferenceUnverified, concern.Type)
			require.Empty(t, w.network.sent(onmeta.RouteLogin))
		})
	}
}

func TestRecordIsKeptOnceHoweverOftenItIsTried(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	w := newWorldWith(t, sandbox.DefaultAPIKey, activities.Options{Records: s.Store})
	for range 3 {
		_, err := run(w, w.calls.KeepRecord, activities.KeepRecordRequest{Record: endedOrder("inv-42")})
		require.NoError(t, err)
	}
	count := 0
	for _, err := range s.Between(t.Context(), "2026-01-10", "2026-01-10") {
		require.NoError(t, err)
		count++
	}
	require.Equal(t, 1, count)
}

func TestRecordThatCannotBeWrittenIsTriedAgain(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	require.NoError(t, os.RemoveAll(s.path))
	away := newWorldWith(t, sandbox.DefaultAPIKey, activities.Options{Records: s.Store})
	none := newWorld(t) // of a worker without the setting
	for _, w := range []*world{away, none} {
		_, err := run(w, w.calls.KeepRecord, activities.KeepRecordRequest{Record: endedOrder("inv-42")})
		require.ErrorContains(t, err, "RAMP_RECORDS")
		require.False(t, nonRetryable(t, err))
	}
}

func TestWorkerWithoutRecordsKeepsNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	result, err := firstLook(w, activities.Admission{Reference: "inv-42"})
	require.NoError(t, err)
	require.False(t, result.Rules.Records)
}
