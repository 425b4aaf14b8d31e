package release_test

import (
	"bytes"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/internal/release"
)

func TestReleaseIsPrintedOnlyIfItIsAskedFor(t *testing.T) {
	t.Parallel()
	for _, arguments := range [][]string{nil, {"--verbose"}, {"version"}} {
		var out bytes.Buffer
		require.False(t, release.Asked("worker", arguments, &out))
		require.Empty(t, out.String())
	}
	for _, arguments := range [][]string{{"--version"}, {"-version"}} {
		var out bytes.Buffer
		require.True(t, release.Asked("worker", arguments, &out))
		require.Equal(t, "worker "+release.Read().String()+"\n", out.String())
		require.Contains(t, out.String(), runtime.Version())
	}
}

func TestReleaseIsOneLine(t *testing.T) {
	t.Parallel()
	require.Equal(t, "v1.2.3 (5c2a+changes, go1.26.8)", release.Release{Version: "v1.2.3", Revision: "5c2a+changes", Go: "go1.26.8"}.String())
	require.Equal(t, "(devel) (no revision, go1.26.8)", release.Release{Go: "go1.26.8"}.String())
}
