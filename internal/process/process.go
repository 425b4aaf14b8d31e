// Package process runs programs beside this one, for measurements: it starts, stops and kills them, and reads from the Linux
// kernel what they use.
package process

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Program says what to start and how.
type Program struct {
	// Name is the log's too. What precedes the first hyphen is the kind, by which Peaks counts.
	Name string
	// Path of the executable.
	Path      string
	Arguments []string
	// Environment is added to this process's.
	Environment []string
	// LogDir is where what the program writes goes, to a file of its name.
	LogDir string
	// WorkingDir is this process's if it is empty.
	WorkingDir string
	// Sign is in the line that says that the program is ready. One that is Silent says nothing, and is not waited for.
	Sign   string
	Silent bool
	// Peaks are told of its memory; nil for nobody.
	Peaks *Peaks
	// Credential is the user that it runs as; nil is this process's.
	Credential *syscall.Credential
}

// Process is a program that runs, in a process group of its own.
type Process struct {
	name  string
	cmd   *exec.Cmd
	log   string
	gone  chan struct{}
	peaks *Peaks
	line  *waitedLine
}

// Start starts a program and waits until it is ready.
func Start(ctx context.Context, program Program) (*Process, error) {
	log, err := os.OpenFile(filepath.Join(program.LogDir, program.Name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	p := &Process{
		name: program.Name, log: log.Name(), gone: make(chan struct{}), peaks: program.Peaks, line: newWaitedLine(log, program.Sign),
	}
	p.cmd = exec.Command(program.Path, program.Arguments...)
	p.cmd.Env = append(os.Environ(), program.Environment...)
	p.cmd.Dir = program.WorkingDir
	p.cmd.Stdout, p.cmd.Stderr = p.line, p.line
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: program.Credential}
	if err := p.cmd.Start(); err != nil {
		_ = log.Close()
		return nil, fmt.Errorf("start %s: %w", program.Name, err)
	}
	go p.await(log)
	if program.Silent {
		return p, nil
	}
	return p, p.awaitSign(ctx)
}

func (p *Process) await(log io.Closer) {
	ended := make(chan struct{})
	if p.peaks != nil {
		go p.peaks.follow(p, ended)
	}
	_ = p.cmd.Wait() // what it says is in ProcessState
	close(ended)
	_ = log.Close()
	close(p.gone)
}

func (p *Process) awaitSign(ctx context.Context) error {
	select {
	case <-p.line.seen:
		return nil
	case <-p.gone:
		return fmt.Errorf("%s ended at its start (%s):\n%s", p.name, p.cmd.ProcessState, p.LogTail())
	case <-ctx.Done():
		p.Kill()
		return fmt.Errorf("%s is not ready: %w", p.name, context.Cause(ctx))
	}
}

// Kill ends the process as a crash would.
func (p *Process) Kill() {
	p.look()
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // it may have ended
	<-p.gone
}

// Stop asks the process to end, and kills it if it does not. It reports whether it ended well by itself.
func (p *Process) Stop(grace time.Duration) bool {
	p.look()
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-p.gone:
	case <-time.After(grace):
		p.Kill()
	}
	return p.cmd.ProcessState.Success()
}

// Running reports whether the process has not ended.
func (p *Process) Running() bool {
	select {
	case <-p.gone:
		return false
	default:
		return true
	}
}

// Name is the program's.
func (p *Process) Name() string { return p.name }

// ReadyLine is the line that said that the program is ready.
func (p *Process) ReadyLine() string { return p.line.read() }

// tailBytes is how much of a log is shown.
const tailBytes = 4 << 10

// LogTail is the end of what the program has written.
func (p *Process) LogTail() string {
	content, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(content[max(0, len(content)-tailBytes):])
}

func (p *Process) look() {
	if p.peaks != nil {
		p.peaks.look(p)
	}
}
