package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/starter/commands"
)

// starterCommands are the commands of starter by name, such as "keyset rotate", each with its flags. The flags of all commands are under
// the empty name.
func starterCommands() map[string]map[string]bool {
	all := map[string]map[string]bool{"": {"help": true}}
	current := ""
	flag := regexp.MustCompile(`^\s+(?:-\w, )?--([a-z][a-z-]*)`)
	for line := range strings.Lines(string(commands.Manual())) {
		if heading := regexp.MustCompile(`^###+ ([a-z -]+)\n`).FindStringSubmatch(line); heading != nil {
			current = heading[1]
			all[current] = map[string]bool{}
		}
		if declared := flag.FindStringSubmatch(line); declared != nil {
			all[current][declared[1]] = true
		}
	}
	// Cobra's own.
	all["help"], all["completion"] = map[string]bool{}, map[string]bool{}
	return all
}

func TestEveryStarterCommandOfAPageExistsWithItsFlags(t *testing.T) {
	t.Parallel()
	known := starterCommands()
	found := 0
	for _, page := range pages(t) {
		for _, command := range commandsOf(read(t, page), "starter") {
			found++
			name := command.words
			for len(name) > 0 && known[strings.Join(name, " ")] == nil {
				name = name[:len(name)-1]
			}
			require.NotEmpty(t, name, "%s: starter has no command of %q", page, command.text)
			for _, flag := range command.flags {
				require.True(t, known[""][flag] || known[strings.Join(name, " ")][flag], "%s: starter %s has no flag --%s", page, strings.Join(name, " "), flag)
			}
		}
	}
	require.Greater(t, found, 100)
}

// TestEveryFlagOfAProgramThatAPageNamesExists looks for the flags of the other programs in their source.
func TestEveryFlagOfAProgramThatAPageNamesExists(t *testing.T) {
	t.Parallel()
	found := 0
	for program, directory := range map[string]string{
		"sandbox": "../sandbox/cmd/sandbox", "devserver": "../devserver", "torture": "../test/torture/cmd/torture", "bench": "../test/bench/cmd/bench",
	} {
		var source strings.Builder
		walk(t, directory, ".go", func(path string) { source.WriteString(read(t, path)) })
		for _, page := range pages(t) {
			for _, command := range commandsOf(read(t, page), program) {
				for _, flag := range command.flags {
					found++
					require.Contains(t, source.String(), `"`+flag+`"`, "%s: %s has no flag --%s", page, program, flag)
				}
			}
		}
	}
	require.Positive(t, found)
}

func TestEveryGoCommandOfAPageNamesPackagesAndTestsThatExist(t *testing.T) {
	t.Parallel()
	found := 0
	for _, page := range pages(t) {
		for _, code := range codeOf(read(t, page)) {
			command := regexp.MustCompile(`\bgo (?:-C \S+ )?(?:test|run|generate|vet|build) [^#|]*`).FindString(code)
			if command == "" {
				continue
			}
			for _, pattern := range regexp.MustCompile(`(?:^| )\./([\w./-]*)`).FindAllStringSubmatch(command, -1) {
				found++
				directory := filepath.Join("..", strings.TrimSuffix(pattern[1], "..."))
				_, err := os.Stat(directory)
				require.NoError(t, err, "%s: %s", page, command)
				run := regexp.MustCompile(`-run '?([^' ]+)`).FindStringSubmatch(command)
				if run == nil || run[1] == "^$" {
					continue
				}
				tests := testsOf(t, directory)
				for _, name := range strings.Split(run[1], "|") {
					require.True(t, matchesAny(t, name, tests), "%s: %s: there is no test %s in %s", page, command, name, directory)
				}
			}
		}
	}
	require.Positive(t, found)
}

func matchesAny(t *testing.T, pattern string, names map[string]bool) bool {
	t.Helper()
	expression, err := regexp.Compile(pattern)
	require.NoError(t, err)
	for name := range names {
		if expression.MatchString(name) {
			return true
		}
	}
	return false
}

// TestTutorialHasTheCommandsThatTheStackPrints compares them, and test/e2e runs what the stack prints.
func TestTutorialHasTheCommandsThatTheStackPrints(t *testing.T) {
	t.Parallel()
	page := read(t, "tutorial/order-by-curl.md")
	for _, command := range commands.StackCommands() {
		require.Contains(t, page, "\n"+command+"\n")
	}
}

// command is a call of a program: its words up to the first flag or argument in another form, and its flags.
type command struct {
	text         string
	words, flags []string
}

// commandsOf are the calls of a program in a page's code. What has no argument is its name only.
func commandsOf(page, program string) []command {
	call := regexp.MustCompile(`(?:^|[$]|bin/|cmd/|\d |exec )` + program + ` ([a-z-][^|;&#>)]*)`)
	var all []command
	for _, code := range codeOf(page) {
		for _, match := range call.FindAllStringSubmatch(code, -1) {
			c := command{text: match[0]}
			words := true
			for _, word := range strings.Fields(match[1]) {
				words = words && regexp.MustCompile(`^[a-z][a-z-]*$`).MatchString(word)
				if words {
					c.words = append(c.words, word)
				}
				if flag := regexp.MustCompile(`^--([a-z][a-z-]*)`).FindStringSubmatch(word); flag != nil {
					c.flags = append(c.flags, flag[1])
				}
			}
			all = append(all, c)
		}
	}
	return all
}

// codeOf are the lines of a page's blocks of shell commands, with those that a backslash continues joined, what is typed in its transcripts,
// and its code among text.
func codeOf(page string) []string {
	var all []string
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(page, -1) {
		all = append(all, strings.Split(strings.ReplaceAll(block[1], "\\\n", " "), "\n")...)
	}
	for _, block := range regexp.MustCompile("(?s)```console\n(.*?)```").FindAllStringSubmatch(page, -1) {
		for _, typed := range regexp.MustCompile(`(?m)^\$ (.*)$`).FindAllStringSubmatch(strings.ReplaceAll(block[1], "\\\n", " "), -1) {
			all = append(all, typed[1])
		}
	}
	for _, inline := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(withoutCode(page), -1) {
		all = append(all, strings.Join(strings.Fields(inline[1]), " "))
	}
	return all
}
