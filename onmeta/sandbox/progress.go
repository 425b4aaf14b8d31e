package sandbox

import (
	"slices"
	"time"
)

// Statuses of orders, spelled as the provider does (wire 4.1 and 4.2).
const (
	statusFiatPending         = "fiatPending"
	statusFiatReceived        = "fiatReceived"
	statusOrderReceived       = "orderReceived"
	statusInProgress          = "InProgress"
	statusTransferred         = "transferred"
	statusCompleted           = "completed"
	statusExpired             = "expired"
	statusCancelled           = "cancelled"
	statusRefundInitiated     = "refundInitiated"
	statusFiatRefundInitiated = "fiatRefundInitiated"
	statusRefunded            = "refunded"
	statusCryptoInit          = "cryptoInit"
	statusPending             = "pending"
	statusCryptoReceived      = "CryptoReceived"
	statusFiatFailed          = "fiatFailed"
	statusPayoutSuccess       = "PayoutSuccess"
	// statusUndocumented is no status of the provider's: it stands for any that a client has never heard of.
	statusUndocumented = "complianceReview"
)

const (
	// hopTime is how long an order stays in a status, unless its scenario says otherwise.
	hopTime = time.Minute
	// slowTime is how long a slow order stays in one status.
	slowTime = 30 * time.Hour
	// lateExpiry is how long after its proof an order expires whose payment is found late, and lateTime how much later
	// that is.
	lateExpiry = 30 * time.Minute
	lateTime   = 10 * time.Minute
	// onrampLife is how long an on-ramp order waits for its payment (wire 4.1).
	onrampLife = 3 * time.Hour
)

// step is a status an order takes at a time.
type step struct {
	at     time.Time
	status string
	reason string
}

// hop is a step relative to the one before.
type hop struct {
	after  time.Duration
	status string
	reason string
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

// slow makes the hop to the status take slowTime.
func slow(path []hop, status string) []hop {
	for i := range path {
		if path[i].status == status {
			path[i].after = slowTime
		}
	}
	return path
}

// onrampPath is what happens once a payment is found (wire 4.1).
func onrampPath() []hop {
	return hops(statusFiatReceived, statusOrderReceived, statusInProgress, statusTransferred, statusCompleted)
}

// offrampPath is what happens once a transaction hash is accepted, from which moment the order is pending
// (wire 4.2).
func offrampPath() []hop {
	return hops(statusOrderReceived, statusInProgress, statusCryptoReceived, statusFiatPending, statusPayoutSuccess)
}

// withoutSwap leaves InProgress out: a native coin is not swapped (wire 4.1).
func withoutSwap(path []hop) []hop {
	return slices.DeleteFunc(slices.Clone(path), func(h hop) bool { return h.status == statusInProgress })
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

// reached finds the first of the statuses that was taken by now.
func (p progress) reached(now time.Time, statuses ...string) (step, bool) {
	for _, s := range p.past(now) {
		if slices.Contains(statuses, s.status) {
			return s, true
		}
	}
	return step{}, false
}

// replan keeps the past and replaces what was to come by the path, counted from now.
func (p progress) replan(now time.Time, path []hop) progress {
	plan, at := slices.Clone(p.past(now)), now
	for _, h := range path {
		at = at.Add(h.after)
		plan = append(plan, step{at: at, status: h.status, reason: h.reason})
	}
	return plan
}
