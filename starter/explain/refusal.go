package explain

import (
	"cmp"
	"strings"

	"rampart/ramp"
)

// refusal returns what to do about a start that was refused.
func (r *report) refusal() []Advice {
	switch r.history.refused() {
	case ramp.ReferenceTaken:
		return r.taken()
	case ramp.Unencrypted:
		return []Advice{{What: "The order was not created at the provider. Encrypt the request with the keyset of the workers, and start the order again: " +
			"docs/explanation/security.md has the format for clients in any language. Workers with RAMP_ALLOW_CLEAR=true accept unencrypted requests. The reference is still free."}}
	default:
		return []Advice{{What: "The order was not created at the provider. Correct the request and start it again: the reference is still free."}}
	}
}

// taken returns the advice for a start whose reference belongs to an earlier order.
func (r *report) taken() []Advice {
	all := []Advice{{What: "This run created nothing at the provider. A new order needs a reference of its own."}}
	earlier := r.history.failed
	if earlier.RunID == "" {
		return all
	}
	what := "See the order that has this reference"
	if earlier.Order != nil {
		what += ", which is " + string(earlier.Order.Status)
	}
	return append(all, Advice{What: what, Command: []string{"explain", r.workflowID(), "--run", earlier.RunID}})
}

// notAnOrder says why workers do not run a workflow as an order; it is empty for an order.
func (e *Snapshot) notAnOrder() string {
	info := e.Execution.GetWorkflowExecutionInfo()
	kind, queue := info.GetType().GetName(), cmp.Or(info.GetTaskQueue(), e.Execution.GetExecutionConfig().GetTaskQueue().GetName())
	switch {
	case e.Foreign != "":
		return "its workflow id must be onramp/REFERENCE or offramp/REFERENCE"
	case kind != "" && kind != e.ID.Direction.WorkflowType():
		return "its workflow type is " + kind + " and must be " + e.ID.Direction.WorkflowType()
	case queue != "" && queue != ramp.TaskQueue:
		return "its task queue is " + queue + " and must be " + ramp.TaskQueue
	default:
		return ""
	}
}

// quoted returns a word in shell quotes.
func quoted(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

// notAnOrderProblem is the problem of a workflow that no worker will continue.
func (r *report) notAnOrderProblem() Problem {
	again := "Then start the order"
	if r.Foreign == "" {
		again += " as " + r.ID.Direction.WorkflowType()
	}
	end := "Terminate it: temporal workflow terminate --workflow-id " + quoted(r.workflowID()) + " --reason 'not an order'"
	if !r.history.mayHaveCreated() {
		end = "The order was not created at the provider. " + end
	}
	return Problem{
		What:  "this workflow is not an order, and no worker continues it: " + r.notAnOrder(),
		Since: timeOf(r.Execution.GetWorkflowExecutionInfo().GetStartTime()),
		Advice: []Advice{
			{What: end},
			{What: again + " under another reference, on task queue " + ramp.TaskQueue + ", with the workflow id onramp/REFERENCE or offramp/REFERENCE."},
		},
	}
}
