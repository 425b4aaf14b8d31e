package bench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMedianIsTheMiddleValue(t *testing.T) {
	t.Parallel()
	require.Zero(t, median(nil))
	require.InDelta(t, 2, median([]float64{9, 1, 2}), 0)
	require.InDelta(t, 1.5, median([]float64{9, 1, 2, 0}), 0)
}

func TestPercentilesAreOfTheNearestRank(t *testing.T) {
	t.Parallel()
	var durations []time.Duration
	for i := range 200 {
		durations = append(durations, time.Duration(200-i)*time.Millisecond)
	}

	found := newLatency(durations)

	require.Equal(t, Latency{Count: 200, P50: 100, P99: 198, Most: 200}, found)
	require.Equal(t, Latency{}, newLatency(nil))
}

func TestPollsAreInTimeFromTenToFifteenSeconds(t *testing.T) {
	t.Parallel()
	gaps := []time.Duration{9999 * time.Millisecond, 10 * time.Second, 15 * time.Second, 15001 * time.Millisecond}

	found := newSteady(gaps, time.Minute, 5)

	require.InDelta(t, 0.5, found.InTime, 0)
	require.InDelta(t, 9.999, found.Shortest, 0)
	require.InDelta(t, 15.001, found.Longest, 0)
	require.Equal(t, 4, found.Gaps)
	require.Zero(t, newSteady(nil, time.Minute, 0).InTime)
}
