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
func (l *lifecycle) card() string {
	var b strings.Builder
	b.Grow(2048)
	stands := l.standing()
	write(&b, "## ", stands.headline, "\n\n**", l.route.title(), "** · ", code(l.order.Reference), "\n", l.route.details(), "\n\n")
	l.writeConcerns(&b)
	l.writeWait(&b, stands)
	writeHelp(&b, stands.help)
	l.writeFacts(&b)
	l.writeStory(&b)
	return b.String()
}

func (l *lifecycle) writeConcerns(b *strings.Builder) {
	for _, r := range l.desk.concerns {
		write(b, "**Needs attention:** ", r.reason, ".\n**What to do:** ", l.advice(r.concern), "\n\n")
	}
}

// advice says what a person can do about a concern.
func (l *lifecycle) advice(c concern) string {
	switch c {
	case outage:
		return "nothing about this order, which tries again until it has an answer. If many orders say so, look at the provider, " +
			"the workers' network and their API key."
	case overdue, providerSays:
		return l.askSupport() + ". The order goes on by itself."
	case refusedReuse:
		return l.askSupport() + ". Another order with the same UTR would be refused as well; a mistyped one can be corrected."
	case late:
		return "ask the user whether their bank made the payment. If it did, the provider should find it; otherwise the order expires."
	case lostInstructions:
		return code("starter cancel "+l.id()) + ", and start another order, unless the user has paid."
	case unreadableMessage:
		return "give the workers the keyset that has the key: they read the message by themselves then. Nobody knows what it says; it may be a proof of payment."
	default:
		return ""
	}
}

func (l *lifecycle) writeWait(b *strings.Builder, stands standing) {
	since := ist(l.statusSince())
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

func (l *lifecycle) writeFacts(b *strings.Builder) {
	if quote := l.order.Quote; quote != nil {
		fact(b, "Amounts", quote.Receive.Text(), " for ", quote.Pay.Text(), ", at ", perToken(quote.Rate))
	}
	if l.order.OrderID != "" {
		fact(b, "Provider's order", code(l.order.OrderID))
	}
	if l.order.ProviderStatus != "" {
		fact(b, "Provider's status", code(l.order.ProviderStatus), l.freshness())
	}
	if l.order.ProviderReason != "" {
		fact(b, "Provider's reason", l.order.ProviderReason)
	}
	if proof := l.order.Proof; proof != nil {
		l.writeProof(b, proof)
	}
	if settlement := l.order.Settlement; settlement != nil {
		writeSettlement(b, settlement)
	}
	fact(b, "Started", moment(l.order.CreatedAt))
	fact(b, "Last change", moment(l.order.UpdatedAt))
	b.WriteString("\n")
}

// freshness says where the provider's latest answer is: a watch does not change the order while nothing is new.
func (l *lifecycle) freshness() string {
	switch {
	case l.order.Status.Final():
		return ""
	case l.order.Status == ramp.AwaitingPayment && !l.unclear:
		return " (asked again once there is a " + l.route.words().proof + ", or the time is over)"
	default:
		return " (last checked: see Pending Activities, Heartbeat Details)"
	}
}

func (l *lifecycle) writeProof(b *strings.Builder, proof *ramp.Proof) {
	fact(b, "Proof of payment", l.route.words().proof, ", submitted ", ist(proof.SubmittedAt))
	if !proof.AcceptedAt.IsZero() {
		fact(b, "Taken by the provider", ist(proof.AcceptedAt))
	}
	for _, earlier := range proof.Replaced {
		fact(b, "Replaced", l.route.words().proof, " ", code(ramp.MaskProof(earlier.Reference())), ", taken ", ist(earlier.AcceptedAt),
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
func (l *lifecycle) writeStory(b *strings.Builder) {
	told := l.order.Timeline
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
func (l *lifecycle) statusSince() time.Time {
	since := l.order.UpdatedAt
	for i := len(l.order.Timeline) - 1; i >= 0 && l.order.Timeline[i].Status == l.order.Status; i-- {
		since = l.order.Timeline[i].At
	}
	return since
}

// id is the order as every command takes it.
func (l *lifecycle) id() string { return l.order.Direction.WorkflowID(l.order.Reference) }

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
