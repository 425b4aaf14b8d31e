package e2e_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"rampart/ramp"
)

func TestRetriedStartsShareOneUpdate(t *testing.T) {
	t.Parallel()
	n := new(network)
	s := newStack(t, 60, withNetwork(n))
	n.fail("POST /v1/users/login", networkFault{left: 1000, status: http.StatusServiceUnavailable})
	const tries = 12 // Temporal limits the pending updates of a workflow to ten
	for range tries {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		_, err := s.Orders.StartOnramp(ctx, onrampRequest("impatient"))
		cancel()
		require.True(t, ramp.IsError(err, ramp.NotReady), "%v", err)
	}
	n.fail("POST /v1/users/login", networkFault{})

	order, err := s.Orders.StartOnramp(t.Context(), onrampRequest("impatient"))
	require.NoError(t, err)
	require.Equal(t, ramp.AwaitingPayment, order.Status)
	accepted := 0
	for _, event := range s.history(buy("impatient")).Events {
		if event.EventType == enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED {
			accepted++
		}
	}
	require.Equal(t, 1, accepted)

	s.submit("impatient", utrOf(1))
	s.awaitStatus(buy("impatient"), completionTime, ramp.Completed)
	over, err := s.Orders.StartOnramp(t.Context(), onrampRequest("impatient"))
	require.NoError(t, err)
	require.Equal(t, ramp.Completed, over.Status)
}
