package connection_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"rampart/ramp"
	"rampart/starter/connection"
)

// pages is a fake visibility store with one order on each page.
type pages struct {
	client.Client
	orders  []string
	queries []string
}

func (p *pages) ListWorkflow(
	_ context.Context, request *workflowservice.ListWorkflowExecutionsRequest,
) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	page := len(request.GetNextPageToken())
	p.queries = append(p.queries, request.GetQuery())
	answer := &workflowservice.ListWorkflowExecutionsResponse{Executions: []*workflowpb.WorkflowExecutionInfo{
		{Execution: &commonpb.WorkflowExecution{WorkflowId: p.orders[page]}},
	}}
	if page+1 < len(p.orders) {
		answer.NextPageToken = make([]byte, page+1)
	}
	return answer, nil
}

func TestSearchAppliesItsConditionToEveryPage(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ condition, want string }{
		"a condition":  {"A = 1 OR B = 2", ramp.Filter{}.Query() + " AND (A = 1 OR B = 2)"},
		"no condition": {"", ramp.Filter{}.Query()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := &pages{orders: []string{"onramp/inv-1", "offramp/wd-1", "onramp/inv-2"}}
			c := &connection.Connection{Temporal: store, Orders: ramp.NewClient(store, nil)}
			var found []string
			for order, err := range c.Search(t.Context(), ramp.Filter{}, test.condition) {
				require.NoError(t, err)
				found = append(found, order.Direction.WorkflowID(order.Reference))
			}
			require.Equal(t, store.orders, found)
			require.Equal(t, []string{test.want, test.want, test.want}, store.queries)
		})
	}
}

func TestStraysAreListedFromEveryPage(t *testing.T) {
	t.Parallel()
	store := &pages{orders: []string{"onramp/inv-1", "9f2c"}}
	c := &connection.Connection{Temporal: store}
	var found []string
	for stray, err := range c.Strays(t.Context(), `StartTime > "2026-11-23T00:00:00Z"`) {
		require.NoError(t, err)
		found = append(found, stray.WorkflowID)
	}
	require.Equal(t, store.orders, found)
	require.Equal(t, store.queries[0], store.queries[1])
	require.Regexp(t, `^ExecutionStatus IN \("Running", "Failed"\) AND \(.+\) AND \(StartTime > "2026-11-23T00:00:00Z"\)$`, store.queries[0])
}

func TestNotSetUpReportsOnlyWhatTheNamespaceLacks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err   error
		lacks bool
	}{
		{nil, false},
		{serviceerror.NewUnavailable("away"), false},
		{serviceerror.NewPermissionDenied("no", ""), false},
		{serviceerror.NewNamespaceNotFound("orders"), true},
		{serviceerror.NewInvalidArgument("invalid query: invalid search attribute: RampStatus"), true},
	} {
		unready := (&connection.Connection{Temporal: counting{err: c.err}, Namespace: "orders"}).NotSetUp(t.Context())
		if !c.lacks {
			require.NoError(t, unready)
			continue
		}
		require.ErrorContains(t, unready, "starter setup")
	}
}

// counting is a fake visibility store that returns the same error for every count.
type counting struct {
	client.Client
	err error
}

func (c counting) CountWorkflow(
	context.Context, *workflowservice.CountWorkflowExecutionsRequest,
) (*workflowservice.CountWorkflowExecutionsResponse, error) {
	return &workflowservice.CountWorkflowExecutionsResponse{}, c.err
}
