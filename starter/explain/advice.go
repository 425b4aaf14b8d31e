package explain

import (
	"strings"

	"rampart/ramp"
	"rampart/ramp/situation"
)

// advice returns what to do next. Problems have advice of their own; problems reports whether there are any.
func (r *report) advice(problems bool) []Advice {
	switch {
	case r.history.refused() != "":
		return r.refusal()
	case !r.running() && r.history.ending != "", r.notAnOrder() != "":
		return []Advice{} // its problem has the advice
	case !r.running() && r.order == nil:
		return []Advice{{What: "Read the order's result with the keyset of the workers: set RAMP_KEYSET_FILE. The result says what to do."}}
	case r.running() && (r.Workers == 0 || r.history.failure != nil):
		return []Advice{} // no worker would process a message
	}
	all := []Advice{}
	if r.situation.From == ramp.Provider && !problems {
		all = append(all, Advice{What: "Follow the order, which continues by itself", Command: []string{"watch", r.workflowID()}})
	}
	for _, remedy := range r.situation.Remedies {
		all = append(all, advise(remedy))
	}
	return all
}

// advise returns a remedy as advice.
func advise(remedy situation.Remedy) Advice {
	return Advice{What: remedy.Sentence(), Command: remedy.Command}
}

// endedWithoutResult is the problem of a workflow that did not end with an order as its result.
func (r *report) endedWithoutResult() Problem {
	problem := Problem{What: lower(r.history.ending), Since: timeOf(r.Execution.GetWorkflowExecutionInfo().GetCloseTime())}
	if r.history.mayHaveCreated() {
		problem.Advice = []Advice{{What: "The provider may have created the order" + r.providerOrder() + ", and its user may have paid: ask the provider's support for " +
			"its state before you do anything else."}}
	} else {
		problem.Advice = []Advice{{What: "The order was not created at the provider: start it again under another reference."}}
	}
	return problem
}

// lower returns a sentence with its first letter in lower case.
func lower(sentence string) string {
	return strings.ToLower(sentence[:1]) + sentence[1:]
}

// inspectKeyset is the advice to list the keys of a keyset.
func inspectKeyset() Advice {
	return Advice{What: "List the keys of a keyset", Command: []string{"keyset", "inspect"}}
}

// providerOrder returns the provider's id of the order, with a space before it, or an empty string.
func (r *report) providerOrder() string {
	if id := r.orderID(); id != "" {
		return " " + id
	}
	return ""
}
