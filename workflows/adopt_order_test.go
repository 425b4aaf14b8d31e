package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"rampart/activities"
	"rampart/ramp"
)

// adopts lets the provider's order be taken over.
func (w *world) adopts(direction ramp.Direction) {
	created := activities.CreatedOrder{
		OrderID: orderID, ProviderStatus: "fiatPending", Lifetime: time.Hour, Adopted: true, Keep: true,
		Quote: &ramp.Quote{ID: "adopted", Pay: ramp.Amount{Amount: "1000.00", Currency: "INR"}, Receive: ramp.Amount{Currency: "USDC"}},
	}
	if direction == ramp.Offramp {
		created.ProviderStatus = "cryptoInit"
		created.Quote = &ramp.Quote{ID: "adopted", Pay: ramp.Amount{Amount: "100", Currency: "USDC"}, Receive: ramp.Amount{Amount: "8360.24", Currency: "INR"}}
	}
	w.on((*activities.Calls)(nil).AdoptOrder).Return(created, nil)
}

func adopting(request ramp.OnrampRequest) ramp.OnrampRequest {
	request.Adopt = &ramp.AdoptedOrder{OrderID: orderID}
	return request
}

func TestPaidOrderThatIsTakenOverIsFollowedToItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).OrderStatus).Return(received, nil).Once()
	w.adopts(ramp.Onramp)
	w.happy(completed)

	order := w.buy(adopting(onrampRequest()))

	require.Equal(t, ramp.Completed, order.Status)
	require.Equal(t, orderID, order.OrderID)
	require.Contains(t, notes(order), "takes over the provider's order "+orderID)
	w.AssertNotCalled(t, "CreateOnrampOrder")
	w.AssertNotCalled(t, "QuoteBuy")
}

func TestCompletedOrderThatIsTakenOverEndsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).OrderStatus).Return(completed, nil).Once()
	w.adopts(ramp.Onramp)
	w.happy()

	order := w.buy(adopting(onrampRequest()))

	require.Equal(t, ramp.Completed, order.Status)
	w.AssertNotCalled(t, "WatchOrder")
}

func TestUnpaidOrderThatIsTakenOverTakesItsProof(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.adopts(ramp.Onramp)
	w.happy(completed)
	request := adopting(onrampRequest())
	w.signalUTR(30*time.Minute, utr)
	w.at(15*time.Minute, func() {
		require.Equal(t, ramp.AwaitingPayment, w.order().Status)
		require.Empty(t, w.order().Attention)
	})

	order := w.buy(request)

	require.Equal(t, ramp.Completed, order.Status)
	require.Equal(t, utr, string(order.Proof.UTR))
}

func TestUnpaidOrderThatIsTakenOverExpiresWithTheProviders(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.adopts(ramp.Onramp)
	w.happy()

	order := w.buy(adopting(onrampRequest()))

	require.Equal(t, ramp.Expired, order.Status)
	require.WithinDuration(t, start.Add(time.Hour), order.ExpiresAt, time.Minute)
}

func TestOrderThatCannotBeTakenOverIsRejectedAndNothingIsCreated(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).AdoptOrder).Return(func(_ context.Context, _ activities.AdoptOrderRequest) (activities.CreatedOrder, error) {
		return activities.CreatedOrder{}, temporal.NewNonRetryableApplicationError("no", activities.ErrRefused, nil,
			activities.Refusal{HTTPStatus: 409, Reason: "the provider's order belongs to another order here"})
	})
	w.happy()

	order := w.buy(adopting(onrampRequest()))

	require.Equal(t, ramp.Rejected, order.Status)
	require.Empty(t, order.OrderID)
	require.Contains(t, notes(order), "belongs to another order here")
	w.AssertNotCalled(t, "CreateOnrampOrder")
}

func TestSaleThatIsTakenOverIsFollowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Offramp)
	w.on((*activities.Calls)(nil).OrderStatus).Return(activities.OrderState{ProviderStatus: "orderReceived", Status: ramp.Settling}, nil).Once()
	w.adopts(ramp.Offramp)
	w.happy(paidOut)
	request := offrampRequest()
	request.Adopt = &ramp.AdoptedOrder{OrderID: orderID}

	order := w.sell(request)

	require.Equal(t, ramp.Completed, order.Status)
	w.AssertNotCalled(t, "CreateOfframpOrder")
}
