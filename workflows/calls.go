package workflows

import (
	"cmp"
	"time"

	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/ramp"
)

// untilAnswered makes a call to the provider until that answers it. While that takes long, the order needs attention.
func untilAnswered[Result any](
	ctx workflow.Context, o *orderRun, call func(workflow.Context) (Result, error),
) (Result, error) {
	result, err := call(ctx)
	concern, unanswered := activities.Unanswered(err)
	if !unanswered {
		return result, err
	}
	o.raiseConcern(ctx, concern.Type, concern.Reason)
	defer o.clearConcern(ctx, outage)
	if pause := activities.RetryAfter(err); pause > 0 {
		timer := workflow.NewTimerWithOptions(ctx, pause, workflow.TimerOptions{Summary: "Until the provider is asked again"})
		if err := timer.Get(ctx, nil); err != nil {
			return result, err
		}
	}
	return call(activities.WithUnlimitedRetries(ctx))
}

// watchUntilAnswered runs a watch until that decides or its time is up. While the provider does not answer, the order needs
// attention.
func (o *orderRun) watchUntilAnswered(
	ctx workflow.Context, wait activities.Wait, watch func(activities.Wait) (activities.WatchEnd, error),
) (activities.End, error) {
	for {
		stopped, err := watch(wait)
		if err != nil {
			return "", err
		}
		wait.InOutage, wait.RetryAfter, wait.PollNow = stopped.End == activities.Outage, stopped.RetryAfter, false
		if wait.InOutage {
			o.raiseConcern(ctx, cmp.Or(stopped.Concern, ramp.ConcernProviderUnavailable), stopped.Problem)
			continue
		}
		o.clearConcern(ctx, outage)
		if stopped.End != activities.Recovered {
			return stopped.End, nil
		}
	}
}

// waitFor blocks until done or the limit, and reports whether done. The SDK's AwaitWithTimeout would leave its timer behind.
func waitFor(ctx workflow.Context, limit time.Duration, summary string, done func() bool) (bool, error) {
	timed, stop := workflow.WithCancel(ctx)
	defer stop()
	timer := workflow.NewTimerWithOptions(timed, limit, workflow.TimerOptions{Summary: summary})
	err := workflow.Await(ctx, func() bool { return done() || timer.IsReady() })
	if err == nil {
		err = ctx.Err() // a cancelled timer is ready too
	}
	return done(), err
}

// userTime is how long an order waits for its user to submit a KYC dossier or another account.
const userTime = 24 * time.Hour

// waitForUser waits until the user has acted, or the time for that is over, and reports whether the user has acted.
func (o *orderRun) waitForUser(ctx workflow.Context, what string, acted func() bool) (bool, error) {
	if acted() {
		return true, nil
	}
	return waitFor(ctx, userTime, "The user's time to submit "+what, acted)
}

// disconnected returns a context that a cancellation of the order does not cancel.
func disconnected(ctx workflow.Context) workflow.Context {
	protected, _ := workflow.NewDisconnectedContext(ctx)
	return protected
}

func now(ctx workflow.Context) time.Time { return workflow.Now(ctx).UTC() }
