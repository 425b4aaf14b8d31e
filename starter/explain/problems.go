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

// failingFrom is the attempt from which on a failing call is a problem. The order itself asks for attention later.
const failingFrom = 4

// problems is why somebody must look at the order.
func (r *report) problems() []Problem {
	all := []Problem{}
	if !r.running() {
		if r.history.ending != "" && r.history.refused() == "" {
			all = append(all, r.endedWithoutResult())
		}
		return all
	}
	if r.notAnOrder() != "" {
		return append(all, r.hangs())
	}
	for _, find := range []func() []Problem{r.pause, r.workerless, r.unable, r.concerns, r.failing, r.silent} {
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
		Since:  moment(by.GetPausedTime()),
		Advice: []Advice{{What: "Let it go on: temporal workflow unpause --workflow-id " + r.workflowID()}},
	}}
}

// workerless tells that nobody is there to do what must be done next.
func (r *report) workerless() []Problem {
	if pinned := r.version(); pinned != nil && r.Workers == 0 {
		return []Problem{{
			What:  "the order belongs to version " + pinned.GetBuildId() + ", of which no worker runs",
			Since: r.waiting(),
			Advice: []Advice{
				{What: "Start workers of that version: RAMP_DEPLOYMENT=" + pinned.GetDeploymentName() + " RAMP_BUILD_ID=" + pinned.GetBuildId()},
				{What: "See which versions have workers", Command: []string{"deployment", "status"}},
				{What: "If it is gone for good, move the order to another", Command: []string{"deployment", "move", r.workflowID(), "--to", "BUILD"}},
			},
		}}
	}
	switch {
	case r.Workers == 0:
		return []Problem{{
			What:   "no worker runs: nothing that happens reaches the order until one does",
			Since:  r.waiting(),
			Advice: []Advice{{What: "Start a worker. Signals are kept until then, and nothing of the order is lost."}},
		}}
	case r.Watchers == 0 && r.watches():
		return []Problem{{
			What:   "no worker takes watches (task queue " + ramp.WatchTaskQueue + "): the order does not hear of the provider",
			Advice: []Advice{{What: "Start a worker: each serves both task queues."}},
		}}
	}
	return nil
}

// waiting is since when something waits for a worker; zero if nothing does.
func (r *report) waiting() time.Time {
	return moment(r.Execution.GetPendingWorkflowTask().GetOriginalScheduledTime())
}

func (r *report) watches() bool {
	for _, activity := range r.Execution.GetPendingActivities() {
		if begun := r.history.pending(activity.GetActivityId()); begun != nil && begun.watch {
			return true
		}
	}
	return false
}

// unable tells that workers fail to continue the order.
func (r *report) unable() []Problem {
	how := r.history.failure
	if how == nil {
		return nil
	}
	problem := Problem{What: "the worker cannot continue the order: " + how.reason, Since: how.since}
	inspect := inspectKeyset()
	switch {
	case how.nondeterministic():
		problem.What = "the worker's code is not what the order began with (nondeterminism): " + how.reason
		problem.Advice = []Advice{
			{What: "Bring the former code back, or mend the new one so that it replays the order; the order then goes on by itself. docs/how-to/roll-out.md tells how."},
			{What: "With versions, move the order back to the one it began on", Command: []string{"deployment", "move", r.workflowID(), "--to", "BUILD"}},
		}
	case how.unprepared():
		problem.What = "the namespace is not set up for orders: " + strings.TrimPrefix(how.reason, badAttributes+": ")
		problem.Advice = []Advice{{What: "Register the search attributes of orders, unless that was done meanwhile; the order then goes on by itself, within ten minutes", Command: []string{"setup"}}}
	case how.keyless():
		problem.Advice = []Advice{{What: "Give every worker the keyset that has this key; the order then goes on by itself."}, inspect}
	case how.reason == unreadable:
		problem.Advice = []Advice{
			{What: "Read it with the keyset of the workers: set RAMP_KEYSET_FILE. If that is set, some worker has another keyset: give it this one."}, inspect,
		}
	default:
		problem.Advice = []Advice{{What: "It is a defect of the worker: its log tells more. Once a mended worker runs, the order goes on by itself."}}
	}
	return []Problem{problem}
}

// concerns are those of the order itself.
func (r *report) concerns() []Problem {
	if r.order == nil {
		if !r.history.attention {
			return nil
		}
		return []Problem{{
			What: "the order asks for attention, and no worker can be asked why", Since: r.history.attentionSince,
			Advice: []Advice{{What: "Its page in the Web UI says why, under its details."}},
		}}
	}
	all := []Problem{}
	for _, c := range r.situation.Concerns {
		since := c.Since
		if since.IsZero() { // of an order of an earlier worker
			since = r.history.attentionSince
		}
		all = append(all, Problem{
			What: redact.Text(situation.Plain(c.Reason)), Since: since, Concern: c.Type, Advice: []Advice{advise(c.Remedy)},
		})
	}
	return all
}

// failing tells of calls that fail again and again, before the order itself asks for attention.
func (r *report) failing() []Problem {
	if r.order == nil || r.order.Attention != "" {
		return nil
	}
	var all []Problem
	for _, wait := range r.calls() {
		if wait.Attempt >= failingFrom && wait.LastFailure != "" {
			all = append(all, Problem{
				What:  "a call fails again and again: " + wait.LastFailure,
				Since: wait.Since, Concern: wait.concern, Advice: []Advice{advise(situation.Against(wait.concern, r.known()))},
			})
		}
	}
	return all
}

// silent tells that workers run, and still the order's state cannot be told.
func (r *report) silent() []Problem {
	switch {
	case r.QueryError == nil || r.history.failure != nil:
		return nil
	case connection.Transient(r.QueryError) || errors.Is(r.QueryError, context.DeadlineExceeded):
		return []Problem{{
			What:   "no worker answers for the order: they have just stopped, or have too much to do",
			Since:  r.waiting(),
			Advice: []Advice{{What: "Look again in two minutes. If it stays so, look at the workers' logs, and start more of them."}},
		}}
	default:
		return []Problem{{
			What: "the order's state cannot be read: " + redact.Text(r.QueryError.Error()),
			Advice: []Advice{
				{What: "If it is for want of a key, set RAMP_KEYSET_FILE to the keyset of the workers", Command: []string{"keyset", "inspect"}},
			},
		}}
	}
}
