package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"rampart/gateway/api"
	"rampart/ramp"
)

func at(version int64, status ramp.Status) *ramp.Order {
	order := awaiting(version)
	order.Status = status
	return order
}

func TestEventsAreTheVersionsAfterTheLast(t *testing.T) {
	t.Parallel()
	states := []*ramp.Order{at(3, ramp.AwaitingPayment), at(5, ramp.Settling), at(8, ramp.Completed)}
	for last, versions := range map[string][]int64{"": {3, 5, 8}, "3": {5, 8}, "7": {8}, "hunter2": {3, 5, 8}} {
		w := handle(t, &fake{order: states[0], states: states}, call{
			method: http.MethodGet, path: "/v1/onramp/orders/inv-42/events", headers: map[string]string{"Last-Event-ID": last},
		})
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, "text/event-stream", w.Header().Get("Content-Type"))
		want := "retry: 2000\n\n"
		for _, state := range states {
			for _, version := range versions {
				if state.Version == version {
					encoded, err := json.Marshal(state)
					require.NoError(t, err)
					want += fmt.Sprintf("id: %d\nevent: order\ndata: %s\n\n", version, encoded)
				}
			}
		}
		require.Equal(t, want, w.Body.String())
	}
}

func TestAClientWithTheFinalStateDoesNotConnectAgain(t *testing.T) {
	t.Parallel()
	final := at(8, ramp.Completed)
	w := handle(t, &fake{order: final, states: []*ramp.Order{final}}, call{
		method: http.MethodGet, path: "/v1/onramp/orders/inv-42/events", headers: map[string]string{"Last-Event-ID": "8"},
	})
	require.Equal(t, http.StatusNoContent, w.Code)
	require.Empty(t, w.Body.String())
}

// Versions begin again in the run that a reset or a rebuild makes.
func TestAnEarlierRunsEventsHideNoStateOfANewRun(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		last    string
		status  ramp.Status
		version int64
		code    int
		sent    bool
	}{
		{"20-1764230400000", ramp.Completed, 8, http.StatusOK, true},
		{"20", ramp.Completed, 8, http.StatusOK, true},
		{"8-1764230400000", ramp.Completed, 8, http.StatusOK, true},
		{"8-1764230400123", ramp.Completed, 8, http.StatusNoContent, false},
		{"8", ramp.Completed, 8, http.StatusNoContent, false},
		{"20-1764230400000", ramp.Settling, 8, http.StatusOK, true},
		{"7-1764230500000", ramp.Settling, 8, http.StatusOK, true},
		{"8-1764230400123", ramp.Settling, 8, http.StatusOK, false},
		{"20-1764230500000", ramp.Settling, 8, http.StatusOK, false},
		{"20-hunter2", ramp.Settling, 8, http.StatusOK, true},
	} {
		order := at(c.version, c.status)
		order.UpdatedAt = time.UnixMilli(1764230400123).UTC()
		w := handle(t, &fake{order: order, states: []*ramp.Order{order}}, call{
			method: http.MethodGet, path: "/v1/onramp/orders/inv-42/events", headers: map[string]string{"Last-Event-ID": c.last},
		})
		require.Equal(t, c.code, w.Code, "%+v", c)
		require.Equal(t, c.sent, strings.Contains(w.Body.String(), "id: 8-1764230400123\nevent: order\n"), "%+v", c)
	}
}

func TestAStreamOfAnUnknownOrderIsAProblem(t *testing.T) {
	t.Parallel()
	w := handle(t, &fake{err: &ramp.Error{Type: ramp.NotFound, Message: "none"}}, call{method: http.MethodGet, path: "/v1/offramp/orders/inv-42/events"})
	require.Equal(t, ramp.NotFound, problemOf(t, w).ErrorType)
}

func TestWaitsAndStreamsEndWhenTheProgramStops(t *testing.T) {
	t.Parallel()
	stopping := make(chan struct{})
	close(stopping)
	f := &streaming{fake{order: awaiting(3), states: []*ramp.Order{awaiting(3)}, hangs: true}}
	handler := api.New(api.Options{Orders: f, Temporal: answers{}, Stopping: stopping})
	begun := time.Now()
	require.Equal(t, http.StatusOK, serve(t, handler, call{method: http.MethodGet, path: "/v1/onramp/orders/inv-42/events"}).Code)
	require.Equal(t, http.StatusServiceUnavailable, serve(t, handler, call{method: http.MethodGet, path: "/v1/onramp/orders/inv-42?wait=60s"}).Code)
	require.Less(t, time.Since(begun), 30*time.Second)
}

func TestAStartThatWaitsIsAnsweredWithTheStateWhenTheProgramStops(t *testing.T) {
	t.Parallel()
	stopping := make(chan struct{})
	close(stopping)
	f := &fake{err: &ramp.Error{Type: ramp.NotReady, Message: "started"}, order: awaiting(1)}
	handler := api.New(api.Options{Orders: &patient{fake: f, d: time.Minute, late: f.err}, Stopping: stopping})
	begun := time.Now()
	require.Equal(t, http.StatusAccepted, serve(t, handler, putOnramp()).Code)
	require.Less(t, time.Since(begun), 20*time.Second)
}

// In HTTP/2 a write deadline is a timer, which resets the stream also while nothing is written.
func TestAStreamWithoutChangesOutlivesTheTimeToSendAnEvent(t *testing.T) {
	t.Parallel()
	for _, version := range []int{1, 2} {
		t.Run(fmt.Sprintf("HTTP/%d", version), func(t *testing.T) {
			t.Parallel()
			f := &streaming{fake{order: awaiting(3), states: []*ramp.Order{awaiting(3)}, hangs: true}}
			server := httptest.NewUnstartedServer(api.NewWithPace(api.Options{Orders: f}, 2*time.Second, time.Second))
			server.EnableHTTP2 = version == 2
			server.StartTLS()
			defer server.Close()
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/v1/onramp/orders/inv-42/events", http.NoBody)
			require.NoError(t, err)
			response, err := server.Client().Do(request)
			require.NoError(t, err)
			defer func() { _ = response.Body.Close() }()
			require.Equal(t, version, response.ProtoMajor)
			heartbeats, lines := 0, bufio.NewScanner(response.Body)
			for heartbeats < 2 && lines.Scan() {
				if lines.Text() == ": the order has not changed" {
					heartbeats++
				}
			}
			require.NoError(t, lines.Err())
			require.Equal(t, 2, heartbeats)
		})
	}
}

// streaming is a fake whose order can be read while its changes are waited for.
type streaming struct{ fake }

func (f *streaming) Get(context.Context, ramp.ID) (*ramp.Order, error) { return f.order, nil }

func TestACallThatWaitsOutlivesTheDeadlineOfItsBody(t *testing.T) {
	t.Parallel()
	f := &fake{err: &ramp.Error{Type: ramp.NotReady, Message: "started"}, order: awaiting(1)}
	server := httptest.NewServer(api.New(api.Options{Orders: &patient{fake: f, d: 11 * time.Second, late: context.Canceled}}))
	defer server.Close()
	var calls errgroup.Group
	for _, c := range []call{putOnramp(), {method: http.MethodPost, path: "/v1/onramp/orders/inv-42/cancel", body: "{}"}} {
		request, err := http.NewRequestWithContext(t.Context(), c.method, server.URL+c.path, strings.NewReader(c.body))
		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/json")
		calls.Go(func() error {
			response, err := server.Client().Do(request)
			if err != nil {
				return err
			}
			if response.StatusCode != http.StatusAccepted {
				return fmt.Errorf("%s is answered with %d", c.path, response.StatusCode)
			}
			return response.Body.Close()
		})
	}
	require.NoError(t, calls.Wait())
}

// patient is a fake whose calls take a time, longer than that for a body.
type patient struct {
	*fake
	d time.Duration
	// late is the error of a call whose context ends first.
	late error
}

func (p *patient) wait(ctx context.Context) (*ramp.Order, error) {
	select {
	case <-ctx.Done():
		return nil, p.late
	case <-time.After(p.d):
		return nil, p.err
	}
}

func (p *patient) StartOnramp(ctx context.Context, _ ramp.OnrampRequest) (*ramp.Order, error) {
	return p.wait(ctx)
}
func (p *patient) Cancel(ctx context.Context, _ ramp.ID) (*ramp.Order, error) { return p.wait(ctx) }
