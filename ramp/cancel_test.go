package ramp_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
)

var inv42 = ramp.ID{Direction: ramp.Onramp, Reference: "inv-42"}

// running is an order that waits in this status.
func running(status ramp.Status, notes ...string) *ramp.Order {
	order := &ramp.Order{Reference: "inv-42", Direction: ramp.Onramp, Status: status, OrderID: "6500a", UpdatedAt: time.Unix(1, 0)}
	for _, note := range notes {
		order.Timeline = append(order.Timeline, ramp.TimelineEntry{Status: status, Note: note})
	}
	return order
}

func noting(note string) func(*ramp.Order) {
	return func(o *ramp.Order) {
		o.Timeline = append(o.Timeline, ramp.TimelineEntry{Status: o.Status, Note: note})
		o.UpdatedAt = o.UpdatedAt.Add(time.Second)
	}
}

func turning(status ramp.Status) func(*ramp.Order) {
	return func(o *ramp.Order) {
		o.Status = status
		o.UpdatedAt = o.UpdatedAt.Add(time.Second)
	}
}

func TestCancellationOfAPaidOrderIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		order *ramp.Order
		// cancel is what the cancellation does.
		cancel func(*ramp.Order)
		says   string
	}{
		"paid without a proof":            {running(ramp.Settling), nil, "the provider has the payment"},
		"refunding without a proof":       {running(ramp.Refunding), nil, "the provider has the payment"},
		"found paid when it is cancelled": {running(ramp.AwaitingPayment), turning(ramp.Settling), "the provider has the payment"},
		"refunding when it is cancelled":  {running(ramp.AwaitingPayment), turning(ramp.Refunding), "the provider has the payment"},
		"a proof that came before":        {running(ramp.AwaitingPayment), accepted, "a proof of payment"},
		"refused, with the status as is":  {running(ramp.AwaitingPayment), noting("Cancellation refused: ask the provider."), "cancellation refused: ask the provider"},
		"refused before, for the same":    {running(ramp.AwaitingPayment, "Cancellation refused: ask the provider."), nil, "cancellation refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				there := &orderThere{order: c.order, cancel: c.cancel}
				began := time.Now()
				_, err := ramp.NewClient(there, nil).Cancel(t.Context(), inv42)

				var refused *ramp.Error
				require.ErrorAs(t, err, &refused)
				require.Equal(t, ramp.CancelRefused, refused.Type)
				require.Contains(t, refused.Message, c.says)
				require.Equal(t, "6500a", refused.Order.OrderID)
				require.Less(t, time.Since(began), 5*time.Second)
			})
		})
	}
}

func TestCancellationThatWaitsForTheProviderIsAnswered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		there := &orderThere{
			order:  running(ramp.CreatingOrder),
			cancel: noting("Cancellation requested. It waits for the provider's answer about the new order."),
		}
		_, err := ramp.NewClient(there, nil).Cancel(t.Context(), inv42)
		require.True(t, ramp.IsError(err, ramp.NotReady), "%v", err)
		require.ErrorContains(t, err, "cancellation requested. It waits for the provider's answer about the new order")
	})
}

func TestCancellationThatIsOverSoonIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		there := &orderThere{order: running(ramp.CreatingOrder), cancel: noting("Cancellation requested. It waits.")}
		time.AfterFunc(4*time.Second, func() { there.change(turning(ramp.Cancelled)) })
		order, err := ramp.NewClient(there, nil).Cancel(t.Context(), inv42)
		require.NoError(t, err)
		require.Equal(t, ramp.Cancelled, order.Status)
		require.Equal(t, 1, there.cancellations)
	})
}

func TestCancellationWithoutAnAnswerIsNotReadyOnceTheCallersTimeIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		there := &orderThere{order: running(ramp.AwaitingPayment)}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		_, err := ramp.NewClient(there, nil).Cancel(ctx, inv42)
		require.True(t, ramp.IsError(err, ramp.NotReady), "%v", err)
	})
}
