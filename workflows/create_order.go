package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/ramp"
)

// creation is how far the order has come with a price and with an order at the provider.
type creation struct {
	// notBefore is the provider's clock at the first quote: no older order at the provider can be this one.
	notBefore time.Time
	// confirmed is the quote that the user confirmed last; nil until then.
	confirmed *ramp.Quote
	// worse is the price of a provider's order that the user has not agreed to; nil for none.
	worse *ramp.Quote
	// confirmBy is until when the user may confirm a quote; zero until the first one waits for it.
	confirmBy time.Time
	// mayExist is set once an attempt may have created the order although its answer was lost.
	mayExist bool
	// foreign counts the created orders that turned out to belong to other orders of ours.
	foreign int
}

// How long an order pauses before it replaces a lost order, from the second time on, so that a provider whose answers never arrive makes
// few orders for it.
const (
	firstLostPause = 15 * time.Second
	lastLostPause  = 32 * time.Minute
)

// How long an order pauses before it creates another one in place of a foreign one, from the second time on, so that a provider that
// always answers with others' orders does not grow the history until the server ends the workflow.
const (
	firstForeignPause = 5 * time.Minute
	lastForeignPause  = 80 * time.Minute
)

// createOrder creates the order at a price that the user agrees to, to be paid from or paid out to the linked account. An expired quote
// is fetched again, because the provider creates orders at its price of the moment.
func (o *orderRun) createOrder(ctx workflow.Context, account activities.AccountRequest) (createdOrder, error) {
	defer o.submissions.confirmation.close("the order is made")
	for agreed := false; ; {
		if !agreed {
			if err := o.agreePrice(ctx); err != nil {
				return createdOrder{}, err
			}
		}
		created, err := o.callCreate(ctx, account)
		stale, expired := activities.QuoteExpired(err)
		if agreed = !expired; expired {
			o.dropPrice(ctx, stale)
			continue
		}
		if err != nil {
			return createdOrder{}, err
		}
		own, err := o.confirmOwn(disconnected(ctx), created)
		if err != nil {
			return createdOrder{}, err
		}
		if own && o.isLost(ctx, created) {
			if err := o.replaceLost(ctx, created); err != nil {
				return createdOrder{}, err
			}
			continue
		}
		if own {
			return o.applyCreated(ctx, account, created), nil
		}
		agreed = false
		o.creation.mayExist = true
		o.note(ctx, "An order of ours that looks the same to the provider has adopted the created one; another one is created.")
		if err := o.pauseAfterForeign(ctx); err != nil {
			return createdOrder{}, err
		}
	}
}

// callCreate creates the order, or finds it if an earlier attempt has created it and lost the answer. A cancellation waits for the
// provider's answer, so that an order that was created is known, but it does not wait for the end of an outage.
func (o *orderRun) callCreate(ctx workflow.Context, account activities.AccountRequest) (activities.CreatedOrder, error) {
	if o.order.Status != ramp.CreatingOrder { // a lost order is replaced within the same step
		o.enter(ctx, ramp.CreatingOrder, "")
	}
	request := activities.CreateOrderRequest{
		Email:       o.request.email,
		Reference:   o.order.Reference,
		Quote:       *o.order.Quote,
		NotBefore:   o.creation.notBefore,
		MinReceived: o.request.minReceived,
		MaxPaid:     o.request.maxPaid,
		Reset:       wasReset(ctx),

		ReplaceLost:  !wasReset(ctx), // the run before a reset may have shown its user how to pay
		LostOrderIDs: o.order.LostOrderIDs,
	}
	if request.Reset && o.order.CreatedAt.Before(request.NotBefore) {
		request.NotBefore = o.order.CreatedAt // the run before the reset may have created the order
	}
	if confirmed := o.creation.confirmed; confirmed != nil {
		request.MinReceived, request.MaxPaid = confirmed.Receive.Amount, confirmed.Pay.Amount
	}
	return untilAnswered(ctx, o, func(ctx workflow.Context) (activities.CreatedOrder, error) {
		request.OrderMayExist = o.creation.mayExist || request.Reset
		if !o.creation.mayExist {
			ctx = disconnected(ctx)
		}
		created, err := o.flow.create(ctx, account, request)
		if _, unanswered := activities.Unanswered(err); unanswered {
			o.creation.mayExist = true
			request.CommitsUntil = now(ctx).Add(activities.MayCommitFor)
		}
		return created, err
	})
}

// wasReset reports whether an operator reset an earlier run, which this run continues.
func wasReset(ctx workflow.Context) bool {
	info := workflow.GetInfo(ctx)
	return info.OriginalRunID != "" && info.OriginalRunID != info.WorkflowExecution.RunID
}

// confirmOwn reports whether the provider's order is this order's. One that is published soon after its creation needs no check: an order
// that might adopt it waits longer than that, and finds it published.
func (o *orderRun) confirmOwn(ctx workflow.Context, created activities.CreatedOrder) (bool, error) {
	late := now(ctx).Sub(notInFuture(ctx, created.At)) > activities.ConfirmWithin
	if o.order.Direction == ramp.Offramp || created.Adopted || !late {
		return true, nil
	}
	result, err := untilAnswered(ctx, o, func(ctx workflow.Context) (activities.KeepOrderResult, error) {
		return activities.KeepOrder(ctx, activities.KeepOrderRequest{OrderID: created.OrderID})
	})
	return result.Kept, err
}

// isLost reports whether the provider's order was found again, and nobody was or can be told how to pay it.
func (o *orderRun) isLost(ctx workflow.Context, created activities.CreatedOrder) bool {
	return created.Adopted && !created.Keep && created.Instructions == (ramp.Instructions{}) && changed(ctx, changeReplaceLost)
}

// replaceLost records a lost order, so that another one is created at the price that the user has agreed to. Nobody was shown the lost
// one, and it expires at the provider.
func (o *orderRun) replaceLost(ctx workflow.Context, created activities.CreatedOrder) error {
	o.order.LostOrderIDs = append(o.order.LostOrderIDs, created.OrderID)
	o.creation.mayExist = false
	o.note(ctx, "The provider's answer with the payment instructions of order "+created.OrderID+" was lost. Nobody was shown that order, "+
		"and it expires unpaid; another one is created.")
	times := len(o.order.LostOrderIDs)
	if times == 1 || ctx.Err() != nil {
		return ctx.Err()
	}
	o.raiseConcern(ctx, ramp.ConcernLostInstructions, "the provider's answers with the payment instructions are lost again and again; "+
		"the order makes others by itself")
	pause := min(firstLostPause<<min(times-2, 7), lastLostPause)
	_, err := waitFor(ctx, pause, "The pause before another order is made", func() bool { return false })
	return err
}

func (o *orderRun) pauseAfterForeign(ctx workflow.Context) error {
	o.creation.foreign++
	if o.creation.foreign == 1 || !changed(ctx, changeUnkeptPause) {
		return nil
	}
	o.raiseConcern(ctx, ramp.ConcernForeignOrders, "the provider answers with orders that are other orders' of ours")
	pause := firstForeignPause << min(o.creation.foreign-2, 4)
	_, err := waitFor(ctx, min(pause, lastForeignPause), "The pause before another order is made", func() bool { return false })
	return err
}

// applyCreated puts what the provider answered into the order, and returns how later calls name it.
func (o *orderRun) applyCreated(ctx workflow.Context, account activities.AccountRequest, created activities.CreatedOrder) createdOrder {
	o.order.OrderID = created.OrderID
	o.payment.created()
	o.clearConcern(ctx, providerReport)
	o.clearConcern(ctx, lostInstructions)
	if created.Quote != nil {
		o.order.Quote = created.Quote
	}
	o.order.ProviderStatus = created.ProviderStatus
	o.order.Instructions = &created.Instructions
	o.order.ExpiresAt = notInFuture(ctx, created.At).Add(created.Lifetime).Truncate(time.Millisecond)
	note := o.quoteNote()
	if created.Note != "" {
		note += " " + created.Note
	}
	if created.Adopted {
		note += " An attempt whose answer was lost had created the order; it was found in the provider's order history."
	}
	if o.unpayable(ctx, created) {
		concern, why := ramp.ConcernLostInstructions, "the provider's answer with the UPI payment instructions was lost"
		if created.Withheld != "" {
			concern, why = ramp.ConcernUntrustedInstructions, created.Withheld
		}
		o.raiseConcern(ctx, concern, why+"; cancel this order and start another")
	}
	o.enter(ctx, ramp.AwaitingPayment, note)
	return createdOrder{
		OrderRequest: activities.OrderRequest{
			Email:     o.request.email,
			Direction: o.order.Direction,
			OrderID:   created.OrderID,
			Holder:    account.Holder(),
			Currency:  o.order.Quote.Receive.Currency,
		},
		expiresAt: o.order.ExpiresAt,
	}
}

// unpayable reports whether the order has no payment instructions, such as a UPI order whose answer was lost, or one whose answer
// contradicts itself.
func (o *orderRun) unpayable(ctx workflow.Context, created activities.CreatedOrder) bool {
	how := created.Instructions
	unpayable := how.UPI == nil && how.Bank == nil && how.Deposit == nil && how.CheckoutURL == ""
	lost := created.Adopted && o.request.accountKind == ramp.AccountUPI
	if unpayable != lost && !changed(ctx, changeUnpayable) {
		return lost
	}
	return unpayable
}

// notInFuture returns a time that a worker's clock reported, or now if it is zero or ahead of the workflow's clock.
func notInFuture(ctx workflow.Context, reported time.Time) time.Time {
	if now := now(ctx); reported.IsZero() || reported.After(now) {
		return now
	}
	return reported.UTC()
}
