package activities_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/mocks"
	"go.temporal.io/sdk/temporal"

	"rampart/activities"
	"rampart/events"
	"rampart/ramp"
	"rampart/sandbox"
)

// endpoints are "lake" and "shop" for every order, and "tenants" for orders with a URL of their own.
type endpoints struct{}

func (endpoints) Names() []string { return []string{"lake", "shop"} }

func (endpoints) ForOrder(url ramp.Personal) (string, bool) {
	return "tenants", url == "https://hooks.example.test/tenants/7"
}

func handedOver() activities.PublishEventsRequest {
	return activities.PublishEventsRequest{
		WorkflowID: "onramp/inv-42", RunID: "run-1", Endpoints: []string{"lake", "shop"}, Own: "tenants", Target: "https://hooks.example.test/tenants/7",
		Previous: "run-0/3", Events: []ramp.Event{{Type: ramp.StatusChanged, Version: 5}, {Type: ramp.AttentionChanged, Version: 5}},
	}
}

func TestPublishedEventsAreADeliveryToEachEndpoint(t *testing.T) {
	t.Parallel()
	var started []activities.DeliverEventsRequest
	temporalClient := new(mocks.Client)
	temporalClient.On("ExecuteActivity", mock.Anything, mock.Anything, ramp.EventDelivery, mock.Anything).Run(func(called mock.Arguments) {
		options, request := called.Get(1).(client.StartActivityOptions), called.Get(3).(activities.DeliverEventsRequest)
		require.Equal(t, ramp.EventTaskQueue, options.TaskQueue)
		require.Equal(t, request.ID, options.ID)
		require.Empty(t, options.Summary)
		started = append(started, request)
	}).Return(nil, serviceerror.NewActivityExecutionAlreadyStarted("it is the same", "", "")).Times(3)
	env := suite().NewTestActivityEnvironment()
	calls, _ := activities.New(activities.Options{Temporal: temporalClient})
	env.RegisterActivity(calls)
	value, err := env.ExecuteActivity(calls.PublishEvents, handedOver())
	require.NoError(t, err, "a delivery that was started before is the same delivery")
	var result activities.PublishEventsResult
	require.NoError(t, value.Get(&result))
	require.Equal(t, "run-1/5", result.Batch)
	require.Len(t, started, 3)
	for i, endpoint := range []string{"lake", "shop", "tenants"} {
		require.Equal(t, endpoint, started[i].Endpoint)
		require.Equal(t, "event/onramp/inv-42/run-1/5/"+endpoint, started[i].ID)
		require.Equal(t, "event/onramp/inv-42/run-0/3/"+endpoint, started[i].Previous)
		require.Equal(t, "run-1-5-status_changed", started[i].Events[0].ID)
		require.Equal(t, "run-1-5-attention_changed", started[i].Events[1].ID)
	}
	require.Empty(t, started[0].Target)
	require.Equal(t, handedOver().Target, started[2].Target)
}

// TestEventsOfARunThatWasResetFollowThoseOfTheRunBefore has an operator reset an order to batch 3, after batches 4 and 6 were published.
func TestEventsOfARunThatWasResetFollowThoseOfTheRunBefore(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)
	underWay := func(id string, after time.Duration) *client.ActivityExecutionInfo {
		return &client.ActivityExecutionInfo{ActivityID: "event/onramp/inv-42/" + id, ScheduleTime: began.Add(after)}
	}
	for previous, want := range map[string]map[string]string{
		// lake has batch 6, and tenants everything.
		"run-0/3": {"lake": "run-0/4", "shop": "run-0/6", "tenants": "run-0/3"},
		"":        {"lake": "run-0/4", "shop": "run-0/6", "tenants": ""},
		"run-1/4": {"lake": "run-1/4", "shop": "run-1/4", "tenants": "run-1/4"},
	} {
		temporalClient := new(mocks.Client)
		listed := []*client.ActivityExecutionInfo{
			underWay("run-1/5/shop", time.Hour), // started by an attempt before
			underWay("run-0/6/shop", 2*time.Minute), underWay("run-0/4/lake", time.Minute), underWay("run-0/4/shop", time.Minute),
		}
		temporalClient.On("ListActivities", mock.Anything, client.ListActivitiesOptions{Query: ramp.DeliveriesUnderWay("onramp/inv-42")}).
			Return(client.ListActivitiesResult{Results: func(yield func(*client.ActivityExecutionInfo, error) bool) {
				for _, delivery := range listed {
					if !yield(delivery, nil) {
						return
					}
				}
			}}, nil)
		followed := make(map[string]string)
		temporalClient.On("ExecuteActivity", mock.Anything, mock.Anything, ramp.EventDelivery, mock.Anything).Run(func(called mock.Arguments) {
			request := called.Get(3).(activities.DeliverEventsRequest)
			before := strings.TrimPrefix(request.Previous, "event/onramp/inv-42/")
			followed[request.Endpoint] = strings.TrimSuffix(before, "/"+request.Endpoint)
		}).Return(nil, nil)
		env := suite().NewTestActivityEnvironment()
		calls, _ := activities.New(activities.Options{Temporal: temporalClient})
		env.RegisterActivity(calls)
		request := handedOver()
		request.Reset, request.Previous = true, previous
		_, err := env.ExecuteActivity(calls.PublishEvents, request)
		require.NoError(t, err)
		require.Equal(t, want, followed, "after %q", previous)
	}
}

// An encrypted input is bound to the type of the activity only, so that it could be copied to another delivery.
func TestInputOfAnotherDeliveryIsRefused(t *testing.T) {
	t.Parallel()
	env := suite().NewTestActivityEnvironment()
	deliveries := activities.NewDeliveries(nil, nil)
	env.RegisterActivity(deliveries)
	_, err := env.ExecuteActivity(deliveries.DeliverEvents, activities.DeliverEventsRequest{ID: "event/onramp/inv-43/run/1/shop"})
	var application *temporal.ApplicationError
	require.ErrorAs(t, err, &application)
	require.Equal(t, activities.ErrForeignDelivery, application.Type())
	require.True(t, application.NonRetryable())
}

// endpoint answers every event in one way.
type endpoint struct{ err error }

func (e endpoint) Send(context.Context, string, ramp.Personal, ramp.Event) error { return e.err }

// deliver runs an attempt of a delivery whose endpoint answers in one way, and returns its error.
func deliver(t *testing.T, answer error) error {
	t.Helper()
	env := suite().NewTestActivityEnvironment()
	var id string
	identify := func(ctx context.Context) error { id = activity.GetInfo(ctx).ActivityID; return nil }
	env.RegisterActivity(identify)
	_, err := env.ExecuteActivity(identify)
	require.NoError(t, err)
	deliveries := activities.NewDeliveries(endpoint{answer}, nil)
	env = suite().NewTestActivityEnvironment() // its first activity has the same id
	env.RegisterActivity(deliveries)
	_, err = env.ExecuteActivity(deliveries.DeliverEvents, activities.DeliverEventsRequest{
		ID: id, Endpoint: "tenants", Target: "https://hooks.example.test/tenants/7", Events: []ramp.Event{{ID: "1", Type: ramp.StatusChanged, Version: 5}},
	})
	return err
}

func TestDeliveryWaitsAsLongAsItsEndpointAsks(t *testing.T) {
	t.Parallel()
	for _, asked := range []time.Duration{0, time.Minute, 7 * time.Hour} {
		var failure *temporal.ApplicationError
		require.ErrorAs(t, deliver(t, &events.RefusedError{Problem: "HTTP 503", RetryAfter: asked}), &failure)
		require.Equal(t, string(ramp.EventNotDelivered), failure.Type())
		require.False(t, failure.NonRetryable())
		require.GreaterOrEqual(t, failure.NextRetryDelay(), max(asked, 4*time.Second))
		require.LessOrEqual(t, failure.NextRetryDelay(), max(asked, 5*time.Second))
	}
}

func TestDeliveryEndsWhereSendingAgainCannotSucceed(t *testing.T) {
	t.Parallel()
	require.NoError(t, deliver(t, nil))
	for want, answer := range map[ramp.DeliveryFailure]*events.RefusedError{
		ramp.EndpointGone: {Problem: "HTTP 410", Gone: true}, ramp.EventRefused: {Problem: "too large", Permanent: true},
	} {
		var failure *temporal.ApplicationError
		require.ErrorAs(t, deliver(t, answer), &failure)
		require.Equal(t, string(want), failure.Type())
		require.True(t, failure.NonRetryable())
	}
}

func TestFirstCallSaysWhereTheOrdersEventsGo(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, sandbox.DefaultAPIKey, activities.Options{Endpoints: endpoints{}})
	result, err := firstLook(w, activities.Admission{Reference: "inv-42"})
	require.NoError(t, err)
	require.Equal(t, []string{"lake", "shop"}, result.Rules.Events)
	require.Empty(t, result.Rules.OwnEvents)

	result, err = firstLook(w, activities.Admission{Reference: "inv-42", EventURL: "https://hooks.example.test/tenants/7"})
	require.NoError(t, err)
	require.Equal(t, "tenants", result.Rules.OwnEvents)
}

func TestURLThatNoEndpointTakesIsAnInvalidRequest(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]activities.Options{"another URL": {Endpoints: endpoints{}}, "events are off": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorldWith(t, sandbox.DefaultAPIKey, options)
			_, err := firstLook(w, activities.Admission{Reference: "inv-42", EventURL: "https://evil.example.test/?token=0b3f"})
			why, turned := activities.NotAdmitted(err)
			require.True(t, turned)
			require.Equal(t, ramp.InvalidRequest, why.Type)
			require.Equal(t, "events.url", why.Fields[0].Field)
			require.NotContains(t, err.Error(), "evil")
			require.True(t, nonRetryable(t, err))
		})
	}
}
