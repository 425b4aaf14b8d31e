package reconcile

import "rampart/ramp"

// Names in Temporal.
const (
	// Workflow is the type of the workflow that reconciles a day. Its argument is a Request and its result a Report.
	Workflow = ramp.ReconciliationWorkflow
	// DailyWorkflow is the type of the workflow that a schedule starts, without an argument: the server gives it an id of its own, which an
	// encrypted argument would not be bound to.
	DailyWorkflow = ramp.DailyReconciliationWorkflow
	// ScheduleID is the id of the Temporal Schedule that reconciles every day.
	ScheduleID = "reconcile-daily"
	// dailyID begins the ids of the workflows that the schedule starts, each of which runs the reconciliation of a day.
	dailyID = "reconcile-daily"
)

// WorkflowID returns the id of the workflow that reconciles a day. A day is reconciled by one workflow at a time.
func WorkflowID(day Day) string { return ramp.ReconciliationPrefix + string(day) }

// Request is what a reconciliation is asked.
type Request struct {
	// Day is the day to reconcile.
	Day Day `json:"day"`
}
