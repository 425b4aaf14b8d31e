package onmeta_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"rampart/onmeta"
)

type counter struct{ calls int }

func (c *counter) Call(context.Context, onmeta.Call) (onmeta.Answer, error) {
	c.calls++
	return onmeta.Answer{Status: 200}, nil
}

func TestTheRateLimitHoldsCallsBack(t *testing.T) {
	t.Parallel()
	next := &counter{}
	limited := onmeta.WithRateLimit(next, rate.NewLimiter(rate.Every(time.Hour), 2))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range 2 {
		answer, err := limited.Call(ctx, statusCall)
		require.NoError(t, err)
		require.Equal(t, 200, answer.Status)
	}
	_, err := limited.Call(ctx, statusCall)
	failure := failureOf(t, err)
	require.Equal(t, onmeta.KindRateLimited, failure.Kind)
	require.Equal(t, onmeta.NotSent, failure.Reached)
	require.Equal(t, onmeta.RouteOnrampStatus, failure.Route)
	require.Equal(t, 2, next.calls)
}

func TestWaitingForTheRateLimitEndsWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	next := &counter{}
	_, err := onmeta.WithRateLimit(next, rate.NewLimiter(1, 1)).Call(ctx, statusCall)
	failure := failureOf(t, err)
	require.Equal(t, onmeta.KindUnavailable, failure.Kind)
	require.Equal(t, onmeta.NotSent, failure.Reached)
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, next.calls)
}
