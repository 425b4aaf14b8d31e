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
	// maxSends is how often an update is sent if the server drops it, and a query while the server refuses it. The n-th pause is n times resendPause. A worker with a defect
	// fails every task of an order, so callers get the error within seconds.
	maxSends    = 6
	resendPause = 200 * time.Millisecond
	// maxUnanswered bounds the updates without an answer that a client remembers. A forgotten one is sent as a new update.
	maxUnanswered = 10_000
	// earlierAnswerTimeout bounds the wait for the answer of an earlier update, which is considered pending after it.
	earlierAnswerTimeout = 500 * time.Millisecond
)

// update sends an update and blocks until it is answered. The same content sent again before the answer is the same update: Temporal
// admits ten waiting updates per order, and callers retry in an outage.
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
		return c.Get(ctx, id) // the answer is that of the earlier call
	case err == nil:
		return order, nil
	case outOfTime(ctx, err):
		return nil, &Error{
			Type:      NotReady,
			Reference: id.Reference,
			Message:   fmt.Sprintf("no answer to %s in time; the order may have received it, so read the order before you send it again", name),
		}
	case c.hasEnded(ctx, id):
		return nil, c.over(ctx, id, err)
	default:
		return nil, c.explain(id, err)
	}
}

// contentOf returns a hash of an update's content. It stays in this process.
func contentOf(id ID, name string, argument any) (string, error) {
	encoded, err := json.Marshal(argument)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %s", id.workflow(), name, encoded))
	return string(sum[:]), nil
}

// updateID returns the id of the update with this content and whether it was sent before. The id is random, since ids are not
// encrypted. Content that was refused is sent as a new update.
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
	ctx, cancel := context.WithTimeout(ctx, earlierAnswerTimeout)
	defer cancel()
	earlier := c.temporal.GetWorkflowUpdateHandle(client.GetWorkflowUpdateHandleOptions{WorkflowID: id.workflow(), UpdateID: updateID})
	return refused(earlier.Get(ctx, nil))
}

// refused reports whether an order answered an update with an error.
func refused(err error) bool {
	var answered *temporal.ApplicationError
	return errors.As(err, &answered)
}

// answer sends an update and returns its answer. The server drops the updates of a failed workflow task, such as one during which a
// signal arrives just before the order ends. The order has not processed such an update, so it is sent again with the same id.
func answer(ctx context.Context, send func() (client.WorkflowUpdateHandle, error)) (*Order, error) {
	for sent := 1; ; sent++ {
		var order Order
		handle, err := send()
		if err == nil {
			err = handle.Get(ctx, &order)
		}
		var dropped *serviceerror.WorkflowNotReady
		if !errors.As(err, &dropped) || sent == maxSends {
			return &order, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(time.Duration(sent) * resendPause):
		}
	}
}

// over returns the error of input for an order that has ended.
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
