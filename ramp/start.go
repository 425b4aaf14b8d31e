package ramp

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
)

const (
	// pollInterval is the interval at which a start without an answer reads the order. Most starts have their answer earlier.
	pollInterval = 3 * time.Second
	// cleanupTimeout bounds what a call does after its context has ended.
	cleanupTimeout = 5 * time.Second
)

// startResult is the outcome of a start.
type startResult struct {
	order *Order
	err   error
}

// startRequest is the request of a start, in the forms that it is sent and compared in.
type startRequest struct {
	request     any
	awaiting    Awaiting
	fingerprint string
}

func newStartRequest(request any) (startRequest, error) {
	encoded, err := json.Marshal(request)
	if err != nil {
		return startRequest{}, err
	}
	sum, err := fingerprint(request)
	return startRequest{request: request, awaiting: Awaiting{Request: encoded}, fingerprint: sum}, err
}

// start starts an order and blocks until its user can act, in one round trip as a rule. Temporal admits ten waiting updates per order;
// it holds back any more without an error and without starting anything. So start polls the order as well and returns the first answer.
func (c *Client) start(ctx context.Context, id ID, options client.StartWorkflowOptions, request any) (*Order, error) {
	w, err := newStartRequest(request)
	if err != nil {
		return nil, err
	}
	both, stop := context.WithCancel(ctx)
	defer stop()
	answered, seen := make(chan startResult, 1), make(chan startResult, 1)
	go func() { answered <- c.startAndWait(both, id, options, w) }()
	go c.poll(both, id, w, seen)
	var first startResult
	select {
	case first = <-seen:
	case first = <-answered:
		if tooManyUpdates(first.err) {
			first = await(ctx, seen)
		}
	}
	if first.err != nil && outOfTime(ctx, first.err) {
		return nil, c.notReady(ctx, id, w)
	}
	return first.order, first.err
}

func await(ctx context.Context, outcome <-chan startResult) startResult {
	select {
	case o := <-outcome:
		return o
	case <-ctx.Done():
		return startResult{err: ctx.Err()}
	}
}

// tooManyUpdates reports whether Temporal rejected an update because too many are waiting, and not for a rate limit. A server may leave the
// cause out.
func tooManyUpdates(err error) bool {
	var exhausted *serviceerror.ResourceExhausted
	return errors.As(err, &exhausted) &&
		(exhausted.Cause == enumspb.RESOURCE_EXHAUSTED_CAUSE_CONCURRENT_LIMIT || exhausted.Cause == enumspb.RESOURCE_EXHAUSTED_CAUSE_UNSPECIFIED)
}

// startAndWait starts the order and waits for its update. A repeated start waits with the earlier one, whose answer is discarded if it
// is older than this call.
func (c *Client) startAndWait(ctx context.Context, id ID, options client.StartWorkflowOptions, w startRequest) startResult {
	begun := time.Now()
	order, err := answer(ctx, func() (client.WorkflowUpdateHandle, error) {
		return c.temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
			StartWorkflowOperation: c.temporal.NewWithStartWorkflowOperation(options, id.Direction.WorkflowType(), w.request),
			UpdateOptions: client.UpdateWorkflowOptions{
				WorkflowID:   id.workflow(),
				UpdateID:     c.waitID(w.fingerprint),
				UpdateName:   AwaitOrder,
				Args:         []any{w.awaiting},
				WaitForStage: client.WorkflowUpdateStageAccepted,
			},
		})
	})
	switch {
	case err == nil && order.UpdatedAt.Before(begun):
		order, err = c.current(ctx, id, w)
	case err == nil, outOfTime(ctx, err), tooManyUpdates(err):
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
	return startResult{order, err}
}

// waitID returns the id of the update with which this client waits for an order. Ids are not encrypted: the salt keeps the
// fingerprint, which is computed from personal data, from being guessed.
func (c *Client) waitID(fingerprint string) string {
	salted := sha256.Sum256([]byte(c.salt + fingerprint))
	return AwaitOrder + "/" + hex.EncodeToString(salted[:16])
}

// current returns an order that was started earlier, once its user can act.
func (c *Client) current(ctx context.Context, id ID, w startRequest) (*Order, error) {
	order, err := c.Get(ctx, id)
	if err != nil || order.actionable() {
		return order, err
	}
	return c.update(ctx, id, AwaitOrder, w.awaiting)
}

// actionable reports whether the order's user can act or the order has ended.
func (o *Order) actionable() bool {
	return o.Instructions != nil || o.Status.AwaitsUser() || o.Status.Final()
}

// poll sends the order to seen once its user can act. Other errors than ReferenceTaken are left to the update.
func (c *Client) poll(ctx context.Context, id ID, w startRequest, seen chan<- startResult) {
	ticks := time.NewTicker(pollInterval)
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
		switch err := c.checkRequest(ctx, id, w); {
		case err == nil:
			seen <- startResult{order: order}
			return
		case IsError(err, ReferenceTaken):
			seen <- startResult{err: err}
			return
		}
	}
}

// outOfTime reports whether ctx or the server's own limit ended before an update was answered.
func outOfTime(ctx context.Context, err error) bool {
	var ended *client.WorkflowUpdateServiceTimeoutOrCanceledError
	return ctx.Err() != nil || errors.As(err, &ended)
}

// ended returns an order that had ended before this start, if it has the same request.
func (c *Client) ended(ctx context.Context, id ID, w startRequest) (*Order, error) {
	if err := c.checkRequest(ctx, id, w); err != nil {
		return nil, err
	}
	return c.result(ctx, id)
}

// checkRequest compares the caller's request with the one in the order's history, which needs no worker.
func (c *Client) checkRequest(ctx context.Context, id ID, w startRequest) error {
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

// notReady returns the error of a start that ran out of time: whether the order was started, or the reference is taken. If neither is known,
// it is no error of the contract: that Temporal has no such order now does not tell that the start is lost.
func (c *Client) notReady(ctx context.Context, id ID, w startRequest) error {
	background, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	err := c.checkRequest(background, id, w)
	switch {
	case err == nil:
		return &Error{
			Type:      NotReady,
			Reference: id.Reference,
			Message:   "started, but there were no payment instructions in time; the order continues, read it again later",
		}
	case IsError(err, ReferenceTaken):
		return err
	default:
		ended := cmp.Or(ctx.Err(), context.DeadlineExceeded)
		return fmt.Errorf("order %s: it is unknown whether the order started; start it again: %w (%v)", id.Reference, ended, err)
	}
}
