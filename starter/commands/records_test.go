package commands_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/codec"
	"rampart/ramp"
	"rampart/records"
)

// shelf is a store of records, and a terminal that reads it.
type shelf struct {
	*terminal
	store *records.Store
	path  string
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	source := codec.KeysetSource{File: filepath.Join(t.TempDir(), "keyset.json")}
	_, err := codec.CreateKeyset(t.Context(), source)
	require.NoError(t, err)
	keyring, err := codec.OpenKeyring(t.Context(), source)
	require.NoError(t, err)
	s := &shelf{terminal: with(), path: t.TempDir()}
	s.store, err = records.Open("file://"+s.path, keyring)
	require.NoError(t, err)
	s.unreachable = true // records need no Temporal
	s.environment = environment{"RAMP_RECORDS": "file://" + s.path, "RAMP_KEYSET_FILE": source.File}
	return s
}

// keep keeps the record of a completed order. The time is that of the tests' day, in UTC.
func (s *shelf) keep(t *testing.T, direction ramp.Direction, reference string, at time.Time) {
	t.Helper()
	ended := order(direction, reference, ramp.Completed)
	ended.UpdatedAt = at
	ended.Proof = &ramp.Proof{UTR: "412345678901"}
	ended.Settlement = &ramp.Settlement{Amount: ramp.Amount{Amount: "10.60", Currency: "USDC"}}
	require.NoError(t, s.store.Keep(t.Context(), records.New(*ended, "asha@example.test", "run-1")))
}

func TestRecordsOfSomeDaysAreListed(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	require.Equal(t, "No records.\n", s.run(t, "records", "list").stdout)
	require.Equal(t, "[]\n", s.run(t, "records", "list", "-o", "json").stdout)
	s.keep(t, ramp.Onramp, "inv-1", at(3, 0, 0))
	s.keep(t, ramp.Offramp, "wd-2", at(4, 0, 0))
	s.keep(t, ramp.Onramp, "inv-late", at(18, 30, 0)) // midnight in India

	got := s.run(t, "records", "list")
	require.Zero(t, got.code, got.stderr)
	require.Contains(t, got.stdout, "inv-1")
	require.Contains(t, got.stdout, "wd-2")
	require.Contains(t, got.stdout, "23 Nov 2026 08:30:00")
	require.Contains(t, got.stdout, "…8901")
	require.NotContains(t, got.stdout, "412345678901")
	require.NotContains(t, got.stdout, "inv-late")
	require.NotContains(t, got.stdout, "asha")

	got = s.run(t, "records", "list", "--from", "2026-11-23", "--to", "2026-11-24", "-o", "json")
	all := decoded[[]records.Record](t, got.stdout)
	require.Len(t, all, 3)
	require.Equal(t, "inv-late", all[2].Order.Reference)
	require.Equal(t, ramp.Email("asha@example.test"), all[2].Email)
}

func TestRecordOfAnOrderIsShown(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.keep(t, ramp.Onramp, "inv-1", at(3, 0, 0))
	got := s.run(t, "records", "show", "inv-1")
	require.Zero(t, got.code, got.stderr)
	require.Contains(t, got.stdout, "completed")
	require.NotContains(t, got.stdout, "asha")
	require.Equal(t, "run-1", decoded[records.Record](t, s.run(t, "records", "show", "onramp/inv-1", "-o", "json").stdout).RunID)

	got = s.run(t, "records", "show", "inv-9")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.stderr, "there is no record")

	s.keep(t, ramp.Offramp, "inv-1", at(3, 0, 0))
	require.Contains(t, s.run(t, "records", "show", "inv-1").stderr, "two orders have the reference")
}

func TestRecordsAreExportedAsATable(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.keep(t, ramp.Onramp, "inv-1", at(3, 0, 0))
	got := s.run(t, "records", "export", "--from", "2026-11-01", "--to", "2026-11-30")
	require.Zero(t, got.code, got.stderr)
	rows, err := csv.NewReader(strings.NewReader(got.stdout)).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 2)
	require.Equal(t, []string{"2026-11-23", "inv-1", "6b03b894", "onramp", "completed", "1000.00", "INR"}, rows[1][:7])

	file := filepath.Join(t.TempDir(), "november.csv")
	require.Zero(t, s.run(t, "records", "export", "--file", file).code)
	written, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, got.stdout, string(written))
	require.Equal(t, 2, s.run(t, "records", "export", "--file", file).code, "a table is never overwritten")
}

// TestTableThatIsNotCompleteSaysSo: an accountant must not take it for complete.
func TestTableThatIsNotCompleteSaysSo(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.keep(t, ramp.Onramp, "inv-1", at(3, 0, 0))
	s.keep(t, ramp.Onramp, "inv-2", at(4, 0, 0))
	cut, err := filepath.Glob(s.path + "/day=2026-11-23/083000.*")
	require.NoError(t, err)
	require.NoError(t, os.Truncate(cut[0], 10))
	for _, command := range []string{"list", "export"} {
		got := s.run(t, "records", command)
		require.Equal(t, 1, got.code)
		require.Contains(t, got.stdout, "inv-2")
		require.NotContains(t, got.stdout, "inv-1")
		require.Contains(t, got.stderr, "1 records cannot be read")
		require.Contains(t, got.stderr, "day=2026-11-23/083000.")
	}
	require.Contains(t, s.run(t, "records", "show", "inv-1").stderr, "cannot be read")
}

func TestRecordsCommandsSayWhatIsMissing(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	for text, line := range map[string][]string{
		"--from must be a day such as 2026-11-27": {"list", "--from", "yesterday"},
		"--from must not be after --to":           {"list", "--from", "2026-11-24"},
		"ORDER must be":                           {"show", "asha@example.test"},
		"must be the URL of a prefix":             {"list", "--store", "/records"},
	} {
		got := s.run(t, append([]string{"records"}, line...)...)
		require.Equal(t, 2, got.code, text)
		require.Contains(t, got.stderr, text)
	}
	delete(s.environment, "RAMP_RECORDS")
	got := s.run(t, "records", "list")
	require.Equal(t, 2, got.code)
	require.Contains(t, got.stderr, "--store or RAMP_RECORDS must be set")

	got = s.run(t, "records", "list", "--store", "file://"+s.path+"/not-mounted")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.stderr, "is not a directory")
}
