//go:build unix

// Package processtest helps tests that start programs.
package processtest

import (
	"bufio"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience bounds every wait; nothing should take a fraction of it.
const patience = 20 * time.Second

// Lifeline is a named pipe that ends when the last process that has it open has exited: a test sees whether processes are left behind,
// whatever their parents are.
type Lifeline struct {
	// Path is the path of the pipe. A shell opens it with exec 3>PATH, and the programs that it starts inherit it.
	Path  string
	lines chan string
}

// NewLifeline makes a pipe that no process has open yet.
func NewLifeline(t *testing.T) *Lifeline {
	t.Helper()
	l := &Lifeline{Path: filepath.Join(t.TempDir(), "lifeline"), lines: make(chan string, 100)}
	require.NoError(t, syscall.Mkfifo(l.Path, 0o600))
	go func() {
		defer close(l.lines)
		pipe, err := os.Open(l.Path) // returns once a process opens the other end
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

// RequireLine waits for a line that a process writes to the pipe.
func (l *Lifeline) RequireLine(t *testing.T, want string) {
	t.Helper()
	select {
	case line := <-l.lines:
		require.Equal(t, want, line)
	case <-time.After(patience):
		require.Fail(t, "no process has written "+want)
	}
}

// RequireEnd waits until no process has the pipe open.
func (l *Lifeline) RequireEnd(t *testing.T) {
	t.Helper()
	select {
	case line, more := <-l.lines:
		require.False(t, more, line)
	case <-time.After(patience):
		require.Fail(t, "a process is left behind")
	}
}
