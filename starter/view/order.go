package view

import (
	"cmp"
	"strings"
	"time"

	"rampart/ramp"
	"rampart/ramp/situation"
)

// labelWidth is that of the longest label of a card.
const labelWidth = len("Provider's order")

// Options are what a view shows beside the order: links to the Web UI, suggested commands, and times relative to now.
type Options struct {
	// Program is how the command line was called, for the commands it suggests.
	Program string
	WebUI   WebUI
	Now     time.Time
	// QR draws payment codes even where there is no terminal.
	QR bool
}

// Card prints all there is to know about an order.
func (s *Screen) Order(order *ramp.Order, options Options) {
	s.headline(order, options)
	s.facts(order, options)
	s.Blank()
	NewTimeline(s).Update(order)
	s.Blank()
	s.action(order, options)
	s.link(order, options)
}

// Start prints an order that was started just now: what its user must do.
func (s *Screen) Started(order *ramp.Order, options Options) {
	s.headline(order, options)
	s.facts(order, options)
	s.Blank()
	s.action(order, options)
	s.link(order, options)
}

// Ended prints how an order has ended.
func (s *Screen) Ended(order *ramp.Order, options Options) {
	s.headline(order, options)
	s.facts(order, options)
	s.action(order, options)
	s.link(order, options)
}

// headline names the order and says where it stands.
func (s *Screen) headline(order *ramp.Order, options Options) {
	symbol, style := s.styles.status(order.Status)
	title := s.styles.title.Render(Title(order.Direction) + " order " + clean(order.Reference))
	s.Line(title + "  " + style.Render(symbol+" "+Words(order.Status)))
	stands := situation.Of(order)
	for _, c := range stands.Concerns {
		s.paragraph(s.styles.bad.Render("! "), said(c.Reason))
		s.remedy(c.Remedy, options)
	}
	text := stands.Standing()
	if stands.Over {
		text = said(text) // the order's last note, which an earlier worker wrote
	}
	s.paragraph("", clean(text))
}

func (s *Screen) facts(order *ramp.Order, options Options) {
	if order.OrderID != "" {
		s.fact("Provider's order", clean(order.OrderID)+s.styles.faint.Render(at(order.ProviderStatus)))
	}
	if order.ProviderReason != "" {
		s.fact("Provider says", said(order.ProviderReason))
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

// at is where an order is at the provider, to follow its id.
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

// replaced prints the proofs that the provider took before, for its support.
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

// delivery prints what was delivered, and where it can be looked up.
func (s *Screen) delivery(settled *ramp.Settlement) {
	s.fact("Delivered", s.styles.title.Render(Amount(settled.Amount)))
	if where := cmp.Or(settled.ExplorerURL, settled.TransactionHash); where != "" {
		s.fact("Transaction", clean(where))
	}
}
