package commands_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"rampart/internal/bearer"
)

func TestNewTokenIsPermittedByTheLineThatIsPrintedWithIt(t *testing.T) {
	t.Parallel()
	ran := with().run(t, "token", "--name", "shop", "--scopes", "read,write", "-o", "json")
	require.Zero(t, ran.code, ran.stderr)
	var made struct{ Token, Line string }
	require.NoError(t, json.Unmarshal([]byte(ran.stdout), &made))
	path := filepath.Join(t.TempDir(), "tokens")
	require.NoError(t, os.WriteFile(path, []byte(made.Line+"\n"), 0o600))

	file, err := bearer.OpenFile(path, zap.NewNop())

	require.NoError(t, err)
	found, has := file.Find(made.Token)
	require.True(t, has)
	require.Equal(t, "shop", found.Name)
	require.Equal(t, []string{"read", "write"}, found.Scopes)
}

func TestNewTokenIsPrintedApartFromItsLine(t *testing.T) {
	t.Parallel()
	ran := with().run(t, "token", "--name", "shop", "--scopes", "read")

	require.Zero(t, ran.code, ran.stderr)
	require.Regexp(t, `(?m)^  ramp_[A-Za-z0-9_-]{43}$`, ran.stdout)
	require.Regexp(t, `(?m)^  shop read sha256:[0-9a-f]{64}$`, ran.stdout)
}

func TestTokenWithoutANameOrWithAnUnknownScopeIsNotMade(t *testing.T) {
	t.Parallel()
	for _, arguments := range [][]string{
		{"token"}, {"token", "--name", "shop"}, {"token", "--scopes", "read"}, {"token", "--name", "shop", "--scopes", "fly"},
		{"token", "--name", "the shop", "--scopes", "read"}, {"token", "shop"},
	} {
		ran := with().run(t, arguments...)
		require.Equal(t, 2, ran.code, arguments)
		require.NotContains(t, ran.stdout, "ramp_")
	}
}
