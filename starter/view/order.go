package view

import (
	"cmp"
	"strings"
	"time"

	"rampart/ramp"
	"rampart/ramp/situation"
)

// labelWidth is the width of the longest label.
const labelWidth = len("Provider's order")

// Options are what a view shows beside the order: links to the Web UI, suggested commands, and times relative to now.
type Options struct {
	// Program is the name of the program in suggested commands.
	Program string
	WebUI   WebUI
	Now     time.Time
	// QR draws QR codes also if the output is not a terminal.
	QR bool
}

// Order prints an order: its situation, facts, timeline and remedies.
func (s *Screen) Order(order *ramp.Order, options Options) {
	s.headline(order, options)
	s.facts(order, options)
	s.Blank()
	NewTimeline(s).Update(order)
	s.Blank()
	s.action(order, options)
	s.link(order, options)
}

// Started prints an order that was just started: its situation, facts and remedies.
func (s *Screen) Started(order *ramp.Order, options Options) {
	s.headline(order, options)
	s.facts(order, options)
	s.Blank()
	s.action(order, options)
	s.link(order, options)
}

// Ended prints an order that has ended: its situation, facts and remedies.
func (s *Screen) Ended(order *ramp.Order, options Options) {
	s.headline(order, options)
	s.facts(order, options)
	s.action(order, options)
	s.link(order, options)
}

// headline prints the order's name, status, concerns and situation.
func (s *Screen) headline(order *ramp.Order, options Options) {
	symbol, style := s.styles.status(order.Status)
	title := s.styles.title.Render(Title(order.Direction) + " order " + clean(order.Reference))
	s.Line(title + "  " + style.Render(symbol+" "+Words(order.Status)))
	current := situation.Of(order)
	for _, c := range current.Concerns {
		s.paragraph(s.styles.bad.Render("! "), safe(c.Reason))
		s.remedy(c.Remedy, options)
	}
	text := current.Line()
	if current.Over {
		text = safe(text) // the order's last note, which an earlier worker may have written
	}
	s.paragraph("", clean(text))
}

func (s *Screen) facts(order *ramp.Order, options Options) {
	if order.OrderID != "" {
		s.fact("Provider's order", clean(order.OrderID)+s.styles.faint.Render(at(order.ProviderStatus)))
	}
	if order.ProviderReason != "" {
		s.fact("Provider says", safe(order.ProviderReason))
	}
	if quote := order.Quote; quote != nil {
		s.fact("Price", "pays "+Amount(quote.Pay)+", receives "+Amount(quote.Receive)+" at "+clean(quote.Rate)+fees(quote))
	}
	if order.Proof != nil {
		s.fact("Proof", proof(order.Proof))
		s.replaced(order.Proof)
	}
	if order.Settlement != nil {
		s.delivery(order.Settlement)
	}
	if !order.ExpiresAt.IsZero() && !order.Status.Final() && !order.Accepted() {
		s.fact("Deadline", situation.Moment(order.ExpiresAt)+", "+s.styles.wait.Render(situation.Left(order.ExpiresAt, options.Now)))
	}
}

func (s *Screen) fact(label, value string) {
	s.Line(indent + s.styles.label.Render(label) + strings.Repeat(" ", max(0, labelWidth-len(label))) + "  " + value)
}

func (s *Screen) link(order *ramp.Order, options Options) {
	if link := options.WebUI.Order(ramp.ID{Direction: order.Direction, Reference: order.Reference}); link != "" {
		s.fact("Web UI", link)
	}
}

// at returns the provider's status, as text that follows its order id.
func at(providerStatus string) string {
	if providerStatus == "" {
		return ""
	}
	return ", status " + clean(providerStatus)
}

func fees(quote *ramp.Quote) string {
	var parts []string
	for _, fee := range quote.Fees {
		part := clean(fee.Name) + " " + Amount(fee.Amount)
		if fee.Estimated {
			part += " (estimated)"
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return ""
	}
	return "; fees: " + strings.Join(parts, ", ")
}

// replaced prints the proofs that the provider accepted before, which its support asks for.
func (s *Screen) replaced(p *ramp.Proof) {
	for _, earlier := range p.Replaced {
		s.fact("in place of", clean(kind(p)+ramp.MaskProof(earlier.Reference()))+", accepted "+situation.Moment(earlier.AcceptedAt)+
			", replaced "+situation.Moment(earlier.ReplacedAt))
	}
}

func kind(p *ramp.Proof) string {
	if p.UTR == "" {
		return "transaction "
	}
	return "UTR "
}

func proof(p *ramp.Proof) string {
	kind := kind(p)
	if p.AcceptedAt.IsZero() {
		return kind + clean(p.Reference()) + ", submitted " + situation.Moment(p.SubmittedAt)
	}
	return kind + clean(p.Reference()) + ", accepted " + situation.Moment(p.AcceptedAt)
}

// delivery prints the delivered amount and the link to its transaction.
func (s *Screen) delivery(settled *ramp.Settlement) {
	s.fact("Delivered", s.styles.title.Render(Amount(settled.Amount)))
	if where := cmp.Or(settled.ExplorerURL, settled.TransactionHash); where != "" {
		s.fact("Transaction", clean(where))
	}
	if settled.PayoutReference != "" {
		s.fact("Payout", "reference "+clean(string(settled.PayoutReference)))
	}
	if settled.TDS.Amount != "" {
		s.fact("TDS", Amount(settled.TDS)+" withheld")
	}
	if settled.TokensDeducted.Amount != "" {
		s.fact("Deducted", Amount(settled.TokensDeducted))
	}
}
