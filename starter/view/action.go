package view

import (
	"strings"

	"rampart/ramp"
	"rampart/ramp/situation"
)

// action prints how to pay, if the user must pay now, and the remedies of the order with their commands.
func (s *Screen) action(order *ramp.Order, options Options) {
	current := situation.Of(order)
	if order.Status == ramp.AwaitingPayment && offers(current.Remedies, situation.ShowInstructions) {
		s.pay(order, options)
	}
	if order.Status == ramp.AwaitingConfirmation && order.Quote != nil {
		s.fact("Quote", clean(order.Quote.ID)+", valid until "+situation.Moment(order.Quote.ExpiresAt))
	}
	s.remedies(current.Remedies, options)
}

// remedies prints the remedies, except the one to show the payment instructions, which are printed already.
func (s *Screen) remedies(all []situation.Remedy, options Options) {
	for _, r := range all {
		if r.Action != situation.ShowInstructions {
			s.remedy(r, options)
		}
	}
}

func (s *Screen) remedy(r situation.Remedy, options Options) {
	s.suggest(r.Sentence(), r.Command, options)
}

// suggest prints an action and the command that does it, if there is one.
func (s *Screen) suggest(what string, arguments []string, options Options) {
	if len(arguments) == 0 {
		s.paragraph("→ ", clean(what))
		return
	}
	s.paragraph("→ ", clean(what)+":")
	s.note(command(options, arguments...))
}

func offers(all []situation.Remedy, action ramp.Action) bool {
	for _, r := range all {
		if r.Action == action {
			return true
		}
	}
	return false
}

// pay prints the payment instructions.
func (s *Screen) pay(order *ramp.Order, options Options) {
	how := order.Instructions
	if how == nil {
		return
	}
	if how.UPI != nil {
		s.payByUPI(order, options)
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
}

func (s *Screen) payByUPI(order *ramp.Order, options Options) {
	upi := order.Instructions.UPI
	drawn := s.live || options.QR
	if drawn {
		s.qr(upi.QR)
	}
	s.fact("Pay", s.toPay(order)+"by UPI to "+s.styles.title.Render(clean(string(upi.VPA))))
	if !drawn && upi.QR != "" {
		s.fact("UPI link", clean(upi.QR))
	}
	for _, link := range upi.DeepLinks {
		if upi.QR == "" || !strings.HasPrefix(link.URL, "upi:") { // a upi: link opens any app, as the QR code does
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

// toPay returns the amount with a space after it; empty without a quote.
func (s *Screen) toPay(order *ramp.Order) string {
	if order.Quote == nil {
		return ""
	}
	return s.styles.title.Render(Amount(order.Quote.Pay)) + " "
}

// command returns a command line that can be pasted into a shell.
func command(options Options, words ...string) string {
	quoted := []string{options.Program}
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
