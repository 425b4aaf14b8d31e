package workflows_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/dossier"
	"rampart/onmeta"
	"rampart/ramp"
	"rampart/sandbox"
	"rampart/sandbox/ledger"
	"rampart/workflows"
)

const (
	linkedUser = "asha+linked@example.test"
	// tick is how far the workflow's clock may be behind that of the activities.
	tick = 10 * time.Second
)

// provider is the sandbox behind a network that can fail, and the activities that use it: all real, under one
// controlled clock, on which workflows, activities, tokens, quotes and orders agree.
type provider struct {
	t       *testing.T
	sandbox *sandbox.Server
	network *providerNetwork
	owners  *claims
	calls   *activities.Calls
	watches *activities.Watches
	// dossier is the URL of the user's KYC documents.
	dossier string
}

// withProvider runs a test under controlled time: it passes when everything waits, hours in milliseconds.
func withProvider(t *testing.T, test func(*provider)) {
	t.Helper()
	withTimings(t, activities.GuideTimings(1), test)
}

// withSlowPolls is for orders that are watched for days, a poll in ten seconds being thousands.
func withSlowPolls(t *testing.T, test func(*provider)) {
	t.Helper()
	timings := activities.GuideTimings(1)
	timings.PollMin, timings.PollMax = 2*time.Minute, 3*time.Minute
	withTimings(t, timings, test)
}

func withTimings(t *testing.T, timings activities.Timings, test func(*provider)) {
	t.Helper()
	clock := sandbox.NewClock(start, 0)
	server, err := sandbox.New(sandbox.Options{Seed: 1, Clock: clock})
	require.NoError(t, err)
	p := &provider{sandbox: server, network: newProviderNetwork(server), owners: new(claims), dossier: dossierOnDisk(t)}
	transport, err := onmeta.NewTransport(onmeta.Config{
		BaseURL: "http://127.0.0.1", APIKey: sandbox.DefaultAPIKey, HTTPClient: &http.Client{Transport: p.network},
	})
	require.NoError(t, err)
	stores, err := dossier.NewStores(p.dossier)
	require.NoError(t, err)
	p.calls, p.watches = activities.New(activities.Options{
		Caller: transport, KYCSecret: func() onmeta.Secret { return sandbox.DefaultKYCSecret }, Claims: p.owners, Timings: timings, Dossiers: stores,
		Runs: firstRun{},
	})
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(start))
		clock.Set(start)
		require.NoError(t, clock.SetSpeed(1))
		p.t = t
		t.Cleanup(func() { time.Sleep(5 * time.Minute) }) // a watch that is given up hears of it when it heartbeats
		test(p)
	})
}

// journey is one order in the SDK's test environment, with the real activities. Its clock never jumps ahead of theirs.
type journey struct {
	*world
	provider *provider
	commands commands
	over     chan struct{}
	began    time.Time
	// pace is a tick, or longer where nothing happens for hours.
	pace time.Duration
	// concerned is for how many of the minutes so far the order asked for attention.
	concerned int
	// deposits are the wallets that the order has shown to its user.
	deposits map[string]bool
}

func (p *provider) journey(direction ramp.Direction) *journey {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	r := &journey{
		world:    &world{TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment(), t: p.t},
		provider: p, over: make(chan struct{}), began: time.Now(), pace: tick, deposits: map[string]bool{},
	}
	r.SetStartTime(r.began)
	const never = 100 * 365 * 24 * time.Hour
	r.SetTestTimeout(never)
	r.SetActivityTimeoutGracePeriod(never) // counts from the first attempt, over all retries, which no server does
	r.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: direction.WorkflowID(reference), TaskQueue: ramp.TaskQueue})
	options := patient
	options.Interceptors = []interceptor.WorkerInterceptor{&pacemaker{journey: r}}
	r.SetWorkerOptions(options)
	workflows.Register(r)
	r.RegisterActivity(p.calls)
	activities.RegisterWatches(r, p.watches)
	r.RegisterActivityWithOptions(r.keepPace, activity.RegisterOptions{Name: keepPace})
	r.OnUpsertTypedSearchAttributes(mock.Anything).Return(nil).Maybe()
	r.at(tick, r.tick)
	return r
}

// tick makes the workflow's clock walk with the activities', and looks every minute at what the order shows.
func (r *journey) tick() {
	if r.Now().Sub(r.began)%time.Minute == 0 {
		r.look(r.order())
	}
	r.at(r.pace, r.tick)
}

func (r *journey) look(order ramp.Order) {
	if order.Attention != "" {
		r.concerned++
	}
	if order.Instructions != nil && order.Instructions.Deposit != nil {
		r.deposits[order.Instructions.Deposit.WalletAddress] = true
	}
}

func (r *journey) buy(request ramp.OnrampRequest) ramp.Order {
	r.t.Helper()
	r.provider.dossierIsOf(string(request.Email))
	return r.walk(ramp.OnrampWorkflow, request)
}

func (r *journey) sell(request ramp.OfframpRequest) ramp.Order {
	r.t.Helper()
	r.provider.dossierIsOf(string(request.Email))
	return r.walk(ramp.OfframpWorkflow, request)
}

func (r *journey) signalHash(after time.Duration, hash string) {
	r.at(after, func() { r.SignalWorkflow(ramp.SubmitTransactionHash, ramp.HashSubmission{TransactionHash: hash}) })
}

func (r *journey) walk(workflow string, request any) ramp.Order {
	r.t.Helper()
	defer close(r.over)
	order := r.run(workflow, request)
	r.look(order)
	return order
}

const keepPace = "keepPace"

// keepPace is an activity that runs as long as the order: the environment skips time only while none runs.
func (r *journey) keepPace(ctx context.Context) error {
	select {
	case <-r.over:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pacemaker keeps the environment from skipping time, and counts what the order leaves in its history.
type pacemaker struct {
	interceptor.WorkerInterceptorBase
	journey *journey
}

func (p *pacemaker) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	return &pacedWorkflow{WorkflowInboundInterceptorBase: interceptor.WorkflowInboundInterceptorBase{Next: next}, journey: p.journey}
}

// InterceptActivity makes no attempt follow one that was cancelled, as no server does: it would wait for the clock of a workflow
// that is over.
func (p *pacemaker) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &pacedActivity{interceptor.ActivityInboundInterceptorBase{Next: next}}
}

type pacedActivity struct {
	interceptor.ActivityInboundInterceptorBase
}

func (a *pacedActivity) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	result, err := a.Next.ExecuteActivity(ctx, in)
	if errors.Is(ctx.Err(), context.Canceled) {
		err = temporal.NewNonRetryableApplicationError("cancelled", "Cancelled", ctx.Err())
	}
	return result, err
}

type pacedWorkflow struct {
	interceptor.WorkflowInboundInterceptorBase
	journey *journey
}

func (w *pacedWorkflow) Init(outbound interceptor.WorkflowOutboundInterceptor) error {
	return w.Next.Init(&recorder{
		WorkflowOutboundInterceptorBase: interceptor.WorkflowOutboundInterceptorBase{Next: outbound}, commands: &w.journey.commands,
	})
}

func (w *pacedWorkflow) ExecuteWorkflow(ctx workflow.Context, in *interceptor.ExecuteWorkflowInput) (any, error) {
	background, _ := workflow.NewDisconnectedContext(ctx)
	workflow.ExecuteActivity(workflow.WithActivityOptions(background, workflow.ActivityOptions{StartToCloseTimeout: 10 * 365 * 24 * time.Hour}), keepPace)
	return w.Next.ExecuteWorkflow(ctx, in)
}

// commands are what the workflow asked the server to do: each is an event or more in its history.
type commands struct {
	activities map[string]int
	all        int
}

type recorder struct {
	interceptor.WorkflowOutboundInterceptorBase
	commands *commands
}

func (r *recorder) ExecuteActivity(ctx workflow.Context, name string, arguments ...any) workflow.Future {
	if name != keepPace {
		r.commands.all++
		if r.commands.activities == nil {
			r.commands.activities = map[string]int{}
		}
		r.commands.activities[name]++
	}
	if options := workflow.GetActivityOptions(ctx); options.TaskQueue == ramp.TaskQueue {
		options.HeartbeatTimeout = 0 // the environment counts it over all retries and their pauses, which no server does
		ctx = workflow.WithActivityOptions(ctx, options)
	}
	return r.Next.ExecuteActivity(ctx, name, arguments...)
}

func (r *recorder) NewTimerWithOptions(ctx workflow.Context, d time.Duration, options workflow.TimerOptions) workflow.Future {
	r.commands.all++
	return r.Next.NewTimerWithOptions(ctx, d, options)
}

func (r *recorder) UpsertTypedSearchAttributes(ctx workflow.Context, attributes ...temporal.SearchAttributeUpdate) error {
	r.commands.all++
	return r.Next.UpsertTypedSearchAttributes(ctx, attributes...)
}

// dossierOnDisk writes a complete KYC dossier, and returns its URL.
func dossierOnDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	index := map[string]string{
		"email": "asha+nokyc+linked@example.test", "firstName": "Asha", "lastName": "Rao", "pan": "ABCPE1234F", "aadhaar": "482913570245",
		"incomeRange": "10L-15L", "profession": "engineer",
	}
	for _, file := range []string{"selfie", "aadhaarFront", "aadhaarBack", "panFront", "panBack"} {
		index[file] = file + ".jpg"
		require.NoError(t, os.WriteFile(filepath.Join(dir, index[file]), []byte("\xff\xd8\xff\xe0"+file), 0o600))
	}
	encoded, err := json.Marshal(index)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "dossier.json"), encoded, 0o600))
	return "file://" + dir
}

// dossierIsOf makes the dossier this user's.
func (p *provider) dossierIsOf(email string) {
	p.t.Helper()
	file := filepath.Join(strings.TrimPrefix(p.dossier, "file://"), "dossier.json")
	contents, err := os.ReadFile(file)
	require.NoError(p.t, err)
	var index map[string]string
	require.NoError(p.t, json.Unmarshal(contents, &index))
	index["email"] = email
	contents, err = json.Marshal(index)
	require.NoError(p.t, err)
	require.NoError(p.t, os.WriteFile(file, contents, 0o600))
}

// control asks the sandbox's control plane.
func (p *provider) control(path string, body map[string]any) {
	p.t.Helper()
	encoded, err := json.Marshal(body)
	require.NoError(p.t, err)
	answer := httptest.NewRecorder()
	p.sandbox.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, path, bytes.NewReader(encoded)))
	require.Equal(p.t, http.StatusOK, answer.Code, answer.Body)
}

func (p *provider) orders() []ledger.Order { return p.sandbox.Ledger().Orders }

func (p *provider) payouts() []ledger.Payout { return p.sandbox.Ledger().Payouts }

// claims keeps which order has adopted which of the provider's, as Temporal does: the first claim stands.
type claims struct {
	mu     sync.Mutex
	owners map[string]string
}

func (c *claims) Confirm(ctx context.Context, orderID, maker string) (bool, error) {
	return c.Claim(ctx, orderID, activities.Claimant{WorkflowID: maker})
}

func (c *claims) ClaimLost(ctx context.Context, orderID, claimant string) (bool, error) {
	return c.Claim(ctx, orderID, activities.Claimant{WorkflowID: claimant})
}

func (c *claims) Claim(_ context.Context, orderID string, claimant activities.Claimant) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.owners == nil {
		c.owners = map[string]string{}
	}
	if c.owners[orderID] == "" {
		c.owners[orderID] = claimant.WorkflowID
	}
	return c.owners[orderID] == claimant.WorkflowID, nil
}

// linkedBuy and linkedSell are requests of a user who is verified and whose accounts are linked.
func linkedBuy(amount string) ramp.OnrampRequest {
	request := onrampRequest()
	request.Email, request.Fiat.Amount = linkedUser, amount
	return request
}

// linkedBuyByBank is for an order that is adopted when its answer was lost: the provider lists whom to pay.
func linkedBuyByBank(amount string) ramp.OnrampRequest {
	request := linkedBuy(amount)
	request.PaymentMethod, request.UPI, request.Bank = ramp.IMPS, nil, offrampRequest().Bank
	return request
}

func linkedSell(tokens string) ramp.OfframpRequest {
	request := offrampRequest()
	request.Email, request.TokenAmount = linkedUser, tokens
	return request
}

// firstRun is a Temporal in which no reference was used before.
type firstRun struct{}

func (firstRun) Earlier(context.Context, workflow.Execution) (*activities.EarlierRun, error) {
	return nil, nil
}
