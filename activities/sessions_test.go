package activities_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/activities"
	"rampart/onmeta"
)

func (w *world) kycStatus(email string) error {
	_, err := run(w, w.calls.KYCStatus, activities.KYCStatusRequest{Email: email})
	return err
}

func TestManyCallsOfAUserShareOneLogin(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		w.network.on(onmeta.RouteLogin, slow(time.Second, unharmed))
		results := make([]error, 20)
		var calls sync.WaitGroup
		for i := range results {
			calls.Go(func() { results[i] = w.kycStatus(newcomer) })
		}
		calls.Wait()
		for _, err := range results {
			require.NoError(t, err)
		}
		require.Equal(t, 1, w.called(onmeta.RouteLogin))
		require.Equal(t, len(results), w.called(onmeta.RouteKYCStatus))
	})
}

func TestUsersHaveSessionsOfTheirOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 3 {
		// The sandbox refuses one user's token with another user's e-mail.
		require.NoError(t, w.kycStatus(fmt.Sprintf("user%d@example.test", i)))
	}
	require.NoError(t, w.kycStatus("User0@example.test"), "the provider tells the case of e-mails apart")
	require.Equal(t, 4, w.called(onmeta.RouteLogin))
}

func TestSessionIsRenewedBeforeItExpires(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		require.NoError(t, w.kycStatus(newcomer))
		pass(53 * time.Minute)
		require.NoError(t, w.kycStatus(newcomer))
		require.Zero(t, w.called(onmeta.RouteRefreshToken), "a token lives an hour, and a tenth of it is kept in reserve")
		pass(2 * time.Minute)
		require.NoError(t, w.kycStatus(newcomer))
		require.Equal(t, 1, w.called(onmeta.RouteRefreshToken))
		require.Equal(t, 1, w.called(onmeta.RouteLogin))
		require.Len(t, w.network.sent(onmeta.RouteKYCStatus), 3, "no call met a 401")
	})
}

func TestUserLogsInAgainWhenTheRefreshTokenIsTooOld(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		require.NoError(t, w.kycStatus(newcomer))
		pass(25 * time.Hour)
		require.NoError(t, w.kycStatus(newcomer))
		require.Equal(t, 2, w.called(onmeta.RouteLogin))
	})
}

// pass lets controlled time pass.
func pass(d time.Duration) {
	timer := time.NewTimer(d)
	<-timer.C
	synctest.Wait()
}

func TestTokenThatTheProviderNoLongerTakesIsRefreshed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.kycStatus(newcomer))
	w.network.once(onmeta.RouteKYCStatus, refuses(http.StatusUnauthorized, "unauthorized to access"))
	require.NoError(t, w.kycStatus(newcomer))
	require.Equal(t, 1, w.called(onmeta.RouteRefreshToken))
	require.Equal(t, 1, w.called(onmeta.RouteLogin), "the refresh token comes first")
}

func TestUserWhoseTokensWereRevokedIsLoggedInAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.kycStatus(newcomer))
	w.revokeTokens(t, newcomer)
	require.NoError(t, w.kycStatus(newcomer))
	require.Equal(t, 1, w.called(onmeta.RouteRefreshToken))
	require.Equal(t, 2, w.called(onmeta.RouteLogin))
}

func TestSessionIsRenewedOncePerCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.network.on(onmeta.RouteKYCStatus, refuses(http.StatusUnauthorized, "unauthorized to access"))
	requireRetried(t, activities.ErrUnauthorized, w.kycStatus(newcomer))
	require.Len(t, w.network.sent(onmeta.RouteKYCStatus), 2)
	require.Equal(t, 1, w.called(onmeta.RouteLogin))
	require.Equal(t, 1, w.called(onmeta.RouteRefreshToken))
}

func TestRefusedRefreshTokenLeadsToALoginAndNeverToARefusal(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]fault{
		"refused":    refuses(http.StatusBadRequest, "bad request"),
		"forbidden":  refuses(http.StatusForbidden, "user is forbidden"),
		"gone":       answers(http.StatusNotFound, "<html>"),
		"no token":   answers(http.StatusOK, `{"success":true,"data":{}}`),
		"other form": answers(http.StatusOK, `{"success":true,"data":[]}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			require.NoError(t, w.kycStatus(newcomer))
			w.revokeTokens(t, newcomer)
			w.network.on(onmeta.RouteRefreshToken, f)
			require.NoError(t, w.kycStatus(newcomer))
			require.Equal(t, 2, w.called(onmeta.RouteLogin))
		})
	}
}

func TestSessionWithoutARefreshTokenIsRenewedByLogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.network.once(onmeta.RouteLogin, rewritten(`"refreshToken"`, `"unused"`))
	require.NoError(t, w.kycStatus(newcomer))
	w.revokeTokens(t, newcomer)
	require.NoError(t, w.kycStatus(newcomer))
	require.Empty(t, w.network.sent(onmeta.RouteRefreshToken))
	require.Equal(t, 2, w.called(onmeta.RouteLogin))
}

func TestOutageDuringARenewalIsRetriedAndNoLoginTried(t *testing.T) {
	t.Parallel()
	for kind, f := range map[string]fault{
		activities.ErrUnavailable: answers(http.StatusBadGateway, "<html>"),
		activities.ErrRateLimited: answers(http.StatusTooManyRequests, "", "Retry-After", "9"),
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			require.NoError(t, w.kycStatus(newcomer))
			w.revokeTokens(t, newcomer)
			w.network.on(onmeta.RouteRefreshToken, f)
			requireRetried(t, kind, w.kycStatus(newcomer))
			require.Equal(t, 1, w.called(onmeta.RouteLogin))
		})
	}
}

func TestCallerThatGivesUpDoesNotFailTheOthers(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		w.network.on(onmeta.RouteLogin, slow(10*time.Second, unharmed))
		impatient, giveUp := context.WithTimeout(t.Context(), time.Second)
		defer giveUp()
		var impatientErr, patientErr error
		var calls sync.WaitGroup
		calls.Go(func() { impatientErr = w.sessions.Open(impatient, newcomer) })
		synctest.Wait()
		calls.Go(func() { patientErr = w.sessions.Open(t.Context(), newcomer) })
		calls.Wait()
		require.ErrorIs(t, impatientErr, context.DeadlineExceeded)
		require.NoError(t, patientErr)
		require.Equal(t, 1, w.called(onmeta.RouteLogin))
	})
}

func TestLoginIsNotRepeatedWhenAnotherCallRenewedMeanwhile(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		require.NoError(t, w.kycStatus(newcomer))
		unauthorized := refuses(http.StatusUnauthorized, "unauthorized to access")
		w.network.once(onmeta.RouteKYCStatus, slow(time.Second, unauthorized), slow(3*time.Second, unauthorized))
		results := make([]error, 2)
		var calls sync.WaitGroup
		for i := range results {
			calls.Go(func() { results[i] = w.kycStatus(newcomer) })
		}
		calls.Wait()
		require.NoError(t, results[0])
		require.NoError(t, results[1])
		require.Equal(t, 1, w.called(onmeta.RouteRefreshToken))
		require.Equal(t, 1, w.called(onmeta.RouteLogin))
	})
}

func TestLoginThatGetsNoAnswerIsGivenUp(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		w.network.on(onmeta.RouteLogin, silent)
		began := time.Now()
		err := w.kycStatus(newcomer)
		requireRetried(t, activities.ErrUnavailable, err)
		require.Less(t, time.Since(began), 75*time.Second)
	})
}

func TestPanicInALoginFailsTheCallAndNotTheWorker(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.network.once(onmeta.RouteLogin, func(*http.Request, send) (*http.Response, error) { panic("a defect") })
	err := w.kycStatus(newcomer)
	requireRetried(t, activities.ErrUnavailable, err)
	require.ErrorContains(t, err, "logging the user in panicked: a defect")
	require.NoError(t, w.kycStatus(newcomer), "the next attempt logs in")
}

func TestRetryAfterOfALoginHoldsForAllCallsOfTheUser(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		w.network.once(onmeta.RouteLogin, answers(http.StatusTooManyRequests, "Too Many Requests", "Retry-After", "200"))
		require.Equal(t, 200*time.Second, failure(t, w.kycStatus(newcomer)).NextRetryDelay())
		pass(150 * time.Second)
		require.Equal(t, 50*time.Second, failure(t, w.kycStatus(newcomer)).NextRetryDelay())
		require.Len(t, w.network.sent(onmeta.RouteLogin), 1)
		pass(50 * time.Second)
		require.NoError(t, w.kycStatus(newcomer))
	})
}

func TestSessionsLeaveAloneCallsThatNeedNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := onmeta.New(w.sessions).KYCStatus(t.Context(), onmeta.User{Email: newcomer, Token: "mine"})
	require.True(t, onmeta.IsKind(err, onmeta.KindUnauthorized), "a call that brings its own token is not given another")
	_, err = onmeta.New(w.sessions).Currencies(t.Context(), onmeta.User{})
	require.NoError(t, err)
	require.Zero(t, w.called(onmeta.RouteLogin))
}

func TestFirstCallOpensASessionThatLaterCallsUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 3 {
		require.NoError(t, w.kycStatus(newcomer))
	}
	require.Equal(t, 1, w.called(onmeta.RouteLogin))
}

func TestLoginOfWhatIsNoUserIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	err := w.kycStatus("asha")
	requireRefused(t, http.StatusBadRequest, "bad request", err)
}
