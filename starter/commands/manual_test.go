package commands_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/starter/commands"
)

// guidePath is the hand-written page about the command line.
const guidePath = "docs/reference/starter.md"

// page reads a page by its path from the root of the repository.
func page(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", path))
	require.NoError(t, err)
	return string(content)
}

func TestManualIsUpToDate(t *testing.T) {
	t.Parallel()
	require.Equal(t, string(commands.Manual()), page(t, commands.ManualPath), "run: go generate ./starter/commands")
}

func TestEveryCommandHasAnExample(t *testing.T) {
	t.Parallel()
	for _, section := range strings.Split(string(commands.Manual()), "\n###")[1:] {
		require.Contains(t, section, "```sh\n", section)
	}
}

func TestGuideNamesEveryCommandAndNoOther(t *testing.T) {
	t.Parallel()
	guide := page(t, guidePath)
	var commands []string
	for _, line := range with().completions(t, "") {
		name, _, _ := strings.Cut(line, "\t")
		commands = append(commands, name)
		require.Contains(t, guide, name)
	}
	for _, used := range regexp.MustCompile(`bin/starter ([a-z][a-z-]*)`).FindAllStringSubmatch(guide, -1) {
		require.Contains(t, commands, used[1])
	}
}

func TestGuideNamesEveryFlagOfList(t *testing.T) {
	t.Parallel()
	guide := page(t, guidePath)
	help := with().run(t, "list", "--help").stdout
	_, flags, _ := strings.Cut(help, "Flags:")
	for _, flag := range regexp.MustCompile(`--[a-z-]+`).FindAllString(flags, -1) {
		if flag != "--help" {
			require.Contains(t, guide, "`"+flag+"`")
		}
	}
}

func TestGuideHasTheExitCodesOfTheHelp(t *testing.T) {
	t.Parallel()
	_, codes, _ := strings.Cut(with().run(t, "--help").stdout, "Exit codes:\n")
	documented := regexp.MustCompile(`(?m)^\| (\d) \| (\w+)`).FindAllStringSubmatch(page(t, guidePath), -1)
	require.Len(t, documented, 5)
	for _, row := range documented {
		require.Regexp(t, `(?m)^  `+row[1]+`  `+row[2], codes)
	}
}
