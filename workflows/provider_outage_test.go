package workflows_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/onmeta"
	"rampart/ramp"
)

// hourOf is an hour of trouble at the provider, from a call to one route on.
type hourOf struct {
	mu      sync.Mutex
	began   time.Time
	trouble trouble
	// everywhere spreads it over all routes.
	everywhere bool
}

// from sets the trouble up. It passes over the first calls of the route.
func (h *hourOf) from(n *providerNetwork, route onmeta.Route, skip int) {
	var through []trouble
	for range skip {
		through = append(through, unharmed)
	}
	n.once(route, through...)
	n.on(route, h.begin)
	if h.everywhere {
		n.everywhere(h.pass)
	}
}

func (h *hourOf) begin(request *http.Request, next send) (*http.Response, error) {
	h.mu.Lock()
	if h.began.IsZero() {
		h.began = time.Now()
	}
	h.mu.Unlock()
	return h.pass(request, next)
}

func (h *hourOf) pass(request *http.Request, next send) (*http.Response, error) {
	h.mu.Lock()
	began := h.began
	h.mu.Unlock()
	if began.IsZero() || time.Since(began) >= time.Hour {
		return next(request)
	}
	return h.trouble(request, next)
}

// during counts the calls of a route in that hour.
func (h *hourOf) during(n *providerNetwork, route onmeta.Route) int {
	var calls int
	for _, at := range n.sent(route) {
		if !at.Before(h.began) && at.Before(h.began.Add(time.Hour)) {
			calls++
		}
	}
	return calls
}

// hasty counts the calls of a route in that hour that came sooner after the one before than the provider asked for.
func (h *hourOf) hasty(n *providerNetwork, route onmeta.Route, asked time.Duration) int {
	var hasty int
	calls := n.sent(route)
	for i := range max(len(calls)-1, 0) {
		troubled := !calls[i].Before(h.began) && calls[i].Before(h.began.Add(time.Hour))
		if troubled && calls[i+1].Sub(calls[i]) < asked-tick { // the clocks of retries are a tick apart, at the most
			hasty++
		}
	}
	return hasty
}

// walk is an order of one direction, with everything that it needs from its user.
type walk struct {
	direction ramp.Direction
	run       func(*provider, *journey) ramp.Order
}

// walks are of users without linked accounts, so that every call of the provider is on the way of one.
func walks() (upi, bank, unverified, sale walk) {
	upi = walk{ramp.Onramp, func(_ *provider, r *journey) ramp.Order {
		request := onrampRequest()
		request.UPI.ID, request.UTR = "ashapending@okbank", utr
		return r.buy(request)
	}}
	bank = walk{ramp.Onramp, func(_ *provider, r *journey) ramp.Order {
		request := onrampRequest()
		request.PaymentMethod, request.UPI, request.UTR = ramp.IMPS, nil, utr
		request.Bank = slowlyLinkedBank()
		return r.buy(request)
	}}
	unverified = walk{ramp.Onramp, func(p *provider, r *journey) ramp.Order {
		request := onrampRequest()
		request.Email, request.UTR = "asha+review+linked@example.test", utr
		request.KYC = &ramp.KYC{Dossier: ramp.Dossier(p.dossier)}
		r.at(90*time.Minute, func() { p.control("/sandbox/users", map[string]any{"email": request.Email, "kyc": "verified"}) })
		return r.buy(request)
	}}
	sale = walk{ramp.Offramp, func(_ *provider, r *journey) ramp.Order {
		request := offrampRequest()
		request.Bank, request.TransactionHash = slowlyLinkedBank(), hash
		return r.sell(request)
	}}
	return upi, bank, unverified, sale
}

// slowlyLinkedBank is an account whose check takes the provider a minute.
func slowlyLinkedBank() *ramp.BankAccount {
	return &ramp.BankAccount{AccountName: "Asha Rao", AccountNumber: "50100000009001", IFSC: "HDFC0001234", PAN: "ABCPE1234F"}
}

// stop is a step of an order at which the trouble begins.
type stop struct {
	name  string
	route onmeta.Route
	// skip is how many calls of the route pass before.
	skip int
	walk walk
}

func stops() []stop {
	upi, bank, unverified, sale := walks()
	return []stop{
		{"login", onmeta.RouteLogin, 0, upi},
		{"KYC status", onmeta.RouteKYCStatus, 0, upi},
		{"KYC upload", onmeta.RouteUploadKYC, 0, unverified},
		{"KYC watch", onmeta.RouteKYCStatus, 3, unverified},
		{"linked UPI IDs", onmeta.RouteUPIIDs, 0, upi},
		{"UPI link", onmeta.RouteLinkUPI, 0, upi},
		{"UPI link watch", onmeta.RouteUPILinkStatus, 0, upi},
		{"linked bank accounts", onmeta.RouteBankAccounts, 0, bank},
		{"bank link", onmeta.RouteLinkBank, 0, bank},
		{"bank link watch", onmeta.RouteBankLinkStatus, 0, bank},
		{"quote", onmeta.RouteQuoteBuy, 0, upi},
		{"beneficiary", onmeta.RouteCurrencies, 0, bank},
		{"order", onmeta.RouteCreateOnramp, 0, upi},
		{"UTR", onmeta.RouteSubmitUTR, 0, upi},
		{"order watch", onmeta.RouteOnrampStatus, 1, upi},
		{"sale, login", onmeta.RouteLogin, 0, sale},
		{"sale, KYC status", onmeta.RouteKYCStatus, 0, sale},
		{"sale, linked bank accounts", onmeta.RouteBankAccounts, 0, sale},
		{"sale, bank link", onmeta.RouteLinkBank, 0, sale},
		{"sale, bank link watch", onmeta.RouteBankLinkStatus, 0, sale},
		{"sale, quote", onmeta.RouteQuoteSell, 0, sale},
		{"sale, order", onmeta.RouteCreateOfframp, 0, sale},
		{"sale, hash", onmeta.RouteSubmitHash, 0, sale},
		{"sale, order watch", onmeta.RouteOfframpStatus, 1, sale},
	}
}

// someStops are one of each kind: a call for nobody, one that only asks, those that change something, and a watch.
func someStops() []stop {
	var some []stop
	for _, s := range stops() {
		switch s.name {
		case "login", "linked UPI IDs", "KYC upload", "UTR", "order watch", "sale, hash", "sale, bank link watch":
			some = append(some, s)
		}
	}
	return some
}

const (
	// callsInAnHour is what an hour of trouble may cost the provider, by route: a call a minute, a tenth of it earlier at times, and more in the
	// first minutes of each of the activities that call it.
	callsInAnHour = 90
	// commandsOfAnOrder is what an order leaves in its history, trouble included: activities, timers and search attributes.
	commandsOfAnOrder = 25
	// hastyCalls are those that do not wait for as long as the provider asked: the first one of each activity.
	hastyCalls = 0
)

// endure walks an order through an hour of trouble, and checks that it is delayed and nothing else.
func (s stop) endure(t *testing.T, h *hourOf) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		h.from(p.network, s.route, s.skip)
		r := p.journey(s.walk.direction)

		order := s.walk.run(p, r)

		require.Equal(t, ramp.Completed, order.Status)
		require.Empty(t, order.Attention)
		require.GreaterOrEqual(t, r.concerned, concernedMinutes(s.route), "minutes in which a person was asked to look")
		for _, route := range onmeta.Routes() {
			require.LessOrEqual(t, h.during(p.network, route), callsInAnHour, route)
		}
		require.LessOrEqual(t, r.commands.all, commandsOfAnOrder, r.commands.activities)
		require.Len(t, p.orders(), 1)
		require.Len(t, p.payouts(), 1)
	})
}

// concernedMinutes is for how long an hour of trouble asks for attention, at the least. Uploads have minutes for an
// answer, so that eight of them without one take half of that hour.
func concernedMinutes(route onmeta.Route) int {
	if route == onmeta.RouteUploadKYC {
		return 30
	}
	return 50
}

func TestHourOfOutageAtAnyStepDelaysTheOrderAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, s := range stops() {
		t.Run(s.name, func(t *testing.T) {
			s.endure(t, &hourOf{trouble: answersWith(http.StatusServiceUnavailable, "down")})
		})
	}
}

func TestHourOfAWrongAPIKeyAtAnyStepDelaysTheOrderAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, s := range stops() {
		t.Run(s.name, func(t *testing.T) {
			s.endure(t, &hourOf{trouble: answersWith(http.StatusUnauthorized, "Unauthorized"), everywhere: true})
		})
	}
}

func TestHourOfRateLimitingWithoutRetryAfterDelaysTheOrderAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, s := range someStops() {
		t.Run(s.name, func(t *testing.T) {
			s.endure(t, &hourOf{trouble: answersWith(http.StatusTooManyRequests, "Too Many Requests")})
		})
	}
}

func TestRetryAfterIsObeyedForAnHour(t *testing.T) {
	t.Parallel()
	for _, s := range someStops() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			withProvider(t, func(p *provider) {
				h := &hourOf{trouble: answersWith(http.StatusTooManyRequests, "Too Many Requests", "Retry-After", "200")}
				h.from(p.network, s.route, s.skip)
				r := p.journey(s.walk.direction)

				order := s.walk.run(p, r)

				require.Equal(t, ramp.Completed, order.Status)
				require.LessOrEqual(t, h.hasty(p.network, s.route, 200*time.Second), hastyCalls)
				require.LessOrEqual(t, h.during(p.network, s.route), int(time.Hour/(200*time.Second))+2)
				require.LessOrEqual(t, r.commands.all, commandsOfAnOrder, r.commands.activities)
				require.Len(t, p.payouts(), 1)
			})
		})
	}
}

func TestHourOfSilenceDelaysTheOrderAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, s := range someStops() {
		t.Run(s.name, func(t *testing.T) {
			s.endure(t, &hourOf{trouble: silent})
		})
	}
}
