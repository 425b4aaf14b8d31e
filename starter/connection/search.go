package connection

import (
	"context"
	"iter"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"rampart/ramp"
)

// Search yields the orders that a filter chooses and for which a further condition holds, in Temporal's list filter language:
// for what only those who operate orders ask. An empty condition always holds.
func (c *Connection) Search(ctx context.Context, filter ramp.Filter, condition string) iter.Seq2[ramp.Summary, error] {
	if condition == "" {
		return c.Orders.List(ctx, filter)
	}
	return ramp.NewClient(narrowed{c.Temporal, condition}, c.Data).List(ctx, filter)
}

// narrowed is a connection whose lists leave out what a condition does not choose.
type narrowed struct {
	client.Client
	condition string
}

// ListWorkflow implements client.Client.
func (n narrowed) ListWorkflow(
	ctx context.Context, request *workflowservice.ListWorkflowExecutionsRequest,
) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	return n.Client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Query:         request.GetQuery() + " AND (" + n.condition + ")",
		NextPageToken: request.GetNextPageToken(),
	})
}
