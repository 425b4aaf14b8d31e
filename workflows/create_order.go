package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/ramp"
)

// placeOrder makes the order at a price that the user accepts. A quote that is too old by then is fetched again: the
// provider makes orders at its price of the moment, so that an old quote promises what nobody keeps.
func (o *orderRun) placeOrder(ctx workflow.Context) error {
	defer o.submissions.confirmation.finish("the order is made")
	for {
		if err := o.agreePrice(ctx); err != nil {
			return err
		}
		created, err := o.create(ctx)
		if stale, yes := activities.QuoteExpired(err); yes {
			o.dropPrice(ctx, stale)
			continue
		}
		if err != nil {
			return err
		}
		kept, err := o.keep(disconnected(ctx), created)
		if err != nil {
			return err
		}
		if kept {
			o.placed(ctx, created)
			return nil
		}
		o.maybeMade = true
		o.note(ctx, "Another order, which looks the same to the provider, has adopted the one that was made; another is made.")
		if err := o.pauseUnkept(ctx); err != nil {
			return err
		}
	}
}

// How long an order pauses, from the second time on that it made one which another has: a provider that answers with others' orders for ever
// must not make the history of this one grow until the server ends it.
const (
	firstUnkeptPause = 5 * time.Minute
	lastUnkeptPause  = 80 * time.Minute
)

func (o *orderRun) pauseUnkept(ctx workflow.Context) error {
	o.unkept++
	if o.unkept == 1 || !changed(ctx, changeUnkeptPause) {
		return nil
	}
	o.raiseConcern(ctx, ramp.ConcernForeignOrders, "the provider answers with orders that are other orders' of ours")
	pause := firstUnkeptPause << min(o.unkept-2, 4)
	_, err := awaitFor(ctx, min(pause, lastUnkeptPause), "The pause before another order is made", func() bool { return false })
	return err
}

// dropPrice takes over why no order was made at the price agreed on. The price of an order that the provider made all the same,
// and that is worse, is the next one for the user to agree to.
func (o *orderRun) dropPrice(ctx workflow.Context, stale activities.StaleQuote) {
	o.maybeMade = o.maybeMade || stale.OrderMayExist
	if stale.Quote == nil || !changed(ctx, changeOrderPrice) {
		o.note(ctx, "The quote expired before the order could be made, and the price got worse; it is fetched again.")
		return
	}
	o.worse = stale.Quote
	o.note(ctx, "The provider made order "+stale.OrderID+" at a worse price than was agreed on. Nobody is told how to pay it; "+
		"its price must be confirmed before another is made.")
}

// keep makes sure that the provider's order is this one's. An order that publishes it at once need not: whoever would adopt
// it waits for longer than that, and finds it published.
func (o *orderRun) keep(ctx workflow.Context, created activities.CreatedOrder) (bool, error) {
	late := now(ctx).Sub(since(ctx, created.At)) > activities.ConfirmWithin
	if o.order.Direction == ramp.Offramp || created.Adopted || !late {
		return true, nil
	}
	result, err := ask(ctx, o, activities.KeepOrder, activities.KeepOrderRequest{OrderID: created.OrderID})
	return result.Kept, err
}

// agreePrice fetches quotes until there is one that the user agrees to: by the terms of the request, or by confirming it.
// A confirmed quote that is too old by then is fetched again, and stands if it is no worse.
func (o *orderRun) agreePrice(ctx workflow.Context) error {
	for {
		agreed, err := o.nextPrice(ctx)
		if err != nil || agreed {
			return err
		}
		if err := o.confirmQuote(ctx); err != nil {
			return err
		}
		if workflow.Now(ctx).Before(o.order.Quote.ExpiresAt) {
			return nil
		}
	}
}

// nextPrice is a new quote, and whether the user has agreed to it already. The price of an order that was worse than agreed on
// must be confirmed, whatever the request says.
func (o *orderRun) nextPrice(ctx workflow.Context) (agreed bool, err error) {
	if o.worse != nil {
		o.order.Quote, o.worse = o.worse, nil
		return false, nil
	}
	if err := o.fetchQuote(ctx); err != nil {
		return false, err
	}
	return o.priceAgreed(ctx), nil
}

func (o *orderRun) fetchQuote(ctx workflow.Context) error {
	o.enter(ctx, ramp.Quoting, "")
	result, err := answer(ctx, o, o.flow.quote)
	if err != nil {
		return err
	}
	if o.since.IsZero() {
		o.since = result.ProviderTime
	}
	if o.order.Quote != nil {
		o.count(ctx, quoteRefetches)
	}
	o.order.Quote = &result.Quote
	o.touch(ctx)
	return nil
}

// priceAgreed reports whether the user agreed to the quote: they receive no less, and pay no more, than by the quote that they
// confirmed or by the terms of their request.
func (o *orderRun) priceAgreed(ctx workflow.Context) bool {
	quote := o.order.Quote
	if o.confirmed == nil {
		return !o.terms.confirm && o.meetsTerms()
	}
	if !quote.Receive.AtLeast(o.confirmed.Receive.Amount) {
		return false
	}
	return quote.Pay.AtMost(o.confirmed.Pay.Amount) || !changed(ctx, changeBothSidesAgreed)
}

// meetsTerms compares the quote with what the user will take and pay unasked.
func (o *orderRun) meetsTerms() bool {
	return o.order.Quote.Receive.AtLeast(o.terms.minReceived) && o.order.Quote.Pay.AtMost(o.terms.maxPaid)
}

// confirmQuote waits for the user to confirm the quote.
func (o *orderRun) confirmQuote(ctx workflow.Context) error {
	if o.confirmBy.IsZero() {
		o.confirmBy = workflow.Now(ctx).Add(confirmationPatience)
	}
	if least := workflow.Now(ctx).Add(requotePatience); o.confirmBy.Before(least) {
		o.confirmBy = least
	}
	o.enter(ctx, ramp.AwaitingConfirmation, o.quoteNote()+" "+waitsUntil(o.confirmBy))
	confirmed, err := awaitFor(ctx, o.confirmBy.Sub(workflow.Now(ctx)), "The user's time to confirm the quote",
		func() bool { return !o.submissions.confirmation.empty() })
	if err != nil {
		return err
	}
	if !confirmed {
		return end(ramp.Cancelled, "The quote was not confirmed in time.")
	}
	o.submissions.confirmation.take()
	o.submissions.confirmation.decide(nil)
	o.confirmed = o.order.Quote
	return nil
}

func (o *orderRun) quoteNote() string {
	quote := o.order.Quote
	note := "Quote: " + quote.Receive.Text() + " for " + quote.Pay.Text() + "."
	if !quote.Receive.AtLeast(o.terms.minReceived) {
		least := ramp.Amount{Amount: o.terms.minReceived, Currency: quote.Receive.Currency}
		note += " That is less than the user's minimum of " + least.Text() + "."
	}
	if !quote.Pay.AtMost(o.terms.maxPaid) {
		most := ramp.Amount{Amount: o.terms.maxPaid, Currency: quote.Pay.Currency}
		note += " That is more than the user's maximum of " + most.Text() + "."
	}
	return note
}

// create makes the order, or finds it made by an attempt whose answer was lost. A cancellation waits for the provider's
// answer, so that the order which it may make is known, but not for the end of an outage.
func (o *orderRun) create(ctx workflow.Context) (activities.CreatedOrder, error) {
	o.enter(ctx, ramp.CreatingOrder, "")
	placement := activities.CreateOrderRequest{
		Email:       o.terms.email,
		Reference:   o.order.Reference,
		Quote:       *o.order.Quote,
		NotBefore:   o.since,
		MinReceived: o.terms.minReceived,
		MaxPaid:     o.terms.maxPaid,
		Reset:       wasReset(ctx),
	}
	if placement.Reset && o.order.CreatedAt.Before(placement.NotBefore) {
		placement.NotBefore = o.order.CreatedAt // the run before may have made the order
	}
	if o.confirmed != nil {
		placement.MinReceived, placement.MaxPaid = o.confirmed.Receive.Amount, o.confirmed.Pay.Amount
	}
	return answer(ctx, o, func(ctx workflow.Context) (activities.CreatedOrder, error) {
		placement.OrderMayExist = o.maybeMade || placement.Reset
		if !o.maybeMade {
			ctx = disconnected(ctx)
		}
		created, err := o.flow.create(ctx, placement)
		if _, unanswered := activities.Unanswered(err); unanswered {
			o.maybeMade = true
		}
		return created, err
	})
}

// wasReset reports whether this run continues another from a point at which an operator reset that.
func wasReset(ctx workflow.Context) bool {
	info := workflow.GetInfo(ctx)
	return info.OriginalRunID != "" && info.OriginalRunID != info.WorkflowExecution.RunID
}

// placed takes over what the provider's order says.
func (o *orderRun) placed(ctx workflow.Context, created activities.CreatedOrder) {
	o.order.OrderID = created.OrderID
	o.payment.created()
	o.clearConcern(ctx, providerReport)
	if created.Quote != nil {
		o.order.Quote = created.Quote
	}
	o.order.ProviderStatus = created.ProviderStatus
	o.order.Instructions = &created.Instructions
	o.order.ExpiresAt = since(ctx, created.At).Add(created.Lifetime).Truncate(time.Millisecond)
	note := o.quoteNote()
	if created.Note != "" {
		note += " " + created.Note
	}
	if created.Adopted {
		note += " The order had been made by an attempt whose answer was lost; it was found in the provider's history."
	}
	if o.unpayable(ctx, created) {
		concern, why := ramp.ConcernLostInstructions, "the provider's answer with the UPI payment instructions was lost"
		if created.Withheld != "" {
			concern, why = ramp.ConcernUntrustedInstructions, created.Withheld
		}
		o.raiseConcern(ctx, concern, why+"; cancel this order and start another")
	}
	o.enter(ctx, ramp.AwaitingPayment, note)
}

// unpayable reports whether nothing tells how the order is paid, as of a UPI order whose answer was lost, or of one whose answer cannot be
// trusted.
func (o *orderRun) unpayable(ctx workflow.Context, created activities.CreatedOrder) bool {
	how := created.Instructions
	unpayable := how.UPI == nil && how.Bank == nil && how.Deposit == nil && how.CheckoutURL == ""
	lost := created.Adopted && o.flow.accountKind() == ramp.AccountUPI
	if unpayable != lost && !changed(ctx, changeUnpayable) {
		return lost
	}
	return unpayable
}

// since is a moment that a worker's clock told, unless that runs ahead.
func since(ctx workflow.Context, told time.Time) time.Time {
	if now := now(ctx); told.IsZero() || told.After(now) {
		return now
	}
	return told.UTC()
}
