package ramptest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"rampart/ramp"
	"rampart/ramptest"
)

// TestBackendLearnsOfAnOrderByItsEvents is a test of a backend's endpoint for events.
func TestBackendLearnsOfAnOrderByItsEvents(t *testing.T) {
	t.Parallel()
	stack := ramptest.Start(t)
	verified := make(chan string, 1000)
	webhook, err := webhooks.NewWebhook(stack.EventsSecret)
	require.NoError(t, err)
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || webhook.Verify(body, r.Header) != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		verified <- r.Header.Get(webhooks.HeaderWebhookID)
	}))
	t.Cleanup(backend.Close)
	stack.Forward(t, backend.URL)

	id := ramp.ID{Direction: ramp.Onramp, Reference: ramptest.Reference(t)}
	_, err = stack.Orders.StartOnramp(t.Context(), ramptest.OnrampRequest(id.Reference))
	require.NoError(t, err)
	stack.Trigger(t, "completed", id)

	var last ramp.Event
	seen := map[string]bool{}
	for event := range stack.Events(t, id) {
		require.GreaterOrEqual(t, event.Version, last.Version)
		last, seen[event.ID] = event, true
		if event.Status.Final() {
			break
		}
	}
	require.Equal(t, ramp.Completed, last.Status)
	for len(seen) > 0 {
		delete(seen, <-verified) // other tests' events come too
	}
}
