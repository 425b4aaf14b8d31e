package explain

import (
	"strings"

	"rampart/ramp"
	"rampart/ramp/situation"
)

// advice is what to do next about an order as it stands. What is wrong comes first, with advice of its own.
func (r *report) advice(wrong bool) []Advice {
	switch {
	case r.history.refused() != "":
		return r.refusal()
	case !r.running() && r.history.ending != "", r.notAnOrder() != "":
		return []Advice{} // its problem has it
	case !r.running() && r.order == nil:
		return []Advice{{What: "What helps now is in the order's result: read it with the keyset of the workers."}}
	case r.running() && (r.Workers == 0 || r.history.failure != nil):
		return []Advice{} // no worker would answer
	}
	all := []Advice{}
	if r.situation.From == ramp.Provider && !wrong {
		all = append(all, Advice{What: "To follow the order, which continues by itself", Command: []string{"watch", r.workflowID()}})
	}
	for _, remedy := range r.situation.Remedies {
		all = append(all, advise(remedy))
	}
	return all
}

// advise is a remedy as advice.
func advise(remedy situation.Remedy) Advice {
	return Advice{What: remedy.Sentence(), Command: remedy.Command}
}

// endedWithoutResult is a workflow that ended in another way than orders do.
func (r *report) endedWithoutResult() Problem {
	problem := Problem{What: lower(r.history.ending), Since: moment(r.Execution.GetWorkflowExecutionInfo().GetCloseTime())}
	made := r.history.made()
	switch {
	case !made:
		problem.Advice = []Advice{{What: "Nothing was made at the provider: start the order anew under another reference."}}
	default:
		problem.Advice = []Advice{{What: "The provider may have made the order, and its user may have paid: ask the provider what became of it, by its order id" + r.named() + ", before anything else."}}
	}
	return problem
}

// lower makes the beginning of a sentence the middle of one.
func lower(sentence string) string {
	return strings.ToLower(sentence[:1]) + sentence[1:]
}

// inspectKeyset shows which keys a keyset has.
func inspectKeyset() Advice {
	return Advice{What: "See which keys a keyset has", Command: []string{"keyset", "inspect"}}
}

// named is the provider's id of the order, to follow a word.
func (r *report) named() string {
	if id := r.orderID(); id != "" {
		return " " + id
	}
	return ""
}
