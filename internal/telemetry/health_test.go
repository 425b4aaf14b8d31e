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

	require.NotContains(t, scrape(t, metrics), "ramp_check_passed", "nothing was checked yet")
	shown := get(t, telemetry.Pages{Metrics: metrics.Handler(), Ready: readiness}.Handler(), "/metrics").Body.String()
	require.Contains(t, shown, `ramp_check_passed{check="temporal"} 1`)
	require.Contains(t, shown, `ramp_check_passed{check="provider"} 0`)
}

// The first call that fails is measured by an instrument that is new, as those of Temporal's SDK are.
func TestCheckThatMeasuresSomethingNewDoesNotStopTheMetrics(t *testing.T) {
	t.Parallel()
	metrics := newMetrics(t)
	readiness := telemetry.NewReadiness(telemetry.Check{Name: "temporal", Run: func(ctx context.Context) *telemetry.Problem {
		failures, err := metrics.Meter().Int64Counter("ramp_failures_of_a_check")
		require.NoError(t, err)
		failures.Add(ctx, 1)
		return &telemetry.Problem{Problem: "no answer"}
	}})
	require.NoError(t, readiness.Measure(metrics.Meter()))

	shown := make(chan string, 1)
	go func() {
		shown <- get(t, telemetry.Pages{Metrics: metrics.Handler(), Ready: readiness}.Handler(), "/metrics").Body.String()
	}()

	select {
	case page := <-shown:
		require.Contains(t, page, "ramp_failures_of_a_check_total 1")
		require.Contains(t, page, `ramp_check_passed{check="temporal"} 0`)
	case <-time.After(10 * time.Second):
		require.Fail(t, "the metrics wait for the check, and the check for the metrics")
	}
}
