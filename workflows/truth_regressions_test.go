package workflows_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"rampart/onmeta"
	"rampart/ramp"
)

// delivered is the course of a payment that is found, a minute on.
var delivered = []hop{{time.Minute, settling}, {90 * time.Minute, done}}

// by is a course that begins so long after the order was made.
func by(at time.Duration, course ...hop) []hop {
	course = slices.Clone(course)
	course[0].after = at
	return course
}

func proofAt(offset time.Duration, proof string) action {
	return action{anchor: fromOrder, offset: offset, what: updateProof, proof: proof}
}

func cancelAt(offset time.Duration) action {
	return action{anchor: fromOrder, offset: offset, what: cancel}
}

// truthRegressions are orders that once ended otherwise than the provider's.
func truthRegressions() map[string]truthScenario {
	at11, at12 := 11*time.Minute, 12*time.Minute
	one := func(kind truthFaultKind) []truthFault { return []truthFault{{kind: kind}} }
	return map[string]truthScenario{
		"UTR refused since the order is cancelled": {self: by(10*time.Minute, hop{to: calledOff}), actions: []action{proofAt(at11, "A")}},
		"UTR refused since the order is expired":   {self: by(10*time.Minute, hop{to: lapsed}), actions: []action{proofAt(at11, "A")}},
		"UTR refused since the order is refunded":  {self: by(10*time.Minute, hop{to: returned}), actions: []action{proofAt(at11, "A")}},
		"hash refused since the tokens are there": {direction: ramp.Offramp,
			self: by(10*time.Minute, delivered...), actions: []action{proofAt(at11, "A")}},

		"cancelled when the payment is there": {self: by(10*time.Minute, hop{to: settling}, hop{2 * time.Hour, done}), actions: []action{cancelAt(at11)}},
		"cancelled when the tokens are there": {direction: ramp.Offramp,
			self: by(10*time.Minute, hop{to: settling}, hop{2 * time.Hour, done}), actions: []action{cancelAt(at11)}},
		"cancelled when nobody knows": {self: by(10*time.Minute, hop{to: unclear}, hop{time.Hour, settling}, hop{time.Hour, done}),
			actions: []action{cancelAt(at11)}},
		"cancelled in an outage, and then paid": {self: by(10*time.Minute, delivered...), actions: []action{cancelAt(9 * time.Minute)},
			faults: map[onmeta.Route][]truthFault{onmeta.RouteOnrampStatus: {{kind: truthDown, times: 12}}}},

		"payout whose price rises before the order is made": {direction: ramp.Offramp, payout: true, confirm: true, attentive: true, rates: []int64{88, 86}},
		"payout whose price rises in an outage": {direction: ramp.Offramp, payout: true, confirm: true, attentive: true, rates: []int64{88, 80},
			faults: map[onmeta.Route][]truthFault{onmeta.RouteCreateOfframp: {{kind: truthDown, times: 9}}}},
		"payout above what the user would pay":              {direction: ramp.Offramp, payout: true, most: "92", attentive: true, rates: []int64{88, 86}},
		"order that pays out less than agreed":              {direction: ramp.Offramp, least: "8300", attentive: true, rates: []int64{84, 80}},
		"order that pays out more tax than its quote named": {direction: ramp.Offramp, rates: []int64{80, 84}},
		"order at another price than quoted":                {direction: ramp.Offramp, payout: true, rates: []int64{84, 82}},

		"last look refused, and paid": {self: by(170*time.Minute, delivered...),
			faults: map[onmeta.Route][]truthFault{onmeta.RouteOnrampStatus: {{kind: truthRefused, times: 3}}}},
		"last look not found, and unpaid": {direction: ramp.Offramp,
			faults: map[onmeta.Route][]truthFault{onmeta.RouteOfframpStatus: {{kind: truthRefused, times: 20, code: 404}}}},

		"expired with its UTR, opened again and paid": {actions: []action{proofAt(at12, "A")}, found: delivered,
			reopens: []hop{{20 * time.Minute, waiting}, {90 * time.Minute, settling}, {10 * time.Minute, done}}},
		"expired with its hash, opened again and expired": {direction: ramp.Offramp, actions: []action{proofAt(at12, "A")},
			reopens: []hop{{20 * time.Minute, waiting}, {2 * time.Hour, lapsed}}},

		"UTR for which the user must log in": {right: []string{"A"}, found: delivered, actions: []action{proofAt(at11, "A")},
			revokedAfter: 10 * time.Minute, logins: 3},
		"order for which the user must log in": {revokedAfter: 5 * time.Second, logins: 2,
			faults: map[onmeta.Route][]truthFault{onmeta.RouteQuoteBuy: {{kind: truthDown, times: 4}}}},

		"creation unheard of, its activity reset": {resets: true,
			faults: map[onmeta.Route][]truthFault{onmeta.RouteCreateOnramp: one(truthLost), onmeta.RouteOrderHistory: one(truthDown)}},
		"creation slower than its sender waits":        {faults: map[onmeta.Route][]truthFault{onmeta.RouteCreateOnramp: {{kind: truthSlow, commits: 25 * time.Second}}}},
		"creation unheard of, by a clock that is late": {historySkew: -time.Second, faults: map[onmeta.Route][]truthFault{onmeta.RouteCreateOnramp: one(truthLost)}},
		"creation unheard of, among older ones":        {strangers: 12, faults: map[onmeta.Route][]truthFault{onmeta.RouteCreateOnramp: one(truthLost)}},
		"creation slower than anything, and the price worse": {least: "11.8", attentive: true, rates: []int64{84, 88},
			faults: map[onmeta.Route][]truthFault{onmeta.RouteCreateOnramp: {{kind: truthSlow, commits: 57 * time.Second}}}},

		"mistyped UTR": {right: []string{"B"}, found: delivered, actions: []action{proofAt(at12, "A"), proofAt(15*time.Minute, "B")}},
		"replaced transaction": {direction: ramp.Offramp, right: []string{"B"}, found: delivered,
			actions: []action{proofAt(at12, "A"), proofAt(15*time.Minute, "B")}},
		"mistyped UTR, and a refused one": {right: []string{"B"}, found: delivered,
			actions: []action{proofAt(at12, "A"), proofAt(15*time.Minute, "C"), proofAt(time.Hour, "B")}},
		"mistyped UTR of an order that was held": {right: []string{"B"}, found: delivered,
			self:    by(20*time.Minute, hop{to: unclear}, hop{30 * time.Minute, waiting}),
			actions: []action{proofAt(at12, "A"), proofAt(time.Hour, "B")}},
		"corrected UTR whose answer is lost until the order is paid": {right: []string{"B"},
			found:   []hop{{5 * time.Second, settling}, {90 * time.Minute, done}},
			actions: []action{proofAt(at12, "A"), proofAt(15*time.Minute, "B")},
			faults:  map[onmeta.Route][]truthFault{onmeta.RouteSubmitUTR: {{kind: truthLost, skip: 1}, {kind: truthDown, times: 9}}}},
		"corrected UTR whose answer is lost until the order is over": {right: []string{"B"}, found: []hop{{5 * time.Second, done}},
			actions: []action{proofAt(at12, "A"), proofAt(15*time.Minute, "B")},
			faults:  map[onmeta.Route][]truthFault{onmeta.RouteSubmitUTR: {{kind: truthLost, skip: 1}, {kind: truthDown, times: 9}}}},
		"corrected UTR whose answer is lost": {right: []string{"B"}, found: delivered,
			actions: []action{proofAt(at12, "A"), proofAt(15*time.Minute, "B")},
			faults:  map[onmeta.Route][]truthFault{onmeta.RouteSubmitUTR: {{kind: truthLost, skip: 1}}}},
	}
}

func TestOrderAgreesWithTheProvidersTruth(t *testing.T) {
	t.Parallel()
	for name, s := range truthRegressions() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if s.direction == "" {
				s.direction = ramp.Onramp
			}
			if s.rates == nil {
				s.rates = []int64{84}
			}
			s.namesTDS = true
			if r := s.play(t); len(r.breaches) > 0 {
				t.Fatalf("%s\n%s", strings.Join(r.breaches, "\n"), r.story())
			}
		})
	}
}
