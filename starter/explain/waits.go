package explain

import (
	"cmp"
	"slices"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	workflowpb "go.temporal.io/api/workflow/v1"

	"rampart/internal/redact"
	"rampart/ramp"
)

// Values of Awaited.From, besides the clock.
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
	// Concern is the type of what LastError raises.
	Concern ramp.ConcernType `json:"concern"`
}

// awaits returns what a running order waits for: its user, pending calls, timers or a worker.
func (r *report) awaits() []Awaited {
	all := r.calls()
	if r.situation.From == ramp.User {
		all = append([]Awaited{r.user()}, all...)
	} else {
		all = append(all, r.history.runningTimers()...)
	}
	if task := r.Execution.GetPendingWorkflowTask(); len(all) == 0 || task.GetAttempt() > 1 {
		all = append(all, Awaited{
			What: "the order's next step", From: worker, Attempt: task.GetAttempt(),
			Since: r.waiting(),
		})
	}
	return all
}

func (r *report) user() Awaited {
	wait := Awaited{What: r.situation.What, From: user, Since: r.situation.Since, Until: r.situation.Until}
	if wait.Until.IsZero() {
		wait.Until = r.history.deadline()
	}
	return wait
}

// calls returns the pending calls, oldest first.
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
		Since: timeOf(activity.GetScheduledTime()), Attempt: activity.GetAttempt(),
	}
	if begun := r.history.pending(activity.GetActivityId()); begun != nil {
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
		wait.LastFailure, wait.concern = r.reader.failure(failure), concernOf(failure)
	}
	var latest heartbeat
	if r.reader.value(activity.GetHeartbeatDetails(), &latest) {
		wait.LastAnswer, wait.CheckedAt = redact.Text(latest.LastAnswer), latest.CheckedAt
		wait.LastFailure = cmp.Or(redact.Text(latest.LastError), wait.LastFailure)
		wait.concern = cmp.Or(latest.Concern, wait.concern)
	}
	return wait
}

// concernOf returns the type of the concern that a failing call raises. The types of the errors are those of package activities, which
// this package does not import.
func concernOf(failure *failurepb.Failure) ramp.ConcernType {
	switch failure.GetApplicationFailureInfo().GetType() {
	case "ProviderUnauthorized":
		return ramp.ConcernAPIKeyRefused
	case "ProviderRateLimited":
		return ramp.ConcernRateLimited
	case "DossierStoreUnavailable":
		return ramp.ConcernDossierStoreUnavailable
	case "TemporalUnavailable":
		return ramp.ConcernReferenceUnverified
	default:
		return ramp.ConcernProviderUnavailable
	}
}
