package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGeneratedTablesAreCurrent(t *testing.T) {
	t.Parallel()
	pages, err := pagesWithTables()
	require.NoError(t, err)
	require.NotEmpty(t, pages)
	for path, generated := range pages {
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, generated, string(content), "%s is stale: run go generate ./docs/...", path)
	}
}

func TestTableThatDoesNotExistIsAnError(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"settings", "settings ramp", "flags ramp", "constants ramp Missing", "other"} {
		_, err := filled("<!-- generated: " + name + " -->\n<!-- /generated -->")
		require.ErrorContains(t, err, name)
	}
}
