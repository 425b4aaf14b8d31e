package setup_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	namespacepb "go.temporal.io/api/namespace/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	"rampart/ramp"
	"rampart/starter/setup"
)

const day = 24 * time.Hour

// registry is a fake workflow service with one namespace or none.
type registry struct {
	cluster
	// retention is that of the namespace; zero if the namespace does not exist.
	retention time.Duration
	changes   int
	refuses   error
}

func (r *registry) DescribeNamespace(
	_ context.Context, request *workflowservice.DescribeNamespaceRequest, _ ...grpc.CallOption,
) (*workflowservice.DescribeNamespaceResponse, error) {
	if r.retention == 0 {
		return nil, serviceerror.NewNamespaceNotFound(request.GetNamespace())
	}
	return &workflowservice.DescribeNamespaceResponse{
		Config: &namespacepb.NamespaceConfig{WorkflowExecutionRetentionTtl: durationpb.New(r.retention)},
	}, nil
}

func (r *registry) RegisterNamespace(
	_ context.Context, request *workflowservice.RegisterNamespaceRequest, _ ...grpc.CallOption,
) (*workflowservice.RegisterNamespaceResponse, error) {
	return nil, r.change(request.GetWorkflowExecutionRetentionPeriod())
}

func (r *registry) UpdateNamespace(
	_ context.Context, request *workflowservice.UpdateNamespaceRequest, _ ...grpc.CallOption,
) (*workflowservice.UpdateNamespaceResponse, error) {
	return nil, r.change(request.GetConfig().GetWorkflowExecutionRetentionTtl())
}

func (r *registry) change(retention *durationpb.Duration) error {
	if r.refuses != nil {
		return r.refuses
	}
	r.changes++
	r.retention = retention.AsDuration()
	return nil
}

func TestSetupCreatesAMissingNamespaceAndWaitsUntilItIsUsable(t *testing.T) {
	t.Parallel()
	r := &registry{cluster: cluster{stale: 1}}
	outcome, err := setup.EnsureNamespace(t.Context(), r, r, namespace, 0)
	require.NoError(t, err)
	require.Equal(t, setup.NamespaceResult{Created: true, Retention: setup.DefaultRetention}, outcome)
	require.Equal(t, setup.DefaultRetention, r.retention)
	require.Zero(t, r.stale)
}

func TestSetupCreatesANamespaceWithTheGivenRetention(t *testing.T) {
	t.Parallel()
	r := &registry{}
	outcome, err := setup.EnsureNamespace(t.Context(), r, r, namespace, 90*day)
	require.NoError(t, err)
	require.Equal(t, 90*day, outcome.Retention)
	require.Equal(t, 90*day, r.retention)
}

func TestSetupKeepsTheRetentionOfAnExistingNamespaceUnlessOneIsGiven(t *testing.T) {
	t.Parallel()
	for _, retention := range []time.Duration{0, 7 * day} {
		r := &registry{retention: 7 * day}
		outcome, err := setup.EnsureNamespace(t.Context(), r, r, namespace, retention)
		require.NoError(t, err)
		require.Equal(t, setup.NamespaceResult{Retention: 7 * day}, outcome)
		require.Zero(t, r.changes)
	}
}

func TestSetupChangesTheRetentionOnceAndReturnsTheFormerOne(t *testing.T) {
	t.Parallel()
	r := &registry{retention: 7 * day}
	outcome, err := setup.EnsureNamespace(t.Context(), r, r, namespace, 30*day)
	require.NoError(t, err)
	require.Equal(t, setup.NamespaceResult{Retention: 30 * day, Before: 7 * day}, outcome)
	_, err = setup.EnsureNamespace(t.Context(), r, r, namespace, 30*day)
	require.NoError(t, err)
	require.Equal(t, 1, r.changes)
}

func TestSetupExplainsWhatToDoWhereItMayNotManageNamespaces(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		has  time.Duration
		want string
	}{
		"no namespace":      {0, `create namespace "orders"`},
		"another retention": {7 * day, `set the retention of namespace "orders" to 30 days`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &registry{retention: test.has, refuses: serviceerror.NewPermissionDenied("Request unauthorized.", "")}
			_, err := setup.EnsureNamespace(t.Context(), r, r, namespace, 30*day)
			require.ErrorIs(t, err, r.refuses)
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, "Temporal Cloud")
		})
	}
}

func TestNewNamespaceThatIsNotUsableInTimeIsNotReady(t *testing.T) {
	t.Parallel()
	r := &registry{cluster: cluster{stale: 1}}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := setup.EnsureNamespace(ctx, r, r, namespace, 0)
	require.True(t, ramp.IsError(err, ramp.NotReady), "%v", err)
}
