package workflows

import (
	"strings"

	"rampart/ramp"
	"rampart/ramp/situation"
)

// shownEntries is how many of the latest entries of the timeline the current details have.
const shownEntries = 12

// currentDetails shows an order in the Web UI, in Markdown: where it stands, why, what helps, its facts and its latest history. It
// holds no personal data. title and details describe the request. The Web UI keeps the line breaks of a paragraph, and sets much space
// around lists and tables.
func currentDetails(order *ramp.Order, title, details string) string {
	var b strings.Builder
	b.Grow(2048)
	stands := situation.Of(order)
	write(&b, "## ", stands.Headline, "\n\n**", title, "** · ", situation.Code(order.Reference), "\n", details, "\n\n")
	for _, c := range stands.Concerns {
		write(&b, "**Needs attention:** ", c.Reason, ".\n**What to do:** ", remedy(c.Remedy), ".\n\n")
	}
	writeWait(&b, stands)
	for _, r := range stands.Remedies {
		write(&b, "**", r.Case, ":** ", remedy(r), "\n")
	}
	if len(stands.Remedies) > 0 {
		b.WriteString("\n")
	}
	writeFacts(&b, order)
	writeTimeline(&b, order.Timeline)
	return b.String()
}

// remedy is what to do, with its command ready to be copied.
func remedy(r situation.Remedy) string {
	if r.Command == nil {
		return r.Advice
	}
	return r.Advice + ": " + situation.Code("starter "+strings.Join(r.Command, " "))
}

func writeWait(b *strings.Builder, stands situation.Situation) {
	since := situation.IST(stands.Since)
	switch {
	case stands.Over:
		write(b, "**Over** since ", since)
	case stands.Until.IsZero():
		write(b, "**Waits for the ", string(stands.From), "** since ", since)
	default:
		write(b, "**Waits for the ", string(stands.From), "** since ", since, ", until ", situation.Moment(stands.Until))
	}
	write(b, ".\n", stands.Text, "\n\n")
}

func writeFacts(b *strings.Builder, order *ramp.Order) {
	if quote := order.Quote; quote != nil {
		rate := ramp.Amount{Amount: quote.Rate, Currency: ramp.INR}
		fact(b, "Amounts", quote.Receive.Text(), " for ", quote.Pay.Text(), ", at ", rate.Text(), " a token")
	}
	if order.OrderID != "" {
		fact(b, "Provider's order", situation.Code(order.OrderID))
	}
	if order.ProviderStatus != "" {
		fact(b, "Provider's status", situation.Code(order.ProviderStatus), freshness(order))
	}
	if order.ProviderReason != "" {
		fact(b, "Provider's reason", order.ProviderReason)
	}
	if proof := order.Proof; proof != nil {
		writeProof(b, proof)
	}
	if settlement := order.Settlement; settlement != nil {
		writeSettlement(b, settlement)
	}
	fact(b, "Started", situation.Moment(order.CreatedAt))
	fact(b, "Last change", situation.Moment(order.UpdatedAt))
	b.WriteString("\n")
}

// freshness says where the provider's latest answer is: a watch does not change the order while the answer stays the same.
func freshness(order *ramp.Order) string {
	switch {
	case order.Status.Final():
		return ""
	case order.Wait.For == ramp.WaitPayment || !order.Wait.Until.IsZero():
		return " (the provider is asked again once there is a proof, or at the deadline)"
	default:
		return " (last checked: see Pending Activities, Heartbeat Details)"
	}
}

func writeProof(b *strings.Builder, proof *ramp.Proof) {
	name := "UTR"
	if proof.UTR == "" {
		name = "transaction hash"
	}
	fact(b, "Proof of payment", name, ", submitted ", situation.IST(proof.SubmittedAt))
	if !proof.AcceptedAt.IsZero() {
		fact(b, "Accepted by the provider", situation.IST(proof.AcceptedAt))
	}
	for _, earlier := range proof.Replaced {
		fact(b, "Replaced", name, " ", situation.Code(ramp.MaskProof(earlier.Reference())), ", accepted ", situation.IST(earlier.AcceptedAt),
			", replaced ", situation.IST(earlier.ReplacedAt))
	}
}

func writeSettlement(b *strings.Builder, settlement *ramp.Settlement) {
	if settlement.Amount.Amount != "" {
		fact(b, "Delivered", settlement.Amount.Text())
	}
	if settlement.TransactionHash != "" {
		fact(b, "Transaction", situation.Code(settlement.TransactionHash))
	}
	if settlement.ExplorerURL != "" {
		fact(b, "Explorer", situation.Code(settlement.ExplorerURL))
	}
	if settlement.PayoutReference != "" {
		fact(b, "Payout", "reference ", situation.Code(ramp.MaskProof(string(settlement.PayoutReference))))
	}
	if settlement.TDS.Amount != "" {
		fact(b, "TDS withheld", settlement.TDS.Text())
	}
	if settlement.TokensDeducted.Amount != "" {
		fact(b, "Tokens deducted", settlement.TokensDeducted.Text())
	}
}

// writeTimeline shows the latest entries that have a note, oldest first.
func writeTimeline(b *strings.Builder, entries []ramp.TimelineEntry) {
	b.WriteString("**What happened** (IST")
	if len(entries) > shownEntries {
		entries = entries[len(entries)-shownEntries:]
		b.WriteString(", the latest")
	}
	b.WriteString(")\n")
	for _, entry := range entries {
		if entry.Note != "" {
			write(b, situation.India(entry.At).Format("2 Jan 15:04:05"), " **", situation.Words(entry.Status), ":** ", entry.Note, "\n")
		}
	}
}

// fact writes a line with a label.
func fact(b *strings.Builder, label string, texts ...string) {
	write(b, "**", label, ":** ")
	write(b, texts...)
	b.WriteString("\n")
}

func write(b *strings.Builder, texts ...string) {
	for _, text := range texts {
		b.WriteString(text)
	}
}
