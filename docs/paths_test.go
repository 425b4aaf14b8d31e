package docs_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEveryFileAndDirectoryThatAPageNamesExists looks at code among text that begins with a directory of the repository. What builds and
// runs make is left out.
func TestEveryFileAndDirectoryThatAPageNamesExists(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir("..")
	require.NoError(t, err)
	top := map[string]bool{}
	for _, entry := range entries {
		top[entry.Name()] = entry.IsDir() && entry.Name() != "bin"
	}
	found := 0
	for _, page := range pages(t) {
		for _, name := range regexp.MustCompile("`([\\w.-]+)(/[\\w./*-]*)`").FindAllStringSubmatch(withoutCode(read(t, page)), -1) {
			if !top[name[1]] {
				continue
			}
			found++
			path := strings.TrimSuffix(name[1]+name[2], "/...")
			matches, err := filepath.Glob(filepath.Join("..", path))
			require.NoError(t, err)
			require.NotEmpty(t, matches, "%s names %s", page, path)
		}
	}
	require.Greater(t, found, 50)
}

func TestEveryPageIsInTheIndex(t *testing.T) {
	t.Parallel()
	index := read(t, "README.md")
	walk(t, ".", ".md", func(path string) {
		require.True(t, path == "README.md" || strings.Contains(index, "]("+filepath.ToSlash(path)+")"), "docs/README.md has no link to %s", path)
	})
}

// TestMetricsOfThePageAreThoseOfTheCode compares the table of metrics with the names in the code. Prometheus' exporter appends the unit and,
// to a counter, "_total".
func TestMetricsOfThePageAreThoseOfTheCode(t *testing.T) {
	t.Parallel()
	registered := map[string]bool{}
	for _, directory := range []string{"internal", "worker", "gateway", "workflows", "activities", "onmeta", "codec", "reconcile"} {
		walk(t, "../"+directory, ".go", func(path string) {
			if strings.HasSuffix(path, "_test.go") {
				return
			}
			for _, name := range regexp.MustCompile(`"(ramp_[a-z_]+)"`).FindAllStringSubmatch(read(t, path), -1) {
				registered[name[1]] = true
			}
		})
	}
	require.NotEmpty(t, registered)
	page := read(t, "reference/observability.md")
	listed := map[string]bool{}
	for _, row := range rowsOf(part(t, page, "## Metrics")) {
		for _, name := range regexp.MustCompile("`(ramp_[a-z_]+)`").FindAllStringSubmatch(strings.Split(row, "|")[1], -1) {
			listed[exported.ReplaceAllString(name[1], "")] = true
		}
	}
	require.Equal(t, registered, listed)
	for _, other := range pages(t) {
		for _, name := range regexp.MustCompile(`\b(ramp_[a-z_]+)`).FindAllStringSubmatch(read(t, other), -1) {
			base := exported.ReplaceAllString(name[1], "")
			isKnown := slices.ContainsFunc(slices.Collect(maps.Keys(registered)), func(known string) bool { return strings.HasPrefix(known, base) })
			require.True(t, isKnown, "%s names %s", other, name[1])
		}
	}
}

// exported are the endings that Prometheus' exporter appends to names.
var exported = regexp.MustCompile(`(?:_seconds)?(?:_total|_bucket|_count|_sum)?$`)
