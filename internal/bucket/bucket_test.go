package bucket_test

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	_ "gocloud.dev/blob/memblob"

	"rampart/internal/bucket"
)

// anything accepts every URL.
func anything(string) error { return nil }

func TestURLsAreReadWithTheParametersOfTheirDrivers(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]url.URL{
		"file:///srv/books/":      {Scheme: "file", Path: "/srv/books/"},
		" mem://books/a?region=x": {Scheme: "mem", Host: "books", Path: "/a", RawQuery: "region=x"},
	} {
		got, err := bucket.Parse(raw, anything)
		require.NoError(t, err, raw)
		require.Equal(t, want, *got, raw)
	}
}

func TestURLsThatCannotBeOpenedAreRefusedAndNotRepeated(t *testing.T) {
	t.Parallel()
	for raw, text := range map[string]string{
		"file:///srv/hunter2?create_dir=1": "must not have parameters",
		"gs://hunter2/":                    "built without",
		"mem://hunter2\x7f":                "must be a URL",
	} {
		_, err := bucket.Parse(raw, anything)
		require.ErrorContains(t, err, text, raw)
		require.NotContains(t, err.Error(), "hunter2")
	}
	refused := errors.New("must be better")
	_, err := bucket.Parse("mem://books/?x=1", func(checked string) error {
		require.Equal(t, "mem://books/", checked, "without parameters")
		return refused
	})
	require.Equal(t, refused, err)
}

func TestPrefixesConfineWhatIsWritten(t *testing.T) {
	t.Parallel()
	location, err := bucket.Parse("mem://books/a/b/", anything)
	require.NoError(t, err)
	require.Empty(t, bucket.Directory(location))
	opened, err := bucket.Open(t.Context(), location)
	require.NoError(t, err)
	require.NoError(t, opened.WriteAll(t.Context(), "x", []byte("1"), nil))
	require.NoError(t, opened.Close())
	_, err = bucket.Open(t.Context(), &url.URL{Scheme: "nothing", Host: "x"})
	require.Error(t, err)
}

func TestDirectoryIsCreatedOnlyOnRequest(t *testing.T) {
	t.Parallel()
	location := &url.URL{Scheme: "file", Path: filepath.Join(t.TempDir(), "books")}
	_, err := bucket.OpenDirectory(bucket.Directory(location), false)
	require.Error(t, err)
	require.NoDirExists(t, location.Path)

	opened, err := bucket.OpenDirectory(bucket.Directory(location), true)
	require.NoError(t, err)
	require.NoError(t, opened.WriteAll(t.Context(), "2026-11-26/x", []byte("1"), nil))
	require.NoError(t, opened.Close())
	made, err := os.Stat(filepath.Join(location.Path, "2026-11-26"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), made.Mode().Perm())
}
