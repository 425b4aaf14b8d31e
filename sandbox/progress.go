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
	// statusUndocumented is not a status of the provider: it stands for any that a client does not know.
	statusUndocumented = "complianceReview"
)

// phase returns the phase that a status stands for in the direction.
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
	// ownTime is how long after its creation an order moves by itself, without a proof.
	ownTime = 10 * time.Minute
	// lateExpiry is how long after its proof an order with a late payment expires, and lateTime how long after that the payment is
	// found.
	lateExpiry = 30 * time.Minute
	lateTime   = 10 * time.Minute
	// reopenTime is how long an order stays expired until the provider's support reopens it, and reopenedTime how long after that the
	// payment is found.
	reopenTime   = 20 * time.Minute
	reopenedTime = time.Hour
	// flapTime is how long each status of a flapping order lasts, and flaps how often the two alternate.
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
	// paid is set if the provider found the payment although the status does not show it.
	paid bool
}

// hop is a step relative to the one before.
type hop struct {
	after  time.Duration
	status string
	reason string
	paid   bool
}

// hops returns one hop of hopTime for each status.
func hops(statuses ...string) []hop {
	path := make([]hop, len(statuses))
	for i, status := range statuses {
		path[i] = hop{after: hopTime, status: status}
	}
	return path
}

// hopsFor returns hops that all have the same reason.
func hopsFor(reason string, statuses ...string) []hop {
	path := hops(statuses...)
	for i := range path {
		path[i].reason = reason
	}
	return path
}

// after sets the time of the first hop.
func after(d time.Duration, path []hop) []hop {
	path[0].after = d
	return path
}

// flapping makes the first two statuses of a path alternate before it continues.
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

// slow sets the time of the hop to the status to slowTime.
func slow(path []hop, status string) []hop {
	for i := range path {
		if path[i].status == status {
			path[i].after = slowTime
		}
	}
	return path
}

// onrampPath returns the statuses after a payment is found (provider 4.1).
func onrampPath() []hop {
	return hops(statusFiatReceived, statusOrderReceived, statusInProgress, statusTransferred, statusCompleted)
}

// offrampPath returns the statuses after a transaction hash is accepted, which makes the order pending (provider 4.2).
func offrampPath() []hop {
	return hops(statusOrderReceived, statusInProgress, statusCryptoReceived, statusFiatPending, statusPayoutSuccess)
}

// withoutSwap removes InProgress: a native coin is not swapped (provider 4.1).
func withoutSwap(path []hop) []hop {
	return slices.DeleteFunc(slices.Clone(path), func(h hop) bool { return strings.EqualFold(h.status, statusInProgress) })
}

// progress is an order's past and planned statuses. It is evaluated when read, so nothing runs in the background.
type progress []step

// current returns the step that the order is in at now.
func (p progress) current(now time.Time) step {
	past := p.past(now)
	return past[len(past)-1]
}

// past returns the steps taken by now, the first one always included.
func (p progress) past(now time.Time) progress {
	taken := 1
	for taken < len(p) && !p[taken].at.After(now) {
		taken++
	}
	return p[:taken]
}

// reached returns the first matching step taken by now.
func (p progress) reached(now time.Time, match func(step) bool) (step, bool) {
	past := p.past(now)
	i := slices.IndexFunc(past, match)
	if i < 0 {
		return step{}, false
	}
	return past[i], true
}

// replan keeps the past and replaces the planned steps by the path, counted from now.
func (p progress) replan(now time.Time, path []hop) progress {
	plan, at := slices.Clone(p.past(now)), now
	for _, h := range path {
		at = at.Add(h.after)
		plan = append(plan, step{at: at, status: h.status, reason: h.reason, paid: h.paid})
	}
	return plan
}
