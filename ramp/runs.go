package ramp

import (
	"context"
	"fmt"
	"iter"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/converter"
)

// Runs yields the runs of an order's workflow id, newest first. Usually there is one. Starting a reference again with another client
// adds a run that ends as ReferenceTaken.
func (c *Client) Runs(ctx context.Context, id ID) iter.Seq2[Summary, error] {
	return c.list(ctx, fmt.Sprintf("WorkflowId = %q", id.workflow()))
}

// GetRun returns the state of one run of an order's workflow id. The error of a failed run is the one that it ended with, such as
// ReferenceTaken.
func (c *Client) GetRun(ctx context.Context, id ID, runID string) (*Order, error) {
	description, err := c.temporal.DescribeWorkflow(ctx, id.workflow(), runID)
	if err != nil {
		return nil, c.explain(id, err)
	}
	order := new(Order)
	switch description.Status {
	case enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, enumspb.WORKFLOW_EXECUTION_STATUS_PAUSED:
		var state converter.EncodedValue
		if state, err = c.query(ctx, id, runID, OrderQuery); err == nil {
			err = state.Get(order)
		}
	default:
		err = c.temporal.GetWorkflow(ctx, id.workflow(), runID).Get(ctx, order)
	}
	if err != nil {
		return nil, c.explain(id, err)
	}
	return order, nil
}
