package workflows_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"rampart/onmeta"
	"rampart/ramp"
)

// standing is where an order stands in truth, however its status is spelled.
type standing string

// Standings. The last four are final, but that an expired order may be opened again.
const (
	waiting   standing = "unpaid"
	unclear   standing = "unclear"
	settling  standing = "settling"
	refunding standing = "refunding"
	done      standing = "done"
	returned  standing = "refunded"
	calledOff standing = "cancelled"
	lapsed    standing = "expired"
)

// paid reports whether the provider has the payment, or has had it.
func (s standing) paid() bool {
	return s == settling || s == refunding || s == done || s == returned
}

func (s standing) over() bool { return s == done || s == returned || s == calledOff || s == lapsed }

// spellings are how the provider may write a standing: as one document has it, or another.
func spellings(direction ramp.Direction) map[standing][]string {
	words := map[standing][]string{
		waiting:   {"fiatPending", "FiatPending", "FIATPENDING"},
		unclear:   {"complianceReview", "onHold", "manual_review"},
		settling:  {"fiatReceived", "orderReceived", "FiatReceived", "InProgress", "transferred"},
		refunding: {"refundInitiated", "refunding", "fiatRefundInitiated"},
		done:      {"completed", "Completed", "COMPLETED"},
		returned:  {"refunded", "Refunded", "REFUNDED"},
		calledOff: {"cancelled", "Canceled", "Cancelled"},
		lapsed:    {"expired", "Expired", "EXPIRED"},
	}
	if direction == ramp.Offramp {
		words[waiting] = []string{"cryptoInit", "pending", "Pending"}
		words[settling] = []string{"orderReceived", "CryptoReceived", "cryptoReceived", "fiatPending", "fiatFailed"}
		words[done] = []string{"PayoutSuccess", "payoutSuccess", "completed"}
	}
	return words
}

// hop is a change of an order, so long after the one before.
type hop struct {
	after time.Duration
	to    standing
}

func (h hop) String() string { return fmt.Sprintf("%s after %s", h.to, h.after) }

// truthStep is a change that an order goes through at a time.
type truthStep struct {
	at     time.Time
	to     standing
	status string
}

// truthOrder is the provider's order. It changes by itself, as time passes.
type truthOrder struct {
	id, reference string
	// asked is when the request for it came, and at when it was made.
	asked, at    time.Time
	tokens, fiat decimal.Decimal
	// payout is the fiat net of what the provider takes from it.
	payout decimal.Decimal
	wallet string
	steps  []truthStep
	proofs []tookProof
}

// tookProof is a proof that the provider took.
type tookProof struct {
	reference string
	at        time.Time
}

func (o *truthOrder) stands(now time.Time) truthStep {
	current := o.steps[0]
	for _, s := range o.steps {
		if !s.at.After(now) {
			current = s
		}
	}
	return current
}

// proof is the last one that the provider took.
func (o *truthOrder) proof() string {
	if len(o.proofs) == 0 {
		return ""
	}
	return o.proofs[len(o.proofs)-1].reference
}

// paidFrom is when the provider has the payment for the first time after a moment; zero for never.
func (o *truthOrder) paidFrom(from time.Time) time.Time {
	if o.stands(from).to.paid() {
		return from
	}
	for _, s := range o.steps {
		if s.to.paid() && s.at.After(from) {
			return s.at
		}
	}
	return time.Time{}
}

// end is when the last change comes.
func (o *truthOrder) end() time.Time { return o.steps[len(o.steps)-1].at }

// told is a status that the provider has answered to a look.
type told struct {
	at      time.Time
	orderID string
	step    truthStep
}

// sentProof is a proof that reached the provider.
type sentProof struct {
	at             time.Time
	orderID, proof string
	accepted       bool
	// stood is where the order stood then.
	stood standing
	// delivered is set if the sender heard the answer.
	delivered bool
}

// asking is a call as it came in.
type asking struct {
	at    time.Time
	route onmeta.Route
	fault truthFault
}

// truthProvider is a provider that is independent of the sandbox: it has the truth of each order and answers from it, unless a
// fault keeps the request or the answer back. It is an http.RoundTripper under controlled time.
type truthProvider struct {
	*truthScenario
	routes *http.ServeMux
	byPath map[string]onmeta.Route

	mu      sync.Mutex
	script  map[onmeta.Route][]truthFault
	orders  []*truthOrder
	hashes  map[string]bool
	pricing int
	// quoted are the prices that were told, newest last.
	quoted []truthQuote
	told   []told
	proofs []sentProof
	asked  []asking
	// revokedAt is when every token that was given until then stopped working.
	revokedAt      time.Time
	loginsRefused  int
	refusedLogins  int
	refusedCreates int
	breaches       []string
}

type truthQuote struct {
	at           time.Time
	pay, receive decimal.Decimal
}

func newTruthProvider(s *truthScenario) *truthProvider {
	p := &truthProvider{
		truthScenario: s, routes: http.NewServeMux(), byPath: map[string]onmeta.Route{},
		script: map[onmeta.Route][]truthFault{}, hashes: map[string]bool{},
	}
	for _, route := range onmeta.Routes() {
		pattern := route.Method() + " " + route.Path()
		p.routes.Handle(pattern, http.NotFoundHandler())
		p.byPath[pattern] = route
	}
	for route, faults := range s.faults {
		p.script[route] = append([]truthFault(nil), faults...)
	}
	return p
}

func (p *truthProvider) breach(format string, args ...any) {
	p.breaches = append(p.breaches, fmt.Sprintf("%s ", since(time.Now().UTC()))+fmt.Sprintf(format, args...))
}

// RoundTrip implements http.RoundTripper.
func (p *truthProvider) RoundTrip(request *http.Request) (*http.Response, error) {
	if trace := httptrace.ContextClientTrace(request.Context()); trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
	_, pattern := p.routes.Handler(request)
	q := truthQuestion{at: time.Now().UTC(), route: p.byPath[pattern], param: request.URL.Path[strings.LastIndex(request.URL.Path, "/")+1:]}
	q.bearer = strings.TrimPrefix(request.Header.Get("Authorization"), "Bearer ")
	if request.Body != nil {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return nil, err
		}
		_ = request.Body.Close()
		_ = json.Unmarshal(body, &q.body)
	}
	fault := p.next(q.route)
	switch fault.kind {
	case "":
		q.delivered = true
		return p.answer(request, p.handle(q)), nil
	case truthDown:
		return p.answer(request, no(http.StatusServiceUnavailable, "down")), nil
	case truthRefused:
		return p.answer(request, no(fault.status(), "user is forbidden")), nil
	case truthLost:
		p.handle(q)
		return nil, io.EOF
	case truthSlow:
		go func() {
			time.Sleep(fault.commits)
			p.handle(q)
		}()
	}
	<-request.Context().Done()
	return nil, request.Context().Err()
}

func (p *truthProvider) next(route onmeta.Route) truthFault {
	p.mu.Lock()
	defer p.mu.Unlock()
	var head truthFault
	if script := p.script[route]; len(script) > 0 {
		head = script[0]
		if head.skip > 0 {
			script[0].skip--
			head = truthFault{}
		} else if script[0].times--; script[0].times <= 0 {
			p.script[route] = script[1:]
		}
	}
	p.asked = append(p.asked, asking{time.Now().UTC(), route, head})
	return head
}

// calm ends all faults.
func (p *truthProvider) calm() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.script, p.loginsRefused = nil, 0
}

// troubled reports whether faults of the route are still to come, or have hit since a moment.
func (p *truthProvider) troubled(route onmeta.Route, from time.Time) bool {
	if len(p.script[route]) > 0 {
		return true
	}
	for _, a := range p.asked {
		if a.route == route && a.fault.kind != "" && !a.at.Before(from) {
			return true
		}
	}
	return false
}

// truthQuestion is a request, and whether its sender will hear the answer.
type truthQuestion struct {
	at        time.Time
	route     onmeta.Route
	param     string
	bearer    string
	body      map[string]any
	delivered bool
}

func (q truthQuestion) text(field string) string {
	text, _ := q.body[field].(string)
	return text
}

func (q truthQuestion) number(field string) decimal.Decimal {
	switch value := q.body[field].(type) {
	case float64:
		return decimal.NewFromFloat(value)
	case string:
		return decimal.RequireFromString(value)
	}
	return decimal.Zero
}

type truthAnswer struct {
	status int
	body   any
}

func yes(data any) truthAnswer {
	return truthAnswer{http.StatusOK, map[string]any{"success": true, "data": data, "error": map[string]any{}}}
}

func no(status int, message string) truthAnswer {
	return truthAnswer{status, map[string]any{"success": false, "error": map[string]any{"code": status, "message": message}}}
}

func (p *truthProvider) answer(request *http.Request, a truthAnswer) *http.Response {
	body, err := json.Marshal(a.body)
	if err != nil {
		panic(err)
	}
	return &http.Response{
		StatusCode: a.status, ProtoMajor: 1, ProtoMinor: 1, Request: request, ContentLength: int64(len(body)),
		Header: http.Header{"Date": {p.clock().Format(http.TimeFormat)}, "Content-Type": {"application/json"}},
		Body:   io.NopCloser(bytes.NewReader(body)),
	}
}

// clock is the provider's, which need not be ours.
func (p *truthProvider) clock() time.Time { return time.Now().UTC().Add(p.dateSkew) }

func (p *truthProvider) handle(q truthQuestion) truthAnswer {
	p.mu.Lock()
	defer p.mu.Unlock()
	if q.route.Auth() != onmeta.AuthMerchant && p.revoked(q.bearer) {
		return no(http.StatusUnauthorized, "unauthorized to access")
	}
	switch q.route {
	case onmeta.RouteLogin:
		return p.login()
	case onmeta.RouteRefreshToken:
		return yes(map[string]any{"accessToken": p.token()})
	case onmeta.RouteKYCStatus:
		return yes(map[string]any{"isKycVerified": true})
	case onmeta.RouteUPIIDs:
		return yes([]any{map[string]any{"upiId": onrampRequest().UPI.ID, "name": "Asha Rao", "status": "SUCCESS", "referenceNumber": "ref-1"}})
	case onmeta.RouteBankAccounts:
		return yes([]any{map[string]any{
			"accountNumber": "XXXX4821", "accountName": "Asha Rao", "ifsc": "HDFC0001234", "status": "Success", "referenceNumber": "ref-2",
		}})
	case onmeta.RouteCurrencies:
		account := map[string]any{"name": "Beneficiary Pvt Ltd", "ifsc": "HDFC0001234", "account": "50100000000001"}
		return yes([]any{map[string]any{"currencyCode": "INR", "paymentModes": []any{map[string]any{"code": "INR_IMPS", "extra": account}}}})
	case onmeta.RouteQuoteBuy:
		return p.quoteBuy(q)
	case onmeta.RouteQuoteSell:
		return p.quoteSell(q)
	case onmeta.RouteCreateOnramp, onmeta.RouteCreateOfframp:
		return p.create(q)
	case onmeta.RouteSubmitUTR, onmeta.RouteSubmitHash:
		return p.take(q)
	case onmeta.RouteOnrampStatus, onmeta.RouteOfframpStatus:
		return p.status(q)
	case onmeta.RouteOrderHistory:
		return p.history(q)
	}
	p.breach("an unexpected call: %s", q.route)
	return no(http.StatusBadRequest, "bad request")
}

// token is one that tells when it was given.
func (p *truthProvider) token() string { return fmt.Sprintf("t%d", time.Now().UnixNano()) }

func (p *truthProvider) revoked(token string) bool {
	given, err := strconv.ParseInt(strings.TrimPrefix(token, "t"), 10, 64)
	return err != nil || !p.revokedAt.IsZero() && !time.Unix(0, given).After(p.revokedAt)
}

// revoke ends every session, and refuses the next logins.
func (p *truthProvider) revoke(logins int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.revokedAt, p.loginsRefused = time.Now(), logins
}

func (p *truthProvider) login() truthAnswer {
	if p.loginsRefused > 0 {
		p.loginsRefused--
		p.refusedLogins++
		return no(http.StatusForbidden, "user is forbidden")
	}
	return yes(map[string]any{"accessToken": p.token(), "refreshToken": p.token()})
}

// rate is what a token costs: another with each price that the provider names, until the last one stays.
func (p *truthProvider) rate() decimal.Decimal {
	rate := p.rates[min(p.pricing, len(p.rates)-1)]
	p.pricing++
	return decimal.NewFromInt(rate)
}

// gasFee is taken from every payout, and so is a TDS of 1 %, whether the quote names it or not.
var gasFee = decimal.RequireFromString("0.21")

func payoutOf(gross decimal.Decimal) decimal.Decimal {
	return gross.Sub(gasFee).Sub(gross.Mul(decimal.New(1, -2))).Truncate(2)
}

func (p *truthProvider) quoteBuy(q truthQuestion) truthAnswer {
	rate, fiat := p.rate(), q.number("fiatAmount")
	tokens := fiat.Div(rate).Truncate(6)
	p.quote(q, truthQuote{time.Now().UTC(), fiat, tokens})
	return yes(map[string]any{"receivedTokens": tokens.String(), "conversionRate": rate.String(), "estimateId": fmt.Sprintf("estimate-%d", p.pricing)})
}

func (p *truthProvider) quoteSell(q truthQuestion) truthAnswer {
	rate := p.rate()
	tokens, gross := sale(q, rate)
	p.quote(q, truthQuote{time.Now().UTC(), tokens, payoutOf(gross)})
	data := map[string]any{
		"sellTokens": tokens.String(), "conversionRate": rate.String(), "fiatAmount": gross.InexactFloat64(), "fiatCurrency": "inr",
		"gasFee": gasFee.InexactFloat64(),
	}
	if p.namesTDS {
		data["tdsFee"] = gross.Mul(decimal.New(1, -2)).InexactFloat64()
	}
	return yes(data)
}

func (p *truthProvider) quote(q truthQuestion, quote truthQuote) {
	if q.delivered {
		p.quoted = append(p.quoted, quote)
	}
}

// sale is how many tokens are sold for how much, by whichever of the two is fixed.
func sale(q truthQuestion, rate decimal.Decimal) (tokens, gross decimal.Decimal) {
	if tokens := q.number("sellTokenAmount"); tokens.IsPositive() {
		return tokens, tokens.Mul(rate).Truncate(2)
	}
	gross = q.number("fiatAmount")
	return gross.Div(rate).RoundUp(6), gross
}

func (p *truthProvider) create(q truthQuestion) truthAnswer {
	if p.createsRefused > p.refusedCreates {
		p.refusedCreates++
		return no(http.StatusBadRequest, "amount below the limit")
	}
	now, n := time.Now().UTC(), len(p.orders)+1
	meta, _ := q.body["metaData"].(map[string]any)
	o := &truthOrder{id: fmt.Sprintf("65000000000000000000%04d", n), asked: q.at, at: now, fiat: q.number("fiatAmount"), wallet: fmt.Sprintf("0x%040d", n)}
	o.reference, _ = meta["reference"].(string)
	if p.direction == ramp.Offramp {
		o.tokens, o.fiat = sale(q, p.rate())
		o.payout = payoutOf(o.fiat)
		if p.deviates && q.number("sellTokenAmount").IsPositive() {
			o.tokens = o.tokens.Mul(decimal.RequireFromString("1.03"))
		}
	}
	o.steps = []truthStep{p.step(now, waiting, 0)}
	p.plan(o, now, p.selfOf(q))
	p.orders = append(p.orders, o)
	if p.direction == ramp.Offramp {
		return yes(map[string]any{
			"orderId": o.id, "receiverWalletAddress": o.wallet, "quote": o.tokens.String(), "fiatAmount": o.fiat.InexactFloat64(),
			"fiatCurrency": "inr", "paymentMode": "NEFT",
		})
	}
	return yes(map[string]any{
		"orderId":          o.id,
		"redirect_actions": map[string]any{"qr_checkout_string": o.qr()},
		"paymentDetails":   map[string]any{"upiCode": "merchant0001@examplebank"},
	})
}

// selfOf is what becomes of an order by itself. Nobody pays one that nobody has heard of, and what its status says then is not
// enough to know it by.
func (p *truthProvider) selfOf(q truthQuestion) []hop {
	course := slices.Clone(p.self)
	if len(course) > 0 && !q.delivered {
		course[0].after += 30 * time.Minute
	}
	return course
}

func (o *truthOrder) qr() string {
	return fmt.Sprintf("upi://pay?pa=merchant0001@examplebank&am=%s&cu=INR&tn=%s", o.fiat.StringFixed(2), o.id)
}

func (p *truthProvider) step(at time.Time, to standing, n int) truthStep {
	words := spellings(p.direction)[to]
	return truthStep{at, to, words[(p.spelling+n)%len(words)]}
}

// plan replaces what is to become of an order. Whatever is not over then expires, three hours after it was made or later,
// where that is known of its direction or a proof was taken.
func (p *truthProvider) plan(o *truthOrder, now time.Time, course []hop) {
	past := o.steps[:0:0]
	for _, s := range o.steps {
		if !s.at.After(now) {
			past = append(past, s)
		}
	}
	o.steps = past
	at, last := now, past[len(past)-1].to
	for n, h := range course {
		at, last = at.Add(h.after), h.to
		o.steps = append(o.steps, p.step(at, h.to, n))
	}
	if last.over() || p.direction == ramp.Offramp && len(o.proofs) == 0 && !p.offrampExpires {
		return
	}
	expiry := o.at.Add(orderLifetime + p.grace)
	if !expiry.After(at) {
		expiry = at.Add(10 * time.Minute)
	}
	for n, h := range append([]hop{{0, lapsed}}, p.reopened(o)...) {
		expiry = expiry.Add(h.after)
		o.steps = append(o.steps, p.step(expiry, h.to, n))
	}
}

// reopened is what becomes of an order after it expired: support may open one again whose proof it has.
func (p *truthProvider) reopened(o *truthOrder) []hop {
	if len(o.proofs) == 0 {
		return nil
	}
	return p.reopens
}

func (p *truthProvider) order(id string) *truthOrder {
	for _, o := range p.orders {
		if o.id == id {
			return o
		}
	}
	return nil
}

// take notes a proof. Only its form is looked at, but for the one that the scenario has refused; another may replace it while
// the payment is looked for (provider 13).
func (p *truthProvider) take(q truthQuestion) truthAnswer {
	now, proof := time.Now().UTC(), q.text("utr")+q.text("txnHash")
	o := p.order(q.text("orderId"))
	if o == nil {
		return no(http.StatusNotFound, "data not found")
	}
	stood := o.stands(now).to
	sent := sentProof{at: now, orderID: o.id, proof: proof, stood: stood, delivered: q.delivered}
	defer func() { p.proofs = append(p.proofs, sent) }()
	again := o.proof() == proof
	switch {
	case stood.paid():
		return no(http.StatusBadRequest, "Order already success, can't update UTR")
	case stood.over():
		return no(http.StatusForbidden, "Invalid UTR")
	case again && q.route == onmeta.RouteSubmitUTR && !p.strict:
		sent.accepted = true
		return truthAnswer{http.StatusOK, map[string]any{"success": true, "error": map[string]any{}}}
	case p.refusesProof(proof), again && q.route == onmeta.RouteSubmitUTR:
		return no(http.StatusForbidden, "Invalid UTR")
	case p.hashes[proof]:
		return no(http.StatusConflict, "Duplicate transaction hash")
	}
	sent.accepted = true
	p.hashes[proof] = q.route == onmeta.RouteSubmitHash
	o.proofs = append(o.proofs, tookProof{proof, now})
	if p.finds(proof) {
		p.plan(o, now, p.found)
	} else if len(p.self) == 0 {
		p.plan(o, now, nil)
	}
	return truthAnswer{http.StatusOK, map[string]any{"success": true, "error": map[string]any{}}}
}

func (p *truthProvider) status(q truthQuestion) truthAnswer {
	now := time.Now().UTC()
	o := p.order(q.text("orderId"))
	if o == nil {
		return no(http.StatusNotFound, "data not found")
	}
	step := o.stands(now)
	if q.delivered {
		p.told = append(p.told, told{now, o.id, step})
	}
	data := map[string]any{"orderId": o.id, "status": step.status, "reason": "", "fiat": o.fiat.InexactFloat64(), "currency": "INR", "chainId": 137}
	if p.direction == ramp.Offramp {
		data["txnHash"] = o.proof()
	} else if step.to == done {
		data["transactionHash"], data["transferredAmount"], data["buyTokenSymbol"] = hash, "11.9", "USDC"
	}
	return yes(data)
}

// history lists the user's on-ramp orders, newest first, by a clock that need not be that of the other answers.
func (p *truthProvider) history(q truthQuestion) truthAnswer {
	page, err := strconv.Atoi(q.param)
	if err != nil {
		return no(http.StatusBadRequest, "Invalid request")
	}
	var rows []any
	now := time.Now().UTC()
	for n := len(p.orders) - 1; n >= 0; n-- {
		o := p.orders[n]
		rows = append(rows, historyRow(o.id, o.stands(now).status, o.fiat, o.proof(), o.at.Add(p.dateSkew+p.historySkew)))
	}
	fiat := decimal.RequireFromString(onrampRequest().Fiat.Amount)
	for n := range p.strangers {
		made := start.Add(p.dateSkew - 10*time.Minute - time.Duration(n)*time.Minute)
		rows = append(rows, historyRow(fmt.Sprintf("65999999999999999999%04d", n), "fiatPending", fiat, "", made))
	}
	from := min(page*onmeta.OrderHistoryPageSize, len(rows))
	return yes(append([]any{}, rows[from:min(from+onmeta.OrderHistoryPageSize, len(rows))]...))
}

func historyRow(id, status string, fiat decimal.Decimal, proof string, made time.Time) map[string]any {
	wanted := onrampRequest()
	return map[string]any{
		"orderId": id, "status": status, "amount": fiat.InexactFloat64(), "currency": "INR", "receiverWalletAddress": wanted.WalletAddress,
		"buyTokenSymbol": wanted.Token.Symbol, "buyTokenAddress": wanted.Token.Address, "chainId": wanted.Token.ChainID,
		"created_at": made.Format("2006-01-02T15:04:05.000Z"), "source": "UTR",
		"paymentDetails": map[string]any{"source": "UTR", "reference": proof},
	}
}
