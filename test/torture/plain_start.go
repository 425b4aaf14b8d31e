package torture

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"golang.org/x/sync/errgroup"

	"rampart/ramp"
)

// plainStartEvery is the number of orders of which one is started without ramp.Client: by ExecuteWorkflow of the Temporal SDK, with the
// SDK's default id policies.
const plainStartEvery = 10

// startsPlainly reports whether the n-th order is started without ramp.Client.
func startsPlainly(n int) bool { return n%plainStartEvery == plainStartEvery/2 }

// startPlainly starts an order without ramp.Client. A retried start may start a second run.
func (r *run) startPlainly(ctx context.Context, p plan) (client.WorkflowRun, error) {
	request := any(p.onramp)
	if p.id.Direction == ramp.Offramp {
		request = p.offramp
	}
	return r.stack.Temporal.ExecuteWorkflow(ctx,
		client.StartWorkflowOptions{ID: p.id.Direction.WorkflowID(p.id.Reference), TaskQueue: ramp.TaskQueue},
		p.id.Direction.WorkflowType(), request)
}

var errNoInstructions = errors.New("the order has no payment instructions yet")

// startPlainlyOnce starts the order unless it is known to run, and returns its state once its user can act.
func (b *backend) startPlainlyOnce(ctx context.Context) (*ramp.Order, error) {
	if b.snapshot().runID == "" {
		run, err := b.startPlainly(ctx, b.plan)
		if err != nil {
			return nil, err
		}
		b.update(func(s *backendState) { s.started, s.runID = true, run.GetRunID() })
	}
	order, err := b.orders.Get(ctx, b.plan.id)
	if err == nil && order.Instructions == nil && !order.Status.AwaitsUser() && !order.Status.Final() {
		err = errNoInstructions
	}
	return order, err
}

// startAgain starts every order again that was started without ramp.Client, now that all are closed. The new run must fail with
// ReferenceTaken.
func (r *run) startAgain(ctx context.Context) {
	var starting errgroup.Group
	starting.SetLimit(readers)
	for _, b := range r.backends {
		if b.plan.plainStart && b.snapshot().runID != "" {
			starting.Go(func() error {
				if err := r.requireReferenceTaken(ctx, b.plan); err != nil {
					b.reportProblem("started again: " + err.Error())
				}
				return nil
			})
		}
	}
	_ = starting.Wait() // none fails
	logProgress(r.options.progress(), r.begun, "every tenth order is started again")
}

func (r *run) requireReferenceTaken(ctx context.Context, p plan) error {
	ctx, cancel := context.WithTimeout(ctx, 4*callTime)
	defer cancel()
	run, err := r.startPlainly(ctx, p)
	for err != nil && sleep(ctx, time.Second) {
		run, err = r.startPlainly(ctx, p)
	}
	if err != nil {
		return err
	}
	var application *temporal.ApplicationError
	if err := run.Get(ctx, nil); !errors.As(err, &application) || application.Type() != string(ramp.ReferenceTaken) {
		return fmt.Errorf("the run does not fail with ReferenceTaken: %w", errors.Join(err))
	}
	return nil
}
