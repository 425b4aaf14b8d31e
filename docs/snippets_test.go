package docs_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestExamplesAreOfCodeThatCompiles finds each example of a page in Go or TypeScript, line by line, in a file of the examples or in an example
// of a package's documentation. The build and the tests compile those.
func TestExamplesAreOfCodeThatCompiles(t *testing.T) {
	t.Parallel()
	var sources []string
	walk(t, "../examples", ".go", func(path string) { sources = append(sources, leftAligned(read(t, path))) })
	walk(t, "../examples", ".ts", func(path string) { sources = append(sources, leftAligned(read(t, path))) })
	walk(t, "..", "example_test.go", func(path string) { sources = append(sources, leftAligned(read(t, path))) })
	found := 0
	for _, page := range pages(t) {
		for _, block := range regexp.MustCompile("(?s)```(?:go|ts)\n(.*?)```").FindAllStringSubmatch(read(t, page), -1) {
			found++
			example := leftAligned(block[1])
			compiled := false
			for _, source := range sources {
				compiled = compiled || strings.Contains(source, example)
			}
			require.True(t, compiled, "%s: no file of examples/ has this code:\n%s", page, block[1])
		}
	}
	require.Positive(t, found)
}

// leftAligned is code without its indentation.
func leftAligned(code string) string {
	return regexp.MustCompile(`(?m)^[ \t]+`).ReplaceAllString(code, "")
}

func TestReadmeIsShort(t *testing.T) {
	t.Parallel()
	require.LessOrEqual(t, len(read(t, "../README.md")), 6<<10)
}
