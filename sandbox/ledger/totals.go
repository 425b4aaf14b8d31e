package ledger

import (
	"cmp"
	"slices"

	"rampart/onmeta"
)

// OrderTotals are sums over a set of orders.
type OrderTotals struct {
	// WithProof counts orders with an accepted proof; the four below count submissions.
	WithProof      int `json:"withProof"`
	ProofsAccepted int `json:"proofsAccepted"`
	ProofsRepeated int `json:"proofsRepeated"`
	ProofsRefused  int `json:"proofsRefused"`
	// ProofsReplaced counts accepted proofs that another one replaced.
	ProofsReplaced int `json:"proofsReplaced"`
	// PaidOut counts payouts of tokens or fiat, and Refunded refunds.
	PaidOut   int `json:"paidOut"`
	Refunded  int `json:"refunded"`
	Expired   int `json:"expired"`
	Cancelled int `json:"cancelled"`
	// Open counts orders whose status is not final. A late payment moves an expired order here again.
	Open int `json:"open"`
}

func (t *OrderTotals) add(o Order) {
	t.ProofsAccepted += o.ProofsAccepted
	t.ProofsRepeated += o.ProofsRepeated
	t.ProofsRefused += o.ProofsRefused
	t.ProofsReplaced += o.ProofsReplaced
	if o.Proof != "" {
		t.WithProof++
	}
	switch o.phase() {
	case onmeta.PhaseExpired:
		t.Expired++
	case onmeta.PhaseCancelled:
		t.Cancelled++
	case onmeta.PhaseCompleted, onmeta.PhaseRefunded: // counted as payouts
	default:
		t.Open++
	}
}

func (o Order) phase() onmeta.Phase {
	if o.Direction == DirectionOnramp {
		return onmeta.OnrampPhase(onmeta.Status(o.Status))
	}
	return onmeta.OfframpPhase(onmeta.Status(o.Status))
}

func (t *OrderTotals) pay(p Payout) {
	if p.Kind == PayoutRefund {
		t.Refunded++
		return
	}
	t.PaidOut++
}

// ReferenceTotal sums up the orders of one reference of the client's and one direction. Orders without the metadata "reference"
// share the empty one. More than one of Orders is a doubled order; more than one PaidOut is a doubled payout.
type ReferenceTotal struct {
	Reference string `json:"reference"`
	Direction string `json:"direction"`
	// Orders are the orders' ids, oldest first, and Statuses their statuses in the same order.
	Orders   []string `json:"orders"`
	Statuses []string `json:"statuses"`
	OrderTotals
}

// ByReference returns the totals by direction and reference, sorted by both.
func (l Ledger) ByReference() []ReferenceTotal {
	type key struct{ direction, reference string }
	sums, ofOrder := map[key]*ReferenceTotal{}, map[string]*ReferenceTotal{}
	for _, o := range l.Orders {
		sum, ok := sums[key{o.Direction, o.Reference}]
		if !ok {
			sum = &ReferenceTotal{Reference: o.Reference, Direction: o.Direction}
			sums[key{o.Direction, o.Reference}] = sum
		}
		ofOrder[o.ID] = sum
		sum.Orders, sum.Statuses = append(sum.Orders, o.ID), append(sum.Statuses, o.Status)
		sum.add(o)
	}
	for _, p := range l.Payouts {
		ofOrder[p.OrderID].pay(p)
	}
	totals := []ReferenceTotal{}
	for _, sum := range sums {
		totals = append(totals, *sum)
	}
	slices.SortFunc(totals, func(a, b ReferenceTotal) int {
		return cmp.Or(cmp.Compare(a.Direction, b.Direction), cmp.Compare(a.Reference, b.Reference))
	})
	return totals
}

// Totals are the sums over the whole ledger.
type Totals struct {
	// Orders counts orders of both directions.
	Orders        int `json:"orders"`
	OnrampOrders  int `json:"onrampOrders"`
	OfframpOrders int `json:"offrampOrders"`
	OrderTotals
	// Users counts users; the others count what users did.
	Users         int `json:"users"`
	Logins        int `json:"logins"`
	Refreshes     int `json:"refreshes"`
	TokensRevoked int `json:"tokensRevoked"`
	BankLinks     int `json:"bankLinks"`
	UPILinks      int `json:"upiLinks"`
	KYCUploads    int `json:"kycUploads"`
	// Requests counts requests that arrived: of them, Unanswered got no answer, Faults got a fault, RateLimited exceeded the rate
	// limit, and Answered429 got a 429, by the rate limit or a fault.
	Requests    int `json:"requests"`
	Unanswered  int `json:"unanswered"`
	Faults      int `json:"faults"`
	RateLimited int `json:"rateLimited"`
	Answered429 int `json:"answered429"`
	// BusiestSecond is the number of requests in the busiest second of real time.
	BusiestSecond int `json:"busiestSecond"`
}

// Sum returns the totals of the ledger's orders, payouts and routes, given how often each kind of event happened and how many
// requests the busiest second had.
func (l Ledger) Sum(events map[EventKind]int, busiest int) Totals {
	sum := Totals{
		Orders: len(l.Orders), Users: l.Users, Logins: events[EventLogin], Refreshes: events[EventRefresh],
		TokensRevoked: events[EventTokensRevoked], BankLinks: events[EventBankLink], UPILinks: events[EventUPILink],
		KYCUploads: events[EventKYC], BusiestSecond: busiest,
	}
	for _, o := range l.Orders {
		if o.Direction == DirectionOnramp {
			sum.OnrampOrders++
		}
		sum.add(o)
	}
	sum.OfframpOrders = sum.Orders - sum.OnrampOrders
	for _, p := range l.Payouts {
		sum.pay(p)
	}
	for _, route := range l.Routes {
		sum.addRoute(route)
	}
	return sum
}

func (t *Totals) addRoute(r RouteTraffic) {
	t.Requests += r.Requests
	t.Unanswered += r.Answers[Unanswered]
	t.RateLimited += r.RateLimited
	t.Answered429 += r.Answers["429"]
	for _, n := range r.Faults {
		t.Faults += n
	}
}
