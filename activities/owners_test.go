package activities_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/mocks"

	"rampart/activities"
)

func TestOwnersAreFoundByTheOrderIDThatOrdersPublish(t *testing.T) {
	t.Parallel()
	for count, free := range map[int64]bool{0: true, 1: false, 2: false} {
		client := mocks.NewClient(t)
		client.On("CountWorkflow", mock.Anything, mock.MatchedBy(func(request *workflowservice.CountWorkflowExecutionsRequest) bool {
			return request.GetQuery() == `RampOrderId = "650000000000000000000001"`
		})).Return(&workflowservice.CountWorkflowExecutionsResponse{Count: count}, nil)
		got, err := activities.VisibleOwners{Client: client}.Free(t.Context(), "650000000000000000000001")
		require.NoError(t, err)
		require.Equal(t, free, got)
	}
}

func TestOrderIsNotFreeWhileVisibilityIsDown(t *testing.T) {
	t.Parallel()
	client := mocks.NewClient(t)
	client.On("CountWorkflow", mock.Anything, mock.Anything).Return(nil, errors.New("down"))
	free, err := activities.VisibleOwners{Client: client}.Free(t.Context(), "650000000000000000000001")
	require.EqualError(t, err, "down")
	require.False(t, free)
}
