package onmeta_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/onmeta"
)

// limited is a provider that counts, and refuses what exceeds its own rate.
type limited struct {
	// perSecond is what it answers in each second; zero is any number.
	perSecond int

	mu       sync.Mutex
	second   time.Time
	current  int
	answered int
	refused  int
	polls    int
}

func (p *limited) Call(_ context.Context, call onmeta.Call) (onmeta.Answer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := time.Now().Truncate(time.Second); !now.Equal(p.second) {
		p.second, p.current = now, 0
	}
	if p.current++; p.perSecond > 0 && p.current > p.perSecond {
		p.refused++
		return onmeta.Answer{}, &onmeta.Error{Kind: onmeta.KindRateLimited, Reached: onmeta.Answered, RetryAfter: time.Second}
	}
	p.answered++
	if call.Route == onmeta.RouteOnrampStatus {
		p.polls++
	}
	return onmeta.Answer{Status: 200}, nil
}

// press calls from so many goroutines for so long.
func press(ctx context.Context, caller onmeta.Caller, call onmeta.Call, callers int) *sync.WaitGroup {
	var pressing sync.WaitGroup
	for range callers {
		pressing.Go(func() {
			for ctx.Err() == nil {
				if _, err := caller.Call(ctx, call); err != nil {
					time.Sleep(time.Second) // in the bubble's time
				}
			}
		})
	}
	return &pressing
}

func TestRateLimitDoesNotExceedItsRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		provider := &limited{}
		caller := onmeta.WithRateLimit(provider, onmeta.NewRateLimit(20))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		press(ctx, caller, statusCall, 50).Wait()
		require.InDelta(t, 20*10+20, provider.answered, 2)
	})
}

func TestRateFallsToWhatTheProviderAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		provider := &limited{perSecond: 20}
		caller := onmeta.WithRateLimit(provider, onmeta.NewRateLimit(200))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		press(ctx, caller, statusCall, 100).Wait()
		total := provider.answered + provider.refused
		require.Less(t, provider.refused, total/10, "a storm of refusals")
		require.Greater(t, provider.answered, 20*300/3, "less than a third of what the provider would have answered")
	})
}

func TestRateRisesAgainOnceTheProviderAnswersMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		provider := &limited{perSecond: 5}
		caller := onmeta.WithRateLimit(provider, onmeta.NewRateLimit(50))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		pressing := press(ctx, caller, statusCall, 50)
		time.Sleep(time.Minute)
		provider.mu.Lock()
		provider.perSecond, provider.answered = 0, 0
		provider.mu.Unlock()
		pressing.Wait()
		require.Greater(t, provider.answered, 50*9*60/2)
	})
}

// refusesFirst refuses as many calls, and answers all others.
type refusesFirst struct {
	refusals, calls atomic.Int64
	retryAfter      time.Duration
}

func (r *refusesFirst) Call(context.Context, onmeta.Call) (onmeta.Answer, error) {
	time.Sleep(100 * time.Millisecond)
	if r.calls.Add(1) <= r.refusals.Load() {
		return onmeta.Answer{}, &onmeta.Error{Kind: onmeta.KindRateLimited, Reached: onmeta.Answered, RetryAfter: r.retryAfter}
	}
	return onmeta.Answer{Status: 200}, nil
}

func TestRefusalsOfOneBurstLowerTheRateOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		provider := &refusesFirst{retryAfter: time.Second}
		provider.refusals.Store(100)
		caller := onmeta.WithRateLimit(provider, onmeta.NewRateLimit(100))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		press(ctx, caller, statusCall, 100).Wait()
		require.Greater(t, provider.calls.Load(), int64(100+25*8), "a quarter of the rate is left")
	})
}

// once refuses one call in fifty.
type once struct{ calls atomic.Int64 }

func (o *once) Call(context.Context, onmeta.Call) (onmeta.Answer, error) {
	if o.calls.Add(1)%50 == 0 {
		return onmeta.Answer{}, &onmeta.Error{Kind: onmeta.KindRateLimited, Reached: onmeta.Answered, RetryAfter: time.Minute}
	}
	return onmeta.Answer{Status: 200}, nil
}

func TestSingleRefusalDoesNotLowerTheRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		provider := &once{}
		caller := onmeta.WithRateLimit(provider, onmeta.NewRateLimit(50))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		press(ctx, caller, statusCall, 50).Wait()
		require.InDelta(t, 50*10+50, provider.calls.Load(), 2)
	})
}

func TestPollsYieldToCallsWithoutStarving(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		provider := &limited{}
		caller := onmeta.WithRateLimit(provider, onmeta.NewRateLimit(20))
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		polling := press(onmeta.Yield(ctx), caller, onmeta.Call{Route: onmeta.RouteOnrampStatus}, 500)
		press(ctx, caller, onmeta.Call{Route: onmeta.RouteQuoteBuy}, 30).Wait()
		polling.Wait()
		require.InDelta(t, provider.answered/4, provider.polls, 20)
	})
}

func TestSpareRequestsLetAllOthersGoFirstWithoutStarving(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		provider := &limited{}
		caller := onmeta.WithRateLimit(provider, onmeta.NewRateLimit(20))
		ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
		defer cancel()
		spare := press(onmeta.Spare(ctx), caller, onmeta.Call{Route: onmeta.RouteOnrampStatus}, 500)
		polls := press(onmeta.Yield(ctx), caller, onmeta.Call{Route: onmeta.RouteUPILinkStatus}, 500)
		press(ctx, caller, onmeta.Call{Route: onmeta.RouteQuoteBuy}, 30).Wait()
		spare.Wait()
		polls.Wait()
		require.InDelta(t, provider.answered/20, provider.polls, 30)
	})
}

func TestSpareRequestsTakeWhatNothingElseNeeds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		provider := &limited{}
		caller := onmeta.WithRateLimit(provider, onmeta.NewRateLimit(20))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		press(onmeta.Spare(ctx), caller, statusCall, 50).Wait()
		require.InDelta(t, 20*10+20, provider.answered, 2)
	})
}

func TestLoginOfAPollDoesNotYield(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		provider := &limited{}
		caller := onmeta.WithRateLimit(provider, onmeta.NewRateLimit(1))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		polling := press(onmeta.Yield(ctx), caller, onmeta.Call{Route: onmeta.RouteOnrampStatus}, 100)
		synctest.Wait()
		begun := time.Now()
		_, err := caller.Call(onmeta.Yield(ctx), onmeta.Call{Route: onmeta.RouteLogin})
		require.NoError(t, err)
		require.LessOrEqual(t, time.Since(begun), 2*time.Second)
		cancel()
		polling.Wait()
	})
}

func TestCallThatMustBeSentSoonPassesOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		provider := &limited{}
		caller := onmeta.WithRateLimit(provider, onmeta.NewRateLimit(1))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		quoting := press(ctx, caller, onmeta.Call{Route: onmeta.RouteQuoteBuy}, 40)
		synctest.Wait()
		begun := time.Now()
		_, err := caller.Call(onmeta.SendBy(ctx, begun.Add(2*time.Second)), onmeta.Call{Route: onmeta.RouteCreateOnramp})
		require.NoError(t, err)
		require.LessOrEqual(t, time.Since(begun), 2*time.Second)
		cancel()
		quoting.Wait()
	})
}

func TestCallThatWouldBeSentTooLateFailsImmediately(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		provider := &limited{}
		caller := onmeta.WithRateLimit(provider, onmeta.NewRateLimit(1.0/60))
		_, err := caller.Call(t.Context(), statusCall)
		require.NoError(t, err)
		begun := time.Now()
		_, err = caller.Call(onmeta.SendBy(t.Context(), begun.Add(27*time.Second)), onmeta.Call{Route: onmeta.RouteCreateOnramp})
		failure := failureOf(t, err)
		require.Equal(t, onmeta.KindRateLimited, failure.Kind)
		require.Equal(t, onmeta.NotSent, failure.Reached)
		require.Equal(t, 1, provider.answered)
		require.Zero(t, time.Since(begun))
		late := onmeta.SendBy(t.Context(), begun)
		_, err = caller.Call(late, onmeta.Call{Route: onmeta.RouteCreateOnramp})
		require.Equal(t, onmeta.KindUnavailable, failureOf(t, err).Kind, "the rate limit is not why it is late")
		_, err = caller.Call(late, onmeta.Call{Route: onmeta.RouteLogin})
		require.NoError(t, err, "others may wait for a login")
	})
}

func TestCallThatMustBeSentSoonDoesNotWaitLonger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		provider := &limited{}
		caller := onmeta.WithRateLimit(provider, onmeta.NewRateLimit(1))
		for range 2 { // the fourth turn is a poll's
			_, err := caller.Call(t.Context(), onmeta.Call{Route: onmeta.RouteQuoteBuy})
			require.NoError(t, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		polling := press(onmeta.Yield(ctx), caller, onmeta.Call{Route: onmeta.RouteOnrampStatus}, 10)
		synctest.Wait()
		begun := time.Now()
		errs := make(chan error)
		for range 2 {
			go func() {
				_, err := caller.Call(onmeta.SendBy(ctx, begun.Add(2500*time.Millisecond)), onmeta.Call{Route: onmeta.RouteCreateOnramp})
				errs <- err
			}()
		}
		require.NoError(t, <-errs)
		failure := failureOf(t, <-errs)
		require.Equal(t, onmeta.KindRateLimited, failure.Kind)
		require.Equal(t, onmeta.NotSent, failure.Reached)
		require.Equal(t, 2500*time.Millisecond, time.Since(begun))
		cancel()
		polling.Wait()
	})
}

func TestCallsDoNotStarveBehindThoseThatMustBeSentSoon(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		provider := &limited{}
		caller := onmeta.WithRateLimit(provider, onmeta.NewRateLimit(20))
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		creating := press(onmeta.SendBy(ctx, time.Now().Add(time.Hour)), caller, onmeta.Call{Route: onmeta.RouteCreateOnramp}, 30)
		press(ctx, caller, onmeta.Call{Route: onmeta.RouteOnrampStatus}, 30).Wait()
		creating.Wait()
		require.InDelta(t, provider.answered/4, provider.polls, 20)
	})
}

func TestLongPauseThatTheProviderAsksForIsThatOfACallAndNotOfAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		provider := &refusesFirst{retryAfter: time.Hour}
		provider.refusals.Store(20)
		caller := onmeta.WithRateLimit(provider, onmeta.NewRateLimit(20))
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		press(ctx, caller, statusCall, 20).Wait()
		require.Greater(t, provider.calls.Load(), int64(20+50))
	})
}

func TestCallThatWouldWaitTooLongFailsImmediately(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		next := &limited{}
		caller := onmeta.WithRateLimit(next, onmeta.NewRateLimit(1.0/3600))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := caller.Call(ctx, statusCall)
		require.NoError(t, err)
		begun := time.Now()
		_, err = caller.Call(ctx, statusCall)
		failure := failureOf(t, err)
		require.Equal(t, onmeta.KindRateLimited, failure.Kind)
		require.Equal(t, onmeta.NotSent, failure.Reached)
		require.Equal(t, onmeta.RouteOnrampStatus, failure.Route)
		require.Equal(t, 1, next.answered)
		require.Zero(t, time.Since(begun))
	})
}

func TestWaitingForTheRateLimitEndsWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	next := &limited{}
	_, err := onmeta.WithRateLimit(next, onmeta.NewRateLimit(1)).Call(ctx, statusCall)
	failure := failureOf(t, err)
	require.Equal(t, onmeta.KindUnavailable, failure.Kind)
	require.Equal(t, onmeta.NotSent, failure.Reached)
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, next.answered)
}
