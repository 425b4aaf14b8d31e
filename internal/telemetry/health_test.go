package telemetry_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/internal/telemetry"
)

func get(t *testing.T, pages http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	answer := httptest.NewRecorder()
	pages.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
	return answer
}

func TestReadinessReportsProblemsAndRemedies(t *testing.T) {
	t.Parallel()
	passing := telemetry.Check{Name: "temporal", Run: func(context.Context) *telemetry.Problem { return nil }}
	failing := telemetry.Check{Name: "provider", Run: func(context.Context) *telemetry.Problem {
		return &telemetry.Problem{Problem: "the key is refused", Do: "set another"}
	}}

	answer := get(t, telemetry.NewReadiness(passing), "/readyz")
	require.Equal(t, http.StatusOK, answer.Code)
	require.JSONEq(t, `{"ready":true,"checks":{"temporal":null}}`, answer.Body.String())

	answer = get(t, telemetry.NewReadiness(failing, passing), "/readyz")
	require.Equal(t, http.StatusServiceUnavailable, answer.Code)
	require.JSONEq(t, `{"ready":false,"checks":{"temporal":null,"provider":{"problem":"the key is refused","do":"set another"}}}`,
		answer.Body.String())
}

func TestCheckResultsAreReusedForFiveSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		readiness := telemetry.NewReadiness(telemetry.Check{Name: "temporal", Run: func(context.Context) *telemetry.Problem {
			runs++
			return nil
		}})
		for range 10 {
			get(t, readiness, "/readyz")
		}
		require.Equal(t, 1, runs)
		time.Sleep(5 * time.Second)
		get(t, readiness, "/readyz")
		require.Equal(t, 2, runs)
	})
}

func TestHangingCheckTimesOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		readiness := telemetry.NewReadiness(telemetry.Check{Name: "temporal", Run: func(ctx context.Context) *telemetry.Problem {
			<-ctx.Done()
			return &telemetry.Problem{Problem: "no answer"}
		}})
		began := time.Now()
		require.Equal(t, http.StatusServiceUnavailable, get(t, readiness, "/readyz").Code)
		require.LessOrEqual(t, time.Since(began), 2*time.Second)
	})
}

func TestChecksAreExportedAsMetrics(t *testing.T) {
	t.Parallel()
	metrics := newMetrics(t)
	readiness := telemetry.NewReadiness(
		telemetry.Check{Name: "temporal", Run: func(context.Context) *telemetry.Problem { return nil }},
		telemetry.Check{Name: "provider", Run: func(context.Context) *telemetry.Problem { return &telemetry.Problem{} }},
	)
	require.NoError(t, readiness.Measure(metrics.Meter()))

	shown := scrape(t, metrics)
	require.Contains(t, shown, `ramp_check_passed{check="temporal"} 1`)
	require.Contains(t, shown, `ramp_check_passed{check="provider"} 0`)
}
