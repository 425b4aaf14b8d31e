package bench

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"rampart/ramp"
)

// Hints is what the provider's webhooks save, of orders of which one half gets hints. The hints are sent to the orders directly, as the
// gateway sends them.
type Hints struct {
	// Orders is the number of orders of each half.
	Orders int `json:"orders"`
	// Without and With are how long orders took from their ending at the provider until they had ended.
	Without Latency `json:"endingToOrderEndedWithoutHints"`
	With    Latency `json:"endingToOrderEndedWithHints"`
	// PollsWithout and PollsWith are the polls of a watched order in an hour.
	PollsWithout float64 `json:"pollsPerWatchedHourWithoutHints"`
	PollsWith    float64 `json:"pollsPerWatchedHourWithHints"`
}

// endingSpread is how far apart the first and the last order end at the provider, a whole pause between polls.
const endingSpread = 15 * time.Second

// measureHints measures orders that are watched, one half with hints.
func (w *waitingRun) measureHints(ctx context.Context) error {
	n := w.load.hinted
	orders := w.orders(2 * n)
	if err := w.startAll(ctx, orders); err != nil {
		return err
	}
	if err := w.proveAll(ctx, orders); err != nil {
		return err
	}
	var err error
	if w.ids, err = w.providersIDs(ctx, orders); err != nil {
		return err
	}
	plain, hinted := orders[:n], orders[n:]
	if err := w.change(ctx, hinted, "fiatReceived", true); err != nil {
		return err
	}
	if err := w.change(ctx, plain, "fiatReceived", false); err != nil {
		return err
	}
	h := &Hints{Orders: n}
	if !w.countPolls(ctx, h, plain, hinted) {
		return ctx.Err()
	}
	if h.With, err = w.end(ctx, hinted, true); err != nil {
		return err
	}
	if h.Without, err = w.end(ctx, plain, false); err != nil {
		return err
	}
	w.found.Hints = h
	w.logf("ending at the provider to order ended: p50 %.0f ms and p99 %.0f ms with hints, %.0f and %.0f without; %.0f and %.0f polls an hour",
		h.With.P50, h.With.P99, h.Without.P50, h.Without.P99, h.PollsWith, h.PollsWithout)
	return nil
}

// providersIDs returns the provider's id of each order by its reference.
func (w *waitingRun) providersIDs(ctx context.Context, orders []order) (map[string]string, error) {
	ids := make([]string, len(orders))
	err := each(orders, backends, func(i int, o order) error {
		order, err := w.stack.Orders.Get(ctx, o.id())
		if err == nil {
			ids[i] = order.OrderID
		}
		return err
	})
	byReference := make(map[string]string, len(orders))
	for i, o := range orders {
		byReference[o.request.Reference] = ids[i]
	}
	return byReference, err
}

// change changes the status of orders at the provider, and returns once all have seen it.
func (w *waitingRun) change(ctx context.Context, orders []order, status string, hint bool) error {
	return each(orders, backends, func(_ int, o order) error {
		if err := w.changeOne(ctx, o, status, hint); err != nil {
			return err
		}
		for order, err := range w.stack.Orders.Watch(ctx, o.id()) {
			if err != nil || order.ProviderStatus == status {
				return err
			}
		}
		return fmt.Errorf("order %s ended before it was %s", o.request.Reference, status)
	})
}

func (w *waitingRun) changeOne(ctx context.Context, o order, status string, hint bool) error {
	w.stack.provider.force(w.ids[o.request.Reference], status)
	if !hint {
		return nil
	}
	return w.stack.Orders.Hint(ctx, o.id(), ramp.Hint{ProviderStatus: status})
}

// countPolls counts the polls of both halves in a period in which nothing else happens, and reports whether it has passed.
func (w *waitingRun) countPolls(ctx context.Context, h *Hints, plain, hinted []order) bool {
	before, begun := w.stack.provider.pollsByOrder(), time.Now()
	if !sleep(ctx, w.load.hintedFor) {
		return false
	}
	after, lasted := w.stack.provider.pollsByOrder(), time.Since(begun)
	perHour := func(orders []order) float64 {
		polls := 0
		for _, o := range orders {
			id := w.ids[o.request.Reference]
			polls += after[id] - before[id]
		}
		return float64(polls) / float64(len(orders)) / lasted.Hours()
	}
	h.PollsWith, h.PollsWithout = perHour(hinted), perHour(plain)
	return true
}

// end completes orders at the provider, spread over time, and returns how long each took to end.
func (w *waitingRun) end(ctx context.Context, orders []order, hint bool) (Latency, error) {
	took := make([]time.Duration, len(orders))
	err := each(orders, len(orders), func(i int, o order) error {
		sleep(ctx, endingSpread*time.Duration(i)/time.Duration(len(orders)))
		ended := time.Now()
		if err := w.changeOne(ctx, o, "completed", hint); err != nil {
			return err
		}
		_, err := w.stack.Orders.Await(ctx, o.id())
		took[i] = time.Since(ended)
		return err
	})
	return newLatency(took), err
}

// each does something with every order, with so many at a time.
func each(orders []order, limit int, do func(int, order) error) error {
	var all errgroup.Group
	all.SetLimit(limit)
	for i, o := range orders {
		all.Go(func() error { return do(i, o) })
	}
	return all.Wait()
}

func (o order) id() ramp.ID { return ramp.ID{Direction: ramp.Onramp, Reference: o.request.Reference} }

// pollsByOrder returns how often each order was polled.
func (p *provider) pollsByOrder() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	polls := make(map[string]int, len(p.orders))
	for id, order := range p.orders {
		polls[id] = order.polls
	}
	return polls
}

func (h *Hints) targets(t *targets) {
	if h == nil {
		return
	}
	t.atMost("provider's ending to order ended, p50, with webhooks", h.With.P50/1000, 1, "s")
	t.atMost("provider's ending to order ended, p99, with webhooks", h.With.P99/1000, 3, "s")
	if h.PollsWith > 0 {
		t.atLeast("polls of a watched hour, without ÷ with webhooks", h.PollsWithout/h.PollsWith, 4, "")
	}
}

func (h *Hints) write(b *strings.Builder) {
	if h == nil {
		return
	}
	fmt.Fprintf(b, "- provider's ending to order ended, p50 / p99 of %d orders: %s with webhooks, %s without; polls of a watched order in an hour: %.0f and %.0f\n",
		h.Orders, h.With, h.Without, h.PollsWith, h.PollsWithout)
}
