package e2e_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
	"rampart/sandbox/fault"
	"rampart/sandbox/ledger"
)

// goesOnWithin is how soon after the kill of its worker an interrupted call has its result from another one.
const goesOnWithin = 15 * time.Second

// mutatingCalls returns an order for each call that changes something at the provider and was just done there.
func mutatingCalls(t *testing.T) []crashingOrder {
	t.Helper()
	points := slices.DeleteFunc(crashPoints(), func(p crashPoint) bool { return p.effect == "" })
	byTransfer := func(method ramp.PaymentMethod) func(*testing.T, int) crashingOrder {
		return func(t *testing.T, n int) crashingOrder {
			t.Helper()
			order := onrampOfLinkedUser(t, n)
			request := order.request.(ramp.OnrampRequest)
			byBank(&request)
			if request.PaymentMethod = method; method == ramp.NEFT {
				request.UTR = "HDFCN" + request.UTR[1:]
			}
			order.request = request
			return order
		}
	}
	for _, method := range []ramp.PaymentMethod{ramp.IMPS, ramp.NEFT} {
		points = append(points, crashPoint{
			activity: "CreateOnrampOrder", route: "POST /v1/orders/create", effect: ledger.EventOrder, order: byTransfer(method),
		})
	}
	var orders []crashingOrder
	for i, point := range points {
		order := point.order(t, i+1)
		order.crashPoint, order.done, order.fault = point, true, fault.Fault{Kind: fault.Timeout, After: true}
		orders = append(orders, order)
	}
	return orders
}

func TestOtherWorkersTakeEveryCallOfAKilledOneOverWithinSeconds(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	orders := mutatingCalls(t)
	s.startWithFaults(orders)
	s.awaitEffects(orders)
	s.startWorker()
	s.startWorker()
	for _, order := range orders {
		holder, err := s.Holder(t.Context(), order.id.Direction.WorkflowID(order.id.Reference))
		require.NoError(t, err)
		require.Equal(t, s.worker.Name(), holder.Name(), "%s", order)
	}

	killed := time.Now()
	s.worker.Kill()

	s.requireCompletedOnce(orders)
	for _, order := range orders {
		took := s.lastResult(order).Sub(killed)
		t.Logf("%s: another worker has its result after %s", order, took.Round(time.Second/10))
		require.Less(t, took, goesOnWithin, "%s", order)
	}
}

// lastResult returns when an order's call had its result; a creation is repeated if the first order was lost.
func (s *stack) lastResult(order crashingOrder) time.Time {
	s.t.Helper()
	scheduled := map[int64]string{}
	var at time.Time
	for _, event := range s.history(order.id).GetEvents() {
		if a := event.GetActivityTaskScheduledEventAttributes(); a != nil {
			scheduled[event.GetEventId()] = a.GetActivityType().GetName()
		}
		// A refusal is a result: documents that were uploaded before the crash are not taken again.
		of := max(event.GetActivityTaskCompletedEventAttributes().GetScheduledEventId(), event.GetActivityTaskFailedEventAttributes().GetScheduledEventId())
		if scheduled[of] == order.activity && (at.IsZero() || order.effect == ledger.EventOrder) { // others look at the KYC status again
			at = event.GetEventTime().AsTime()
		}
	}
	require.False(s.t, at.IsZero(), "%s", order)
	return at
}
