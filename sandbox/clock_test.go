package sandbox_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/sandbox"
)

func TestClockOfSpeedZeroIsStoppedUntilMoved(t *testing.T) {
	t.Parallel()
	clock := sandbox.NewClock(testStart(), 0)
	require.Equal(t, testStart(), clock.Now())
	clock.Advance(90 * time.Minute)
	require.Equal(t, testStart().Add(90*time.Minute), clock.Now())
	clock.Set(testStart().In(time.FixedZone("IST", 19800)))
	require.Equal(t, testStart(), clock.Now())
}

func TestClockRunsFasterThanRealTime(t *testing.T) {
	t.Parallel()
	clock := sandbox.NewClock(testStart(), 100_000)
	require.Eventually(t, func() bool { return clock.Now().Sub(testStart()) > time.Hour }, 5*time.Second, time.Millisecond)
	require.NoError(t, clock.SetSpeed(0))
	stopped := clock.Now()
	require.Equal(t, stopped, clock.Now())
	require.True(t, stopped.After(testStart()))
}

func TestClockRefusesAnImpossibleSpeed(t *testing.T) {
	t.Parallel()
	clock := sandbox.NewClock(testStart(), math.NaN())
	require.Zero(t, clock.Speed())
	for _, speed := range []float64{-1, math.NaN(), math.Inf(1), 1e7} {
		require.Error(t, clock.SetSpeed(speed))
	}
	require.Zero(t, clock.Speed())
}
