package workflows

import (
	"strings"
	"time"

	"github.com/shopspring/decimal"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"rampart/ramp"
)

// timelineNotes bounds the notes in the timeline that a flood of messages or statuses can cause. Changes of status
// are always kept: there are few.
const timelineNotes = 200

// concern is a kind of reason why a person must look at an order, in words for the timeline.
type concern string

// Concerns.
const (
	outage           concern = "the provider did not answer"
	overdue          concern = "the provider took too long"
	providerSays     concern = "the provider's status"
	late             concern = "the provider expired the order"
	lostInstructions concern = "the payment instructions were lost"
	refusedReuse     concern = "the provider refused the payment of an earlier order"
	// unreadableMessage may be a proof of payment.
	unreadableMessage concern = "a message could not be read"
)

// desk is what the order shows in the Web UI.
type desk struct {
	concerns []raised
	shown    published
}

type raised struct {
	concern concern
	reason  string
}

// published are the search attributes as Temporal has them.
type published struct {
	direction ramp.Direction
	status    ramp.Status
	token     string
	orderID   string
	fiat      decimal.Decimal
	expiresAt time.Time
	attention bool
}

// enter moves the order to a status, and says so wherever it is seen.
func (l *lifecycle) enter(ctx workflow.Context, status ramp.Status, note string) {
	l.measureEntry(ctx, status)
	l.order.Status = status
	if status.Final() {
		l.desk.concerns = nil
		l.order.Attention = ""
	}
	l.record(ctx, note)
	l.log.Debug("order status", "status", status)
	l.publish(ctx)
}

// note adds to the timeline what changed nothing.
func (l *lifecycle) note(ctx workflow.Context, note string) {
	if len(l.order.Timeline) >= timelineNotes {
		return
	}
	l.record(ctx, note)
}

func (l *lifecycle) record(ctx workflow.Context, note string) {
	l.order.Timeline = append(l.order.Timeline, ramp.TimelineEntry{Status: l.order.Status, At: now(ctx), Note: note})
	l.touch(ctx)
}

// touch notes that the order has changed, and shows it so. The details are no event, and cost microseconds.
func (l *lifecycle) touch(ctx workflow.Context) {
	l.order.UpdatedAt = now(ctx)
	workflow.SetCurrentDetails(ctx, l.card())
}

// raise asks for a person's attention.
func (l *lifecycle) raise(ctx workflow.Context, c concern, reason string) {
	for _, r := range l.desk.concerns {
		if r == (raised{c, reason}) {
			return
		}
	}
	l.count(ctx, attentionRaised, "concern", c.label())
	l.drop(c)
	l.desk.concerns = append(l.desk.concerns, raised{c, reason})
	l.log.Warn("order needs attention", "reason", reason)
	l.showConcerns(ctx)
	l.note(ctx, "Attention: "+reason+".")
}

// settle says that a concern is no more.
func (l *lifecycle) settle(ctx workflow.Context, c concern) {
	if l.drop(c) {
		l.showConcerns(ctx)
		l.note(ctx, "No longer a concern: "+string(c)+".")
	}
}

func (l *lifecycle) drop(c concern) bool {
	for i, r := range l.desk.concerns {
		if r.concern == c {
			l.desk.concerns = append(l.desk.concerns[:i:i], l.desk.concerns[i+1:]...)
			return true
		}
	}
	return false
}

func (l *lifecycle) showConcerns(ctx workflow.Context) {
	var reasons []string
	for _, r := range l.desk.concerns {
		reasons = append(reasons, r.reason)
	}
	l.order.Attention = strings.Join(reasons, "; ")
	l.touch(ctx)
	l.publish(ctx)
}

// publish upserts the search attributes that have changed. Statuses that usually last for less than a second are left
// out, unless the order is stuck in one: each upsert is an event, and a write to the visibility store.
func (l *lifecycle) publish(ctx workflow.Context) {
	if passing(l.order.Status) && l.order.Attention == "" {
		return
	}
	l.desk.shown.read(ctx)
	next := l.searchAttributes()
	if changes := next.since(l.desk.shown); len(changes) > 0 {
		if err := workflow.UpsertTypedSearchAttributes(ctx, changes...); err != nil {
			l.log.Error("search attributes not published", "error", err)
			return
		}
	}
	l.desk.shown = next
}

// passing reports whether an order usually leaves the status at once.
func passing(status ramp.Status) bool {
	switch status {
	case ramp.LinkingAccount, ramp.Quoting, ramp.CreatingOrder:
		return true
	default:
		return false
	}
}

// searchAttributes are the order's. None holds personal data.
func (l *lifecycle) searchAttributes() published {
	p := published{
		direction: l.order.Direction,
		status:    l.order.Status,
		token:     l.terms.token,
		orderID:   l.order.OrderID,
		expiresAt: l.order.ExpiresAt,
		attention: l.order.Attention != "",
	}
	amount := l.terms.fiatAmount
	if amount == "" && l.order.Quote != nil {
		amount = l.order.Quote.Receive.Amount
	}
	p.fiat, _ = ramp.Amount{Amount: amount}.Decimal() // an amount that is not known yet is zero, and not published
	return p
}

// read takes over what the order was started with, the first time.
func (p *published) read(ctx workflow.Context) {
	if p.status != "" {
		return
	}
	started := workflow.GetTypedSearchAttributes(ctx)
	direction, _ := started.GetKeyword(ramp.DirectionKey)
	status, _ := started.GetKeyword(ramp.StatusKey)
	p.direction, p.status = ramp.Direction(direction), ramp.Status(status)
	p.token, _ = started.GetKeyword(ramp.TokenKey)
	amount, _ := started.GetFloat64(ramp.FiatAmountKey)
	p.fiat = decimal.NewFromFloat(amount)
}

// since lists what has changed, in a fixed order.
func (p published) since(before published) []temporal.SearchAttributeUpdate {
	var changes []temporal.SearchAttributeUpdate
	if p.direction != before.direction {
		changes = append(changes, ramp.DirectionKey.ValueSet(string(p.direction)))
	}
	if p.status != before.status {
		changes = append(changes, ramp.StatusKey.ValueSet(string(p.status)))
	}
	if p.token != before.token {
		changes = append(changes, ramp.TokenKey.ValueSet(p.token))
	}
	if p.orderID != before.orderID {
		changes = append(changes, ramp.OrderIDKey.ValueSet(p.orderID))
	}
	if !p.fiat.Equal(before.fiat) {
		changes = append(changes, ramp.FiatAmountKey.ValueSet(p.fiat.InexactFloat64()))
	}
	if !p.expiresAt.Equal(before.expiresAt) {
		changes = append(changes, ramp.ExpiresAtKey.ValueSet(p.expiresAt))
	}
	if p.attention != before.attention {
		changes = append(changes, ramp.AttentionKey.ValueSet(p.attention))
	}
	return changes
}

// sentence makes a sentence for the timeline of the text of an error.
func sentence(text string) string {
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// waitsUntil tells a user how long they have.
func waitsUntil(t time.Time) string { return "The order waits until " + ist(t) + "." }
