package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// drain is how long output may still come from what a process has left behind.
	drain = 500 * time.Millisecond
	// maxFirstLine bounds the line by which a program says where it is.
	maxFirstLine = 4 << 10
	// tailLines is how much of a log is shown.
	tailLines = 20
)

// lostError says that a process ended which was to go on.
type lostError struct {
	program string
	state   string
}

func (e *lostError) Error() string {
	return fmt.Sprintf("%s stopped by itself (%s)", e.program, e.state)
}

// supervisor starts processes and stops all of them. Each has a process group of its own, so that nothing it starts is left
// behind and no interruption of the terminal reaches it before the supervisor has its say.
type supervisor struct {
	logs string
	// fail is told of a process that ends by itself.
	fail func(error)
	// grace is how long a process may take to stop before it is killed.
	grace time.Duration

	mu       sync.Mutex
	running  []*process
	stopping bool
}

func newSupervisor(logs string, fail func(error)) *supervisor {
	return &supervisor{logs: logs, fail: fail, grace: 10 * time.Second}
}

// process is a process that was started.
type process struct {
	name  string
	cmd   *exec.Cmd
	first *firstLine
	// gone is closed once the process has ended and its output is written.
	gone chan struct{}
}

// start starts a program with this environment and writes all its output to a log.
func (s *supervisor) start(name, path string, arguments, environment []string) (*process, error) {
	log, err := os.OpenFile(s.log(name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log of %s: %w", name, err)
	}
	p := &process{name: name, first: newFirstLine(log), gone: make(chan struct{})}
	p.cmd = exec.Command(path, arguments...)
	p.cmd.Env = environment
	p.cmd.Stdout = p.first
	p.cmd.Stderr = log
	p.cmd.WaitDelay = drain
	inOwnGroup(p.cmd)
	if err := s.begin(p); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", name, err), log.Close())
	}
	go s.await(p, log)
	return p, nil
}

// begin starts a process unless all are being stopped, in which case nothing would stop it.
func (s *supervisor) begin(p *process) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping {
		return context.Canceled
	}
	if err := p.cmd.Start(); err != nil {
		return err
	}
	s.running = append(s.running, p)
	return nil
}

func (s *supervisor) await(p *process, log io.Closer) {
	_ = p.cmd.Wait() // what it says is in ProcessState
	_ = log.Close()
	close(p.gone)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.stopping {
		s.fail(&lostError{program: p.name, state: p.cmd.ProcessState.String()})
	}
}

// stop stops every process, the youngest first, and returns once all are gone: politely, then by force.
func (s *supervisor) stop() {
	s.mu.Lock()
	s.stopping = true
	running := slices.Clone(s.running)
	s.mu.Unlock()
	slices.Reverse(running)
	for _, p := range running {
		p.stop(s.grace)
	}
}

func (p *process) stop(grace time.Duration) {
	interruptGroup(p.cmd.Process.Pid)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.gone:
	case <-timer.C:
	}
	killGroup(p.cmd.Process.Pid)
	<-p.gone
}

func (s *supervisor) log(name string) string { return filepath.Join(s.logs, name+".log") }

// has reports whether a program was started.
func (s *supervisor) has(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.running, func(p *process) bool { return p.name == name })
}

// says returns the first line that a process prints on standard output.
func (p *process) says(ctx context.Context) (string, error) {
	select {
	case <-p.first.ready:
		return p.first.line, nil
	case <-p.gone:
		return "", &partError{p.name, fmt.Errorf("stopped at its start (%s)", p.cmd.ProcessState)}
	case <-ctx.Done():
		return "", &partError{p.name, fmt.Errorf("not ready: %w", context.Cause(ctx))}
	}
}

// firstLine passes on what is written to it, and keeps the first line.
type firstLine struct {
	to    io.Writer
	begin []byte
	line  string
	ready chan struct{}
	done  bool
}

func newFirstLine(to io.Writer) *firstLine {
	return &firstLine{to: to, ready: make(chan struct{})}
}

// Write implements io.Writer, for one goroutine.
func (f *firstLine) Write(output []byte) (int, error) {
	if !f.done {
		f.begin = append(f.begin, output...)
		line, _, complete := bytes.Cut(f.begin, []byte("\n"))
		if complete || len(line) > maxFirstLine {
			f.line, f.begin, f.done = strings.TrimSpace(string(line)), nil, true
			close(f.ready)
		}
	}
	return f.to.Write(output)
}

// tail returns the last lines of a log.
func tail(path string, most int) []string {
	content, err := os.ReadFile(path)
	if err != nil {
		return []string{err.Error()}
	}
	lines := strings.Split(strings.TrimRight(string(content), "\n"), "\n")
	if len(lines) == 1 && lines[0] == "" {
		return nil
	}
	return lines[max(0, len(lines)-most):]
}
