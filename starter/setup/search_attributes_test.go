package setup_test

import (
	"context"
	"errors"
	"maps"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"

	"rampart/ramp"
	"rampart/starter/setup"
)

const namespace = "orders"

// cluster is a fake Temporal cluster that takes a while to use an added search attribute.
type cluster struct {
	known map[string]enumspb.IndexedValueType
	// stale is the number of queries that still fail.
	stale   int
	added   int
	refuses error
}

func (c *cluster) ListSearchAttributes(
	_ context.Context, request *operatorservice.ListSearchAttributesRequest, _ ...grpc.CallOption,
) (*operatorservice.ListSearchAttributesResponse, error) {
	if request.GetNamespace() != namespace {
		return nil, serviceerror.NewNamespaceNotFound(request.GetNamespace())
	}
	return &operatorservice.ListSearchAttributesResponse{CustomAttributes: maps.Clone(c.known)}, nil
}

func (c *cluster) AddSearchAttributes(
	_ context.Context, request *operatorservice.AddSearchAttributesRequest, _ ...grpc.CallOption,
) (*operatorservice.AddSearchAttributesResponse, error) {
	if c.refuses != nil {
		return nil, c.refuses
	}
	c.added++
	for name, kind := range request.GetSearchAttributes() {
		if _, exists := c.known[name]; exists {
			return nil, serviceerror.NewAlreadyExists(name)
		}
		c.known[name] = kind
	}
	return &operatorservice.AddSearchAttributesResponse{}, nil
}

func (c *cluster) CountWorkflow(
	context.Context, *workflowservice.CountWorkflowExecutionsRequest,
) (*workflowservice.CountWorkflowExecutionsResponse, error) {
	if c.stale > 0 {
		c.stale--
		return nil, serviceerror.NewInvalidArgument("invalid search attribute")
	}
	return &workflowservice.CountWorkflowExecutionsResponse{}, nil
}

func knowing(known map[string]enumspb.IndexedValueType) *cluster {
	return &cluster{known: maps.Clone(known)}
}

func TestSetupAddsEverySearchAttributeToANewNamespace(t *testing.T) {
	t.Parallel()
	c := knowing(map[string]enumspb.IndexedValueType{})
	result, err := setup.EnsureSearchAttributes(t.Context(), c, c, namespace)
	require.NoError(t, err)
	require.Equal(t, ramp.SearchAttributeTypes(), c.known)
	require.Len(t, result.Added, len(ramp.SearchAttributeTypes()))
	require.Empty(t, result.Existing)
}

func TestSetupAddsOnlyWhatIsMissing(t *testing.T) {
	t.Parallel()
	c := knowing(ramp.SearchAttributeTypes())
	delete(c.known, "RampAttention")
	c.known["Unrelated"] = enumspb.INDEXED_VALUE_TYPE_TEXT
	result, err := setup.EnsureSearchAttributes(t.Context(), c, c, namespace)
	require.NoError(t, err)
	require.Equal(t, []string{"RampAttention"}, result.Added)
	require.Len(t, result.Existing, len(ramp.SearchAttributeTypes())-1)
}

func TestSetupTwiceAddsNothingTheSecondTime(t *testing.T) {
	t.Parallel()
	c := knowing(map[string]enumspb.IndexedValueType{})
	_, err := setup.EnsureSearchAttributes(t.Context(), c, c, namespace)
	require.NoError(t, err)
	result, err := setup.EnsureSearchAttributes(t.Context(), c, c, namespace)
	require.NoError(t, err)
	require.Empty(t, result.Added)
	require.Equal(t, 1, c.added)
}

func TestSetupChangesNothingWhereATypeDiffers(t *testing.T) {
	t.Parallel()
	c := knowing(map[string]enumspb.IndexedValueType{"RampStatus": enumspb.INDEXED_VALUE_TYPE_TEXT})
	_, err := setup.EnsureSearchAttributes(t.Context(), c, c, namespace)
	require.ErrorContains(t, err, "RampStatus is Text and must be Keyword")
	require.ErrorContains(t, err, "nothing was changed")
	require.Zero(t, c.added)
}

func TestSetupReturnsWhenTheSearchAttributesAreUsable(t *testing.T) {
	t.Parallel()
	c := knowing(map[string]enumspb.IndexedValueType{})
	c.stale = 1
	_, err := setup.EnsureSearchAttributes(t.Context(), c, c, namespace)
	require.NoError(t, err)
	require.Zero(t, c.stale)
}

func TestSearchAttributesThatAreNotUsableInTimeAreNotReady(t *testing.T) {
	t.Parallel()
	c := knowing(map[string]enumspb.IndexedValueType{})
	c.stale = 1
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := setup.EnsureSearchAttributes(ctx, c, c, namespace)
	require.True(t, ramp.IsError(err, ramp.NotReady), "%v", err)
}

func TestSetupListsTheSearchAttributesToAddWhereItMayNotAddThem(t *testing.T) {
	t.Parallel()
	c := knowing(map[string]enumspb.IndexedValueType{})
	c.refuses = serviceerror.NewPermissionDenied("not allowed", "")
	_, err := setup.EnsureSearchAttributes(t.Context(), c, c, namespace)
	require.ErrorIs(t, err, c.refuses)
	for name, kind := range ramp.SearchAttributeTypes() {
		require.ErrorContains(t, err, name+" ("+kind.String()+")")
	}
}

func TestSetupReturnsOtherErrorsAsTheyAre(t *testing.T) {
	t.Parallel()
	c := knowing(map[string]enumspb.IndexedValueType{})
	c.refuses = errors.New("disk full")
	_, err := setup.EnsureSearchAttributes(t.Context(), c, c, namespace)
	require.ErrorIs(t, err, c.refuses)
}
