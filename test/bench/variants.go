package bench

import (
	"context"
	"fmt"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"rampart/ramp"
	"rampart/test/bench/baseline"
)

// Variant is a way to run an order.
type Variant string

// Variants. All but OursByUpdate are started and given their proof by signal, as any Temporal SDK can.
const (
	// Ours is Rampart.
	Ours Variant = "Rampart"
	// OursByUpdate is Rampart through ramp.Client: an update with the start, and one that brings the proof.
	OursByUpdate Variant = "Rampart, by update"
	// RetryPolling is Rampart with each poll an attempt of a retried activity.
	RetryPolling Variant = "retry polling"
	// Naive is the lifecycle as the usual samples would have it, with a timer for each poll.
	Naive Variant = "naive port"
	// Floor is the provider's calls as activities, and nothing else.
	Floor Variant = "floor"
)

// way is how a variant's orders are started and spoken to.
type way struct {
	temporal client.Client
	worker   *program
	// namespace is in what the server knows of the orders.
	namespace string
	queue     string
	workflow  string
}

func (s *stack) way(v Variant) way {
	switch v {
	case RetryPolling:
		return way{s.retriesClient, s.retries, retriesNamespace, ramp.TaskQueue, ramp.OnrampWorkflow}
	case Naive:
		return way{s.portsClient, s.ports, portsNamespace, baseline.TaskQueue, "Naive"}
	case Floor:
		return way{s.portsClient, s.ports, portsNamespace, baseline.TaskQueue, "Floor"}
	default:
		return way{s.ours, s.worker, oursNamespace, ramp.TaskQueue, ramp.OnrampWorkflow}
	}
}

// order is one of a run.
type order struct {
	number  int
	request ramp.OnrampRequest
}

// newOrder is the order of a number: a user of its own, so that each logs in.
func newOrder(number int) order {
	return order{number: number, request: ramp.OnrampRequest{
		Reference:     fmt.Sprintf("bench-%d", number),
		Email:         fmt.Sprintf("asha.%d+linked@example.test", number),
		Fiat:          ramp.Amount{Amount: "1000.00", Currency: ramp.INR},
		Token:         ramp.Token{Symbol: "USDC", Address: "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359", ChainID: 137},
		WalletAddress: "0x1111111111111111111111111111111111111111",
		PaymentMethod: ramp.UPI,
		UPI:           &ramp.UPIAccount{ID: "asha@okbank", Name: "Asha Rao"},
	}}
}

func (o order) workflowID() string { return ramp.Onramp.WorkflowID(o.request.Reference) }

// utr is the order's proof: one whose payment the sandbox never finds by itself, so that only the run's course moves the order.
func (o order) utr() string { return fmt.Sprintf("9999%08d", o.number) }

// start starts an order without waiting for it. Rampart's have the search attributes and the summary that ramp.Client gives them.
func (w way) start(ctx context.Context, o order) error {
	options := client.StartWorkflowOptions{ID: o.workflowID(), TaskQueue: w.queue}
	if w.workflow == ramp.OnrampWorkflow {
		options.StaticSummary = "Buy " + o.request.Token.Symbol + " for ₹" + o.request.Fiat.Amount + " · " + o.request.Reference
		options.TypedSearchAttributes = temporal.NewSearchAttributes(
			ramp.DirectionKey.ValueSet(string(ramp.Onramp)),
			ramp.StatusKey.ValueSet(string(ramp.VerifyingKYC)),
			ramp.TokenKey.ValueSet(o.request.Token.Symbol),
			ramp.FiatAmountKey.ValueSet(1000),
		)
	}
	_, err := w.temporal.ExecuteWorkflow(ctx, options, w.workflow, o.request)
	return err
}

// prove signals an order's proof.
func (w way) prove(ctx context.Context, o order) error {
	return w.temporal.SignalWorkflow(ctx, o.workflowID(), "", ramp.SubmitUTR, ramp.UTRSubmission{UTR: o.utr()})
}

// await waits for an order's end, and says whether it ended well.
func (w way) await(ctx context.Context, o order) error {
	run := w.temporal.GetWorkflow(ctx, o.workflowID(), "")
	status := ""
	if w.workflow != ramp.OnrampWorkflow {
		if err := run.Get(ctx, &status); err != nil {
			return err
		}
		return completed(o, status)
	}
	var result ramp.Order
	if err := run.Get(ctx, &result); err != nil {
		return err
	}
	return completed(o, string(result.Status))
}

func completed(o order, status string) error {
	if status != string(ramp.Completed) {
		return fmt.Errorf("order %s ended as %s", o.request.Reference, status)
	}
	return nil
}
