package workflows

import (
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/ramp"
)

// outbox collects the changes of an order that a backend can see, and hands them over to be delivered while the order rests. Nothing in
// it delays or ends the order.
type outbox struct {
	state outboxState
	// seen is the order as the last event shows it.
	seen visible
	// pending are the events that are not handed over yet, handing those that are being handed over.
	pending, handing []ramp.Event
	// previous is the last batch that was handed over: see ramp.EventBatch.
	previous string
	// local is set while events are handed over within the workflow task.
	local bool
}

type outboxState int

// States of an outbox.
const (
	// The first state: the order is not admitted yet, and what happens is collected.
	_ outboxState = iota
	// outboxOff: the order has no endpoint, or is of a version that had no events.
	outboxOff
	// outboxOn: events are handed over whenever the order rests.
	outboxOn
	// outboxClosing: the order ends, and hands over what is left.
	outboxClosing
)

// visible is what events report of an order.
type visible struct {
	status       ramp.Status
	attention    string
	instructions *ramp.Instructions
	replaced     int
}

func visibleOf(order *ramp.Order) visible {
	v := visible{status: order.Status, attention: order.Attention, instructions: order.Instructions}
	if order.Proof != nil {
		v.replaced = len(order.Proof.Replaced)
	}
	return v
}

// changedFrom lists what has changed, in a fixed order.
func (v visible) changedFrom(before visible) []ramp.EventType {
	var changes []ramp.EventType
	if v.status != before.status {
		changes = append(changes, ramp.StatusChanged)
	}
	if v.attention != before.attention {
		changes = append(changes, ramp.AttentionChanged)
	}
	if v.instructions != before.instructions {
		changes = append(changes, ramp.InstructionsChanged)
	}
	if v.replaced > before.replaced {
		changes = append(changes, ramp.ProofReplaced)
	}
	return changes
}

// collect adds an event for each change of the order since the last. The order's version has grown since.
func (b *outbox) collect(order *ramp.Order) {
	if b.state == outboxOff {
		return
	}
	next := visibleOf(order)
	for _, change := range next.changedFrom(b.seen) {
		b.pending = append(b.pending, ramp.Event{
			Type: change, Reference: order.Reference, Direction: order.Direction, Status: order.Status,
			Attention: order.Attention != "", Version: order.Version, At: order.UpdatedAt,
		})
	}
	b.seen = next
}

// beginEvents hands over the order's events from now on, in a coroutine of its own, if the rules that the order begins under name an
// endpoint.
func (o *orderRun) beginEvents(ctx workflow.Context) {
	rules := o.admission.rules
	if rules == nil || len(rules.Events) == 0 && rules.OwnEvents == "" {
		o.outbox = outbox{state: outboxOff}
		return
	}
	o.outbox.state = outboxOn
	workflow.GoNamed(disconnected(ctx), "events", o.handOverEvents)
}

// handOverEvents hands over what is pending whenever the order rests. Statuses that the order usually leaves at once wait for the next.
func (o *orderRun) handOverEvents(ctx workflow.Context) {
	for {
		err := workflow.Await(ctx, func() bool { return o.outbox.state == outboxClosing || len(o.outbox.pending) > 0 && !o.isPassing() })
		if err != nil || o.outbox.state == outboxClosing {
			return
		}
		o.outbox.handing, o.outbox.pending = o.outbox.pending, nil
		request := o.eventsRequest(ctx, o.outbox.handing)
		o.outbox.local = true
		result, err := activities.PublishEventsNow(ctx, request)
		o.outbox.local = false
		if err != nil {
			o.log.Warn("events not handed over within the workflow task", "error", err)
			result, err = activities.PublishEvents(ctx, request)
		}
		if err != nil {
			return // what is being handed over goes out when the order ends
		}
		o.outbox.handing, o.outbox.previous = nil, result.Batch
	}
}

// eventsRequest is the request that hands over a batch of events.
func (o *orderRun) eventsRequest(ctx workflow.Context, batch []ramp.Event) activities.PublishEventsRequest {
	run := workflow.GetInfo(ctx).WorkflowExecution
	return activities.PublishEventsRequest{
		WorkflowID: run.ID,
		RunID:      run.RunID,
		Endpoints:  o.admission.rules.Events,
		Own:        o.admission.rules.OwnEvents,
		Target:     o.request.eventURL,
		Previous:   o.outbox.previous,
		Reset:      wasReset(ctx),
		Events:     batch,
	}
}

// handOverLastEvents hands over what is left when the order ends, within the closing workflow task. What cannot be handed over there
// is left to a child workflow that outlives the order.
func (o *orderRun) handOverLastEvents(ctx workflow.Context) {
	if o.outbox.state != outboxOn {
		return
	}
	o.outbox.state = outboxClosing
	ctx = disconnected(ctx)
	_ = workflow.Await(ctx, func() bool { return !o.outbox.local }) // never fails: the context cannot be cancelled
	var late []activities.PublishEventsRequest
	for _, batch := range [][]ramp.Event{o.outbox.handing, o.outbox.pending} {
		if len(batch) == 0 {
			continue
		}
		request := o.eventsRequest(ctx, batch)
		if len(late) > 0 || !o.handOverNow(ctx, request) {
			late = append(late, request)
		}
		o.outbox.previous = ramp.EventBatch(request.RunID, batch[0].Version)
	}
	if len(late) > 0 {
		o.leaveEvents(ctx, late)
	}
}

// handOverNow reports whether a batch was handed over within the workflow task.
func (o *orderRun) handOverNow(ctx workflow.Context, request activities.PublishEventsRequest) bool {
	_, err := activities.PublishEventsNow(ctx, request)
	if err != nil {
		o.log.Warn("last events not handed over within the workflow task", "error", err)
	}
	return err == nil
}

// leaveEvents leaves events to a child workflow. If a run that continues this one after a reset leaves events too, while the child of the run
// before it is open, it hands them over itself.
func (o *orderRun) leaveEvents(ctx workflow.Context, late []activities.PublishEventsRequest) {
	if err := leave(ctx, ramp.LateEventsPrefix, "The last events of ", ramp.LateEventsWorkflow, late); err != nil {
		o.log.Warn("last events not left to a workflow", "error", err)
		if err := LateEvents(ctx, late); err != nil {
			o.log.Error("last events not handed over", "error", err)
		}
	}
}

// leave leaves work to a child workflow that outlives the order, and returns once that has started, which the server does by itself. The
// child's id is the same in a run that continues this one after a reset, which replays its start.
func leave(ctx workflow.Context, idPrefix, summary, workflowType string, work any) error {
	info := workflow.GetInfo(ctx)
	runID := info.WorkflowExecution.RunID
	if wasReset(ctx) {
		runID = info.OriginalRunID
	}
	child := workflow.ExecuteChildWorkflow(workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:        idPrefix + info.WorkflowExecution.ID + "/" + runID,
		ParentClosePolicy: enumspb.PARENT_CLOSE_POLICY_ABANDON,
		StaticSummary:     summary + info.WorkflowExecution.ID,
	}), workflowType, work)
	return child.GetChildWorkflowExecution().Get(ctx, nil)
}

// LateEvents hands over the last events of an order that has ended, until it has succeeded.
func LateEvents(ctx workflow.Context, late []activities.PublishEventsRequest) error {
	for _, request := range late {
		if _, err := activities.PublishEvents(ctx, request); err != nil {
			return err
		}
	}
	return nil
}

// DisabledEndpoint is open while an endpoint gets no events. It ends when somebody enables the endpoint.
func DisabledEndpoint(ctx workflow.Context) error {
	workflow.GetSignalChannel(ctx, ramp.EnableEndpoint).Receive(ctx, nil)
	return ctx.Err()
}
