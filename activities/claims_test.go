package activities_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/mocks"

	"rampart/activities"
	"rampart/ramp"
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

		got, err := activities.TemporalClaims{Client: temporal}.Claim(t.Context(), providersOrder, activities.Claimant{WorkflowID: claimant})

		require.NoError(t, err)
		require.Equal(t, ours, got)
	}
}

func TestOrderThatAnotherHasPublishedAlreadyIsNotClaimed(t *testing.T) {
	t.Parallel()
	temporal := mocks.NewClient(t) // which fails the test if an Adoption is started
	published(temporal, 1)

	got, err := activities.TemporalClaims{Client: temporal, Lag: time.Hour}.Claim(t.Context(), providersOrder, activities.Claimant{WorkflowID: claimant})

	require.NoError(t, err)
	require.False(t, got)
}

func TestClaimThatAnotherOrderHasIsNotGivenAndNotWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		temporal := adopted(t, "onramp/inv-43")
		published(temporal, 0)
		temporal.On("ListWorkflow", mock.Anything, mock.Anything).Return(nil, errors.New("down"))
		began := time.Now()

		got, err := activities.TemporalClaims{Client: temporal, Lag: activities.VisibilityLag}.Claim(t.Context(), providersOrder,
			activities.Claimant{WorkflowID: claimant})

		require.NoError(t, err)
		require.False(t, got)
		require.Zero(t, time.Since(began))
	})
}

func TestClaimIsNotGivenWhileVisibilityIsDown(t *testing.T) {
	t.Parallel()
	temporal := mocks.NewClient(t)
	temporal.On("CountWorkflow", mock.Anything, mock.Anything).Return(nil, errors.New("down"))

	got, err := activities.TemporalClaims{Client: temporal}.Claim(t.Context(), providersOrder, activities.Claimant{WorkflowID: claimant})

	require.EqualError(t, err, "down")
	require.False(t, got)
}

// requests are the requests of orders, by their reference.
type requests map[string]ramp.Email

func (r requests) OnrampRequest(_ context.Context, reference, runID string) (*ramp.OnrampRequest, error) {
	email, found := r[reference]
	if !found || runID != "run of "+reference {
		return nil, errors.New("encrypted with an unknown key")
	}
	return &ramp.OnrampRequest{Email: email}, nil
}

func (r requests) OfframpRequest(ctx context.Context, reference, runID string) (*ramp.OfframpRequest, error) {
	request, err := r.OnrampRequest(ctx, reference, runID)
	if err != nil {
		return nil, err
	}
	return &ramp.OfframpRequest{Email: request.Email}, nil
}

// unpublished makes these orders have published no order of the provider, the next times somebody looks; 0 for always.
func unpublished(temporal *mocks.Client, times int, workflowIDs ...string) {
	var orders []*workflowpb.WorkflowExecutionInfo
	for _, id := range workflowIDs {
		_, reference, _ := ramp.ParseWorkflowID(id)
		orders = append(orders, &workflowpb.WorkflowExecutionInfo{Execution: &commonpb.WorkflowExecution{WorkflowId: id, RunId: "run of " + reference}})
	}
	temporal.On("ListWorkflow", mock.Anything, mock.MatchedBy(func(request *workflowservice.ListWorkflowExecutionsRequest) bool {
		return request.GetQuery() == `WorkflowType = "Onramp" AND CloseTime IS NULL AND RampOrderId IS NULL `+
			`AND StartTime < "2000-01-01T00:00:03Z" AND WorkflowId != "onramp/inv-42" AND (RampUser IS NULL OR RampUser IN ("new", "old"))`
	})).Return(&workflowservice.ListWorkflowExecutionsResponse{Executions: orders}, nil).Times(times)
}

func TestClaimWaitsUntilNoOtherOrderCanHaveMadeTheProvidersOrder(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		others []string
		looks  int
		alone  bool
		waits  time.Duration
	}{
		"none is left":                         {nil, 1, true, 0},
		"others are of other users":            {[]string{"onramp/of-ravi", "onramp/also-of-ravi"}, 1, true, 0},
		"one is of the user, and publishes":    {[]string{"onramp/of-ravi", "onramp/of-asha"}, 2, true, 6 * time.Second},
		"one is of the user":                   {[]string{"onramp/of-asha"}, 0, false, activities.VisibilityLag},
		"one cannot be read":                   {[]string{"onramp/unreadable"}, 0, false, activities.VisibilityLag},
		"one has the id of no order":           {[]string{"onramp"}, 0, false, activities.VisibilityLag},
		"one was taken over, without its user": {[]string{"onramp/of-nobody"}, 0, false, activities.VisibilityLag},
	} {
		for _, only := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", only if alone ", only), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					given, waits := !only || tc.waits == 0, tc.waits
					if only {
						waits = 0
					}
					temporal := mocks.NewClient(t)
					if given {
						temporal = adopted(t, claimant)
					}
					published(temporal, 0)
					looks := tc.looks
					if only {
						looks = 1
					}
					unpublished(temporal, looks, tc.others...)
					if tc.waits > 0 && tc.alone && !only {
						unpublished(temporal, 1)
					}
					if given {
						published(temporal, 0)
					}
					claims := activities.TemporalClaims{
						Client: temporal, Lag: activities.VisibilityLag,
						Requests: requests{"of-ravi": "ravi@example.test", "also-of-ravi": "ravi@example.test", "of-asha": "Asha@example.test", "of-nobody": ""},
					}
					began := time.Now()

					got, err := claims.Claim(t.Context(), providersOrder, activities.Claimant{
						WorkflowID: claimant, Email: "asha@example.test", Users: []string{"new", "old"}, OnlyIfAlone: only,
					})

					require.NoError(t, err)
					require.Equal(t, given, got)
					require.Equal(t, waits, time.Since(began))
				})
			})
		}
	}
}

func TestClaimantThatCannotSeeTheOthersIsNotAlone(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		page *workflowservice.ListWorkflowExecutionsResponse
		err  error
	}{
		"the store does not answer": {nil, errors.New("down")},
		"there are too many":        {&workflowservice.ListWorkflowExecutionsResponse{NextPageToken: []byte("more")}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				temporal := mocks.NewClient(t) // which fails the test if an Adoption is started
				published(temporal, 0)
				temporal.On("ListWorkflow", mock.Anything, mock.Anything).Return(tc.page, tc.err)

				got, err := activities.TemporalClaims{Client: temporal, Lag: activities.VisibilityLag}.Claim(t.Context(), providersOrder,
					activities.Claimant{WorkflowID: claimant, OnlyIfAlone: true})

				require.NoError(t, err)
				require.False(t, got)
			})
		})
	}
}
