package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
)

// TestTemporalCLIRunsAnOrderByTheREADMEAndNeverASecondOne runs README's own lines, whose codec server and Temporal are elsewhere here.
// It runs in make nightly, because the CLI takes long to build.
func TestTemporalCLIRunsAnOrderByTheREADMEAndNeverASecondOne(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	s.startCodecServer("RAMP_CODEC_ENCODE=true")
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	lines := s.commands(t, string(readme))
	require.Len(t, lines, 5)

	s.shell(t, string(readme), lines[0])
	require.Contains(t, s.shell(t, string(readme), lines[1]), "awaiting_payment")
	s.shell(t, string(readme), lines[2])
	s.awaitStatus(buy("inv-42"), completionTime, ramp.Completed)
	require.Contains(t, s.shell(t, string(readme), lines[3]), "completed")
	require.Contains(t, s.shell(t, string(readme), lines[4]), "KYCStatus")

	policies := regexp.MustCompile(`--id-[a-z-]+ \w+`)
	require.Len(t, policies.FindAllString(lines[0], -1), 2)
	s.shell(t, string(readme), policies.ReplaceAllString(lines[0], "")) // Temporal's default policies start another run
	requireReferenceTaken(t, s.Temporal.GetWorkflow(t.Context(), "onramp/inv-42", ""))
	s.requireOneOrder(t, buy("inv-42"))
}

// commands are README's lines for the CLI, one a command.
func (s *stack) commands(t *testing.T, readme string) []string {
	t.Helper()
	_, section, found := strings.Cut(readme, "### The Temporal CLI")
	require.True(t, found)
	block := regexp.MustCompile("(?s)```sh\n(.*?)```").FindStringSubmatch(section)
	require.Len(t, block, 2)
	block[1] = strings.ReplaceAll(block[1], "\\\n", " ")
	var lines []string
	for line := range strings.Lines(block[1]) {
		if strings.HasPrefix(line, "temporal ") {
			lines = append(lines, strings.ReplaceAll(strings.TrimSpace(line), "127.0.0.1:8234", s.codec))
		}
	}
	return lines
}

// shell runs a line beside README's request of an order.
func (s *stack) shell(t *testing.T, readme, line string) string {
	t.Helper()
	directory := t.TempDir()
	request := regexp.MustCompile("(?s)```json\n(\\{ \"reference\": \"inv-42\".*?)```").FindStringSubmatch(readme)
	require.Len(t, request, 2)
	linked := strings.Replace(request[1], "asha@example.test", "asha+linked@example.test", 1)
	require.NoError(t, os.WriteFile(filepath.Join(directory, "order.json"), []byte(linked), 0o600))
	command := exec.CommandContext(t.Context(), "bash", "-c", line)
	command.Dir = directory
	command.Env = append(os.Environ(), "TEMPORAL_NAMESPACE=default", "TEMPORAL_ADDRESS="+s.Address)
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s\n%s", line, out)
	return string(out)
}
