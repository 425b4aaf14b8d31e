// Package situation says where an order stands: who must act, until when, why, and what helps. It is the only place that words this;
// the Web UI, the command line and the docs render its result.
//
// Of is a pure function of a ramp.Order, so that workflow code may call it. Texts hold no personal data. Values in them, such as an
// order id, stand in backquotes; Plain removes those.
package situation

import (
	"cmp"
	"strings"
	"time"
	"unicode"

	"rampart/ramp"
)

// Situation is where an order stands.
type Situation struct {
	// Headline says in a phrase what happens now, or how the order ended.
	Headline string
	// Text says in a sentence or two what has to happen next, or why the order ended.
	Text string
	// What is awaited, as a noun, such as "₹1,000 and the UTR"; empty for an order that is over.
	What string
	// From is who must act; empty for an order that is over, and for a status of a later version.
	From ramp.Party
	// Since is when the order came to its status, in UTC; zero if its timeline does not tell.
	Since time.Time
	// Until is when the order stops waiting, in UTC; zero where there is no deadline.
	Until time.Time
	// Over is set for an order that has ended.
	Over bool
	// Concerns are why a person must look at the order, oldest first.
	Concerns []Concern
	// Remedies are what a person can do, the most likely first.
	Remedies []Remedy
}

// Concern is a reason why a person must look at an order, with what helps.
type Concern struct {
	ramp.Concern
	Remedy Remedy
}

// Remedy is what helps in a case.
type Remedy struct {
	// Case is the case in words, such as "The user has paid"; empty for the remedy of a concern.
	Case string
	// Action is what to do, for programs: the message to send, ramp.CancelAction, or one of the actions of this package.
	Action ramp.Action
	// Advice is what to do, in words that continue a sentence.
	Advice string
	// Command is the arguments of starter that do it, with placeholders in capitals; nil where there is no command.
	Command []string
}

// Actions beyond those that an order takes while it runs.
const (
	// Reorder starts an order in place of one that fell through, with the payment that was made for it.
	Reorder ramp.Action = "reorder"
	// Restart starts another order, which needs another payment.
	Restart ramp.Action = "restart"
	// AskSupport asks the provider's support.
	AskSupport ramp.Action = "ask-support"
	// ShowInstructions shows the user how to pay.
	ShowInstructions ramp.Action = "show-instructions"
	// Adopt starts an order that takes over one that exists at the provider only.
	Adopt ramp.Action = "adopt"
	// Operate is for whoever operates the workers.
	Operate ramp.Action = "operate"
)

// Line is the headline and the text in one line, without backquotes.
func (s *Situation) Line() string { return Plain(strings.TrimSpace(s.Headline + ". " + s.Text)) }

// Sentence is the case and what to do in a sentence without backquotes. It ends without a full stop where a command follows.
func (r *Remedy) Sentence() string {
	text := r.Advice
	if r.Case != "" {
		text = r.Case + ": " + text
	}
	text = Plain(strings.ToUpper(text[:1]) + text[1:])
	if r.Command == nil && !strings.HasSuffix(text, "?") {
		text += "."
	}
	return text
}

// Of returns where an order stands. An order of an earlier worker, which does not say what it waits for, is described by its status and
// the text of its attention.
func Of(order *ramp.Order) Situation {
	d := describer{Order: order, waits: order.Wait}
	if d.waits == nil {
		d.waits = usualWait(order)
	}
	s := d.waiting()
	if order.Status.Final() {
		s = d.ended()
	}
	s.Since = Since(order)
	s.Concerns = d.concerns()
	return s
}

// describer words the situation of one order.
type describer struct {
	*ramp.Order
	waits *ramp.Wait
}

// usualWait is what an order in this status usually waits for.
func usualWait(order *ramp.Order) *ramp.Wait {
	from := ramp.Provider
	if order.Status.AwaitsUser() {
		from = ramp.User
	}
	wait := &ramp.Wait{For: usual(order.Status), From: from}
	if order.Status == ramp.AwaitingPayment {
		wait.Until = order.ExpiresAt
	}
	switch {
	case order.Status != ramp.AwaitingPayment:
		return wait
	case order.Proof != nil:
		return &ramp.Wait{For: ramp.WaitProofCheck, From: ramp.Provider}
	case mayBePaid(order):
		return &ramp.Wait{For: ramp.WaitPaymentStatus, From: ramp.Provider}
	default:
		return wait
	}
}

// mayBePaid reports whether an order of an earlier worker that awaits its payment may be paid already: it is open although, by its
// timeline, its deadline has passed or its cancellation was requested. It then asks the provider, and nobody may be told to pay it.
func mayBePaid(order *ramp.Order) bool {
	for _, entry := range order.Timeline {
		if entry.At.After(order.ExpiresAt) || strings.HasPrefix(entry.Note, ramp.CancellationRequested) {
			return true
		}
	}
	return false
}

func usual(status ramp.Status) ramp.WaitFor {
	switch status {
	case ramp.VerifyingKYC:
		return ramp.WaitKYCCheck
	case ramp.AwaitingKYC:
		return ramp.WaitKYCDocuments
	case ramp.LinkingAccount:
		return ramp.WaitAccountLink
	case ramp.AwaitingAccount:
		return ramp.WaitAccount
	case ramp.Quoting:
		return ramp.WaitQuote
	case ramp.AwaitingConfirmation:
		return ramp.WaitConfirmation
	case ramp.CreatingOrder:
		return ramp.WaitOrder
	case ramp.AwaitingPayment:
		return ramp.WaitPayment
	case ramp.VerifyingPayment:
		return ramp.WaitPaymentSearch
	case ramp.Settling:
		return ramp.WaitDelivery
	case ramp.Refunding:
		return ramp.WaitRefund
	default:
		return ""
	}
}

// takes reports whether the order takes an action now. An order of an earlier worker does not tell, and refuses by itself what it does
// not take.
func (d *describer) takes(action ramp.Action) bool {
	if d.Wait == nil {
		return true
	}
	for _, taken := range d.Actions {
		if taken == action {
			return true
		}
	}
	return false
}

// has reports whether the order has a concern of a type.
func (d *describer) has(t ramp.ConcernType) bool {
	for _, c := range d.Concerns {
		if c.Type == t {
			return true
		}
	}
	return false
}

// id names the order on the command line, whatever its direction.
func (d *describer) id() string { return d.Direction.WorkflowID(d.Reference) }

// proof is what the direction's proof of payment is called.
func (d *describer) proof() string {
	if d.Direction == ramp.Offramp {
		return "transaction hash"
	}
	return "UTR"
}

// account is what the account that is linked for the order is called.
func (d *describer) account() string {
	switch {
	case d.AccountKind == ramp.AccountUPI:
		return "UPI ID"
	case d.AccountKind == ramp.AccountBank, d.Direction == ramp.Offramp:
		return "bank account"
	default:
		return "account"
	}
}

// toPay is the one amount that counts, with a space before it: another is refunded, or the order cancelled. It is empty until it is known.
func (d *describer) toPay() string {
	switch {
	case d.Instructions != nil && d.Instructions.Deposit != nil:
		deposit := d.Instructions.Deposit
		return " " + ramp.Amount{Amount: deposit.Amount, Currency: deposit.Symbol}.Text()
	case d.Quote != nil:
		return " " + d.Quote.Pay.Text()
	default:
		return ""
	}
}

// Plain returns a text of a Situation without the backquotes around values.
func Plain(text string) string { return strings.ReplaceAll(text, "`", "") }

// Code returns a value in backquotes, without anything that could end or break them.
func Code(value string) string {
	return "`" + strings.Map(func(r rune) rune {
		if r == '`' || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, value) + "`"
}

// Words returns a status as people read it, such as "awaiting KYC".
func Words(status ramp.Status) string {
	return strings.Replace(strings.ReplaceAll(string(status), "_", " "), "kyc", "KYC", 1)
}

// support says whom to ask about the order, and by which ids.
func (d *describer) support() string {
	id := Code(cmp.Or(d.OrderID, "unknown"))
	if d.Previous != nil && d.Previous.OrderID != "" {
		return "ask the provider's support about both of its orders, " + Code(d.Previous.OrderID) + " and " + id
	}
	return "ask the provider's support about its order " + id
}
