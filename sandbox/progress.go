package sandbox

import (
	"slices"
	"strings"
	"time"

	"rampart/onmeta"
)

// Statuses of orders, spelled as the provider does (provider 4.1 and 4.2).
const (
	statusFiatPending         = string(onmeta.OnrampFiatPending)
	statusFiatReceived        = string(onmeta.OnrampFiatReceived)
	statusOrderReceived       = string(onmeta.OnrampOrderReceived)
	statusInProgress          = string(onmeta.OnrampInProgress)
	statusTransferred         = string(onmeta.OnrampTransferred)
	statusCompleted           = string(onmeta.OnrampCompleted)
	statusExpired             = string(onmeta.OnrampExpired)
	statusCancelled           = string(onmeta.OnrampCancelled)
	statusRefundInitiated     = string(onmeta.OnrampRefundInitiated)
	statusFiatRefundInitiated = string(onmeta.OnrampFiatRefundInitiated)
	statusRefunded            = string(onmeta.OnrampRefunded)
	statusCryptoInit          = string(onmeta.OfframpCryptoInit)
	statusPending             = string(onmeta.OfframpPending)
	statusCryptoReceived      = string(onmeta.OfframpCryptoReceived)
	statusFiatFailed          = string(onmeta.OfframpFiatFailed)
	statusPayoutSuccess       = string(onmeta.OfframpPayoutSuccess)
	// statusCanceled and statusRefunding are the other spellings of the provider's FAQ (provider 13).
	statusCanceled  = "Canceled"
	statusRefunding = "refunding"
	// statusUndocumented is no status of the provider's: it stands for any that a client has never heard of.
	statusUndocumented = "complianceReview"
)

// phase is what a status says about an order of the direction.
func (d direction) phase(status string) onmeta.Phase {
	if d == onramp {
		return onmeta.OnrampPhase(onmeta.Status(status))
	}
	return onmeta.OfframpPhase(onmeta.Status(status))
}

const (
	// hopTime is how long an order stays in a status, unless its course says otherwise.
	hopTime = time.Minute
	// slowTime is how long a slow order stays in one status.
	slowTime = 30 * time.Hour
	// ownTime is how long after it was made an order moves by itself, without a proof.
	ownTime = 10 * time.Minute
	// lateExpiry is how long after its proof an order expires whose payment is found late, and lateTime how much later
	// that is.
	lateExpiry = 30 * time.Minute
	lateTime   = 10 * time.Minute
	// reopenTime is how long an order stays expired until the provider's support opens it again, and reopenedTime how
	// long it takes from then on to find the payment.
	reopenTime   = 20 * time.Minute
	reopenedTime = time.Hour
	// flapTime is how long an order stays in a status that it is about to leave for the one before, and flaps how often
	// it does.
	flapTime = 15 * time.Second
	flaps    = 20
	// onrampLife is how long an on-ramp order waits for its payment (provider 4.1).
	onrampLife = 3 * time.Hour
)

// step is a status an order takes at a time.
type step struct {
	at     time.Time
	status string
	reason string
	// paid is set where the provider has found the payment although the status does not say so.
	paid bool
}

// hop is a step relative to the one before.
type hop struct {
	after  time.Duration
	status string
	reason string
	paid   bool
}

// hops makes one hop of hopTime for each status.
func hops(statuses ...string) []hop {
	path := make([]hop, len(statuses))
	for i, status := range statuses {
		path[i] = hop{after: hopTime, status: status}
	}
	return path
}

// hopsFor is hops that all have the same reason.
func hopsFor(reason string, statuses ...string) []hop {
	path := hops(statuses...)
	for i := range path {
		path[i].reason = reason
	}
	return path
}

// after makes the first hop take a time.
func after(d time.Duration, path []hop) []hop {
	path[0].after = d
	return path
}

// flapping lets the first two statuses of a path alternate before it goes on.
func flapping(path []hop) []hop {
	var flapped []hop
	for range flaps {
		flapped = append(flapped, path[:2]...)
	}
	for i := range flapped[1:] {
		flapped[1+i].after = flapTime
	}
	return append(flapped, path[2:]...)
}

// slow makes the hop to the status take slowTime.
func slow(path []hop, status string) []hop {
	for i := range path {
		if path[i].status == status {
			path[i].after = slowTime
		}
	}
	return path
}

// onrampPath is what happens once a payment is found (provider 4.1).
func onrampPath() []hop {
	return hops(statusFiatReceived, statusOrderReceived, statusInProgress, statusTransferred, statusCompleted)
}

// offrampPath is what happens once a transaction hash is accepted, from which moment the order is pending
// (provider 4.2).
func offrampPath() []hop {
	return hops(statusOrderReceived, statusInProgress, statusCryptoReceived, statusFiatPending, statusPayoutSuccess)
}

// withoutSwap leaves InProgress out: a native coin is not swapped (provider 4.1).
func withoutSwap(path []hop) []hop {
	return slices.DeleteFunc(slices.Clone(path), func(h hop) bool { return strings.EqualFold(h.status, statusInProgress) })
}

// progress is an order's past and planned future. It moves by being read, so nothing runs in between.
type progress []step

// current is the step an order is in at now.
func (p progress) current(now time.Time) step {
	past := p.past(now)
	return past[len(past)-1]
}

// past is every step taken by now, the first one always among them.
func (p progress) past(now time.Time) progress {
	taken := 1
	for taken < len(p) && !p[taken].at.After(now) {
		taken++
	}
	return p[:taken]
}

// reached finds the first step taken by now that matches.
func (p progress) reached(now time.Time, match func(step) bool) (step, bool) {
	past := p.past(now)
	i := slices.IndexFunc(past, match)
	if i < 0 {
		return step{}, false
	}
	return past[i], true
}

// replan keeps the past and replaces what was to come by the path, counted from now.
func (p progress) replan(now time.Time, path []hop) progress {
	plan, at := slices.Clone(p.past(now)), now
	for _, h := range path {
		at = at.Add(h.after)
		plan = append(plan, step{at: at, status: h.status, reason: h.reason, paid: h.paid})
	}
	return plan
}
