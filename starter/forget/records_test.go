package forget_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
	"rampart/records"
	"rampart/starter/forget"
)

// records returns a store with records of on-ramp orders, by their references.
func (w *world) records(t *testing.T, users map[string]ramp.Email) *records.Store {
	t.Helper()
	w.shelf = t.TempDir()
	return w.recordsIn(t, w.shelf, users)
}

func (w *world) recordsIn(t *testing.T, directory string, users map[string]ramp.Email) *records.Store {
	t.Helper()
	shelf, err := records.Open("file://"+directory, w.keyring)
	require.NoError(t, err)
	for reference, email := range users {
		ended := ramp.Order{Reference: reference, Direction: ramp.Onramp, Status: ramp.Completed, UpdatedAt: w.now.Add(-time.Hour)}
		require.NoError(t, shelf.Keep(t.Context(), records.New(ended, email, "run-1")))
	}
	return shelf
}

// references are those of every record.
func references(t *testing.T, shelf *records.Store) []string {
	t.Helper()
	var all []string
	for record, err := range shelf.All(t.Context()) {
		require.NoError(t, err)
		all = append(all, record.Order.Reference)
	}
	return all
}

// TestRecordsOfTheUserAreForgottenAndNoOther has records of orders that Temporal has deleted.
func TestRecordsOfTheUserAreForgottenAndNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	shelf := w.records(t, map[string]ramp.Email{
		"inv-1": email, "purged": "Zelda.Quorn@example.test", "other": "other@example.test", "near": "zelda.quorn@example.test.example.test",
	})
	w.forgetter.Stores = []forget.Store{&forget.Records{Store: shelf}}
	w.has("onramp/inv-1", email)

	report, _, err := w.forgetter.Preview(t.Context(), email)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"records": 2}, report.Stores)
	require.Len(t, references(t, shelf), 4)

	report, err = w.forgetter.Forget(t.Context(), email)
	require.NoError(t, err)
	require.True(t, report.Complete)
	require.Equal(t, map[string]int{"records": 2}, report.Stores)
	require.ElementsMatch(t, []string{"other", "near"}, references(t, shelf))
	_, used, err := shelf.Find(t.Context(), ramp.ID{Direction: ramp.Onramp, Reference: "purged"})
	require.NoError(t, err)
	require.True(t, used, "no other order may take the reference")
}

// TestRecordOfAnOrderThatIsListedLateIsForgotten has an order that the visibility store shows after the first search of the records.
func TestRecordOfAnOrderThatIsListedLateIsForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	directory := t.TempDir()
	shelf := w.recordsIn(t, directory, nil)
	w.forgetter.Stores = []forget.Store{&forget.Records{Store: shelf}}
	lists := 0
	w.beforeList = func() {
		switch lists++; lists {
		case 1: // what this list has is decided
			w.has("onramp/late", email)
		case 2: // after the records were searched
			w.recordsIn(t, directory, map[string]ramp.Email{"late": email})
		}
	}
	report, err := w.forgetter.Forget(t.Context(), email)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"records": 1}, report.Stores)
	require.Empty(t, references(t, shelf))
}

func TestRecordsThatNobodyCanReadAreCountedAndKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	directory := t.TempDir()
	shelf := w.recordsIn(t, directory, map[string]ramp.Email{"inv-1": email})
	cut, err := filepath.Glob(directory + "/day=*/*")
	require.NoError(t, err)
	require.NoError(t, os.Truncate(cut[0], 9))
	w.recordsIn(t, directory, map[string]ramp.Email{"inv-2": email})
	w.forgetter.Stores = []forget.Store{&forget.Records{Store: shelf}}
	report, err := w.forgetter.Forget(t.Context(), email)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"records": 1}, report.Stores)
	require.Equal(t, 1, report.UnreadableInStores)
	require.False(t, report.Complete, "it may be the user's")
	require.FileExists(t, cut[0])
}

// TestNothingIsDeletedWhileTheStoreOfRecordsIsAway fails if orders could go before what a store has of them.
func TestNothingIsDeletedWhileTheStoreOfRecordsIsAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	shelf, err := records.Open("file://"+filepath.Join(t.TempDir(), "not-mounted"), w.keyring)
	require.NoError(t, err)
	w.forgetter.Stores = []forget.Store{&forget.Records{Store: shelf}}
	w.has("onramp/inv-1", email)
	_, err = w.forgetter.Forget(t.Context(), email)
	require.ErrorContains(t, err, "is not a directory")
	require.Zero(t, w.deletes)
}

// opened keeps an on-ramp order as open.
func opened(t *testing.T, shelf *records.Store, reference, runID string, of ramp.Email) {
	t.Helper()
	require.NoError(t, shelf.KeepOpen(t.Context(), records.OpenOrder{
		RunID: runID, Onramp: &ramp.OnrampRequest{Reference: reference, Email: of},
		Order: ramp.Order{Reference: reference, Direction: ramp.Onramp, OrderID: "650000000000000000000001", Status: ramp.Settling},
	}))
}

// openOf returns the references of the open orders.
func openOf(t *testing.T, shelf *records.Store) (all []string) {
	t.Helper()
	for left, err := range shelf.AllOpen(t.Context()) {
		require.NoError(t, err)
		all = append(all, left.Order.Reference)
	}
	return all
}

// TestOpenOrdersThatWereTerminatedAreForgotten: they have no record. One has just ended.
func TestOpenOrdersThatWereTerminatedAreForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	shelf := w.records(t, nil)
	w.forgetter.Stores = []forget.Store{&forget.Records{Store: shelf}}
	for _, run := range []*stored{
		w.has("onramp/inv-1", email), w.has("onramp/inv-2", email, func(run *stored) { run.closedAt = w.now }), w.has("onramp/other", "other@example.test"),
	} {
		opened(t, shelf, run.workflowID[len("onramp/"):], run.runID, run.email)
	}
	w.beforeList = func() { w.now = w.now.Add(forget.Settle / 2) }

	report, _, err := w.forgetter.Preview(t.Context(), email)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"records": 2}, report.Stores)
	require.Len(t, openOf(t, shelf), 3)

	report, err = w.forgetter.Forget(t.Context(), email)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"records": 2}, report.Stores)
	require.Equal(t, []string{"other"}, openOf(t, shelf))
}

// TestUserIsNotForgottenWhileTemporalHasLostAnOrder: its money is under way. The run that Temporal has under the reference was refused.
func TestUserIsNotForgottenWhileTemporalHasLostAnOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	shelf := w.records(t, map[string]ramp.Email{"inv-1": email})
	opened(t, shelf, "inv-lost", "run-lost", email)
	w.has("onramp/inv-lost", email, unhashed)
	w.forgetter.Stores = []forget.Store{&forget.Records{Store: shelf}}
	_, _, err := w.forgetter.Preview(t.Context(), email)
	var lost *forget.OpenError
	require.ErrorAs(t, err, &lost)
	_, err = w.forgetter.Forget(t.Context(), email)
	require.ErrorAs(t, err, &lost)
	require.Equal(t, []ramp.ID{{Direction: ramp.Onramp, Reference: "inv-lost"}}, lost.Lost)
	require.ErrorContains(t, err, "starter rebuild")
	require.Zero(t, w.deletes)
	require.Equal(t, []string{"inv-lost"}, openOf(t, shelf))
	require.Equal(t, []string{"inv-1"}, references(t, shelf))
}

// TestOpenOrderThatHasARecordIsForgotten: the worker was killed after it had written the record, and Temporal has deleted the order since.
func TestOpenOrderThatHasARecordIsForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	shelf := w.records(t, nil)
	opened(t, shelf, "inv-1", "run-1", email)
	left, err := filepath.Glob(w.shelf + "/open/*")
	require.NoError(t, err)
	content, err := os.ReadFile(left[0])
	require.NoError(t, err)
	w.recordsIn(t, w.shelf, map[string]ramp.Email{"inv-1": email})
	require.NoError(t, os.WriteFile(left[0], content, 0o600))
	w.forgetter.Stores = []forget.Store{&forget.Records{Store: shelf}}
	report, err := w.forgetter.Forget(t.Context(), email)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"records": 2}, report.Stores)
	require.Empty(t, openOf(t, shelf))
	require.Empty(t, references(t, shelf))
}
