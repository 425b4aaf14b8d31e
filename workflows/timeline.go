package workflows

import (
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"rampart/ramp"
	"rampart/ramp/situation"
)

// timelineNotes bounds the notes in the timeline of an order, because messages and statuses of the provider can cause any number of them.
// Changes of the order's own status are always kept: there are few.
const timelineNotes = 200

// enter moves the order to a status, and records that in the timeline, the metrics, the search attributes and the Web UI.
func (o *orderRun) enter(ctx workflow.Context, status ramp.Status, note string) {
	o.measureEntry(ctx, status)
	o.order.Status = status
	if status.Final() {
		o.order.Concerns, o.order.Attention = nil, ""
	}
	o.record(ctx, ramp.TimelineEntry{Note: note})
	o.log.Debug("order status", "status", status)
	o.publish(ctx)
}

// note adds a note to the timeline. The status stays.
func (o *orderRun) note(ctx workflow.Context, note string) {
	if len(o.order.Timeline) < timelineNotes {
		o.record(ctx, ramp.TimelineEntry{Note: note})
	}
}

// noteConcern adds to the timeline that a concern is raised.
func (o *orderRun) noteConcern(ctx workflow.Context, c ramp.Concern) {
	if len(o.order.Timeline) < timelineNotes {
		o.record(ctx, ramp.TimelineEntry{Note: "Attention: " + c.Reason + ".", Concern: c.Type})
	}
}

func (o *orderRun) record(ctx workflow.Context, entry ramp.TimelineEntry) {
	entry.Status, entry.At = o.order.Status, now(ctx)
	o.order.Timeline = append(o.order.Timeline, entry)
	o.touch(ctx)
}

// touch updates the time of the last change, what the Web UI shows and what events report. That adds nothing to the history and costs
// microseconds.
func (o *orderRun) touch(ctx workflow.Context) {
	o.order.UpdatedAt = now(ctx)
	o.order.Version++
	o.outbox.collect(&o.order)
	o.showDetails(ctx)
}

// showDetails shows the order in the Web UI.
func (o *orderRun) showDetails(ctx workflow.Context) {
	order := o.snapshot()
	workflow.SetCurrentDetails(ctx, currentDetails(&order, o.request.title, o.request.details))
}

// sentence makes a sentence for the timeline of the text of an error.
func sentence(text string) string {
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// waitsUntil returns the sentence about a deadline.
func waitsUntil(t time.Time) string { return "The order waits until " + situation.IST(t) + "." }
