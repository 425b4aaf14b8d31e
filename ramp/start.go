package ramp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
)

const (
	// lookAfter is when a start that has no answer begins to look at the order, and how often it does. Most have their answer
	// by then.
	lookAfter = 3 * time.Second
	// afterwards bounds what a call does once its caller's time is over.
	afterwards = 5 * time.Second
)

// started is what became of a start.
type started struct {
	order *Order
	err   error
}

// asked is what a caller starts.
type asked struct {
	request  any
	awaiting Awaiting
	// mark is the request's fingerprint.
	mark string
}

func asking(request any) (asked, error) {
	encoded, err := json.Marshal(request)
	if err != nil {
		return asked{}, err
	}
	mark, err := fingerprint(request)
	return asked{request: request, awaiting: Awaiting{Request: encoded}, mark: mark}, err
}

// start is one round trip as a rule: it starts the order and waits for what its user needs. Temporal lets no more than ten
// updates of an order wait, and neither tells a start that is one too many nor starts anything: it looks at the order as well,
// and whichever knows first answers.
func (c *Client) start(ctx context.Context, id ID, options client.StartWorkflowOptions, request any) (*Order, error) {
	w, err := asking(request)
	if err != nil {
		return nil, err
	}
	both, stop := context.WithCancel(ctx)
	defer stop()
	answered, seen := make(chan started, 1), make(chan started, 1)
	go func() { answered <- c.startAndWait(both, id, options, w) }()
	go c.look(both, id, w, seen)
	var first started
	select {
	case first = <-seen:
	case first = <-answered:
		if crowdedOut(first.err) {
			first = await(ctx, seen)
		}
	}
	if first.err != nil && outOfTime(ctx, first.err) {
		return nil, c.notReady(ctx, id, w)
	}
	return first.order, first.err
}

func await(ctx context.Context, outcome <-chan started) started {
	select {
	case o := <-outcome:
		return o
	case <-ctx.Done():
		return started{err: ctx.Err()}
	}
}

// crowdedOut reports whether too many updates waited for this one to be taken.
func crowdedOut(err error) bool {
	var exhausted *serviceerror.ResourceExhausted
	return errors.As(err, &exhausted)
}

// startAndWait starts the order and waits in it. A start that is tried again waits with the one before it. An answer that was
// given before this start is too old.
func (c *Client) startAndWait(ctx context.Context, id ID, options client.StartWorkflowOptions, w asked) started {
	begun := time.Now()
	order, err := answer(ctx, func() (client.WorkflowUpdateHandle, error) {
		return c.temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
			StartWorkflowOperation: c.temporal.NewWithStartWorkflowOperation(options, id.Direction.WorkflowType(), w.request),
			UpdateOptions: client.UpdateWorkflowOptions{
				WorkflowID:   id.workflow(),
				UpdateID:     c.waitID(w.mark),
				UpdateName:   AwaitOrder,
				Args:         []any{w.awaiting},
				WaitForStage: client.WorkflowUpdateStageAccepted,
			},
		})
	})
	switch {
	case err == nil && order.UpdatedAt.Before(begun):
		order, err = c.current(ctx, id, w)
	case err == nil, outOfTime(ctx, err), crowdedOut(err):
	case ofEarlierOrder(fromTemporal(err)), c.hasEnded(ctx, id):
		order, err = c.ended(ctx, id, w)
	case IsError(fromTemporal(err), ReferenceTaken):
		err = fromTemporal(err)
	default:
		err = c.explain(id, err)
	}
	if err != nil {
		order = nil
	}
	return started{order, err}
}

// waitID is the id of the update by which this client's starts of one request wait. The mark itself is of personal data,
// which ids must not let anybody guess.
func (c *Client) waitID(mark string) string {
	salted := sha256.Sum256([]byte(c.salt + mark))
	return AwaitOrder + "/" + hex.EncodeToString(salted[:16])
}

// current is an order that was started before, once there is something for its user to act on.
func (c *Client) current(ctx context.Context, id ID, w asked) (*Order, error) {
	order, err := c.Get(ctx, id)
	if err != nil || order.actionable() {
		return order, err
	}
	return c.update(ctx, id, AwaitOrder, w.awaiting)
}

// actionable reports whether there is something for the order's user to act on, or nothing more to wait for.
func (o *Order) actionable() bool {
	return o.Instructions != nil || o.Status.AwaitsUser() || o.Status.Final()
}

// look tells of the order once there is something for its user to act on. What goes wrong meanwhile is the update's to tell.
func (c *Client) look(ctx context.Context, id ID, w asked, seen chan<- started) {
	ticks := time.NewTicker(lookAfter)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		order, err := c.Get(ctx, id)
		if err != nil || !order.actionable() {
			continue
		}
		switch err := c.checkOwn(ctx, id, w); {
		case err == nil:
			seen <- started{order: order}
			return
		case IsError(err, ReferenceTaken):
			seen <- started{err: err}
			return
		}
	}
}

// outOfTime reports whether a caller's time was over before an update was answered. The server may end the call a moment
// before ctx does.
func outOfTime(ctx context.Context, err error) bool {
	var ended *client.WorkflowUpdateServiceTimeoutOrCanceledError
	return ctx.Err() != nil || errors.As(err, &ended)
}

// ended returns an order that was over before it was started again, if it is the caller's.
func (c *Client) ended(ctx context.Context, id ID, w asked) (*Order, error) {
	if err := c.checkOwn(ctx, id, w); err != nil {
		return nil, err
	}
	return c.result(ctx, id)
}

// checkOwn compares the request that an order was started with, which its history has whether or not a worker runs, with the
// caller's.
func (c *Client) checkOwn(ctx context.Context, id ID, w asked) error {
	if id.Direction == Offramp {
		var request OfframpRequest
		if err := c.request(ctx, id, &request); err != nil {
			return err
		}
		return w.awaiting.CheckOfframp(&request, "")
	}
	var request OnrampRequest
	if err := c.request(ctx, id, &request); err != nil {
		return err
	}
	return w.awaiting.CheckOnramp(&request, "")
}

// notReady tells a start that ran out of time from one that never happened, and from one of a reference that is taken.
func (c *Client) notReady(ctx context.Context, id ID, w asked) error {
	background, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	err := c.checkOwn(background, id, w)
	switch {
	case err == nil:
		return &Error{
			Type:      NotReady,
			Reference: id.Reference,
			Message:   "started, but no payment instructions came in time; the order goes on",
		}
	case IsError(err, ReferenceTaken):
		return err
	default:
		return fmt.Errorf("order %s: not known to have started: %w", id.Reference, errors.Join(ctx.Err(), err))
	}
}
