package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/ramp"
)

const (
	// confirmationTime is how long the user has to confirm a quote. Quotes are fetched again and again meanwhile.
	confirmationTime = 15 * time.Minute
	// requoteTime is the least that is left of it for a quote that came in place of a confirmed one.
	requoteTime = 2 * time.Minute
)

// agreePrice returns once the order has a quote that the user agreed to, by the terms of the request or by confirming it. A confirmed
// quote that has expired by then is fetched again, and stands if it is no worse.
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

// nextPrice puts a new quote into the order, and reports whether the user has agreed to it already. The price of a provider's order that
// was worse than agreed must be confirmed, whatever the request says.
func (o *orderRun) nextPrice(ctx workflow.Context) (agreed bool, err error) {
	if o.creation.worse != nil {
		o.order.Quote, o.creation.worse = o.creation.worse, nil
		return false, nil
	}
	if err := o.fetchQuote(ctx); err != nil {
		return false, err
	}
	return o.priceAgreed(ctx), nil
}

func (o *orderRun) fetchQuote(ctx workflow.Context) error {
	o.enter(ctx, ramp.Quoting, "")
	result, err := untilAnswered(ctx, o, o.flow.quote)
	if err != nil {
		return err
	}
	if o.creation.notBefore.IsZero() {
		o.creation.notBefore = result.ProviderTime
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
	quote, confirmed := o.order.Quote, o.creation.confirmed
	if confirmed == nil {
		return !o.request.confirm && quote.Receive.AtLeast(o.request.minReceived) && quote.Pay.AtMost(o.request.maxPaid)
	}
	if !quote.Receive.AtLeast(confirmed.Receive.Amount) {
		return false
	}
	return quote.Pay.AtMost(confirmed.Pay.Amount) || !changed(ctx, changeBothSidesAgreed)
}

// confirmQuote waits for the user to confirm the quote. The order is cancelled if they do not in time.
func (o *orderRun) confirmQuote(ctx workflow.Context) error {
	by := &o.creation.confirmBy
	if by.IsZero() {
		*by = workflow.Now(ctx).Add(confirmationTime)
	}
	if least := workflow.Now(ctx).Add(requoteTime); by.Before(least) {
		*by = least
	}
	o.enter(ctx, ramp.AwaitingConfirmation, o.quoteNote()+" "+waitsUntil(*by))
	confirmed, err := waitFor(ctx, by.Sub(workflow.Now(ctx)), "The user's time to confirm the quote",
		func() bool { return !o.submissions.confirmation.empty() })
	if err != nil {
		return err
	}
	if !confirmed {
		return end(ramp.Cancelled, "The quote was not confirmed in time.")
	}
	o.submissions.confirmation.take()
	o.submissions.confirmation.decide(nil)
	o.creation.confirmed = o.order.Quote
	return nil
}

func (o *orderRun) quoteNote() string {
	quote := o.order.Quote
	note := "Quote: " + quote.Receive.Text() + " for " + quote.Pay.Text() + "."
	if !quote.Receive.AtLeast(o.request.minReceived) {
		least := ramp.Amount{Amount: o.request.minReceived, Currency: quote.Receive.Currency}
		note += " That is less than the user's minimum of " + least.Text() + "."
	}
	if !quote.Pay.AtMost(o.request.maxPaid) {
		most := ramp.Amount{Amount: o.request.maxPaid, Currency: quote.Pay.Currency}
		note += " That is more than the user's maximum of " + most.Text() + "."
	}
	return note
}

// dropPrice notes a price at which no order could be made. If the provider made an order at a worse price all the same, that price is
// the next one to confirm.
func (o *orderRun) dropPrice(ctx workflow.Context, stale activities.StaleQuote) {
	o.creation.mayExist = o.creation.mayExist || stale.OrderMayExist
	if stale.Quote == nil || !changed(ctx, changeOrderPrice) {
		o.note(ctx, "The quote expired before the order could be made, and the price got worse; it is fetched again.")
		return
	}
	o.creation.worse = stale.Quote
	o.note(ctx, "The provider created order "+stale.OrderID+" at a worse price than agreed. Nobody is told how to pay it; "+
		"its price must be confirmed before another one is created.")
}
