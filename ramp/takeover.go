package ramp

import (
	"context"
	"errors"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
)

// TakeOverOnramp starts an order that takes over the provider's order that its request names in Adopt, and returns at once. It reports
// false and starts nothing if there is an order with this reference, whatever its request and its state.
func (c *Client) TakeOverOnramp(ctx context.Context, request OnrampRequest) (started bool, err error) {
	if err := request.Validate(); err != nil {
		return false, err
	}
	return c.takeOver(ctx, onrampOptions(&request), ID{Onramp, request.Reference}, request.Adopt, request)
}

// TakeOverOfframp starts an off-ramp order as TakeOverOnramp does an on-ramp order.
func (c *Client) TakeOverOfframp(ctx context.Context, request OfframpRequest) (started bool, err error) {
	if err := request.Validate(); err != nil {
		return false, err
	}
	return c.takeOver(ctx, offrampOptions(&request), ID{Offramp, request.Reference}, request.Adopt, request)
}

func (c *Client) takeOver(ctx context.Context, options client.StartWorkflowOptions, id ID, adopt *AdoptedOrder, request any) (bool, error) {
	if adopt == nil {
		return false, &Error{
			Type: InvalidRequest, Reference: id.Reference, Message: "the request is invalid",
			Fields: []FieldError{{Field: "adopt", Problem: "is required: the provider's order to take over"}},
		}
	}
	options.WorkflowExecutionErrorWhenAlreadyStarted = true
	_, err := c.temporal.ExecuteWorkflow(ctx, options, id.Direction.WorkflowType(), request)
	var exists *serviceerror.WorkflowExecutionAlreadyStarted
	switch {
	case errors.As(err, &exists):
		return false, nil
	case err != nil:
		return false, c.explain(id, err)
	default:
		return true, nil
	}
}
