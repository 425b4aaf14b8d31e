package bench

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSizesFollowFromTheFigures(t *testing.T) {
	t.Parallel()
	orders := Report{Costs: []Cost{{
		Polls: 20, Variant: Ours, Calls: 26, Transitions: 30, Tasks: 24, Actions: 20, Bytes: 16 << 10,
		ServerCPU: newSpread([]float64{46}), WorkerCPU: newSpread([]float64{24}),
	}, {
		Polls: 900, Variant: Ours, ServerCPU: newSpread([]float64{46 + 880*0.1}), WorkerCPU: newSpread([]float64{24 + 880*0.5}),
	}}}
	waiting := Report{Waiting: &Waiting{
		WorkerBytesPerWatch: 50 << 10, WorkerBytesPerKept: 80 << 10, Steps: []Step{{WorkerBytes: 50 << 20}, {}, {}},
		Calm: Steady{ServerCPU: 0.8, WorkerCPU: 0.8},
	}}

	sizes, err := NewSizes(orders, waiting)
	require.NoError(t, err)
	n := sizes.size(28_800 * 100) // a hundred a second at the peak

	require.InDelta(t, 100, n.perSec, 1e-9)
	require.InDelta(t, 60_000, n.waiting, 1e-6)
	require.InDelta(t, 25_000, n.watched, 1e-6)
	require.InDelta(t, 2600, n.calls, 1e-6)
	// On the real clock a poll takes 0.7 and 0.3 ms more than on the fast one: an order 60 and 30 ms.
	require.InDelta(t, 10, n.serverCores, 1e-9)
	require.InDelta(t, 5, n.workerCores, 1e-9)
	require.InDelta(t, 32, n.shards, 0) // 3,000 a second, 5 ms each, are 15 shards at work; 25 are 60 % busy
	require.InDelta(t, 5, n.partitions, 0)
	require.InDelta(t, 2000, n.actions, 1e-6)
	require.InDelta(t, 2880, n.dollar, 1e-6)
	require.InDelta(t, 50+(25_000*50+60_000*30)/1024.0, n.memory, 1e-6)
	var text strings.Builder
	require.NoError(t, sizes.WriteText(&text))
	require.Contains(t, text.String(), "| orders a day | 10,000 | 100,000 | 1,000,000 | 5,000,000 |")
}

func TestSizesWithoutTheirFiguresAreRefused(t *testing.T) {
	t.Parallel()
	_, err := NewSizes(good(), Report{})

	require.ErrorContains(t, err, "make bench bench-waiting")
}
