// Package process starts, watches, stops and measures child programs. The demo, the end-to-end tests, the torture runs and the
// benchmarks share it. Each program runs in a process group of its own and writes its output to a log file. On Linux, programs stop when the
// process that started them ends, however it ends.
package process

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// pollEvery is the time between two checks of a condition that a program does not announce.
const pollEvery = 50 * time.Millisecond

// Program describes a program to start.
type Program struct {
	// Name identifies the program in errors and names its log. The part before the first hyphen is its kind (see Group.PeakMemory).
	Name string
	// Path is the path of the executable.
	Path      string
	Arguments []string
	// Environment is the complete environment; nil means that of this process.
	Environment []string
	// Dir is the working directory; empty means that of this process.
	Dir string
	// Adjust, if set, changes the command before it starts, for example to run it as another user.
	Adjust func(*exec.Cmd)
}

// Group starts programs and stops all of them. Its methods are safe for concurrent use.
type Group struct {
	// Logs is the directory of the logs. A program appends its standard output and standard error to NAME.log.
	Logs string
	// Lost, if set, is called when a program exits that was not stopped.
	Lost func(*ExitError)

	mu        sync.Mutex
	processes []*Process
	stopped   bool
}

// ExitError reports that a program exited although it was expected to run.
type ExitError struct {
	// Program is the program's name.
	Program string
	// State is its exit code or the signal that ended it, in words.
	State string
	// Log is the path of its log.
	Log string
}

// Error implements error.
func (e *ExitError) Error() string {
	return fmt.Sprintf("%s exited unexpectedly (%s)", e.Program, e.State)
}

// Process is a program that was started.
type Process struct {
	name   string
	log    string
	offset int64 // where this process's output begins in its log
	cmd    *exec.Cmd
	exited chan struct{}

	mu       sync.Mutex
	stopping bool
	peak     int64
}

// Start starts a program. It fails with context.Canceled once the group is stopped.
func (g *Group) Start(program Program) (*Process, error) {
	log, err := os.OpenFile(filepath.Join(g.Logs, program.Name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start %s: open its log: %w", program.Name, err)
	}
	defer log.Close() // the program has its own copy
	info, err := log.Stat()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", program.Name, err)
	}
	p := &Process{name: program.Name, log: log.Name(), offset: info.Size(), exited: make(chan struct{})}
	p.cmd = exec.Command(program.Path, program.Arguments...)
	p.cmd.Env, p.cmd.Dir = program.Environment, program.Dir
	// A file, not a pipe: Wait does not block on what the program has started, and nothing that it writes is lost if this process crashes.
	p.cmd.Stdout, p.cmd.Stderr = log, log
	setGroup(p.cmd)
	if program.Adjust != nil {
		program.Adjust(p.cmd)
	}
	if err := g.start(p); err != nil {
		return nil, fmt.Errorf("start %s: %w", program.Name, err)
	}
	go g.wait(p)
	return p, nil
}

func (g *Group) start(p *Process) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopped {
		return context.Canceled
	}
	if err := startCommand(p.cmd); err != nil {
		return err
	}
	g.processes = append(g.processes, p)
	return nil
}

// wait waits for a process to exit and kills what is left of its group.
func (g *Group) wait(p *Process) {
	_ = p.cmd.Wait() // ProcessState has the result
	killGroup(p.cmd)
	p.mu.Lock()
	stopping := p.stopping
	p.mu.Unlock()
	close(p.exited)
	if !stopping && g.Lost != nil {
		g.Lost(p.exitError())
	}
}

// Stop stops every process, the youngest first, and returns once all have exited. It kills those that do not exit within grace.
func (g *Group) Stop(grace time.Duration) {
	g.mu.Lock()
	g.stopped = true
	all := slices.Clone(g.processes)
	g.mu.Unlock()
	for _, p := range all {
		p.expectExit() // one may depend on another
	}
	for _, p := range slices.Backward(all) {
		p.Stop(grace)
	}
}

// Running returns the processes that have not exited, the oldest first.
func (g *Group) Running() []*Process {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(g.processes), func(p *Process) bool { return !p.Running() })
}

// Find returns the latest process of a name; nil if none was started.
func (g *Group) Find(name string) *Process {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, p := range slices.Backward(g.processes) {
		if p.name == name {
			return p
		}
	}
	return nil
}

// Name returns the program's name.
func (p *Process) Name() string { return p.name }

// PID returns the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Log returns the path of the program's log.
func (p *Process) Log() string { return p.log }

// Running reports whether the process has not exited.
func (p *Process) Running() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// Kill ends the process group at once, as a crash would, and returns once the process has exited.
func (p *Process) Kill() {
	p.expectExit()
	if p.Running() {
		killGroup(p.cmd)
	}
	<-p.exited
}

// Stop sends SIGTERM, kills the process if it does not exit within grace, and reports whether it exited with code 0.
func (p *Process) Stop(grace time.Duration) bool {
	p.expectExit()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		grace = 0 // it has exited, or the system has no such signal
	}
	select {
	case <-p.exited:
	case <-time.After(grace):
		p.Kill()
	}
	return p.cmd.ProcessState.Success()
}

// expectExit notes that the process is being stopped, and the peak of its memory while it can still be read.
func (p *Process) expectExit() {
	peak := p.readPeak()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopping, p.peak = true, peak
}

// Wait blocks until the process has exited, and returns its exit code; -1 means that a signal ended it.
func (p *Process) Wait(ctx context.Context) (int, error) {
	select {
	case <-p.exited:
		return p.cmd.ProcessState.ExitCode(), nil
	case <-ctx.Done():
		return 0, fmt.Errorf("%s does not exit: %w", p.name, context.Cause(ctx))
	}
}

// Until blocks until ready returns nil. It fails if the process exits or ctx ends before.
func (p *Process) Until(ctx context.Context, ready func() error) error {
	ticks := time.NewTicker(pollEvery)
	defer ticks.Stop()
	for {
		running := p.Running() // checked first, so that ready sees all that the program has done
		err := ready()
		if err == nil {
			return nil
		}
		if !running {
			return p.exitError()
		}
		select {
		case <-p.exited:
		case <-ticks.C:
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w (%w)", p.name, err, context.Cause(ctx))
		}
	}
}

// UntilLine blocks until the program has written a line that contains text, and returns the first such line.
func (p *Process) UntilLine(ctx context.Context, text string) (string, error) {
	log, err := os.Open(p.log)
	if err != nil {
		return "", err
	}
	defer log.Close()
	if _, err := log.Seek(p.offset, io.SeekStart); err != nil {
		return "", err
	}
	output, line := bufio.NewReader(log), ""
	err = p.Until(ctx, func() error {
		for {
			read, err := output.ReadString('\n')
			line += read
			if err != nil {
				return fmt.Errorf("no line with %q in its output", text) // so far
			}
			if strings.Contains(line, text) {
				return nil
			}
			line = ""
		}
	})
	return strings.TrimSpace(line), err
}

// UntilHealthy blocks until a GET of url returns 200.
func (p *Process) UntilHealthy(ctx context.Context, url string) error {
	return p.Until(ctx, func() error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("GET %s: %s", url, response.Status)
		}
		return nil
	})
}

func (p *Process) exitError() *ExitError {
	return &ExitError{Program: p.name, State: p.cmd.ProcessState.String(), Log: p.log}
}

// Tail returns the last lines of a log; if it cannot be read, the reason.
func Tail(log string, lines int) []string {
	content, err := os.ReadFile(log)
	if err != nil {
		return []string{err.Error()}
	}
	text := strings.TrimRight(string(content), "\n")
	if text == "" {
		return nil
	}
	all := strings.Split(text, "\n")
	return all[max(0, len(all)-lines):]
}
