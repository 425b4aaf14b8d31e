package bench

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReportReplacesTheTextBetweenItsComments(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "page.md")
	require.NoError(t, os.WriteFile(path, []byte("# Page\n\n<!-- orders -->\nold figures\n<!-- /orders -->\n\nEnd.\n"), 0o600))

	require.NoError(t, WriteInto(path, "orders", good()))

	page, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(page), "| server CPU without polls, ours ÷ floor | ≤ 1.3 | 1.3 | met |")
	require.NotContains(t, string(page), "old figures")
	require.Regexp(t, `(?s)^# Page\n\n<!-- orders -->\n\n- .*\n\n<!-- /orders -->\n\nEnd\.\n$`, string(page))
	require.ErrorContains(t, WriteInto(path, "waiting", good()), "has no comments <!-- waiting -->")
}
