package e2e_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	processes "rampart/internal/process"
)

// patience bounds every wait for a process.
const patience = time.Minute

// programs is where TestMain has built what the tests run.
var programs string

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	var err error
	if programs, err = os.MkdirTemp("", "rampart-e2e-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(programs)
	fmt.Println("building devserver, sandbox, worker, starter and codec-server; the first build of the Temporal server takes minutes")
	for _, args := range [][]string{
		{"build", "-C", "../../devserver", "-o", program("devserver"), "."},
		withRace("-o", program("sandbox"), "../../sandbox/cmd/sandbox"),
		withRace("-o", program("worker"), "../../worker"),
		withRace("-o", program("starter"), "../../starter"),
		withRace("-o", program("codec-server"), "../../codec/cmd/codec-server"),
	} {
		if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "go %s: %v\n%s", strings.Join(args, " "), err, out)
			return 1
		}
	}
	return m.Run()
}

func withRace(args ...string) []string {
	return slices.Concat([]string{"build"}, raceFlags(), args)
}

func program(name string) string { return filepath.Join(programs, name) }

// process is a program that runs beside the test, in a process group of its own.
type process struct {
	t      *testing.T
	name   string
	cmd    *exec.Cmd
	stdout *firstLines
	log    string
	done   chan struct{}
	err    error
}

// launch starts a program. It is killed when the test ends, and the end of its log shown if the test failed.
func launch(t *testing.T, name string, environment []string, args ...string) *process {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), name+".log"))
	require.NoError(t, err)
	p := &process{t: t, name: name, log: log.Name(), done: make(chan struct{}), stdout: newFirstLines(log)}
	p.cmd = exec.Command(program(name), args...)
	p.cmd.Dir = ".."
	p.cmd.Env = append(os.Environ(), environment...)
	p.cmd.Stdout, p.cmd.Stderr = p.stdout, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, p.cmd.Start())
	go func() {
		p.err = p.cmd.Wait()
		log.Close()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s ended with %v; its log ends:\n%s", name, p.err, tail(p.log, 60))
		}
	})
	return p
}

// kill ends the process as a crash would.
func (p *process) kill() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // it may have ended
	<-p.done
}

// stop asks the process to end and requires that it does so well and in time.
func (p *process) stop() {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Process.Signal(syscall.SIGTERM))
	p.wait()
	require.NoError(p.t, p.err, "%s did not stop cleanly", p.name)
}

func (p *process) wait() {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		require.Fail(p.t, p.name+" does not end")
	}
}

// line waits for the first line of standard output that begins so, and returns the rest of it.
func (p *process) line(prefix string) string {
	p.t.Helper()
	deadline := time.After(patience)
	for n := 0; ; n++ {
		select {
		case <-deadline:
			require.Failf(p.t, "no such line", "%s did not write a line %q", p.name, prefix)
		case <-p.done:
			require.Failf(p.t, "ended", "%s ended before it wrote a line %q:\n%s", p.name, prefix, tail(p.log, 60))
		case line := <-p.stdout.lines:
			if rest, found := strings.CutPrefix(line, prefix); found {
				return rest
			}
		}
	}
}

// logged waits until the log has this text.
func (p *process) logged(text string) {
	p.t.Helper()
	eventually(p.t, patience, func() error {
		content, err := os.ReadFile(p.log)
		if err == nil && !strings.Contains(string(content), text) {
			err = fmt.Errorf("%s has not logged %q", p.name, text)
		}
		return err
	})
}

// firstLines passes output on and keeps its first lines for who waits for them.
type firstLines struct {
	mu      sync.Mutex
	to      io.Writer
	partial string
	lines   chan string
}

func newFirstLines(to io.Writer) *firstLines {
	return &firstLines{to: to, lines: make(chan string, 100)}
}

func (f *firstLines) Write(data []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.partial += string(data)
	for {
		line, rest, found := strings.Cut(f.partial, "\n")
		if !found {
			break
		}
		f.partial = rest
		select {
		case f.lines <- line:
		default: // nobody waits for so late a line
		}
	}
	return f.to.Write(data)
}

func tail(path string, lines int) string {
	file, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer file.Close()
	var last []string
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		last = append(last, scanner.Text())
		if len(last) > lines {
			last = last[1:]
		}
	}
	return strings.Join(last, "\n")
}

// eventually tries until it succeeds.
func eventually(t *testing.T, within time.Duration, try func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	ticks := time.NewTicker(100 * time.Millisecond)
	defer ticks.Stop()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			require.NoError(t, err, "not within %s", within)
		case <-ticks.C:
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	port, err := processes.FreePort()
	require.NoError(t, err)
	return port
}
