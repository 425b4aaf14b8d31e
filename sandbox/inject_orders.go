package sandbox

import (
	"encoding/json"
	"slices"
	"time"

	"rampart/onmeta"
	"rampart/sandbox/fault"
)

// revoke invalidates the user's tokens; the provider itself then refuses them.
func (x *injection) revoke() bool {
	s := x.server
	s.mu.Lock()
	defer s.mu.Unlock()
	u, ok := s.store.users[x.subject.Email]
	if ok {
		s.revokeTokens(u, s.clock.Now())
	}
	return ok
}

// stale shows an order as it was a while ago, for a while.
func (x *injection) stale() bool {
	return x.changeOrder(func(o *order, now time.Time) bool {
		o.lagging = lagging{by: time.Duration(x.fault.Lag), until: now.Add(time.Duration(x.fault.For))}
		return true
	})
}

func (x *injection) changeOrder(change func(*order, time.Time) bool) bool {
	s := x.server
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.store.ordersByID[x.subject.Order]
	return ok && change(o, s.clock.Now())
}

// changesPlan returns a fault that changes the planned statuses of an order with an accepted proof.
func changesPlan(change func(past, future progress, f fault.Fault, now time.Time) progress) func(*injection) bool {
	return func(x *injection) bool {
		return x.changeOrder(func(o *order, now time.Time) bool {
			past := o.steps.past(now)
			future := slices.Clone(o.steps[len(past):])
			if o.proof == "" || len(future) == 0 || o.direction.phase(future[0].status) == onmeta.PhaseExpired {
				return false
			}
			planned := change(past, future, x.fault, now)
			if planned == nil {
				return false
			}
			o.steps = append(slices.Clone(past), planned...)
			return true
		})
	}
}

// reordered swaps the next two statuses, unless the order ends with one of them.
func reordered(_, future progress, _ fault.Fault, _ time.Time) progress {
	if !twoAreToCome(future) {
		return nil
	}
	future[0].status, future[1].status = future[1].status, future[0].status
	future[0].reason, future[1].reason = future[1].reason, future[0].reason
	return future
}

// repeated plans the next two statuses twice and postpones the others by as long as they take. The wait for the first of them is not
// repeated: the longer an order takes, the more faults it gets, and it would never end.
func repeated(_, future progress, _ fault.Fault, _ time.Time) progress {
	if !twoAreToCome(future) {
		return nil
	}
	took := 2 * future[1].at.Sub(future[0].at)
	twice := slices.Concat(slices.Clone(future[:2]), future.postpone(took))
	return twice
}

// flapped makes the next two statuses alternate and postpones the others by as long as that takes.
func flapped(_, future progress, f fault.Fault, _ time.Time) progress {
	if !twoAreToCome(future) {
		return nil
	}
	every := time.Duration(f.Delay)
	var turns progress
	for n := range int(f.For / f.Delay) {
		turn := future[n%2]
		turn.at = future[0].at.Add(time.Duration(n) * every)
		turns = append(turns, turn)
	}
	return append(turns, future.postpone(time.Duration(f.For))...)
}

// postponed postpones all planned statuses. A payment that is late already is not postponed further: a client waits an hour for it.
func postponed(past, future progress, f fault.Fault, _ time.Time) progress {
	if onmeta.OnrampPhase(onmeta.Status(past[len(past)-1].status)) == onmeta.PhaseExpired {
		return nil
	}
	return future.postpone(time.Duration(f.Delay))
}

// paidLate expires an order whose payment was not found yet, and finds it late.
func paidLate(past, future progress, f fault.Fault, now time.Time) progress {
	if onmeta.OnrampPhase(onmeta.Status(past[len(past)-1].status)) != onmeta.PhaseUnpaid || len(past) > 1 {
		return nil
	}
	return append(progress{{at: now, status: statusExpired}}, future.postpone(time.Duration(f.Delay))...)
}

func twoAreToCome(future progress) bool {
	return len(future) > 2 && !final(future[0].status) && !final(future[1].status)
}

// final reports whether an order ends with a status; an expired order may still be paid late. Final statuses are the same in both
// directions.
func final(status string) bool {
	switch onmeta.OfframpPhase(onmeta.Status(status)) {
	case onmeta.PhaseCompleted, onmeta.PhaseExpired, onmeta.PhaseCancelled, onmeta.PhaseRefunded:
		return true
	default:
		return false
	}
}

// postpone returns the steps, later by a duration.
func (p progress) postpone(by time.Duration) progress {
	later := slices.Clone(p)
	for i := range later {
		later[i].at = later[i].at.Add(by)
	}
	return later
}

// lagging shows an order as it was a while ago.
type lagging struct {
	by    time.Duration
	until time.Time
}

// commitSlowly lets the provider create the order, which becomes visible after a time, and resets the connection.
func (x *injection) commitSlowly() {
	answer := x.callProvider()
	var made struct {
		Data struct {
			OrderID string `json:"orderId"`
		} `json:"data"`
	}
	// A refusal names no order; then there is nothing to postpone.
	_ = json.Unmarshal(answer.body.Bytes(), &made)
	x.subject.Order = made.Data.OrderID
	x.changeOrder(func(o *order, _ time.Time) bool {
		by := time.Duration(x.fault.Delay)
		o.createdAt, o.steps = o.createdAt.Add(by), o.steps.postpone(by)
		return true
	})
	x.reset()
}

// exists reports whether an order is visible at now.
func (o *order) exists(now time.Time) bool { return !o.hidden && !o.createdAt.After(now) }

// shownAt returns the time whose state of the order is shown at now.
func (o *order) shownAt(now time.Time) time.Time {
	if now.Before(o.lagging.until) {
		return now.Add(-o.lagging.by)
	}
	return now
}
