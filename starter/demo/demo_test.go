//go:build unix

package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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

// actAsDemo is a variable with a directory of programs: with it the test binary runs a demo, so that a test can signal a process.
const actAsDemo = "RAMPART_ACT_AS_DEMO"

func TestMain(m *testing.M) {
	bin, wanted := os.LookupEnv(actAsDemo)
	if !wanted {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	_, err := Run(ctx, Options{
		Bin:         bin,
		Keyset:      codec.KeysetSource{File: filepath.Join(bin, "keyset.json")},
		Environment: variables(nil),
		Screen:      view.NewScreen(os.Stdout),
	})
	fmt.Println(err)
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

// programs returns a directory of stand-ins for the programs. A demo starts only the first of them.
func programs(t *testing.T, first string) string {
	t.Helper()
	bin := t.TempDir()
	script(t, bin, devserver, first)
	script(t, bin, codecServer, "exit 1\n")
	script(t, bin, sandbox, "exit 1\n")
	script(t, bin, worker, "exit 1\n")
	return bin
}

func options(bin string, out *bytes.Buffer) Options {
	return Options{
		Bin:         bin,
		Keyset:      codec.KeysetSource{File: filepath.Join(bin, "keyset.json")},
		Environment: variables{"PATH=" + os.Getenv("PATH")},
		Screen:      view.NewScreen(out),
	}
}

func TestFailingProgramIsNamedWithItsLastLinesAndAllLogs(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	_, err := Run(t.Context(), options(programs(t, "echo cannot listen >&2\nexit 3\n"), &out))

	var failed *FailedError
	require.ErrorAs(t, err, &failed)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(filepath.Dir(failed.Log))) })
	require.ErrorContains(t, err, "devserver")
	require.ErrorContains(t, err, "exit status 3")
	require.Equal(t, []string{"cannot listen"}, failed.Tail)
	require.FileExists(t, failed.Log)
	require.Contains(t, failed.Details(), "The logs of all programs are in "+filepath.Dir(failed.Log)+".")
}

func TestInterruptedDemoLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	line := processtest.NewLifeline(t)
	bin := programs(t, "exec 3>"+line.Path+"\nsleep 1000 &\necho up >&3\nwait\n")
	ctx, interrupt := context.WithCancel(t.Context())
	ended := make(chan error)
	var out bytes.Buffer
	go func() {
		_, err := Run(ctx, options(bin, &out))
		ended <- err
	}()
	line.RequireLine(t, "up")
	interrupt()
	err := <-ended
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "interrupted")
	line.RequireEnd(t)
}

func TestSignalledDemoLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			line := processtest.NewLifeline(t)
			bin := programs(t, "PATH="+os.Getenv("PATH")+"\nexec 3>"+line.Path+"\nsleep 1000 &\necho up >&3\nwait\n")
			self, err := os.Executable()
			require.NoError(t, err)
			cmd := exec.Command(self)
			cmd.Env = append(os.Environ(), actAsDemo+"="+bin)
			var out bytes.Buffer
			cmd.Stdout = &out
			require.NoError(t, cmd.Start())
			line.RequireLine(t, "up")
			require.NoError(t, cmd.Process.Signal(sig))
			require.NoError(t, cmd.Wait())
			require.Contains(t, out.String(), "the demo was interrupted")
			line.RequireEnd(t)
		})
	}
}

func TestMissingProgramIsNamedBeforeAnythingStarts(t *testing.T) {
	t.Parallel()
	bin := programs(t, "exit 1\n")
	require.NoError(t, os.Remove(filepath.Join(bin, worker)))
	var out bytes.Buffer
	_, err := Run(t.Context(), options(bin, &out))
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
	_, err := Run(t.Context(), o)
	require.ErrorContains(t, err, filepath.Join(bin, worker))

	script(t, bin, worker, "exit 1\n")
	_, err = Run(t.Context(), o)
	require.ErrorContains(t, err, filepath.Join(bin, devserver), "no server answers there, so the demo needs its own")
	require.Contains(t, out.String(), "no server answers at TEMPORAL_ADDRESS=127.0.0.1:1")
}

func TestPortInUseIsNamedWithWhatToDo(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", localhost+":0")
	require.NoError(t, err)
	defer listener.Close()
	taken := uint16(listener.Addr().(*net.TCPAddr).Port)
	for flag, set := range map[string]func(*Options){
		"--port":       func(o *Options) { o.Port = taken },
		"--ui-port":    func(o *Options) { o.UIPort = taken },
		"--codec-port": func(o *Options) { o.CodecPort = taken },
	} {
		var out bytes.Buffer
		o := options(programs(t, "exit 1\n"), &out)
		set(&o)
		_, err := Run(t.Context(), o)
		require.ErrorContains(t, err, fmt.Sprintf("port %d of 127.0.0.1 is in use", taken))
		require.ErrorContains(t, err, "choose another port with "+flag+" ")
		var failed *FailedError
		require.False(t, errors.As(err, &failed), "nothing was started")
	}
}

func TestSettingsOfTheCallerDoNotReachTheDemosPrograms(t *testing.T) {
	t.Parallel()
	caller := variables{"PATH=/bin", "ONMETA_API_KEY=real", "TEMPORAL_API_KEY=real", "RAMP_CODEC=real", "RAMP_ALLOW_CLEAR=true"}
	r := &run{Options: Options{Environment: caller}}
	require.Equal(t, []string{"PATH=/bin"}, r.environment())
	require.Equal(t, []string{"PATH=/bin", "TEMPORAL_API_KEY=real", "RAMP_ALLOW_CLEAR=true"}, r.environment("TEMPORAL_", "RAMP_ALLOW_CLEAR="))
	require.Equal(t, "ONMETA_API_KEY=real", caller[1], "the caller's environment is unchanged")
}

func TestNewPollerHasPolledSinceTheDemoBegan(t *testing.T) {
	t.Parallel()
	before := map[string]time.Time{"7@host@": begin()}
	require.False(t, hasNew(nil, before))
	require.False(t, hasNew([]poller{{"7@host@", begin()}}, before))
	require.True(t, hasNew([]poller{{"7@host@", begin().Add(time.Second)}}, before), "another process may have the same id")
	require.True(t, hasNew([]poller{{"7@host@", begin()}, {"8@host@", begin()}}, before))
	require.True(t, hasNew([]poller{{"8@host@", begin()}}, nil))
}

func TestDemoIgnoresPollersWhoseProcessHasExited(t *testing.T) {
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
