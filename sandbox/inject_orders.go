package sandbox

import (
	"encoding/json"
	"slices"
	"time"

	"rampart/onmeta"
	"rampart/sandbox/fault"
)

// revoke makes the tokens of the user worthless; the provider itself then refuses them.
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

// changesPlan makes a fault of a change of what is to come of an order whose proof was accepted.
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

// reordered exchanges the next two statuses, unless the order ends with one of them.
func reordered(_, future progress, _ fault.Fault, _ time.Time) progress {
	if !twoAreToCome(future) {
		return nil
	}
	future[0].status, future[1].status = future[1].status, future[0].status
	future[0].reason, future[1].reason = future[1].reason, future[0].reason
	return future
}

// repeated lets the next two statuses come twice, and puts off the others by as long as they take. The wait for the first of
// them is not repeated: the longer an order takes, the more faults befall it, and it would never end.
func repeated(_, future progress, _ fault.Fault, _ time.Time) progress {
	if !twoAreToCome(future) {
		return nil
	}
	took := 2 * future[1].at.Sub(future[0].at)
	twice := slices.Concat(slices.Clone(future[:2]), future.putOff(took))
	return twice
}

// flapped lets the next two statuses alternate, and puts off the others by as long as that takes.
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
	return append(turns, future.putOff(time.Duration(f.For))...)
}

// postponed puts off all that is to come. A payment that is late already is not put off further: a client waits
// an hour for it.
func postponed(past, future progress, f fault.Fault, _ time.Time) progress {
	if onmeta.OnrampPhase(onmeta.Status(past[len(past)-1].status)) == onmeta.PhaseExpired {
		return nil
	}
	return future.putOff(time.Duration(f.Delay))
}

// paidLate expires an order whose payment is still to be found, and finds it late.
func paidLate(past, future progress, f fault.Fault, now time.Time) progress {
	if onmeta.OnrampPhase(onmeta.Status(past[len(past)-1].status)) != onmeta.PhaseUnpaid || len(past) > 1 {
		return nil
	}
	return append(progress{{at: now, status: statusExpired}}, future.putOff(time.Duration(f.Delay))...)
}

func twoAreToCome(future progress) bool {
	return len(future) > 2 && !final(future[0].status) && !final(future[1].status)
}

// final tells whether an order ends with a status; an expired one may still be paid late. What ends an order means the
// same in both directions.
func final(status string) bool {
	switch onmeta.OfframpPhase(onmeta.Status(status)) {
	case onmeta.PhaseCompleted, onmeta.PhaseExpired, onmeta.PhaseCancelled, onmeta.PhaseRefunded:
		return true
	default:
		return false
	}
}

// putOff moves steps into the future.
func (p progress) putOff(by time.Duration) progress {
	later := slices.Clone(p)
	for i := range later {
		later[i].at = later[i].at.Add(by)
	}
	return later
}

// lagging is how an order is shown older than it is.
type lagging struct {
	by    time.Duration
	until time.Time
}

// commitSlowly lets the provider make the order, which exists only after a time, and breaks the connection.
func (x *injection) commitSlowly() {
	answer := x.callProvider()
	var made struct {
		Data struct {
			OrderID string `json:"orderId"`
		} `json:"data"`
	}
	// A refusal names no order: then there is nothing to put off.
	_ = json.Unmarshal(answer.body.Bytes(), &made)
	x.subject.Order = made.Data.OrderID
	x.changeOrder(func(o *order, _ time.Time) bool {
		by := time.Duration(x.fault.Delay)
		o.createdAt, o.steps = o.createdAt.Add(by), o.steps.putOff(by)
		return true
	})
	x.reset()
}

// exists tells whether an order is made by now; before, nobody finds it.
func (o *order) exists(now time.Time) bool { return !o.createdAt.After(now) }

// shownAt is the moment whose state of the order is told at now.
func (o *order) shownAt(now time.Time) time.Time {
	if now.Before(o.lagging.until) {
		return now.Add(-o.lagging.by)
	}
	return now
}
