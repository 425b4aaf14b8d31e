package process_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/internal/process"
)

func start(t *testing.T, script, sign string) (*process.Process, error) {
	t.Helper()
	started, err := process.Start(t.Context(), process.Program{
		Name: "shell-1", Path: "/bin/sh", Arguments: []string{"-c", script}, LogDir: t.TempDir(), Sign: sign, Peaks: process.NewPeaks(),
	})
	if started != nil {
		t.Cleanup(started.Kill)
	}
	return started, err
}

func TestProgramIsReadyOnceItSaysSo(t *testing.T) {
	t.Parallel()

	p, err := start(t, "echo starting; echo ready at 127.0.0.1:1; exec sleep 60", "ready")

	require.NoError(t, err)
	require.Equal(t, "ready at 127.0.0.1:1", p.ReadyLine())
	require.True(t, p.Running())
	require.Positive(t, p.Resident())
}

func TestProgramThatEndsAtItsStartIsAnErrorWithWhatItSaid(t *testing.T) {
	t.Parallel()

	_, err := start(t, "echo no such port; exit 3", "ready")

	require.ErrorContains(t, err, "no such port")
	require.ErrorContains(t, err, "exit status 3")
}

func TestProgramThatDoesNotStopIsKilled(t *testing.T) {
	t.Parallel()
	p, err := start(t, "trap '' TERM; echo ready; while :; do sleep 1; done", "ready")
	require.NoError(t, err)

	require.False(t, p.Stop(time.Millisecond))

	require.False(t, p.Running())
}

func TestProcessorTimeOfAProgramIsCounted(t *testing.T) {
	t.Parallel()
	p, err := start(t, "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo ready; exec sleep 60", "ready")
	require.NoError(t, err)

	used, err := p.CPU()

	require.NoError(t, err)
	require.Positive(t, used)
}
