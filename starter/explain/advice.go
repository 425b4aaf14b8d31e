package explain

import (
	"strings"

	"rampart/ramp"
)

// advice is what to do next about an order as it stands. Where something is wrong, that comes first.
func (r *report) advice(wrong bool) []Advice {
	switch {
	case r.story.refused() != "":
		return r.refusal()
	case !r.running() && r.story.ending != "", r.stray() != "":
		return []Advice{} // its problem has it
	case r.status.Final():
		return r.afterwards()
	case r.Workers == 0 || r.story.stuck != nil:
		return []Advice{} // nobody would answer
	case r.awaitsUser():
		return append(r.message(), r.mayStill()...)
	case wrong:
		return r.mayStill()
	default:
		return append([]Advice{
			{What: "Nothing: the order goes on by itself. To see it do so", Command: []string{"watch", r.workflowID()}},
		}, r.mayStill()...)
	}
}

// unreadSignal is in the reason for which an order asks for attention while it has a signal that no key can read.
const unreadSignal = "signal cannot be read"

// message is what to send the order once its user has done what they must.
func (r *report) message() []Advice {
	switch r.status {
	case ramp.AwaitingKYC:
		return []Advice{{What: "Submit the user's KYC documents", Command: []string{"submit-kyc", r.workflowID(), "DOSSIER-URL"}}}
	case ramp.AwaitingAccount:
		return []Advice{{What: "Submit another account of the user", Command: []string{"submit-account", r.workflowID(), "--file", "account.json"}}}
	case ramp.AwaitingConfirmation:
		quote := "QUOTE"
		if r.order != nil && r.order.Quote != nil {
			quote = r.order.Quote.ID
		}
		return []Advice{{What: "Confirm the price once the user has", Command: []string{"confirm-quote", r.workflowID(), quote}}}
	}
	if r.paidBefore() {
		return []Advice{
			{What: "The user has paid for order " + r.order.Previous.Reference + ", and must not pay again: " + r.order.SupportQuestion() + "."},
			{What: "If the UTR was mistyped", Command: r.submission()},
		}
	}
	if r.order != nil && strings.Contains(r.order.Attention, unreadSignal) {
		return []Advice{{
			What:    "The user may have paid: what cannot be read may be the " + r.proof() + ". If they have it, submit it again; it counts once",
			Command: r.submission(),
		}}
	}
	return []Advice{
		{What: "Show the user how to pay", Command: []string{"status", r.workflowID(), "--qr"}},
		{What: "Submit the " + r.proof() + " once the user has paid", Command: r.submission()},
	}
}

// submission is the command that hands in a proof.
func (r *report) submission() []string {
	if r.ID.Direction == ramp.Offramp {
		return []string{"submit-hash", r.ID.Reference, "TRANSACTION-HASH"}
	}
	return []string{"submit-utr", r.ID.Reference, "UTR"}
}

// mayStill offers to cancel an order while the provider holds nothing of it, and to correct its proof while the provider has
// found no payment by it.
func (r *report) mayStill() []Advice {
	switch r.status {
	case ramp.VerifyingPayment:
		return []Advice{{
			What:    "If the user mistyped the " + r.proof() + ": the right one takes its place until the provider has found the payment",
			Command: r.submission(),
		}}
	case ramp.Settling, ramp.Refunding:
		return []Advice{}
	}
	if r.submitting() {
		return []Advice{}
	}
	return []Advice{{What: "If the user gives up", Command: []string{"cancel", r.workflowID()}}}
}

// afterwards is what may still be to do about an order that is over.
func (r *report) afterwards() []Advice {
	switch {
	case r.status == ramp.Expired, r.status == ramp.Cancelled:
		return r.ifPaid()
	case r.status == ramp.Refunded:
		return []Advice{{What: "Nothing: the provider has given the payment back. A new order needs a new payment."}}
	case r.status == ramp.Rejected:
		return []Advice{{What: "Nothing was paid. Once the reason is gone, start the order anew under another reference."}}
	default:
		return []Advice{{What: "Nothing: the order is over."}}
	}
}

// ifPaid is for an order that ended unpaid, as far as the provider knows.
func (r *report) ifPaid() []Advice {
	switch {
	case r.order == nil && r.orderID() == "":
		return []Advice{{What: "Nothing: the order is over."}}
	case r.order == nil:
		return []Advice{{What: "Nothing, unless the user has paid all the same: the order's result says what helps then, to whoever has the keyset."}}
	case r.order.WayOut() == ramp.NoWayOut:
		return []Advice{{What: "Nothing: the order is over."}}
	}
	what, command := ramp.PaidAdvice(r.order), ramp.ReorderArguments(r.order)
	if command != nil {
		what = strings.TrimSuffix(what, ".")
	}
	return []Advice{{What: what, Command: command}}
}

// endedWithoutResult is a workflow that ended in another way than orders do.
func (r *report) endedWithoutResult() Problem {
	problem := Problem{What: lower(r.story.ending), Since: moment(r.Execution.GetWorkflowExecutionInfo().GetCloseTime())}
	made := r.story.made()
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

// remedy is what helps against a reason for which the order asks for attention, by what the reason says.
func (r *report) remedy(reason string) []Advice {
	const key = "Give every worker the right ONMETA_API_KEY and restart it; the order then goes on by itself."
	const slow = "Lower ONMETA_RATE_LIMIT, or ask the provider for a higher limit. The order goes on by itself."
	const outage = "Look whether the provider has an outage, and whether the workers reach it. The order is kept, and goes on by itself."
	for _, known := range []struct {
		sign, what string
		see        []Advice
	}{
		{"API key", key, nil},
		{"unauthorized", key, nil},
		{"slow down", slow, nil},
		{"rate limited", slow, nil},
		{"store of the KYC documents", "Mend the blob store, or the worker's access to it; the order then goes on by itself.", nil},
		{"cannot be trusted", "Nobody must pay by what the provider told for order" + r.named() + ". Ask the provider about it, cancel it, and start another.", nil},
		{"another currency", "Ask the provider's support what it has delivered, by its order id" + r.named() + ".", nil},
		{"hash that is none", "Ask the provider's support for the transaction, by its order id" + r.named() + ".", nil},
		{"payment instructions", "Ask the provider how the order" + r.named() + " is to be paid and tell the user, or cancel it and start another.", nil},
		{"unavailable", outage, nil},
		{"answer", outage, nil},
		{"pay out", "The provider tries again. Ask it whether the user's bank account is still good, by its order id" + r.named() + ".", nil},
		{"a day after", "Ask the provider what keeps the order, by its order id" + r.named() + ". It is watched on.", nil},
		{"does not take the payment", "Ask the provider's support about both of its orders. The user must not pay again; a mistyped UTR can be corrected.", nil},
		{unreadSignal, "Give every worker the keyset that has this key: the message is then read, and it may be a proof of payment. If no keyset of yours has the key, the message is none of yours, and the order goes on without it.", []Advice{inspectKeyset()}},
		{"Temporal does not tell", "Look whether Temporal's visibility store is well. The order makes nothing before it knows, and goes on by itself.", nil},
		{"expired the order", "Ask the provider for the payment, by its order id" + r.named() + ". It is waited for, an hour at the most.", nil},
	} {
		if strings.Contains(reason, known.sign) {
			return append([]Advice{{What: known.what}}, known.see...)
		}
	}
	return []Advice{{What: "Look into it. The order goes on by itself once it can."}}
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
