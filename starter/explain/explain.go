package explain

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"

	"rampart/internal/redact"
	"rampart/ramp"
)

// report is an explanation in the making.
type report struct {
	*Evidence
	reader Reader
	story  *story
	// order is its state or result, or nil: then status is all that is known.
	order  *ramp.Order
	status ramp.Status
}

// Explain tells the story that the evidence holds.
func (e *Evidence) Explain(reader Reader) *Explanation {
	r := &report{Evidence: e, reader: reader, story: tell(reader, e.History)}
	r.order = cmp.Or(r.story.order, e.Order)
	r.status = cmp.Or(r.story.status, ramp.VerifyingKYC)
	if r.order != nil {
		r.status = r.order.Status
	}
	r.hearQuery()
	info := e.Execution.GetWorkflowExecutionInfo()
	told := &Explanation{
		Reference: e.ID.Reference, Direction: e.ID.Direction,
		WorkflowID: e.workflowID(), RunID: e.runID(), Workflow: e.state(),
		Ended: r.story.refused(), Status: r.status, OrderID: r.orderID(), Standing: r.standing(),
		StartedAt: moment(info.GetStartTime()), ClosedAt: moment(info.GetCloseTime()),
		Happened: r.story.with(r.order),
		Awaits:   []Awaited{}, Problems: r.problems(),
	}
	told.Advice = r.advice(len(told.Problems) > 0)
	if r.order != nil {
		told.ProviderStatus = redact.Text(r.order.ProviderStatus)
	}
	told.Stray = e.running() && e.stray() != ""
	if len(e.Runs) > 1 {
		told.Runs = e.Runs
	}
	if e.running() && !told.Stray {
		told.Awaits = r.awaits()
	}
	return told
}

// hearQuery takes a worker that fails to tell the order's state for one that fails to continue it.
func (r *report) hearQuery() {
	var failed *serviceerror.QueryFailed
	if r.story.stuck == nil && errors.As(r.Silence, &failed) {
		r.story.stuck = &stuck{reason: redact.Text(failed.Message)}
	}
}

// state is Temporal's word for the state of the order's workflow.
func (e *Evidence) state() string {
	switch status := e.Execution.GetWorkflowExecutionInfo().GetStatus(); status {
	case enumspb.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:
		return "timed_out"
	case enumspb.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW:
		return "continued_as_new"
	default:
		return strings.ToLower(status.String())
	}
}

func (e *Evidence) paused() bool {
	return e.Execution.GetWorkflowExecutionInfo().GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_PAUSED
}

// since is when the order came to its status, as near as it is known.
func (r *report) since() time.Time {
	var since time.Time
	for _, moment := range r.story.with(r.order) {
		if moment.Status != "" {
			since = moment.At
		}
	}
	return since
}

// orderID is the provider's id of the order, as far as it is known.
func (r *report) orderID() string {
	if r.order != nil {
		return r.order.OrderID
	}
	return r.story.orderID
}

// standing is where the order stands, in a sentence or two.
func (r *report) standing() string {
	switch {
	case !r.running() && r.story.ending != "":
		return strings.TrimSuffix(r.story.ending, ".") + "."
	case r.running() && r.stray() != "":
		return "This is no order, and does not go on."
	case !r.running():
		return r.ended()
	case r.submitting():
		return "The provider is asked to take the " + r.proof() + " that the user submitted."
	case r.timeIsOver():
		return "The user's time to pay is over, and the provider is asked whether it has the payment all the same."
	case r.status.AwaitsUser():
		return strings.TrimSpace(r.goesOn() + " " + r.lastWord())
	default:
		return r.goesOn()
	}
}

// lastWord is the order's own note to the status that it is in.
func (r *report) lastWord() string {
	if r.order == nil {
		return ""
	}
	for _, entry := range slices.Backward(r.order.Timeline) {
		if entry.Status == r.status && !isAttention(entry) {
			return redact.Text(entry.Note)
		}
	}
	return ""
}

// ended is how an order with a result ended: its last note says why.
func (r *report) ended() string {
	if r.order == nil {
		return "The order is over, and its result cannot be read here."
	}
	text := "The order is " + string(r.order.Status) + "."
	if delivered := r.order.Settlement; delivered != nil && r.order.Status == ramp.Completed {
		text = "The order is completed: " + amount(delivered.Amount) + " delivered."
	}
	if entries := r.order.Timeline; len(entries) > 0 {
		text += " " + redact.Text(entries[len(entries)-1].Note)
	}
	return strings.TrimSpace(text)
}

func (r *report) goesOn() string {
	switch r.status {
	case ramp.VerifyingKYC:
		return "The provider is asked whether the user's KYC is verified."
	case ramp.AwaitingKYC:
		return "The order waits for the user's KYC documents."
	case ramp.LinkingAccount:
		return "The provider is asked to link the user's account."
	case ramp.AwaitingAccount:
		return "The order waits for another account of the user: the provider did not link the last one."
	case ramp.Quoting:
		return "The price is fetched from the provider."
	case ramp.AwaitingConfirmation:
		return "The order waits for the user to confirm the price."
	case ramp.CreatingOrder:
		return "The order is made at the provider."
	case ramp.AwaitingPayment:
		return "The order waits for the user: for " + r.payment() + ", and its " + r.proof() + "."
	case ramp.VerifyingPayment:
		return "The provider took the " + r.proof() + " and looks for the payment."
	case ramp.Settling:
		return "The provider has the payment and has not delivered yet."
	case ramp.Refunding:
		return "The provider gives the payment back."
	default: // the order is over, and Temporal about to know
		return "The order is " + string(r.status) + "."
	}
}

// submitting reports whether a proof is on its way to the provider.
func (r *report) submitting() bool {
	return r.order != nil && r.order.Proof != nil && !r.order.Accepted()
}

func (r *report) proof() string {
	if r.ID.Direction == ramp.Offramp {
		return "transaction hash"
	}
	return "UTR"
}

// paidBefore reports whether the order is for a payment that was made for an earlier one.
func (r *report) paidBefore() bool { return r.order != nil && r.order.Previous != nil }

// payment is what the user must pay.
func (r *report) payment() string {
	switch {
	case r.paidBefore():
		return "the payment made for order " + r.order.Previous.Reference
	case r.order != nil && r.order.Instructions != nil && r.order.Instructions.Deposit != nil:
		return r.order.Instructions.Deposit.Amount + " " + r.order.Instructions.Deposit.Symbol
	case r.order != nil && r.order.Quote != nil:
		return amount(r.order.Quote.Pay)
	default:
		return "the payment"
	}
}

func amount(a ramp.Amount) string {
	if a.Currency == ramp.INR {
		return "₹" + a.Amount
	}
	return a.Amount + " " + a.Currency
}
