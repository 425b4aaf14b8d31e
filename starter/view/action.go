package view

import (
	"strings"

	"rampart/ramp"
)

// action prints what the user must do now, and the command that tells the order of it.
func (s *Screen) action(order *ramp.Order, desk Desk) {
	switch order.Status {
	case ramp.AwaitingPayment:
		s.pay(order, desk)
	case ramp.AwaitingConfirmation:
		s.confirm(order, desk)
	case ramp.AwaitingKYC:
		s.why(order)
		s.next(desk, "submit-kyc", id(order), "DOSSIER-URL")
	case ramp.AwaitingAccount:
		s.why(order)
		s.next(desk, "submit-account", id(order), "--file", "account.json")
	case ramp.VerifyingPayment:
		s.next(desk, "watch", id(order))
		s.fact("If mistyped", command(desk, submission(order)...))
	case ramp.Expired, ramp.Cancelled:
		s.ifPaid(order, desk)
	default:
		if !order.Status.Final() {
			s.next(desk, "watch", id(order))
		}
	}
}

// ifPaid prints what is left to a user who has paid.
func (s *Screen) ifPaid(order *ramp.Order, desk Desk) {
	if advice := ramp.PaidAdvice(order); advice != "" {
		s.fact("If it was paid", clean(advice))
	}
	if again := ramp.ReorderArguments(order); again != nil {
		s.next(desk, again...)
	}
}

func (s *Screen) pay(order *ramp.Order, desk Desk) {
	if order.Previous != nil {
		s.paidBefore(order, desk)
		return
	}
	how := order.Instructions
	if how == nil {
		return
	}
	if how.UPI != nil {
		s.payByUPI(order, desk)
	}
	if how.Bank != nil {
		s.payByTransfer(order)
	}
	if how.Deposit != nil {
		s.fact("Send", clean(how.Deposit.Amount+" "+how.Deposit.Symbol)+" on "+Chain(how.Deposit.ChainID))
		s.fact("to wallet", s.styles.title.Render(clean(how.Deposit.WalletAddress)))
	}
	if how.CheckoutURL != "" {
		s.fact("Pay", s.toPay(order)+"on the provider's page")
		s.fact("at", clean(how.CheckoutURL))
	}
	s.next(desk, submission(order)...)
}

// paidBefore is for an order whose user has paid for an earlier one, and must not pay again.
func (s *Screen) paidBefore(order *ramp.Order, desk Desk) {
	s.fact("Do not pay again", "the user has paid for order "+clean(order.Previous.Reference))
	s.fact("If refused", clean(order.SupportQuestion()))
	s.fact("If mistyped", command(desk, submission(order)...))
}

// submission is the command that hands in a proof.
func submission(order *ramp.Order) []string {
	if order.Direction == ramp.Offramp {
		return []string{"submit-hash", order.Reference, "TRANSACTION-HASH"}
	}
	return []string{"submit-utr", order.Reference, "UTR"}
}

func (s *Screen) payByUPI(order *ramp.Order, desk Desk) {
	upi := order.Instructions.UPI
	drawn := s.live || desk.QR
	if drawn {
		s.qr(upi.QR)
	}
	s.fact("Pay", s.toPay(order)+"by UPI to "+s.styles.title.Render(clean(string(upi.VPA))))
	if !drawn && upi.QR != "" {
		s.fact("UPI link", clean(upi.QR))
	}
	for _, link := range upi.DeepLinks {
		if upi.QR == "" || !strings.HasPrefix(link.URL, "upi:") { // the code is a link to any app already
			s.fact("in "+clean(link.Name), clean(link.URL))
		}
	}
}

func (s *Screen) payByTransfer(order *ramp.Order) {
	to := order.Instructions.Bank
	s.fact("Pay", s.toPay(order)+"by bank transfer")
	s.fact("to", clean(string(to.Name)))
	s.fact("account", s.styles.title.Render(clean(string(to.AccountNumber))))
	s.fact("IFSC", clean(string(to.IFSC)))
}

// toPay is the amount, with a space after it; an order without a quote does not say.
func (s *Screen) toPay(order *ramp.Order) string {
	if order.Quote == nil {
		return ""
	}
	return s.styles.title.Render(Amount(order.Quote.Pay)) + " "
}

func (s *Screen) confirm(order *ramp.Order, desk Desk) {
	if order.Quote == nil {
		return
	}
	s.fact("Quote", clean(order.Quote.ID)+", good until "+Moment(order.Quote.ExpiresAt))
	s.next(desk, "confirm-quote", id(order), order.Quote.ID)
}

// why prints what led to where the order stands.
func (s *Screen) why(order *ramp.Order) {
	if entries := order.Timeline; len(entries) > 0 && entries[len(entries)-1].Note != "" {
		s.fact("Why", said(entries[len(entries)-1].Note))
	}
}

// next prints the command that comes next.
func (s *Screen) next(desk Desk, words ...string) {
	s.fact("Next", command(desk, words...))
}

func id(order *ramp.Order) string {
	return order.Direction.WorkflowID(order.Reference)
}

// command is a command line that can be pasted into a shell.
func command(desk Desk, words ...string) string {
	quoted := []string{desk.Program}
	for _, word := range words {
		quoted = append(quoted, quote(clean(word)))
	}
	return strings.Join(quoted, " ")
}

// quote quotes a word for a shell unless it needs no quoting.
func quote(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:", r)
	}
	if word != "" && strings.TrimFunc(word, plain) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
