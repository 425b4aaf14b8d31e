package workflows_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"rampart/activities"
	"rampart/ramp"
	"rampart/records"
)

// books collects the records that an order keeps.
type books struct {
	*world
	mu       sync.Mutex
	kept     []records.Record
	attempts int
	// fail reports whether an attempt fails.
	fail func(attempt int) bool
}

// booksOf is an order whose worker has a store of records, or has none.
func booksOf(t *testing.T, direction ramp.Direction, rules *activities.AdmissionRules) *books {
	t.Helper()
	b := &books{world: newWorld(t, direction)}
	b.on((*activities.Calls)(nil).KeepRecord).Return(b.keep).Maybe()
	b.on((*activities.Calls)(nil).KYCStatus).Return(activities.KYCStatusResult{Verified: true, Rules: rules}, nil).Once()
	return b
}

func withRecords() *activities.AdmissionRules {
	return &activities.AdmissionRules{AllowClear: true, Records: true}
}

func (b *books) keep(_ context.Context, request activities.KeepRecordRequest) (activities.KeepRecordResult, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.attempts++
	if b.fail != nil && b.fail(b.attempts) {
		return activities.KeepRecordResult{}, errors.New("the store does not answer")
	}
	b.kept = append(b.kept, request.Record)
	return activities.KeepRecordResult{Kept: true}, nil
}

func TestOrderThatEndsKeepsItsFinalState(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]func(*books) ramp.Order{
		"completed": func(b *books) ramp.Order {
			b.happy(received, completed)
			b.signalUTR(time.Minute, utr)
			return b.buy(onrampRequest())
		},
		"cancelled": func(b *books) ramp.Order {
			b.happy()
			b.at(time.Minute, b.CancelWorkflow)
			return b.buy(onrampRequest())
		},
		"expired": func(b *books) ramp.Order {
			b.happy()
			return b.buy(onrampRequest())
		},
		"rejected": func(b *books) ramp.Order {
			b.on((*activities.Calls)(nil).QuoteBuy).Return(activities.QuoteResult{}, refusal("not in this country")).Once()
			b.happy()
			return b.buy(onrampRequest())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := booksOf(t, ramp.Onramp, withRecords())
			order := run(b)
			require.Equal(t, ramp.Status(name), order.Status)
			require.Len(t, b.kept, 1)
			kept := b.kept[0]
			require.NoError(t, kept.Validate())
			require.Equal(t, onrampRequest().Email, kept.Email)
			require.Equal(t, "default-test-run-id", kept.RunID)
			order.Instructions = nil
			require.Equal(t, order, kept.Order)
		})
	}
}

func TestOrderOfAWorkerWithoutRecordsKeepsNone(t *testing.T) {
	t.Parallel()
	for name, rules := range map[string]*activities.AdmissionRules{"off": {AllowClear: true}, "an order of an earlier version": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := booksOf(t, ramp.Onramp, rules)
			b.happy(received, completed)
			b.signalUTR(time.Minute, utr)
			b.buy(onrampRequest())
			require.Zero(t, b.attempts)
		})
	}
}

func TestOrderThatIsNotAdmittedKeepsNoRecord(t *testing.T) {
	t.Parallel()
	b := &books{world: newWorld(t, ramp.Onramp)}
	b.on((*activities.Calls)(nil).KeepRecord).Return(b.keep).Maybe()
	b.on((*activities.Calls)(nil).KYCStatus).Return(activities.KYCStatusResult{}, (&ramp.Error{
		Type: ramp.ReferenceTaken, Reference: reference, Message: "this reference belongs to an earlier order",
	}).ApplicationError()).Once()
	b.happy()
	b.ExecuteWorkflow(ramp.OnrampWorkflow, onrampRequest())
	requireType(t, b.GetWorkflowError(), ramp.ReferenceTaken)
	require.Zero(t, b.attempts)
}

// TestStoreThatIsAwayDelaysNoOrderAndLosesNoRecord: what is not written at once is left to a workflow of its own.
func TestStoreThatIsAwayDelaysNoOrderAndLosesNoRecord(t *testing.T) {
	t.Parallel()
	for name, outage := range map[string]int{"for a moment": 1, "for days": 500} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := booksOf(t, ramp.Onramp, withRecords())
			b.fail = func(attempt int) bool { return attempt <= outage }
			b.happy()
			b.at(time.Minute, b.CancelWorkflow)
			order := b.buy(onrampRequest())
			require.Equal(t, ramp.Cancelled, order.Status)
			require.Equal(t, start.Add(time.Minute), order.UpdatedAt)
			require.Len(t, b.kept, 1)
			require.Equal(t, outage+1, b.attempts)
		})
	}
}

// TestRecordIsKeptByTheOrderIfNoWorkflowTakesIt has the workflow for the record not start, as while that of the run before a reset is open.
func TestRecordIsKeptByTheOrderIfNoWorkflowTakesIt(t *testing.T) {
	t.Parallel()
	b := booksOf(t, ramp.Onramp, withRecords())
	b.fail = func(attempt int) bool { return attempt <= 3 }
	b.happy()
	b.OnWorkflow(ramp.LateRecordWorkflow, mock.Anything, mock.Anything).Return(testsuite.ErrMockStartChildWorkflowFailed)
	b.at(time.Minute, b.CancelWorkflow)
	require.Equal(t, ramp.Cancelled, b.buy(onrampRequest()).Status)
	require.Len(t, b.kept, 1)
	require.Equal(t, 4, b.attempts)
}
