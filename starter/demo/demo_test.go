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
	"rampart/starter/view"
)

// actAsDemo makes the test binary a demo with the programs of a directory, so that signals can be tried on a process.
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

// variables is a fixed environment.
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

// programs are stand-ins for the four, of which only the first is reached.
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
	line := newLifeline(t)
	bin := programs(t, "exec 3>"+line.path+"\nsleep 1000 &\necho up >&3\nwait\n")
	ctx, interrupt := context.WithCancel(t.Context())
	ended := make(chan error)
	var out bytes.Buffer
	go func() {
		_, err := Run(ctx, options(bin, &out))
		ended <- err
	}()
	line.says(t, "up")
	interrupt()
	err := <-ended
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "interrupted")
	line.ends(t)
}

func TestSignalledDemoLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			line := newLifeline(t)
			bin := programs(t, "PATH="+os.Getenv("PATH")+"\nexec 3>"+line.path+"\nsleep 1000 &\necho up >&3\nwait\n")
			self, err := os.Executable()
			require.NoError(t, err)
			cmd := exec.Command(self)
			cmd.Env = append(os.Environ(), actAsDemo+"="+bin)
			var out bytes.Buffer
			cmd.Stdout = &out
			require.NoError(t, cmd.Start())
			line.says(t, "up")
			require.NoError(t, cmd.Process.Signal(sig))
			require.NoError(t, cmd.Wait())
			require.Contains(t, out.String(), "the demo was interrupted")
			line.ends(t)
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

func TestServerThatIsThereAlreadyNeedsNoDevserver(t *testing.T) {
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
	require.ErrorContains(t, err, filepath.Join(bin, devserver), "nothing answers there, so one of our own is needed")
	require.Contains(t, out.String(), "nothing answers at TEMPORAL_ADDRESS=127.0.0.1:1")
}

func TestTakenPortIsNamedWithWhatToDo(t *testing.T) {
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
		require.ErrorContains(t, err, fmt.Sprintf("port %d of 127.0.0.1 is taken by another program", taken))
		require.ErrorContains(t, err, "choose another with "+flag+" ")
		var failed *FailedError
		require.False(t, errors.As(err, &failed), "nothing was started")
	}
}

func TestSettingsForRealWorkDoNotReachTheDemosPrograms(t *testing.T) {
	t.Parallel()
	kept := without(variables{"PATH=/bin", "ONMETA_API_KEY=real", "TEMPORAL_API_KEY=real", "RAMP_CODEC=real"}, "ONMETA_", "RAMP_", "TEMPORAL_")
	require.Equal(t, []string{"PATH=/bin"}, kept)
}

func TestWorkerHasArrivedOnceATaskQueueHasSeenItSince(t *testing.T) {
	t.Parallel()
	before := map[string]time.Time{"7@host@": begin()}
	require.False(t, hasNew(nil, before))
	require.False(t, hasNew([]poller{{"7@host@", begin()}}, before))
	require.True(t, hasNew([]poller{{"7@host@", begin().Add(time.Second)}}, before), "another process may have the same id")
	require.True(t, hasNew([]poller{{"7@host@", begin()}, {"8@host@", begin()}}, before))
	require.True(t, hasNew([]poller{{"8@host@", begin()}}, nil))
}

func TestOnlyWorkersThatMayStillRunKeepTheDemoAway(t *testing.T) {
	t.Parallel()
	host, err := os.Hostname()
	require.NoError(t, err)
	gone, err := os.StartProcess("/bin/sh", []string{"sh", "-c", "exit 0"}, &os.ProcAttr{})
	require.NoError(t, err)
	_, err = gone.Wait()
	require.NoError(t, err)
	require.True(t, knownGone(fmt.Sprintf("%d@%s@", gone.Pid, host)))
	for _, identity := range []string{
		fmt.Sprintf("%d@%s@", os.Getpid(), host), fmt.Sprintf("%d@elsewhere.example.test@", gone.Pid), "worker-7", "", "0@" + host + "@",
	} {
		require.False(t, knownGone(identity), identity)
	}
}
