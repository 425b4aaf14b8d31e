package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/ramp"
)

// obtainOrder creates the order at the provider, or takes over the one that the request names.
func (o *orderRun) obtainOrder(ctx workflow.Context, account activities.AccountRequest) (createdOrder, error) {
	if o.request.adopt != "" {
		return o.adoptOrder(ctx, account)
	}
	return o.createOrder(ctx, account)
}

// adoptOrder takes over an order that exists at the provider and that no order here owns. It may be paid, or over: the provider is asked
// about that next, before its user is. An order that cannot be taken over ends this one, and nothing is created in its place.
func (o *orderRun) adoptOrder(ctx workflow.Context, account activities.AccountRequest) (createdOrder, error) {
	defer o.submissions.confirmation.close("the order is made")
	o.enter(ctx, ramp.CreatingOrder, "")
	request := o.request.toAdopt
	request.Reference, request.Reset, request.Resumed = o.order.Reference, wasReset(ctx), o.resumed != nil
	request.OrderRequest = activities.OrderRequest{
		Email: o.request.email, Direction: o.order.Direction, OrderID: o.request.adopt, Holder: account.Holder(),
	}
	asking := ctx
	if o.resumed != nil { // a cancellation must not leave it at the provider alone
		asking = disconnected(ctx)
	}
	created, err := untilAnswered(asking, o, func(ctx workflow.Context) (activities.CreatedOrder, error) {
		return activities.AdoptOrder(disconnected(ctx), request)
	})
	if refused, yes := activities.Refused(err); yes {
		o.order.ProviderReason = refused.Reason
		return createdOrder{}, end(ramp.Rejected, "The provider's order %s is not taken over, and nothing was created: %s.", o.request.adopt, refused.Reason)
	}
	if err != nil {
		return createdOrder{}, err
	}
	return o.applyAdopted(ctx, account, created), nil
}

// applyAdopted puts the provider's order into this one, and lets the provider be asked about it.
func (o *orderRun) applyAdopted(ctx workflow.Context, account activities.AccountRequest, created activities.CreatedOrder) createdOrder {
	if o.resumed != nil {
		o.applyLost(&created)
	}
	o.order.OrderID, o.order.Quote, o.order.ProviderStatus = created.OrderID, created.Quote, created.ProviderStatus
	o.order.Instructions = &created.Instructions
	o.payment.created()
	o.order.ExpiresAt = notInFuture(ctx, created.At).Add(created.Lifetime).Truncate(time.Millisecond)
	note := "The order takes over the provider's order " + created.OrderID + ", which no other order here owns."
	if created.Instructions == (ramp.Instructions{}) {
		note += " How to pay it is not known here."
	}
	o.enter(ctx, ramp.AwaitingPayment, note)
	o.hints.due = true
	return createdOrder{
		OrderRequest: activities.OrderRequest{
			Email: o.request.email, Direction: o.order.Direction, OrderID: created.OrderID, Holder: account.Holder(),
			Currency: o.order.Quote.Receive.Currency,
		},
		expiresAt: o.order.ExpiresAt,
	}
}
