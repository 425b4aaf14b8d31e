package activities_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/dossier/dossiertest"
	"rampart/onmeta"
	"rampart/ramp"
	"rampart/sandbox"
)

const (
	newcomer = "asha@example.test"
	linked   = "asha+linked@example.test"
	wallet   = "0x1111111111111111111111111111111111111111"
	sender   = "0x3333333333333333333333333333333333333333"
	goodUTR  = "412345678901"
	goodHash = "0xAbC0000000000000000000000000000000000000000000000000000000000001"
)

// testStart is the sandbox's time. It is no whole second, while Date headers are.
func testStart() time.Time {
	return time.Date(2026, 1, 10, 10, 0, 0, int(250*time.Millisecond), time.UTC)
}

func usdc() ramp.Token {
	return ramp.Token{Symbol: "USDC", Address: "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359", ChainID: 137}
}

func rupees(amount string) ramp.Amount { return ramp.Amount{Amount: amount, Currency: ramp.INR} }

func linkedUPI() *ramp.UPIAccount { return &ramp.UPIAccount{ID: "asha@okbank", Name: "Asha Rao"} }

func linkedBank() *ramp.BankAccount {
	return &ramp.BankAccount{AccountName: "Asha Rao", AccountNumber: "50100000004821", IFSC: "HDFC0001234", PAN: "ABCPE1234F"}
}

// world is the activities over the provider's client, a network that can fail, and the sandbox, its clock standing still.
type world struct {
	clock   *sandbox.Clock
	sandbox *sandbox.Server
	network *network
	owners  *owners
	runs    *runs
	beats   *beats
	// patience is how long the client waits for an answer; 0 for its default.
	patience time.Duration
	calls    *activities.Calls
	watches  *activities.Watches
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldWith(t, sandbox.DefaultAPIKey, activities.Options{})
}

// newWorldWith takes the API key that the client has, and options whose caller, secret and owners it fills in.
func newWorldWith(t *testing.T, apiKey onmeta.Secret, options activities.Options) *world {
	t.Helper()
	w := emptyWorld(t)
	server := httptest.NewServer(w.sandbox)
	t.Cleanup(server.Close)
	w.network = newNetwork(server.Client().Transport)
	w.open(t, server.URL, apiKey, options)
	return w
}

// controlled runs a test under controlled time: it passes when everything waits, for the sandbox too.
func controlled(t *testing.T, test func(*testing.T, *world)) {
	t.Helper()
	w := emptyWorld(t) // outside, for the memory of sessions has a goroutine that never ends
	w.network = newNetwork(inProcess{w.sandbox})
	w.open(t, "http://127.0.0.1", sandbox.DefaultAPIKey, activities.Options{})
	synctest.Test(t, func(t *testing.T) {
		w.clock.Set(testStart())
		require.NoError(t, w.clock.SetSpeed(1))
		test(t, w)
	})
}

func emptyWorld(t *testing.T) *world {
	t.Helper()
	w := &world{clock: sandbox.NewClock(testStart(), 0), owners: &owners{}, runs: &runs{}, beats: &beats{}}
	server, err := sandbox.New(sandbox.Options{Seed: 1, Clock: w.clock})
	require.NoError(t, err)
	w.sandbox = server
	return w
}

func (w *world) open(t *testing.T, url string, apiKey onmeta.Secret, options activities.Options) {
	t.Helper()
	transport, err := onmeta.NewTransport(onmeta.Config{
		BaseURL: url, APIKey: apiKey, HTTPClient: &http.Client{Transport: w.network}, CallTimeout: w.patience,
	})
	require.NoError(t, err)
	options.Caller, options.Claims, options.Runs, options.Temporal = transport, w.owners, w.runs, w.beats
	options.KYCSecret = func() onmeta.Secret { return sandbox.DefaultKYCSecret }
	if options.Timings == (activities.Timings{}) {
		options.Timings = activities.GuideTimings(1)
	}
	if options.Dossiers == nil {
		options.Dossiers = dossiertest.Disk(t)
	}
	w.calls, w.watches = activities.New(options)
}

// called counts what the sandbox was asked.
func (w *world) called(route onmeta.Route) int {
	path := route.Path()
	if route == onmeta.RouteOrderHistory {
		path = "/v1/orders/{skip}"
	}
	return w.sandbox.Ledger().Calls[route.Method()+" "+path]
}

// control asks the sandbox's control plane.
func (w *world) control(t *testing.T, path string, body map[string]any) {
	t.Helper()
	encoded, err := json.Marshal(body)
	require.NoError(t, err)
	answer := httptest.NewRecorder()
	w.sandbox.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, path, strings.NewReader(string(encoded))))
	require.Equal(t, http.StatusOK, answer.Code, answer.Body)
}

// force puts an order in a status.
func (w *world) force(t *testing.T, orderID, status string) {
	t.Helper()
	w.control(t, "/sandbox/orders/"+orderID, map[string]any{"status": status, "reason": "because of " + status})
}

func (w *world) revokeTokens(t *testing.T, email string) {
	t.Helper()
	w.control(t, "/sandbox/users", map[string]any{"email": email, "revokeTokens": true})
}

// suite makes environments that do not log.
func suite() *testsuite.WorkflowTestSuite {
	s := new(testsuite.WorkflowTestSuite)
	s.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	return s
}

func (w *world) env() *testsuite.TestActivityEnvironment {
	env := suite().NewTestActivityEnvironment()
	env.RegisterActivity(w.calls)
	activities.RegisterWatches(env, w.watches)
	return env
}

// run executes one attempt of an activity.
func run[Request, Result any](w *world, activity func(context.Context, Request) (Result, error), request Request) (Result, error) {
	return runIn(w.env(), activity, request)
}

func runIn[Request, Result any](
	env *testsuite.TestActivityEnvironment, activity func(context.Context, Request) (Result, error), request Request,
) (Result, error) {
	var result Result
	value, err := env.ExecuteActivity(activity, request)
	if err != nil {
		return result, err
	}
	return result, value.Get(&result)
}

// inWorkflow executes an activity from a workflow, with its real retries, their pauses skipped.
func inWorkflow[Request, Result any](
	w *world, call func(workflow.Context, Request) (Result, error), request Request,
) (Result, error) {
	env := suite().NewTestWorkflowEnvironment()
	env.RegisterActivity(w.calls)
	activities.RegisterWatches(env, w.watches)
	env.ExecuteWorkflow(func(ctx workflow.Context) (Result, error) { return call(ctx, request) })
	var result Result
	err := errors.Join(env.GetWorkflowError(), getResult(env, &result))
	return result, err
}

func getResult(env *testsuite.TestWorkflowEnvironment, result any) error {
	if env.GetWorkflowError() != nil {
		return nil
	}
	return env.GetWorkflowResult(result)
}

// failure is the application error that an activity failed with.
func failure(t *testing.T, err error) *temporal.ApplicationError {
	t.Helper()
	var application *temporal.ApplicationError
	require.ErrorAs(t, err, &application)
	return application
}

// requireRetried checks that an attempt failed with an error of this type that is retried.
func requireRetried(t *testing.T, kind string, err error) {
	t.Helper()
	application := failure(t, err)
	require.Equal(t, kind, application.Type(), application.Message())
	require.False(t, application.NonRetryable())
	require.Positive(t, application.NextRetryDelay())
}

// requireRefused checks that an attempt failed for good with the provider's refusal.
func requireRefused(t *testing.T, status int, reason string, err error) {
	t.Helper()
	refusal, refused := activities.Refused(err)
	require.True(t, refused, "%v", err)
	require.Equal(t, status, refusal.HTTPStatus)
	require.Equal(t, reason, refusal.Reason)
	require.True(t, failure(t, err).NonRetryable())
}

// owners know which of the provider's orders are taken.
type owners struct {
	mu    sync.Mutex
	taken map[string]bool
	err   error
	// crowded is set if other orders of the user may have made the provider's.
	crowded   bool
	claimants []activities.Claimant
}

func (o *owners) take(orderID string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.taken == nil {
		o.taken = map[string]bool{}
	}
	o.taken[orderID] = true
}

func (o *owners) fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err = err
}

func (o *owners) Confirm(ctx context.Context, orderID, maker string) (bool, error) {
	return o.Claim(ctx, orderID, activities.Claimant{WorkflowID: maker})
}

func (o *owners) ClaimLost(ctx context.Context, orderID, claimant string) (bool, error) {
	return o.Claim(ctx, orderID, activities.Claimant{WorkflowID: claimant})
}

func (o *owners) Claim(_ context.Context, orderID string, claimant activities.Claimant) (bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.claimants = append(o.claimants, claimant)
	if o.crowded && claimant.OnlyIfAlone {
		return false, o.err
	}
	return !o.taken[orderID], o.err
}
