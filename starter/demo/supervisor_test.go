//go:build unix

package demo

import (
	"bufio"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience bounds what these tests wait for; nothing should take a fraction of it.
const patience = 20 * time.Second

// lifeline tells whether any process that inherited it still lives: it is a pipe that ends with its last writer.
type lifeline struct {
	path  string
	lines chan string
}

func newLifeline(t *testing.T) *lifeline {
	t.Helper()
	l := &lifeline{path: filepath.Join(t.TempDir(), "lifeline"), lines: make(chan string, 100)}
	require.NoError(t, syscall.Mkfifo(l.path, 0o600))
	go func() {
		defer close(l.lines)
		pipe, err := os.Open(l.path) // returns once a process opens the other end
		if err != nil {
			return
		}
		defer pipe.Close()
		for scanner := bufio.NewScanner(pipe); scanner.Scan(); {
			l.lines <- scanner.Text()
		}
	}()
	return l
}

// says waits for a line.
func (l *lifeline) says(t *testing.T, want string) {
	t.Helper()
	select {
	case line := <-l.lines:
		require.Equal(t, want, line)
	case <-time.After(patience):
		require.Fail(t, "no process has said "+want)
	}
}

// ends waits until no process holds it any more.
func (l *lifeline) ends(t *testing.T) {
	t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case _, more := <-l.lines:
			if !more {
				return
			}
		case <-deadline:
			require.Fail(t, "a process is left behind")
		}
	}
}

// script writes a shell script that is used as a program.
func script(t *testing.T, directory, name, body string) string {
	t.Helper()
	path := filepath.Join(directory, name)
	// A process that another test forks meanwhile would hold the file open for writing, and so keep it from being executed.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+body), 0o700))
	return path
}

func supervise(t *testing.T) (*supervisor, chan error) {
	t.Helper()
	lost := make(chan error, 10)
	s := newSupervisor(t.TempDir(), func(err error) { lost <- err })
	s.grace = patience
	return s, lost
}

func start(t *testing.T, s *supervisor, body string) *process {
	t.Helper()
	p, err := s.start("program", script(t, t.TempDir(), "program", body), nil, os.Environ())
	require.NoError(t, err)
	return p
}

func TestStoppingEndsAProcessAndAllThatItStarted(t *testing.T) {
	t.Parallel()
	s, lost := supervise(t)
	line := newLifeline(t)
	start(t, s, "exec 3>"+line.path+"\nsleep 1000 &\n(sleep 1000 & sleep 1000) &\necho up >&3\nwait\n")
	line.says(t, "up")
	s.stop()
	line.ends(t)
	require.Empty(t, lost, "a process that was told to stop is not lost")
}

func TestWhatAPoliteProcessLeavesBehindIsKilled(t *testing.T) {
	t.Parallel()
	s, _ := supervise(t)
	line := newLifeline(t)
	start(t, s, "exec 3>"+line.path+"\n(trap '' TERM; echo up >&3; exec sleep 1000) &\ntrap 'exit 0' TERM\nwait\n")
	line.says(t, "up")
	s.stop()
	line.ends(t)
}

func TestProcessThatWillNotStopIsKilled(t *testing.T) {
	t.Parallel()
	s, _ := supervise(t)
	s.grace = 10 * time.Millisecond
	line := newLifeline(t)
	start(t, s, "exec 3>"+line.path+"\ntrap '' TERM\necho up >&3\nwhile :; do sleep 1000; done\n")
	line.says(t, "up")
	s.stop()
	line.ends(t)
}

func TestProcessThatEndsByItselfIsReported(t *testing.T) {
	t.Parallel()
	s, lost := supervise(t)
	p := start(t, s, "echo all is well\necho out of luck >&2\nexit 3\n")
	select {
	case err := <-lost:
		require.EqualError(t, err, "program stopped by itself (exit status 3)")
	case <-time.After(patience):
		require.Fail(t, "nothing was reported")
	}
	s.stop()
	require.ElementsMatch(t, []string{"all is well", "out of luck"}, tail(s.log(p.name), 10))
}

func TestNothingStartsOnceAllIsStopped(t *testing.T) {
	t.Parallel()
	s, _ := supervise(t)
	s.stop()
	_, err := s.start("late", script(t, t.TempDir(), "late", "sleep 1000\n"), nil, nil)
	require.ErrorIs(t, err, context.Canceled)
}

func TestProgramThatCannotBeStartedIsNamed(t *testing.T) {
	t.Parallel()
	s, _ := supervise(t)
	_, err := s.start("ghost", filepath.Join(t.TempDir(), "ghost"), nil, nil)
	require.ErrorContains(t, err, "start ghost")
	require.False(t, s.has("ghost"))
}

func TestFirstLineIsHeardWhileTheProcessGoesOn(t *testing.T) {
	t.Parallel()
	s, _ := supervise(t)
	defer s.stop()
	p := start(t, s, "printf 'http://127.0.0.1'\nprintf ':8480\\nmore\\n'\nsleep 1000\n")
	line, err := p.says(t.Context())
	require.NoError(t, err)
	require.Equal(t, "http://127.0.0.1:8480", line)
}

func TestProcessThatEndsWithoutAWordIsAnError(t *testing.T) {
	t.Parallel()
	s, _ := supervise(t)
	p := start(t, s, "exit 1\n")
	_, err := p.says(t.Context())
	require.EqualError(t, err, "program: stopped at its start (exit status 1)")

	silent := start(t, s, "sleep 1000\n")
	defer s.stop()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = silent.says(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

func TestOutputPassesThroughWhileTheFirstLineIsRead(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	f := newFirstLine(&log)
	for _, part := range []string{"fir", "st\nsec", "ond\n"} {
		_, err := io.WriteString(f, part)
		require.NoError(t, err)
	}
	<-f.ready
	require.Equal(t, "first", f.line)
	require.Equal(t, "first\nsecond\n", log.String())
}

func TestTailIsTheLastLines(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "program.log")
	require.NoError(t, os.WriteFile(path, []byte("1\n2\n3\n"), 0o600))
	require.Equal(t, []string{"2", "3"}, tail(path, 2))
	require.Equal(t, []string{"1", "2", "3"}, tail(path, 10))
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.Empty(t, tail(path, 2))
}
