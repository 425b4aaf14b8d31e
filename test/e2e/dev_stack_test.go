//go:build unix

package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/internal/process"
	"rampart/internal/process/processtest"
	"rampart/ramp"
)

// devStack is a running starter dev, on free ports.
type devStack struct {
	*process.Process
	dir string
	// line is open in every process of the stack.
	line *processtest.Lifeline
}

// startDev starts the stack, and returns once it has printed how to use it.
func startDev(t *testing.T, bin string) *devStack {
	t.Helper()
	d := &devStack{dir: t.TempDir(), line: processtest.NewLifeline(t)}
	group := &process.Group{Logs: d.dir}
	t.Cleanup(func() { group.Stop(patience) })
	var err error
	d.Process, err = group.Start(process.Program{
		Name: "dev", Path: "/bin/sh",
		Arguments: []string{"-c", `line=$1; shift; exec 3>"$line"; exec "$@"`, "sh", d.line.Path, program("starter"), "dev", "--free-ports", "--bin", bin,
			"--config", "../../temporal-dev.yaml", "--keyset", filepath.Join(d.dir, "keyset.json"), "--speed", "60"},
		Environment: append(os.Environ(), "NO_COLOR=1", "TEMPORAL_ADDRESS=", "TMPDIR="+d.dir),
	})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	_, err = d.UntilLine(ctx, "See all orders:")
	require.NoError(t, err, "%s", tail(d.Log(), 60))
	return d
}

// shell runs the command that the stack has printed under a title, as it is printed, and returns its output. curl appends the status of the
// answer.
func (d *devStack) shell(t *testing.T, title string) string {
	t.Helper()
	return d.shellFor(t, "inv-42", title)
}

// shellFor is shell for another order.
func (d *devStack) shellFor(t *testing.T, reference, title string) string {
	t.Helper()
	printed, err := os.ReadFile(d.Log())
	require.NoError(t, err)
	_, command, found := strings.Cut(string(printed), "\n"+title+"\n")
	require.True(t, found, title)
	command, _, _ = strings.Cut(command, "\n\n")
	command = strings.ReplaceAll(command, "inv-42", reference)
	require.NoError(t, os.WriteFile(filepath.Join(d.dir, ".curlrc"), []byte(`write-out = "\n%{http_code}\n"`), 0o600))
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", command)
	cmd.Env = append(os.Environ(), "CURL_HOME="+d.dir)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s\n%s", command, out)
	return string(out)
}

// awaitCompletion reads an order until it has completed.
func (d *devStack) awaitCompletion(t *testing.T, reference string) {
	t.Helper()
	eventually(t, completionTime, func() error {
		answer, _, _ := strings.Cut(d.shellFor(t, reference, "Read the order:"), "\n")
		var order ramp.Order
		if err := json.Unmarshal([]byte(answer), &order); err != nil {
			return err
		}
		if order.Status != ramp.Completed {
			return fmt.Errorf("the order is %s", order.Status)
		}
		return nil
	})
}

func TestCurlRunsAnOrderByWhatTheStackPrints(t *testing.T) {
	t.Parallel()
	d := startDev(t, programs)

	started := d.shell(t, "Start an order, and get what its user must pay:")
	require.Contains(t, started, "\n201\n")
	require.Contains(t, started, "upi://pay?")
	require.Contains(t, d.shell(t, "The user has paid: submit the UTR of the payment."), "\n200\n")
	d.awaitCompletion(t, "inv-42")

	d.shellFor(t, "inv-43", "Start an order, and get what its user must pay:")
	d.shellFor(t, "inv-43", "Or complete it by command, as if the user had paid:")
	d.awaitCompletion(t, "inv-43")
	require.Contains(t, d.shell(t, "See all orders:"), "inv-42")

	require.NoError(t, syscall.Kill(d.PID(), syscall.SIGINT)) // Ctrl-C
	code, err := d.Wait(t.Context())
	require.NoError(t, err)
	require.Zero(t, code, tail(d.Log(), 20))
	d.line.RequireEnd(t)
}

func TestStackEndsWithAProgramThatDies(t *testing.T) {
	t.Parallel()
	bin, pid := t.TempDir(), filepath.Join(t.TempDir(), "pid")
	for _, name := range []string{"devserver", "sandbox", "gateway", "codec-server"} {
		require.NoError(t, os.Symlink(program(name), filepath.Join(bin, name)))
	}
	wrapper := fmt.Sprintf("#!/bin/sh\necho $$ >%s\nexec %s\n", pid, program("worker"))
	require.NoError(t, os.WriteFile(filepath.Join(bin, "worker"), []byte(wrapper), 0o700))
	d := startDev(t, bin)

	written, err := os.ReadFile(pid)
	require.NoError(t, err)
	worker, err := strconv.Atoi(strings.TrimSpace(string(written)))
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(worker, syscall.SIGKILL))
	code, err := d.Wait(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, code)
	d.line.RequireEnd(t)
	end := tail(d.Log(), 40)
	require.Contains(t, end, "the stack failed: worker exited unexpectedly (signal: killed)")
	require.Contains(t, end, "The last lines of ")
	require.Contains(t, end, "worker started")
}
