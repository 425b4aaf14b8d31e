package torture

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"go.temporal.io/sdk/client"

	"rampart/ramp"
)

// Kinds of violations of what a backend is told.
const (
	// missing: a change of an order was not delivered.
	missing violation = "missing event"
	// misordered: an event was delivered for the first time after a later one of its order.
	misordered violation = "event out of order"
)

// Events is what a run delivered to the backend's endpoint.
type Events struct {
	Received
	Missing    int `json:"missing"`
	Misordered int `json:"misordered"`
	// Late are deliveries that had failed for good and were sent again by command.
	Late int `json:"late"`
	// Undelivered are deliveries that were still in progress when the time was up; -1 if Temporal did not count them.
	Undelivered int64 `json:"undelivered"`
	// Outage is how long the endpoint refused everything.
	Outage string `json:"outage"`
}

// Good reports whether every change was delivered, signed and in sequence.
func (e Events) Good() bool { return e.Missing+e.Misordered+e.Unsigned == 0 && e.Undelivered == 0 }

// write writes the configuration that makes workers send events to the receiver, and returns its path.
func (r *receiver) write(dir string) (string, error) {
	path := filepath.Join(dir, "events.yaml")
	return path, os.WriteFile(path, []byte(r.configuration()), 0o600)
}

// outage refuses all events for a while, from a third of the time in which orders start.
func (r *run) outage(ctx context.Context) {
	if r.options.Outage == 0 || !sleep(ctx, time.Until(r.begun.Add(r.options.arrivals()/3))) {
		return
	}
	logProgress(r.options.progress(), r.begun, "the endpoint of events is away for %s", r.options.Outage)
	r.receiver.setAway(true)
	defer r.receiver.setAway(false)
	sleep(ctx, r.options.Outage)
}

// deliveriesInProgress finds the deliveries that have not ended.
const deliveriesInProgress = `TaskQueue = "` + ramp.EventTaskQueue + `" AND ExecutionStatus = "Running"`

// awaitDeliveries blocks until no delivery is in progress, or ctx ends, and returns how many are; -1 if Temporal never told.
func (r *run) awaitDeliveries(ctx context.Context) int64 {
	last := int64(-1)
	for {
		count, err := r.stack.Temporal.CountActivities(ctx, client.CountActivitiesOptions{Query: deliveriesInProgress})
		if err == nil && count.Count != last {
			last = count.Count
			logProgress(r.options.progress(), r.begun, "%d deliveries of events are in progress", last)
		}
		if last == 0 || !sleep(ctx, countEvery) {
			return last
		}
	}
}

// resendFailed sends the deliveries again that have failed for good, and returns how many there are.
func (r *run) resendFailed(ctx context.Context) (int, error) {
	n := 0
	for failed, err := range r.stack.Orders.Deliveries(ctx, ramp.DeliveryFilter{State: ramp.DeliveryFailed}) {
		if err != nil {
			return n, err
		}
		if err := r.stack.Orders.ResendDelivery(ctx, failed.ID); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// deliverAll blocks until every delivery has ended, those that had failed after another try, or its time is up, which does not depend on how
// late the orders ended.
func (r *run) deliverAll(ctx context.Context) error {
	limited, cancel := context.WithTimeoutCause(ctx, leeway, errTimeUp)
	defer cancel()
	r.undelivered = r.awaitDeliveries(limited)
	var err error
	if r.late, err = r.resendFailed(limited); err == nil && r.late > 0 {
		r.undelivered = r.awaitDeliveries(limited)
	}
	if limited.Err() != nil {
		return ctx.Err() // what is undelivered is counted
	}
	return err
}

// eventChecker compares what a backend was told with the orders.
type eventChecker struct {
	counts     Events
	violations []Violation
}

// checkEvents compares the events of each order, in the sequence of their first deliveries, with the order.
func checkEvents(outcomes []outcome, delivered map[ramp.ID][]ramp.Event) (Events, []Violation) {
	var c eventChecker
	for _, o := range outcomes {
		if o.order != nil {
			c.checkOrder(o, delivered[o.plan.id])
		}
	}
	return c.counts, c.violations
}

func (c *eventChecker) checkOrder(o outcome, events []ramp.Event) {
	for i := 1; i < len(events); i++ {
		if events[i].Version < events[i-1].Version {
			c.counts.Misordered++
			c.add(misordered, o, "version %d was delivered after version %d", events[i].Version, events[i-1].Version)
		}
	}
	events = slices.Clone(events)
	slices.SortStableFunc(events, func(a, b ramp.Event) int { return int(a.Version - b.Version) })
	for _, lack := range lacks(o.order, events) {
		c.counts.Missing++
		c.add(missing, o, "%s", lack)
	}
}

func (c *eventChecker) add(kind violation, o outcome, format string, args ...any) {
	c.violations = append(c.violations, Violation{
		Kind: kind, Reference: o.plan.id.Direction.WorkflowID(o.plan.id.Reference), Reason: fmt.Sprintf(format, args...),
		Plan: o.plan.describe(), Workflow: o.describe(),
	})
}

// lacks returns what the events of an order, sorted by version, do not tell of it.
func lacks(order *ramp.Order, events []ramp.Event) []string {
	var all []string
	lack := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if len(events) == 0 {
		return []string{"no event was delivered"}
	}
	want, got := statuses(order), toldStatuses(events)
	if !slices.Equal(want, got) {
		lack("the order's statuses are %v, and the events tell %v", want, got)
	}
	if order.Instructions != nil && count(events, ramp.InstructionsChanged) == 0 {
		lack("no event tells that there are payment instructions")
	}
	replaced := 0
	if order.Proof != nil {
		replaced = len(order.Proof.Replaced)
	}
	if told := count(events, ramp.ProofReplaced); told != replaced {
		lack("%d proofs were replaced, and the events tell %d", replaced, told)
	}
	last := events[len(events)-1]
	if last.Status != order.Status || last.Attention != (order.Attention != "") || last.Version > order.Version {
		lack("the last event tells status %s, attention %t and version %d, and the order has %s, %t and %d",
			last.Status, last.Attention, last.Version, order.Status, order.Attention != "", order.Version)
	}
	return append(all, lacksOfAttention(events)...)
}

// lacksOfAttention returns where somebody must look, or no longer must, without an event that tells it, and where such an event follows
// none that it ends.
func lacksOfAttention(events []ramp.Event) []string {
	var all []string
	before := false
	for _, change := range byVersion(events) {
		now, told := change[0].Attention, slices.ContainsFunc(change, attention)
		switch {
		case now != before && !told:
			all = append(all, fmt.Sprintf("no event tells that the order's attention changed at version %d", change[0].Version))
		case told && !now && !before:
			all = append(all, fmt.Sprintf("no event tells of the attention that ended at version %d", change[0].Version))
		}
		before = now
	}
	return all
}

func attention(event ramp.Event) bool { return event.Type == ramp.AttentionChanged }

// byVersion groups sorted events by their version.
func byVersion(events []ramp.Event) [][]ramp.Event {
	var groups [][]ramp.Event
	for _, event := range events {
		last := len(groups) - 1
		if last < 0 || groups[last][0].Version != event.Version {
			groups = append(groups, nil)
			last++
		}
		groups[last] = append(groups[last], event)
	}
	return groups
}

func count(events []ramp.Event, kind ramp.EventType) int {
	n := 0
	for _, event := range events {
		if event.Type == kind {
			n++
		}
	}
	return n
}

// statuses returns the statuses of an order, by its timeline.
func statuses(order *ramp.Order) []ramp.Status {
	var all []ramp.Status
	for _, entry := range order.Timeline {
		all = append(all, entry.Status)
	}
	return slices.Compact(all)
}

// toldStatuses returns the statuses that events tell.
func toldStatuses(events []ramp.Event) []ramp.Status {
	var all []ramp.Status
	for _, event := range events {
		if event.Type == ramp.StatusChanged {
			all = append(all, event.Status)
		}
	}
	return all
}
