package webhook

import (
	"context"
	"crypto/sha256"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"rampart/onmeta"
	"rampart/ramp"
)

const (
	// maxKYCOrders bounds how many orders are asked whether they are of a user. The others find out by polling.
	maxKYCOrders = 100
	// kycLookups is how many orders are asked at once.
	kycLookups = 4
	// askTime bounds how long an order may take to answer.
	askTime = 5 * time.Second
)

// takeKYC queues the hints for the orders of a user who was verified. The other events of a user's KYC change nothing that the
// provider's status call answers.
func (h *Handler) takeKYC(body []byte) {
	event, err := onmeta.ParseKYCWebhook(body)
	if err == nil {
		err = ramp.ValidateEmail(string(event.Email))
	}
	switch {
	case err != nil:
		h.malformed(kycKind, err)
		return
	case !event.Name.Completes():
		h.counts.add(kycKind, step)
		return
	}
	key := userKey(event.Email)
	if !h.verified.first(key, onmeta.PhaseCompleted) {
		h.counts.add(kycKind, repeated)
		return
	}
	h.queue(kycKind, func(ctx context.Context) (result, error) {
		told, err := h.tellUser(ctx, event)
		if told == unknown {
			h.verified.shorten(key)
		}
		return told, err
	}, func() { h.verified.forget(key, onmeta.PhaseCompleted) })
}

// userKey identifies a user in memory without the e-mail.
func userKey(email ramp.Email) string {
	digest := sha256.Sum256([]byte(strings.ToLower(string(email))))
	return string(digest[:])
}

// tellUser sends the orders of a user that wait for KYC a hint. An order that does not answer is passed over: it polls.
func (h *Handler) tellUser(ctx context.Context, event onmeta.KYCWebhookEvent) (result, error) {
	waiting, err := h.waitingForKYC(ctx)
	if err != nil {
		return failed, err
	}
	var told, silent atomic.Int64
	var group errgroup.Group
	group.SetLimit(kycLookups)
	for _, id := range waiting {
		group.Go(func() error {
			switch of, err := h.tellIfUser(ctx, id, event); {
			case err != nil:
				silent.Add(1)
			case of:
				told.Add(1)
			}
			return nil
		})
	}
	_ = group.Wait() // no function returns an error
	switch {
	case told.Load() > 0:
		return hinted, nil
	case silent.Load() > 0:
		return failed, nil
	default:
		return unknown, nil
	}
}

// waitingForKYC returns the newest orders whose users are not verified yet.
func (h *Handler) waitingForKYC(ctx context.Context) ([]ramp.ID, error) {
	var waiting []ramp.ID
	for order, err := range h.orders.List(ctx, ramp.Filter{Statuses: []ramp.Status{ramp.VerifyingKYC, ramp.AwaitingKYC}}) {
		if err != nil {
			return nil, err
		}
		if order.Running && order.Reference != "" {
			waiting = append(waiting, ramp.ID{Direction: order.Direction, Reference: order.Reference})
		}
		if len(waiting) == maxKYCOrders {
			break
		}
	}
	return waiting, nil
}

// tellIfUser sends an order a hint if it is of the user, and reports whether it is.
func (h *Handler) tellIfUser(ctx context.Context, id ramp.ID, event onmeta.KYCWebhookEvent) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	of, err := h.orders.IsUser(ctx, id, event.Email)
	if err != nil || !of {
		return false, err
	}
	if err := h.orders.Hint(ctx, id, ramp.Hint{ProviderStatus: string(event.Name)}); !absent(err) {
		return true, err
	}
	return false, nil // it ended meanwhile
}
