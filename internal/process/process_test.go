//go:build unix

package process_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/internal/process"
	"rampart/internal/process/processtest"
)

// patience bounds every wait; nothing should take a fraction of it.
const patience = 20 * time.Second

func waiting(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// newGroup returns a group that is stopped with the test, and the programs that it loses.
func newGroup(t *testing.T) (*process.Group, chan *process.ExitError) {
	t.Helper()
	lost := make(chan *process.ExitError, 10)
	group := &process.Group{Logs: t.TempDir(), Lost: func(err *process.ExitError) { lost <- err }}
	t.Cleanup(func() { group.Stop(0) })
	return group, lost
}

func start(t *testing.T, group *process.Group, script string) *process.Process {
	t.Helper()
	started, err := group.Start(process.Program{Name: "shell-1", Path: "/bin/sh", Arguments: []string{"-c", script}})
	require.NoError(t, err)
	return started
}

// startWith runs a script with a lifeline, and returns once it has written "up" to it.
func startWith(t *testing.T, group *process.Group, script string) (*process.Process, *processtest.Lifeline) {
	t.Helper()
	line := processtest.NewLifeline(t)
	started := start(t, group, "exec 3>"+line.Path+"\n"+script)
	line.RequireLine(t, "up")
	return started, line
}

func TestUntilLineReturnsTheFirstLineWithTheText(t *testing.T) {
	t.Parallel()
	group, _ := newGroup(t)
	p := start(t, group, "echo starting; echo ready >&2; printf 'http://127.0.0.1'; printf ':8480\\nhttp://more\\n'; exec sleep 60")

	line, err := p.UntilLine(waiting(t), "http://")

	require.NoError(t, err)
	require.Equal(t, "http://127.0.0.1:8480", line)
	require.Equal(t, []string{"starting", "ready", "http://127.0.0.1:8480", "http://more"}, process.Tail(p.Log(), 10))
	require.True(t, p.Running())
}

func TestUntilLineIgnoresTheOutputOfAnEarlierProcess(t *testing.T) {
	t.Parallel()
	group, _ := newGroup(t)
	first := start(t, group, "echo ready 1")
	_, err := first.UntilLine(waiting(t), "ready")
	require.NoError(t, err)

	second := start(t, group, "echo ready 2; exec sleep 60")
	line, err := second.UntilLine(waiting(t), "ready")

	require.NoError(t, err)
	require.Equal(t, "ready 2", line)
	require.Equal(t, first.Log(), second.Log())
	require.Equal(t, second, group.Find("shell-1"))
	require.Nil(t, group.Find("ghost"))
}

func TestUntilLineFailsWhenTheProgramExits(t *testing.T) {
	t.Parallel()
	group, _ := newGroup(t)
	p := start(t, group, "echo no such port; exit 3")

	_, err := p.UntilLine(waiting(t), "ready")

	var exited *process.ExitError
	require.ErrorAs(t, err, &exited)
	require.Equal(t, process.ExitError{Program: "shell-1", State: "exit status 3", Log: p.Log()}, *exited)
	require.Equal(t, []string{"no such port"}, process.Tail(exited.Log, 1))
}

func TestUntilFailsWhenTheContextEnds(t *testing.T) {
	t.Parallel()
	group, _ := newGroup(t)
	p := start(t, group, "exec sleep 60")
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("too slow")

	err := p.Until(ctx, func() error {
		cancel(reason)
		return errors.New("not connected")
	})

	require.ErrorIs(t, err, reason)
	require.ErrorContains(t, err, "shell-1 is not ready: not connected")
	_, err = p.Wait(ctx)
	require.ErrorIs(t, err, reason)
}

func TestUntilHealthyRetriesUntilTheURLReturns200(t *testing.T) {
	t.Parallel()
	group, _ := newGroup(t)
	p := start(t, group, "exec sleep 60")
	var calls atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()

	require.NoError(t, p.UntilHealthy(waiting(t), server.URL))

	require.EqualValues(t, 3, calls.Load())
}

func TestStopEndsAProgramAndEverythingItStarted(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"children of a shell":          "sleep 1000 &\n(sleep 1000 & sleep 1000) &\necho up >&3\nwait\n",
		"a child that ignores SIGTERM": "(trap '' TERM; echo up >&3; exec sleep 1000) &\ntrap 'exit 0' TERM\nwait\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			group, lost := newGroup(t)
			_, line := startWith(t, group, script)
			group.Stop(patience)
			line.RequireEnd(t)
			require.Empty(t, lost, "a program that was stopped is not lost")
			require.Empty(t, group.Running())
		})
	}
}

func TestStopReportsWhetherAProgramExitedWithCodeZero(t *testing.T) {
	t.Parallel()
	for trap, want := range map[string]bool{"exit 0": true, "exit 7": false} {
		group, _ := newGroup(t)
		p, _ := startWith(t, group, "trap '"+trap+"' TERM\necho up >&3\nwhile :; do sleep 0.01; done\n")
		require.Equal(t, want, p.Stop(patience), trap)
	}
}

func TestStopKillsAProgramThatIgnoresSIGTERM(t *testing.T) {
	t.Parallel()
	group, _ := newGroup(t)
	p, line := startWith(t, group, "trap '' TERM\necho up >&3\nwhile :; do sleep 1000; done\n")

	require.False(t, p.Stop(10*time.Millisecond))

	line.RequireEnd(t)
	require.False(t, p.Running())
}

func TestKillEndsAProgramByASignal(t *testing.T) {
	t.Parallel()
	group, lost := newGroup(t)
	p, line := startWith(t, group, "trap '' TERM\nsleep 1000 &\necho up >&3\nwait\n")
	require.Len(t, group.Running(), 1)
	require.True(t, process.Exists(p.PID()))

	p.Kill()
	p.Kill()

	line.RequireEnd(t)
	code, err := p.Wait(t.Context())
	require.NoError(t, err)
	require.Equal(t, -1, code)
	require.Empty(t, lost)
	require.False(t, process.Exists(p.PID()))
}

func TestProgramThatExitsByItselfIsLost(t *testing.T) {
	t.Parallel()
	group, lost := newGroup(t)
	p, line := startWith(t, group, "sleep 1000 &\necho up >&3\nexit 3\n")
	select {
	case err := <-lost:
		require.EqualError(t, err, "shell-1 exited unexpectedly (exit status 3)")
	case <-time.After(patience):
		require.Fail(t, "nothing was reported")
	}
	line.RequireEnd(t)
	code, err := p.Wait(t.Context())
	require.NoError(t, err)
	require.Equal(t, 3, code)
}

func TestStoppedGroupStartsNothing(t *testing.T) {
	t.Parallel()
	group, _ := newGroup(t)
	group.Stop(0)
	_, err := group.Start(process.Program{Name: "late", Path: "/bin/sh", Arguments: []string{"-c", "exec sleep 1000"}})
	require.ErrorIs(t, err, context.Canceled)
}

func TestProgramThatCannotBeStartedIsNamed(t *testing.T) {
	t.Parallel()
	group, _ := newGroup(t)
	_, err := group.Start(process.Program{Name: "ghost", Path: filepath.Join(t.TempDir(), "ghost")})
	require.ErrorContains(t, err, "start ghost")
	require.Nil(t, group.Find("ghost"))
	group.Logs = filepath.Join(group.Logs, "missing")
	_, err = group.Start(process.Program{Name: "ghost", Path: "/bin/sh"})
	require.ErrorContains(t, err, "open its log")
}

func TestProgramGetsItsEnvironmentDirectoryAndAdjustment(t *testing.T) {
	t.Parallel()
	group, _ := newGroup(t)
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	p, err := group.Start(process.Program{
		Name: "shell", Path: "/bin/sh", Arguments: []string{"-c", "echo $0 $COLOUR $HOME in $(pwd)"}, Environment: []string{"COLOUR=red"}, Dir: dir,
		Adjust: func(cmd *exec.Cmd) { cmd.Args = append(cmd.Args, "adjusted") },
	})
	require.NoError(t, err)

	line, err := p.UntilLine(waiting(t), " in ")

	require.NoError(t, err)
	require.Equal(t, "adjusted red in "+dir, strings.Join(strings.Fields(line), " "))
}

func TestMachineIsDescribed(t *testing.T) {
	t.Parallel()
	machine := process.ThisMachine()
	require.Positive(t, machine.CPUs)
	if runtime.GOOS == "linux" {
		require.Positive(t, machine.MemoryBytes)
	}
	require.Contains(t, machine.String(), runtime.GOARCH)
	require.Contains(t, process.Versions(), runtime.Version())
}

func TestTailReturnsTheLastLines(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "program.log")
	require.NoError(t, os.WriteFile(path, []byte("1\n2\n3\n"), 0o600))
	require.Equal(t, []string{"2", "3"}, process.Tail(path, 2))
	require.Equal(t, []string{"1", "2", "3"}, process.Tail(path, 10))
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.Empty(t, process.Tail(path, 2))
	require.Contains(t, process.Tail(path+"x", 2)[0], "no such file")
}
