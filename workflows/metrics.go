package workflows

import (
	"slices"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"rampart/ramp"
	"rampart/ramp/situation"
)

// Names of the metrics of orders. Replays do not count twice. Prometheus adds units and _total to the names.
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

// BeginMetrics creates every counter with the value zero, because Prometheus does not see the first increment of a counter that begins
// with one. handler is the worker's.
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

// tagged returns the handler for a direction with further tags, as names and values in turn. Tags have few values, and none that
// identifies an order or a person.
func tagged(handler client.MetricsHandler, direction ramp.Direction, tags ...string) client.MetricsHandler {
	all := map[string]string{"direction": string(direction)}
	for pair := range slices.Chunk(tags, 2) {
		all[pair[0]] = pair[1]
	}
	return handler.WithTags(all)
}

// metrics returns the metrics handler of the order.
func (o *orderRun) metrics(ctx workflow.Context, tags ...string) client.MetricsHandler {
	return tagged(workflow.GetMetricsHandler(ctx), o.order.Direction, tags...)
}

// count adds one to a counter.
func (o *orderRun) count(ctx workflow.Context, name string, tags ...string) {
	o.metrics(ctx, tags...).Counter(name).Inc(1)
}

// measureEntry counts the status that the order is about to enter, and records how long it stayed in the one before. Entering the same
// status again counts nothing.
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
