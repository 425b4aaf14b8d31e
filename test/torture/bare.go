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

// bareEvery is how many orders there are for one that is started by a plain call of Temporal's SDK, with its default id policies.
const bareEvery = 10

// bare reports whether the n-th order is started by a plain call.
func bare(n int) bool { return n%bareEvery == bareEvery/2 }

// startBare starts an order as a backend without ramp.Client does. A start that is tried again may run the order twice.
func (r *run) startBare(ctx context.Context, p plan) (client.WorkflowRun, error) {
	request := any(p.onramp)
	if p.id.Direction == ramp.Offramp {
		request = p.offramp
	}
	return r.cluster.temporal.ExecuteWorkflow(ctx,
		client.StartWorkflowOptions{ID: p.id.Direction.WorkflowID(p.id.Reference), TaskQueue: ramp.TaskQueue},
		p.id.Direction.WorkflowType(), request)
}

var errNotYet = errors.New("there is nothing for the user to act on yet")

// bareOnce starts the order unless it is known to run, and looks at it.
func (b *backend) bareOnce(ctx context.Context) (*ramp.Order, error) {
	if b.knows().run == "" {
		run, err := b.bare(ctx, b.plan)
		if err != nil {
			return nil, err
		}
		b.note(func(t *told) { t.started, t.run = true, run.GetRunID() })
	}
	order, err := b.orders.Get(ctx, b.plan.id)
	if err == nil && order.Instructions == nil && !order.Status.AwaitsUser() && !order.Status.Final() {
		err = errNotYet
	}
	return order, err
}

// startAgain starts every order once more that a plain call has started, now that all have ended. Each must end as ReferenceTaken.
func (r *run) startAgain(ctx context.Context) {
	var starting errgroup.Group
	starting.SetLimit(readers)
	for _, b := range r.backends {
		if b.plan.bare && b.knows().run != "" {
			starting.Go(func() error {
				if err := r.requireTaken(ctx, b.plan); err != nil {
					b.wrong("started again: " + err.Error())
				}
				return nil
			})
		}
	}
	_ = starting.Wait() // none fails
	say(r.options.progress(), r.begun, "every tenth order was started again")
}

func (r *run) requireTaken(ctx context.Context, p plan) error {
	ctx, cancel := context.WithTimeout(ctx, 4*callTime)
	defer cancel()
	run, err := r.startBare(ctx, p)
	for err != nil && sleep(ctx, time.Second) {
		run, err = r.startBare(ctx, p)
	}
	if err != nil {
		return err
	}
	var application *temporal.ApplicationError
	if err := run.Get(ctx, nil); !errors.As(err, &application) || application.Type() != string(ramp.ReferenceTaken) {
		return fmt.Errorf("not ReferenceTaken but %w", errors.Join(err))
	}
	return nil
}
