package workflows_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/mock"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"rampart/activities"
	"rampart/ramp"
	"rampart/workflows"
)

// Limits that the activities put on their watches, and the life of an order and a quote.
const (
	orderLifetime = 3 * time.Hour
	quoteLifetime = 30 * time.Second
	reviewLimit   = 26 * time.Hour
	linkLimit     = time.Hour
	overdueLimit  = 24 * time.Hour
	lateLimit     = time.Hour
	leastPoll     = 15 * time.Second
)

const kycReviewOver = "KYC review over"

// fault is what goes wrong with an attempt at a call, or how a watch ends.
type fault string

// Faults. Those of watches are last.
const (
	fine     fault = "ok"
	down     fault = "down"
	timedOut fault = "timed out"
	lost     fault = "answer lost"
	refused  fault = "refused"
	unusable fault = "dossier unusable"
	// worsePrice is of an off-ramp order.
	worsePrice fault = "worse price"
	outage     fault = "outage"
	timeUp     fault = "time up"
)

// answer is how the provider answers an attempt, or several in a row.
type answer struct {
	fault fault
	times int
	after time.Duration
	// status is the provider's, for a watch of an order.
	status string
}

func (a answer) String() string {
	text := string(a.fault)
	if a.status != "" {
		text = a.status
	}
	if a.times > 1 {
		text += fmt.Sprintf("×%d", a.times)
	}
	if a.after > 0 {
		text += "+" + a.after.String()
	}
	return text
}

// fate is what becomes of an account that the user gives.
type fate string

// Fates of accounts.
const (
	linkedBefore  fate = "linked before"
	linkedAtOnce  fate = "linked"
	linkedLater   fate = "pending, linked"
	failedAtOnce  fate = "failed"
	failedLater   fate = "pending, failed"
	refusedAtOnce fate = "refused"
)

// fakeProvider is the provider behind the activities of one order. It answers as its scenario says, and keeps a ledger of
// what it has done. It acts when a request arrives; the answer may take its time, or be lost. It is used by the test
// environment's main loop, but for the answers under way.
type fakeProvider struct {
	*scenario
	clock func() time.Time
	// onQuote and onOrder are told when the first quote and an order will reach the workflow, onSubmit of the first proof.
	onQuote  func(in time.Duration)
	onOrder  func(in, lifetime time.Duration)
	onSubmit func()
	// agreed reports whether the user agreed to a price.
	agreed func(ramp.Quote) bool

	scripts  map[string][]answer
	handlers map[string]func(*activity.Info, converter.EncodedValues)

	// The latest answer, and those under way by activity: a watch may be given up while it runs.
	mu       sync.Mutex
	delay    time.Duration
	outcomes map[string]outcome

	verified bool
	accounts []string
	linked   bool
	// lifetime is that of the order that the workflow was told of.
	lifetime    time.Duration
	quotes      int
	orders      []*fakeOrder
	submissions []submission
	looks       []look
	// waitedLate is set once the time for a late payment was over.
	waitedLate bool
	creates    []creation
	// fatal are answers that end an order as rejected, and when they were given.
	fatal    []moment
	breaches []string
	log      []string
}

type fakeOrder struct {
	id     string
	at     time.Time
	status string
	// took are the proofs that the provider took, and answered is set once it has said so of the last one.
	took     []string
	answered bool
	// worse is set for an order at a worse price than the user agreed to, which nobody may hear of.
	worse bool
}

// accepted is the proof that counts; empty for none.
func (o *fakeOrder) accepted() string {
	if len(o.took) == 0 {
		return ""
	}
	return o.took[len(o.took)-1]
}

// submission is an attempt to submit a proof, which the provider answered at the time until.
type submission struct {
	proof   string
	until   time.Time
	outcome fault
	// state is the order's as it came with a refusal.
	state activities.OrderState
}

// look is what the provider says of an order, and when.
type look struct {
	until time.Time
	state activities.OrderState
}

type outcome struct {
	result any
	err    error
}

type moment struct {
	what string
	at   time.Time
}

func newFakeProvider(s *scenario) *fakeProvider {
	p := &fakeProvider{
		scenario: s,
		verified: s.verified,
		scripts:  make(map[string][]answer),
		handlers: make(map[string]func(*activity.Info, converter.EncodedValues)),
		outcomes: make(map[string]outcome),
	}
	for name, script := range s.answers {
		p.scripts[name] = append([]answer(nil), script...)
	}
	return p
}

// environment is the SDK's test environment with the provider behind its activities.
func (p *fakeProvider) environment() *testsuite.TestWorkflowEnvironment {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	p.clock = func() time.Time { return env.Now().UTC() }
	env.SetStartTime(start)
	env.SetTestTimeout(time.Minute)
	env.SetWorkerOptions(patient)
	env.SetWorkflowRunTimeout(longestOrder)
	env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: p.direction.WorkflowID(reference), TaskQueue: ramp.TaskQueue})
	workflows.Register(env)
	env.RegisterActivity(new(activities.Calls))
	activities.RegisterWatches(env, new(activities.Watches))
	env.OnUpsertTypedSearchAttributes(mock.Anything).Return(nil)
	env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, args converter.EncodedValues) {
		p.handlers[info.ActivityType.Name](info, args)
	})
	p.serve(env)
	return env
}

func (p *fakeProvider) serve(env *testsuite.TestWorkflowEnvironment) {
	serve(env, p, "KYCStatus", p.kycStatus)
	serve(env, p, "UploadKYC", p.uploadKYC)
	serve(env, p, "WatchKYC", p.watchKYC)
	serve(env, p, "LinkedAccounts", p.linkedAccounts)
	serve(env, p, "LinkAccount", p.linkAccount)
	serve(env, p, "WatchLink", p.watchLink)
	serve(env, p, "QuoteBuy", p.quoteBuy)
	serve(env, p, "QuoteSell", p.quoteSell)
	serve(env, p, "CreateOnrampOrder", func(attempt int32, req activities.CreateOnrampOrderRequest) (activities.CreatedOrder, error) {
		return p.create(req.CreateOrderRequest, onrampOrder, req.OrderMayExist || attempt > 1)
	})
	serve(env, p, "CreateOfframpOrder", func(_ int32, req activities.CreateOfframpOrderRequest) (activities.CreatedOrder, error) {
		return p.create(req.CreateOrderRequest, offrampOrder, false)
	})
	serve(env, p, "SubmitUTR", func(_ int32, req activities.SubmitUTRRequest) (activities.SubmitResult, error) {
		return activities.SubmitResult{}, p.submit(req.OrderID, string(req.UTR))
	})
	serve(env, p, "SubmitTransactionHash", func(_ int32, req activities.SubmitTransactionHashRequest) (activities.SubmitResult, error) {
		return activities.SubmitResult{}, p.submit(req.OrderID, req.TransactionHash)
	})
	serve(env, p, "OrderStatus", p.orderStatus)
	serve(env, p, "WatchOrder", p.watchOrder)
}

// serve lets the provider answer an activity: the request reaches it when the activity starts, by the environment's
// listener, and its answer the workflow when the mock returns.
func serve[Request, Result any](
	env *testsuite.TestWorkflowEnvironment, p *fakeProvider, name string, handle func(int32, Request) (Result, error),
) {
	p.handlers[name] = func(info *activity.Info, args converter.EncodedValues) {
		var request Request
		if err := args.Get(&request); err != nil {
			p.breach("%s: %v", name, err)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.delay = 0
		result, err := handle(info.Attempt, request)
		p.outcomes[info.ActivityID] = outcome{result, err}
		p.record(info, err)
	}
	env.OnActivity(name, mock.Anything, mock.Anything).
		AfterFn(func() time.Duration {
			p.mu.Lock()
			defer p.mu.Unlock()
			return p.delay
		}).
		Return(func(ctx context.Context, _ Request) (Result, error) {
			p.mu.Lock()
			defer p.mu.Unlock()
			answer := p.outcomes[activity.GetInfo(ctx).ActivityID]
			return answer.result.(Result), answer.err
		})
}

func (p *fakeProvider) breach(format string, args ...any) {
	p.breaches = append(p.breaches, fmt.Sprintf(format, args...))
}

// record logs a call, for a person who reads of a failure.
func (p *fakeProvider) record(info *activity.Info, err error) {
	answered := "ok"
	if err != nil {
		answered = err.Error()
	}
	if p.delay > 0 {
		answered += " after " + p.delay.String()
	}
	p.log = append(p.log, fmt.Sprintf("%s %s#%d: %s", since(p.clock()), info.ActivityType.Name, info.Attempt, answered))
}

// next is the scripted answer to the next attempt at a call. It sets the delay.
func (p *fakeProvider) next(name string) answer {
	script := p.scripts[name]
	if len(script) == 0 {
		return answer{fault: fine}
	}
	head := script[0]
	if script[0].times--; script[0].times <= 0 {
		p.scripts[name] = script[1:]
	}
	p.delay = head.after
	return head
}

// until is when the answer under way will reach the workflow.
func (p *fakeProvider) until() time.Time { return p.clock().Add(p.delay) }

func (p *fakeProvider) giveUp(what string) {
	p.fatal = append(p.fatal, moment{what, p.until()})
}

// unanswered is the error of an attempt without an answer, if the fault is one.
func (a answer) unanswered() error {
	switch a.fault {
	case down, lost:
		return unavailable()
	case timedOut:
		return temporal.NewTimeoutError(enumspb.TIMEOUT_TYPE_START_TO_CLOSE, nil)
	default:
		return nil
	}
}

// ask answers a call that changes nothing. Its refusal is final.
func (p *fakeProvider) ask(name string) error {
	a := p.next(name)
	if a.fault == refused {
		p.giveUp(name + " refused")
		return refusal("no")
	}
	return a.unanswered()
}

func (p *fakeProvider) kycStatus(int32, activities.KYCStatusRequest) (activities.KYCStatusResult, error) {
	err := p.ask("KYCStatus")
	return activities.KYCStatusResult{Verified: p.verified}, err
}

func (p *fakeProvider) uploadKYC(int32, activities.UploadKYCRequest) (activities.UploadKYCResult, error) {
	// Other documents came before the review of the first was over: its end is none of the order's.
	p.reviewGoesOn()
	var err error
	switch a := p.next("UploadKYC"); a.fault {
	case refused:
		err = refusal("blurred")
	case unusable:
		err = temporal.NewNonRetryableApplicationError("no selfie", activities.ErrDossier, nil)
	default:
		err = a.unanswered()
	}
	return activities.UploadKYCResult{}, err
}

// watch ends a watch as scripted, within the contract of watches: a limit of zero is none.
func (p *fakeProvider) watch(a answer, wait activities.Wait, limit time.Duration) activities.WatchEnd {
	p.delay = max(a.after, leastPoll)
	switch {
	case a.fault == fine:
		return activities.WatchEnd{End: activities.Decided}
	case wait.InOutage:
		return activities.WatchEnd{End: activities.Recovered}
	case a.fault == timeUp && limit > 0:
		p.delay = max(p.delay, wait.WaitingSince.Add(limit).Sub(p.clock()))
		return activities.WatchEnd{End: activities.TimeUp}
	default:
		return activities.WatchEnd{End: activities.Outage, Problem: "HTTP 503"}
	}
}

// reviewGoesOn takes back the end of a review that the order no longer waits for, because other documents or a hint began another watch.
func (p *fakeProvider) reviewGoesOn() {
	p.fatal = slices.DeleteFunc(p.fatal, func(m moment) bool { return m.what == kycReviewOver && m.at.After(p.clock()) })
}

func (p *fakeProvider) watchKYC(_ int32, req activities.WatchKYCRequest) (activities.WatchKYCResult, error) {
	p.reviewGoesOn()
	limit := reviewLimit
	if req.Idle {
		limit = 0
		if len(p.scripts["WatchKYC"]) == 0 { // nobody verifies the user elsewhere
			p.delay = longestOrder
			return activities.WatchKYCResult{}, nil
		}
	}
	end := p.watch(p.next("WatchKYC"), req.Wait, limit)
	switch end.End {
	case activities.Decided:
		p.verified = true
	case activities.TimeUp:
		p.giveUp(kycReviewOver)
	}
	return activities.WatchKYCResult{WatchEnd: end}, nil
}

// fateOf is what becomes of an account: those of the scenario in the order in which they come.
func (p *fakeProvider) fateOf(account string) (fate, string) {
	for i, known := range p.accounts {
		if known == account {
			return p.fates[min(i, len(p.fates)-1)], fmt.Sprint(i)
		}
	}
	p.accounts = append(p.accounts, account)
	return p.fateOf(account)
}

func accountID(req activities.AccountRequest) string {
	if req.UPI != nil {
		return string(req.UPI.ID)
	}
	return string(req.Bank.AccountNumber)
}

func (p *fakeProvider) linkedAccounts(_ int32, req activities.AccountRequest) (activities.LinkResult, error) {
	a := p.next("LinkedAccounts")
	if err := a.unanswered(); err != nil {
		return activities.LinkResult{}, err
	}
	if a.fault == refused {
		return activities.LinkResult{}, refusal("no such user")
	}
	if become, _ := p.fateOf(accountID(req)); become == linkedBefore {
		p.linked = true
		return activities.LinkResult{State: activities.Linked}, nil
	}
	return activities.LinkResult{State: activities.NotLinked}, nil
}

func (p *fakeProvider) linkAccount(_ int32, req activities.AccountRequest) (activities.LinkResult, error) {
	if err := p.next("LinkAccount").unanswered(); err != nil {
		return activities.LinkResult{}, err
	}
	become, link := p.fateOf(accountID(req))
	switch become {
	case linkedLater, failedLater:
		return activities.LinkResult{State: activities.LinkPending, LinkReference: link}, nil
	case refusedAtOnce:
		return activities.LinkResult{}, refusal("account not found")
	case failedAtOnce:
		return activities.LinkResult{State: activities.LinkFailed, Reason: "name mismatch"}, nil
	default:
		p.linked = true
		return activities.LinkResult{State: activities.Linked}, nil
	}
}

func (p *fakeProvider) watchLink(_ int32, req activities.WatchLinkRequest) (activities.WatchLinkResult, error) {
	end := p.watch(p.next("WatchLink"), req.Wait, linkLimit)
	link := activities.LinkResult{State: activities.LinkPending, LinkReference: req.LinkReference}
	switch end.End {
	case activities.Decided:
		link.State = p.decideLink(req.LinkReference)
	case activities.TimeUp:
		p.giveUp("link not verified")
	}
	return activities.WatchLinkResult{WatchEnd: end, LinkResult: link}, nil
}

func (p *fakeProvider) decideLink(link string) activities.LinkState {
	for i := range p.accounts {
		if fmt.Sprint(i) == link && p.fates[min(i, len(p.fates)-1)] == failedLater {
			return activities.LinkFailed
		}
	}
	p.linked = true
	return activities.Linked
}

func (p *fakeProvider) quoteBuy(_ int32, req activities.QuoteBuyRequest) (activities.QuoteResult, error) {
	return p.quote(req.Fiat, ramp.Amount{Amount: p.price(), Currency: req.Token.Symbol})
}

// quoteSell fixes the one side that the request fixes: the tokens, or the payout.
func (p *fakeProvider) quoteSell(_ int32, req activities.QuoteSellRequest) (activities.QuoteResult, error) {
	if req.TokenAmount == "" {
		return p.quote(ramp.Amount{Amount: p.price(), Currency: req.Token.Symbol}, req.Fiat)
	}
	return p.quote(ramp.Amount{Amount: req.TokenAmount, Currency: req.Token.Symbol}, ramp.Amount{Amount: p.price(), Currency: ramp.INR})
}

// price is what moves, by one quote after the other.
func (p *fakeProvider) price() string { return p.prices[min(p.quotes, len(p.prices)-1)] }

func (p *fakeProvider) quote(pay, receive ramp.Amount) (activities.QuoteResult, error) {
	if err := p.ask("Quote"); err != nil {
		return activities.QuoteResult{}, err
	}
	if p.quotes++; p.quotes == 1 {
		p.onQuote(p.delay)
	}
	return activities.QuoteResult{
		ProviderTime: p.clock(),
		Quote: ramp.Quote{
			ID:        fmt.Sprintf("quote-%d", p.quotes),
			Rate:      "1",
			Pay:       pay,
			Receive:   receive,
			ExpiresAt: p.clock().Add(quoteLifetime),
		},
	}, nil
}

// create makes an order, unless an attempt without an answer has made one that can be found. As the activity does, it sends
// nothing at a quote that is too old.
func (p *fakeProvider) create(req activities.CreateOrderRequest, created activities.CreatedOrder, search bool) (activities.CreatedOrder, error) {
	a := p.next("Create")
	p.creates = append(p.creates, creation{at: p.clock(), until: p.until()})
	if found := p.findable(req); search && len(found) > 0 {
		return p.adopt(a, req, created, found[0])
	}
	if p.clock().After(req.Quote.ExpiresAt) {
		return activities.CreatedOrder{}, temporal.NewNonRetryableApplicationError("the quote expired", activities.ErrQuoteExpired, nil,
			activities.StaleQuote{OrderMayExist: search})
	}
	if a.fault == worsePrice && p.direction == ramp.Offramp {
		return activities.CreatedOrder{}, p.makeWorseOrder(req)
	}
	if a.fault == refused {
		p.giveUp("Create refused")
		return activities.CreatedOrder{}, refusal("amount below the limit")
	}
	if a.fault == fine || a.fault == lost || a.fault == worsePrice {
		created.OrderID, created.Lifetime = p.makeOrder(req), orderLifetime
	}
	if err := a.unanswered(); err != nil {
		return activities.CreatedOrder{}, err
	}
	p.tellOf(created)
	return created, nil
}

// findable are the orders that an attempt may have made without an answer.
func (p *fakeProvider) findable(req activities.CreateOrderRequest) []*fakeOrder {
	return slices.DeleteFunc(slices.Clone(p.orders), func(o *fakeOrder) bool { return slices.Contains(req.LostOrderIDs, o.id) })
}

// adopt tells nobody how to pay the order that is found.
func (p *fakeProvider) adopt(
	a answer, req activities.CreateOrderRequest, created activities.CreatedOrder, found *fakeOrder,
) (activities.CreatedOrder, error) {
	if err := a.unanswered(); err != nil {
		return activities.CreatedOrder{}, err
	}
	created.OrderID, created.Adopted = found.id, true
	created.Lifetime = max(orderLifetime-p.clock().Sub(req.Quote.ExpiresAt.Add(-quoteLifetime)), 0)
	created.Instructions = ramp.Instructions{}
	return created, nil
}

func (p *fakeProvider) tellOf(created activities.CreatedOrder) {
	p.lifetime = created.Lifetime
	p.onOrder(p.delay, created.Lifetime)
}

func (p *fakeProvider) makeOrder(req activities.CreateOrderRequest) string {
	if !p.verified || !p.linked {
		p.breach("an order was made for a user with KYC %t and account %t", p.verified, p.linked)
	}
	if !p.agreed(req.Quote) {
		p.breach("an order was made at a price that the user did not agree to: %s for %s", req.Quote.Receive.Amount, req.Quote.Pay.Amount)
	}
	o := &fakeOrder{id: fmt.Sprintf("order-%d", len(p.orders)+1), at: p.clock(), status: p.unpaidStatus()}
	p.orders = append(p.orders, o)
	return o.id
}

// makeWorseOrder makes an order at another price than it was asked for: as the activity does, it shows it to nobody.
func (p *fakeProvider) makeWorseOrder(req activities.CreateOrderRequest) error {
	id := p.makeOrder(req)
	p.orders[len(p.orders)-1].worse = true
	quote := req.Quote
	quote.ID, quote.ExpiresAt = "quote-of-"+id, p.clock().Add(quoteLifetime)
	if p.payout {
		quote.Pay.Amount = "109"
	} else {
		quote.Receive.Amount = "90"
	}
	return temporal.NewNonRetryableApplicationError("the order is worse than agreed", activities.ErrQuoteExpired, nil,
		activities.StaleQuote{Quote: &quote, OrderID: id})
}

// order is the one of that id.
func (p *fakeProvider) order(id string) *fakeOrder {
	for _, o := range p.orders {
		if o.id == id {
			return o
		}
	}
	p.breach("the provider knows no order %q", id)
	return &fakeOrder{status: p.unpaidStatus()}
}

// creation is an attempt to make an order.
type creation struct{ at, until time.Time }

// submit takes every proof that it does not refuse, while it looks for the payment: another one replaces the last. As the
// activity does, it takes the last one again, and tells the state of the order with a refusal.
func (p *fakeProvider) submit(orderID, proof string) error {
	o, a := p.order(orderID), p.next("Submit")
	if o.answered && o.accepted() == proof {
		p.breach("a proof was submitted after it was accepted and said to be")
	}
	if len(p.submissions) == 0 {
		p.onSubmit()
	}
	s := submission{proof: proof, until: p.until(), outcome: a.fault, state: p.means(o.status)}
	err := a.unanswered()
	switch {
	case err != nil && a.fault != lost:
	case o.accepted() == proof:
		s.outcome, o.answered = fine, err == nil
	case p.refuses(o, a):
		s.outcome = refused
	default:
		s.outcome = fine
		o.took, o.answered = append(o.took, proof), err == nil
	}
	if err == nil && s.outcome == refused {
		p.looks = append(p.looks, look{p.until(), s.state})
		err = proofRefusal("Invalid UTR", s.state)
	}
	p.submissions = append(p.submissions, s)
	return err
}

func (p *fakeProvider) refuses(o *fakeOrder, a answer) bool {
	return p.means(o.status).Status != "" || a.fault == refused
}

// proofRefusal is how an activity says that the provider refused a proof, and how the order stands.
func proofRefusal(reason string, state activities.OrderState) error {
	said := activities.Refusal{HTTPStatus: 403, Reason: reason, State: &state}
	return temporal.NewNonRetryableApplicationError("refused", activities.ErrRefused, nil, said)
}

// orderStatus is a look. The scenario may have the provider find the payment, or end the order, just then. A look-up that is
// refused is no answer.
func (p *fakeProvider) orderStatus(_ int32, req activities.OrderRequest) (activities.OrderState, error) {
	a := p.next("OrderStatus")
	if a.fault == refused {
		a.fault = down
	}
	if err := a.unanswered(); err != nil {
		return activities.OrderState{}, err
	}
	o := p.order(req.OrderID)
	if p.lookSays != "" && o.status == p.unpaidStatus() {
		o.status = p.lookSays
	}
	state := p.means(o.status)
	p.looks = append(p.looks, look{p.until(), state})
	return state, nil
}

// watchOrder tells the scripted statuses one by one, and then the final one. The provider may expire an order whose proof it
// took, and still find the payment later.
func (p *fakeProvider) watchOrder(_ int32, req activities.WatchOrderRequest) (activities.WatchOrderResult, error) {
	o := p.order(req.OrderID)
	if p.tells(o.status, req) {
		return p.tell(o, answer{fault: fine, status: o.status}, req), nil
	}
	for len(p.scripts["WatchOrder"]) > 0 {
		a := p.next("WatchOrder")
		if a.fault != fine {
			return p.interrupt(a, req), nil
		}
		if p.tells(a.status, req) {
			return p.tell(o, a, req), nil
		}
	}
	if p.final == req.Known {
		return p.interrupt(answer{fault: timeUp}, req), nil
	}
	return p.tell(o, answer{fault: fine, status: p.final}, req), nil
}

// tells reports whether a status ends a watch.
func (p *fakeProvider) tells(status string, req activities.WatchOrderRequest) bool {
	return status != req.Known && (!p.means(status).Unpaid || req.Unproven || req.Late)
}

// interrupt ends a watch without a new status.
func (p *fakeProvider) interrupt(a answer, req activities.WatchOrderRequest) activities.WatchOrderResult {
	end := p.watch(a, req.Wait, watchLimit(req))
	p.waitedLate = p.waitedLate || req.Late && end.End == activities.TimeUp
	return activities.WatchOrderResult{WatchEnd: end}
}

func watchLimit(req activities.WatchOrderRequest) time.Duration {
	switch {
	case req.Late:
		return lateLimit
	case req.Overdue:
		return 0
	default:
		return overdueLimit
	}
}

func (p *fakeProvider) tell(o *fakeOrder, a answer, req activities.WatchOrderRequest) activities.WatchOrderResult {
	o.status = a.status
	result := activities.WatchOrderResult{WatchEnd: p.watch(a, req.Wait, 0), State: p.means(a.status)}
	p.looks = append(p.looks, look{p.until(), result.State})
	return result
}

func (p *fakeProvider) unpaidStatus() string {
	if p.direction == ramp.Offramp {
		return "cryptoInit"
	}
	return "fiatPending"
}

// means is what the activities make of a provider's status.
func (p *fakeProvider) means(status string) activities.OrderState {
	state := activities.OrderState{ProviderStatus: status}
	switch status {
	case p.unpaidStatus():
		state.Unpaid = true
	case "fiatReceived", "orderReceived", "InProgress", "transferred", "CryptoReceived":
		state.Status = ramp.Settling
	case "fiatFailed":
		state.Status, state.Attention = ramp.Settling, "the provider could not pay out"
	case "refundInitiated":
		state.Status = ramp.Refunding
	case "completed", "PayoutSuccess":
		state.Status = ramp.Completed
	case "expired", "cancelled", "refunded":
		state.Status = ramp.Status(status)
	}
	return state
}

// since is a time as the order's age.
func since(t time.Time) string { return t.Sub(start).String() }

func atLeastAmount(amount, least string) bool {
	return least == "" || decimal.RequireFromString(amount).GreaterThanOrEqual(decimal.RequireFromString(least))
}

func atMostAmount(amount, most string) bool {
	return most == "" || decimal.RequireFromString(amount).LessThanOrEqual(decimal.RequireFromString(most))
}

func joined[T any](all []T) string {
	var texts []string
	for _, one := range all {
		texts = append(texts, fmt.Sprint(one))
	}
	return "[" + strings.Join(texts, ", ") + "]"
}
