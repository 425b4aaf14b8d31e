package workflows_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"rampart/onmeta"
	"rampart/ramp"
)

// truthScenario is all that is random about an order whose provider has a truth of its own.
type truthScenario struct {
	direction ramp.Direction
	byBank    bool
	// payout is set for an off-ramp order by its amount of INR: the tokens to pay move with the price.
	payout      bool
	confirm     bool
	least, most string
	// attentive is a user who confirms each quote that waits for it.
	attentive bool
	// early is a proof that comes with the request.
	early string

	// rates are INR for a token, by one price that the provider names after the other; the last one stays.
	rates    []int64
	namesTDS bool
	// strict is a provider that refuses the UTR that it has already taken.
	strict         bool
	offrampExpires bool
	// deviates is a provider that wants another deposit than was ordered.
	deviates       bool
	createsRefused int
	// grace is how much longer than promised the provider waits for a payment.
	grace    time.Duration
	spelling int
	// self is what becomes of an order by itself, from its making on, found what becomes of it once it has a proof that is in
	// right, and reopens what comes after it expired with a proof.
	self, found, reopens []hop
	right                []string
	// strangers are orders of the same user that look the same, made before.
	strangers int

	faults map[onmeta.Route][]truthFault
	// resets makes every attempt at a call the first one.
	resets                bool
	dateSkew, historySkew time.Duration
	// revokedAfter is when the user's sessions end, and logins how many logins are refused then.
	revokedAfter time.Duration
	logins       int

	actions []action
}

// fromOrder is the anchor of what is done once the order says how to pay.
const fromOrder anchor = "order"

// truthFault is what happens to calls in a row.
type truthFault struct {
	kind  truthFaultKind
	skip  int
	times int
	// commits is how long after a call the provider does what it asks, the sender having given up.
	commits time.Duration
	code    int
}

type truthFaultKind string

// Kinds of faults.
const (
	truthDown    truthFaultKind = "down"
	truthSilent  truthFaultKind = "silent"
	truthLost    truthFaultKind = "answer lost"
	truthSlow    truthFaultKind = "done slowly"
	truthRefused truthFaultKind = "look-up refused"
)

func (f truthFault) status() int { return max(f.code, http.StatusForbidden) }

func (f truthFault) String() string {
	text := fmt.Sprintf("%s×%d", f.kind, max(f.times, 1))
	if f.skip > 0 {
		text = fmt.Sprintf("%d fine, ", f.skip) + text
	}
	if f.commits > 0 {
		text += " by " + f.commits.String()
	}
	return text
}

// GoString is the scenario in a few lines: what rapid prints of a failure.
func (s *truthScenario) GoString() string {
	parts := []string{string(s.direction)}
	add := func(when bool, format string, args ...any) {
		if when {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(s.byBank, "by bank")
	add(s.payout, "by payout")
	add(s.confirm, "to be confirmed")
	add(s.least != "", "at least %s", s.least)
	add(s.most != "", "at most %s", s.most)
	add(s.attentive, "attentive user")
	add(s.early != "", "proof %s given", s.early)
	add(true, "rates %v, spelling %d", s.rates, s.spelling)
	add(s.namesTDS, "TDS named")
	add(s.strict, "strict")
	add(s.offrampExpires, "off-ramp orders expire")
	add(s.deviates, "another deposit")
	add(s.createsRefused > 0, "%d creations refused", s.createsRefused)
	add(s.grace > 0, "grace %s", s.grace)
	add(len(s.self) > 0, "by itself %v", s.self)
	add(true, "right proofs %v: %v", s.right, s.found)
	add(len(s.reopens) > 0, "after expiry %v", s.reopens)
	add(s.strangers > 0, "%d strangers", s.strangers)
	add(s.resets, "resets")
	add(s.dateSkew != 0 || s.historySkew != 0, "clocks %s, history %s", s.dateSkew, s.historySkew)
	add(s.revokedAfter > 0, "sessions revoked after %s, %d logins refused", s.revokedAfter, s.logins)
	for _, route := range onmeta.Routes() {
		add(len(s.faults[route]) > 0, "%s %v", route, s.faults[route])
	}
	for _, a := range s.actions {
		parts = append(parts, "\n  "+a.String())
	}
	return strings.Join(parts, "; ")
}

func (s *truthScenario) refusesProof(reference string) bool { return reference == s.reference("C") }

func (s *truthScenario) finds(reference string) bool {
	return slices.ContainsFunc(s.right, func(proof string) bool { return s.reference(proof) == reference })
}

// reference is the proof that a scenario calls A, B or C; the provider refuses C.
func (s *truthScenario) reference(proof string) string {
	switch {
	case proof == "":
		return ""
	case s.direction == ramp.Offramp:
		return hash[:len(hash)-1] + strings.ToLower(proof)
	default:
		return utr[:len(utr)-1] + fmt.Sprint(strings.Index("ABC", proof)+1)
	}
}

func truthScenarios() *rapid.Generator[*truthScenario] {
	return rapid.Custom(func(t *rapid.T) *truthScenario {
		s := &truthScenario{
			direction: rapid.SampledFrom([]ramp.Direction{ramp.Onramp, ramp.Offramp}).Draw(t, "direction"),
			spelling:  rapid.IntRange(0, 4).Draw(t, "spelling"),
			faults:    map[onmeta.Route][]truthFault{},
		}
		s.drawTerms(t)
		s.drawTruth(t)
		s.drawFaults(t)
		s.drawUser(t)
		return s
	})
}

func (s *truthScenario) drawTerms(t *rapid.T) {
	s.rates = []int64{84}
	if rapid.Bool().Draw(t, "price moves") {
		s.rates = rapid.SliceOfN(rapid.SampledFrom([]int64{80, 84, 88}), 2, 5).Draw(t, "rates")
	}
	s.confirm, s.attentive = rarely(t, "confirm"), !rarely(t, "inattentive")
	s.byBank = s.direction == ramp.Onramp && rarely(t, "by bank")
	s.namesTDS = rapid.Bool().Draw(t, "TDS named")
	if s.direction == ramp.Onramp {
		s.least = rapid.SampledFrom([]string{"", "", "11.8"}).Draw(t, "at least")
		return
	}
	s.payout = rapid.Bool().Draw(t, "payout")
	if s.payout {
		s.most = rapid.SampledFrom([]string{"", "", "96", "100"}).Draw(t, "at most")
	} else {
		s.least = rapid.SampledFrom([]string{"", "", "8300"}).Draw(t, "at least")
		s.deviates = rarely(t, "deviates") && rarely(t, "really")
	}
}

func (s *truthScenario) drawTruth(t *rapid.T) {
	s.strict, s.offrampExpires = rarely(t, "strict"), rapid.Bool().Draw(t, "off-ramp expires")
	s.grace = rapid.SampledFrom([]time.Duration{0, 0, 20 * time.Minute}).Draw(t, "grace")
	s.right = rapid.SampledFrom([][]string{{"A", "B"}, {"A", "B"}, {"B"}, {"B"}, {"A"}, nil}).Draw(t, "right")
	s.found = drawFound(t, "found")
	if rapid.Bool().Draw(t, "reopened") {
		s.reopens = rapid.SampledFrom([][]hop{
			{{20 * time.Minute, waiting}, {90 * time.Minute, settling}, {10 * time.Minute, done}},
			{{20 * time.Minute, waiting}, {2 * time.Hour, lapsed}},
			{{20 * time.Minute, waiting}, {30 * time.Minute, lapsed}, {40 * time.Minute, waiting}, {time.Minute, refunding}, {time.Hour, returned}},
			{{40 * time.Minute, settling}, {10 * time.Minute, done}},
			{{10 * time.Minute, unclear}, {90 * time.Minute, settling}, {10 * time.Minute, done}},
		}).Draw(t, "reopens")
	}
	if rapid.Bool().Draw(t, "by itself") {
		s.self = drawSelf(t)
	}
	if s.direction == ramp.Onramp && rarely(t, "strangers") {
		s.strangers = rapid.SampledFrom([]int{1, 12}).Draw(t, "how many")
	}
}

// drawSelf is what becomes of an order without any doing of ours: it is paid by QR code, or ended by the provider.
func drawSelf(t *rapid.T) []hop {
	at := rapid.SampledFrom([]time.Duration{
		5 * time.Second, 10 * time.Minute, 10 * time.Minute, time.Hour, 170 * time.Minute, 179 * time.Minute, 185 * time.Minute,
	}).Draw(t, "at")
	course := drawFound(t, "itself")
	if rapid.Bool().Draw(t, "ended") {
		course = []hop{{0, rapid.SampledFrom([]standing{calledOff, lapsed, returned}).Draw(t, "by the provider")}}
	}
	if rarely(t, "unclear first") {
		course = append([]hop{{0, unclear}, {30 * time.Minute, course[0].to}}, course[1:]...)
	}
	course = slices.Clone(course)
	course[0].after = at
	return course
}

// drawFound is the course of an order whose payment is found.
func drawFound(t *rapid.T, label string) []hop {
	course := slices.Clone(rapid.SampledFrom([][]hop{
		{{time.Minute, settling}, {2 * time.Minute, settling}, {10 * time.Minute, done}},
		{{time.Minute, settling}, {2 * time.Minute, settling}, {10 * time.Minute, done}},
		{{time.Minute, done}},
		{{time.Minute, calledOff}},
		{{time.Minute, refunding}, {20 * time.Minute, returned}},
		{{time.Minute, settling}, {5 * time.Minute, refunding}, {20 * time.Minute, returned}},
		{{time.Minute, unclear}, {20 * time.Minute, settling}, {10 * time.Minute, done}},
		{{time.Minute, unclear}, {10 * time.Minute, waiting}, {10 * time.Minute, settling}, {10 * time.Minute, done}},
	}).Draw(t, label))
	course[0].after = rapid.SampledFrom([]time.Duration{5 * time.Second, time.Minute, 40 * time.Minute}).Draw(t, label+" after")
	return course
}

func (s *truthScenario) drawFaults(t *rapid.T) {
	s.dateSkew = rapid.SampledFrom([]time.Duration{0, 0, -7 * time.Second, 7 * time.Second}).Draw(t, "clock")
	s.historySkew = rapid.SampledFrom([]time.Duration{0, 0, -time.Second, -3 * time.Second, 2 * time.Second}).Draw(t, "history's clock")
	s.resets = rarely(t, "resets")
	if rarely(t, "creations refused") && rarely(t, "really") {
		s.createsRefused = 1
	}
	if rarely(t, "sessions revoked") {
		s.revokedAfter = rapid.SampledFrom([]time.Duration{30 * time.Second, 10 * time.Minute, 2 * time.Hour}).Draw(t, "revoked after")
		s.logins = rapid.SampledFrom([]int{0, 1, 3, 12}).Draw(t, "logins refused")
	}
	asked := []truthFaultKind{truthDown, truthDown, truthSilent}
	looked := append([]truthFaultKind{truthRefused, truthRefused}, asked...)
	made := append([]truthFaultKind{truthLost, truthLost, truthSlow, truthSlow}, asked...)
	for _, route := range []onmeta.Route{onmeta.RouteLogin, onmeta.RouteQuoteBuy, onmeta.RouteQuoteSell, onmeta.RouteUPIIDs} {
		if rarely(t, string(route)) && rarely(t, "really") {
			s.script(t, route, asked)
		}
	}
	for _, route := range []onmeta.Route{onmeta.RouteCreateOnramp, onmeta.RouteCreateOfframp} {
		if rarely(t, string(route)) || s.resets && (route == onmeta.RouteCreateOnramp) {
			s.script(t, route, made)
		}
	}
	// A proof that the provider takes long after its client gave up may come after the one that replaced it. Nothing tells, and
	// docs/explanation/money-safety.md says so.
	for _, route := range []onmeta.Route{onmeta.RouteSubmitUTR, onmeta.RouteSubmitHash} {
		if rarely(t, string(route)) {
			s.script(t, route, append([]truthFaultKind{truthLost, truthLost}, asked...))
		}
	}
	for _, route := range []onmeta.Route{onmeta.RouteOnrampStatus, onmeta.RouteOfframpStatus, onmeta.RouteOrderHistory} {
		if rarely(t, string(route)) {
			s.script(t, route, looked)
		}
	}
}

func (s *truthScenario) script(t *rapid.T, route onmeta.Route, kinds []truthFaultKind) {
	s.faults[route] = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) truthFault {
		f := truthFault{
			kind:  rapid.SampledFrom(kinds).Draw(t, "fault"),
			skip:  rapid.SampledFrom([]int{0, 0, 0, 1, 3}).Draw(t, "skip"),
			times: rapid.SampledFrom([]int{1, 1, 1, 2, 9, 15}).Draw(t, "times"),
			code:  rapid.SampledFrom([]int{http.StatusForbidden, http.StatusNotFound}).Draw(t, "code"),
		}
		if f.kind == truthSlow || f.kind == truthLost {
			f.times = min(f.times, 2)
		}
		if f.kind == truthSlow {
			f.commits = rapid.SampledFrom([]time.Duration{18 * time.Second, 25 * time.Second}).Draw(t, "commits")
		}
		return f
	}), 1, 2).Draw(t, string(route))
}

func (s *truthScenario) drawUser(t *rapid.T) {
	if rarely(t, "early proof") && rarely(t, "really") {
		s.early = rapid.SampledFrom([]string{"A", "B", "C"}).Draw(t, "early")
	}
	s.actions = rapid.SliceOfN(rapid.Custom(drawTruthAction), 0, 6).Draw(t, "actions")
	if rapid.Bool().Draw(t, "corrects a proof") {
		s.actions = append(s.actions,
			action{anchor: fromOrder, offset: 12 * time.Minute, what: updateProof, proof: "A"},
			action{anchor: fromSubmit, offset: 3 * time.Minute, what: updateProof, proof: rapid.SampledFrom([]string{"B", "C"}).Draw(t, "second")})
	}
}

func drawTruthAction(t *rapid.T) action {
	a := action{anchor: rapid.SampledFrom([]anchor{fromStart, fromOrder, fromOrder, fromOrder, fromDeadline, fromDeadline, fromSubmit, fromSubmit}).Draw(t, "anchor")}
	offsets := []time.Duration{5 * time.Second, 2 * time.Minute, 11 * time.Minute, 50 * time.Minute, 100 * time.Minute}
	if a.anchor == fromDeadline {
		offsets = []time.Duration{-10 * time.Minute, -15 * time.Second, 0, 5 * time.Second, 40 * time.Second, 15 * time.Minute, 2 * time.Hour}
	}
	a.offset = rapid.SampledFrom(offsets).Draw(t, "offset")
	a.what = rapid.SampledFrom([]deed{signalProof, updateProof, updateProof, updateProof, cancel, cancel}).Draw(t, "deed")
	if a.what != cancel {
		a.proof = rapid.SampledFrom([]string{"A", "A", "B", "B", "C"}).Draw(t, "proof")
	}
	return a
}
