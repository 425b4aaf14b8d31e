package activities

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"rampart/internal/payloadmeta"
	"rampart/ramp"
)

// How long activities may take and how they are retried.
const (
	// callTimeout bounds one attempt at one call, a login on the way included. It is longer than the provider
	// client's own timeouts, so that no attempt is still talking to the provider when the next one starts.
	callTimeout = 75 * time.Second
	// uploadTimeout bounds one attempt at uploading a KYC dossier.
	uploadTimeout = 5 * time.Minute
	// watchTimeout is a backstop: a watch ends by itself long before.
	watchTimeout = 30 * 24 * time.Hour
	// heartbeatTimeout is how soon a crashed worker's watch is handed to another: within two minutes, the SDK's
	// throttling of heartbeats to one a minute allowed for.
	heartbeatTimeout = 90 * time.Second

	// patience is how many attempts, about four minutes, a call gets before its order asks for attention. It is
	// then tried again for as long as it takes.
	patience = 8
	// forever is a number of attempts that no order reaches. Temporal's zero would mean the same on a server, and ten in
	// the SDK's test environment.
	forever = math.MaxInt32

	// uploadPatience is patience with uploads, which take longer to fail.
	uploadPatience = 2

	firstRetry = time.Second
	// lastRetry is the longest pause between attempts that we choose ourselves.
	lastRetry = time.Minute
	// longestRetryAfter is the longest pause that the provider may ask for with Retry-After.
	longestRetryAfter = 5 * time.Minute
)

// Timings are the durations of the provider's promises. Activities report them in their results, so that a change of
// configuration never changes a running order.
type Timings struct {
	// OrderLifetime is how long an order waits for proof of payment.
	OrderLifetime time.Duration
	// QuoteLifetime is how long a quote is good for.
	QuoteLifetime time.Duration
	// PollMin and PollMax bound the pause between two polls of an order or a linked account.
	PollMin, PollMax time.Duration
	// SlowPoll is the pause between two polls of what takes hours: KYC in review, an overdue order.
	SlowPoll time.Duration
	// KYCReview is how long KYC may take until the order gives up.
	KYCReview time.Duration
	// KYCPause is how long the provider takes no KYC documents of a user after too many failed attempts.
	KYCPause time.Duration
	// Linking is how long linking an account may take until the order gives up.
	Linking time.Duration
	// Overdue is how long after accepted proof an order asks for attention.
	Overdue time.Duration
	// LatePayment is how long a payment may still be found after the provider expired an order whose proof it had taken.
	LatePayment time.Duration
	// Outage is how long polls may fail until the order asks for attention.
	Outage time.Duration
}

// GuideTimings are the provider's: orders live 3 hours, quotes 30 seconds, polls are 10 to 15 seconds apart (guide),
// manual KYC review takes up to 24 hours (provider 3.3), too many failed attempts are held against a user for an hour (provider 13). speed divides all but the quote's life, for a sandbox whose
// clock runs that much faster; 1 is real time.
func GuideTimings(speed float64) Timings {
	scale := func(d time.Duration) time.Duration { return time.Duration(float64(d) / speed) }
	return Timings{
		OrderLifetime: scale(3 * time.Hour),
		QuoteLifetime: 30 * time.Second,
		PollMin:       scale(10 * time.Second),
		PollMax:       scale(15 * time.Second),
		SlowPoll:      scale(2 * time.Minute),
		KYCReview:     scale(26 * time.Hour),
		KYCPause:      scale(time.Hour),
		Linking:       scale(time.Hour),
		Overdue:       scale(24 * time.Hour),
		LatePayment:   scale(time.Hour),
		Outage:        scale(5 * time.Minute),
	}
}

// pollPause is the pause before the next poll, with jitter, so that orders created together do not poll together.
func (t Timings) pollPause() time.Duration {
	if t.PollMax <= t.PollMin {
		return t.PollMin
	}
	return t.PollMin + rand.N(t.PollMax-t.PollMin)
}

// retryPause is the pause after a failed attempt: doubling, with jitter, or what the provider asked for.
func retryPause(attempt int32, retryAfter time.Duration) time.Duration {
	if retryAfter > 0 {
		return min(retryAfter, longestRetryAfter)
	}
	pause := lastRetry
	if attempt < 7 {
		pause = firstRetry << max(attempt-1, 0)
	}
	return pause - pause/10 + rand.N(pause/5)
}

// Priorities of calls, the highest first. The further an order has come, the sooner its next call: while there are more calls
// than the provider lets through, the oldest orders are done first, and the others wait where they have not begun.
const (
	concludes = iota + 1 // the order, its proof, and the look at its end
	prices               // its quote, which does not last
	links                // the user's account
	begins               // the login, and the user's KYC
)

type patienceKey struct{}

// WithUnlimitedRetries makes the calls under ctx be retried until the provider answers, however long that takes. Without it
// they fail with the last error after about four minutes of trying.
func WithUnlimitedRetries(ctx workflow.Context) workflow.Context {
	return workflow.WithValue(ctx, patienceKey{}, true)
}

func attempts(ctx workflow.Context, patience int32) int32 {
	if patiently, _ := ctx.Value(patienceKey{}).(bool); patiently {
		return forever
	}
	return patience
}

// call runs a short provider call.
func call[Result any](ctx workflow.Context, priority int, summary string, activity, request any) (Result, error) {
	return callWithin[Result](ctx, callTimeout, patience, priority, summary, activity, request)
}

// upload runs a call that sends files.
func upload[Result any](ctx workflow.Context, summary string, activity, request any) (Result, error) {
	return callWithin[Result](ctx, uploadTimeout, uploadPatience, begins, summary, activity, request)
}

func callWithin[Result any](
	ctx workflow.Context, timeout time.Duration, patience int32, priority int, summary string, activity, request any,
) (Result, error) {
	return execute[Result](ctx, workflow.ActivityOptions{
		TaskQueue:           ramp.TaskQueue,
		Summary:             summary,
		StartToCloseTimeout: timeout,
		Priority:            temporal.Priority{PriorityKey: priority},
		RetryPolicy:         retryPolicy(attempts(ctx, patience), 2),
	}, activity, request)
}

// watch runs a poll loop that holds a slot of its own task queue for hours.
func watch[Result any](ctx workflow.Context, summary string, activity, request any) (Result, error) {
	return execute[Result](ctx, workflow.ActivityOptions{
		TaskQueue:           ramp.WatchTaskQueue,
		Summary:             summary,
		StartToCloseTimeout: watchTimeout,
		HeartbeatTimeout:    heartbeatTimeout,
		RetryPolicy:         retryPolicy(forever, 1),
	}, activity, request)
}

// execute runs an activity. A failure that no worker of ours can have written must decide nothing: it stops the workflow task,
// which is tried again, and not the order.
func execute[Result any](ctx workflow.Context, options workflow.ActivityOptions, activity, request any) (Result, error) {
	var result Result
	err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), activity, request).Get(ctx, &result)
	if forged := forgery(err); forged != nil {
		panic(forged)
	}
	return result, err
}

// forgery returns what shows that no worker of ours has written an activity's failure, and the server has not either: it gives
// no activity up for being late as a whole, since none is bounded so.
func forgery(err error) error {
	var unauthenticated *payloadmeta.UnauthenticatedError
	if errors.As(err, &unauthenticated) {
		return unauthenticated
	}
	var timeout *temporal.TimeoutError
	if !errors.As(err, &timeout) {
		return nil
	}
	switch timeout.TimeoutType() {
	case enumspb.TIMEOUT_TYPE_SCHEDULE_TO_START, enumspb.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE:
		return &payloadmeta.UnauthenticatedError{Problem: fmt.Sprintf("it is a timeout (%s) that activities here do not have", timeout.TimeoutType())}
	default:
		return nil
	}
}

// retryPolicy spaces attempts that died without an answer; those that failed choose their own pause (see classify),
// which the server caps at MaximumInterval.
func retryPolicy(attempts int32, coefficient float64) *temporal.RetryPolicy {
	return &temporal.RetryPolicy{
		InitialInterval:    firstRetry,
		BackoffCoefficient: coefficient,
		MaximumInterval:    longestRetryAfter,
		MaximumAttempts:    attempts,
	}
}
