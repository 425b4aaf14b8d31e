package activities_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/activities"
	"rampart/onmeta"
	"rampart/ramp"
)

func TestWatchAfterAHintPollsAtOnceThenSlowsDownAndComesBack(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		order := w.paidOrder(t)
		w.force(t, order, "fiatPending")
		w.network.on(onmeta.RouteOnrampStatus, first(func() { w.force(t, order, "fiatPending") }))
		request, began := watchOrder(order, "fiatPending"), time.Now()
		request.PollNow, request.HintedAt = true, began.Add(-390*time.Second)
		in(8*time.Minute, func() { w.network.on(onmeta.RouteOnrampStatus, first(func() { w.force(t, order, "completed") })) })
		_, err := run(w, w.watches.WatchOrder, request)
		require.NoError(t, err)
		polls := w.pauses(onmeta.RouteOnrampStatus, began)
		require.Zero(t, polls[0])
		requireBetween(t, 10*time.Second, 15*time.Second, polls[1:6]...) // the provider's status may come after its webhook
		requireBetween(t, time.Minute, time.Minute, polls[6:9]...)
		requireBetween(t, 10*time.Second, 15*time.Second, polls[10:]...) // the tenth may be slow or not
		require.Greater(t, len(polls), 20)
	})
}

func TestWatchAfterAConfirmedHintPollsOnceAMinute(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		order := w.paidOrder(t)
		in(5*time.Minute, func() { w.force(t, order, "completed") })
		w.network.on(onmeta.RouteOnrampStatus, unharmed)
		began := time.Now()
		for known := "fiatPending"; known != "completed"; {
			request := watchOrder(order, known)
			request.HintedAt = began
			watched, err := run(w, w.watches.WatchOrder, request)
			require.NoError(t, err)
			known = watched.State.ProviderStatus
		}
		requireBetween(t, time.Minute, time.Minute, w.pauses(onmeta.RouteOnrampStatus, began)...)
	})
}

func TestKYCWatchAfterAHintPollsAtOnce(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		began := time.Now()
		_, err := run(w, w.watches.WatchKYC, activities.WatchKYCRequest{Email: linked, Idle: true, Wait: activities.Wait{WaitingSince: began, PollNow: true}})
		require.NoError(t, err)
		require.Zero(t, time.Since(began))
	})
}

func TestWatchEndsTheOneWhosePlaceItTakes(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		order := w.paidOrder(t)
		var both sync.WaitGroup
		var replaced error
		var ended time.Time
		both.Go(func() {
			_, replaced = run(w, w.watches.WatchOrder, watchOrder(order, "fiatPending"))
			ended = time.Now()
		})
		pass(5 * time.Second)
		w.force(t, order, "completed")
		began, request := time.Now(), watchOrder(order, "fiatPending")
		request.PollNow = true
		watched, err := run(w, w.watches.WatchOrder, request)
		both.Wait()
		require.NoError(t, err)
		require.Equal(t, ramp.Completed, watched.State.Status)
		require.Equal(t, activities.ErrHandover, failure(t, replaced).Type())
		require.Equal(t, began, ended, "it does not poll until its next heartbeat")
		require.Len(t, w.network.sent(onmeta.RouteOnrampStatus), 1)
	})
}

func TestWatchInThePlaceOfAnotherObeysWhatThatOneWasTold(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		order := w.paidOrder(t)
		w.network.once(onmeta.RouteOnrampStatus, answers(http.StatusTooManyRequests, "", "Retry-After", "120"))
		var both sync.WaitGroup
		both.Go(func() { _, _ = run(w, w.watches.WatchOrder, watchOrder(order, "fiatPending")) })
		pass(20 * time.Second) // it has polled
		w.force(t, order, "completed")
		refused := w.network.sent(onmeta.RouteOnrampStatus)[0].at
		request := watchOrder(order, "fiatPending")
		request.PollNow = true
		_, err := run(w, w.watches.WatchOrder, request)
		both.Wait()
		require.NoError(t, err)
		require.Equal(t, 2*time.Minute, time.Since(refused))
	})
}
