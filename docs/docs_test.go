package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryTestThatTheMoneySafetyPageNamesExists(t *testing.T) {
	t.Parallel()
	exist := testsOf(t, "..")
	for _, name := range testNames(moneySafety(t)) {
		require.Contains(t, exist, name)
	}
}

func TestEveryRowOfTheMoneySafetyPageNamesATest(t *testing.T) {
	t.Parallel()
	rows := rowsOf(moneySafety(t))
	require.NotEmpty(t, rows)
	for _, row := range rows {
		cells := strings.Split(strings.Trim(row, "|"), "|")
		require.Len(t, cells, 3, row)
		require.NotEmpty(t, testNames(cells[2]), row)
	}
}

func moneySafety(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("money-safety.md")
	require.NoError(t, err)
	return string(page)
}

// testNames are the tests that a text names in backticks.
func testNames(text string) []string {
	var names []string
	for _, match := range regexp.MustCompile("`(Test[A-Za-z0-9_]*)`").FindAllStringSubmatch(text, -1) {
		names = append(names, match[1])
	}
	return names
}

// rowsOf are the rows of a page's tables, without their heads.
func rowsOf(page string) []string {
	var rows []string
	var inBody bool
	for line := range strings.Lines(page) {
		line = strings.TrimSpace(line)
		switch {
		case !strings.HasPrefix(line, "|"):
			inBody = false
		case strings.HasPrefix(line, "| ---"):
			inBody = true
		case inBody:
			rows = append(rows, line)
		}
	}
	return rows
}

// testsOf are the test functions below a directory.
func testsOf(t *testing.T, root string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, declaration := range file.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && function.Recv == nil && strings.HasPrefix(function.Name.Name, "Test") {
				found[function.Name.Name] = true
			}
		}
		return nil
	})
	require.NoError(t, err)
	return found
}
