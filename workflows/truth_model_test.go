package workflows_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"
	"pgregory.net/rapid"

	"rampart/activities"
	"rampart/onmeta"
	"rampart/ramp"
)

// An order, its real activities and a provider with a truth of its own, under one controlled clock. Whatever the order ends as
// must agree with what the provider holds then and later. RAPID_CHECKS=2000 makes it 2,000 orders.
func TestModelOfTheProvidersTruthHolds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		r := truthScenarios().Draw(rt, "scenario").play(t)
		if len(r.breaches) > 0 {
			rt.Fatalf("%s\n%s", strings.Join(r.breaches, "\n"), r.story())
		}
	})
}

// truthRun is an order being played, and what was seen of it.
type truthRun struct {
	*truthScenario
	*journey
	provider *truthProvider

	begun   map[anchor]bool
	updates []*truthSent
	cancels []time.Time
	// agreed are the quotes that the user has confirmed.
	agreed []agreement
	seen   []sighting

	order    ramp.Order
	endedAt  time.Time
	err      error
	breaches []string
}

// agreement is to a quote that the user has confirmed.
type agreement struct {
	at    time.Time
	quote ramp.Quote
}

type sighting struct {
	at    time.Time
	order ramp.Order
}

// truthSent is an update with a proof.
type truthSent struct {
	action
	reference    string
	at, answered time.Time
	done         bool
	err          error
}

// play runs the order to its end, and checks it an hour later.
func (s *truthScenario) play(t *testing.T) *truthRun {
	r := &truthRun{truthScenario: s, provider: newTruthProvider(s), begun: map[anchor]bool{}}
	world := r.world(t) // sessions have a goroutine that never ends, which no bubble allows
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(start))
		world.t = t
		r.journey = r.run(world)
		r.begin(fromStart, 0)
		r.at(tick, r.watch)
		if s.revokedAfter > 0 {
			r.at(s.revokedAfter, func() { r.provider.revoke(s.logins) })
		}
		if s.direction == ramp.Offramp {
			r.ExecuteWorkflow(ramp.OfframpWorkflow, s.offrampRequest())
		} else {
			r.ExecuteWorkflow(ramp.OnrampWorkflow, s.onrampRequest())
		}
		close(r.over)
		if r.err = r.GetWorkflowError(); r.err == nil {
			r.err = r.GetWorkflowResult(&r.order)
		}
		time.Sleep(time.Hour)
		r.check()
	})
	return r
}

// world has the real activities, and the truth behind them.
func (r *truthRun) world(t *testing.T) *provider {
	transport, err := onmeta.NewTransport(onmeta.Config{
		BaseURL: "http://127.0.0.1", APIKey: "key", HTTPClient: &http.Client{Transport: r.provider},
	})
	require.NoError(t, err)
	timings := activities.GuideTimings(1)
	timings.PollMin, timings.PollMax = 30*time.Second, 30*time.Second
	p := &provider{owners: new(claims)}
	p.calls, p.watches = activities.New(activities.Options{Caller: transport, Claims: p.owners, Timings: timings, Runs: firstRun{}})
	return p
}

// run makes an order ready to be played in the world.
func (r *truthRun) run(world *provider) *journey {
	journey := world.journey(r.direction)
	journey.SetWorkflowRunTimeout(4 * 24 * time.Hour)
	options := patient
	options.Interceptors = []interceptor.WorkerInterceptor{
		&pacemaker{journey: journey}, &resetter{always: r.resets}, &farewell{run: r, clock: time.Now},
	}
	journey.SetWorkerOptions(options)
	return journey
}

// farewell notes when the order is over, and keeps its environment for a while, since activities that it left behind may
// still be at work there. They are left in peace.
type farewell struct {
	interceptor.WorkerInterceptorBase
	run *truthRun
	// clock is that of the activities.
	clock func() time.Time
}

func (f *farewell) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	return &farewellWorkflow{WorkflowInboundInterceptorBase: interceptor.WorkflowInboundInterceptorBase{Next: next}, farewell: f}
}

type farewellWorkflow struct {
	interceptor.WorkflowInboundInterceptorBase
	*farewell
}

func (w *farewellWorkflow) ExecuteWorkflow(ctx workflow.Context, in *interceptor.ExecuteWorkflowInput) (any, error) {
	result, err := w.Next.ExecuteWorkflow(ctx, in)
	w.run.endedAt = w.clock().UTC()
	w.run.provider.calm()
	background, _ := workflow.NewDisconnectedContext(ctx)
	return result, errors.Join(err, workflow.Sleep(background, 5*time.Minute))
}

// resetter makes every attempt the first one, as an operator does who resets an activity before each. Times are a server's: an
// activity was scheduled when it was first seen, and an attempt starts when it does.
type resetter struct {
	interceptor.WorkerInterceptorBase
	always bool

	mu        sync.Mutex
	scheduled map[string]time.Time
}

func (r *resetter) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &resetActivity{ActivityInboundInterceptorBase: interceptor.ActivityInboundInterceptorBase{Next: next}, resetter: r}
}

// of is what an attempt sees of itself.
func (r *resetter) of(info activity.Info, started time.Time) activity.Info {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.scheduled == nil {
		r.scheduled = map[string]time.Time{}
	}
	if r.scheduled[info.ActivityID].IsZero() {
		r.scheduled[info.ActivityID] = started
	}
	info.ScheduledTime, info.StartedTime = r.scheduled[info.ActivityID], started
	if r.always {
		info.Attempt = 1
	}
	return info
}

type resetActivity struct {
	interceptor.ActivityInboundInterceptorBase
	resetter *resetter
}

func (a *resetActivity) Init(outbound interceptor.ActivityOutboundInterceptor) error {
	return a.Next.Init(&resetInfo{interceptor.ActivityOutboundInterceptorBase{Next: outbound}, a.resetter, time.Now().UTC()})
}

type resetInfo struct {
	interceptor.ActivityOutboundInterceptorBase
	resetter *resetter
	started  time.Time
}

func (i *resetInfo) GetInfo(ctx context.Context) activity.Info {
	return i.resetter.of(i.Next.GetInfo(ctx), i.started)
}

func (s *truthScenario) onrampRequest() ramp.OnrampRequest {
	request := onrampRequest()
	if s.byBank {
		request.PaymentMethod, request.UPI, request.Bank = ramp.IMPS, nil, offrampRequest().Bank
	}
	request.Quote, request.UTR = s.terms(), ramp.UTR(s.reference(s.early))
	return request
}

func (s *truthScenario) offrampRequest() ramp.OfframpRequest {
	request := offrampRequest()
	if s.payout {
		request.TokenAmount, request.Fiat.Amount = "", "8000.00"
	}
	request.Quote, request.TransactionHash = s.terms(), s.reference(s.early)
	return request
}

func (s *truthScenario) terms() *ramp.QuoteTerms {
	return &ramp.QuoteTerms{Confirm: s.confirm, MinReceived: s.least, MaxPaid: s.most}
}

// begin starts what is to be done from an anchor on.
func (r *truthRun) begin(from anchor, in time.Duration) {
	if r.begun[from] {
		return
	}
	r.begun[from] = true
	for _, a := range r.actions {
		if a.anchor == from {
			r.at(max(in+a.offset, time.Millisecond), func() { r.act(a) })
		}
	}
}

// watch looks at the order every tick in its first minutes, and every half a minute then.
func (r *truthRun) watch() {
	if !r.endedAt.IsZero() {
		return
	}
	order := r.see()
	if order.Status == ramp.AwaitingConfirmation && r.attentive {
		r.confirmQuote(order)
	}
	if order.Instructions != nil {
		r.begin(fromOrder, 0)
		r.begin(fromDeadline, order.ExpiresAt.Sub(r.Now()))
	}
	if order.Accepted() {
		r.begin(fromSubmit, 0)
	}
	if r.Now().Sub(r.began) < 20*time.Minute {
		r.at(tick, r.watch)
		return
	}
	r.at(3*tick, r.watch)
}

func (r *truthRun) see() ramp.Order {
	order := r.journey.order()
	r.seen = append(r.seen, sighting{time.Now().UTC(), order})
	return order
}

func (r *truthRun) confirmQuote(order ramp.Order) {
	r.agreed = append(r.agreed, agreement{time.Now().UTC(), *order.Quote})
	r.SignalWorkflow(ramp.ConfirmQuote, ramp.QuoteConfirmation{QuoteID: order.Quote.ID})
}

func (r *truthRun) act(a action) {
	if !r.endedAt.IsZero() {
		return
	}
	now := time.Now().UTC()
	if a.what == cancel {
		r.cancels = append(r.cancels, now)
		r.CancelWorkflow()
		return
	}
	name, argument := ramp.SubmitUTR, any(ramp.UTRSubmission{UTR: ramp.UTR(r.reference(a.proof))})
	if r.direction == ramp.Offramp {
		name, argument = ramp.SubmitTransactionHash, ramp.HashSubmission{TransactionHash: r.reference(a.proof)}
	}
	if a.what == signalProof {
		r.SignalWorkflow(name, argument)
		return
	}
	s := &truthSent{action: a, reference: r.reference(a.proof), at: now}
	r.updates = append(r.updates, s)
	answered := func(err error) { s.err, s.done, s.answered = err, true, time.Now().UTC() }
	r.UpdateWorkflow(name, fmt.Sprintf("update-%d", len(r.updates)), &testsuite.TestUpdateCallback{
		OnAccept:   func() {},
		OnReject:   answered,
		OnComplete: func(_ any, err error) { answered(err) },
	}, argument)
}

func (r *truthRun) breach(format string, args ...any) {
	r.breaches = append(r.breaches, "- "+fmt.Sprintf(format, args...))
}

// story is what happened, for a person who reads of a failure.
func (r *truthRun) story() string {
	var b strings.Builder
	timeline := r.order.Timeline
	if len(timeline) == 0 && len(r.seen) > 0 {
		timeline = r.seen[len(r.seen)-1].order.Timeline
	}
	b.WriteString("timeline:\n")
	for _, entry := range timeline {
		fmt.Fprintf(&b, "  %s %s: %s\n", since(entry.At), entry.Status, entry.Note)
	}
	fmt.Fprintf(&b, "ended %s\nprovider:\n", since(r.endedAt))
	for _, o := range r.provider.orders {
		fmt.Fprintf(&b, "  %s made %s, to pay %s", o.id, since(o.at), o.tokens)
		for _, s := range o.steps {
			fmt.Fprintf(&b, "; %s %s", since(s.at), s.status)
		}
		for _, taken := range o.proofs {
			fmt.Fprintf(&b, "; took %s %s", taken.reference, since(taken.at))
		}
		b.WriteString("\n")
	}
	for _, s := range r.provider.proofs {
		fmt.Fprintf(&b, "  sent %s %s: accepted %t, heard %t, stood %s\n", s.proof, since(s.at), s.accepted, s.delivered, s.stood)
	}
	for n, a := range r.provider.asked {
		if n > 0 && n < len(r.provider.asked)-1 && r.provider.asked[n-1].route == a.route && r.provider.asked[n-1].fault.kind == a.fault.kind {
			continue
		}
		fmt.Fprintf(&b, "  %s %s %s\n", since(a.at), a.route, a.fault.kind)
	}
	for _, s := range r.updates {
		fmt.Fprintf(&b, "  %s at %s: %t at %s %v\n", s.action, since(s.at), s.done, since(s.answered), s.err)
	}
	for _, c := range r.cancels {
		fmt.Fprintf(&b, "  cancelled at %s\n", since(c))
	}
	return b.String()
}

func errorType(err error) ramp.ErrorType {
	var application *temporal.ApplicationError
	if errors.As(err, &application) {
		return ramp.ErrorType(application.Type())
	}
	return ""
}
