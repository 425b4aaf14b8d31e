package activities

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"rampart/ramp"
	"rampart/records"
)

// KeepRecordRequest is what an order leaves when it ends.
type KeepRecordRequest struct {
	Record records.Record `json:"record"`
}

// KeepRecordResult says that the record is kept.
type KeepRecordResult struct {
	Kept bool `json:"kept"`
}

// errNoRecords is retried: another worker may have the store.
var errNoRecords = errors.New("this worker has no store of records (RAMP_RECORDS), and the order began with one")

// KeepRecord writes the final state of an order to the store of records, durably. It may be repeated.
func (c *Calls) KeepRecord(ctx context.Context, req KeepRecordRequest) (KeepRecordResult, error) {
	if c.records == nil {
		return KeepRecordResult{}, retryable(ctx, ErrRecords, errNoRecords, 0)
	}
	if err := req.Record.Validate(); err != nil {
		return KeepRecordResult{}, invalidRequest(err)
	}
	err := c.records.Keep(ctx, req.Record)
	switch {
	case err == nil:
		countKept(activity.GetMetricsHandler(ctx), recordWritten)
		return KeepRecordResult{Kept: true}, nil
	case ctx.Err() != nil:
		return KeepRecordResult{}, interrupted(ctx)
	default:
		countKept(activity.GetMetricsHandler(ctx), recordFailed)
		return KeepRecordResult{}, retryable(ctx, ErrRecords, err, 0)
	}
}

// recordTimeout is how long an order's last workflow task waits for its record to be written.
const recordTimeout = 3 * time.Second

// KeepRecordNow runs the activity within the workflow task, once and for three seconds at most. It adds one event to the history. After an
// error the record may have been written or not; KeepRecord may write it again.
func KeepRecordNow(ctx workflow.Context, req KeepRecordRequest) error {
	var result KeepRecordResult
	return workflow.ExecuteLocalActivity(workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		ScheduleToCloseTimeout: recordTimeout,
		RetryPolicy:            &temporal.RetryPolicy{MaximumAttempts: 1},
		Summary:                "Keep the order's record",
	}), (*Calls)(nil).KeepRecord, req).Get(ctx, &result)
}

// KeepRecord runs the activity until it has succeeded.
func KeepRecord(ctx workflow.Context, req KeepRecordRequest) error {
	_, err := call[KeepRecordResult](WithUnlimitedRetries(ctx), recordPolicy, "Keep the order's record", (*Calls)(nil).KeepRecord, req)
	return err
}

// checkRecords refuses a reference that the store of records has: its order ended, and Temporal may have forgotten it. A run after a reset
// continues that order, which Temporal still has.
func (c *Calls) checkRecords(ctx context.Context, admission Admission) error {
	if c.records == nil || admission.Reset {
		return nil
	}
	reference := admission.Reference
	direction, named, err := ramp.ParseWorkflowID(activity.GetInfo(ctx).WorkflowExecution.ID)
	if err != nil || named != reference {
		return invalidRequest(errors.New("the workflow id is not that of the order"))
	}
	record, used, err := c.records.Find(ctx, ramp.ID{Direction: direction, Reference: reference})
	switch {
	case err != nil && ctx.Err() != nil:
		return interrupted(ctx)
	case err != nil:
		return retryable(ctx, ErrRecords, err, 0)
	case !used:
		return nil
	}
	return earlierInRecords(record).referenceTaken(reference)
}

// earlierInRecords is the earlier run of an order that the store of records has. record is nil if only its reference is known.
func earlierInRecords(record *records.Record) *EarlierRun {
	if record == nil {
		return &EarlierRun{Ending: "ended, and whose record is gone or cannot be read"}
	}
	return &EarlierRun{RunID: record.RunID, Ending: "is " + string(record.Order.Status), Order: &record.Order}
}
