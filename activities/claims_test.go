package activities_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/mocks"

	"rampart/activities"
)

const (
	providersOrder = "650000000000000000000001"
	claimant       = "onramp/inv-42"
)

// adopted is a Temporal in which the Adoption of the order, which the claimant asks for, says who owns it.
func adopted(t *testing.T, owner string) *mocks.Client {
	run := mocks.NewWorkflowRun(t)
	run.On("Get", mock.Anything, mock.Anything).Return(func(_ context.Context, into any) error {
		*into.(*string) = owner
		return nil
	})
	temporal := mocks.NewClient(t)
	temporal.On("ExecuteWorkflow", mock.Anything, mock.MatchedBy(func(options client.StartWorkflowOptions) bool {
		return options.ID == "adoption/"+providersOrder
	}), "Adoption", claimant).Return(run, nil)
	return temporal
}

// published makes so many other orders have published the provider's order, the next time somebody looks.
func published(temporal *mocks.Client, count int64) {
	temporal.On("CountWorkflow", mock.Anything, mock.MatchedBy(func(request *workflowservice.CountWorkflowExecutionsRequest) bool {
		return request.GetQuery() == `RampOrderId = "650000000000000000000001" AND WorkflowId != "onramp/inv-42"`
	})).Return(&workflowservice.CountWorkflowExecutionsResponse{Count: count}, nil).Once()
}

func TestClaimIsGivenUnlessAnotherOrderPublishesTheProvidersOrderMeanwhile(t *testing.T) {
	t.Parallel()
	for count, ours := range map[int64]bool{0: true, 1: false, 2: false} {
		temporal := adopted(t, claimant)
		published(temporal, 0)
		published(temporal, count)

		got, err := activities.TemporalClaims{Client: temporal}.Claim(t.Context(), providersOrder, claimant)

		require.NoError(t, err)
		require.Equal(t, ours, got)
	}
}

func TestOrderThatAnotherHasPublishedAlreadyIsNotClaimed(t *testing.T) {
	t.Parallel()
	temporal := mocks.NewClient(t) // which fails the test if an Adoption is started
	published(temporal, 1)

	got, err := activities.TemporalClaims{Client: temporal, Lag: time.Hour}.Claim(t.Context(), providersOrder, claimant)

	require.NoError(t, err)
	require.False(t, got)
}

func TestClaimThatAnotherOrderHasIsNotGiven(t *testing.T) {
	t.Parallel()
	temporal := adopted(t, "onramp/inv-43")
	published(temporal, 0)

	got, err := activities.TemporalClaims{Client: temporal}.Claim(t.Context(), providersOrder, claimant)

	require.NoError(t, err)
	require.False(t, got)
}

func TestClaimIsNotGivenWhileVisibilityIsDown(t *testing.T) {
	t.Parallel()
	temporal := mocks.NewClient(t)
	temporal.On("CountWorkflow", mock.Anything, mock.Anything).Return(nil, errors.New("down"))

	got, err := activities.TemporalClaims{Client: temporal}.Claim(t.Context(), providersOrder, claimant)

	require.EqualError(t, err, "down")
	require.False(t, got)
}
