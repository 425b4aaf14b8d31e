package e2e_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
)

// buildClient compiles the TypeScript package by Temporal's client, and buildBackend the one over HTTP, once for all tests.
var (
	buildClient = sync.OnceValues(func() (string, error) {
		return buildNode("temporal-typescript", "docs/explanation/security.md") // has the payloads that its tests read
	})
	buildBackend = sync.OnceValues(func() (string, error) {
		return buildNode("typescript", "gateway/api/openapi.json")
	})
)

// buildNode compiles a package of examples outside the repository, because of the packages that npm installs. The files that it needs
// beside its own are at the same relative paths.
func buildNode(example string, needs ...string) (string, error) {
	root := filepath.Join(programs, "node")
	sources, err := filepath.Glob(filepath.Join("../../examples", example, "*.ts"))
	if err != nil {
		return "", err
	}
	for _, name := range []string{"package.json", "package-lock.json", "tsconfig.json", ".npmrc"} {
		sources = append(sources, filepath.Join("../../examples", example, name))
	}
	for _, needed := range needs {
		sources = append(sources, filepath.Join("../..", needed))
	}
	for _, source := range sources {
		within, err := filepath.Rel("../..", source)
		if err != nil {
			return "", err
		}
		if err := copyFile(source, filepath.Join(root, within)); err != nil {
			return "", err
		}
	}
	directory := filepath.Join(root, "examples", example)
	for _, arguments := range [][]string{{"ci", "--no-audit", "--no-fund"}, {"run", "build"}} {
		npm := exec.Command("npm", arguments...)
		npm.Dir = directory
		if output, err := npm.CombinedOutput(); err != nil {
			return "", &nodeError{output: output, err: err}
		}
	}
	return directory, nil
}

// nodeError is a failure of npm with its output.
type nodeError struct {
	output []byte
	err    error
}

func (e *nodeError) Error() string { return e.err.Error() + ":\n" + string(e.output) }

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o600)
}

// node runs a file of tests with Node's test runner, and requires that all pass.
func node(t *testing.T, file string, environment ...string) {
	t.Helper()
	directory, err := buildClient()
	require.NoError(t, err)
	runner := exec.CommandContext(t.Context(), "node", "--test", filepath.Join("build", file))
	runner.Dir = directory
	runner.Env = append(os.Environ(), environment...)
	var output bytes.Buffer
	runner.Stdout, runner.Stderr = &output, &output
	require.NoError(t, runner.Run(), "%s", &output)
	require.Regexp(t, `(?m)^# pass [1-9]`, output.String())
}

func TestNodeCodecReadsTheDocumentedPayloads(t *testing.T) {
	t.Parallel()
	node(t, "codec.test.js")
}

func TestNodeClientRunsOrdersByTheContract(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)

	node(t, "orders.test.js", "TEMPORAL_ADDRESS="+s.Address, "RAMP_KEYSET_FILE="+s.Keyset)

	require.Len(t, s.ledger().Orders, 10, "fourteen references, four of which never had a valid request: one order each")
	require.Equal(t, ramp.Completed, s.requireSchema(buy("node-1")).Status)
	require.Equal(t, ramp.AwaitingPayment, s.requireSchema(buy("node-2")).Status)
	s.requireReplay(buy("node-1"), buy("node-2"), buy("node-12"))
}
