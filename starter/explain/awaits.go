package explain

import (
	"cmp"
	"slices"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"

	"rampart/internal/redact"
	"rampart/ramp"
)

// Who is waited for.
const (
	user     = "the user"
	provider = "the provider"
	worker   = "a worker"
)

// heartbeat is what a watch records while it runs, as activities.WatchHeartbeat has it.
type heartbeat struct {
	LastAnswer string    `json:"lastAnswer"`
	CheckedAt  time.Time `json:"checkedAt"`
	LastError  string    `json:"lastError"`
}

// awaits is what an order that runs waits for: its user, calls that have no answer yet, the clock, or a worker.
func (r *report) awaits() []Awaited {
	all := r.calls()
	if r.awaitsUser() {
		all = append([]Awaited{r.user()}, all...)
	} else {
		all = append(all, r.story.running()...)
	}
	if task := r.Execution.GetPendingWorkflowTask(); len(all) == 0 || task.GetAttempt() > 1 {
		all = append(all, Awaited{
			What: "the order's next step", From: worker, Attempt: task.GetAttempt(),
			Since: r.waiting(),
		})
	}
	return all
}

// awaitsUser reports whether the order goes on only when its user acts, and nothing else is under way meanwhile.
func (r *report) awaitsUser() bool {
	return r.status.AwaitsUser() && !r.submitting() && !r.timeIsOver()
}

// timeIsOver reports whether the user's time to pay is over, and the order not: the provider is asked once more.
func (r *report) timeIsOver() bool {
	return r.status == ramp.AwaitingPayment && len(r.Execution.GetPendingActivities()) > 0 && r.story.deadline().IsZero()
}

func (r *report) user() Awaited {
	wait := Awaited{From: user, Since: r.since(), Until: r.story.deadline()}
	switch r.status {
	case ramp.AwaitingKYC:
		wait.What = "the KYC documents"
	case ramp.AwaitingAccount:
		wait.What = "another account"
	case ramp.AwaitingConfirmation:
		wait.What = "the confirmation of the price"
	default:
		wait.What = r.payment() + ", and its " + r.proof()
	}
	if r.status == ramp.AwaitingPayment && r.order != nil && !r.order.ExpiresAt.IsZero() {
		wait.Until = r.order.ExpiresAt
	}
	return wait
}

// calls are those without an answer, the oldest first.
func (r *report) calls() []Awaited {
	var all []Awaited
	for _, activity := range r.Execution.GetPendingActivities() {
		all = append(all, r.call(activity))
	}
	slices.SortStableFunc(all, func(a, b Awaited) int { return a.Since.Compare(b.Since) })
	return all
}

func (r *report) call(activity *workflowpb.PendingActivityInfo) Awaited {
	wait := Awaited{
		What: inWords(activity.GetActivityType().GetName()), From: provider,
		Since: moment(activity.GetScheduledTime()), Attempt: activity.GetAttempt(),
	}
	if begun := r.story.pending(activity.GetActivityId()); begun != nil {
		wait.What, wait.Since = begun.summary, begun.At
		if begun.watch && r.Watchers == 0 && activity.GetState() == enumspb.PENDING_ACTIVITY_STATE_SCHEDULED {
			wait.From = worker
		}
	}
	if activity.GetActivityType().GetName() == "ReadMessage" {
		wait.From = worker
	}
	if next := activity.GetNextAttemptScheduleTime(); next != nil && activity.GetState() == enumspb.PENDING_ACTIVITY_STATE_SCHEDULED {
		wait.NextAt = next.AsTime()
	}
	if failure := activity.GetLastFailure(); failure != nil {
		wait.LastFailure = r.reader.said(failure)
	}
	var beat heartbeat
	if r.reader.value(activity.GetHeartbeatDetails(), &beat) {
		wait.LastAnswer, wait.CheckedAt = redact.Text(beat.LastAnswer), beat.CheckedAt
		wait.LastFailure = cmp.Or(redact.Text(beat.LastError), wait.LastFailure)
	}
	return wait
}
