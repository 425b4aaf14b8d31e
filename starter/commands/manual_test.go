package commands_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestManualNamesEveryCommandAndNoOther(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../../docs/reference/starter.md")
	require.NoError(t, err)
	manual := string(content)
	var commands []string
	for _, line := range with().completions(t, "") {
		name, _, _ := strings.Cut(line, "\t")
		commands = append(commands, name)
		require.Contains(t, manual, name)
	}
	for _, typed := range regexp.MustCompile(`bin/starter ([a-z][a-z-]*)`).FindAllStringSubmatch(manual, -1) {
		require.Contains(t, commands, typed[1])
	}
}

func TestManualNamesEveryFlagOfList(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../../docs/reference/starter.md")
	require.NoError(t, err)
	help := with().run(t, "list", "--help").stdout
	_, flags, _ := strings.Cut(help, "Flags:")
	for _, flag := range regexp.MustCompile(`--[a-z-]+`).FindAllString(flags, -1) {
		if flag != "--help" {
			require.Contains(t, string(content), "`"+flag+"`")
		}
	}
}

// The manual has the exit codes of the help.
func TestManualHasTheExitCodesOfTheHelp(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../../docs/reference/starter.md")
	require.NoError(t, err)
	_, codes, _ := strings.Cut(with().run(t, "--help").stdout, "Exit codes:\n")
	documented := regexp.MustCompile(`(?m)^\| (\d) \| (\w+)`).FindAllStringSubmatch(string(content), -1)
	require.Len(t, documented, 5)
	for _, row := range documented {
		require.Regexp(t, `(?m)^  `+row[1]+`  `+row[2], codes)
	}
}
