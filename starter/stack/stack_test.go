//go:build unix

package stack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/codec"
	"rampart/internal/process/processtest"
	"rampart/starter/view"
)

// actAsStack is a variable with a directory of programs: with it the test binary runs a stack, so that a test can signal a process.
const actAsStack = "RAMPART_ACT_AS_STACK"

func TestMain(m *testing.M) {
	bin, wanted := os.LookupEnv(actAsStack)
	if !wanted {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	o := options(bin, os.Stdout)
	o.Environment = variables(nil)
	fmt.Println(Run(ctx, o, unused))
}

// variables implements envconfig.EnvLookup.
type variables []string

func (v variables) Environ() []string { return v }

func (v variables) LookupEnv(name string) (string, bool) {
	for _, variable := range v {
		if rest, found := bytes.CutPrefix([]byte(variable), []byte(name+"=")); found {
			return string(rest), true
		}
	}
	return "", false
}

// script writes a shell script that is used as a program.
func script(t *testing.T, directory, name, body string) {
	t.Helper()
	// A process that another test forks meanwhile would keep the file open for writing, so that it could not be executed.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	require.NoError(t, os.WriteFile(filepath.Join(directory, name), []byte("#!/bin/sh\n"+body), 0o700))
}

// began is when a stack was started.
var began = time.Date(2026, time.November, 23, 6, 0, 0, 0, time.UTC)

// unused is the use of a stack that does not start.
func unused(context.Context, *Stack) error { return errors.New("the stack has started") }

// programs returns a directory of stand-ins for the programs. A stack starts only the first of them.
func programs(t *testing.T, first string) string {
	t.Helper()
	bin := t.TempDir()
	script(t, bin, devserver, first)
	script(t, bin, codecServer, "exit 1\n")
	script(t, bin, sandbox, "exit 1\n")
	script(t, bin, worker, "exit 1\n")
	script(t, bin, gateway, "exit 1\n")
	return bin
}

func options(bin string, out io.Writer) Options {
	return Options{
		Purpose:     "test",
		Bin:         bin,
		Keyset:      codec.KeysetSource{File: filepath.Join(bin, "keyset.json")},
		Environment: variables{"PATH=" + os.Getenv("PATH")},
		Screen:      view.NewScreen(out),
	}
}

func TestFailingProgramIsNamedWithItsLastLinesAndAllLogs(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	err := Run(t.Context(), options(programs(t, "echo cannot listen >&2\nexit 3\n"), &out), unused)

	var failed *FailedError
	require.ErrorAs(t, err, &failed)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(filepath.Dir(failed.Log))) })
	require.ErrorContains(t, err, "devserver")
	require.ErrorContains(t, err, "exit status 3")
	require.Equal(t, []string{"cannot listen"}, failed.Tail)
	require.FileExists(t, failed.Log)
	require.Contains(t, failed.Details(), "The logs of all programs are in "+filepath.Dir(failed.Log)+".")
}

func TestInterruptedStackLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	line := processtest.NewLifeline(t)
	bin := programs(t, "exec 3>"+line.Path+"\nsleep 1000 &\necho up >&3\nwait\n")
	ctx, interrupt := context.WithCancel(t.Context())
	ended := make(chan error)
	var out bytes.Buffer
	go func() {
		ended <- Run(ctx, options(bin, &out), unused)
	}()
	line.RequireLine(t, "up")
	interrupt()
	err := <-ended
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "interrupted")
	line.RequireEnd(t)
}

func TestSignalledStackLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			line := processtest.NewLifeline(t)
			bin := programs(t, "PATH="+os.Getenv("PATH")+"\nexec 3>"+line.Path+"\nsleep 1000 &\necho up >&3\nwait\n")
			self, err := os.Executable()
			require.NoError(t, err)
			cmd := exec.Command(self)
			cmd.Env = append(os.Environ(), actAsStack+"="+bin)
			var out bytes.Buffer
			cmd.Stdout = &out
			require.NoError(t, cmd.Start())
			line.RequireLine(t, "up")
			require.NoError(t, cmd.Process.Signal(sig))
			require.NoError(t, cmd.Wait())
			require.Contains(t, out.String(), "the test was interrupted")
			line.RequireEnd(t)
		})
	}
}

func TestMissingProgramIsNamedBeforeAnythingStarts(t *testing.T) {
	t.Parallel()
	bin := programs(t, "exit 1\n")
	require.NoError(t, os.Remove(filepath.Join(bin, worker)))
	var out bytes.Buffer
	err := Run(t.Context(), options(bin, &out), unused)
	require.ErrorContains(t, err, filepath.Join(bin, worker))
	require.ErrorContains(t, err, "make build")
	require.Empty(t, out.String())
}

func TestExistingServerNeedsNoDevserver(t *testing.T) {
	t.Parallel()
	bin := programs(t, "exit 1\n")
	require.NoError(t, os.Remove(filepath.Join(bin, devserver)))
	require.NoError(t, os.Remove(filepath.Join(bin, worker)))
	var out bytes.Buffer
	o := options(bin, &out)
	o.Environment = variables{"TEMPORAL_ADDRESS=127.0.0.1:1"}
	err := Run(t.Context(), o, unused)
	require.ErrorContains(t, err, filepath.Join(bin, worker))

	script(t, bin, worker, "exit 1\n")
	err = Run(t.Context(), o, unused)
	require.ErrorContains(t, err, filepath.Join(bin, devserver), "no server answers there, so the stack needs its own")
	require.Contains(t, out.String(), "no server answers at TEMPORAL_ADDRESS=127.0.0.1:1")
}

func TestPortInUseIsNamedWithWhatToDo(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", localhost+":0")
	require.NoError(t, err)
	defer listener.Close()
	taken := uint16(listener.Addr().(*net.TCPAddr).Port)
	for flag, set := range map[string]func(*Options){
		"--port":         func(o *Options) { o.Ports.Temporal = taken },
		"--ui-port":      func(o *Options) { o.Ports.UI = taken },
		"--codec-port":   func(o *Options) { o.Ports.Codec = taken },
		"--gateway-port": func(o *Options) { o.Ports.Gateway = taken },
		"--sandbox-port": func(o *Options) { o.Ports.Sandbox = taken },
		"--events-port":  func(o *Options) { o.Ports.Events = taken },
	} {
		var out bytes.Buffer
		o := options(programs(t, "exit 1\n"), &out)
		set(&o)
		err := Run(t.Context(), o, unused)
		require.ErrorContains(t, err, fmt.Sprintf("port %d of 127.0.0.1 is in use", taken))
		require.ErrorContains(t, err, "choose another port with "+flag+" ")
		var failed *FailedError
		require.False(t, errors.As(err, &failed), "nothing was started")
	}
}

func TestSettingsOfTheCallerDoNotReachThePrograms(t *testing.T) {
	t.Parallel()
	caller := variables{"PATH=/bin", "ONMETA_API_KEY=real", "TEMPORAL_API_KEY=real", "RAMP_CODEC=real", "RAMP_ALLOW_CLEAR=true"}
	r := &Stack{options: Options{Environment: caller}}
	require.Equal(t, []string{"PATH=/bin"}, r.environment())
	require.Equal(t, []string{"PATH=/bin", "TEMPORAL_API_KEY=real", "RAMP_ALLOW_CLEAR=true"}, r.environment("TEMPORAL_", "RAMP_ALLOW_CLEAR="))
	require.Equal(t, "ONMETA_API_KEY=real", caller[1], "the caller's environment is unchanged")
}

func TestNewPollerHasPolledSinceTheStackBegan(t *testing.T) {
	t.Parallel()
	before := map[string]time.Time{"7@host@": began}
	require.False(t, hasNew(nil, before))
	require.False(t, hasNew([]poller{{"7@host@", began}}, before))
	require.True(t, hasNew([]poller{{"7@host@", began.Add(time.Second)}}, before), "another process may have the same id")
	require.True(t, hasNew([]poller{{"7@host@", began}, {"8@host@", began}}, before))
	require.True(t, hasNew([]poller{{"8@host@", began}}, nil))
}

func TestPollersWhoseProcessHasExitedAreIgnored(t *testing.T) {
	t.Parallel()
	host, err := os.Hostname()
	require.NoError(t, err)
	ended, err := os.StartProcess("/bin/sh", []string{"sh", "-c", "exit 0"}, &os.ProcAttr{})
	require.NoError(t, err)
	_, err = ended.Wait()
	require.NoError(t, err)
	require.True(t, exited(fmt.Sprintf("%d@%s@", ended.Pid, host)))
	for _, identity := range []string{
		fmt.Sprintf("%d@%s@", os.Getpid(), host), fmt.Sprintf("%d@elsewhere.example.test@", ended.Pid), "worker-7", "", "0@" + host + "@",
	} {
		require.False(t, exited(identity), identity)
	}
}
