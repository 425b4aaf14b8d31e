package explain

import (
	"cmp"
	"errors"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"

	"rampart/internal/redact"
	"rampart/ramp"
	"rampart/ramp/situation"
)

// report builds an Explanation.
type report struct {
	*Snapshot
	reader  Reader
	history *eventLog
	// order is the state or the result of the order. If it is nil, only status is known.
	order     *ramp.Order
	status    ramp.Status
	situation situation.Situation
}

// Explain returns the explanation of the order in the snapshot. The reader decrypts payloads.
func (e *Snapshot) Explain(reader Reader) *Explanation {
	r := &report{Snapshot: e, reader: reader, history: readHistory(reader, e.History)}
	r.order = cmp.Or(r.history.order, e.Order)
	r.status = cmp.Or(r.history.status, ramp.VerifyingKYC)
	if r.order != nil {
		r.status = r.order.Status
	}
	r.applyQueryError()
	r.situation = situation.Of(r.known())
	info := e.Execution.GetWorkflowExecutionInfo()
	explanation := &Explanation{
		Reference: e.ID.Reference, Direction: e.ID.Direction,
		WorkflowID: e.workflowID(), RunID: e.runID(), Workflow: e.state(),
		Ended: r.history.refused(), Status: r.status, OrderID: r.orderID(), Standing: r.standing(),
		StartedAt: timeOf(info.GetStartTime()), ClosedAt: timeOf(info.GetCloseTime()),
		Happened: r.history.with(r.order),
		Awaits:   []Awaited{}, Problems: r.problems(),
	}
	explanation.Advice = r.advice(len(explanation.Problems) > 0)
	if r.order != nil {
		explanation.ProviderStatus = redact.Text(r.order.ProviderStatus)
	}
	explanation.NotAnOrder = e.running() && e.notAnOrder() != ""
	if len(e.Runs) > 1 {
		explanation.Runs = e.Runs
	}
	if e.running() && !explanation.NotAnOrder {
		explanation.Awaits = r.awaits()
	}
	return explanation
}

// applyQueryError treats a worker that fails to answer the query as one that fails to continue the order.
func (r *report) applyQueryError() {
	var failed *serviceerror.QueryFailed
	if r.history.failure == nil && errors.As(r.QueryError, &failed) {
		r.history.failure = &taskFailure{reason: redact.Text(failed.Message)}
	}
}

// state returns Temporal's name of the workflow's state, in lower case.
func (e *Snapshot) state() string {
	switch status := e.Execution.GetWorkflowExecutionInfo().GetStatus(); status {
	case enumspb.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:
		return "timed_out"
	case enumspb.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW:
		return "continued_as_new"
	default:
		return strings.ToLower(status.String())
	}
}

func (e *Snapshot) paused() bool {
	return e.Execution.GetWorkflowExecutionInfo().GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_PAUSED
}

// orderID returns the provider's id of the order; empty if it is not known.
func (r *report) orderID() string {
	if r.order != nil {
		return r.order.OrderID
	}
	return r.history.orderID
}

// known returns the order's state or result. Without either, it returns what search attributes and history contain.
func (r *report) known() *ramp.Order {
	if r.order != nil {
		return r.order
	}
	order := &ramp.Order{Reference: r.ID.Reference, Direction: r.ID.Direction, Status: r.status, OrderID: r.history.orderID}
	for _, entry := range r.history.entries {
		if entry.Status != "" {
			order.Timeline = append(order.Timeline, ramp.TimelineEntry{Status: entry.Status, At: entry.At})
		}
	}
	switch {
	case r.status == ramp.AwaitingPayment && len(r.Execution.GetPendingActivities()) > 0 && r.history.deadline().IsZero():
		order.Wait = &ramp.Wait{For: ramp.WaitPaymentStatus, From: ramp.Provider} // the deadline has passed
	case r.status == ramp.AwaitingPayment:
		order.ExpiresAt = r.history.deadline()
	}
	return order
}

// standing returns the order's situation in a sentence or two.
func (r *report) standing() string {
	switch {
	case !r.running() && r.history.ending != "":
		return strings.TrimSuffix(r.history.ending, ".") + "."
	case r.running() && r.notAnOrder() != "":
		return "This workflow is not an order and does not continue."
	case !r.running() && r.order == nil:
		return "The order has ended, and its result cannot be decrypted here."
	default:
		return r.situation.Line()
	}
}
