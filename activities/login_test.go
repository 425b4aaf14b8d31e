package activities_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/activities"
	"rampart/onmeta"
	"rampart/ramp"
)

func (w *world) kycStatus(email ramp.Email) error {
	_, err := run(w, w.calls.KYCStatus, activities.KYCStatusRequest{Email: email})
	return err
}

// pass lets controlled time pass.
func pass(d time.Duration) {
	timer := time.NewTimer(d)
	<-timer.C
	synctest.Wait()
}

// revokedWith returns a world whose user has a revoked token, and whose refreshes fail with f.
func revokedWith(t *testing.T, f fault) *world {
	t.Helper()
	w := newWorld(t)
	require.NoError(t, w.kycStatus(newcomer))
	w.revokeTokens(t, newcomer)
	w.network.on(onmeta.RouteRefreshToken, f)
	return w
}

func TestRefusedRefreshTokenNeverRefusesTheOrder(t *testing.T) {
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
			require.NoError(t, revokedWith(t, f).kycStatus(newcomer))
		})
	}
}

func TestOutageDuringARenewalIsRetried(t *testing.T) {
	t.Parallel()
	for kind, f := range map[string]fault{
		activities.ErrUnavailable: answers(http.StatusBadGateway, "<html>"),
		activities.ErrRateLimited: answers(http.StatusTooManyRequests, "", "Retry-After", "9"),
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			requireRetried(t, kind, revokedWith(t, f).kycStatus(newcomer))
		})
	}
}

func TestTokenRefusedTwiceIsRetried(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.network.on(onmeta.RouteKYCStatus, refuses(http.StatusUnauthorized, "unauthorized to access"))
	requireRetried(t, activities.ErrUnauthorized, w.kycStatus(newcomer))
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

func TestLoginOfWhatIsNoUserIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	err := w.kycStatus("asha")
	requireRefused(t, http.StatusBadRequest, "bad request", err)
}
