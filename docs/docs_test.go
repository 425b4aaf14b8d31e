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
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/encoding/protojson"

	"rampart/codec"
)

func TestEveryTestThatAPageNamesExists(t *testing.T) {
	t.Parallel()
	exist := testsOf(t, "..")
	for _, page := range pages(t) {
		for _, name := range testNames(read(t, page)) {
			require.Contains(t, exist, name, page)
		}
	}
}

func TestEveryRowOfTheMoneySafetyPageNamesATest(t *testing.T) {
	t.Parallel()
	rows := rowsOf(read(t, "explanation/money-safety.md"))
	require.NotEmpty(t, rows)
	for _, row := range rows {
		cells := strings.Split(strings.Trim(row, "|"), "|")
		require.Len(t, cells, 3, row)
		require.NotEmpty(t, testNames(cells[2]), row)
	}
}

// TestWhatAnAttackerGetsIsToldWhole keeps the table of the threat model in its form: what is in the wrong hands, what
// that gives, what it does not give, and what shows it.
func TestWhatAnAttackerGetsIsToldWhole(t *testing.T) {
	t.Parallel()
	_, section, found := strings.Cut(read(t, "explanation/security.md"), "## What an attacker gets")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	rows := rowsOf(section)
	require.NotEmpty(t, rows)
	for _, row := range rows {
		cells := strings.Split(strings.Trim(row, "|"), "|")
		require.Len(t, cells, 4, row)
		for _, cell := range cells[:3] {
			require.NotEmpty(t, strings.TrimSpace(cell), row)
		}
	}
}

func TestEveryVariableThatAPageNamesIsInTheCode(t *testing.T) {
	t.Parallel()
	variable := regexp.MustCompile(`\b(?:RAMP|ONMETA)_[A-Z_]*[A-Z]`)
	exist := map[string]bool{}
	walk(t, "..", ".go", func(path string) {
		for _, name := range variable.FindAllString(read(t, path), -1) {
			exist[name] = true
		}
	})
	for _, page := range pages(t) {
		for _, name := range variable.FindAllString(read(t, page), -1) {
			require.True(t, exist[name], "%s names %s", page, name)
		}
	}
}

func TestExampleOfThePayloadFormatDecrypts(t *testing.T) {
	t.Parallel()
	blocks := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(read(t, "explanation/security.md"), -1)
	require.Len(t, blocks, 2)
	keyring, err := codec.OpenKeyring(t.Context(), codec.KeysetSource{Keyset: blocks[0][1]})
	require.NoError(t, err)
	payload := new(commonpb.Payload)
	require.NoError(t, protojson.Unmarshal([]byte(blocks[1][1]), payload))
	own := codec.New(keyring, "default").WithSerializationContext(converter.WorkflowSerializationContext{
		Namespace: "default", WorkflowID: "onramp/inv-42",
	})

	decoded, err := own.Decode([]*commonpb.Payload{payload})

	require.NoError(t, err)
	require.Equal(t, converter.MetadataEncodingJSON, string(decoded[0].GetMetadata()[converter.MetadataEncoding]))
	require.Equal(t, `{"utr":"412345678901"}`, string(decoded[0].GetData()))
}

func TestEveryLinkBetweenPagesLeadsSomewhere(t *testing.T) {
	t.Parallel()
	for _, page := range pages(t) {
		for _, link := range regexp.MustCompile(`\]\(([^):]+)\)`).FindAllStringSubmatch(withoutCode(read(t, page)), -1) {
			file, anchor, _ := strings.Cut(link[1], "#")
			target := filepath.Join(filepath.Dir(page), file)
			if file == "" {
				target = page
			}
			_, err := os.Stat(target)
			require.NoError(t, err, page)
			if anchor != "" {
				require.Contains(t, anchors(read(t, target)), anchor, page)
			}
		}
	}
}

func TestEveryDependencyIsJustified(t *testing.T) {
	t.Parallel()
	justified := read(t, "explanation/dependencies.md")
	var direct []string
	for line := range strings.Lines(read(t, "../go.mod")) {
		module, _, isModule := strings.Cut(strings.TrimSpace(line), " v")
		if isModule && strings.HasPrefix(line, "\t") && !strings.Contains(line, "// indirect") {
			direct = append(direct, module)
		}
	}
	require.NotEmpty(t, direct)
	for _, module := range direct {
		require.Regexp(t, `(?m)^\|[^|]*\b`+regexp.QuoteMeta(module)+`[ ,][^|]*\|[^|]+\|[^|]+\|$`, justified)
	}
}

// pages are those for people who run Rampart, or build upon it.
func pages(t *testing.T) []string {
	t.Helper()
	all := []string{"../README.md", "../SECURITY.md", "../CONTRIBUTING.md", "../CHANGELOG.md", "../sandbox/README.md"}
	walk(t, ".", ".md", func(path string) { all = append(all, path) })
	return all
}

// withoutCode is a page without its blocks of code.
func withoutCode(page string) string {
	return regexp.MustCompile("(?s)```[a-z]*\n.*?```").ReplaceAllString(page, "")
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(content)
}

// anchors are the headings of a page, as links name them.
func anchors(page string) []string {
	var all []string
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(page, -1) {
		words := regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(heading[1]), "")
		all = append(all, strings.ReplaceAll(words, " ", "-"))
	}
	return all
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
	walk(t, root, "_test.go", func(path string) {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, declaration := range file.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && function.Recv == nil && strings.HasPrefix(function.Name.Name, "Test") {
				found[function.Name.Name] = true
			}
		}
	})
	return found
}

// walk goes through the files below a directory whose names end in suffix.
func walk(t *testing.T, root, suffix string, each func(path string)) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.HasSuffix(path, suffix) {
			each(path)
		}
		return err
	}))
}

// TestEveryVersionOfTheChangelogHasUpgradeNotes finds a release whose operators are told nothing.
func TestEveryVersionOfTheChangelogHasUpgradeNotes(t *testing.T) {
	t.Parallel()
	notes := read(t, "how-to/upgrade.md")
	versions := regexp.MustCompile(`(?m)^## \[([^\]]+)\]`).FindAllStringSubmatch(read(t, "../CHANGELOG.md"), -1)
	require.NotEmpty(t, versions)
	for _, version := range versions {
		require.Regexp(t, `(?m)^### `+regexp.QuoteMeta(version[1]), notes)
	}
}
