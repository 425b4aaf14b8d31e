package reconcile_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/reconcile"
)

func openStore(t *testing.T) (*reconcile.Store, string) {
	t.Helper()
	directory := t.TempDir()
	store, err := reconcile.OpenStore(t.Context(), "file://"+directory)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store, directory
}

func TestExportKeepsNothingOfUsersButWhatIsCompared(t *testing.T) {
	t.Parallel()
	store, directory := openStore(t)
	rows, err := store.PutExport(t.Context(), "2026-11-26", strings.NewReader(
		"customer name,email,order id,status,bank account\nAsha Rao,asha@example.test,6500a,completed,50100000004821\n"))
	require.NoError(t, err)
	require.Equal(t, 1, rows)
	kept, err := os.ReadFile(filepath.Join(directory, "2026-11-26", "export.csv"))
	require.NoError(t, err)
	for _, personal := range []string{"Asha", "asha@", "4821"} {
		require.NotContains(t, string(kept), personal)
	}
	var ids []string
	require.NoError(t, store.Export(t.Context(), "2026-11-26", func(row reconcile.ExportRow) error {
		ids = append(ids, row.OrderID)
		return nil
	}))
	require.Equal(t, []string{"6500a"}, ids)
}

func TestBadExportReplacesNothing(t *testing.T) {
	t.Parallel()
	store, _ := openStore(t)
	_, err := store.PutExport(t.Context(), "2026-11-26", strings.NewReader("order_id,status\n6500a,completed\n"))
	require.NoError(t, err)
	_, err = store.PutExport(t.Context(), "2026-11-26", strings.NewReader("order_id,status\n6500b,completed\n6500c,\n"))
	require.ErrorContains(t, err, "line 3")
	var ids []string
	require.NoError(t, store.Export(t.Context(), "2026-11-26", func(row reconcile.ExportRow) error {
		ids = append(ids, row.OrderID)
		return nil
	}))
	require.Equal(t, []string{"6500a"}, ids)
}

func TestStoreWritesAllOrNothing(t *testing.T) {
	t.Parallel()
	store, _ := openStore(t)
	failure := errors.New("no more")
	err := store.Write(t.Context(), "2026-11-26/findings.csv", func(w io.Writer) error {
		_, _ = io.WriteString(w, "half")
		return failure
	})
	require.ErrorIs(t, err, failure)
	_, err = store.Open(t.Context(), "2026-11-26/findings.csv")
	require.ErrorIs(t, err, reconcile.ErrAbsent)
}

func TestPartsOfADayAreDroppedAndNothingElse(t *testing.T) {
	t.Parallel()
	store, _ := openStore(t)
	put := func(day reconcile.Day, run string, number int) {
		require.NoError(t, store.PutPart(t.Context(), day, run, number, func(w io.Writer) error {
			_, err := io.WriteString(w, "{}")
			return err
		}))
	}
	put("2026-11-26", "a", 0)
	put("2026-11-26", "b", 7)
	put("2026-11-27", "a", 0)
	require.NoError(t, store.DropParts(t.Context(), "2026-11-26"))
	for _, dropped := range []struct {
		run    string
		number int
	}{{"a", 0}, {"b", 7}} {
		_, err := store.Part(t.Context(), "2026-11-26", dropped.run, dropped.number)
		require.ErrorIs(t, err, reconcile.ErrAbsent)
	}
	kept, err := store.Part(t.Context(), "2026-11-27", "a", 0)
	require.NoError(t, err)
	require.NoError(t, kept.Close())
}

func TestURLsOfStoresAreCheckedAndNotRepeated(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"", "reconcile", "file:///", "file://host/dir", "file:///dir?x=1", "s3://", "ftp://secret-bucket/x", "https://user:secret@host/x", "file:relative", "mem://x#secret",
	} {
		err := reconcile.CheckStore(bad)
		require.Error(t, err, bad)
		require.NotContains(t, err.Error(), "secret")
	}
	require.NoError(t, reconcile.CheckStore("file:///srv/reconcile/"))
}
