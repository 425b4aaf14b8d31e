package fault

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"
)

// Trait is what faults can affect about a route. Traits are combined as bits.
type Trait uint

// The traits of routes.
const (
	// TakesToken: the call needs an access or a refresh token.
	TakesToken Trait = 1 << iota
	// TakesKeyAlone: the API key is enough.
	TakesKeyAlone
	// CreatesOrder: the call creates an order.
	CreatesOrder
	// TellsStatus: the answer holds the status of one order.
	TellsStatus
	// ListsOrders: the answer is a page of the order history.
	ListsOrders
	// Quotes: the answer is a quote.
	Quotes
	// SendsWebhook: no call, but a webhook that the sandbox sends. Only the kinds of webhooks affect it.
	SendsWebhook
)

// kind describes a kind of fault.
type kind struct {
	name Kind
	// client is what the client gets, and provider what the provider does, as README.md shows them.
	client, provider string
	// takes are the parameters, and defaults their values where a rule gives none.
	takes    []string
	defaults Fault
	// needs are the traits of which a route must have one; none: the kind can affect every route.
	needs Trait
}

// affects reports whether the kind can affect a route.
func (k kind) affects(r Route) bool {
	if r.Traits&SendsWebhook != 0 {
		return k.needs&SendsWebhook != 0
	}
	return k.needs == 0 || k.needs&r.Traits != 0
}

func kinds() []kind {
	const everything, nothing, either = "everything", "nothing", "nothing; with `after` everything"
	delay, postponed := Duration(time.Second), Fault{Delay: Duration(10 * time.Minute)}
	return []kind{
		{name: Latency, client: "the answer, late by `delay` (real time)", provider: everything,
			takes: []string{"delay"}, defaults: Fault{Delay: delay}},
		{name: Timeout, client: "no answer, until it gives up", provider: either, takes: []string{"after"}},
		{name: Reset, client: "the connection reset", provider: either, takes: []string{"after"}},
		{name: Truncated, client: "half the body, then the end of the connection", provider: everything},
		{name: HTML, client: "a load balancer's page, with `status`", provider: either,
			takes: []string{"after", "status"}, defaults: Fault{Status: http.StatusOK}},
		{name: Error, client: "the provider's refusal with `status`, 5xx", provider: either,
			takes:    []string{"after", "status", "retryAfter", "asDate", "bare"},
			defaults: Fault{Status: http.StatusServiceUnavailable}},
		{name: RateLimit, client: "429; `Retry-After` if `retryAfter` is given, as a date with `asDate`", provider: nothing,
			takes: []string{"retryAfter", "asDate"}, defaults: Fault{Status: http.StatusTooManyRequests}},
		{name: Unauthorized, client: "401, though key and token are valid", provider: nothing},
		{name: Revoke, client: "401 to every token of the user, until a new login", provider: "revokes the user's tokens", needs: TakesToken},

		// Troubles of an order's status; they apply when it is read.
		{name: Stale, client: "for a time of `for`, the statuses of `lag` ago", provider: "goes on",
			takes: []string{"lag", "for"}, defaults: Fault{Lag: Duration(2 * time.Minute), For: Duration(5 * time.Minute)}, needs: TellsStatus},
		{name: Reorder, client: "the next two statuses in the wrong order", provider: "swaps them", needs: TellsStatus},
		{name: Repeat, client: "the next two statuses twice", provider: "takes them twice", needs: TellsStatus},
		{name: Late, client: "the status for `delay` longer", provider: "goes on later",
			takes: []string{"delay"}, defaults: postponed, needs: TellsStatus},
		{name: LatePayment, client: "`expired`, and after `delay` all that follows a payment",
			provider: "finds the payment of a submitted UTR late", takes: []string{"delay"}, defaults: postponed, needs: TellsStatus},
		{name: Flap, client: "the next two statuses in turns, `delay` each, for a time of `for`", provider: "alternates between them",
			takes: []string{"delay", "for"}, defaults: Fault{Delay: Duration(15 * time.Second), For: Duration(10 * time.Minute)},
			needs: TellsStatus},

		// Not in the mix: no document says that they happen, or a client cannot but believe them.
		{name: Refuse, client: "the provider's refusal with `status`, 4xx, and `message`, without `success` if `bare`", provider: nothing,
			takes: []string{"status", "message", "bare"}, defaults: Fault{Status: http.StatusBadRequest}},
		{name: NeedsToken, client: "401 without an access token, though the key is enough", provider: nothing, needs: TakesKeyAlone},
		{name: SlowCommit, client: "the connection reset; the new order for the first time after `delay`",
			provider: "creates the order after `delay`", takes: []string{"delay"}, defaults: Fault{Delay: Duration(18 * time.Second)},
			needs: CreatesOrder},
		{name: Without, client: "the answer without the members `fields`, at any depth", provider: everything, takes: []string{"fields"}},
		{name: Says, client: "the answer with `message` in all members `fields` that hold a text or a number, as of a provider that lies",
			provider: everything, takes: []string{"fields", "message"}},
		{name: EarlyClock, client: "every `created_at` early by `lag`", provider: everything, takes: []string{"lag"},
			defaults: Fault{Lag: Duration(3 * time.Second)}, needs: ListsOrders | TellsStatus},
		{name: PaymentMode, client: "history rows with the order's `paymentMode`, which is not documented", provider: everything,
			needs: ListsOrders},
		{name: Scientific, client: "a quote whose numbers are written as `1.191072e-12`", provider: everything, needs: Quotes},
		{name: ManyDecimals, client: "a quote whose numbers have decimals as in `8444.90016171818`", provider: everything, needs: Quotes},

		// Of webhooks.
		{name: WebhookLost, client: "no webhook", provider: "does not send it", needs: SendsWebhook},
		{name: WebhookLate, client: "the webhook, late by `delay`", provider: "sends it late",
			takes: []string{"delay"}, defaults: Fault{Delay: Duration(2 * time.Minute)}, needs: SendsWebhook},
		{name: WebhookTwice, client: "the webhook twice", provider: "sends it twice", needs: SendsWebhook},
		{name: WebhookReorder, client: "the webhook after the next one of its order", provider: "sends the two in the wrong order", needs: SendsWebhook},
		{name: WebhookForged, client: "the webhook, signed with another secret", provider: "sends none", needs: SendsWebhook},
		{name: WebhookUnsigned, client: "the webhook without a signature", provider: "does not sign it", needs: SendsWebhook},
		{name: WebhookWrapped, client: "the webhook in `request_data`, with some names in lower case", provider: "wraps it", needs: SendsWebhook},
	}
}

// kindsByName returns the kinds by name.
func kindsByName() map[Kind]kind {
	byName := map[Kind]kind{}
	for _, k := range kinds() {
		byName[k.name] = k
	}
	return byName
}

func names() []Kind {
	var all []Kind
	for _, k := range kinds() {
		all = append(all, k.name)
	}
	return all
}

// weighted is a fault and its weight among all that can affect a call.
type weighted struct {
	weight int
	fault  Fault
}

// mixture returns the faults that Mix draws from. The weights add up to 100.
func mixture() []weighted {
	second := Duration(time.Second)
	return []weighted{
		{16, Fault{Kind: Latency, Delay: second / 5}},
		{4, Fault{Kind: Latency, Delay: 2 * second}},
		{1, Fault{Kind: Timeout}},
		{1, Fault{Kind: Timeout, After: true}},
		{8, Fault{Kind: Reset}},
		{12, Fault{Kind: Reset, After: true}},
		{8, Fault{Kind: Truncated}},
		{2, Fault{Kind: HTML, Status: http.StatusOK}},
		{3, Fault{Kind: HTML, Status: http.StatusOK, After: true}},
		{3, Fault{Kind: HTML, Status: http.StatusBadGateway}},
		{4, Fault{Kind: HTML, Status: http.StatusBadGateway, After: true}},
		{4, Fault{Kind: Error, Status: http.StatusInternalServerError}},
		{4, Fault{Kind: Error, Status: http.StatusServiceUnavailable}},
		{2, Fault{Kind: Error, Status: http.StatusServiceUnavailable, RetryAfter: second}},
		{4, Fault{Kind: Error, Status: http.StatusGatewayTimeout, After: true}},
		{3, Fault{Kind: RateLimit}},
		{3, Fault{Kind: RateLimit, RetryAfter: second}},
		{2, Fault{Kind: RateLimit, RetryAfter: 2 * second, AsDate: true}},
		{3, Fault{Kind: Unauthorized}},
		{2, Fault{Kind: Revoke}},
		{3, Fault{Kind: Stale}},
		{2, Fault{Kind: Reorder}},
		{2, Fault{Kind: Repeat}},
		{2, Fault{Kind: Late}},
		{2, Fault{Kind: LatePayment}},
	}
}

// Info describes a kind of fault.
type Info struct {
	Fault Kind `json:"fault"`
	// Client is what the client sees, and Provider what the provider does.
	Client   string `json:"client"`
	Provider string `json:"provider"`
	// Parameters are those it takes, with their defaults where they have one.
	Parameters []string `json:"parameters"`
	// Weight is its share of Mix in percent, for a status call, which every kind of the mix can affect.
	Weight int `json:"weight"`
}

// Table returns every kind but Mix. Kinds without a weight are injected by rules that name them only. README.md shows the table.
func Table() []Info {
	var table []Info
	for _, k := range kinds() {
		info := Info{Fault: k.name, Client: k.client, Provider: k.provider, Parameters: k.described()}
		for _, w := range mixture() {
			if w.fault.Kind == k.name {
				info.Weight += w.weight
			}
		}
		table = append(table, info)
	}
	return table
}

// described returns the parameters, as "`delay` (1s)".
func (k kind) described() []string {
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

// WriteTable writes Table for a terminal.
func WriteTable(w io.Writer) error {
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(columns, "FAULT\tTHE CLIENT SEES\tTHE PROVIDER DID\tPARAMETERS\tOF THE MIX")
	for _, f := range Table() {
		_, _ = fmt.Fprintf(columns, "%s\t%s\t%s\t%s\t%d %%\n", f.Fault, plain(f.Client), plain(f.Provider),
			plain(strings.Join(f.Parameters, ", ")), f.Weight)
	}
	return columns.Flush()
}

func plain(markdown string) string { return strings.ReplaceAll(markdown, "`", "") }
