package workflows

import (
	"slices"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"rampart/ramp"
	"rampart/ramp/situation"
)

// What orders are measured by. Replays count nothing twice. Prometheus adds units and _total to the names.
const (
	ordersStarted   = "ramp_orders_started"
	ordersEnded     = "ramp_orders_ended"
	statusEntered   = "ramp_order_status_entered"
	stageDuration   = "ramp_order_stage_duration"
	orderDuration   = "ramp_order_duration"
	quoteRefetches  = "ramp_quote_refetches"
	proofsAccepted  = "ramp_proofs_accepted"
	proofsRefused   = "ramp_proofs_refused"
	attentionRaised = "ramp_attention_raised"
)

// BeginMetrics shows what has not happened yet as zero, so that the first time that it happens counts as a change: Prometheus
// sees none where a counter begins with one. handler is the worker's.
func BeginMetrics(handler client.MetricsHandler) {
	for _, direction := range []ramp.Direction{ramp.Onramp, ramp.Offramp} {
		zero := func(name string, tags ...string) { tagged(handler, direction, tags...).Counter(name).Inc(0) }
		for _, name := range []string{ordersStarted, quoteRefetches, proofsAccepted, proofsRefused} {
			zero(name)
		}
		for _, status := range ramp.Statuses() {
			zero(statusEntered, "status", string(status))
			if status.Final() {
				zero(ordersEnded, "status", string(status))
			}
		}
		for _, group := range concernGroups() {
			zero(attentionRaised, "concern", string(group))
		}
	}
}

// tagged takes measurements of orders. Tags, names and values in turn, have few values and none that is about one order or one
// person.
func tagged(handler client.MetricsHandler, direction ramp.Direction, tags ...string) client.MetricsHandler {
	all := map[string]string{"direction": string(direction)}
	for pair := range slices.Chunk(tags, 2) {
		all[pair[0]] = pair[1]
	}
	return handler.WithTags(all)
}

// metrics takes measurements of the order.
func (o *orderRun) metrics(ctx workflow.Context, tags ...string) client.MetricsHandler {
	return tagged(workflow.GetMetricsHandler(ctx), o.order.Direction, tags...)
}

// count adds one to what the order is counted by.
func (o *orderRun) count(ctx workflow.Context, name string, tags ...string) {
	o.metrics(ctx, tags...).Counter(name).Inc(1)
}

// measureEntry counts the status that the order is about to enter, and how long it stayed in the one before. One that it is in
// already goes on.
func (o *orderRun) measureEntry(ctx workflow.Context, next ramp.Status) {
	before := o.order.Status
	if next == before {
		return
	}
	o.count(ctx, statusEntered, "status", string(next))
	switch {
	case before == "":
		o.count(ctx, ordersStarted)
		return
	case next.Final():
		o.count(ctx, ordersEnded, "status", string(next))
		o.metrics(ctx, "status", string(next)).Timer(orderDuration).Record(now(ctx).Sub(o.order.CreatedAt))
	}
	o.metrics(ctx, "status", string(before)).Timer(stageDuration).Record(now(ctx).Sub(situation.Since(&o.order)))
}
