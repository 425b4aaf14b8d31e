package activities

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLifetimeThatIsLeftGoesByTheProvidersClock(t *testing.T) {
	t.Parallel()
	require.Equal(t, 2*time.Hour, GuideTimings(1).lifetimeLeft(time.Hour))
	require.Equal(t, 80*time.Second, GuideTimings(90).lifetimeLeft(time.Hour))
	require.Equal(t, 3*time.Hour, GuideTimings(1).lifetimeLeft(-time.Minute))
	require.Zero(t, GuideTimings(90).lifetimeLeft(4*time.Hour))
}

func TestPollsComeInGroupsTenToFifteenSecondsAfterTheOneBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		timings, first := GuideTimings(1), time.Time{}
		pauses := make(map[time.Duration]bool)
		for range 1000 {
			pause := timings.pollPause()
			require.GreaterOrEqual(t, pause, 10*time.Second)
			require.LessOrEqual(t, pause, 15*time.Second)
			pauses[pause.Truncate(time.Second)] = true
			due := time.Now().Add(pause)
			if first.IsZero() {
				first = due
			}
			require.Zero(t, due.Sub(first)%(100*time.Millisecond))
			time.Sleep(pause / 7)
		}
		require.Len(t, pauses, 5, "pauses differ")
	})
}

func TestPausesWithoutRoomForGroupsAreTheShortest(t *testing.T) {
	t.Parallel()
	require.Equal(t, time.Millisecond, Timings{PollMin: time.Millisecond, PollMax: time.Millisecond}.pollPause())
}
