package telemetry_test

import (
	"context"
	"errors"
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

// visibility is a store of workflows that knows how many there are.
type visibility struct {
	mu      sync.Mutex
	queries []string
	err     error
}

func (v *visibility) CountWorkflow(
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

func (v *visibility) fail(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.err = err
}

// asked are the queries so far.
func (v *visibility) asked() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.queries)
}

// counting is a process whose orders are counted.
func counting(t *testing.T, store *visibility, report func(error)) *telemetry.Metrics {
	t.Helper()
	metrics := newMetrics(t)
	require.NoError(t, telemetry.CountOrders(t.Context(), metrics.Meter(), store, report))
	return metrics
}

// settleDown lets a counting that has begun end.
func settleDown() {
	time.Sleep(20 * time.Second)
	synctest.Wait()
}

func TestOpenOrdersAreCountedByStatus(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := new(visibility)
		metrics := counting(t, store, func(err error) { require.NoError(t, err) })
		require.NotContains(t, scrape(t, metrics), "ramp_orders_open{", "nothing is known yet")
		settleDown()

		shown := scrape(t, metrics)
		require.Contains(t, shown, `ramp_orders_open{status="awaiting_payment"} 7`)
		require.Contains(t, shown, `ramp_orders_open{status="settling"} 0`)
		require.NotContains(t, shown, `ramp_orders_open{status="completed"}`)
		require.Contains(t, shown, "ramp_orders_attention 2")
		for _, query := range store.asked() {
			require.Contains(t, query, `AND ExecutionStatus = "Running"`)
		}
	})
}

func TestOrdersAreCountedOnceAMinuteHoweverOftenMetricsAreRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := new(visibility)
		metrics := counting(t, store, func(err error) { require.NoError(t, err) })
		time.Sleep(time.Hour)
		require.Empty(t, store.asked(), "nobody has asked")
		for range 3 {
			scrape(t, metrics)
			settleDown()
		}
		once := len(store.asked())
		require.Equal(t, 12, once)
		time.Sleep(time.Minute)
		scrape(t, metrics)
		settleDown()
		require.Equal(t, 2*once, len(store.asked()))
	})
}

func TestOldCountsAreNotTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := new(visibility)
		var reported []error
		metrics := counting(t, store, func(err error) { reported = append(reported, err) })
		scrape(t, metrics)
		settleDown()
		store.fail(errors.New("no store"))
		for range 4 {
			time.Sleep(time.Minute)
			require.Contains(t, scrape(t, metrics), "ramp_orders_open{")
		}
		time.Sleep(time.Minute)
		require.NotContains(t, scrape(t, metrics), "ramp_orders_open{")
		settleDown()
		require.ErrorContains(t, reported[0], "no store")
	})
}
