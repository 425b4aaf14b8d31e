package explain

import (
	"cmp"
	"strings"

	"rampart/ramp"
)

// refusal is what to do about a run that never was an order.
func (r *report) refusal() []Advice {
	switch r.history.refused() {
	case ramp.ReferenceTaken:
		return r.taken()
	case ramp.Unencrypted:
		return []Advice{{What: "Nothing was made at the provider. Start it again, encrypted with the keyset of the workers: docs/explanation/security.md has the " +
			"format for clients in any language. Workers with RAMP_ALLOW_CLEAR=true take requests in clear. What was refused does not take its reference."}}
	default:
		return []Advice{{What: "Nothing was made at the provider. Correct the request, and start it again: what was refused does not take its reference."}}
	}
}

// taken leads to the order that has the reference.
func (r *report) taken() []Advice {
	all := []Advice{{What: "This run has made nothing at the provider. A new order needs a reference of its own."}}
	holder := r.history.failed
	if holder.RunID == "" {
		return all
	}
	what := "See the order that has the reference"
	if holder.Order != nil {
		what += ", which is " + string(holder.Order.Status)
	}
	return append(all, Advice{What: what, Command: []string{"explain", r.workflowID(), "--run", holder.RunID}})
}

// stray says why a workflow that runs is none that workers take for an order; empty for an order.
func (e *Snapshot) notAnOrder() string {
	info := e.Execution.GetWorkflowExecutionInfo()
	kind, queue := info.GetType().GetName(), cmp.Or(info.GetTaskQueue(), e.Execution.GetExecutionConfig().GetTaskQueue().GetName())
	switch {
	case e.Foreign != "":
		return "its workflow id is none of an order's, which is onramp/ or offramp/ and the reference"
	case kind != "" && kind != e.ID.Direction.WorkflowType():
		return "its workflow is of type " + kind + ", and the order's is " + e.ID.Direction.WorkflowType()
	case queue != "" && queue != ramp.TaskQueue:
		return "it waits on task queue " + queue + ", and orders are taken from " + ramp.TaskQueue
	default:
		return ""
	}
}

// quoted is a word for a shell, whatever it holds.
func quoted(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

// hangs tells of a workflow that no worker will continue as an order.
func (r *report) hangs() Problem {
	again := "Then start the order"
	if r.Foreign == "" {
		again += " as " + r.ID.Direction.WorkflowType()
	}
	end := "End it: temporal workflow terminate --workflow-id " + quoted(r.workflowID()) + " --reason 'no order'"
	if !r.history.made() {
		end = "Nothing was made at the provider. " + end
	}
	return Problem{
		What:  "this is no order, and hangs: " + r.notAnOrder(),
		Since: moment(r.Execution.GetWorkflowExecutionInfo().GetStartTime()),
		Advice: []Advice{
			{What: end},
			{What: again + " under another reference, on task queue " + ramp.TaskQueue + ", with the workflow id onramp/REFERENCE or offramp/REFERENCE."},
		},
	}
}
