package workflows

import (
	"strings"
	"time"
	"unicode"

	"rampart/ramp"
)

// storyLength is how many of the latest things that happened to an order its card tells.
const storyLength = 12

// standing is where an order stands, in words for a support person who knows nothing of Temporal.
type standing struct {
	headline string
	// awaits is whom the order waits for; empty once it is over.
	awaits string
	// text says what has to happen, or what has happened.
	text string
	// until is when the order gives up waiting; zero if it does not.
	until time.Time
	// help is what a person can do.
	help []remedy
}

// remedy is what helps in a case.
type remedy struct {
	when string
	// do is a command for a shell, or what to do in words.
	do string
}

// Whom an order waits for.
const (
	theUser     = "the user"
	theProvider = "the provider"
)

// card is the order in Markdown, as the Web UI shows it: where it is, why, and what helps. It holds no personal data. The Web
// UI keeps the line breaks of a paragraph, and sets much space around lists and tables.
func (o *orderRun) card() string {
	var b strings.Builder
	b.Grow(2048)
	stands := o.standing()
	write(&b, "## ", stands.headline, "\n\n**", o.flow.title(), "** · ", code(o.order.Reference), "\n", o.flow.details(), "\n\n")
	o.writeConcerns(&b)
	o.writeWait(&b, stands)
	writeHelp(&b, stands.help)
	o.writeFacts(&b)
	o.writeStory(&b)
	return b.String()
}

func (o *orderRun) writeConcerns(b *strings.Builder) {
	for _, c := range o.order.Concerns {
		write(b, "**Needs attention:** ", c.Reason, ".\n**What to do:** ", o.advice(groupOf(c.Type)), "\n\n")
	}
}

// advice says what a person can do about a concern.
func (o *orderRun) advice(group concernGroup) string {
	switch group {
	case outage:
		return "nothing about this order, which tries again until it has an answer. If many orders say so, look at the provider, " +
			"the workers' network and their API key."
	case overduePayment, providerReport:
		return o.askSupport() + ". The order goes on by itself."
	case refusedReuse:
		return o.askSupport() + ". Another order with the same UTR would be refused as well; a mistyped one can be corrected."
	case latePayment:
		return "ask the user whether their bank made the payment. If it did, the provider should find it; otherwise the order expires."
	case lostInstructions:
		return code("starter cancel "+o.id()) + ", and start another order, unless the user has paid."
	case unreadableMessage:
		return "give the workers the keyset that has the key: they read the message by themselves then. Nobody knows what it says; it may be a proof of payment."
	default:
		return ""
	}
}

func (o *orderRun) writeWait(b *strings.Builder, stands standing) {
	since := ist(o.statusSince())
	if stands.awaits == "" {
		write(b, "**Over** since ", since, ".\n", stands.text, "\n\n")
		return
	}
	write(b, "**Waits for ", stands.awaits, "** since ", since)
	if !stands.until.IsZero() {
		write(b, ", until ", moment(stands.until))
	}
	write(b, ".\n", stands.text, "\n\n")
}

func writeHelp(b *strings.Builder, help []remedy) {
	if len(help) == 0 {
		return
	}
	for _, r := range help {
		write(b, "**", r.when, ":** ", r.do, "\n")
	}
	b.WriteString("\n")
}

func (o *orderRun) writeFacts(b *strings.Builder) {
	if quote := o.order.Quote; quote != nil {
		fact(b, "Amounts", quote.Receive.Text(), " for ", quote.Pay.Text(), ", at ", perToken(quote.Rate))
	}
	if o.order.OrderID != "" {
		fact(b, "Provider's order", code(o.order.OrderID))
	}
	if o.order.ProviderStatus != "" {
		fact(b, "Provider's status", code(o.order.ProviderStatus), o.freshness())
	}
	if o.order.ProviderReason != "" {
		fact(b, "Provider's reason", o.order.ProviderReason)
	}
	if proof := o.order.Proof; proof != nil {
		o.writeProof(b, proof)
	}
	if settlement := o.order.Settlement; settlement != nil {
		writeSettlement(b, settlement)
	}
	fact(b, "Started", moment(o.order.CreatedAt))
	fact(b, "Last change", moment(o.order.UpdatedAt))
	b.WriteString("\n")
}

// freshness says where the provider's latest answer is: a watch does not change the order while nothing is new.
func (o *orderRun) freshness() string {
	switch {
	case o.order.Status.Final():
		return ""
	case o.order.Status == ramp.AwaitingPayment && !o.payment.undecided():
		return " (asked again once there is a " + o.flow.words().proof + ", or the time is over)"
	default:
		return " (last checked: see Pending Activities, Heartbeat Details)"
	}
}

func (o *orderRun) writeProof(b *strings.Builder, proof *ramp.Proof) {
	fact(b, "Proof of payment", o.flow.words().proof, ", submitted ", ist(proof.SubmittedAt))
	if !proof.AcceptedAt.IsZero() {
		fact(b, "Taken by the provider", ist(proof.AcceptedAt))
	}
	for _, earlier := range proof.Replaced {
		fact(b, "Replaced", o.flow.words().proof, " ", code(ramp.MaskProof(earlier.Reference())), ", taken ", ist(earlier.AcceptedAt),
			", replaced ", ist(earlier.ReplacedAt))
	}
}

func writeSettlement(b *strings.Builder, settlement *ramp.Settlement) {
	if settlement.Amount.Amount != "" {
		fact(b, "Delivered", settlement.Amount.Text())
	}
	if settlement.TransactionHash != "" {
		fact(b, "Transaction", code(settlement.TransactionHash))
	}
	if settlement.ExplorerURL != "" {
		fact(b, "To look it up", code(settlement.ExplorerURL))
	}
}

// writeStory tells the latest things that happened, in order. A status of which there was nothing to say has passed.
func (o *orderRun) writeStory(b *strings.Builder) {
	told := o.order.Timeline
	b.WriteString("**What happened** (IST")
	if len(told) > storyLength {
		told = told[len(told)-storyLength:]
		b.WriteString(", the latest")
	}
	b.WriteString(")\n")
	for _, entry := range told {
		if entry.Note != "" {
			write(b, inIndia(entry.At).Format("2 Jan 15:04:05"), " **", inWords(entry.Status), ":** ", entry.Note, "\n")
		}
	}
}

// statusSince is when the order came to its status.
func (o *orderRun) statusSince() time.Time {
	since := o.order.UpdatedAt
	for i := len(o.order.Timeline) - 1; i >= 0 && o.order.Timeline[i].Status == o.order.Status; i-- {
		since = o.order.Timeline[i].At
	}
	return since
}

// id is the order as every command takes it.
func (o *orderRun) id() string { return o.order.Direction.WorkflowID(o.order.Reference) }

func write(b *strings.Builder, texts ...string) {
	for _, text := range texts {
		b.WriteString(text)
	}
}

// fact is a line of the card.
func fact(b *strings.Builder, label string, texts ...string) {
	write(b, "**", label, ":** ")
	write(b, texts...)
	b.WriteString("\n")
}

// code shows a value as it is, and keeps it from meaning anything in Markdown.
func code(value string) string {
	return "`" + strings.Map(func(r rune) rune {
		if r == '`' || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, value) + "`"
}

func inWords(status ramp.Status) string {
	words := strings.ReplaceAll(string(status), "_", " ")
	return strings.Replace(words, "kyc", "KYC", 1)
}

func perToken(rate string) string {
	return ramp.Amount{Amount: rate, Currency: ramp.INR}.Text() + " a token"
}

// inIndia makes a time read as it does in India, which has one zone and no summer time.
func inIndia(t time.Time) time.Time { return t.UTC().Add(5*time.Hour + 30*time.Minute) }

// ist writes a time as people in India read it.
func ist(t time.Time) string { return inIndia(t).Format("2 Jan 2006, 15:04:05 IST") }

// moment writes a time as people in India read it, and in UTC.
func moment(t time.Time) string { return ist(t) + " (" + t.UTC().Format("15:04:05 UTC") + ")" }
