package torture

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is a program that runs, in a process group of its own.
type process struct {
	name string
	cmd  *exec.Cmd
	log  string
	gone chan struct{}
	peak *peaks
	line *waitedLine
}

// launch starts a program whose output goes to a log of its name, and waits until it is ready.
func launch(ctx context.Context, l launching) (*process, error) {
	log, err := os.OpenFile(filepath.Join(l.dir, l.name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	p := &process{name: l.name, log: log.Name(), gone: make(chan struct{}), peak: l.peaks, line: newWaitedLine(log, l.sign)}
	p.cmd = exec.Command(l.program, l.arguments...)
	p.cmd.Env = append(os.Environ(), l.environment...)
	p.cmd.Dir = l.workingDir
	p.cmd.Stdout, p.cmd.Stderr = p.line, p.line
	p.cmd.SysProcAttr = l.attributes()
	if err := p.cmd.Start(); err != nil {
		_ = log.Close()
		return nil, fmt.Errorf("start %s: %w", l.name, err)
	}
	go p.await(log)
	if l.silent {
		return p, nil
	}
	return p, p.awaitSign(ctx)
}

// launching says what to start and how.
type launching struct {
	name, program string
	arguments     []string
	environment   []string
	dir           string
	workingDir    string
	// sign is in the line that says that the program is ready. One that is silent says nothing.
	sign       string
	silent     bool
	peaks      *peaks
	credential *syscall.Credential
}

func (l launching) attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Credential: l.credential}
}

func (p *process) await(log io.Closer) {
	ended := make(chan struct{})
	go p.peak.follow(p.name, p.cmd.Process.Pid, ended)
	_ = p.cmd.Wait() // what it says is in ProcessState
	close(ended)
	_ = log.Close()
	close(p.gone)
}

func (p *process) awaitSign(ctx context.Context) error {
	select {
	case <-p.line.seen:
		return nil
	case <-p.gone:
		return fmt.Errorf("%s ended at its start (%s):\n%s", p.name, p.cmd.ProcessState, tail(p.log))
	case <-ctx.Done():
		p.kill()
		return fmt.Errorf("%s is not ready: %w", p.name, context.Cause(ctx))
	}
}

// kill ends the process as a crash would.
func (p *process) kill() {
	p.peak.look(p.name, p.cmd.Process.Pid)
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // it may have ended
	<-p.gone
}

// stop asks the process to end, and kills it if it does not. It reports whether it ended well by itself.
func (p *process) stop(grace time.Duration) bool {
	p.peak.look(p.name, p.cmd.Process.Pid)
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-p.gone:
	case <-time.After(grace):
		p.kill()
	}
	return p.cmd.ProcessState.Success()
}

func (p *process) running() bool {
	select {
	case <-p.gone:
		return false
	default:
		return true
	}
}

// waitedLine passes output on until a line of it is the one that is waited for, and after.
type waitedLine struct {
	mu      sync.Mutex
	to      io.Writer
	sign    string
	partial []byte
	text    string
	seen    chan struct{}
	done    bool
}

func newWaitedLine(to io.Writer, sign string) *waitedLine {
	return &waitedLine{to: to, sign: sign, seen: make(chan struct{})}
}

// Write implements io.Writer.
func (w *waitedLine) Write(output []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.done {
		w.partial = append(w.partial, output...)
		w.look()
	}
	return w.to.Write(output)
}

func (w *waitedLine) look() {
	for {
		line, rest, complete := bytes.Cut(w.partial, []byte("\n"))
		if !complete {
			return
		}
		w.partial = rest
		if strings.Contains(string(line), w.sign) {
			w.text, w.done, w.partial = string(line), true, nil
			close(w.seen)
			return
		}
	}
}

// tailBytes is how much of a log is shown.
const tailBytes = 4 << 10

func tail(path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(content[max(0, len(content)-tailBytes):])
}

// peaks are the most memory that each program had resident, in bytes, over all its processes.
type peaks struct {
	mu      sync.Mutex
	highest map[string]int64
}

func newPeaks() *peaks { return &peaks{highest: map[string]int64{}} }

// lookEvery is how often a process's memory is looked at. The kernel keeps the peak, so that only what comes within this
// time before a process ends by itself can be missed.
const lookEvery = time.Second

func (p *peaks) follow(name string, pid int, ended <-chan struct{}) {
	ticks := time.NewTicker(lookEvery)
	defer ticks.Stop()
	for {
		select {
		case <-ended:
			return
		case <-ticks.C:
			p.look(name, pid)
		}
	}
}

func (p *peaks) look(name string, pid int) {
	file, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return
	}
	defer file.Close()
	kind, _, _ := strings.Cut(name, "-")
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if rest, found := strings.CutPrefix(lines.Text(), "VmHWM:"); found {
			kilobytes, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64) // a foreign format shows as 0
			p.raise(kind, kilobytes<<10)
		}
	}
}

func (p *peaks) raise(kind string, bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.highest[kind] = max(p.highest[kind], bytes)
}

func (p *peaks) all() map[string]int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make(map[string]int64, len(p.highest))
	for name, bytes := range p.highest {
		all[name] = bytes
	}
	return all
}
