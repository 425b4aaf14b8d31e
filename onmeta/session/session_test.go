package session_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/internal/redact"
	"rampart/onmeta"
	"rampart/onmeta/session"
	"rampart/sandbox"
)

const email = "asha@example.test"

// world is sessions over the provider's client, faults, and the sandbox.
type world struct {
	clock    *sandbox.Clock
	sandbox  *sandbox.Server
	faults   *faults
	sessions *session.Caller
}

// start is the sandbox's time. It has a fraction of a second, which Date headers do not have.
func start() time.Time { return time.Date(2026, 1, 10, 10, 0, 0, int(250*time.Millisecond), time.UTC) }

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{clock: sandbox.NewClock(start(), 0)}
	server, err := sandbox.New(sandbox.Options{Seed: 1, Clock: w.clock})
	require.NoError(t, err)
	w.sandbox = server
	transport, err := onmeta.NewTransport(onmeta.Config{
		BaseURL: "http://127.0.0.1", APIKey: sandbox.DefaultAPIKey, HTTPClient: &http.Client{Transport: inProcess{server}},
	})
	require.NoError(t, err)
	w.faults = &faults{next: transport, queued: map[onmeta.Route][]fault{}, always: map[onmeta.Route]fault{}, passed: map[onmeta.Route]int{}}
	w.sessions = session.New(w.faults)
	return w
}

// controlled runs a test under controlled time, the sandbox's included.
func controlled(t *testing.T, test func(*testing.T, *world)) {
	t.Helper()
	w := newWorld(t) // outside of the bubble, because the cache of tokens has a goroutine that never ends
	synctest.Test(t, func(t *testing.T) {
		w.clock.Set(start())
		require.NoError(t, w.clock.SetSpeed(1))
		test(t, w)
	})
}

// kycStatus makes a user-scoped call.
func (w *world) kycStatus(email redact.Email) error {
	_, err := onmeta.New(w.sessions).KYCStatus(context.Background(), onmeta.User{Email: email})
	return err
}

// reached counts the calls to the route that reached the sandbox.
func (w *world) reached(route onmeta.Route) int {
	return w.sandbox.Ledger().Calls[route.Method()+" "+route.Path()]
}

func (w *world) revokeTokens(t *testing.T) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"email": email, "revokeTokens": true})
	require.NoError(t, err)
	answer := httptest.NewRecorder()
	w.sandbox.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/sandbox/users", strings.NewReader(string(body))))
	require.Equal(t, http.StatusOK, answer.Code, answer.Body)
}

// inProcess sends requests to a handler.
type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(request *http.Request) (*http.Response, error) {
	served := request.Clone(request.Context())
	if served.Body == nil {
		served.Body = http.NoBody
	}
	answer := httptest.NewRecorder()
	p.handler.ServeHTTP(answer, served)
	return answer.Result(), served.Body.Close()
}

// fault answers a call in place of the provider.
type fault func(ctx context.Context, call onmeta.Call, next onmeta.Caller) (onmeta.Answer, error)

// faults is an onmeta.Caller that injects faults and counts calls.
type faults struct {
	next onmeta.Caller

	mu     sync.Mutex
	queued map[onmeta.Route][]fault
	always map[onmeta.Route]fault
	passed map[onmeta.Route]int
}

// once applies each fault to one call, in order, before what on has set.
func (f *faults) once(route onmeta.Route, queued ...fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queued[route] = append(f.queued[route], queued...)
}

// on applies the fault to every call.
func (f *faults) on(route onmeta.Route, always fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.always[route] = always
}

// sent counts the calls to the route, whether or not they reached the sandbox.
func (f *faults) sent(route onmeta.Route) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.passed[route]
}

func (f *faults) Call(ctx context.Context, call onmeta.Call) (onmeta.Answer, error) {
	return f.take(call.Route)(ctx, call, f.next)
}

func (f *faults) take(route onmeta.Route) fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.passed[route]++
	if queued := f.queued[route]; len(queued) > 0 {
		f.queued[route] = queued[1:]
		return queued[0]
	}
	if always := f.always[route]; always != nil {
		return always
	}
	return unharmed
}

func unharmed(ctx context.Context, call onmeta.Call, next onmeta.Caller) (onmeta.Answer, error) {
	return next.Call(ctx, call)
}

// fails answers with a failure of this kind.
func fails(kind onmeta.ErrorKind, retryAfter time.Duration) fault {
	return func(_ context.Context, call onmeta.Call, _ onmeta.Caller) (onmeta.Answer, error) {
		return onmeta.Answer{}, &onmeta.Error{Route: call.Route, Kind: kind, Reached: onmeta.Answered, RetryAfter: retryAfter}
	}
}

// answers answers with success and this data.
func answers(data string) fault {
	return func(context.Context, onmeta.Call, onmeta.Caller) (onmeta.Answer, error) {
		return onmeta.Answer{Status: http.StatusOK, Data: redact.JSON(data)}, nil
	}
}

// slow delays a call.
func slow(delay time.Duration, then fault) fault {
	return func(ctx context.Context, call onmeta.Call, next onmeta.Caller) (onmeta.Answer, error) {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-timer.C:
			return then(ctx, call, next)
		case <-ctx.Done():
			return onmeta.Answer{}, ctx.Err()
		}
	}
}

// pass lets controlled time pass.
func pass(d time.Duration) {
	timer := time.NewTimer(d)
	<-timer.C
	synctest.Wait()
}

func TestManyCallsOfAUserShareOneLogin(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		w.faults.on(onmeta.RouteLogin, slow(time.Second, unharmed))
		results := make([]error, 20)
		var calls sync.WaitGroup
		for i := range results {
			calls.Go(func() { results[i] = w.kycStatus(email) })
		}
		calls.Wait()
		for _, err := range results {
			require.NoError(t, err)
		}
		require.Equal(t, 1, w.reached(onmeta.RouteLogin))
		require.Equal(t, len(results), w.reached(onmeta.RouteKYCStatus))
	})
}

func TestUsersHaveSessionsOfTheirOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 3 {
		// The sandbox refuses one user's token with another user's e-mail.
		require.NoError(t, w.kycStatus(redact.Email(fmt.Sprintf("user%d@example.test", i))))
	}
	require.NoError(t, w.kycStatus("User0@example.test"), "the provider treats the case of e-mails as significant")
	require.Equal(t, 4, w.reached(onmeta.RouteLogin))
}

func TestSessionIsReusedByLaterCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 3 {
		require.NoError(t, w.kycStatus(email))
	}
	require.Equal(t, 1, w.reached(onmeta.RouteLogin))
}

func TestSessionIsRenewedBeforeItExpires(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		require.NoError(t, w.kycStatus(email))
		pass(53 * time.Minute)
		require.NoError(t, w.kycStatus(email))
		require.Zero(t, w.reached(onmeta.RouteRefreshToken), "a token lives an hour, and a tenth of it is kept in reserve")
		pass(2 * time.Minute)
		require.NoError(t, w.kycStatus(email))
		require.Equal(t, 1, w.reached(onmeta.RouteRefreshToken))
		require.Equal(t, 1, w.reached(onmeta.RouteLogin))
		require.Equal(t, 3, w.faults.sent(onmeta.RouteKYCStatus), "no call was answered 401")
	})
}

func TestUserLogsInAgainWhenTheRefreshTokenIsTooOld(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		require.NoError(t, w.kycStatus(email))
		pass(25 * time.Hour)
		require.NoError(t, w.kycStatus(email))
		require.Equal(t, 2, w.reached(onmeta.RouteLogin))
	})
}

func TestTokenThatTheProviderNoLongerAcceptsIsRefreshed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.kycStatus(email))
	w.faults.once(onmeta.RouteKYCStatus, fails(onmeta.KindUnauthorized, 0))
	require.NoError(t, w.kycStatus(email))
	require.Equal(t, 1, w.reached(onmeta.RouteRefreshToken))
	require.Equal(t, 1, w.reached(onmeta.RouteLogin), "the refresh token comes first")
}

func TestUserWhoseTokensWereRevokedIsLoggedInAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.kycStatus(email))
	w.revokeTokens(t)
	require.NoError(t, w.kycStatus(email))
	require.Equal(t, 1, w.reached(onmeta.RouteRefreshToken))
	require.Equal(t, 2, w.reached(onmeta.RouteLogin))
}

func TestSessionIsRenewedOncePerCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.faults.on(onmeta.RouteKYCStatus, fails(onmeta.KindUnauthorized, 0))
	require.True(t, onmeta.IsKind(w.kycStatus(email), onmeta.KindUnauthorized))
	require.Equal(t, 2, w.faults.sent(onmeta.RouteKYCStatus))
	require.Equal(t, 1, w.reached(onmeta.RouteLogin))
	require.Equal(t, 1, w.reached(onmeta.RouteRefreshToken))
}

func TestRefusedRefreshTokenLeadsToALogin(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]fault{
		"refused":             fails(onmeta.KindRefused, 0),
		"unauthorized":        fails(onmeta.KindUnauthorized, 0),
		"malformed":           fails(onmeta.KindMalformed, 0),
		"answer has no token": answers(`{}`),
		"answer is a list":    answers(`[]`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			require.NoError(t, w.kycStatus(email))
			w.revokeTokens(t)
			w.faults.on(onmeta.RouteRefreshToken, f)
			require.NoError(t, w.kycStatus(email))
			require.Equal(t, 2, w.reached(onmeta.RouteLogin))
		})
	}
}

func TestSessionWithoutARefreshTokenIsRenewedByLogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.faults.once(onmeta.RouteLogin, func(ctx context.Context, call onmeta.Call, next onmeta.Caller) (onmeta.Answer, error) {
		answer, err := next.Call(ctx, call)
		answer.Data = redact.JSON(strings.ReplaceAll(string(answer.Data), `"refreshToken"`, `"unused"`))
		return answer, err
	})
	require.NoError(t, w.kycStatus(email))
	w.revokeTokens(t)
	require.NoError(t, w.kycStatus(email))
	require.Zero(t, w.faults.sent(onmeta.RouteRefreshToken))
	require.Equal(t, 2, w.reached(onmeta.RouteLogin))
}

func TestOutageDuringARenewalDoesNotLeadToALogin(t *testing.T) {
	t.Parallel()
	for _, kind := range []onmeta.ErrorKind{onmeta.KindUnavailable, onmeta.KindRateLimited} {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			require.NoError(t, w.kycStatus(email))
			w.revokeTokens(t)
			w.faults.on(onmeta.RouteRefreshToken, fails(kind, 9*time.Second))
			require.True(t, onmeta.IsKind(w.kycStatus(email), kind))
			require.Equal(t, 1, w.reached(onmeta.RouteLogin))
		})
	}
}

func TestCallerThatGivesUpDoesNotFailTheOthers(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		w.faults.on(onmeta.RouteLogin, slow(10*time.Second, unharmed))
		impatient, giveUp := context.WithTimeout(t.Context(), time.Second)
		defer giveUp()
		var impatientErr, patientErr error
		var calls sync.WaitGroup
		calls.Go(func() { impatientErr = w.sessions.Open(impatient, email) })
		synctest.Wait()
		calls.Go(func() { patientErr = w.sessions.Open(t.Context(), email) })
		calls.Wait()
		require.ErrorIs(t, impatientErr, context.DeadlineExceeded)
		require.NoError(t, patientErr)
		require.Equal(t, 1, w.reached(onmeta.RouteLogin))
	})
}

func TestLoginIsNotRepeatedWhenAnotherCallRenewedTheSession(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		require.NoError(t, w.kycStatus(email))
		unauthorized := fails(onmeta.KindUnauthorized, 0)
		w.faults.once(onmeta.RouteKYCStatus, slow(time.Second, unauthorized), slow(3*time.Second, unauthorized))
		results := make([]error, 2)
		var calls sync.WaitGroup
		for i := range results {
			calls.Go(func() { results[i] = w.kycStatus(email) })
		}
		calls.Wait()
		require.NoError(t, results[0])
		require.NoError(t, results[1])
		require.Equal(t, 1, w.reached(onmeta.RouteRefreshToken))
		require.Equal(t, 1, w.reached(onmeta.RouteLogin))
	})
}

func TestLoginWithoutAnAnswerTimesOut(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		w.faults.on(onmeta.RouteLogin, slow(time.Hour, unharmed))
		began := time.Now()
		require.ErrorIs(t, w.kycStatus(email), context.DeadlineExceeded)
		require.Less(t, time.Since(began), 75*time.Second, "an attempt of an activity takes no longer")
	})
}

func TestPanicInALoginFailsTheCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.faults.once(onmeta.RouteLogin, func(context.Context, onmeta.Call, onmeta.Caller) (onmeta.Answer, error) { panic("a defect") })
	require.ErrorContains(t, w.kycStatus(email), "logging the user in panicked: a defect")
	require.NoError(t, w.kycStatus(email), "the next call logs in")
}

func TestRetryAfterOfALoginAppliesToAllCallsOfTheUser(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		w.faults.once(onmeta.RouteLogin, fails(onmeta.KindRateLimited, 200*time.Second))
		requirePause := func(want time.Duration, reached onmeta.Reached) {
			var failure *onmeta.Error
			require.ErrorAs(t, w.kycStatus(email), &failure)
			require.Equal(t, want, failure.RetryAfter)
			require.Equal(t, reached, failure.Reached)
		}
		requirePause(200*time.Second, onmeta.Answered)
		pass(150 * time.Second)
		requirePause(50*time.Second, onmeta.NotSent)
		require.Equal(t, 1, w.faults.sent(onmeta.RouteLogin))
		pass(50 * time.Second)
		require.NoError(t, w.kycStatus(email))
	})
}

func TestRetryAfterOfALoginIsObeyedForFiveMinutesAtMost(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		w.faults.once(onmeta.RouteLogin, fails(onmeta.KindRateLimited, time.Hour))
		require.Error(t, w.kycStatus(email))
		pass(5 * time.Minute)
		require.NoError(t, w.kycStatus(email))
	})
}

func TestCallsThatNeedNoSessionAreUnchanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := onmeta.New(w.sessions).KYCStatus(t.Context(), onmeta.User{Email: email, Token: "mine"})
	require.True(t, onmeta.IsKind(err, onmeta.KindUnauthorized), "a call that brings its own token is not given another")
	_, err = onmeta.New(w.sessions).Currencies(t.Context(), onmeta.User{})
	require.NoError(t, err)
	require.Zero(t, w.reached(onmeta.RouteLogin))
}
