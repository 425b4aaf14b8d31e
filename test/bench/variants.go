package bench

import (
	"context"
	"fmt"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"rampart/ramp"
	"rampart/test/bench/baseline"
	"rampart/test/testbed"
)

// Variant is an implementation of the order's lifecycle.
type Variant string

// Variants. All but OursByUpdate are started with a plain start and get their proof by signal, as with any Temporal SDK.
const (
	// Ours is Rampart.
	Ours Variant = "Rampart"
	// OursByUpdate is Rampart with ramp.Client: update-with-start, and an update with the proof.
	OursByUpdate Variant = "Rampart, by update"
	// RetryPolling is Rampart with each poll being an attempt of a retried activity.
	RetryPolling Variant = "retry polling"
	// Naive is the lifecycle in the style of the usual samples, with a timer for each poll.
	Naive Variant = "naive port"
	// Floor is the provider's calls as activities and nothing else.
	Floor Variant = "floor"
)

// lane is where the orders of a variant are started, and who processes them.
type lane struct {
	temporal client.Client
	worker   *worker
	queue    string
	workflow string
}

func (s *stack) lane(v Variant) lane {
	switch v {
	case RetryPolling:
		return lane{s.retriesClient, s.retries, ramp.TaskQueue, ramp.OnrampWorkflow}
	case Naive:
		return lane{s.portsClient, s.ports, baseline.TaskQueue, "Naive"}
	case Floor:
		return lane{s.portsClient, s.ports, baseline.TaskQueue, "Floor"}
	default:
		return lane{s.Temporal, s.worker, ramp.TaskQueue, ramp.OnrampWorkflow}
	}
}

// order is an order of a measurement.
type order struct {
	number  int
	request ramp.OnrampRequest
}

// newOrder returns the order of a number. Each has a user of its own, so that each needs a login.
func newOrder(number int) order {
	request := testbed.OnrampRequest(fmt.Sprintf("bench-%d", number))
	request.Email = ramp.Email(fmt.Sprintf("asha.%d+linked@example.test", number))
	return order{number: number, request: request}
}

func (o order) workflowID() string { return ramp.Onramp.WorkflowID(o.request.Reference) }

// utr returns the order's proof. The sandbox never finds its payment by itself, so that only the schedule changes the order's status.
func (o order) utr() string { return fmt.Sprintf("9999%08d", o.number) }

// start starts an order without waiting for it. Orders of Rampart get the search attributes and the summary that ramp.Client sets.
func (l lane) start(ctx context.Context, o order) error {
	options := client.StartWorkflowOptions{ID: o.workflowID(), TaskQueue: l.queue}
	if l.workflow == ramp.OnrampWorkflow {
		options.StaticSummary = "Buy " + o.request.Token.Symbol + " for ₹" + o.request.Fiat.Amount + " · " + o.request.Reference
		options.TypedSearchAttributes = temporal.NewSearchAttributes(
			ramp.DirectionKey.ValueSet(string(ramp.Onramp)),
			ramp.StatusKey.ValueSet(string(ramp.VerifyingKYC)),
			ramp.TokenKey.ValueSet(o.request.Token.Symbol),
			ramp.FiatAmountKey.ValueSet(1000),
		)
	}
	_, err := l.temporal.ExecuteWorkflow(ctx, options, l.workflow, o.request)
	return err
}

// prove submits an order's proof by signal.
func (l lane) prove(ctx context.Context, o order) error {
	return l.temporal.SignalWorkflow(ctx, o.workflowID(), "", ramp.SubmitUTR, ramp.UTRSubmission{UTR: ramp.UTR(o.utr())})
}

// await blocks until an order is closed, and fails if it is not completed.
func (l lane) await(ctx context.Context, o order) error {
	status, err := l.ended(ctx, o)
	if err != nil {
		return err
	}
	return completed(o, status)
}

// ended blocks until an order is closed, and returns its status.
func (l lane) ended(ctx context.Context, o order) (status string, err error) {
	run := l.temporal.GetWorkflow(ctx, o.workflowID(), "")
	if l.workflow != ramp.OnrampWorkflow {
		err = run.Get(ctx, &status)
		return status, err
	}
	var result ramp.Order
	err = run.Get(ctx, &result)
	return string(result.Status), err
}

func completed(o order, status string) error {
	if status != string(ramp.Completed) {
		return fmt.Errorf("order %s ended as %s", o.request.Reference, status)
	}
	return nil
}
