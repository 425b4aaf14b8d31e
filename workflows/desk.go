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
func (o *orderRun) enter(ctx workflow.Context, status ramp.Status, note string) {
	o.measureEntry(ctx, status)
	o.order.Status = status
	if status.Final() {
		o.desk.concerns = nil
		o.order.Attention = ""
	}
	o.record(ctx, note)
	o.log.Debug("order status", "status", status)
	o.publish(ctx)
}

// note adds to the timeline what changed nothing.
func (o *orderRun) note(ctx workflow.Context, note string) {
	if len(o.order.Timeline) >= timelineNotes {
		return
	}
	o.record(ctx, note)
}

func (o *orderRun) record(ctx workflow.Context, note string) {
	o.order.Timeline = append(o.order.Timeline, ramp.TimelineEntry{Status: o.order.Status, At: now(ctx), Note: note})
	o.touch(ctx)
}

// touch notes that the order has changed, and shows it so. The details are no event, and cost microseconds.
func (o *orderRun) touch(ctx workflow.Context) {
	o.order.UpdatedAt = now(ctx)
	workflow.SetCurrentDetails(ctx, o.card())
}

// raiseConcern asks for a person's attention.
func (o *orderRun) raiseConcern(ctx workflow.Context, c concern, reason string) {
	for _, r := range o.desk.concerns {
		if r == (raised{c, reason}) {
			return
		}
	}
	o.count(ctx, attentionRaised, "concern", c.label())
	o.drop(c)
	o.desk.concerns = append(o.desk.concerns, raised{c, reason})
	o.log.Warn("order needs attention", "reason", reason)
	o.showConcerns(ctx)
	o.note(ctx, "Attention: "+reason+".")
}

// clearConcern removes a concern, if it is raised.
func (o *orderRun) clearConcern(ctx workflow.Context, c concern) {
	if o.drop(c) {
		o.showConcerns(ctx)
		o.note(ctx, "No longer a concern: "+string(c)+".")
	}
}

func (o *orderRun) drop(c concern) bool {
	for i, r := range o.desk.concerns {
		if r.concern == c {
			o.desk.concerns = append(o.desk.concerns[:i:i], o.desk.concerns[i+1:]...)
			return true
		}
	}
	return false
}

func (o *orderRun) showConcerns(ctx workflow.Context) {
	var reasons []string
	for _, r := range o.desk.concerns {
		reasons = append(reasons, r.reason)
	}
	o.order.Attention = strings.Join(reasons, "; ")
	o.touch(ctx)
	o.publish(ctx)
}

// publish upserts the search attributes that have changed. Statuses that usually last for less than a second are left
// out, unless the order is stuck in one: each upsert is an event, and a write to the visibility store.
func (o *orderRun) publish(ctx workflow.Context) {
	if passing(o.order.Status) && o.order.Attention == "" {
		return
	}
	o.desk.shown.read(ctx)
	next := o.searchAttributes()
	if changes := next.since(o.desk.shown); len(changes) > 0 {
		if err := workflow.UpsertTypedSearchAttributes(ctx, changes...); err != nil {
			o.log.Error("search attributes not published", "error", err)
			return
		}
	}
	o.desk.shown = next
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
func (o *orderRun) searchAttributes() published {
	p := published{
		direction: o.order.Direction,
		status:    o.order.Status,
		token:     o.terms.token,
		orderID:   o.order.OrderID,
		expiresAt: o.order.ExpiresAt,
		attention: o.order.Attention != "",
	}
	amount := o.terms.fiatAmount
	if amount == "" && o.order.Quote != nil {
		amount = o.order.Quote.Receive.Amount
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
