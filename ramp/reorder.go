package ramp

import (
	"context"
	"errors"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/converter"
)

// ReorderRequest asks for a new order in place of one that expired or was cancelled after the user had paid.
type ReorderRequest struct {
	// Reference is the old order's.
	Reference string
	// NewReference is the new order's.
	NewReference string
	// UTR of the payment. Empty takes the one that the old order has.
	UTR string
}

// Reorder starts an on-ramp order like an expired or cancelled one, with the UTR of the payment that was made for it: the
// guide lets a user do so, for the same amount. It returns as StartOnramp does.
func (c *Client) Reorder(ctx context.Context, request ReorderRequest) (*Order, error) {
	id := ID{Onramp, request.Reference}
	order, err := c.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if order.Status != Expired && order.Status != Cancelled {
		return nil, &Error{
			Type:      NotAwaited,
			Reference: request.Reference,
			Message:   fmt.Sprintf("only an expired or cancelled order can be ordered again; this one is %s", order.Status),
			Order:     order,
		}
	}
	var again OnrampRequest
	if err := c.request(ctx, id, &again); err != nil {
		return nil, err
	}
	again.Reference = request.NewReference
	again.UTR = request.UTR
	if again.UTR == "" && order.Proof != nil {
		again.UTR = order.Proof.UTR
	}
	if again.UTR == "" {
		return nil, &Error{
			Type:      InvalidRequest,
			Reference: request.Reference,
			Message:   "the order has no UTR",
			Fields:    []FieldError{{Field: "utr", Problem: "must be the UTR of the payment that was made for the old order"}},
		}
	}
	return c.StartOnramp(ctx, again)
}

// request reads what an order was started with from its history.
func (c *Client) request(ctx context.Context, id ID, into any) error {
	history := c.temporal.GetWorkflowHistory(ctx, id.workflow(), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	if !history.HasNext() {
		return c.explain(id, errors.New("the order's history is empty"))
	}
	first, err := history.Next()
	if err != nil {
		return c.explain(id, err)
	}
	input := first.GetWorkflowExecutionStartedEventAttributes().GetInput()
	own := converter.WithDataConverterSerializationContext(c.converter,
		converter.WorkflowSerializationContext{WorkflowID: id.workflow()}) // the connection knows the namespace
	if err := own.FromPayloads(input, into); err != nil {
		return c.explain(id, fmt.Errorf("the order's request cannot be read: %w", err))
	}
	return nil
}
