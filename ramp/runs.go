package ramp

import (
	"context"
	"fmt"
	"iter"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/converter"
)

// Runs yields the runs of an order's workflow id, the newest first, as the list shows them. There is one as a rule: what starts a
// reference again makes another, which is no order and ends as ReferenceTaken.
func (c *Client) Runs(ctx context.Context, id ID) iter.Seq2[Summary, error] {
	return c.list(ctx, fmt.Sprintf("WorkflowId = %q", id.workflow()))
}

// GetRun returns the state of one run of an order's workflow id, running or ended. The error of a run that was no order is the one
// it ended with, such as ReferenceTaken.
func (c *Client) GetRun(ctx context.Context, id ID, runID string) (*Order, error) {
	description, err := c.temporal.DescribeWorkflow(ctx, id.workflow(), runID)
	if err != nil {
		return nil, c.explain(id, err)
	}
	order := new(Order)
	switch description.Status {
	case enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, enumspb.WORKFLOW_EXECUTION_STATUS_PAUSED:
		var state converter.EncodedValue
		if state, err = c.temporal.QueryWorkflow(ctx, id.workflow(), runID, OrderQuery); err == nil {
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
