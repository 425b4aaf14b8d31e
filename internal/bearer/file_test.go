package bearer_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"rampart/internal/bearer"
)

// tokensFile is a file of tokens that tests change.
type tokensFile struct {
	path     string
	versions int
}

func newTokensFile(t *testing.T, lines ...string) *tokensFile {
	t.Helper()
	f := &tokensFile{path: filepath.Join(t.TempDir(), "tokens")}
	f.write(t, lines...)
	return f
}

// write writes the file with a new modification time, independent of the file system's resolution.
func (f *tokensFile) write(t *testing.T, lines ...string) {
	t.Helper()
	f.versions++
	require.NoError(t, os.WriteFile(f.path, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	changed := time.Now().Add(time.Duration(f.versions) * time.Minute)
	require.NoError(t, os.Chtimes(f.path, changed, changed))
}

func newToken(t *testing.T, name string, scopes ...string) (token, line string) {
	t.Helper()
	token, entry, err := bearer.NewToken(name, scopes...)
	require.NoError(t, err)
	return token, entry.String()
}

func open(t *testing.T, f *tokensFile) (*bearer.File, *observer.ObservedLogs) {
	t.Helper()
	core, logs := observer.New(zap.DebugLevel)
	file, err := bearer.OpenFile(f.path, zap.New(core))
	require.NoError(t, err)
	return file, logs
}

func TestNewTokensAreRandomAndLong(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for range 1000 {
		token, _ := newToken(t, "shop", "read")
		require.Regexp(t, `^ramp_[A-Za-z0-9_-]{43}$`, token)
		require.False(t, seen[token])
		seen[token] = true
	}
}

func TestTokenOfTheFileHasItsNameAndScopes(t *testing.T) {
	t.Parallel()
	shop, shopLine := newToken(t, "shop", "read", "write")
	ops, opsLine := newToken(t, "ops.night-1", "operate")
	file, _ := open(t, newTokensFile(t, "# backends", "", shopLine, "  "+opsLine+"  "))

	found, has := file.Find(shop)
	require.True(t, has)
	require.Equal(t, "shop", found.Name)
	require.Equal(t, []string{"read", "write"}, found.Scopes)
	found, has = file.Find(ops)
	require.True(t, has)
	require.Equal(t, "ops.night-1", found.Name)
	require.Equal(t, []string{"operate"}, found.Scopes)
}

func TestFileHoldsNoTokens(t *testing.T) {
	t.Parallel()
	token, line := newToken(t, "shop", "read")

	require.NotContains(t, line, token)
	require.Regexp(t, `^shop read sha256:[0-9a-f]{64}$`, line)
}

func TestOtherTokensAreUnknown(t *testing.T) {
	t.Parallel()
	token, line := newToken(t, "shop", "read")
	other, _ := newToken(t, "shop", "read")
	file, _ := open(t, newTokensFile(t, line))

	for _, wrong := range []string{
		"", other, token[:len(token)-1], token + "A", strings.ToUpper(token), strings.TrimPrefix(token, "ramp_"), line, strings.Fields(line)[2],
		strings.TrimPrefix(strings.Fields(line)[2], "sha256:"), " " + token,
	} {
		_, has := file.Find(wrong)
		require.False(t, has, "%q", wrong)
	}
}

func TestTwoTokensMayHaveOneNameForRotation(t *testing.T) {
	t.Parallel()
	old, oldLine := newToken(t, "shop", "read")
	next, nextLine := newToken(t, "shop", "read", "write")
	file, _ := open(t, newTokensFile(t, oldLine, nextLine))

	found, has := file.Find(old)
	require.True(t, has)
	require.Equal(t, []string{"read"}, found.Scopes)
	found, has = file.Find(next)
	require.True(t, has)
	require.Equal(t, []string{"read", "write"}, found.Scopes)
}

func TestRemovedLineRevokesItsTokenAtOnce(t *testing.T) {
	t.Parallel()
	shop, shopLine := newToken(t, "shop", "read")
	desk, deskLine := newToken(t, "desk", "read")
	f := newTokensFile(t, shopLine)
	file, logs := open(t, f)

	f.write(t, deskLine)

	_, has := file.Find(shop)
	require.False(t, has)
	_, has = file.Find(desk)
	require.True(t, has)
	f.write(t, "# nobody")
	_, has = file.Find(desk)
	require.False(t, has, "a file without tokens revokes all")
	require.Equal(t, 2, logs.FilterMessage("file of tokens reloaded").Len())
}

func TestReplacedFileOfTheSameSizeAndTimeTakesEffect(t *testing.T) {
	t.Parallel()
	shop, shopLine := newToken(t, "shop", "read")
	desk, deskLine := newToken(t, "desk", "read")
	f := newTokensFile(t, shopLine)
	file, _ := open(t, f)
	before, err := os.Stat(f.path)
	require.NoError(t, err)
	next := newTokensFile(t, deskLine)
	require.NoError(t, os.Chtimes(next.path, before.ModTime(), before.ModTime()))

	require.NoError(t, os.Rename(next.path, f.path))

	_, has := file.Find(shop)
	require.False(t, has)
	_, has = file.Find(desk)
	require.True(t, has)
}

func TestPreviousTokensStayWhileTheFileIsInvalid(t *testing.T) {
	t.Parallel()
	shop, shopLine := newToken(t, "shop", "read")
	desk, deskLine := newToken(t, "desk", "read")
	f := newTokensFile(t, shopLine)
	file, logs := open(t, f)

	f.write(t, deskLine, "desk read "+desk)
	for range 3 {
		_, has := file.Find(shop)
		require.True(t, has)
		_, has = file.Find(desk)
		require.False(t, has)
	}
	require.ErrorContains(t, file.Problem(), "line 2")
	require.NoError(t, os.Remove(f.path))
	for range 3 {
		_, has := file.Find(shop)
		require.True(t, has)
	}
	require.Error(t, file.Problem())

	complaints := logs.FilterMessageSnippet("the previous tokens stay in use").All()
	require.Len(t, complaints, 2, "each problem is logged once")
	for _, complaint := range complaints {
		require.NotContains(t, complaint.ContextMap()["error"], desk)
	}
	f.write(t, deskLine)
	_, has := file.Find(desk)
	require.True(t, has)
	require.NoError(t, file.Problem())
}

func TestInvalidFileIsRefusedWithEveryLineNamedAndNoneQuoted(t *testing.T) {
	t.Parallel()
	token, good := newToken(t, "shop", "read")
	hash := strings.Fields(good)[2]
	f := newTokensFile(t,
		"# a comment", good, good, // line 3: twice
		"shop read "+token,          // 4
		"shop read",                 // 5
		"shop read,fly "+hash,       // 6
		"shop  "+hash,               // 7
		"a@b.example read "+hash,    // 8
		"shop read "+hash[:20],      // 9
		"shop read extra "+hash,     // 10
		"shop read, "+hash,          // 11
		"shop read sha512"+hash[6:], // 12
		"shop read sha256:"+strings.Repeat("g", 64),
	)

	_, err := bearer.OpenFile(f.path, zap.NewNop())

	for line := 3; line <= 13; line++ {
		require.ErrorContains(t, err, fmt.Sprintf("line %d:", line))
	}
	require.NotContains(t, err.Error(), "line 2:")
	for _, part := range []string{token, hash, "fly", "example"} {
		require.NotContains(t, err.Error(), part)
	}
}

func TestMissingFileIsNamedAtStart(t *testing.T) {
	t.Parallel()

	_, err := bearer.OpenFile("/missing/tokens", zap.NewNop())

	require.ErrorContains(t, err, "/missing/tokens")
}

func TestTokenNeedsANameAndAScope(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "shop one", "asha@example.test", "#shop", "-shop", strings.Repeat("s", 65), "shop\n"} {
		_, _, err := bearer.NewToken(name, "read")
		require.Error(t, err, "%q", name)
	}
	for _, scopes := range [][]string{nil, {""}, {"fly"}, {"read", "admin"}, {"READ"}} {
		_, _, err := bearer.NewToken("shop", scopes...)
		require.ErrorContains(t, err, "scopes", "%q", scopes)
	}
}

func TestFindingATokenComparesAllHashes(t *testing.T) {
	t.Parallel()
	var lines []string
	for range 1000 {
		_, line := newToken(t, "shop", "read")
		lines = append(lines, line)
	}
	first, firstLine := newToken(t, "first", "read")
	last, lastLine := newToken(t, "last", "read")
	file, _ := open(t, newTokensFile(t, append(append([]string{firstLine}, lines...), lastLine)...))

	fastest := func(token string) time.Duration {
		best := time.Hour
		for range 300 {
			began := time.Now()
			file.Find(token)
			best = min(best, time.Since(began))
		}
		return best
	}

	// A search that ended at the first match would be hundreds of times faster for the first token.
	require.Greater(t, 10*fastest(first), fastest(last))
	require.Greater(t, 10*fastest(first), fastest("ramp_wrong"))
}
