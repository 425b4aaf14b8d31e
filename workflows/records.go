package workflows

import (
	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/ramp"
	"rampart/records"
)

// keepRecord writes the final state of the order to the store of records, within the closing workflow task, if the rules that the order
// began under say so. What cannot be written there is left to a child workflow that outlives the order, or else the order stays open until
// it is written. An order that Temporal had lost and that did not get the provider's order again has no record: the store keeps it as open, so
// that a person follows it.
func (o *orderRun) keepRecord(ctx workflow.Context) {
	if o.admission.rules == nil || !o.admission.rules.Records || o.resumed != nil && o.order.OrderID == "" {
		return
	}
	o.stopOpen()
	ctx = disconnected(ctx)
	request := activities.KeepRecordRequest{
		Record: records.New(o.snapshot(), o.request.email, workflow.GetInfo(ctx).WorkflowExecution.RunID),
	}
	err := activities.KeepRecordNow(ctx, request)
	if err == nil {
		return
	}
	o.log.Warn("record not kept within the workflow task", "error", err)
	if err = leave(ctx, "late-record/", "The record of ", ramp.LateRecordWorkflow, request); err == nil {
		return
	}
	o.log.Warn("record not left to a workflow", "error", err)
	if err := LateRecord(ctx, request); err != nil {
		o.log.Error("record not kept", "error", err)
	}
}

// LateRecord keeps the record of an order that has ended, until it has succeeded.
func LateRecord(ctx workflow.Context, request activities.KeepRecordRequest) error {
	return activities.KeepRecord(ctx, request)
}
