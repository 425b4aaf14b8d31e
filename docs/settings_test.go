package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/internal/payloadmeta"
)

// variable is the name of a variable that one of the programs may read.
var variable = regexp.MustCompile(`\b(?:RAMP|ONMETA|TEMPORAL|SANDBOX|OTEL|VAULT)_[A-Z_]*[A-Z]\b`)

// TestEveryVariableThatTheCodeNamesIsInTheConfigurationReference looks at strings of code that is not a test. What settings structs
// read is generated into the page.
func TestEveryVariableThatTheCodeNamesIsInTheConfigurationReference(t *testing.T) {
	t.Parallel()
	page := read(t, "reference/configuration.md")
	named := map[string]bool{}
	for _, name := range variable.FindAllString(page, -1) {
		named[name] = true
	}
	walk(t, "..", ".go", func(path string) {
		if strings.HasSuffix(path, "_test.go") || strings.Contains(path, "/testdata/") || strings.HasPrefix(path, "../test/") {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(file, func(node ast.Node) bool {
			literal, ok := node.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(literal.Value)
			require.NoError(t, err)
			for _, name := range variable.FindAllString(text, -1) {
				require.True(t, named[name] || name == payloadmeta.MissingKeyCode, "%s names %s, which reference/configuration.md lacks", path, name)
			}
			return true
		})
	})
}
