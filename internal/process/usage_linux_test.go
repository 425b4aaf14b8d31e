package process_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/internal/process"
)

// CPU and memory are read from /proc, which only Linux has.
func TestCPUAndMemoryOfAProgramAreMeasured(t *testing.T) {
	t.Parallel()
	group, _ := newGroup(t)
	p := start(t, group, "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo ready; exec sleep 60")
	_, err := p.UntilLine(waiting(t), "ready")
	require.NoError(t, err)

	used, err := p.CPU()
	require.NoError(t, err)
	require.Positive(t, used)
	require.Positive(t, p.Resident())
	require.GreaterOrEqual(t, group.PeakMemory()["shell"], p.Resident())

	p.Kill()
	require.Positive(t, group.PeakMemory()["shell"], "the peak is kept")
	require.Zero(t, p.Resident())
	_, err = p.CPU()
	require.Error(t, err)
}

func TestCPUOfATreeContainsChildrenThatRunAndThatHaveExited(t *testing.T) {
	t.Parallel()
	group, _ := newGroup(t)
	const work = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"
	exited := start(t, group, "sh -c '"+work+"'; echo ready; exec sleep 60")
	running := start(t, group, "sh -c '"+work+"; echo ready; exec sleep 60' & wait")
	for _, p := range []*process.Process{exited, running} {
		_, err := p.UntilLine(waiting(t), "ready")
		require.NoError(t, err)

		own, err := p.CPU()
		require.NoError(t, err)
		tree, err := p.TreeCPU()
		require.NoError(t, err)
		require.Greater(t, tree, own+20*time.Millisecond)
	}
}
