package main

import (
	"context"
	"errors"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
	"rampart/reconcile"
	"rampart/records"
)

// kept yields records, and errors in place of some.
func kept(t *testing.T, errs ...error) books {
	t.Helper()
	return func(_ context.Context, from, to records.Day) iter.Seq2[*records.Record, error] {
		require.Equal(t, records.Day("2026-11-26"), from)
		require.Equal(t, from, to)
		return func(yield func(*records.Record, error) bool) {
			for _, err := range errs {
				record := records.New(ramp.Order{Reference: "inv-42", Direction: ramp.Onramp, Status: ramp.Completed}, "asha@example.test", "run")
				if err != nil && !yield(nil, err) || err == nil && !yield(&record, nil) {
					return
				}
			}
		}
	}
}

func TestRecordsAreTheBooksOfAReconciliation(t *testing.T) {
	t.Parallel()
	var found []reconcile.Entry
	for entry, err := range kept(t, nil, &records.BadError{Name: "day=2026-11-26/x", Problem: "was cut off"}, nil).Ended(t.Context(), "2026-11-26") {
		require.NoError(t, err)
		found = append(found, entry)
	}
	require.Len(t, found, 2)
	require.Equal(t, "inv-42", found[0].Order.Reference)
	require.Equal(t, ramp.Email("asha@example.test"), found[0].Email)
	require.Equal(t, "run", found[0].RunID)
}

func TestStoreOfRecordsThatFailsEndsTheBooks(t *testing.T) {
	t.Parallel()
	failure := errors.New("does not answer")
	var errs []error
	for _, err := range kept(t, failure, nil).Ended(t.Context(), "2026-11-26") {
		errs = append(errs, err)
	}
	require.Equal(t, []error{failure}, errs)
}
