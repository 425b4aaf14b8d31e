package workflows

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"rampart/ramp"
)

// published holds the search attributes of an order as Temporal has them.
type published struct {
	direction ramp.Direction
	status    ramp.Status
	token     string
	orderID   string
	fiat      decimal.Decimal
	expiresAt time.Time
	attention bool
	found     hashes
}

// hashes are those by which an order is found. They are empty in orders that began on a version without them.
type hashes struct {
	user string
	// proofs are those of every accepted proof. Their order is that of the acceptance.
	proofs []string
}

// addProof adds the hash of an accepted proof, if there is one.
func (h *hashes) addProof(hash string) {
	if hash != "" && !slices.Contains(h.proofs, hash) {
		h.proofs = append(slices.Clip(h.proofs), hash) // what is published keeps its own
	}
}

// publish upserts the search attributes that have changed. Statuses that usually last for less than a second are left
// out, unless the order is stuck in one: each upsert is an event, and a write to the visibility store.
func (o *orderRun) publish(ctx workflow.Context) {
	if o.isPassing() {
		return
	}
	o.published.init(ctx)
	next := o.searchAttributes()
	if changes := next.changedFrom(o.published); len(changes) > 0 {
		if err := workflow.UpsertTypedSearchAttributes(ctx, changes...); err != nil {
			o.log.Error("search attributes not published", "error", err)
			return
		}
	}
	o.published = next
}

// isPassing reports whether the order is in a status that it usually leaves at once, and is not stuck there.
func (o *orderRun) isPassing() bool { return passing(o.order.Status) && o.order.Attention == "" }

// passing reports whether an order usually leaves the status at once.
func passing(status ramp.Status) bool {
	switch status {
	case ramp.LinkingAccount, ramp.Quoting, ramp.CreatingOrder:
		return true
	default:
		return false
	}
}

// searchAttributes are the order's. None holds personal data; those by which it is found are keyed hashes.
func (o *orderRun) searchAttributes() published {
	p := published{
		direction: o.order.Direction,
		status:    o.order.Status,
		token:     o.request.tokenSymbol,
		orderID:   o.order.OrderID,
		expiresAt: o.order.ExpiresAt,
		attention: o.order.Attention != "",
		found:     o.found,
	}
	amount := o.request.fiatAmount
	if amount == "" && o.order.Quote != nil {
		amount = o.order.Quote.Receive.Amount
	}
	p.fiat, _ = ramp.Amount{Amount: amount}.Decimal() // an amount that is not known yet is zero, and not published
	return p
}

// init reads the search attributes that the order was started with, the first time.
func (p *published) init(ctx workflow.Context) {
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

// changedFrom lists what has changed, in a fixed order.
func (p published) changedFrom(before published) []temporal.SearchAttributeUpdate {
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
	if p.found.user != before.found.user {
		changes = append(changes, ramp.UserKey.ValueSet(p.found.user))
	}
	if !slices.Equal(p.found.proofs, before.found.proofs) {
		changes = append(changes, ramp.ProofKey.ValueSet(p.found.proofs))
	}
	return changes
}
