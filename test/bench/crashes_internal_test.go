package bench

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCrashesAreTabledByCallWithWhatTheProviderHadDone(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	(&Crashes{Workers: 3, Ended: 4, Calls: []Crash{
		{Call: "login", Seconds: 9.3}, {Call: "login", Seconds: 8.1}, {Call: "login", Done: true, Seconds: 9}, {Call: "creation by NEFT", Slow: true, Seconds: 77},
	}}).write(&text)

	require.Contains(t, text.String(), "4 kills, each of one of 3 workers; 4 orders ended completed")
	require.Contains(t, text.String(), "| login | 3 | 8.1–9.3 s | 9.0 s |\n| creation by NEFT | 1 | 77.0 s | – |\n")
	require.NotContains(t, text.String(), "crash told by")
}

func TestCurveOfWatchesHasNoTarget(t *testing.T) {
	t.Parallel()
	watches := []CrashedWatches{{Watched: 600, Taken: 200, NinetyNine: 31}, {Heartbeat: 80, Watched: 600, Taken: 200, Half: 60, NinetyNine: 79, All: 80, Polls: 9000, ServerCPU: 0.3, WorkersCPU: 0.5}}
	curve := Report{Crashes: &Crashes{Curve: true, Watches: watches}}
	var text strings.Builder
	curve.Crashes.write(&text)

	require.Empty(t, curve.Targets())
	require.Contains(t, text.String(), "| heartbeat timeout of 80 s | 600 | 200 | 60.0 s | 79.0 s | 80.0 s | 9000 | 0.30 | 0.50 | 0.80 |")
	require.Contains(t, text.String(), "| lease of the worker, as shipped | 600 |")
	require.ErrorContains(t, Report{Crashes: &Crashes{Watches: watches}}.Missed(), "99 % of its 200 watches")
}

func TestEveryCallThatChangesSomethingIsInterrupted(t *testing.T) {
	t.Parallel()
	load := newCrashLoad(false)

	require.GreaterOrEqual(t, load.each*len(load.calls), 40)
	for _, call := range load.calls {
		require.NotEmpty(t, call.effect, call.name)
	}
}

func TestFirstPollAfterAKillCountsWhateverComesLater(t *testing.T) {
	t.Parallel()
	killed := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	p := &provider{orders: map[string]*polledOrder{"a": {lastPoll: killed.Add(time.Second)}, "b": {lastPoll: killed}}}
	found := map[string]time.Time{}
	p.firstPolls(killed, []string{"a", "b", "unknown"}, found)
	p.orders["a"].lastPoll = killed.Add(time.Minute)
	p.orders["b"].lastPoll = killed.Add(time.Minute)

	p.firstPolls(killed, []string{"a", "b", "unknown"}, found)

	require.Equal(t, map[string]time.Time{"a": killed.Add(time.Second), "b": killed.Add(time.Minute)}, found)
}
