package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"rampart/ramp"
)

// Client starts and schedules reconciliations.
type Client struct{ temporal client.Client }

// NewClient returns a client that uses a connection to Temporal.
func NewClient(temporal client.Client) *Client { return &Client{temporal} }

// Title is the summary of the reconciliation of a day, in lists of workflows.
func Title(day Day) string { return "Reconcile " + string(day) }

// RunningError says that a reconciliation of a day runs, which may not have read what was put into the store since it began.
type RunningError struct{ Day Day }

// Error implements error, and says what to do.
func (e *RunningError) Error() string {
	return fmt.Sprintf("a reconciliation of %s is running; run this again once it has ended", e.Day)
}

// Run reconciles a day, or attaches to the reconciliation of that day that runs, and blocks until it has ended.
func (c *Client) Run(ctx context.Context, day Day) (*Report, error) {
	return c.run(ctx, day, enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING)
}

// RunAnew reconciles a day as Run does, but attaches to none: the error is *RunningError if a reconciliation of that day runs.
func (c *Client) RunAnew(ctx context.Context, day Day) (*Report, error) {
	return c.run(ctx, day, enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL)
}

// Idle returns a *RunningError if a reconciliation of a day runs.
func (c *Client) Idle(ctx context.Context, day Day) error {
	described, err := c.temporal.DescribeWorkflowExecution(ctx, WorkflowID(day), "")
	var absent *serviceerror.NotFound
	switch {
	case errors.As(err, &absent):
		return nil
	case err != nil:
		return err
	case described.GetWorkflowExecutionInfo().GetCloseTime() == nil:
		return &RunningError{day}
	default:
		return nil
	}
}

func (c *Client) run(ctx context.Context, day Day, conflict enumspb.WorkflowIdConflictPolicy) (*Report, error) {
	run, err := c.temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                       WorkflowID(day),
		TaskQueue:                ramp.TaskQueue,
		WorkflowIDConflictPolicy: conflict,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:            Title(day),

		WorkflowExecutionErrorWhenAlreadyStarted: conflict == enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
	}, Workflow, Request{Day: day})
	if temporal.IsWorkflowExecutionAlreadyStartedError(err) {
		return nil, &RunningError{day}
	}
	if err != nil {
		return nil, err
	}
	report := new(Report)
	if err := run.Get(ctx, report); err != nil {
		var why *temporal.ApplicationError
		if errors.As(err, &why) {
			return nil, errors.New("the reconciliation failed: " + why.Message())
		}
		return nil, err
	}
	return report, nil
}

// catchUp is how late a planned reconciliation may still start, such as after an outage of Temporal.
const catchUp = 7 * 24 * time.Hour

// Schedule reconciles every day the day before, at a time in India. It changes the schedule if there is one.
func (c *Client) Schedule(ctx context.Context, hour, minute int) error {
	spec := client.ScheduleSpec{
		Calendars: []client.ScheduleCalendarSpec{{
			Hour: []client.ScheduleRange{{Start: hour}}, Minute: []client.ScheduleRange{{Start: minute}}, Comment: "daily",
		}},
		TimeZoneName: "Asia/Kolkata",
	}
	action := &client.ScheduleWorkflowAction{
		ID: dailyID, Workflow: DailyWorkflow, TaskQueue: ramp.TaskQueue,
	}
	_, err := c.temporal.ScheduleClient().Create(ctx, client.ScheduleOptions{
		ID: ScheduleID, Spec: spec, Action: action, CatchupWindow: catchUp, Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL,
	})
	if !errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return err
	}
	return c.temporal.ScheduleClient().GetHandle(ctx, ScheduleID).Update(ctx, client.ScheduleUpdateOptions{
		DoUpdate: func(input client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			changed := input.Description.Schedule
			changed.Spec, changed.Action = &spec, action
			return &client.ScheduleUpdate{Schedule: &changed}, nil
		},
	})
}

// Unschedule deletes the schedule, and reports whether there was one.
func (c *Client) Unschedule(ctx context.Context) (bool, error) {
	err := c.temporal.ScheduleClient().GetHandle(ctx, ScheduleID).Delete(ctx)
	var absent *serviceerror.NotFound
	if errors.As(err, &absent) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("delete the schedule: %w", err)
	}
	return true, nil
}
