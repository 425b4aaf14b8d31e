package e2e_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
)

// TestGatewayThatStopsAnswersLongPollsAndEndsStreams stops a gateway by SIGTERM while a long poll, a stream and a start wait for an order: each is
// answered, long before its own time is up.
func TestGatewayThatStopsAnswersLongPollsAndEndsStreams(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	g := s.startGateway()
	path := "/v1/onramp/orders/waits"
	g.mustSend(http.StatusCreated, http.MethodPut, path, bodyOf(t, onrampRequest("waits")))
	version := g.mustSend(http.StatusOK, http.MethodGet, path, "").order.Version
	require.Positive(t, version)
	s.worker.Kill() // so that the next start waits too
	type outcome struct {
		what   string
		status int
		err    error
	}
	outcomes := make(chan outcome, 3)
	await := func(what, method, path string, body []byte, headers ...string) {
		answer, err := g.send(t.Context(), method, path, body, headers...)
		if err != nil {
			outcomes <- outcome{what, 0, err}
			return
		}
		outcomes <- outcome{what, answer.status, nil}
	}
	go await("poll", http.MethodGet, path+"?wait=60s&after=9999", nil)
	go func() {
		_, status, err := g.follow(t.Context(), path+"/events", "")
		outcomes <- outcome{"stream", status, err}
	}()
	go await("start", http.MethodPut, "/v1/onramp/orders/new", []byte(bodyOf(t, onrampRequest("new"))), "Prefer", "wait=60")
	eventually(t, patience, func() error {
		if !strings.Contains(s.pageOf(g.http, "/metrics"), `ramp_gateway_requests_active{listener="api"} 3`) {
			return errors.New("the requests have not arrived")
		}
		return nil
	})

	stopping := time.Now()
	ended := make(chan bool, 1)
	go func() { ended <- g.Stop(patience) }()
	for range 3 {
		got := <-outcomes
		require.NoError(t, got.err, got.what)
		require.Contains(t, []int{http.StatusOK, http.StatusAccepted, http.StatusNotModified, http.StatusServiceUnavailable}, got.status, got.what)
	}
	require.True(t, <-ended, "the gateway did not stop cleanly")
	require.Less(t, time.Since(stopping), 30*time.Second, "the gateway waited for its requests' own time")
	_, err := s.Orders.Get(t.Context(), ramp.ID{Direction: ramp.Onramp, Reference: "new"})
	require.False(t, ramp.IsError(err, ramp.NotFound), "a start that was sent is kept")
}
