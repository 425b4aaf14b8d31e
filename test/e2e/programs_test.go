package e2e_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/internal/process"
)

// patience bounds every wait for a process.
const patience = time.Minute

// programs is the directory in which TestMain builds the programs.
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
	fmt.Println("building devserver, sandbox, worker, gateway, starter and codec-server; the first build of the Temporal server takes minutes")
	for _, args := range [][]string{
		{"build", "-C", "../../devserver", "-o", program("devserver"), "."},
		// One command links several at once.
		withRace("-o", programs, "../../sandbox/cmd/sandbox", "../../worker", "../../gateway", "../../starter", "../../codec/cmd/codec-server"),
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

// eventually calls try until it returns nil.
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
	port, err := process.FreePort()
	require.NoError(t, err)
	return port
}

func TestEveryProgramSaysItsVersion(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"worker", "gateway", "starter", "codec-server", "sandbox"} {
		out, err := exec.CommandContext(t.Context(), program(name), "--version").CombinedOutput()
		require.NoError(t, err, string(out))
		require.Regexp(t, "^"+name+`(?: version)? \S+ \(.+, go1\.\d+\S*\)\n$`, string(out))
	}
}
