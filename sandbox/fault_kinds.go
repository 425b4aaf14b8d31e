package sandbox

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// faultKind is what a kind of fault does: either replace or change is set.
type faultKind struct {
	kind FaultKind
	// sees is what the client gets, does what the provider did; both as README.md tells them.
	sees, does string
	// takes are the parameters, defaults their values where a rule gives none.
	takes    []string
	defaults Fault
	// suits tells which routes it can befall; nil: all.
	suits func(route) bool
	// strikes tells whether there is anything to befall in a call; nil: always.
	strikes func(*strike) bool
	// replace answers in place of the provider.
	replace func(*strike)
	// change alters what the provider holds, before it answers as ever; false: there was nothing to alter.
	change func(*strike) bool
}

func faultKinds() []faultKind {
	const nothing, either = "nothing", "nothing; with `after` everything"
	return slices.Concat([]faultKind{
		{kind: FaultLatency, sees: "the answer, late by `delay` (real time)", does: "everything",
			takes: []string{"delay"}, defaults: Fault{Delay: Duration(time.Second)}, replace: (*strike).delay},
		{kind: FaultTimeout, sees: "no answer, until it gives up", does: either,
			takes: []string{"after"}, replace: (*strike).hang},
		{kind: FaultReset, sees: "the connection reset", does: either, takes: []string{"after"}, replace: (*strike).reset},
		{kind: FaultTruncated, sees: "half the body, then the end of the connection", does: "everything",
			replace: (*strike).truncate},
		{kind: FaultHTML, sees: "a load balancer's page, with `status`", does: either,
			takes: []string{"after", "status"}, defaults: Fault{Status: http.StatusOK}, replace: (*strike).page},
		{kind: FaultError, sees: "the provider's refusal with `status`, 5xx", does: either,
			takes:    []string{"after", "status", "retryAfter", "asDate", "bare"},
			defaults: Fault{Status: http.StatusServiceUnavailable}, replace: (*strike).fail},
		{kind: FaultRateLimit, sees: "429; `Retry-After` if `retryAfter` is given, as a date with `asDate`", does: nothing,
			takes: []string{"retryAfter", "asDate"}, defaults: Fault{Status: http.StatusTooManyRequests}, replace: (*strike).fail},
		{kind: FaultUnauthorized, sees: "401, though key and token are good", does: nothing, replace: (*strike).deny},
		{kind: FaultRevoke, sees: "401 to every token of the user, until a new login", does: "forgets the user's tokens",
			suits: takesToken, change: (*strike).revoke},
	}, orderFaultKinds(), scriptedFaultKinds())
}

// scriptedFaultKinds are in no mix: no document says that they happen, or a client can do nothing but believe them.
func scriptedFaultKinds() []faultKind {
	const everything = "everything"
	return []faultKind{
		{kind: FaultRefuse, sees: "the provider's refusal with `status`, 4xx, and `message`, without `success` if `bare`", does: "nothing",
			takes: []string{"status", "message", "bare"}, defaults: Fault{Status: http.StatusBadRequest}, replace: (*strike).refuse},
		{kind: FaultNeedsToken, sees: "401 without an access token, though the key is enough", does: "nothing",
			suits: takesKeyAlone, strikes: (*strike).lacksToken, replace: (*strike).deny},
		{kind: FaultSlowCommit, sees: "the connection reset; the new order for the first time after `delay`",
			does: "makes the order after `delay`", takes: []string{"delay"}, defaults: Fault{Delay: Duration(18 * time.Second)},
			suits: makesOrder, replace: (*strike).commitSlowly},
		{kind: FaultWithout, sees: "the answer without the members `fields`, wherever they stand", does: everything,
			takes: []string{"fields"}, replace: rewrites(withoutFields)},
		{kind: FaultSays, sees: "the answer with `message` in all members `fields` that hold a text or a number, as of a provider that lies", does: everything,
			takes: []string{"fields", "message"}, replace: rewrites(saysFields)},
		{kind: FaultEarlyClock, sees: "every `created_at` early by `lag`", does: everything, takes: []string{"lag"},
			defaults: Fault{Lag: Duration(3 * time.Second)}, suits: tellsOrders, replace: rewrites(earlier)},
		{kind: FaultPaymentMode, sees: "history rows with the order's `paymentMode`, which is not documented", does: everything,
			suits: listsOrders, replace: rewrites((*strike).withPaymentModes)},
		{kind: FaultScientific, sees: "a quote whose numbers are written as `1.191072e-12`", does: everything,
			suits: quotes, replace: rewrites(scientific)},
		{kind: FaultManyDecimals, sees: "a quote whose numbers have decimals as in `8444.90016171818`", does: everything,
			suits: quotes, replace: rewrites(manyDecimals)},
	}
}

func takesKeyAlone(r route) bool { return r.access == withKey }

func makesOrder(r route) bool {
	return r.pattern == onrampCreateRoute || r.pattern == offrampCreateRoute
}

func listsOrders(r route) bool { return r.pattern == historyRoute }

func tellsOrders(r route) bool { return listsOrders(r) || tellsStatus(r) }

func quotes(r route) bool { return strings.Contains(r.pattern, "/quote/") }

// orderFaultKinds are troubles of an order's status. They strike when it is read.
func orderFaultKinds() []faultKind {
	putOff := Fault{Delay: Duration(10 * time.Minute)}
	return []faultKind{
		{kind: FaultStale, sees: "for a time of `for`, the statuses of `lag` ago", does: "goes on",
			takes: []string{"lag", "for"}, defaults: Fault{Lag: Duration(2 * time.Minute), For: Duration(5 * time.Minute)},
			suits: tellsStatus, change: (*strike).stale},
		{kind: FaultReorder, sees: "the next two statuses in the wrong order", does: "exchanges them",
			suits: tellsStatus, change: changesPlan(reordered)},
		{kind: FaultRepeat, sees: "the next two statuses twice", does: "takes them twice",
			suits: tellsStatus, change: changesPlan(repeated)},
		{kind: FaultLate, sees: "the status for `delay` longer", does: "goes on later",
			takes: []string{"delay"}, defaults: putOff, suits: tellsStatus, change: changesPlan(putOffOrder)},
		{kind: FaultLatePayment, sees: "`expired`, and after `delay` all that follows a payment",
			does: "finds the payment of a submitted UTR late", takes: []string{"delay"}, defaults: putOff,
			suits: tellsStatus, change: changesPlan(paidLate)},
		{kind: FaultFlap, sees: "the next two statuses by turns, `delay` each, for a time of `for`", does: "takes them so often",
			takes: []string{"delay", "for"}, defaults: Fault{Delay: Duration(flapTime), For: Duration(10 * time.Minute)},
			suits: tellsStatus, change: changesPlan(flapped)},
	}
}

func takesToken(r route) bool { return r.access != withKey }

// tellsStatus tells whether a route reads the status of one order.
func tellsStatus(r route) bool {
	return r.pattern == onrampStatusRoute || r.pattern == offrampStatusRoute
}

// suitsRoute tells whether the kind can befall a route.
func (k faultKind) suitsRoute(r route) bool { return k.suits == nil || k.suits(r) }

// faultKindsByName are the kinds, to look one up.
func faultKindsByName() map[FaultKind]faultKind {
	kinds := map[FaultKind]faultKind{}
	for _, k := range faultKinds() {
		kinds[k.kind] = k
	}
	return kinds
}

func faultNames() []FaultKind {
	var names []FaultKind
	for _, k := range faultKinds() {
		names = append(names, k.kind)
	}
	return names
}

// weighted is a fault and how often it comes, of the sum of all that suit a call.
type weighted struct {
	weight int
	fault  Fault
}

// mixture is what FaultMix draws from. The weights add up to 100.
func mixture() []weighted {
	second := Duration(time.Second)
	return []weighted{
		{16, Fault{Kind: FaultLatency, Delay: second / 5}},
		{4, Fault{Kind: FaultLatency, Delay: 2 * second}},
		{1, Fault{Kind: FaultTimeout}},
		{1, Fault{Kind: FaultTimeout, After: true}},
		{8, Fault{Kind: FaultReset}},
		{12, Fault{Kind: FaultReset, After: true}},
		{8, Fault{Kind: FaultTruncated}},
		{2, Fault{Kind: FaultHTML, Status: http.StatusOK}},
		{3, Fault{Kind: FaultHTML, Status: http.StatusOK, After: true}},
		{3, Fault{Kind: FaultHTML, Status: http.StatusBadGateway}},
		{4, Fault{Kind: FaultHTML, Status: http.StatusBadGateway, After: true}},
		{4, Fault{Kind: FaultError, Status: http.StatusInternalServerError}},
		{4, Fault{Kind: FaultError, Status: http.StatusServiceUnavailable}},
		{2, Fault{Kind: FaultError, Status: http.StatusServiceUnavailable, RetryAfter: second}},
		{4, Fault{Kind: FaultError, Status: http.StatusGatewayTimeout, After: true}},
		{3, Fault{Kind: FaultRateLimit}},
		{3, Fault{Kind: FaultRateLimit, RetryAfter: second}},
		{2, Fault{Kind: FaultRateLimit, RetryAfter: 2 * second, AsDate: true}},
		{3, Fault{Kind: FaultUnauthorized}},
		{2, Fault{Kind: FaultRevoke}},
		{3, Fault{Kind: FaultStale}},
		{2, Fault{Kind: FaultReorder}},
		{2, Fault{Kind: FaultRepeat}},
		{2, Fault{Kind: FaultLate}},
		{2, Fault{Kind: FaultLatePayment}},
	}
}

// FaultInfo tells of a kind of fault.
type FaultInfo struct {
	Fault FaultKind `json:"fault"`
	// Client is what the client sees, Provider what the provider did.
	Client   string `json:"client"`
	Provider string `json:"provider"`
	// Parameters are those it takes, with their defaults where they have one.
	Parameters []string `json:"parameters"`
	// Weight is its share of FaultMix, in per cent of what befalls a status call, which every kind suits.
	Weight int `json:"weight"`
}

// FaultTable returns every kind of fault but FaultMix; those without a weight happen by script only. README.md holds the same table.
func FaultTable() []FaultInfo {
	var table []FaultInfo
	for _, k := range faultKinds() {
		info := FaultInfo{Fault: k.kind, Client: k.sees, Provider: k.does, Parameters: k.described()}
		for _, w := range mixture() {
			if w.fault.Kind == k.kind {
				info.Weight += w.weight
			}
		}
		table = append(table, info)
	}
	return table
}

// described lists the parameters, as `delay` (1s).
func (k faultKind) described() []string {
	defaults := map[string]any{"delay": time.Duration(k.defaults.Delay), "lag": time.Duration(k.defaults.Lag),
		"for": time.Duration(k.defaults.For), "status": k.defaults.Status}
	described := []string{}
	for _, name := range k.takes {
		text := "`" + name + "`"
		if value, ok := defaults[name]; ok {
			text += fmt.Sprintf(" (%v)", value)
		}
		described = append(described, text)
	}
	return described
}

// WriteFaultTable writes the kinds of faults for a terminal.
func WriteFaultTable(w io.Writer) error {
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(columns, "FAULT\tTHE CLIENT SEES\tTHE PROVIDER DID\tPARAMETERS\tOF THE MIX")
	for _, f := range FaultTable() {
		_, _ = fmt.Fprintf(columns, "%s\t%s\t%s\t%s\t%d %%\n", f.Fault, plain(f.Client), plain(f.Provider),
			plain(strings.Join(f.Parameters, ", ")), f.Weight)
	}
	return columns.Flush()
}
