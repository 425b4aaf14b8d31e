package codec_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"

	"rampart/codec"
)

func newSource(t *testing.T) codec.KeysetSource {
	t.Helper()
	source := codec.KeysetSource{File: filepath.Join(t.TempDir(), "rampart", "keyset.json")}
	_, err := codec.CreateKeyset(t.Context(), source)
	require.NoError(t, err)
	return source
}

func open(t *testing.T, source codec.KeysetSource) *codec.Keyring {
	t.Helper()
	keyring, err := codec.OpenKeyring(t.Context(), source)
	require.NoError(t, err)
	return keyring
}

func sealed(t *testing.T, keyring *codec.Keyring) *commonpb.Payload {
	t.Helper()
	return encode(t, codec.New(keyring, "default"), clear(t, secret))
}

func requireReads(t *testing.T, keyring *codec.Keyring, payloads ...*commonpb.Payload) {
	t.Helper()
	_, err := codec.New(keyring, "default").Decode(payloads)
	require.NoError(t, err)
}

func TestNewKeysetIsReadableByItsOwnerOnly(t *testing.T) {
	t.Parallel()
	source := newSource(t)
	info, err := os.Stat(source.File)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
	directory, err := os.Stat(filepath.Dir(source.File))
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o700), directory.Mode().Perm())
	left, err := os.ReadDir(filepath.Dir(source.File))
	require.NoError(t, err)
	require.Len(t, left, 1, "nothing is left over")
	keys, err := codec.ListKeys(t.Context(), source)
	require.NoError(t, err)
	require.Len(t, keys, 1)
	require.True(t, keys[0].Primary)
	require.Equal(t, "XAesGcmKey", keys[0].Type)
}

func TestKeysetIsNeverOverwritten(t *testing.T) {
	t.Parallel()
	source := newSource(t)
	before, err := os.ReadFile(source.File)
	require.NoError(t, err)
	_, err = codec.CreateKeyset(t.Context(), source)
	require.ErrorIs(t, err, fs.ErrExist)
	require.ErrorContains(t, err, "starter keyset rotate")
	after, err := os.ReadFile(source.File)
	require.NoError(t, err)
	require.Equal(t, before, after)
}

func TestOneOfManyConcurrentCreationsOfAKeysetSucceeds(t *testing.T) {
	t.Parallel()
	source := codec.KeysetSource{File: filepath.Join(t.TempDir(), "keyset.json")}
	var made sync.Map
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			_, err := codec.CreateKeyset(context.Background(), source)
			made.Store(i, err)
		})
	}
	all.Wait()
	succeeded := 0
	made.Range(func(_, err any) bool {
		if err == nil {
			succeeded++
		} else {
			require.ErrorIs(t, err.(error), fs.ErrExist)
		}
		return true
	})
	require.Equal(t, 1, succeeded)
	open(t, source)
}

func TestErrorOfAnUnusableKeysetNamesTheRemedy(t *testing.T) {
	t.Parallel()
	good := newSource(t)
	content, err := os.ReadFile(good.File)
	require.NoError(t, err)
	file := func(content string, mode fs.FileMode) string {
		path := filepath.Join(t.TempDir(), "keyset.json")
		require.NoError(t, os.WriteFile(path, []byte(content), mode))
		require.NoError(t, os.Chmod(path, mode))
		return path
	}
	for name, c := range map[string]struct {
		source codec.KeysetSource
		says   string
	}{
		"missing":           {codec.KeysetSource{File: "/nowhere/keyset.json"}, "starter keyset create"},
		"everybody's":       {codec.KeysetSource{File: file(string(content), 0o604)}, "chmod 600"},
		"empty":             {codec.KeysetSource{File: file("", 0o600)}, "not Tink's JSON"},
		"not JSON":          {codec.KeysetSource{File: file("key: 1", 0o600)}, "not Tink's JSON"},
		"no keys":           {codec.KeysetSource{Keyset: `{"primaryKeyId":1,"key":[]}`}, "not Tink's JSON"},
		"both places":       {codec.KeysetSource{Keyset: string(content), File: good.File}, "not both"},
		"unknown KMS":       {codec.KeysetSource{File: good.File, KMS: "hsm://x"}, "codec.KeysetSource.OpenKMS"},
		"directory":         {codec.KeysetSource{File: t.TempDir(), KMS: "hsm://x"}, "read the keyset"},
		"of another nature": {codec.KeysetSource{Keyset: macKeyset}, "authenticated encryption"},
	} {
		_, err := codec.OpenKeyring(t.Context(), c.source)
		require.ErrorContains(t, err, c.says, name)
		require.NotContains(t, err.Error(), keyMaterial(t, content), name)
	}
	_, err = codec.OpenKeyring(t.Context(), codec.KeysetSource{File: "/nowhere/keyset.json"})
	require.ErrorIs(t, err, codec.ErrNoKeyset)
}

// macKeyset is a Tink keyset for HMAC, with a key of zeros.
const macKeyset = `{"primaryKeyId":1,"key":[{"keyData":{"typeUrl":"type.googleapis.com/google.crypto.tink.HmacKey",` +
	`"value":"EgQIAxAgGiAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==","keyMaterialType":"SYMMETRIC"},"status":"ENABLED","keyId":1,"outputPrefixType":"TINK"}]}`

func keyMaterial(t *testing.T, keyset []byte) string {
	t.Helper()
	var content struct {
		Key []struct {
			KeyData struct{ Value string }
		}
	}
	require.NoError(t, json.Unmarshal(keyset, &content))
	return content.Key[0].KeyData.Value
}

func TestKeysetIsReadFromTheEnvironment(t *testing.T) {
	t.Parallel()
	file := newSource(t)
	content, err := os.ReadFile(file.File)
	require.NoError(t, err)
	source := codec.KeysetSource{Keyset: string(content)}
	requireReads(t, open(t, source), sealed(t, open(t, file)))
	_, err = codec.AddKey(t.Context(), source)
	require.ErrorContains(t, err, "RAMP_KEYSET cannot be changed")
}

func TestSourcePrintsNoKeys(t *testing.T) {
	t.Parallel()
	source := codec.KeysetSource{Keyset: `{"key":"material"}`}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		require.NotContains(t, fmt.Sprintf(verb, source), "material")
	}
}

func TestAddedKeyDecryptsAndEncryptsOnlyOncePromoted(t *testing.T) {
	t.Parallel()
	source := newSource(t)
	first := open(t, source)
	old := sealed(t, first)

	added, err := codec.AddKey(t.Context(), source)
	require.NoError(t, err)
	second := open(t, source)
	require.Equal(t, first.Primary(), second.Primary())
	requireReads(t, first, sealed(t, second))

	promoted, err := codec.PromoteKey(t.Context(), source)
	require.NoError(t, err)
	require.Equal(t, added, promoted)
	third := open(t, source)
	require.Equal(t, fmt.Sprint(added), third.Primary())
	requireReads(t, third, old, sealed(t, third))
	requireReads(t, second, sealed(t, third))

	_, err = codec.PromoteKey(t.Context(), source)
	require.ErrorContains(t, err, "is already the primary key")
	info, err := os.Stat(source.File)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
}

func TestRunningProcessReloadsARotatedKeyset(t *testing.T) {
	t.Parallel()
	source := newSource(t)
	keyring := open(t, source)
	changes := make(chan error, 10)
	go keyring.Follow(t.Context(), time.Millisecond, func(err error) { changes <- err })

	_, err := codec.AddKey(t.Context(), source)
	require.NoError(t, err)
	require.NoError(t, <-changes)
	promoted, err := codec.PromoteKey(t.Context(), source)
	require.NoError(t, err)
	require.NoError(t, <-changes)
	require.Equal(t, fmt.Sprint(promoted), keyring.Primary())
}

func TestKeysStayInUseWhileTheirFileCannotBeRead(t *testing.T) {
	t.Parallel()
	source := newSource(t)
	keyring := open(t, source)
	payload := sealed(t, keyring)
	problems := make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		keyring.Follow(ctx, time.Millisecond, func(err error) {
			select {
			case problems <- err:
			default:
			}
		})
	}()
	require.NoError(t, os.Remove(source.File))
	require.ErrorIs(t, <-problems, codec.ErrNoKeyset)
	requireReads(t, keyring, payload)
	stop()
	<-ended
}

func TestDefaultFileIsInTheUsersConfigurationDirectory(t *testing.T) {
	t.Parallel()
	path, err := codec.DefaultFile()
	require.NoError(t, err)
	require.True(t, strings.HasSuffix(path, filepath.Join("rampart", "keyset.json")))
	own, err := codec.KeysetSource{}.Path()
	require.NoError(t, err)
	require.Equal(t, path, own)
}

// FuzzKeyset opens arbitrary values of RAMP_KEYSET. A keyset that opens can encrypt and be inspected.
func FuzzKeyset(f *testing.F) {
	file := filepath.Join(f.TempDir(), "keyset.json")
	_, err := codec.CreateKeyset(f.Context(), codec.KeysetSource{File: file})
	require.NoError(f, err)
	content, err := os.ReadFile(file)
	require.NoError(f, err)
	for _, seed := range []string{
		string(content), strings.Replace(string(content), "ENABLED", "DISABLED", 1), strings.Replace(string(content), "primaryKeyId", "keyId", 1),
		macKeyset, strings.Replace(macKeyset, "type.googleapis.com/google.crypto.tink.HmacKey", "x", 1), `{"encryptedKeyset":"x"}`, `{}`, `[]`, "\x00",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, stored string) {
		if stored == "" {
			return // a keyset in a file
		}
		source := codec.KeysetSource{Keyset: stored}
		keys, inspectErr := codec.ListKeys(t.Context(), source)
		keyring, err := codec.OpenKeyring(t.Context(), source)
		if err != nil {
			require.Nil(t, keyring)
			return
		}
		require.NoError(t, inspectErr)
		require.True(t, slices.ContainsFunc(keys, func(key codec.Key) bool { return key.Primary }))
		requireReads(t, keyring, sealed(t, keyring))
	})
}

// follow has a keyring follow its source, and returns what it reports.
func follow(t *testing.T, keyring *codec.Keyring) <-chan error {
	t.Helper()
	reports := make(chan error)
	go keyring.Follow(t.Context(), time.Millisecond, func(err error) {
		select {
		case reports <- err:
		case <-t.Context().Done():
		}
	})
	return reports
}

func TestKeysetThatLacksAKeyInUseIsNotLoaded(t *testing.T) {
	t.Parallel()
	source := newSource(t)
	first, err := os.ReadFile(source.File)
	require.NoError(t, err)
	added, err := codec.AddKey(t.Context(), source)
	require.NoError(t, err)
	both, err := os.ReadFile(source.File)
	require.NoError(t, err)
	keyring := open(t, source)
	payload := sealed(t, keyring)
	reports := follow(t, keyring)

	lacking := map[string][]byte{"the added key": first, "all keys": nil, "a key that is disabled": disabled(t, both, added)}
	lacking["all keys"], err = os.ReadFile(newSource(t).File)
	require.NoError(t, err)
	for name, stored := range lacking {
		replace(t, source.File, stored)
		problem := <-reports
		require.ErrorContains(t, problem, "lacks keys that this process uses", name)
		require.ErrorContains(t, problem, fmt.Sprint(added), name)
		require.ErrorContains(t, problem, "restart", name)
		requireReads(t, keyring, payload)
		require.Contains(t, keyring.IDs(), fmt.Sprint(added), name)
	}
	replace(t, source.File, both)
	third, err := codec.AddKey(t.Context(), source)
	require.NoError(t, err)
	require.Eventually(t, func() bool { <-reports; return slices.Contains(keyring.IDs(), fmt.Sprint(third)) }, time.Minute, time.Millisecond,
		"a keyset with all keys is loaded again")
}

// replace replaces a file's contents atomically.
func replace(t *testing.T, path string, content []byte) {
	t.Helper()
	next := filepath.Join(t.TempDir(), "next")
	require.NoError(t, os.WriteFile(next, content, 0o600))
	require.NoError(t, os.Rename(next, path))
}

// disabled is a keyset with a key disabled.
func disabled(t *testing.T, stored []byte, id uint32) []byte {
	t.Helper()
	var content map[string]any
	require.NoError(t, json.Unmarshal(stored, &content))
	for _, key := range content["key"].([]any) {
		if key := key.(map[string]any); key["keyId"] == float64(id) {
			key["status"] = "DISABLED"
		}
	}
	changed, err := json.Marshal(content)
	require.NoError(t, err)
	return changed
}

func TestKeyringNamesItsKeysInOrder(t *testing.T) {
	t.Parallel()
	source := newSource(t)
	wanted := []string{open(t, source).Primary()}
	for range 3 {
		id, err := codec.AddKey(t.Context(), source)
		require.NoError(t, err)
		wanted = append(wanted, fmt.Sprint(id))
	}
	slices.Sort(wanted)
	require.Equal(t, wanted, open(t, source).IDs())
}

func TestConcurrentRotationsLoseNoKey(t *testing.T) {
	t.Parallel()
	source := newSource(t)
	first := open(t, source).Primary()
	var added sync.Map
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			id, err := codec.AddKey(context.Background(), source)
			added.Store(fmt.Sprint(id), err)
		})
	}
	all.Wait()
	wanted := []string{first}
	added.Range(func(id, err any) bool {
		require.Nil(t, err)
		wanted = append(wanted, id.(string))
		return true
	})
	require.Len(t, wanted, 21)
	require.ElementsMatch(t, wanted, open(t, source).IDs())
}

func TestRotationWaitsForAnotherUntilItsContextEnds(t *testing.T) {
	t.Parallel()
	source := newSource(t)
	busy := flock.New(source.File + ".lock")
	require.NoError(t, busy.Lock())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := codec.AddKey(ctx, source)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "lock the keyset")
	require.NoError(t, busy.Close())
	_, err = codec.AddKey(t.Context(), source)
	require.NoError(t, err)
}

func TestRotationKeepsTheFilesPermissions(t *testing.T) {
	t.Parallel()
	for _, mode := range []fs.FileMode{0o600, 0o640, 0o400} {
		source := newSource(t)
		require.NoError(t, os.Chmod(source.File, mode))
		_, err := codec.AddKey(t.Context(), source)
		require.NoError(t, err)
		_, err = codec.PromoteKey(t.Context(), source)
		require.NoError(t, err)
		after, err := os.Stat(source.File)
		require.NoError(t, err)
		require.Equal(t, mode, after.Mode().Perm())
	}
}

func TestRotationThroughASymlinkKeepsTheSymlink(t *testing.T) {
	t.Parallel()
	source := newSource(t)
	link := filepath.Join(t.TempDir(), "keyset.json")
	require.NoError(t, os.Symlink(source.File, link))
	id, err := codec.AddKey(t.Context(), codec.KeysetSource{File: link})
	require.NoError(t, err)
	require.Contains(t, open(t, source).IDs(), fmt.Sprint(id))
	info, err := os.Lstat(link)
	require.NoError(t, err)
	require.Equal(t, fs.ModeSymlink, info.Mode().Type())
}

func TestKeysetWritableByOthersIsRefused(t *testing.T) {
	t.Parallel()
	for mode, refused := range map[fs.FileMode]string{
		0o600: "", 0o400: "", 0o640: "", 0o440: "",
		0o660: "changed by other users", 0o620: "changed by other users", 0o602: "changed by other users", 0o666: "changed by other users",
		0o604: "read by every user", 0o644: "read by every user", 0o601: "read by every user",
	} {
		source := newSource(t)
		require.NoError(t, os.Chmod(source.File, mode))
		_, err := codec.OpenKeyring(t.Context(), source)
		if refused == "" {
			require.NoError(t, err, mode)
			continue
		}
		require.ErrorContains(t, err, refused, mode)
		require.ErrorContains(t, err, "chmod 600", mode)
		_, err = codec.AddKey(t.Context(), source)
		require.ErrorContains(t, err, refused, mode)
	}
	source := newSource(t)
	require.NoError(t, os.Chmod(source.File, 0o660))
	source.KMS = "hsm://x"
	_, err := codec.OpenKeyring(t.Context(), source)
	require.ErrorContains(t, err, "changed by other users", "wrapped or not")
}
