package ramp_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"

	"rampart/ramp"
)

// visibility is a store that answers every count alike.
type visibility struct {
	err   error
	asked *workflowservice.CountWorkflowExecutionsRequest
}

func (v *visibility) CountWorkflow(
	_ context.Context, request *workflowservice.CountWorkflowExecutionsRequest,
) (*workflowservice.CountWorkflowExecutionsResponse, error) {
	v.asked = request
	return &workflowservice.CountWorkflowExecutionsResponse{}, v.err
}

func TestNamespaceIsAskedForEverySearchAttributeOfOrders(t *testing.T) {
	t.Parallel()
	v := new(visibility)
	require.NoError(t, ramp.CheckNamespace(t.Context(), v, "orders"))
	require.Equal(t, "orders", v.asked.GetNamespace())
	for _, key := range ramp.SearchAttributes() {
		require.Contains(t, v.asked.GetQuery(), key.GetName())
	}
}

// TestOrdersRunInANamespaceInWhichTheyCannotBeFound has namespaces that were set up before there were hashes.
func TestOrdersRunInANamespaceInWhichTheyCannotBeFound(t *testing.T) {
	t.Parallel()
	v := new(visibility)
	require.NoError(t, ramp.CheckNamespace(t.Context(), v, "orders"))
	require.NotContains(t, v.asked.GetQuery(), "RampUser")
	require.NotContains(t, v.asked.GetQuery(), "RampProof")

	require.NoError(t, ramp.CheckFind(t.Context(), v, "orders"))
	require.Contains(t, v.asked.GetQuery(), "RampUser IS NULL AND RampProof IS NULL")
	v.err = serviceerror.NewInvalidArgument("invalid query: column name 'RampProof' is not defined")
	var problem *ramp.NamespaceError
	require.ErrorAs(t, ramp.CheckFind(t.Context(), v, "orders"), &problem)
	require.Equal(t, "RampProof", problem.Lacks)
	require.True(t, problem.OnlyFind())
	require.ErrorContains(t, problem, "finding orders by user or proof")
	require.ErrorContains(t, problem, "starter setup")
	require.False(t, (&ramp.NamespaceError{Lacks: "RampStatus"}).OnlyFind())
}

// TestNamespaceWithoutSetupNamesTheCommand has what servers say, of several versions, for a query, for a start, and in a failed
// workflow task.
func TestNamespaceWithoutSetupNamesTheCommand(t *testing.T) {
	t.Parallel()
	for _, said := range []string{
		"invalid query: invalid search attribute: RampStatus",
		"Namespace orders has no mapping defined for search attribute RampStatus",
		"search attribute RampStatus is not defined",
		"invalid query: column name 'RampStatus' is not defined",
		"BadSearchAttributes: Namespace orders has no mapping defined for search attribute RampStatus",
	} {
		cause := serviceerror.NewInvalidArgument(said)
		err := ramp.CheckNamespace(t.Context(), &visibility{err: cause}, "orders")
		var problem *ramp.NamespaceError
		require.ErrorAs(t, err, &problem, said)
		require.Equal(t, "RampStatus", problem.Lacks)
		require.ErrorIs(t, err, cause)
		require.ErrorContains(t, err, `namespace "orders"`)
		require.ErrorContains(t, err, "starter setup")
	}
}

func TestNamespaceThatIsNotThereNamesTheCommandThatMakesIt(t *testing.T) {
	t.Parallel()
	err := ramp.CheckNamespace(t.Context(), &visibility{err: serviceerror.NewNamespaceNotFound("orders")}, "orders")
	var problem *ramp.NamespaceError
	require.ErrorAs(t, err, &problem)
	require.Empty(t, problem.Lacks)
	require.ErrorContains(t, err, `there is no namespace "orders"`)
	require.ErrorContains(t, err, "starter setup")
	require.Equal(t, err, ramp.ExplainNamespace("orders", err), "it is explained once")
}

func TestOtherErrorsAreNotTheNamespaces(t *testing.T) {
	t.Parallel()
	for _, other := range []error{
		nil, errors.New("RampStatus"), serviceerror.NewUnavailable("RampStatus"), serviceerror.NewInvalidArgument("Invalid RunId."),
		serviceerror.NewInvalidArgument("invalid search attribute: TemporalReportedProblems"),
		serviceerror.NewInvalidArgument("invalid search attribute: RampStatusOfMine"),
	} {
		require.Equal(t, other, ramp.ExplainNamespace("orders", other))
	}
}
