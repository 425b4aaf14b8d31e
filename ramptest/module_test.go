package ramptest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/ramptest"
)

// The tests of a backend are in a module of its own beside a checkout. They have no programs, and run by the commands of the page.
func TestTestsOfAnotherModuleRunByTheCommandsOfThePage(t *testing.T) {
	t.Parallel()
	ramptest.Start(t) // so that the programs are built
	parent := t.TempDir()
	module := filepath.Join(parent, "shop")
	require.NoError(t, os.Mkdir(module, 0o700))
	example, err := os.ReadFile("example_test.go")
	require.NoError(t, err)
	test := strings.Replace(string(example), "package ramptest_test", "package shop_test", 1)
	require.NoError(t, os.WriteFile(filepath.Join(module, "order_test.go"), []byte(test), 0o600))
	checkout, err := filepath.Abs("..")
	require.NoError(t, err)
	require.NoError(t, os.Symlink(checkout, filepath.Join(parent, "rampart")))
	for _, command := range append([]string{"go mod init example.test/shop"}, moduleCommands(t)...) {
		words := strings.Fields(command)
		run := exec.CommandContext(t.Context(), words[0], words[1:]...)
		run.Dir = module
		// The modules are those that this one has checked already.
		run.Env = append(os.Environ(), "GONOSUMDB=*", "GOFLAGS=-mod=mod", "GOWORK=off", "RAMPTEST_BIN=")
		output, err := run.CombinedOutput()
		require.NoError(t, err, "%s: %s", command, output)
	}
}

// moduleCommands are the commands by which docs/how-to/test-your-backend.md adds package ramptest to a module, and runs its tests.
func moduleCommands(t *testing.T) []string {
	t.Helper()
	page, err := os.ReadFile("../docs/how-to/test-your-backend.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(page), "## In tests in Go")
	require.True(t, found)
	_, block, found := strings.Cut(section, "```sh\n")
	require.True(t, found)
	block, _, _ = strings.Cut(block, "```")
	require.Contains(t, block, "go test")
	return strings.Split(strings.TrimSpace(block), "\n")
}
