package workflows_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A variable of the package outlives a workflow task and is shared by all orders of a worker: workflowcheck cannot
// see that, so there are none.
func TestWorkflowCodeHasNoGlobalVariables(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		require.NoError(t, err)
		for _, declaration := range parsed.Decls {
			require.Empty(t, globals(declaration), file)
		}
	}
}

func globals(declaration ast.Decl) []string {
	var names []string
	general, ok := declaration.(*ast.GenDecl)
	if !ok || general.Tok != token.VAR {
		return nil
	}
	for _, spec := range general.Specs {
		for _, name := range spec.(*ast.ValueSpec).Names {
			if name.Name != "_" { // a check that a type has an interface
				names = append(names, name.Name)
			}
		}
	}
	return names
}

func TestWorkflowcheckFindsWhatWorkflowsMustNotDo(t *testing.T) {
	t.Parallel()
	check := exec.Command("go", "run", "go.temporal.io/sdk/contrib/tools/workflowcheck@v0.6.0",
		"-config", "workflowcheck.config.yaml", "./workflows/testdata/nondeterministic")
	check.Dir = ".."

	out, err := check.CombinedOutput()

	require.Error(t, err)
	for _, workflow := range []string{"Clock", "Identifier", "Chance", "Environment", "MapOrder"} {
		require.Contains(t, string(out), "nondeterministic."+workflow+" is non-deterministic")
	}
}
