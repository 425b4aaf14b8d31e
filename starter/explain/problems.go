package explain

import (
	"context"
	"errors"
	"strings"
	"time"

	"rampart/internal/redact"
	"rampart/ramp"
	"rampart/ramp/situation"
	"rampart/starter/connection"
)

// failingFrom is the attempt from which on a failing call is a problem. The order raises a concern later.
const failingFrom = 4

// problems returns the reasons why the order needs a person.
func (r *report) problems() []Problem {
	all := []Problem{}
	if !r.running() {
		if r.history.ending != "" && r.history.refused() == "" {
			all = append(all, r.endedWithoutResult())
		}
		return all
	}
	if r.notAnOrder() != "" {
		return append(all, r.notAnOrderProblem())
	}
	for _, find := range []func() []Problem{r.pause, r.missingWorkers, r.failingTasks, r.concerns, r.failingCalls, r.failingQuery} {
		all = append(all, find()...)
	}
	return all
}

func (r *report) pause() []Problem {
	if !r.paused() {
		return nil
	}
	by := r.Execution.GetWorkflowExtendedInfo().GetPauseInfo()
	return []Problem{{
		What:   "the order is paused by " + who(by.GetIdentity()) + because(by.GetReason()),
		Since:  timeOf(by.GetPausedTime()),
		Advice: []Advice{{What: "Resume it: temporal workflow unpause --workflow-id " + r.workflowID()}},
	}}
}

// missingWorkers returns a problem if no worker serves the order's tasks or its watches.
func (r *report) missingWorkers() []Problem {
	if pinned := r.version(); pinned != nil && r.Workers == 0 {
		return []Problem{{
			What:  "the order is pinned to version " + pinned.GetBuildId() + ", and no worker of it runs",
			Since: r.waiting(),
			Advice: []Advice{
				{What: "Start workers of that version: RAMP_DEPLOYMENT=" + pinned.GetDeploymentName() + " RAMP_BUILD_ID=" + pinned.GetBuildId()},
				{What: "List the versions and their workers", Command: []string{"deployment", "status"}},
				{What: "If that version will not run again, move the order to another one", Command: []string{"deployment", "move", r.workflowID(), "--to", "BUILD"}},
			},
		}}
	}
	switch {
	case r.Workers == 0:
		return []Problem{{
			What:   "no worker runs, and the order makes no progress until one does",
			Since:  r.waiting(),
			Advice: []Advice{{What: "Start a worker. Temporal keeps signals and timers until then; nothing is lost."}},
		}}
	case r.Watchers == 0 && r.watches():
		return []Problem{{
			What:   "no worker polls task queue " + ramp.WatchTaskQueue + " for watches, so the order gets no answers of the provider",
			Advice: []Advice{{What: "Start a worker: every worker polls both task queues."}},
		}}
	}
	return nil
}

// waiting returns since when a workflow task waits for a worker; zero if none does.
func (r *report) waiting() time.Time {
	return timeOf(r.Execution.GetPendingWorkflowTask().GetOriginalScheduledTime())
}

func (r *report) watches() bool {
	for _, activity := range r.Execution.GetPendingActivities() {
		if begun := r.history.pending(activity.GetActivityId()); begun != nil && begun.watch {
			return true
		}
	}
	return false
}

// failingTasks returns a problem if workers fail to continue the order.
func (r *report) failingTasks() []Problem {
	failure := r.history.failure
	if failure == nil {
		return nil
	}
	problem := Problem{What: "the worker cannot continue the order: " + failure.reason, Since: failure.since}
	inspect := inspectKeyset()
	switch {
	case failure.nondeterministic():
		problem.What = "the worker's code does not match the order's history (nondeterminism): " + failure.reason
		problem.Advice = []Advice{
			{What: "Roll back to the previous code, or fix the new code so that it replays the order; the order then continues by itself. See docs/how-to/roll-out.md."},
			{What: "With versions, move the order back to the version that it began on", Command: []string{"deployment", "move", r.workflowID(), "--to", "BUILD"}},
		}
	case failure.missingAttributes():
		problem.What = "the namespace is not set up for orders: " + strings.TrimPrefix(failure.reason, badAttributes+": ")
		problem.Advice = []Advice{{What: "Register the search attributes of orders; the order then continues by itself within ten minutes", Command: []string{"setup"}}}
	case failure.missingKey():
		problem.Advice = []Advice{{What: "Give every worker the keyset that has this key; the order then continues by itself."}, inspect}
	case failure.reason == unreadable:
		problem.Advice = []Advice{
			{What: "Set RAMP_KEYSET_FILE to the keyset of the workers. If it is set, a worker has another keyset: give it this one."}, inspect,
		}
	default:
		problem.Advice = []Advice{{What: "This is a defect of the worker; see its log. The order continues by itself once a fixed worker runs."}}
	}
	return []Problem{problem}
}

// concerns returns the concerns of the order as problems.
func (r *report) concerns() []Problem {
	if r.order == nil {
		if !r.history.attention {
			return nil
		}
		return []Problem{{
			What: "the order needs attention, and no worker answers why", Since: r.history.attentionSince,
			Advice: []Advice{{What: "Its page in the Web UI says why, under Current Details."}},
		}}
	}
	all := []Problem{}
	for _, c := range r.situation.Concerns {
		since := c.Since
		if since.IsZero() { // the order of an earlier worker
			since = r.history.attentionSince
		}
		all = append(all, Problem{
			What: redact.Text(situation.Plain(c.Reason)), Since: since, Concern: c.Type, Advice: []Advice{advise(c.Remedy)},
		})
	}
	return all
}

// failingCalls returns the calls that fail repeatedly, before the order itself raises a concern.
func (r *report) failingCalls() []Problem {
	if r.order == nil || r.order.Attention != "" {
		return nil
	}
	var all []Problem
	for _, wait := range r.calls() {
		if wait.Attempt >= failingFrom && wait.LastFailure != "" {
			all = append(all, Problem{
				What:  "a call fails repeatedly: " + wait.LastFailure,
				Since: wait.Since, Concern: wait.concern, Advice: []Advice{advise(situation.RemedyFor(wait.concern, r.known()))},
			})
		}
	}
	return all
}

// failingQuery returns a problem if workers run and the query for the order's state fails.
func (r *report) failingQuery() []Problem {
	switch {
	case r.QueryError == nil || r.history.failure != nil:
		return nil
	case connection.Transient(r.QueryError) || errors.Is(r.QueryError, context.DeadlineExceeded):
		return []Problem{{
			What:   "no worker answers the query for the order: the workers have just stopped, or are overloaded",
			Since:  r.waiting(),
			Advice: []Advice{{What: "Try again in two minutes. If the problem persists, check the workers' logs and start more workers."}},
		}}
	default:
		return []Problem{{
			What: "the order's state cannot be read: " + redact.Text(r.QueryError.Error()),
			Advice: []Advice{
				{What: "If a key is missing, set RAMP_KEYSET_FILE to the keyset of the workers", Command: []string{"keyset", "inspect"}},
			},
		}}
	}
}
