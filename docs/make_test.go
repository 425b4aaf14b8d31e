package docs_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// targets are the targets of the Makefile that people call, and whether make help lists them.
func targets(t *testing.T) map[string]bool {
	t.Helper()
	makefile := read(t, "../Makefile")
	all := map[string]bool{}
	for _, line := range regexp.MustCompile(`(?m)^\.PHONY: (.*)$`).FindAllStringSubmatch(makefile, -1) {
		for _, target := range strings.Fields(line[1]) {
			all[target] = regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(target) + `:.* ## (?:Try|Test|Record|Measure): \S`).MatchString(makefile)
		}
	}
	return all
}

func TestMakeHelpListsEveryTarget(t *testing.T) {
	t.Parallel()
	for target, listed := range targets(t) {
		require.True(t, listed || target == "FORCE", "make help does not list %s", target)
	}
}

func TestEveryMakeCommandOfAPageExists(t *testing.T) {
	t.Parallel()
	exist := targets(t)
	for _, page := range pages(t) {
		for _, command := range regexp.MustCompile("(?m)(?:`|^)make ([a-z][a-z0-9-]*)").FindAllStringSubmatch(read(t, page), -1) {
			require.Contains(t, exist, command[1], page)
		}
	}
}
