package e2e_test

import (
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/test/bench"
	"rampart/test/bench/delivery"
)

// buildBench builds bench beside the other programs, once, and returns what the compiler writes.
var buildBench = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "build", "-o", program("bench"), "../bench/cmd/bench").CombinedOutput()
	return string(out), err
})

// benchOptions returns the options of a quick run, which shows that everything works; make bench and make bench-waiting measure.
func benchOptions(t *testing.T) bench.Options {
	t.Helper()
	return bench.Options{Bin: programs, Config: "../../temporal-dev.yaml", Dir: t.TempDir(), Seed: 1, Quick: true}
}

// TestBenchCountsWhatOrdersCost compares the costs with those that follow from the code of the variants.
func TestBenchCountsWhatOrdersCost(t *testing.T) {
	t.Parallel()
	out, err := buildBench()
	require.NoError(t, err, out)

	report, err := bench.Run(t.Context(), benchOptions(t))

	require.NoError(t, err)
	var text strings.Builder
	require.NoError(t, report.WriteText(&text))
	t.Log(text.String())
	const before, start, signal, deadline = 6, 1, 1, 1 // calls before the polls, and actions beside activities
	found := map[bench.Variant]map[int]bench.Cost{}
	for _, c := range report.Costs {
		if found[c.Variant] == nil {
			found[c.Variant] = map[int]bench.Cost{}
		}
		found[c.Variant][c.Polls] = c
		require.InDelta(t, before+c.Polls, c.Calls, 0.01, "%s, %d polls", c.Variant, c.Polls)
	}
	require.Equal(t, start+before+1+signal, found[bench.Floor][1].Actions)
	require.Equal(t, start+before+1+signal+deadline+1, found[bench.Naive][1].Actions)
	require.Equal(t, start+before+20+signal+deadline+20, found[bench.Naive][20].Actions)
	require.Greater(t, found[bench.Naive][20].Events, 3*found[bench.Ours][20].Events)
	require.Positive(t, found[bench.Ours][20].Heartbeats)
	require.Zero(t, found[bench.Naive][20].Heartbeats)
	require.Len(t, report.Rates, 2)
	for _, latencies := range report.Latencies {
		require.Positive(t, latencies.Start.P50)
		require.Positive(t, latencies.Proof.P50)
		require.Positive(t, latencies.End.P50)
	}
}

func TestBenchComparesDeliveriesOfEvents(t *testing.T) {
	t.Parallel()
	out, err := buildBench()
	require.NoError(t, err, out)

	report, err := bench.RunDeliveries(t.Context(), benchOptions(t))

	require.NoError(t, err)
	var text strings.Builder
	require.NoError(t, report.WriteText(&text))
	t.Log(text.String())
	require.NoError(t, report.Missed())
	designs := delivery.Designs()
	require.Len(t, report.Deliveries, len(designs))
	off := report.Deliveries[0]
	for i, measured := range report.Deliveries {
		require.Equal(t, designs[i], measured.Design)
		require.Zero(t, measured.Missing+measured.Misordered, measured.Design)
		if i > 0 {
			require.Greater(t, measured.Events, off.Events, measured.Design)
			require.Positive(t, measured.Latency.P50, measured.Design)
		}
	}
}

func TestBenchMeasuresOrdersThatWait(t *testing.T) {
	t.Parallel()

	report, err := bench.RunWaiting(t.Context(), benchOptions(t))

	require.NoError(t, err)
	var text strings.Builder
	require.NoError(t, report.WriteText(&text))
	t.Log(text.String())
	waiting := report.Waiting
	require.Len(t, waiting.Steps, 5)
	last := waiting.Steps[4]
	require.Equal(t, 10, last.Waiting)
	require.Positive(t, last.Proof.P99)
	require.Positive(t, last.WorkerBytes)
	require.GreaterOrEqual(t, waiting.Steady.Polls, waiting.Watched, "an order was not polled within 16 seconds")
	require.Zero(t, waiting.Refused)
}

func TestBenchKillsWorkersDuringCallsAndWatches(t *testing.T) {
	t.Parallel()

	report, err := bench.RunCrashes(t.Context(), benchOptions(t))

	require.NoError(t, err)
	var text strings.Builder
	require.NoError(t, report.WriteText(&text))
	t.Log(text.String())
	require.Len(t, report.Crashes.Calls, 2)
	for _, crash := range report.Crashes.Calls {
		require.Greater(t, crash.Seconds, 5.0, "%s: an attempt is given up after eight seconds of silence", crash.Call)
	}
	require.Equal(t, 2, report.Crashes.Ended)
	require.Len(t, report.Crashes.Watches, 1)
	require.Positive(t, report.Crashes.Watches[0].Taken)
	require.Positive(t, report.Crashes.Watches[0].Polls)
}

func TestBenchComparesTheLeaseWithHeartbeatsOfWatches(t *testing.T) {
	t.Parallel()
	out, err := buildBench()
	require.NoError(t, err, out)

	report, err := bench.RunCrashCurve(t.Context(), benchOptions(t))

	require.NoError(t, err)
	var text strings.Builder
	require.NoError(t, report.WriteText(&text))
	t.Log(text.String())
	curve := report.Crashes.Watches
	require.Len(t, curve, 4)
	require.Less(t, curve[1].All, curve[3].Half, "20 and 80 seconds")
}

func TestBenchProfilesOrdersThatWaitAtRest(t *testing.T) {
	t.Parallel()

	report, err := bench.RunRest(t.Context(), benchOptions(t))

	require.NoError(t, err)
	var text strings.Builder
	require.NoError(t, report.WriteText(&text))
	t.Log(text.String())
	require.Equal(t, "SQLite in memory", report.Database)
	require.Len(t, report.Rest.Steps, 2)
	require.Equal(t, 5, report.Rest.Steps[1].Waiting)
	require.Positive(t, report.Rest.Steps[1].ServerBytes)
}
