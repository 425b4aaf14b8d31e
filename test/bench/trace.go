package bench

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"

	"rampart/ramp"
)

// TraceStep is what an order does for some time between its start and its payment instructions.
type TraceStep struct {
	Name string  `json:"name"`
	Took Latency `json:"took"`
}

// stepTaken is a step of one order.
type stepTaken struct {
	name string
	took time.Duration
}

// traces collects the steps of orders from their start to their payment instructions.
type traces [][]stepTaken

// stepsOf returns the steps of an order, by its history, that began at begun and was answered at answered. The steps follow each other: calls that run
// at the same time are one step, until the first of them has answered.
func stepsOf(events []*historypb.HistoryEvent, begun, answered time.Time) []stepTaken {
	var taken []stepTaken
	var calls []string
	task, last := 0, begun
	add := func(event *historypb.HistoryEvent, name string) {
		at := event.GetEventTime().AsTime()
		taken, last = append(taken, stepTaken{name, at.Sub(last)}), at
	}
	for _, event := range events {
		switch event.GetEventType() {
		case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
			add(event, "the start reaches Temporal")
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
			calls = append(calls, event.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName())
		case enumspb.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED:
			if task++; len(calls) > 0 {
				add(event, strings.Join(calls, ", "))
				calls = nil
			}
		case enumspb.EVENT_TYPE_WORKFLOW_TASK_STARTED:
			add(event, fmt.Sprintf("workflow task %d waits for a worker", task))
		case enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
			add(event, fmt.Sprintf("workflow task %d runs", task))
		case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED:
			return append(taken, stepTaken{"the answer reaches the backend", answered.Sub(last)})
		}
	}
	return nil
}

// steps returns the steps of the orders that have the most usual ones.
func (t traces) steps() []TraceStep {
	kinds := make(map[string]traces)
	var usual string
	for _, taken := range t {
		var names []string
		for _, each := range taken {
			names = append(names, each.name)
		}
		kind := strings.Join(names, "\n")
		if kinds[kind] = append(kinds[kind], taken); len(kinds[kind]) > len(kinds[usual]) {
			usual = kind
		}
	}
	if usual == "" {
		return nil
	}
	var steps []TraceStep
	for i, name := range strings.Split(usual, "\n") {
		var took []time.Duration
		for _, taken := range kinds[usual] {
			took = append(took, taken[i].took)
		}
		steps = append(steps, TraceStep{Name: name, Took: newLatency(took)})
	}
	return steps
}

// answered is an order whose backend got the payment instructions.
type answered struct {
	reference string
	begun, at time.Time
}

// trace returns the steps of orders, by their histories.
func (c *costs) trace(ctx context.Context, orders []answered) ([]TraceStep, error) {
	var all traces
	for _, o := range orders {
		history := c.stack.Temporal.GetWorkflowHistory(ctx, ramp.Onramp.WorkflowID(o.reference), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		var events []*historypb.HistoryEvent
		for history.HasNext() {
			event, err := history.Next()
			if err != nil {
				return nil, fmt.Errorf("read the history of order %s: %w", o.reference, err)
			}
			events = append(events, event)
		}
		slices.SortStableFunc(events, func(a, b *historypb.HistoryEvent) int {
			return a.GetEventTime().AsTime().Compare(b.GetEventTime().AsTime())
		})
		all = append(all, stepsOf(events, o.begun, o.at))
	}
	return all.steps(), nil
}

// writeTrace draws the median times of the steps of an order one below the other.
func (l Latencies) writeTrace(b *strings.Builder) {
	if len(l.Trace) == 0 {
		return
	}
	fmt.Fprintf(b, "From start to instructions, step by step (load: %s):\n\n| step | p50 / p99 | |\n| --- | ---: | --- |\n", l.Load)
	const perCell = 3 // milliseconds
	before := 0.0
	for _, step := range l.Trace {
		from, to := int(before/perCell), int((before+step.Took.P50)/perCell)
		fmt.Fprintf(b, "| %s | %s | `%s%s` |\n", step.Name, step.Took, strings.Repeat("·", from), strings.Repeat("█", max(to-from, 1)))
		before += step.Took.P50
	}
	b.WriteString("\n")
}
