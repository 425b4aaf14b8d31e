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
	result, err := c.keep(ctx, req.Record.Validate(), func() error { return c.records.Keep(ctx, req.Record) })
	if err == nil {
		countKept(activity.GetMetricsHandler(ctx), recordWritten)
	}
	return result, err
}

// keep writes to the store of records, unless what is to be written is invalid.
func (c *Calls) keep(ctx context.Context, invalid error, write func() error) (KeepRecordResult, error) {
	switch {
	case c.records == nil:
		return KeepRecordResult{}, retryable(ctx, ErrRecords, errNoRecords, 0)
	case invalid != nil:
		return KeepRecordResult{}, invalidRequest(invalid)
	}
	err := write()
	switch {
	case err == nil:
		return KeepRecordResult{Kept: true}, nil
	case ctx.Err() != nil:
		return KeepRecordResult{}, interrupted(ctx)
	default:
		countKept(activity.GetMetricsHandler(ctx), recordFailed)
		return KeepRecordResult{}, retryable(ctx, ErrRecords, err, 0)
	}
}

// KeepOpenRequest is an order that has not ended.
type KeepOpenRequest struct {
	Open records.OpenOrder `json:"open"`
}

// KeepOpen writes an order that has not ended to the store of records, durably. It may be repeated.
func (c *Calls) KeepOpen(ctx context.Context, req KeepOpenRequest) (KeepRecordResult, error) {
	return c.keep(ctx, req.Open.Validate(), func() error { return c.records.KeepOpen(ctx, req.Open) })
}

// recordTimeout is how long a workflow task waits for its order to be written to the store.
const recordTimeout = 3 * time.Second

// KeepRecordNow runs the activity within the workflow task, once and for three seconds at most. It adds one event to the history. After an
// error the record may have been written or not; KeepRecord may write it again.
func KeepRecordNow(ctx workflow.Context, req KeepRecordRequest) error {
	return writeNow(ctx, "Keep the order's record", (*Calls)(nil).KeepRecord, req)
}

// KeepOpenNow runs the activity as KeepRecordNow does.
func KeepOpenNow(ctx workflow.Context, req KeepOpenRequest) error {
	return writeNow(ctx, "Keep the open order", (*Calls)(nil).KeepOpen, req)
}

func writeNow(ctx workflow.Context, summary string, write, req any) error {
	var result KeepRecordResult
	return workflow.ExecuteLocalActivity(workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		ScheduleToCloseTimeout: recordTimeout,
		RetryPolicy:            &temporal.RetryPolicy{MaximumAttempts: 1},
		Summary:                summary,
	}), write, req).Get(ctx, &result)
}

// KeepOpen runs the activity until it has succeeded.
func KeepOpen(ctx workflow.Context, req KeepOpenRequest) error {
	_, err := call[KeepRecordResult](WithUnlimitedRetries(ctx), recordPolicy, "Keep the open order", (*Calls)(nil).KeepOpen, req)
	return err
}

// KeepRecord runs the activity until it has succeeded.
func KeepRecord(ctx workflow.Context, req KeepRecordRequest) error {
	_, err := call[KeepRecordResult](WithUnlimitedRetries(ctx), recordPolicy, "Keep the order's record", (*Calls)(nil).KeepRecord, req)
	return err
}

// checkRecords refuses a reference that the store of records has: its order ended, and Temporal may have forgotten it. A run after a reset
// continues that order, which Temporal still has. If the store has the order as one that has not ended, it returns it, and this run
// follows it: Temporal has lost it, or a reset has taken it back to before its creation.
func (c *Calls) checkRecords(ctx context.Context, admission Admission) (*records.OpenOrder, error) {
	if c.records == nil {
		return nil, nil
	}
	reference := admission.Reference
	direction, named, err := ramp.ParseWorkflowID(activity.GetInfo(ctx).WorkflowExecution.ID)
	if err != nil || named != reference {
		return nil, invalidRequest(errors.New("the workflow id is not that of the order"))
	}
	id := ramp.ID{Direction: direction, Reference: reference}
	record, used, err := c.records.Find(ctx, id)
	if err == nil && used && !admission.Reset {
		return nil, earlierInRecords(record).referenceTaken(reference)
	}
	var open *records.OpenOrder
	if err == nil && admission.Identity != "" {
		open, err = c.records.FindOpen(ctx, id)
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, interrupted(ctx)
	case err != nil:
		return nil, retryable(ctx, ErrRecords, err, 0)
	case open == nil:
		return nil, nil
	}
	return toResume(open, admission)
}

// toResume returns what a run needs that follows an open order, or refuses a run that is for something else.
func toResume(open *records.OpenOrder, admission Admission) (*records.OpenOrder, error) {
	identity, err := open.Identity()
	if err != nil || identity != admission.Identity || admission.Adopts != "" && admission.Adopts != open.Order.OrderID {
		return nil, (&EarlierRun{RunID: open.RunID, Ending: "has not ended, and is for something else", Order: &open.Order}).referenceTaken(admission.Reference)
	}
	resumed := *open
	resumed.Onramp, resumed.Offramp = nil, nil // the run has its request
	return &resumed, nil
}

// earlierInRecords is the earlier run of an order that the store of records has. record is nil if only its reference is known.
func earlierInRecords(record *records.Record) *EarlierRun {
	if record == nil {
		return &EarlierRun{Ending: "ended, and whose record is gone or cannot be read"}
	}
	return &EarlierRun{RunID: record.RunID, Ending: "is " + string(record.Order.Status), Order: &record.Order}
}
