package workflows

import (
	"cmp"
	"time"

	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/ramp"
)

// placeOrder makes the order at a price that the user accepts. A quote that is too old by then is fetched again: the
// provider makes orders at its price of the moment, so that an old quote promises what nobody keeps.
func (l *lifecycle) placeOrder(ctx workflow.Context) error {
	defer l.inbox.confirmation.finish("the order is made")
	for {
		if err := l.agreePrice(ctx); err != nil {
			return err
		}
		created, err := l.create(ctx)
		if stale, yes := activities.QuoteExpired(err); yes {
			l.dropPrice(ctx, stale)
			continue
		}
		if err != nil {
			return err
		}
		kept, err := l.keep(disconnected(ctx), created)
		if err != nil {
			return err
		}
		if kept {
			l.placed(ctx, created)
			return nil
		}
		l.maybeMade = true
		l.note(ctx, "Another order, which looks the same to the provider, has adopted the one that was made; another is made.")
		if err := l.pauseUnkept(ctx); err != nil {
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

func (l *lifecycle) pauseUnkept(ctx workflow.Context) error {
	l.unkept++
	if l.unkept == 1 || !changed(ctx, changeUnkeptPause) {
		return nil
	}
	l.raise(ctx, providerSays, "the provider answers with orders that are other orders' of ours")
	pause := firstUnkeptPause << min(l.unkept-2, 4)
	_, err := awaitFor(ctx, min(pause, lastUnkeptPause), "The pause before another order is made", func() bool { return false })
	return err
}

// dropPrice takes over why no order was made at the price agreed on. The price of an order that the provider made all the same,
// and that is worse, is the next one for the user to agree to.
func (l *lifecycle) dropPrice(ctx workflow.Context, stale activities.StaleQuote) {
	l.maybeMade = l.maybeMade || stale.OrderMayExist
	if stale.Quote == nil || !changed(ctx, changeOrderPrice) {
		l.note(ctx, "The quote expired before the order could be made, and the price got worse; it is fetched again.")
		return
	}
	l.worse = stale.Quote
	l.note(ctx, "The provider made order "+stale.OrderID+" at a worse price than was agreed on. Nobody is told how to pay it; "+
		"its price must be confirmed before another is made.")
}

// keep makes sure that the provider's order is this one's. An order that publishes it at once need not: whoever would adopt
// it waits for longer than that, and finds it published.
func (l *lifecycle) keep(ctx workflow.Context, created activities.CreatedOrder) (bool, error) {
	late := now(ctx).Sub(since(ctx, created.At)) > activities.ConfirmWithin
	if l.order.Direction == ramp.Offramp || created.Adopted || !late {
		return true, nil
	}
	result, err := ask(ctx, l, activities.KeepOrder, activities.KeepOrderRequest{OrderID: created.OrderID})
	return result.Kept, err
}

// agreePrice fetches quotes until there is one that the user agrees to: by the terms of the request, or by confirming it.
// A confirmed quote that is too old by then is fetched again, and stands if it is no worse.
func (l *lifecycle) agreePrice(ctx workflow.Context) error {
	for {
		agreed, err := l.nextPrice(ctx)
		if err != nil || agreed {
			return err
		}
		if err := l.confirmQuote(ctx); err != nil {
			return err
		}
		if workflow.Now(ctx).Before(l.order.Quote.ExpiresAt) {
			return nil
		}
	}
}

// nextPrice is a new quote, and whether the user has agreed to it already. The price of an order that was worse than agreed on
// must be confirmed, whatever the request says.
func (l *lifecycle) nextPrice(ctx workflow.Context) (agreed bool, err error) {
	if l.worse != nil {
		l.order.Quote, l.worse = l.worse, nil
		return false, nil
	}
	if err := l.fetchQuote(ctx); err != nil {
		return false, err
	}
	return l.priceAgreed(ctx), nil
}

func (l *lifecycle) fetchQuote(ctx workflow.Context) error {
	l.enter(ctx, ramp.Quoting, "")
	result, err := answer(ctx, l, l.route.quote)
	if err != nil {
		return err
	}
	if l.since.IsZero() {
		l.since = result.ProviderTime
	}
	if l.order.Quote != nil {
		l.count(ctx, quoteRefetches)
	}
	l.order.Quote = &result.Quote
	l.touch(ctx)
	return nil
}

// priceAgreed reports whether the user agreed to the quote: they receive no less, and pay no more, than by the quote that they
// confirmed or by the terms of their request.
func (l *lifecycle) priceAgreed(ctx workflow.Context) bool {
	quote := l.order.Quote
	if l.confirmed == nil {
		return !l.terms.confirm && l.meetsTerms()
	}
	if !quote.Receive.AtLeast(l.confirmed.Receive.Amount) {
		return false
	}
	return quote.Pay.AtMost(l.confirmed.Pay.Amount) || !changed(ctx, changeBothSidesAgreed)
}

// meetsTerms compares the quote with what the user will take and pay unasked.
func (l *lifecycle) meetsTerms() bool {
	return l.order.Quote.Receive.AtLeast(l.terms.minReceived) && l.order.Quote.Pay.AtMost(l.terms.maxPaid)
}

// confirmQuote waits for the user to confirm the quote.
func (l *lifecycle) confirmQuote(ctx workflow.Context) error {
	if l.confirmBy.IsZero() {
		l.confirmBy = workflow.Now(ctx).Add(confirmationPatience)
	}
	if least := workflow.Now(ctx).Add(requotePatience); l.confirmBy.Before(least) {
		l.confirmBy = least
	}
	l.enter(ctx, ramp.AwaitingConfirmation, l.quoteNote()+" "+waitsUntil(l.confirmBy))
	confirmed, err := awaitFor(ctx, l.confirmBy.Sub(workflow.Now(ctx)), "The user's time to confirm the quote",
		func() bool { return !l.inbox.confirmation.empty() })
	if err != nil {
		return err
	}
	if !confirmed {
		return end(ramp.Cancelled, "The quote was not confirmed in time.")
	}
	l.inbox.confirmation.take()
	l.inbox.confirmation.decide(nil)
	l.confirmed = l.order.Quote
	return nil
}

func (l *lifecycle) quoteNote() string {
	quote := l.order.Quote
	note := "Quote: " + quote.Receive.Text() + " for " + quote.Pay.Text() + "."
	if !quote.Receive.AtLeast(l.terms.minReceived) {
		least := ramp.Amount{Amount: l.terms.minReceived, Currency: quote.Receive.Currency}
		note += " That is less than the user's minimum of " + least.Text() + "."
	}
	if !quote.Pay.AtMost(l.terms.maxPaid) {
		most := ramp.Amount{Amount: l.terms.maxPaid, Currency: quote.Pay.Currency}
		note += " That is more than the user's maximum of " + most.Text() + "."
	}
	return note
}

// create makes the order, or finds it made by an attempt whose answer was lost. A cancellation waits for the provider's
// answer, so that the order which it may make is known, but not for the end of an outage.
func (l *lifecycle) create(ctx workflow.Context) (activities.CreatedOrder, error) {
	l.enter(ctx, ramp.CreatingOrder, "")
	placement := activities.CreateOrderRequest{
		Email:       l.terms.email,
		Reference:   l.order.Reference,
		Quote:       *l.order.Quote,
		NotBefore:   l.since,
		MinReceived: l.terms.minReceived,
		MaxPaid:     l.terms.maxPaid,
		Reset:       wasReset(ctx),
	}
	if placement.Reset && l.order.CreatedAt.Before(placement.NotBefore) {
		placement.NotBefore = l.order.CreatedAt // the run before may have made the order
	}
	if l.confirmed != nil {
		placement.MinReceived, placement.MaxPaid = l.confirmed.Receive.Amount, l.confirmed.Pay.Amount
	}
	return answer(ctx, l, func(ctx workflow.Context) (activities.CreatedOrder, error) {
		placement.OrderMayExist = l.maybeMade || placement.Reset
		if !l.maybeMade {
			ctx = disconnected(ctx)
		}
		created, err := l.route.create(ctx, placement)
		if _, unanswered := activities.Unanswered(err); unanswered {
			l.maybeMade = true
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
func (l *lifecycle) placed(ctx workflow.Context, created activities.CreatedOrder) {
	l.order.OrderID = created.OrderID
	l.unpaid = true
	l.settle(ctx, providerSays)
	if created.Quote != nil {
		l.order.Quote = created.Quote
	}
	l.order.ProviderStatus = created.ProviderStatus
	l.order.Instructions = &created.Instructions
	l.order.ExpiresAt = since(ctx, created.At).Add(created.Lifetime).Truncate(time.Millisecond)
	note := l.quoteNote()
	if created.Note != "" {
		note += " " + created.Note
	}
	if created.Adopted {
		note += " The order had been made by an attempt whose answer was lost; it was found in the provider's history."
	}
	if l.unpayable(ctx, created) {
		why := cmp.Or(created.Withheld, "the provider's answer with the UPI payment instructions was lost")
		l.raise(ctx, lostInstructions, why+"; cancel this order and start another")
	}
	l.enter(ctx, ramp.AwaitingPayment, note)
}

// unpayable reports whether nothing tells how the order is paid, as of a UPI order whose answer was lost, or of one whose answer cannot be
// trusted.
func (l *lifecycle) unpayable(ctx workflow.Context, created activities.CreatedOrder) bool {
	how := created.Instructions
	unpayable := how.UPI == nil && how.Bank == nil && how.Deposit == nil && how.CheckoutURL == ""
	lost := created.Adopted && l.route.accountKind() == ramp.AccountUPI
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
