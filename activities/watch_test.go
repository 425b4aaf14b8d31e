package activities_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"rampart/activities"
	"rampart/dossier/dossiertest"
	"rampart/onmeta"
	"rampart/ramp"
	"rampart/sandbox"
)

func since(ago time.Duration) activities.Wait {
	return activities.Wait{WaitingSince: time.Now().Add(-ago)}
}

func watchOrder(orderID, known string) activities.WatchOrderRequest {
	return activities.WatchOrderRequest{
		OrderRequest: activities.OrderRequest{Email: linked, Direction: ramp.Onramp, OrderID: orderID},
		Wait:         since(0), Known: known,
	}
}

// paidOrder is one whose UTR was accepted just now.
func (w *world) paidOrder(t *testing.T) string {
	t.Helper()
	order := w.onrampOrder(t)
	require.NoError(t, w.submitUTR(order, goodUTR))
	return order
}

// pauses are the times between the polls, the first counted from began.
func (w *world) pauses(route onmeta.Route, began time.Time) []time.Duration {
	var pauses []time.Duration
	for _, poll := range w.network.sent(route) {
		pauses = append(pauses, poll.at.Sub(began))
		began = poll.at
	}
	return pauses
}

func requireBetween(t *testing.T, low, high time.Duration, pauses ...time.Duration) {
	t.Helper()
	for i, pause := range pauses {
		require.GreaterOrEqual(t, pause, low, "pause %d of %v", i, pauses)
		require.LessOrEqual(t, pause, high, "pause %d of %v", i, pauses)
	}
}

func TestWatchFollowsAnOrderStatusByStatus(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		order := w.paidOrder(t)
		began, known := time.Now(), "fiatPending"
		for _, status := range []string{"fiatReceived", "orderReceived", "InProgress", "transferred", "completed"} {
			watched, err := run(w, w.watches.WatchOrder, watchOrder(order, known))
			require.NoError(t, err)
			require.Equal(t, activities.Decided, watched.End)
			require.Equal(t, status, watched.State.ProviderStatus)
			known = status
		}
		require.InDelta(t, 5*time.Minute, time.Since(began), float64(15*time.Second))
		polls := w.pauses(onmeta.RouteOnrampStatus, began)
		requireBetween(t, 10*time.Second, 15*time.Second, polls...)
		require.NotEqual(t, polls[0], polls[1], "pauses have jitter")
	})
}

func TestWatchDoesNotReturnWhileTheOrderIsUnpaid(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		order := w.offrampOrder(t)
		require.NoError(t, w.submitHash(order, goodHash)) // the order is pending, and was cryptoInit
		request := watchOrder(order, "cryptoInit")
		request.Direction = ramp.Offramp
		watched, err := run(w, w.watches.WatchOrder, request)
		require.NoError(t, err)
		require.Equal(t, "orderReceived", watched.State.ProviderStatus)
	})
}

func TestOrderThatTakesTooLongIsOverdueCountedFromItsProof(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		order := w.onrampOrder(t)
		request := watchOrder(order, "fiatPending")
		request.Wait = since(24*time.Hour - time.Minute)
		began := time.Now()
		watched, err := run(w, w.watches.WatchOrder, request)
		require.NoError(t, err)
		require.Equal(t, activities.TimeUp, watched.End)
		require.Equal(t, "fiatPending", watched.State.ProviderStatus)
		requireBetween(t, time.Minute, 75*time.Second, time.Since(began))
	})
}

func TestExpiredOrderIsWatchedForALatePaymentForAnHour(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		order := w.onrampOrder(t)
		w.force(t, order, "expired")
		request := watchOrder(order, "expired")
		request.Late, request.Overdue, request.Wait = true, true, since(time.Hour-time.Minute)
		watched, err := run(w, w.watches.WatchOrder, request)
		require.NoError(t, err)
		require.Equal(t, activities.TimeUp, watched.End)
	})
}

func TestOverdueOrderIsWatchedMoreSlowlyAndNeverDropped(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		order := w.paidOrder(t)
		w.network.once(onmeta.RouteOnrampStatus, first(func() { w.force(t, order, "fiatPending") }))
		w.network.once(onmeta.RouteOnrampStatus, unharmed, first(func() { w.force(t, order, "completed") }))
		request := watchOrder(order, "fiatPending")
		request.Overdue, request.Wait = true, since(100*time.Hour)
		began := time.Now()
		watched, err := run(w, w.watches.WatchOrder, request)
		require.NoError(t, err)
		require.Equal(t, ramp.Completed, watched.State.Status)
		requireBetween(t, 2*time.Minute, 2*time.Minute, w.pauses(onmeta.RouteOnrampStatus, began)...)
	})
}

func TestWatchAsksForAttentionWhenPollsFailForLong(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault   fault
		concern ramp.ConcernType
	}{
		"HTTP 503":             {refuses(http.StatusServiceUnavailable, "down"), ramp.ConcernProviderUnavailable},
		"unavailable":          {reset, ramp.ConcernProviderUnavailable},
		"HTTP 401":             {refuses(http.StatusUnauthorized, "unauthorized to access"), ramp.ConcernAPIKeyRefused},
		"refused (HTTP 404)":   {refuses(http.StatusNotFound, "data not found"), ramp.ConcernProviderUnavailable},
		"malformed answer":     {answers(http.StatusOK, "<html>"), ramp.ConcernProviderUnavailable},
		"rate limited":         {answers(http.StatusTooManyRequests, ""), ramp.ConcernRateLimited},
		"is about another ord": {rewritten(`"orderId":"`, `"orderId":"0`), ramp.ConcernProviderUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			controlled(t, func(t *testing.T, w *world) {
				order := w.paidOrder(t)
				w.network.on(onmeta.RouteOnrampStatus, tc.fault)
				began := time.Now()
				watched, err := run(w, w.watches.WatchOrder, watchOrder(order, "fiatPending"))
				require.NoError(t, err)
				require.Equal(t, activities.Outage, watched.End)
				require.Contains(t, watched.Problem, name)
				require.Equal(t, tc.concern, watched.Concern)
				requireBetween(t, 5*time.Minute, 6*time.Minute+30*time.Second, time.Since(began))
			})
		})
	}
}

func TestPausesGrowWhilePollsFail(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		order := w.paidOrder(t)
		w.network.on(onmeta.RouteOnrampStatus, reset)
		began := time.Now()
		_, err := run(w, w.watches.WatchOrder, watchOrder(order, "fiatPending"))
		require.NoError(t, err)
		polls := w.pauses(onmeta.RouteOnrampStatus, began)
		requireBetween(t, 10*time.Second, 15*time.Second, polls[:5]...)
		requireBetween(t, 54*time.Second, 66*time.Second, polls[7:]...)
	})
}

func TestPollsThatFailForAShortTimeGoUnnoticed(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		order := w.paidOrder(t)
		w.network.once(onmeta.RouteOnrampStatus, reset, lost, truncated, refuses(http.StatusBadGateway, "down"))
		watched, err := run(w, w.watches.WatchOrder, watchOrder(order, "fiatPending"))
		require.NoError(t, err)
		require.Equal(t, activities.Decided, watched.End)
	})
}

func TestWatchSaysWhenTheProviderIsBack(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		order := w.onrampOrder(t)
		w.network.once(onmeta.RouteOnrampStatus, reset, reset, reset)
		request := watchOrder(order, "fiatPending")
		request.InOutage = true
		watched, err := run(w, w.watches.WatchOrder, request)
		require.NoError(t, err)
		require.Equal(t, activities.Recovered, watched.End)
		require.Equal(t, "fiatPending", watched.State.ProviderStatus)
		require.Len(t, w.network.sent(onmeta.RouteOnrampStatus), 4)
	})
}

func TestOutageThatGoesOnIsNotReportedAgain(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		order := w.onrampOrder(t)
		w.network.once(onmeta.RouteOnrampStatus, reset, reset)
		request := watchOrder(order, "fiatPending")
		request.InOutage = true
		env, _ := w.attemptOf(worker.Options{})
		env.SetHeartbeatDetails(activities.WatchHeartbeat{Polls: 20, Failures: 1, FailingSince: time.Now().Add(-time.Hour)})
		watched, err := runIn(env, w.watches.WatchOrder, request)
		require.NoError(t, err)
		require.Equal(t, activities.Recovered, watched.End)
		require.Len(t, w.network.sent(onmeta.RouteOnrampStatus), 3)
	})
}

func TestNewStatusAfterAnOutageComesBeforeItsEnd(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		order := w.onrampOrder(t)
		w.force(t, order, "completed")
		request := watchOrder(order, "fiatPending")
		request.InOutage = true
		watched, err := run(w, w.watches.WatchOrder, request)
		require.NoError(t, err)
		require.Equal(t, activities.Decided, watched.End)
	})
}

func TestTimeIsNotUpUntilThereIsAnAnswer(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		w.network.once(onmeta.RouteKYCStatus, reset, reset)
		wait := since(27 * time.Hour)
		wait.InOutage = true
		watched, err := run(w, w.watches.WatchKYC, activities.WatchKYCRequest{Email: newcomer, Wait: wait})
		require.NoError(t, err)
		require.Equal(t, activities.Decided, watched.End, "the user was verified during the outage")
	})
}

func TestWatchWaitsAsLongAsTheProviderAsks(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		order := w.onrampOrder(t)
		w.network.once(onmeta.RouteOnrampStatus, answers(http.StatusTooManyRequests, "", "Retry-After", "120"))
		w.network.once(onmeta.RouteOnrampStatus, unharmed, first(func() { w.force(t, order, "completed") }))
		began := time.Now()
		_, err := run(w, w.watches.WatchOrder, watchOrder(order, "fiatPending"))
		require.NoError(t, err)
		polls := w.pauses(onmeta.RouteOnrampStatus, began)
		requireBetween(t, 2*time.Minute, 2*time.Minute, polls[1])
		requireBetween(t, 10*time.Second, 15*time.Second, polls[0], polls[2])
	})
}

func TestWatchWaitsNoLongerThanFiveMinutesHoweverLongTheProviderAsks(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		order := w.onrampOrder(t)
		w.network.once(onmeta.RouteOnrampStatus, answers(http.StatusTooManyRequests, "", "Retry-After", "3000"))
		request := watchOrder(order, "fiatPending")
		request.InOutage = true
		began := time.Now()
		_, err := run(w, w.watches.WatchOrder, request)
		require.NoError(t, err)
		requireBetween(t, 5*time.Minute, 5*time.Minute, w.pauses(onmeta.RouteOnrampStatus, began)[1])
	})
}

// attemptOf is an attempt at a watch whose heartbeats are kept.
func (w *world) attemptOf(options worker.Options) (*testsuite.TestActivityEnvironment, *heartbeats) {
	beats := &heartbeats{}
	options.Interceptors = append(options.Interceptors, &heartbeatInterceptor{beats: beats})
	env := w.env()
	env.SetWorkerOptions(options)
	return env, beats
}

type heartbeats struct {
	mu  sync.Mutex
	all []activities.WatchHeartbeat
	// contexts are those that they were recorded with.
	contexts []context.Context
}

func (h *heartbeats) last() activities.WatchHeartbeat {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.all[len(h.all)-1]
}

type heartbeatInterceptor struct {
	interceptor.WorkerInterceptorBase
	beats *heartbeats
}

func (i *heartbeatInterceptor) InterceptActivity(
	_ context.Context, next interceptor.ActivityInboundInterceptor,
) interceptor.ActivityInboundInterceptor {
	return &heartbeatInbound{interceptor.ActivityInboundInterceptorBase{Next: next}, i.beats}
}

type heartbeatInbound struct {
	interceptor.ActivityInboundInterceptorBase
	beats *heartbeats
}

func (i *heartbeatInbound) Init(outbound interceptor.ActivityOutboundInterceptor) error {
	return i.Next.Init(&heartbeatOutbound{interceptor.ActivityOutboundInterceptorBase{Next: outbound}, i.beats})
}

type heartbeatOutbound struct {
	interceptor.ActivityOutboundInterceptorBase
	beats *heartbeats
}

func (o *heartbeatOutbound) RecordHeartbeat(ctx context.Context, details ...any) {
	o.beats.mu.Lock()
	o.beats.all = append(o.beats.all, details[0].(activities.WatchHeartbeat))
	o.beats.contexts = append(o.beats.contexts, ctx)
	o.beats.mu.Unlock()
	o.Next.RecordHeartbeat(ctx, details...)
}

// in runs something after a while.
func in(d time.Duration, do func()) { time.AfterFunc(d, do) }

func TestWatchIsHandedOverAtOnceWhenItsWorkerStops(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		order := w.onrampOrder(t)
		stop := make(chan struct{})
		env, beats := w.attemptOf(worker.Options{})
		env.SetWorkerStopChannel(stop)
		began := time.Now()
		in(33*time.Second, func() { close(stop) })
		_, err := runIn(env, w.watches.WatchOrder, watchOrder(order, "fiatPending"))
		handover := failure(t, err)
		require.Equal(t, activities.ErrHandover, handover.Type())
		require.False(t, handover.NonRetryable())
		require.Equal(t, temporal.ApplicationErrorCategoryBenign, handover.Category())
		require.Zero(t, handover.NextRetryDelay(), "the retry policy's second is soon enough")
		require.Equal(t, 33*time.Second, time.Since(began))

		left := beats.last()
		require.Equal(t, len(w.network.sent(onmeta.RouteOnrampStatus)), left.Polls)
		require.Equal(t, "fiatPending", left.LastAnswer)
		require.Zero(t, left.Failures)
	})
}

func TestNextAttemptGoesOnWhereTheLastOneLeftOff(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		order := w.paidOrder(t)
		w.network.on(onmeta.RouteOnrampStatus, reset)
		env, _ := w.attemptOf(worker.Options{})
		env.SetHeartbeatDetails(activities.WatchHeartbeat{
			LastAnswer: "fiatPending", Polls: 40, Failures: 9, FailingSince: time.Now().Add(-4 * time.Minute), LastError: "reset",
		})
		began := time.Now()
		watched, err := runIn(env, w.watches.WatchOrder, watchOrder(order, "fiatPending"))
		require.NoError(t, err)
		require.Equal(t, activities.Outage, watched.End)
		requireBetween(t, time.Minute, 2*time.Minute+12*time.Second, time.Since(began))
	})
}

// A worker that has crashed recorded its last polls not; one that stopped did.
func TestNextAttemptPollsWhenTheLastOneWouldHave(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ ago, least, most time.Duration }{
		"after a crash":    {35 * time.Second, 2 * time.Second, 2 * time.Second},
		"after a handover": {4 * time.Second, 6 * time.Second, 11 * time.Second},
		"clocks differ":    {-time.Minute, 10 * time.Second, 15 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			controlled(t, func(t *testing.T, w *world) {
				order := w.onrampOrder(t)
				w.force(t, order, "completed")
				env, _ := w.attemptOf(worker.Options{})
				env.SetHeartbeatDetails(activities.WatchHeartbeat{LastAnswer: "fiatPending", Polls: 4, CheckedAt: time.Now().Add(-tc.ago)})
				began := time.Now()
				_, err := runIn(env, w.watches.WatchOrder, watchOrder(order, "fiatPending"))
				require.NoError(t, err)
				requireBetween(t, tc.least, tc.most, time.Since(began))
			})
		})
	}
}

func TestNextAttemptStillWaitsAsLongAsTheProviderAsked(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		order := w.onrampOrder(t)
		w.network.once(onmeta.RouteOnrampStatus, answers(http.StatusTooManyRequests, "", "Retry-After", "120"))
		stop := make(chan struct{})
		env, beats := w.attemptOf(worker.Options{})
		env.SetWorkerStopChannel(stop)
		in(40*time.Second, func() { close(stop) })
		_, err := runIn(env, w.watches.WatchOrder, watchOrder(order, "fiatPending"))
		require.Equal(t, activities.ErrHandover, failure(t, err).Type())

		w.force(t, order, "completed")
		next, _ := w.attemptOf(worker.Options{})
		next.SetHeartbeatDetails(beats.last())
		_, err = runIn(next, w.watches.WatchOrder, watchOrder(order, "fiatPending"))
		require.NoError(t, err)
		polls := w.network.sent(onmeta.RouteOnrampStatus)
		requireBetween(t, 2*time.Minute, 2*time.Minute, polls[1].at.Sub(polls[0].at))
	})
}

func TestUnreadableHeartbeatCostsNoWatch(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		order := w.paidOrder(t)
		env, _ := w.attemptOf(worker.Options{})
		env.SetHeartbeatDetails("of another version")
		watched, err := runIn(env, w.watches.WatchOrder, watchOrder(order, "fiatPending"))
		require.NoError(t, err)
		require.Equal(t, activities.Decided, watched.End)
	})
}

func TestWatchLivesWhileItPauses(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		order := w.onrampOrder(t)
		env, beats := w.attemptOf(worker.Options{})
		stop := make(chan struct{})
		env.SetWorkerStopChannel(stop)
		in(9*time.Minute, func() { close(stop) })
		request := watchOrder(order, "fiatPending")
		request.Overdue = true
		_, err := runIn(env, w.watches.WatchOrder, request)
		require.Equal(t, activities.ErrHandover, failure(t, err).Type())
		require.GreaterOrEqual(t, len(beats.all), 3, "the server waits five minutes for each")
	})
}

// The SDK keeps the context of a heartbeat to send the next one with, up to a minute later, and cancels the attempt if it cannot.
func TestContextOfAHeartbeatLastsAsLongAsTheWatch(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		order := w.onrampOrder(t)
		env, beats := w.attemptOf(worker.Options{})
		stop := make(chan struct{})
		env.SetWorkerStopChannel(stop)
		var ended []error
		in(9*time.Minute, func() {
			beats.mu.Lock()
			defer beats.mu.Unlock()
			for _, ctx := range beats.contexts {
				ended = append(ended, ctx.Err())
			}
			close(stop)
		})
		_, err := runIn(env, w.watches.WatchOrder, watchOrder(order, "fiatPending"))
		require.Equal(t, activities.ErrHandover, failure(t, err).Type())
		require.GreaterOrEqual(t, len(ended), 3)
		require.Equal(t, make([]error, len(ended)), ended)
	})
}

// Each heartbeat is a write for the server, and billed by Temporal Cloud.
func TestWatchHeartbeatsNothingThatItsWorkflowKnows(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		order := w.onrampOrder(t)
		env, beats := w.attemptOf(worker.Options{})
		in(18*time.Second, func() { w.force(t, order, "completed") })
		_, err := runIn(env, w.watches.WatchOrder, watchOrder(order, "fiatPending"))
		require.NoError(t, err)
		require.Len(t, w.network.sent(onmeta.RouteOnrampStatus), 2)
		require.Empty(t, beats.all)
	})
}

func TestHeartbeatShowsWhyPollsFail(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		order := w.onrampOrder(t)
		w.network.once(onmeta.RouteOnrampStatus, unharmed)
		w.network.on(onmeta.RouteOnrampStatus, refuses(http.StatusServiceUnavailable, "down"))
		env, beats := w.attemptOf(worker.Options{})
		began := time.Now()
		_, err := runIn(env, w.watches.WatchOrder, watchOrder(order, "fiatPending"))
		require.NoError(t, err)
		beat, polls := beats.last(), w.network.sent(onmeta.RouteOnrampStatus)
		require.Equal(t, len(polls)-1, beat.Polls, "the last one ended the watch, which says the rest in its result")
		require.Equal(t, len(polls)-2, beat.Failures)
		require.Equal(t, "fiatPending", beat.LastAnswer, "the last one there was")
		require.True(t, polls[0].at.Equal(beat.CheckedAt))
		require.True(t, polls[1].at.Equal(beat.FailingSince))
		require.Contains(t, beat.LastError, "HTTP 503")
		require.True(t, beat.FailingSince.After(began))
	})
}

func TestPanicOfAPollFailsTheAttemptAndNotTheWorker(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		order := w.onrampOrder(t)
		w.network.on(onmeta.RouteOnrampStatus, func(*http.Request, send) (*http.Response, error) { panic("a defect") })
		env, _ := w.attemptOf(worker.Options{})
		_, err := runIn(env, w.watches.WatchOrder, watchOrder(order, "fiatPending"))
		var panicked *temporal.PanicError
		require.ErrorAs(t, err, &panicked)
		require.ErrorContains(t, err, "a defect")
	})
}

func TestCancellationEndsAWatch(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]fault{"between polls": unharmed, "during a poll": silent} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			controlled(t, func(t *testing.T, w *world) {
				order := w.onrampOrder(t)
				w.network.on(onmeta.RouteOnrampStatus, f)
				ctx, cancel := context.WithCancel(t.Context())
				env, _ := w.attemptOf(worker.Options{BackgroundActivityContext: ctx})
				began := time.Now()
				in(20*time.Second, cancel)
				_, err := runIn(env, w.watches.WatchOrder, watchOrder(order, "fiatPending"))
				require.EqualError(t, failure(t, err), context.Canceled.Error())
				require.Equal(t, 20*time.Second, time.Since(began))
			})
		})
	}
}

func TestBoundsOfPausesMayBeEqual(t *testing.T) {
	t.Parallel()
	timings := activities.GuideTimings(1)
	timings.PollMin, timings.PollMax = time.Millisecond, time.Millisecond
	w := newWorldWith(t, sandbox.DefaultAPIKey, activities.Options{Timings: timings})
	order := w.onrampOrder(t)
	w.network.once(onmeta.RouteOnrampStatus, unharmed, unharmed, first(func() { w.force(t, order, "completed") }))
	watched, err := run(w, w.watches.WatchOrder, watchOrder(order, "fiatPending"))
	require.NoError(t, err)
	require.Equal(t, activities.Decided, watched.End)
	require.Len(t, w.network.sent(onmeta.RouteOnrampStatus), 3)
}

func TestKYCWatchEndsWhenTheReviewIsOver(t *testing.T) {
	t.Parallel()
	documents := dossiertest.New(t).With("email", "asha+review@example.test")
	controlled(t, func(t *testing.T, w *world) {
		const inReview = "asha+review@example.test"
		_, err := run(w, w.calls.UploadKYC, activities.UploadKYCRequest{Email: inReview, Dossier: ramp.Dossier(documents.URL)})
		require.NoError(t, err)
		pass(6*time.Hour - 5*time.Minute)
		began := time.Now()
		watched, err := run(w, w.watches.WatchKYC, activities.WatchKYCRequest{Email: inReview, Wait: since(6 * time.Hour)})
		require.NoError(t, err)
		require.Equal(t, activities.Decided, watched.End)
		polls := w.pauses(onmeta.RouteKYCStatus, began)
		requireBetween(t, 10*time.Second, 15*time.Second, polls[:10]...)
		requireBetween(t, 2*time.Minute, 2*time.Minute, polls[10:]...)
		require.NotEmpty(t, polls[10:])
	})
}

func TestKYCWatchEndsWhenTheTimeForAReviewIsUp(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		began := time.Now()
		watched, err := run(w, w.watches.WatchKYC, activities.WatchKYCRequest{
			Email: "asha+neververified@example.test", Wait: since(26*time.Hour - 30*time.Second),
		})
		require.NoError(t, err)
		require.Equal(t, activities.TimeUp, watched.End)
		requireBetween(t, 30*time.Second, 45*time.Second, time.Since(began))
	})
}

func TestKYCWatchGoesOnAfterARefusal(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		w.network.once(onmeta.RouteKYCStatus, refuses(http.StatusForbidden, "user is forbidden"), refuses(http.StatusBadRequest, "Invalid request"))
		watched, err := run(w, w.watches.WatchKYC, activities.WatchKYCRequest{Email: newcomer, Wait: since(0)})
		require.NoError(t, err)
		require.Equal(t, activities.Decided, watched.End)
		require.Len(t, w.network.sent(onmeta.RouteKYCStatus), 3)
	})
}

func TestKYCWatchThatIsRefusedForLongIsAnOutage(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		w.network.on(onmeta.RouteKYCStatus, refuses(http.StatusForbidden, "user is forbidden"))
		began := time.Now()
		watched, err := run(w, w.watches.WatchKYC, activities.WatchKYCRequest{Email: unverified, Wait: since(0)})
		require.NoError(t, err)
		require.Equal(t, activities.Outage, watched.End)
		require.Contains(t, watched.Problem, "user is forbidden")
		requireBetween(t, 5*time.Minute, 8*time.Minute, time.Since(began))
	})
}

func TestIdleKYCWatchIsSlowAndHasNoLimit(t *testing.T) {
	t.Parallel()
	documents := dossiertest.New(t)
	controlled(t, func(t *testing.T, w *world) {
		began := time.Now()
		in(7*time.Minute, func() { require.NoError(t, upload(w, documents)) })
		watched, err := run(w, w.watches.WatchKYC, activities.WatchKYCRequest{Email: unverified, Idle: true, Wait: since(48 * time.Hour)})
		require.NoError(t, err)
		require.Equal(t, activities.Decided, watched.End)
		requireBetween(t, 8*time.Minute, 8*time.Minute, time.Since(began))
		requireBetween(t, 2*time.Minute, 2*time.Minute, w.pauses(onmeta.RouteKYCStatus, began)...)
	})
}

// An order whose statuses flapped expired, and is opened again or paid late: that is news, although it does not move the order on.
func TestExpiredOrderIsWatchedForAnyStatusHoweverItFlapped(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]activities.OrderState{
		"fiatReceived": {ProviderStatus: "fiatReceived", Status: ramp.Settling, Reason: "because of fiatReceived"},
		"fiatPending":  {ProviderStatus: "fiatPending", Unpaid: true, Reason: "because of fiatPending"},
	} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			controlled(t, func(t *testing.T, w *world) {
				order := w.onrampOrder(t)
				w.force(t, order, status)
				request := watchOrder(order, "expired")
				request.Late, request.Flapping = true, ramp.Settling
				result, err := run(w, w.watches.WatchOrder, request)
				require.NoError(t, err)
				require.Equal(t, activities.Decided, result.End)
				require.Equal(t, want, result.State)
			})
		})
	}
}
