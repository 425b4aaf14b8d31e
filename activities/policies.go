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
	"rampart/onmeta"
	"rampart/ramp"
)

// policy is how an activity is executed.
type policy struct {
	// timeout bounds one attempt.
	timeout time.Duration
	// heartbeat is how long an attempt may be silent before the server gives the call to another worker; 0 for as long as the timeout.
	heartbeat time.Duration
	// attempts is how often a call is tried before its error reaches the workflow, which raises a concern and then retries without a
	// limit (WithUnlimitedRetries). Eight attempts take about four minutes.
	attempts int32
	// priority orders the calls that wait while there are more than the provider's rate limit lets through; 1 is the highest. The
	// further an order has come, the sooner its next call is made, so that the oldest orders finish first.
	priority int
}

// The policies of calls. An attempt's timeout includes a login on the way and is longer than the provider client's own timeouts. An attempt
// that the server gives up for its silence may be in flight when the next one starts: docs/explanation/money-safety.md says for each
// call why that makes nothing twice.
var (
	//                   attempt's timeout  heartbeat   attempts  priority
	kycPolicy     = policy{75 * time.Second, callHeartbeatTimeout, 8, 4} // the login and the KYC status
	uploadPolicy  = policy{5 * time.Minute, callHeartbeatTimeout, 2, 4}  // the KYC documents, which take longer to fail
	accountPolicy = policy{75 * time.Second, callHeartbeatTimeout, 8, 3} // the user's account
	quotePolicy   = policy{75 * time.Second, callHeartbeatTimeout, 8, 2} // quotes, which expire
	orderPolicy   = policy{75 * time.Second, callHeartbeatTimeout, 8, 1} // creating an order, its proof, its status, and reading messages
	eventPolicy   = policy{15 * time.Second, 0, 8, 5}                    // handing over events, which no order waits for
	recordPolicy  = policy{30 * time.Second, 0, 8, 5}                    // keeping the record of an order that has ended
	onceOnly      = policy{75 * time.Second, 0, 1, 1}                    // reading a message that may have to be given up
)

const (
	// unlimited is a number of attempts that no call reaches. Zero would mean the same to a server, but ten attempts in the SDK's test
	// environment.
	unlimited = math.MaxInt32
	// minRetryPause and maxRetryPause bound the pause between attempts, which doubles.
	minRetryPause = time.Second
	maxRetryPause = time.Minute
	// maxRetryAfter is the longest Retry-After of the provider that is obeyed.
	maxRetryAfter = 5 * time.Minute

	// watchTimeout is a backstop: a watch returns long before.
	watchTimeout = 30 * 24 * time.Hour
	// heartbeatTimeout is how soon a watch is given to another worker if no lease does that (WorkerLease), as when the task was lost with its
	// connection. Between two heartbeats there may be a slow poll beside the interval. A heartbeat costs several times as much as a poll
	// (docs/explanation/performance.md).
	heartbeatTimeout = 5 * time.Minute
	// heartbeatInterval is how often a watch heartbeats while nothing changes. A change is sent within a minute, as the SDK sends no more.
	heartbeatInterval = 2 * time.Minute
)

// Timings are how long things take at the provider. Activities report them in their results, so that a change of configuration never
// changes a running order.
type Timings struct {
	// OrderLifetime is how long an order waits for proof of payment.
	OrderLifetime time.Duration
	// QuoteLifetime is how long a quote is valid.
	QuoteLifetime time.Duration
	// PollMin and PollMax bound the pause between two polls of an order or a linked account.
	PollMin, PollMax time.Duration
	// HintedPoll is the pause between two polls of an order whose changes the provider's webhooks tell, and HintsTrusted is how long after
	// the latest webhook they are expected to.
	HintedPoll, HintsTrusted time.Duration
	// SlowPoll is the pause between two polls of what takes hours: KYC in review, an overdue order.
	SlowPoll time.Duration
	// KYCReview is how long the provider may take to verify a user's KYC before the order is rejected.
	KYCReview time.Duration
	// KYCPause is how long the provider accepts no KYC documents of a user after too many failed attempts.
	KYCPause time.Duration
	// Linking is how long the provider may take to link an account before the order is rejected.
	Linking time.Duration
	// Overdue is how long after an accepted proof an order raises a concern.
	Overdue time.Duration
	// LatePayment is how long a payment may still be found after the provider expired an order whose proof it had accepted.
	LatePayment time.Duration
	// Outage is how long polls may fail before the order raises a concern.
	Outage time.Duration
}

// GuideTimings returns the provider's timings: orders live 3 hours, quotes 30 seconds, polls are 10 to 15 seconds apart (guide); a
// manual KYC review takes up to 24 hours (provider 3.3), and too many failed attempts block a user for an hour (provider 13). speed
// divides all of them but the quote's lifetime, for a sandbox whose clock runs that much faster; 1 is real time.
func GuideTimings(speed float64) Timings {
	scale := func(d time.Duration) time.Duration { return time.Duration(float64(d) / speed) }
	return Timings{
		OrderLifetime: scale(3 * time.Hour),
		QuoteLifetime: onmeta.QuoteValidity,
		PollMin:       scale(10 * time.Second),
		PollMax:       scale(15 * time.Second),
		HintedPoll:    scale(time.Minute),
		HintsTrusted:  scale(10 * time.Minute),
		SlowPoll:      scale(2 * time.Minute),
		KYCReview:     scale(26 * time.Hour),
		KYCPause:      scale(time.Hour),
		Linking:       scale(time.Hour),
		Overdue:       scale(24 * time.Hour),
		LatePayment:   scale(time.Hour),
		Outage:        scale(5 * time.Minute),
	}
}

// lifetimeLeft is what is left of the lifetime of an order of this age by the provider's clock, which may run faster than ours.
func (t Timings) lifetimeLeft(age time.Duration) time.Duration {
	left := 1 - float64(max(age, 0))/float64(GuideTimings(1).OrderLifetime)
	return time.Duration(max(left, 0) * float64(t.OrderLifetime))
}

// pollPause is the pause before the next poll, with jitter, so that orders created together do not poll together for long. Polls of this
// process come in groups, ten a second, because to wake up for each costs about as much as the poll (docs/explanation/performance.md).
func (t Timings) pollPause() time.Duration {
	together := (t.PollMax - t.PollMin) / pollGroups
	if together <= 0 {
		return t.PollMin
	}
	pause := t.PollMin + rand.N(t.PollMax-t.PollMin-together)
	due := time.Now().Add(pause + groupPhase)
	return pause + together - due.Sub(due.Truncate(together))
}

// pollGroups is how many groups of polls there are between the least and the longest pause, and groupPhase keeps those of several processes apart.
const pollGroups = 50

var groupPhase = rand.N(time.Second)

// retryPause is the pause after a failed attempt: the provider's Retry-After, or else doubling, with jitter.
func retryPause(attempt int32, retryAfter time.Duration) time.Duration {
	if retryAfter > 0 {
		return min(retryAfter, maxRetryAfter)
	}
	pause := maxRetryPause
	if attempt < 7 {
		pause = minRetryPause << max(attempt-1, 0)
	}
	return pause - pause/10 + rand.N(pause/5)
}

type unlimitedRetriesKey struct{}

// WithUnlimitedRetries returns a context under which calls are retried until they are answered. Without it they fail with the last
// error after about four minutes.
func WithUnlimitedRetries(ctx workflow.Context) workflow.Context {
	return workflow.WithValue(ctx, unlimitedRetriesKey{}, true)
}

// call runs an activity of Calls.
func call[Result any](ctx workflow.Context, p policy, summary string, activity, request any) (Result, error) {
	attempts := p.attempts
	if forever, _ := ctx.Value(unlimitedRetriesKey{}).(bool); forever {
		attempts = unlimited
	}
	return execute[Result](ctx, workflow.ActivityOptions{
		TaskQueue:           ramp.TaskQueue,
		Summary:             summary,
		StartToCloseTimeout: p.timeout,
		HeartbeatTimeout:    p.heartbeat,
		Priority:            temporal.Priority{PriorityKey: p.priority},
		RetryPolicy:         retryPolicy(attempts, 2),
	}, activity, request)
}

// watch runs an activity of Watches.
func watch[Result any](ctx workflow.Context, summary string, activity, request any) (Result, error) {
	return execute[Result](ctx, workflow.ActivityOptions{
		TaskQueue:           ramp.WatchTaskQueue,
		Summary:             summary,
		StartToCloseTimeout: watchTimeout,
		HeartbeatTimeout:    heartbeatTimeout,
		RetryPolicy:         retryPolicy(unlimited, 1),
	}, activity, request)
}

// execute runs an activity. A failure that no worker of ours can have written decides nothing: it fails the workflow task, which is
// retried, and not the order.
func execute[Result any](ctx workflow.Context, options workflow.ActivityOptions, activity, request any) (Result, error) {
	var result Result
	err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), activity, request).Get(ctx, &result)
	if forged := forgery(err); forged != nil {
		panic(forged)
	}
	return result, err
}

// forgery returns the evidence that an activity's failure was written neither by a worker of ours nor by the server. The server fails
// no activity with a timeout of its whole duration, because no activity has one.
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
		return &payloadmeta.UnauthenticatedError{Problem: fmt.Sprintf("it is a timeout (%s) that no activity has", timeout.TimeoutType())}
	default:
		return nil
	}
}

// retryPolicy spaces attempts that ended without an answer. Attempts that failed choose their own pause (see classify), which the
// server caps at MaximumInterval.
func retryPolicy(attempts int32, coefficient float64) *temporal.RetryPolicy {
	return &temporal.RetryPolicy{
		InitialInterval:    minRetryPause,
		BackoffCoefficient: coefficient,
		MaximumInterval:    maxRetryAfter,
		MaximumAttempts:    attempts,
	}
}
