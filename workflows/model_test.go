package workflows_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"pgregory.net/rapid"

	"rampart/ramp"
)

const (
	// modelShards run side by side, each with as many random orders as rapid is told to check: 100, or what RAPID_CHECKS says.
	modelShards = 5
	// longestOrder is far beyond what any scenario can take.
	longestOrder = 365 * 24 * time.Hour
	// createAttempts is how often an order is tried to be made until the order asks for attention.
	createAttempts = 8
	// malformed is no proof of payment.
	malformed = "12 34"
)

// Random users, providers and faults meet the workflow, and every promise that an order makes is checked against what the
// provider's ledger says. RAPID_CHECKS=2000 makes it 10,000 orders.
func TestModelOfAnOrderHolds(t *testing.T) {
	t.Parallel()
	for shard := range modelShards {
		t.Run(fmt.Sprint(shard), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				s := scenarios().Draw(t, "scenario")
				r := s.play()
				r.check()
				if len(r.breaches) > 0 {
					t.Fatalf("%s\n%s", strings.Join(r.breaches, "\n"), r.story())
				}
			})
		})
	}
}

// scenario is all that is random about an order.
type scenario struct {
	direction ramp.Direction
	byBank    bool
	dossier   bool
	confirm   bool
	// payout is set for an off-ramp order by its amount of INR: the tokens to pay move with the price.
	payout bool
	least  string
	most   string
	proof  string

	verified bool
	fates    []fate
	// prices are what moves with the price, by one quote after the other: what the user receives or, for a payout, pays. The
	// last one stays.
	prices []string
	// answers are faults, call by call. A call without any succeeds.
	answers map[string][]answer
	// lookSays is the status that the provider comes to of its own at the first look; empty for none.
	lookSays string
	// final is the provider's last status of a paid order.
	final   string
	actions []action
}

// action is what a user or an operator does, at a time counted from an anchor.
type action struct {
	anchor anchor
	offset time.Duration
	what   deed
	proof  string
}

type anchor string

// Anchors. An order may never get to the later ones.
const (
	fromStart    anchor = "start"
	fromQuote    anchor = "quote"
	fromDeadline anchor = "deadline"
	fromSubmit   anchor = "submission"
)

type deed string

// Deeds. Those that are signals have an update of the same name.
const (
	signalProof   deed = "signal proof"
	updateProof   deed = "update proof"
	cancel        deed = "cancel"
	signalConfirm deed = "signal confirmation"
	updateConfirm deed = "update confirmation"
	confirmWrong  deed = "update confirmation of another quote"
	signalKYC     deed = "signal KYC"
	updateKYC     deed = "update KYC"
	signalAccount deed = "signal account"
	updateAccount deed = "update account"
	wrongAccount  deed = "update account of the wrong kind"
	awaitOrder    deed = "await order"
	query         deed = "query"
	// hint is one of a webhook, true or not.
	hint deed = "hint"
)

func (a action) String() string {
	text := fmt.Sprintf("%s%+v %s", a.anchor, a.offset, a.what)
	if a.proof != "" {
		text += " " + a.proof
	}
	return text
}

// GoString is the scenario in a few lines: what rapid prints of a failure.
func (s *scenario) GoString() string {
	parts := []string{string(s.direction)}
	add := func(when bool, format string, args ...any) {
		if when {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(s.byBank, "by bank")
	add(!s.verified, "user not verified")
	add(s.dossier, "dossier given")
	add(s.fates[0] != linkedBefore, "accounts %s", joined(s.fates))
	add(s.confirm, "to be confirmed")
	add(s.payout, "by payout")
	add(s.least != "", "at least %s", s.least)
	add(s.most != "", "at most %s", s.most)
	add(s.confirm || s.least+s.most != "", "prices %s", joined(s.prices))
	add(s.proof != "", "proof %s given", s.proof)
	for _, name := range calls() {
		add(len(s.answers[name]) > 0, "%s %s", name, joined(s.answers[name]))
	}
	add(s.lookSays != "", "first look says %s", s.lookSays)
	parts = append(parts, "ends "+s.final)
	for _, a := range s.actions {
		parts = append(parts, "\n  "+a.String())
	}
	return strings.Join(parts, "; ")
}

// calls are the names of the scripts of answers.
func calls() []string {
	return []string{
		"KYCStatus", "UploadKYC", "WatchKYC", "LinkedAccounts", "LinkAccount", "WatchLink", "Quote", "Create", "Submit",
		"OrderStatus", "WatchOrder",
	}
}

func scenarios() *rapid.Generator[*scenario] {
	return rapid.Custom(func(t *rapid.T) *scenario {
		s := &scenario{
			direction: rapid.SampledFrom([]ramp.Direction{ramp.Onramp, ramp.Offramp}).Draw(t, "direction"),
			byBank:    rarely(t, "by bank"),
			verified:  !rarely(t, "user not verified"),
			dossier:   rapid.Bool().Draw(t, "dossier given"),
			confirm:   rarely(t, "confirm"),
			least:     rapid.SampledFrom([]string{"", "", "", "", "", "100", "100.5"}).Draw(t, "at least"),
			prices:    rapid.SliceOfN(rapid.SampledFrom([]string{"101", "100", "99"}), 1, 3).Draw(t, "prices"),
			fates:     []fate{linkedBefore},
			answers:   make(map[string][]answer),
		}
		if s.direction == ramp.Offramp && rapid.Bool().Draw(t, "payout") {
			s.payout, s.least = true, ""
			s.most = rapid.SampledFrom([]string{"", "", "100", "99.5"}).Draw(t, "at most")
		}
		if rarely(t, "account not linked") {
			s.fates = rapid.SliceOfN(rapid.SampledFrom([]fate{
				linkedAtOnce, linkedLater, failedAtOnce, failedLater, refusedAtOnce,
			}), 1, 3).Draw(t, "fates")
		}
		s.drawProvider(t)
		s.drawUser(t)
		return s
	})
}

func rarely(t *rapid.T, label string) bool { return rapid.IntRange(0, 4).Draw(t, label) == 4 }

// statuses are the provider's on the way, those among them that say nothing included, and its final ones.
func (s *scenario) statuses() (onTheWay, final []string) {
	final = []string{"completed", "refunded", "cancelled", "expired"}
	if s.direction == ramp.Offramp {
		return []string{"CryptoReceived", "orderReceived", "InProgress", "fiatFailed", "refundInitiated", "cryptoInit", "somethingNew", "expired"},
			append(final, "PayoutSuccess")
	}
	return []string{"fiatReceived", "orderReceived", "InProgress", "transferred", "refundInitiated", "fiatPending", "somethingNew", "expired"}, final
}

func (s *scenario) drawProvider(t *rapid.T) {
	onTheWay, final := s.statuses()
	s.final = rapid.SampledFrom(final).Draw(t, "final")
	if rapid.Bool().Draw(t, "last look differs") {
		s.lookSays = rapid.SampledFrom(slices.Concat([]string{"somethingNew", "somethingNew"}, onTheWay, final)).Draw(t, "last look")
	}
	// Refusals end orders, so that there are few before the payment.
	asked := []fault{fine, fine, fine, down, down, down, down, timedOut, refused}
	s.script(t, "KYCStatus", asked)
	s.script(t, "UploadKYC", []fault{fine, down, refused, unusable})
	s.script(t, "WatchKYC", []fault{fine, outage, timeUp})
	s.script(t, "LinkedAccounts", asked)
	s.script(t, "LinkAccount", []fault{fine, down})
	s.script(t, "WatchLink", []fault{fine, outage, timeUp})
	s.script(t, "Quote", asked)
	s.script(t, "Create", []fault{fine, fine, lost, lost, lost, down, timedOut, refused, worsePrice})
	s.script(t, "Submit", []fault{fine, fine, refused, refused, lost, lost, down, timedOut})
	s.script(t, "OrderStatus", []fault{fine, fine, fine, down, refused})
	if rapid.Bool().Draw(t, "watched") {
		s.answers["WatchOrder"] = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) answer {
			a := drawAnswer(t, []fault{fine, fine, fine, outage, timeUp})
			if a.fault == fine {
				a.status, a.times = rapid.SampledFrom(onTheWay).Draw(t, "status"), 1
			}
			return a
		}), 0, 5).Draw(t, "watch")
	}
}

// script draws how a call is answered. What comes late in the life of an order, or in few of them, has more to go through.
func (s *scenario) script(t *rapid.T, name string, faults []fault) {
	often := slices.Contains([]string{"UploadKYC", "WatchKYC", "WatchLink", "Submit", "OrderStatus"}, name)
	if often && rapid.Bool().Draw(t, name+" scripted") || !often && rarely(t, name+" scripted") {
		s.answers[name] = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) answer { return drawAnswer(t, faults) }), 1, 3).Draw(t, name)
	}
}

// drawAnswer is one or several in a row: within the patience of a call, and beyond it.
func drawAnswer(t *rapid.T, faults []fault) answer {
	return answer{
		fault: rapid.SampledFrom(faults).Draw(t, "fault"),
		times: rapid.SampledFrom([]int{1, 1, 1, 2, 9, 14}).Draw(t, "times"),
		after: rapid.SampledFrom([]time.Duration{0, 10 * time.Second, 40 * time.Second, 70 * time.Second}).Draw(t, "after"),
	}
}

func (s *scenario) drawUser(t *rapid.T) {
	if rarely(t, "early proof") {
		s.proof = "A"
	}
	s.actions = rapid.SliceOfN(rapid.Custom(drawAction), 0, 8).Draw(t, "actions")
	if (s.confirm || s.least+s.most != "") && !rarely(t, "inattentive") {
		s.actions = append(s.actions, action{anchor: fromQuote, offset: 10*time.Second + 125*time.Millisecond, what: signalConfirm})
	}
	if rarely(t, "pays late and gives up") {
		s.actions = append(s.actions,
			action{anchor: fromDeadline, offset: time.Second + 125*time.Millisecond, what: signalProof, proof: "B"},
			action{anchor: fromDeadline, offset: 9*time.Second + 125*time.Millisecond, what: cancel})
	}
}

// drawAction never lets an action fall together with an answer of the provider, but for one at the deadline itself: the
// test environment would not always put them in the same order.
func drawAction(t *rapid.T) action {
	const half, quarter = 500 * time.Millisecond, 250 * time.Millisecond
	a := action{anchor: rapid.SampledFrom([]anchor{fromStart, fromDeadline, fromDeadline, fromSubmit, fromSubmit, fromQuote}).Draw(t, "anchor")}
	draw := func(deeds []deed, offsets ...time.Duration) {
		a.what = rapid.SampledFrom(deeds).Draw(t, "deed")
		a.offset = rapid.SampledFrom(offsets).Draw(t, "offset")
	}
	switch a.anchor {
	case fromStart:
		draw([]deed{
			signalProof, updateProof, cancel, query, awaitOrder, signalKYC, updateKYC, signalKYC, updateKYC, signalAccount, updateAccount,
			signalAccount, updateAccount, wrongAccount,
		}, half, 5*time.Second+half, time.Minute+half, 10*time.Minute+half, time.Hour+half, 5*time.Hour+half, 25*time.Hour+half)
	case fromQuote:
		draw([]deed{signalConfirm, updateConfirm, signalConfirm, updateConfirm, confirmWrong, signalProof, cancel},
			quarter, 20*time.Second+quarter, 45*time.Second+quarter, 14*time.Minute+quarter, 16*time.Minute+quarter)
	case fromSubmit:
		draw([]deed{signalProof, updateProof, updateProof, cancel, cancel, query},
			quarter, 5*time.Second+quarter, 30*time.Second+quarter, time.Hour+quarter)
	default:
		draw([]deed{signalProof, updateProof, signalProof, updateProof, cancel, cancel, query, awaitOrder},
			-150*time.Minute+quarter, -30*time.Second-quarter, -quarter, 0, quarter, 5*time.Second+quarter, 30*time.Second+quarter,
			10*time.Minute+quarter, 6*time.Hour+quarter)
	}
	if rarely(t, "hint") {
		a.what = hint
		a.proof = rapid.SampledFrom([]string{"completed", "fiatReceived", "expired", "refunded", "somethingNew", "fiatPending"}).Draw(t, "hint's status")
	}
	if a.what == signalProof || a.what == updateProof {
		a.proof = rapid.SampledFrom([]string{"A", "A", "A", "B", "B", "malformed"}).Draw(t, "proof")
	}
	return a
}

// run is an order being played, and what was seen of it.
type run struct {
	*scenario
	env      *testsuite.TestWorkflowEnvironment
	provider *fakeProvider

	updates     []*sent
	proofs      []*sent
	accounts    int
	cancelledAt time.Time
	confirmed   []ramp.Quote
	seen        []ramp.Order

	order    ramp.Order
	endedAt  time.Time
	breaches []string
}

// sent is a signal or update.
type sent struct {
	action
	at time.Time
	// reference is that of a proof.
	reference string
	accepted  bool
	answered  time.Time
	reply
}

func (s *scenario) play() *run {
	r := &run{scenario: s, provider: newFakeProvider(s)}
	r.env = r.provider.environment()
	r.provider.agreed = r.agreed
	r.provider.onQuote = func(in time.Duration) { r.schedule(fromQuote, in) }
	r.provider.onOrder = func(in, lifetime time.Duration) { r.schedule(fromDeadline, in+lifetime) }
	r.provider.onSubmit = func() { r.schedule(fromSubmit, 0) }
	r.schedule(fromStart, 0)
	if s.direction == ramp.Offramp {
		r.env.ExecuteWorkflow(ramp.OfframpWorkflow, r.offrampRequest())
	} else {
		r.env.ExecuteWorkflow(ramp.OnrampWorkflow, r.onrampRequest())
	}
	return r
}

func (r *run) onrampRequest() ramp.OnrampRequest {
	request := onrampRequest()
	if r.byBank {
		request.PaymentMethod, request.UPI, request.Bank = ramp.IMPS, nil, offrampRequest().Bank
	}
	request.KYC, request.Quote, request.UTR = r.kyc(), r.quoteTerms(), ramp.UTR(r.reference(r.scenario.proof))
	return request
}

func (r *run) offrampRequest() ramp.OfframpRequest {
	request := offrampRequest()
	if r.payout {
		request.TokenAmount, request.Fiat.Amount = "", "8000.00"
	}
	request.KYC, request.Quote, request.TransactionHash = r.kyc(), r.quoteTerms(), r.reference(r.scenario.proof)
	return request
}

func (r *run) kyc() *ramp.KYC {
	if !r.dossier {
		return nil
	}
	return &ramp.KYC{Dossier: "file:///var/lib/rampart/kyc/asha"}
}

func (r *run) quoteTerms() *ramp.QuoteTerms {
	return &ramp.QuoteTerms{Confirm: r.confirm, MinReceived: r.least, MaxPaid: r.most}
}

// reference is the proof that a scenario calls A or B.
func (r *run) reference(proof string) string {
	offramp := r.direction == ramp.Offramp
	switch {
	case proof == "":
		return ""
	case proof == "malformed":
		return malformed
	case proof == "A" && offramp:
		return hash
	case proof == "B" && offramp:
		return "0x" + hash[3:] + "f"
	case proof == "A":
		return utr
	default:
		return otherUTR
	}
}

func (r *run) schedule(from anchor, in time.Duration) {
	for _, a := range r.actions {
		if a.anchor == from {
			r.env.RegisterDelayedCallback(func() { r.act(a) }, max(in+a.offset, time.Millisecond))
		}
	}
}

func (r *run) act(a action) {
	if r.env.IsWorkflowCompleted() {
		return
	}
	switch a.what {
	case signalProof, updateProof:
		s := r.send(a, r.proofMessage(), r.submission(a.proof), a.what == updateProof)
		s.reference = r.reference(a.proof)
		r.proofs = append(r.proofs, s)
	case cancel:
		if r.cancelledAt.IsZero() {
			r.cancelledAt = r.now()
		}
		r.env.CancelWorkflow()
	case signalConfirm, updateConfirm:
		r.confirmQuote(a)
	case confirmWrong:
		r.send(a, ramp.ConfirmQuote, ramp.QuoteConfirmation{QuoteID: "quote-0"}, true)
	case signalKYC, updateKYC:
		r.send(a, ramp.SubmitKYC, ramp.KYCSubmission{Dossier: "file:///var/lib/rampart/kyc/asha"}, a.what == updateKYC)
	case signalAccount, updateAccount:
		r.send(a, ramp.SubmitAccount, r.anotherAccount(r.usesUPI()), a.what == updateAccount)
	case wrongAccount:
		r.send(a, ramp.SubmitAccount, r.anotherAccount(!r.usesUPI()), true)
	case hint:
		r.env.SignalWorkflow(ramp.ProviderHint, ramp.Hint{ProviderStatus: a.proof})
	case awaitOrder:
		r.send(a, ramp.AwaitOrder, ramp.Awaiting{}, true)
	}
	r.look()
}

func (r *run) now() time.Time { return r.env.Now().UTC() }

func (r *run) usesUPI() bool { return r.direction == ramp.Onramp && !r.byBank }

func (r *run) proofMessage() string {
	if r.direction == ramp.Offramp {
		return ramp.SubmitTransactionHash
	}
	return ramp.SubmitUTR
}

func (r *run) submission(proof string) any {
	if r.direction == ramp.Offramp {
		return ramp.HashSubmission{TransactionHash: r.reference(proof)}
	}
	return ramp.UTRSubmission{UTR: ramp.UTR(r.reference(proof))}
}

func (r *run) anotherAccount(upi bool) ramp.AccountSubmission {
	r.accounts++
	if upi {
		return ramp.AccountSubmission{UPI: &ramp.UPIAccount{ID: ramp.VPA(fmt.Sprintf("asha%d@okbank", r.accounts)), Name: "Asha Rao"}}
	}
	bank := *offrampRequest().Bank
	bank.AccountNumber = ramp.AccountNumber(fmt.Sprintf("5010000000%04d", r.accounts))
	return ramp.AccountSubmission{Bank: &bank}
}

// confirmQuote confirms the quote that the user sees.
func (r *run) confirmQuote(a action) {
	order := r.look()
	if order.Quote == nil {
		return
	}
	r.confirmed = append(r.confirmed, *order.Quote)
	r.send(a, ramp.ConfirmQuote, ramp.QuoteConfirmation{QuoteID: order.Quote.ID}, a.what == updateConfirm)
}

// agreed reports whether the user agreed to a price, by the terms of the request or by confirming one no better.
func (r *run) agreed(price ramp.Quote) bool {
	for _, quote := range r.confirmed {
		if atLeastAmount(price.Receive.Amount, quote.Receive.Amount) && atMostAmount(price.Pay.Amount, quote.Pay.Amount) {
			return true
		}
	}
	return !r.confirm && atLeastAmount(price.Receive.Amount, r.least) && atMostAmount(price.Pay.Amount, r.most)
}

func (r *run) send(a action, name string, argument any, update bool) *sent {
	s := &sent{action: a, at: r.now()}
	if !update {
		r.env.SignalWorkflow(name, argument)
		return s
	}
	r.updates = append(r.updates, s)
	r.env.UpdateWorkflow(name, fmt.Sprintf("update-%d", len(r.updates)), &testsuite.TestUpdateCallback{
		OnAccept: func() { s.accepted = true },
		OnReject: func(err error) { s.rejected, s.done, s.answered = err, true, r.now() },
		OnComplete: func(result any, err error) {
			s.failed, s.done, s.answered = err, true, r.now()
			if order, ok := result.(ramp.Order); ok {
				s.order = &order
				r.seen = append(r.seen, order)
			}
		},
	}, argument)
	return s
}

// look queries the order.
func (r *run) look() ramp.Order {
	var order ramp.Order
	value, err := r.env.QueryWorkflow(ramp.OrderQuery)
	if err == nil {
		err = value.Get(&order)
	}
	if err != nil {
		r.breach("the query failed: %v", err)
		return order
	}
	r.seen = append(r.seen, order)
	return order
}

func (r *run) breach(format string, args ...any) {
	r.breaches = append(r.breaches, "- "+fmt.Sprintf(format, args...))
}

// story is what happened, for a person who reads of a failure.
func (r *run) story() string {
	var b strings.Builder
	b.WriteString("timeline:\n")
	for _, entry := range r.order.Timeline {
		fmt.Fprintf(&b, "  %s %s: %s\n", since(entry.At), entry.Status, entry.Note)
	}
	b.WriteString("provider:\n")
	for _, call := range r.provider.log {
		fmt.Fprintf(&b, "  %s\n", call)
	}
	return b.String()
}

// check finds every promise that the order broke.
func (r *run) check() {
	for _, breach := range r.provider.breaches {
		r.breach("%s", breach)
	}
	if err := r.env.GetWorkflowError(); err != nil {
		r.breach("the workflow failed: %v", err)
		return
	}
	if err := r.env.GetWorkflowResult(&r.order); err != nil {
		r.breach("no result: %v", err)
		return
	}
	r.endedAt = r.order.Timeline[len(r.order.Timeline)-1].At
	r.checkTimeline()
	r.checkSnapshots()
	r.checkEnding()
	r.checkCancellation()
	r.checkProof()
	r.checkHandedIn()
	r.checkRecord()
	r.checkDeadline()
	r.checkAnswers()
	if r.order.Attention != "" {
		r.breach("an order that is over asks for attention: %s", r.order.Attention)
	}
}

// legalNext are the statuses that may follow one; none has come before the first.
func legalNext(status ramp.Status) []ramp.Status {
	ended := []ramp.Status{ramp.Completed, ramp.Expired, ramp.Cancelled, ramp.Refunded}
	switch status {
	case "":
		return []ramp.Status{ramp.VerifyingKYC}
	case ramp.VerifyingKYC:
		return []ramp.Status{ramp.AwaitingKYC, ramp.LinkingAccount, ramp.Rejected, ramp.Cancelled}
	case ramp.AwaitingKYC:
		return []ramp.Status{ramp.VerifyingKYC, ramp.Rejected, ramp.Cancelled}
	case ramp.LinkingAccount:
		return []ramp.Status{ramp.AwaitingAccount, ramp.Quoting, ramp.Rejected, ramp.Cancelled}
	case ramp.AwaitingAccount:
		return []ramp.Status{ramp.LinkingAccount, ramp.Rejected, ramp.Cancelled}
	case ramp.Quoting:
		return []ramp.Status{ramp.AwaitingConfirmation, ramp.CreatingOrder, ramp.Rejected, ramp.Cancelled}
	case ramp.AwaitingConfirmation:
		return []ramp.Status{ramp.Quoting, ramp.CreatingOrder, ramp.Cancelled}
	case ramp.CreatingOrder:
		return []ramp.Status{ramp.Quoting, ramp.AwaitingConfirmation, ramp.AwaitingPayment, ramp.Rejected, ramp.Cancelled}
	case ramp.AwaitingPayment:
		return append(ended, ramp.VerifyingPayment, ramp.Settling, ramp.Refunding, ramp.Rejected)
	case ramp.VerifyingPayment:
		return append(ended, ramp.Settling, ramp.Refunding)
	case ramp.Settling:
		return append(ended, ramp.Refunding)
	case ramp.Refunding:
		return ended
	default:
		return nil
	}
}

func (r *run) checkTimeline() {
	var status ramp.Status
	var at time.Time
	for _, entry := range r.order.Timeline {
		if entry.Status != status && !slices.Contains(legalNext(status), entry.Status) {
			r.breach("%s follows %s", entry.Status, status)
		}
		if entry.At.Before(at) {
			r.breach("the timeline goes back in time")
		}
		status, at = entry.Status, entry.At
	}
	if !status.Final() || status != r.order.Status {
		r.breach("the order is %s and its timeline ends with %s", r.order.Status, status)
	}
}

// checkSnapshots compares what was seen on the way with the end.
func (r *run) checkSnapshots() {
	for _, seen := range r.seen {
		if len(seen.Timeline) > len(r.order.Timeline) || !slices.Equal(seen.Timeline, r.order.Timeline[:len(seen.Timeline)]) {
			r.breach("the timeline was rewritten")
		}
		if seen.OrderID != "" && seen.OrderID != r.order.OrderID {
			r.breach("the order id changed from %s to %s", seen.OrderID, r.order.OrderID)
		}
		if !seen.ExpiresAt.IsZero() && !seen.ExpiresAt.Equal(r.order.ExpiresAt) {
			r.breach("the deadline moved from %s to %s", since(seen.ExpiresAt), since(r.order.ExpiresAt))
		}
		if seen.Accepted() && !slices.Equal(proofsOf(seen), r.atProvider().took[:len(proofsOf(seen))]) {
			r.breach("the order showed the proofs %v, and the provider took %v", proofsOf(seen), r.atProvider().took)
		}
	}
}

// atProvider is the provider's order that ours is.
func (r *run) atProvider() *fakeOrder {
	for _, o := range r.provider.orders {
		if o.id == r.order.OrderID {
			return o
		}
	}
	return &fakeOrder{}
}

// providerSays is our status by the provider's, where that is final.
func (r *run) providerSays() ramp.Status {
	status := r.provider.means(r.atProvider().status).Status
	if !status.Final() {
		return ""
	}
	return status
}

func (r *run) checkEnding() {
	said := r.providerSays()
	if r.atProvider().accepted() != "" && r.order.Status != said {
		r.breach("the order is %s, but the provider took a proof and says %q", r.order.Status, r.atProvider().status)
		return
	}
	if r.order.Accepted() && r.order.Status == ramp.Expired && !r.provider.waitedLate {
		r.breach("a late payment was not waited for")
	}
	var justified bool
	switch r.order.Status {
	case ramp.Expired:
		justified = said == ramp.Expired || r.mayExpire()
	case ramp.Cancelled:
		justified = said == ramp.Cancelled || !r.cancelledAt.IsZero() || r.unconfirmed()
	case ramp.Rejected:
		justified = len(r.provider.fatal) > 0 || r.waitedInVain()
	default:
		justified = said == r.order.Status
	}
	if !justified {
		r.breach("the order is %s for no reason: the provider says %q", r.order.Status, r.atProvider().status)
	}
	for _, given := range r.provider.fatal {
		if r.order.Status != ramp.Rejected && !r.cancelledBy(given.at) {
			r.breach("%s, and the order is %s", given.what, r.order.Status)
		}
	}
}

// mayExpire: the deadline is over, and a look since then has found no payment.
func (r *run) mayExpire() bool {
	return !r.order.ExpiresAt.IsZero() && slices.ContainsFunc(r.provider.looks, func(l look) bool {
		return l.state.Unpaid && !l.until.Before(r.order.ExpiresAt) && !l.until.After(r.endedAt)
	})
}

// unconfirmed: a quote waited for its confirmation, and the time for that, from the first one on, was over.
func (r *run) unconfirmed() bool {
	return r.leftFrom() == ramp.AwaitingConfirmation && !r.endedAt.Before(r.entered(ramp.AwaitingConfirmation).Add(15*time.Minute))
}

// waitedInVain: the user did not act for a day.
func (r *run) waitedInVain() bool {
	from := r.leftFrom()
	return (from == ramp.AwaitingKYC || from == ramp.AwaitingAccount) && !r.endedAt.Before(r.enteredLast(from).Add(24*time.Hour))
}

// leftFrom is the status before the final one.
func (r *run) leftFrom() ramp.Status {
	all := statuses(r.order)
	if len(all) < 2 {
		return ""
	}
	return all[len(all)-2]
}

// entered is when the order came to a status for the first time.
func (r *run) entered(status ramp.Status) time.Time {
	for _, entry := range r.order.Timeline {
		if entry.Status == status {
			return entry.At
		}
	}
	return time.Time{}
}

// enteredLast is when the order came to a status for the last time.
func (r *run) enteredLast(status ramp.Status) time.Time {
	var at time.Time
	var before ramp.Status
	for _, entry := range r.order.Timeline {
		if entry.Status == status && before != status {
			at = entry.At
		}
		before = entry.Status
	}
	return at
}

func (r *run) cancelledBy(at time.Time) bool {
	return !r.cancelledAt.IsZero() && !r.cancelledAt.After(at)
}

// checkCancellation: before the provider has a payment a cancellation ends the order, as soon as the provider has answered about
// the proofs on their way. Afterwards it is refused.
func (r *run) checkCancellation() {
	if r.cancelledAt.IsZero() || !r.cancelledAt.Before(r.endedAt) && r.order.Status != ramp.Cancelled {
		return
	}
	made := r.madeUntil()
	for _, creation := range r.provider.creates {
		if creation.at.After(r.cancelledAt) && made.IsZero() {
			r.breach("an order was made after the cancellation")
		}
	}
	if r.atProvider().accepted() == "" && !r.paidBy(r.endedAt) {
		r.checkCancelled()
		return
	}
	if r.order.Status == ramp.Cancelled && r.providerSays() != ramp.Cancelled {
		r.breach("a cancellation was honoured although the provider had the payment")
	}
	if r.order.Accepted() && r.order.Proof.AcceptedAt.Before(r.cancelledAt) && !strings.Contains(notes(r.order), "Cancellation refused") {
		r.breach("nobody was told why the order was not cancelled")
	}
}

// madeUntil is when the answer about an order came that was being made at the cancellation, and is zero if none was. The
// cancellation waits for it, through a few attempts and not through an outage.
func (r *run) madeUntil() time.Time {
	var attempts, after int
	var until time.Time
	for _, creation := range r.provider.creates {
		attempts++
		if creation.at.After(r.cancelledAt) {
			after++
		}
		until = creation.until
	}
	making := strings.Contains(notes(r.order), "It waits for the provider's answer about the new order")
	if !making || attempts-after == 0 || after >= createAttempts {
		return time.Time{}
	}
	return until
}

// checkCancelled: an order without a payment is cancelled as soon as the provider has said that it has none, or ends as the provider's.
func (r *run) checkCancelled() {
	made := r.madeUntil()
	rejected := r.order.Status == ramp.Rejected && !made.IsZero() && r.leftFrom() == ramp.CreatingOrder
	ended := r.providerSays() == r.order.Status
	if r.order.Status != ramp.Cancelled && !rejected && !ended {
		r.breach("the order was cancelled at %s and is %s", since(r.cancelledAt), r.order.Status)
	}
	if r.order.Status == ramp.Cancelled && !ended && r.order.OrderID != "" && !r.foundUnpaid() {
		r.breach("the order was cancelled, and the provider did not say that it is unpaid")
	}
	due := latest(r.cancelledAt, made)
	for _, s := range r.provider.submissions {
		due = latest(due, s.until)
	}
	for _, l := range r.provider.looks {
		due = latest(due, l.until)
	}
	if r.endedAt.After(due) {
		r.breach("the cancellation of %s took until %s", since(r.cancelledAt), since(r.endedAt))
	}
}

// foundUnpaid reports whether the provider's last word is that it has no payment, and was given once the order was cancelled.
func (r *run) foundUnpaid() bool {
	if len(r.provider.looks) == 0 {
		return false
	}
	last := r.provider.looks[len(r.provider.looks)-1]
	return last.state.Unpaid && !last.until.Before(r.cancelledAt) && !last.until.After(r.endedAt)
}

// checkProof: the proofs of the order are those that the provider took, and the last one counts.
func (r *run) checkProof() {
	took := r.atProvider().took
	if r.order.Proof != nil && !r.order.Accepted() {
		r.breach("the order has a proof that was not accepted")
	}
	if !slices.Equal(proofsOf(r.order), took) {
		r.breach("the order has the proofs %v, and the provider took %v", proofsOf(r.order), took)
	}
}

// proofsOf are the accepted proofs of an order, the one that counts last.
func proofsOf(order ramp.Order) []string {
	if !order.Accepted() {
		return nil
	}
	var all []string
	for _, replaced := range order.Proof.Replaced {
		all = append(all, replaced.Reference())
	}
	return append(all, order.Proof.Reference())
}

// checkHandedIn: an order that ends for want of a payment has sent every proof to the provider.
func (r *run) checkHandedIn() {
	var by time.Time
	switch {
	case r.order.Status == ramp.Expired && r.providerSays() != ramp.Expired:
		by = r.endedAt
	case r.order.Status == ramp.Cancelled && r.order.OrderID != "" && r.providerSays() != ramp.Cancelled:
		by = r.endedAt
	}
	for _, s := range r.proofs {
		if s.reference != malformed && s.at.Before(by) && !r.submittedSince(s) {
			r.breach("proof %s, handed in at %s, was not submitted", s.proof, since(s.at))
		}
	}
}

func (r *run) submittedSince(s *sent) bool {
	return slices.ContainsFunc(r.provider.submissions, func(made submission) bool {
		return made.proof == s.reference && !made.until.Before(s.at)
	})
}

// checkRecord: the provider's orders are recorded, and there is one beside those whose instructions were lost.
func (r *run) checkRecord() {
	made := slices.DeleteFunc(slices.Clone(r.provider.orders), func(o *fakeOrder) bool {
		return o.id != r.order.OrderID && slices.Contains(r.order.LostOrderIDs, o.id)
	})
	if len(r.provider.orders)-len(made) != len(r.order.LostOrderIDs) {
		r.breach("the orders %v are said to be lost", r.order.LostOrderIDs)
	}
	if r.direction == ramp.Onramp && len(made) > 1 {
		r.breach("%d orders were made", len(made))
	}
	if len(made) > 0 && made[len(made)-1].id != r.order.OrderID && !r.leftBehind() {
		r.breach("%s was made and %q is recorded", made[len(made)-1].id, r.order.OrderID)
	}
	if r.atProvider().worse {
		r.breach("the order is at a worse price than the user agreed to")
	}
}

// leftBehind: nobody was told how to pay the provider's order. It was cancelled in an outage, after an answer was lost, or it
// is an off-ramp order whose answer was lost: the provider has no history to find it in.
func (r *run) leftBehind() bool {
	if r.order.OrderID != "" || r.order.Instructions != nil {
		return false
	}
	return r.direction == ramp.Offramp || r.order.Status == ramp.Cancelled && strings.Contains(notes(r.order), "may have made an order")
}

// checkDeadline: the deadline is set once, for as long as the provider gives, and no order expires before it.
func (r *run) checkDeadline() {
	if r.order.OrderID == "" {
		if !r.order.ExpiresAt.IsZero() {
			r.breach("a deadline without an order")
		}
		return
	}
	if want := r.entered(ramp.AwaitingPayment).Add(r.provider.lifetime); !r.order.ExpiresAt.Equal(want) {
		r.breach("the deadline is %s, not %s", since(r.order.ExpiresAt), since(want))
	}
	if r.order.Status == ramp.Expired && r.providerSays() != ramp.Expired && r.endedAt.Before(r.order.ExpiresAt) {
		r.breach("expired before the deadline")
	}
}

// checkAnswers: every update was answered, as the contract says, and those with a proof once one was accepted.
func (r *run) checkAnswers() {
	for _, s := range r.updates {
		switch {
		case !s.done && (s.accepted || s.at.Before(r.endedAt)):
			r.breach("never answered: %s", s.action)
		case !s.done: // it came when the order was over
		case s.rejected != nil:
			r.checkFailure(s, s.rejected)
		case s.failed != nil:
			r.checkFailure(s, s.failed)
		default:
			r.checkSuccess(s)
		}
	}
}

func (r *run) checkFailure(s *sent, err error) {
	var typed *temporal.ApplicationError
	if !errors.As(err, &typed) || !slices.Contains(mayFailWith(s.action), ramp.ErrorType(typed.Type())) {
		r.breach("%s failed: %v", s.action, err)
		return
	}
	if s.what != updateProof {
		return
	}
	switch kind := ramp.ErrorType(typed.Type()); {
	case kind == ramp.ProofRefused && !r.refusedProof(s):
		r.breach("%s was refused, and not by the provider", s.action)
	case kind == ramp.NotAwaited && !r.paidBy(s.answered):
		r.breach("%s was not awaited, although the provider never said that it has the payment", s.action)
	case kind == ramp.ProofConflict && !r.paidBy(s.answered) && !r.unclearBy(s.answered):
		r.breach("%s met another, although the provider never said that it has the payment", s.action)
	}
}

func (r *run) refusedProof(s *sent) bool {
	return slices.ContainsFunc(r.provider.submissions, func(made submission) bool {
		return made.proof == s.reference && made.outcome == refused && !made.until.Before(s.at)
	})
}

// unclearBy reports whether the provider had said by then what does not tell whether it looks for the payment.
func (r *run) unclearBy(at time.Time) bool {
	return slices.ContainsFunc(r.provider.looks, func(l look) bool {
		return !l.state.Unpaid && (l.state.Status == "" || l.state.Status == ramp.Expired) && !l.until.After(at)
	})
}

// paidBy reports whether the provider had said by then that it has a payment, and keeps it.
func (r *run) paidBy(at time.Time) bool {
	return slices.ContainsFunc(r.provider.looks, func(l look) bool {
		return slices.Contains([]ramp.Status{ramp.Settling, ramp.Refunding, ramp.Completed}, l.state.Status) && !l.until.After(at)
	})
}

func (r *run) checkSuccess(s *sent) {
	switch {
	case s.what == updateProof && (!slices.Contains(proofsOf(*s.order), s.reference) || !slices.Contains(r.atProvider().took, s.reference)):
		r.breach("%s succeeded, but the provider did not take it", s.action)
	case s.what == awaitOrder && s.order.Instructions == nil && !s.order.Status.AwaitsUser() && !s.order.Status.Final():
		r.breach("%s answered too early: %s", s.action, s.order.Status)
	case s.proof == "malformed", s.what == wrongAccount, s.what == confirmWrong:
		r.breach("%s succeeded", s.action)
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// mayFailWith are the errors that the contract has for an update.
func mayFailWith(a action) []ramp.ErrorType {
	switch a.what {
	case updateProof:
		if a.proof == "malformed" {
			return []ramp.ErrorType{ramp.InvalidRequest}
		}
		return []ramp.ErrorType{ramp.ProofRefused, ramp.ProofConflict, ramp.OrderOver, ramp.NotAwaited}
	case updateKYC:
		return []ramp.ErrorType{ramp.KYCRefused, ramp.NotAwaited, ramp.OrderOver}
	case updateAccount:
		return []ramp.ErrorType{ramp.AccountRefused, ramp.NotAwaited, ramp.OrderOver}
	case wrongAccount:
		return []ramp.ErrorType{ramp.InvalidRequest}
	case updateConfirm, confirmWrong:
		return []ramp.ErrorType{ramp.QuoteMismatch, ramp.NotAwaited, ramp.OrderOver}
	default:
		return nil
	}
}
