package connection

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"rampart/ramp"
)

// Search yields the orders that match a filter and a condition in Temporal's list filter language, for queries that ramp.Filter does not support. An
// empty condition matches every order.
func (c *Connection) Search(ctx context.Context, filter ramp.Filter, condition string) iter.Seq2[ramp.Summary, error] {
	query := filter.Query()
	if condition != "" {
		query += " AND (" + condition + ")"
	}
	return c.find(ctx, query)
}

// Strays yields workflows that were probably meant as orders but are none, because their type, id or task queue is not that of an order, and that
// match a condition. It yields only running and failed workflows, since there may be too many others. An empty condition matches every stray.
func (c *Connection) Strays(ctx context.Context, condition string) iter.Seq2[ramp.Summary, error] {
	query := `ExecutionStatus IN ("Running", "Failed") AND (` + strays() + ")"
	if condition != "" {
		query += " AND (" + condition + ")"
	}
	return c.find(ctx, query)
}

// strays returns the condition that strays match.
func strays() string {
	types := fmt.Sprintf("(%q, %q)", ramp.OnrampWorkflow, ramp.OfframpWorkflow)
	own := make([]string, 0, len(ramp.OwnWorkflows()))
	for _, kind := range ramp.OwnWorkflows() {
		own = append(own, strconv.Quote(kind))
	}
	ids := []string{ramp.Onramp.WorkflowID(""), ramp.Offramp.WorkflowID("")}
	return strings.Join([]string{
		fmt.Sprintf("WorkflowType NOT IN %s AND (WorkflowId STARTS_WITH %q OR WorkflowId STARTS_WITH %q)", types, ids[0], ids[1]),
		fmt.Sprintf("WorkflowType NOT IN (%q, %q, %s) AND TaskQueue = %q", ramp.OnrampWorkflow, ramp.OfframpWorkflow, strings.Join(own, ", "), ramp.TaskQueue),
		fmt.Sprintf("WorkflowType IN %s AND TaskQueue != %q", types, ramp.TaskQueue),
		fmt.Sprintf("WorkflowType IN %s AND WorkflowId NOT STARTS_WITH %q AND WorkflowId NOT STARTS_WITH %q", types, ids[0], ids[1]),
	}, " OR ")
}

// find yields the workflows that match a query.
func (c *Connection) find(ctx context.Context, query string) iter.Seq2[ramp.Summary, error] {
	return ramp.NewClient(queryClient{c.Temporal, query}, c.Data).List(ctx, ramp.Filter{})
}

// queryClient is a client whose ListWorkflow runs a fixed query, so that ramp.Client.List decodes the result of any query.
type queryClient struct {
	client.Client
	query string
}

// ListWorkflow implements client.Client.
func (c queryClient) ListWorkflow(
	ctx context.Context, request *workflowservice.ListWorkflowExecutionsRequest,
) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	return c.Client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Query: c.query, NextPageToken: request.GetNextPageToken(),
	})
}
