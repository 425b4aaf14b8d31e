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
	"go.temporal.io/sdk/client"

	"rampart/internal/telemetry"
)

// countedStore is a visibility store of fixed counts.
type countedStore struct {
	mu      sync.Mutex
	queries []string
	err     error
}

func (v *countedStore) CountWorkflow(
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
	case strings.Contains(request.GetQuery(), "LateRecord"):
		n = 4
	}
	return &workflowservice.CountWorkflowExecutionsResponse{Count: n}, v.err
}

func (v *countedStore) CountActivities(_ context.Context, options client.CountActivitiesOptions) (*client.CountActivitiesResult, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.queries = append(v.queries, options.Query)
	if strings.Contains(options.Query, "Running") {
		return &client.CountActivitiesResult{Count: 5}, v.err
	}
	return &client.CountActivitiesResult{Count: 3}, v.err
}

// ListWorkflow lists no reconciliation.
func (v *countedStore) ListWorkflow(
	context.Context, *workflowservice.ListWorkflowExecutionsRequest,
) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	return &workflowservice.ListWorkflowExecutionsResponse{}, nil
}

// ScheduleClient has a schedule that was made a day ago.
func (v *countedStore) ScheduleClient() client.ScheduleClient { return planned{} }

type planned struct {
	client.ScheduleClient
	client.ScheduleHandle
}

func (p planned) GetHandle(context.Context, string) client.ScheduleHandle { return p }

func (planned) Describe(context.Context) (*client.ScheduleDescription, error) {
	return &client.ScheduleDescription{Info: client.ScheduleInfo{CreatedAt: time.Now().Add(-24 * time.Hour)}}, nil
}

func (v *countedStore) fail(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.err = err
}

// received returns the queries so far.
func (v *countedStore) received() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.queries)
}

// newCounts returns metrics that count the orders of a store, and what else is on.
func newCounts(t *testing.T, store *countedStore, also counted, report func(error)) *telemetry.Metrics {
	t.Helper()
	metrics, err := telemetry.NewMetrics(telemetry.Build{}, func(err error) { require.NoError(t, err) })
	require.NoError(t, err)
	require.NoError(t, exportCounts(t.Context(), metrics.Meter(), store, also, report))
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
		store := new(countedStore)
		metrics := newCounts(t, store, counted{}, func(err error) { require.NoError(t, err) })
		require.NotContains(t, scrape(t, metrics), "ramp_orders_open{", "no count yet")
		finishCount()

		shown := scrape(t, metrics)
		require.Contains(t, shown, `ramp_orders_open{status="awaiting_payment"} 7`)
		require.Contains(t, shown, `ramp_orders_open{status="settling"} 0`)
		require.NotContains(t, shown, `ramp_orders_open{status="completed"}`)
		require.Contains(t, shown, "ramp_orders_attention 2")
		require.NotContains(t, shown, "ramp_deliveries", "events are off")
		require.Contains(t, shown, "ramp_reconciliation_days_differing 0")
		require.Regexp(t, `ramp_reconciliation_age_seconds 864\d\d`, shown)
		require.NotContains(t, shown, "ramp_records", "records are off")
		for _, query := range store.received() {
			require.Contains(t, query, `AND ExecutionStatus = "Running"`)
		}
	})
}

func TestDeliveriesAreCountedWhereEventsAreOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := new(countedStore)
		metrics := newCounts(t, store, counted{events: true}, func(err error) { require.NoError(t, err) })
		scrape(t, metrics)
		begun := time.Now()
		finishCount()

		shown := scrape(t, metrics)
		require.Contains(t, shown, "ramp_deliveries_open 5")
		require.Contains(t, shown, "ramp_deliveries_failed 3")
		queries := store.received()
		last := queries[len(queries)-1]
		require.Contains(t, last, `ExecutionStatus IN ("Failed", "TimedOut", "Canceled", "Terminated")`)
		_, after, found := strings.Cut(last, `CloseTime >= "`)
		require.True(t, found, last)
		since, err := time.Parse(time.RFC3339, strings.TrimSuffix(after, `"`))
		require.NoError(t, err)
		require.WithinDuration(t, begun.Add(-24*time.Hour), since, time.Minute)
	})
}

func TestRecordsThatWaitAreCountedWhereRecordsAreOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := new(countedStore)
		metrics := newCounts(t, store, counted{records: true}, func(err error) { require.NoError(t, err) })
		scrape(t, metrics)
		finishCount()

		shown := scrape(t, metrics)
		require.Contains(t, shown, "ramp_records_waiting 4")
		require.NotContains(t, shown, "ramp_deliveries", "events are off")
		require.Contains(t, store.received(), `WorkflowType = "LateRecord" AND ExecutionStatus = "Running"`)
	})
}

func TestOrdersAreCountedAtMostOnceAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := new(countedStore)
		metrics := newCounts(t, store, counted{}, func(err error) { require.NoError(t, err) })
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
		store := new(countedStore)
		var reported []error
		metrics := newCounts(t, store, counted{}, func(err error) { reported = append(reported, err) })
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
