package ramp

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
)

const (
	// sendings is how many times an update is sent that the server keeps dropping. The first pause is sendAgainAfter, and each is
	// longer by as much. A worker that can do nothing with an order fails each of its tasks; the caller is to hear of it in seconds.
	sendings       = 6
	sendAgainAfter = 200 * time.Millisecond
	// unansweredKept is how many updates are remembered whose answer did not come. One that is forgotten is sent as another.
	unansweredKept = 10_000
	// glance is how long the answer of an earlier update is looked for before it is taken to be under way.
	glance = 500 * time.Millisecond
)

// update sends an update and waits for its answer. The same content sent again while an answer is missing is the same update:
// Temporal lets no more than ten of an order wait, and callers try again in an outage.
func (c *Client) update(ctx context.Context, id ID, name string, argument any) (*Order, error) {
	begun := time.Now()
	content, err := contentOf(id, name, argument)
	if err != nil {
		return nil, err
	}
	updateID, sent := c.updateID(ctx, id, name, content)
	options := client.UpdateWorkflowOptions{
		WorkflowID:   id.workflow(),
		UpdateID:     updateID,
		UpdateName:   name,
		Args:         []any{argument},
		WaitForStage: client.WorkflowUpdateStageAccepted,
	}
	order, err := answer(ctx, func() (client.WorkflowUpdateHandle, error) {
		return c.temporal.UpdateWorkflow(ctx, options)
	})
	if err == nil || refused(err) {
		c.unanswered.Remove(content)
	}
	switch {
	case err == nil && sent && order.UpdatedAt.Before(begun):
		return c.Get(ctx, id) // the answer is of then
	case err == nil:
		return order, nil
	case outOfTime(ctx, err):
		return nil, &Error{
			Type:      NotReady,
			Reference: id.Reference,
			Message:   fmt.Sprintf("no answer to %s in time; it may have been taken, so look at the order before you send it again", name),
		}
	case c.hasEnded(ctx, id):
		return nil, c.over(ctx, id, err)
	default:
		return nil, c.explain(id, err)
	}
}

// contentOf stands for what an update says to an order. It stays in this process.
func contentOf(id ID, name string, argument any) (string, error) {
	encoded, err := json.Marshal(argument)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %s", id.workflow(), name, encoded))
	return string(sum[:]), nil
}

// updateID is the id of an update of this content, and whether it was sent before. It is random, so that nobody guesses
// personal data by it. An update that was refused while nobody waited is over, and what was refused may be tried again.
func (c *Client) updateID(ctx context.Context, id ID, name, content string) (updateID string, sent bool) {
	fresh := name + "/" + rand.Text()
	earlier, sent, _ := c.unanswered.PeekOrAdd(content, fresh)
	if !sent {
		return fresh, false
	}
	if c.wasRefused(ctx, id, earlier) {
		c.unanswered.Add(content, fresh)
		return fresh, false
	}
	return earlier, true
}

func (c *Client) wasRefused(ctx context.Context, id ID, updateID string) bool {
	ctx, cancel := context.WithTimeout(ctx, glance)
	defer cancel()
	earlier := c.temporal.GetWorkflowUpdateHandle(client.GetWorkflowUpdateHandleOptions{WorkflowID: id.workflow(), UpdateID: updateID})
	return refused(earlier.Get(ctx, nil))
}

// refused reports whether an order has answered an update with an error.
func refused(err error) bool {
	var said *temporal.ApplicationError
	return errors.As(err, &said)
}

// answer sends an update and returns its answer. The server drops the updates of a workflow task that fails, as one does
// when a signal arrives just as its order ends. The order never took such an update, which is sent again under its id.
func answer(ctx context.Context, send func() (client.WorkflowUpdateHandle, error)) (*Order, error) {
	for sent := 1; ; sent++ {
		var order Order
		handle, err := send()
		if err == nil {
			err = handle.Get(ctx, &order)
		}
		var dropped *serviceerror.WorkflowNotReady
		if !errors.As(err, &dropped) || sent == sendings {
			return &order, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(time.Duration(sent) * sendAgainAfter):
		}
	}
}

// over says how an order ended that something came too late for.
func (c *Client) over(ctx context.Context, id ID, cause error) error {
	if typed := fromTemporal(cause); typed != cause {
		return typed
	}
	order, err := c.result(ctx, id)
	if err != nil {
		return err
	}
	message := fmt.Sprintf("the order is %s and takes no more", order.Status)
	if advice := PaidAdvice(order); advice != "" {
		message += ". " + advice
	}
	return &Error{Type: OrderOver, Reference: id.Reference, Message: message, Order: order}
}
