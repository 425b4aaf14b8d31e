package webhook

import (
	"context"
	"errors"

	"github.com/shopspring/decimal"

	"rampart/onmeta"
	"rampart/ramp"
)

// referenceKey is the metadata by which an order created by Rampart names its reference to the provider.
const referenceKey = "reference"

// takeOrder queues the hint of an order event, unless the order was told the same before.
func (h *Handler) takeOrder(body []byte) {
	event, err := onmeta.ParseWebhook(body)
	if err != nil {
		h.malformed(orderKind, err)
		return
	}
	key, phase := string(event.Type)+"/"+event.OrderID, phaseOf(event)
	if !h.reported.first(key, phase) {
		h.counts.add(orderKind, repeated)
		return
	}
	h.queue(orderKind, func(ctx context.Context) (result, error) {
		told, err := h.tellOrder(ctx, event)
		switch told {
		case ended:
			h.reported.close(key)
		case unknown:
			h.reported.shorten(key)
		}
		return told, err
	}, func() { h.reported.forget(key, phase) })
}

func phaseOf(event onmeta.WebhookEvent) onmeta.Phase {
	if event.Type == onmeta.EventOfframp {
		return onmeta.OfframpPhase(event.Status)
	}
	return onmeta.OnrampPhase(event.Status)
}

// tellOrder sends the order of an event a hint.
func (h *Handler) tellOrder(ctx context.Context, event onmeta.WebhookEvent) (result, error) {
	order, err := h.find(ctx, event)
	switch {
	case err != nil:
		return failed, err
	case order.Reference == "":
		return unknown, nil
	case !order.Running:
		return ended, nil
	}
	err = h.orders.Hint(ctx, ramp.ID{Direction: order.Direction, Reference: order.Reference}, hintOf(event))
	switch {
	case absent(err):
		return ended, nil
	case err != nil:
		return failed, err
	}
	return hinted, nil
}

// errEarly is for a webhook that was faster than the answer to the order's creation.
var errEarly = errors.New("the order has no provider id yet")

// find returns the order that has the event's provider id: the one whose reference the event names, or the one that the search
// attribute finds. It returns an empty summary if there is none.
func (h *Handler) find(ctx context.Context, event onmeta.WebhookEvent) (ramp.Summary, error) {
	named, err := h.named(ctx, event)
	if err != nil || named.OrderID == event.OrderID {
		return named, err
	}
	for order, err := range h.orders.List(ctx, ramp.Filter{Direction: ramp.Direction(event.Type), OrderID: event.OrderID}) {
		if err != nil || order.Reference != "" {
			return order, err
		}
	}
	if named.Running && named.OrderID == "" {
		return ramp.Summary{}, errEarly
	}
	return ramp.Summary{}, nil
}

// named returns the order whose reference the event names, or an empty summary.
func (h *Handler) named(ctx context.Context, event onmeta.WebhookEvent) (ramp.Summary, error) {
	reference := event.MetaData[referenceKey]
	if ramp.ValidateReference(reference) != nil {
		return ramp.Summary{}, nil
	}
	order, err := h.orders.Summary(ctx, ramp.ID{Direction: ramp.Direction(event.Type), Reference: reference})
	if absent(err) {
		return ramp.Summary{}, nil
	}
	return order, err
}

func absent(err error) bool {
	var failure *ramp.Error
	return errors.As(err, &failure) && failure.Type == ramp.NotFound
}

// hintOf returns the hint of an event, with what only webhooks carry (provider 13).
func hintOf(event onmeta.WebhookEvent) ramp.Hint {
	return ramp.Hint{
		ProviderStatus:  string(event.Status),
		PayoutReference: event.PayoutReference,
		TDS:             textOf(event.TDS),
		TokensDeducted:  textOf(event.TokensDeducted),
	}
}

func textOf(amount decimal.NullDecimal) string {
	if !amount.Valid {
		return ""
	}
	return amount.Decimal.String()
}
