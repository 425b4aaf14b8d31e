package main

import (
	"context"
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"

	"rampart/internal/telemetry"
)

// countedOrders is a visibility store of fixed counts.
type countedOrders struct {
	mu      sync.Mutex
	queries []string
	err     error
}

func (v *countedOrders) CountWorkflow(
	_ context.Context, request *workflowservice.CountWorkflowExecutionsRequest,
) (*workflowservice.CountWorkflowExecutionsResponse, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.queries = append(v.queries, request.GetQuery())
	n := int64(0)
	switch {
	case strings.Contains(request.GetQuery(), "awaiting_payment"):
		n = 7
	case strings.Contains(request.GetQuery(), "RampAttention = true"):
		n = 2
	}
	return &workflowservice.CountWorkflowExecutionsResponse{Count: n}, v.err
}

func (v *countedOrders) fail(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.err = err
}

// received returns the queries so far.
func (v *countedOrders) received() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.queries)
}

// newOrderMetrics returns metrics that count the orders of a store.
func newOrderMetrics(t *testing.T, store *countedOrders, report func(error)) *telemetry.Metrics {
	t.Helper()
	metrics, err := telemetry.NewMetrics(telemetry.Build{}, func(err error) { require.NoError(t, err) })
	require.NoError(t, err)
	require.NoError(t, exportOrderCounts(t.Context(), metrics.Meter(), store, report))
	return metrics
}

// scrape returns what Prometheus gets.
func scrape(t *testing.T, metrics *telemetry.Metrics) string {
	t.Helper()
	response := httptest.NewRecorder()
	metrics.Handler().ServeHTTP(response, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	require.Equal(t, 200, response.Code)
	return response.Body.String()
}

// finishCount waits until a count that has begun is over.
func finishCount() {
	time.Sleep(20 * time.Second)
	synctest.Wait()
}

func TestOpenOrdersAreCountedByStatus(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := new(countedOrders)
		metrics := newOrderMetrics(t, store, func(err error) { require.NoError(t, err) })
		require.NotContains(t, scrape(t, metrics), "ramp_orders_open{", "no count yet")
		finishCount()

		shown := scrape(t, metrics)
		require.Contains(t, shown, `ramp_orders_open{status="awaiting_payment"} 7`)
		require.Contains(t, shown, `ramp_orders_open{status="settling"} 0`)
		require.NotContains(t, shown, `ramp_orders_open{status="completed"}`)
		require.Contains(t, shown, "ramp_orders_attention 2")
		for _, query := range store.received() {
			require.Contains(t, query, `AND ExecutionStatus = "Running"`)
		}
	})
}

func TestOrdersAreCountedAtMostOnceAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := new(countedOrders)
		metrics := newOrderMetrics(t, store, func(err error) { require.NoError(t, err) })
		time.Sleep(time.Hour)
		require.Empty(t, store.received(), "no scrape yet")
		for range 3 {
			scrape(t, metrics)
			finishCount()
		}
		once := len(store.received())
		require.Equal(t, 12, once)
		time.Sleep(time.Minute)
		scrape(t, metrics)
		finishCount()
		require.Equal(t, 2*once, len(store.received()))
	})
}

func TestOldCountsAreNotExported(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := new(countedOrders)
		var reported []error
		metrics := newOrderMetrics(t, store, func(err error) { reported = append(reported, err) })
		scrape(t, metrics)
		finishCount()
		store.fail(errors.New("no store"))
		for range 4 {
			time.Sleep(time.Minute)
			require.Contains(t, scrape(t, metrics), "ramp_orders_open{")
		}
		time.Sleep(time.Minute)
		require.NotContains(t, scrape(t, metrics), "ramp_orders_open{")
		finishCount()
		require.ErrorContains(t, reported[0], "no store")
	})
}
