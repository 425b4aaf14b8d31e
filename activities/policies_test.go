package activities_test

import (
	"context"
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/onmeta"
	"rampart/ramp"
)

func TestGuideTimingsAreTheGuides(t *testing.T) {
	t.Parallel()
	timings := activities.GuideTimings(1)
	require.Equal(t, 3*time.Hour, timings.OrderLifetime)
	require.Equal(t, 30*time.Second, timings.QuoteLifetime)
	require.Equal(t, 10*time.Second, timings.PollMin)
	require.Equal(t, 15*time.Second, timings.PollMax)
	require.Greater(t, timings.KYCReview, 24*time.Hour, "a manual review takes up to 24 hours")
	require.Equal(t, time.Hour, timings.KYCPause, "too many failed attempts: after an hour")
	require.Equal(t, 24*time.Hour, timings.Overdue)
}

func TestTimingsFollowAFasterClockExceptForQuotes(t *testing.T) {
	t.Parallel()
	require.Equal(t, activities.Timings{
		OrderLifetime: 3 * time.Minute,
		QuoteLifetime: 30 * time.Second,
		PollMin:       time.Second / 6,
		PollMax:       time.Second / 4,
		HintedPoll:    time.Second,
		HintsTrusted:  10 * time.Second,
		SlowPoll:      2 * time.Second,
		KYCReview:     26 * time.Minute,
		KYCPause:      time.Minute,
		Linking:       time.Minute,
		Overdue:       24 * time.Minute,
		LatePayment:   time.Minute,
		Outage:        5 * time.Second,
	}, activities.GuideTimings(60))
}

// attempts runs a call whose provider is down for so many attempts, and returns when each began.
func attempts(t *testing.T, down int, call func(workflow.Context, activities.QuoteBuyRequest) (activities.QuoteResult, error)) ([]time.Time, error) {
	t.Helper()
	w := newWorld(t)
	for range down {
		w.network.once(onmeta.RouteQuoteBuy, refuses(http.StatusServiceUnavailable, "down"))
	}
	env := suite().NewTestWorkflowEnvironment()
	env.RegisterActivity(w.calls)
	var began []time.Time
	env.SetOnActivityStartedListener(func(*activity.Info, context.Context, converter.EncodedValues) { began = append(began, env.Now()) })
	env.ExecuteWorkflow(func(ctx workflow.Context) (activities.QuoteResult, error) { return call(ctx, buy()) })
	return began, env.GetWorkflowError()
}

func TestCallIsRetriedWithGrowingPausesAndThenAsksForAttention(t *testing.T) {
	t.Parallel()
	began, err := attempts(t, 100, activities.QuoteBuy)
	concern, unanswered := activities.Unanswered(err)
	require.True(t, unanswered)
	require.Equal(t, ramp.ConcernProviderUnavailable, concern.Type)
	require.Len(t, began, 8)
	expected := []time.Duration{1, 2, 4, 8, 16, 32, 60}
	jittered := false
	for i, seconds := range expected {
		pause, want := began[i+1].Sub(began[i]), seconds*time.Second
		require.InDelta(t, want, pause, float64(want/10)+float64(10*time.Millisecond), "pause %d", i)
		jittered = jittered || pause.Round(time.Millisecond) != want
	}
	require.True(t, jittered)
}

func TestPatientCallIsRetriedUntilTheProviderAnswers(t *testing.T) {
	t.Parallel()
	began, err := attempts(t, 30, func(ctx workflow.Context, request activities.QuoteBuyRequest) (activities.QuoteResult, error) {
		return activities.QuoteBuy(activities.WithUnlimitedRetries(ctx), request)
	})
	require.NoError(t, err)
	require.Len(t, began, 31)
	for i := 7; i < len(began); i++ {
		requireBetween(t, 54*time.Second, 66*time.Second+10*time.Millisecond, began[i].Sub(began[i-1]))
	}
}

// TestEveryActivityRunsWhereItBelongs calls each activity as orders do.
func TestEveryActivityRunsWhereItBelongs(t *testing.T) {
	t.Parallel()
	const call, upload, watch = 75 * time.Second, 5 * time.Minute, 30 * 24 * time.Hour
	const soon, watched = 8 * time.Second, 5 * time.Minute
	for name, tc := range map[string]struct {
		call      func(workflow.Context) error
		queue     string
		timeout   time.Duration
		heartbeat time.Duration
	}{
		"KYCStatus":             {discarding(activities.KYCStatus), ramp.TaskQueue, call, soon},
		"UploadKYC":             {discarding(activities.UploadKYC), ramp.TaskQueue, upload, soon},
		"WatchKYC":              {discarding(activities.WatchKYC), ramp.WatchTaskQueue, watch, watched},
		"LinkedAccounts":        {discarding(activities.LinkedAccounts), ramp.TaskQueue, call, soon},
		"LinkAccount":           {discarding(activities.LinkAccount), ramp.TaskQueue, call, soon},
		"WatchLink":             {discarding(activities.WatchLink), ramp.WatchTaskQueue, watch, watched},
		"QuoteBuy":              {discarding(activities.QuoteBuy), ramp.TaskQueue, call, soon},
		"QuoteSell":             {discarding(activities.QuoteSell), ramp.TaskQueue, call, soon},
		"CreateOnrampOrder":     {discarding(activities.CreateOnrampOrder), ramp.TaskQueue, call, soon},
		"CreateOfframpOrder":    {discarding(activities.CreateOfframpOrder), ramp.TaskQueue, call, soon},
		"SubmitUTR":             {discarding(activities.SubmitUTR), ramp.TaskQueue, call, soon},
		"SubmitTransactionHash": {discarding(activities.SubmitTransactionHash), ramp.TaskQueue, call, soon},
		"OrderStatus":           {discarding(activities.OrderStatus), ramp.TaskQueue, call, soon},
		"WatchOrder":            {discarding(activities.WatchOrder), ramp.WatchTaskQueue, watch, watched},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			info := started(t, name, tc.call)
			require.Equal(t, tc.queue, info.TaskQueue)
			require.Equal(t, tc.timeout, info.Deadline.Sub(info.StartedTime).Round(time.Second))
			require.Equal(t, tc.heartbeat, info.HeartbeatTimeout)
		})
	}
}

func started(t *testing.T, name string, call func(workflow.Context) error) activity.Info {
	t.Helper()
	env := suite().NewTestWorkflowEnvironment()
	env.RegisterActivity(new(activities.Calls))
	activities.RegisterWatches(env, new(activities.Watches))
	var info activity.Info
	env.SetOnActivityStartedListener(func(started *activity.Info, _ context.Context, _ converter.EncodedValues) { info = *started })
	mockResult(env, name)
	env.ExecuteWorkflow(call)
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, name, info.ActivityType.Name)
	return info
}

func mockResult(env *testsuite.TestWorkflowEnvironment, name string) {
	results := map[string]any{
		"KYCStatus": activities.KYCStatusResult{}, "UploadKYC": activities.UploadKYCResult{},
		"WatchKYC": activities.WatchKYCResult{}, "LinkedAccounts": activities.LinkResult{}, "LinkAccount": activities.LinkResult{},
		"WatchLink": activities.WatchLinkResult{}, "QuoteBuy": activities.QuoteResult{}, "QuoteSell": activities.QuoteResult{},
		"CreateOnrampOrder": activities.CreatedOrder{}, "CreateOfframpOrder": activities.CreatedOrder{}, "SubmitUTR": activities.SubmitResult{},
		"SubmitTransactionHash": activities.SubmitResult{}, "OrderStatus": activities.OrderState{}, "WatchOrder": activities.WatchOrderResult{},
	}
	env.OnActivity(name, mock.Anything, mock.Anything).Return(results[name], nil)
}

func discarding[Request, Result any](call func(workflow.Context, Request) (Result, error)) func(workflow.Context) error {
	return func(ctx workflow.Context) error {
		var request Request
		_, err := call(ctx, request)
		return err
	}
}

func TestCallsOfOrdersThatHaveComeFurtherGoFirst(t *testing.T) {
	t.Parallel()
	steps := []struct {
		name string
		call func(workflow.Context) error
	}{
		{"KYCStatus", discarding(activities.KYCStatus)},
		{"LinkAccount", discarding(activities.LinkAccount)},
		{"QuoteBuy", discarding(activities.QuoteBuy)},
		{"CreateOnrampOrder", discarding(activities.CreateOnrampOrder)},
	}
	before := math.MaxInt
	for _, step := range steps {
		key := priority(t, step.name, step.call)
		require.Less(t, key, before, step.name)
		require.Positive(t, key)
		before = key
	}
	require.Equal(t, before, priority(t, "SubmitUTR", discarding(activities.SubmitUTR)))
	require.Equal(t, priority(t, "KYCStatus", steps[0].call), priority(t, "LinkedAccounts", discarding(activities.PrefetchLinkedAccounts)),
		"it is asked with the first question")
}

// priority is the one with which an activity is scheduled, the highest being 1.
func priority(t *testing.T, name string, call func(workflow.Context) error) int {
	t.Helper()
	env := suite().NewTestWorkflowEnvironment()
	env.RegisterActivity(new(activities.Calls))
	seen := &scheduled{}
	env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{seen}})
	mockResult(env, name)
	env.ExecuteWorkflow(call)
	require.NoError(t, env.GetWorkflowError())
	return seen.options.Priority.PriorityKey
}

// scheduled keeps the options of the last activity.
type scheduled struct {
	interceptor.WorkerInterceptorBase
	options workflow.ActivityOptions
}

func (s *scheduled) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	return &scheduledInbound{next, s}
}

type scheduledInbound struct {
	interceptor.WorkflowInboundInterceptor
	seen *scheduled
}

func (i *scheduledInbound) Init(outbound interceptor.WorkflowOutboundInterceptor) error {
	return i.WorkflowInboundInterceptor.Init(&scheduledOutbound{outbound, i.seen})
}

type scheduledOutbound struct {
	interceptor.WorkflowOutboundInterceptor
	seen *scheduled
}

func (o *scheduledOutbound) ExecuteActivity(ctx workflow.Context, name string, args ...any) workflow.Future {
	o.seen.options = workflow.GetActivityOptions(ctx)
	return o.WorkflowOutboundInterceptor.ExecuteActivity(ctx, name, args...)
}
