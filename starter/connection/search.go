package connection

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"rampart/ramp"
)

// Search yields the orders that a filter chooses and for which a further condition holds, in Temporal's list filter language:
// for what only those who operate orders ask. An empty condition always holds.
func (c *Connection) Search(ctx context.Context, filter ramp.Filter, condition string) iter.Seq2[ramp.Summary, error] {
	query := filter.Query()
	if condition != "" {
		query += " AND (" + condition + ")"
	}
	return c.find(ctx, query)
}

// Strays yields the workflows that were meant as orders, as it seems, and that no worker takes for one: of a type, an id or a task
// queue that no order has. They run, or were refused: all others are too many to go through. An empty condition always holds.
func (c *Connection) Strays(ctx context.Context, condition string) iter.Seq2[ramp.Summary, error] {
	query := `ExecutionStatus IN ("Running", "Failed") AND (` + strays() + ")"
	if condition != "" {
		query += " AND (" + condition + ")"
	}
	return c.find(ctx, query)
}

// strays is the condition by which Strays chooses.
func strays() string {
	types := fmt.Sprintf("(%q, %q)", ramp.OnrampWorkflow, ramp.OfframpWorkflow)
	ids := []string{ramp.Onramp.WorkflowID(""), ramp.Offramp.WorkflowID("")}
	return strings.Join([]string{
		fmt.Sprintf("WorkflowType NOT IN %s AND (WorkflowId STARTS_WITH %q OR WorkflowId STARTS_WITH %q)", types, ids[0], ids[1]),
		fmt.Sprintf("WorkflowType NOT IN (%q, %q, %q) AND TaskQueue = %q", ramp.OnrampWorkflow, ramp.OfframpWorkflow, ramp.AdoptionWorkflow, ramp.TaskQueue),
		fmt.Sprintf("WorkflowType IN %s AND TaskQueue != %q", types, ramp.TaskQueue),
		fmt.Sprintf("WorkflowType IN %s AND WorkflowId NOT STARTS_WITH %q AND WorkflowId NOT STARTS_WITH %q", types, ids[0], ids[1]),
	}, " OR ")
}

// find yields the workflows that a query chooses.
func (c *Connection) find(ctx context.Context, query string) iter.Seq2[ramp.Summary, error] {
	return ramp.NewClient(asking{c.Temporal, query}, c.Data).List(ctx, ramp.Filter{})
}

// asking is a connection whose lists have what a query chooses.
type asking struct {
	client.Client
	query string
}

// ListWorkflow implements client.Client.
func (a asking) ListWorkflow(
	ctx context.Context, request *workflowservice.ListWorkflowExecutionsRequest,
) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	return a.Client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Query: a.query, NextPageToken: request.GetNextPageToken(),
	})
}
