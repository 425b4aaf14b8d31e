package records_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io/fs"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/require"
	_ "gocloud.dev/blob/s3blob" // records in s3://
	"pgregory.net/rapid"

	"rampart/ramp"
	"rampart/ramp/situation"
	"rampart/records"
)

// box is keys for tests: a seal is the key's name, the context and the text, one after the other.
type box struct {
	primary string
	known   []string
	// killed is set if the writer is killed before it writes its next object but left.
	killed bool
	left   int
}

var (
	errSeal   = errors.New("its seal is broken")
	errKilled = errors.New("the writer is killed")
)

func (b *box) Seal(context string, plaintext []byte) ([]byte, error) {
	if b.killed {
		if b.left == 0 {
			return nil, errKilled
		}
		b.left--
	}
	return []byte(b.primary + "|" + context + "|" + string(plaintext) + "|end"), nil
}

func (b *box) Unseal(context string, sealed []byte) ([]byte, error) {
	for _, key := range append(b.known, b.primary) {
		text, ours := strings.CutPrefix(string(sealed), key+"|"+context+"|")
		if text, whole := strings.CutSuffix(text, "|end"); ours && whole {
			return []byte(text), nil
		}
	}
	return nil, errSeal
}

// shelf is a store in a directory.
type shelf struct {
	*records.Store
	t    *testing.T
	path string
	keys *box
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	s := &shelf{t: t, path: t.TempDir(), keys: &box{primary: "key-1"}}
	s.Store = open(t, "file://"+s.path, s.keys)
	return s
}

func open(t *testing.T, url string, keys records.Keys) *records.Store {
	t.Helper()
	store, err := records.Open(url, keys)
	require.NoError(t, err)
	return store
}

// files returns the names of the files below a directory of the store.
func (s *shelf) files(below string) []string {
	s.t.Helper()
	var names []string
	err := fs.WalkDir(os.DirFS(s.path), below, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, path)
		}
		return err
	})
	if !errors.Is(err, fs.ErrNotExist) {
		require.NoError(s.t, err)
	}
	return names
}

// only returns the path of the only file whose name begins so.
func (s *shelf) only(below string) string {
	s.t.Helper()
	var found []string
	for _, name := range s.files(".") {
		if strings.HasPrefix(name, below) {
			found = append(found, name)
		}
	}
	require.Len(s.t, found, 1)
	return filepath.Join(s.path, found[0])
}

func (s *shelf) keep(all ...records.Record) {
	s.t.Helper()
	for _, record := range all {
		require.NoError(s.t, s.Keep(s.t.Context(), record))
	}
}

// references returns those of the records of some days, and the errors of those that cannot be read.
func (s *shelf) references(from, to records.Day) (references []string, bad []*records.BadError) {
	s.t.Helper()
	for record, err := range s.Between(s.t.Context(), from, to) {
		var unreadable *records.BadError
		if errors.As(err, &unreadable) {
			bad = append(bad, unreadable)
			continue
		}
		require.NoError(s.t, err)
		references = append(references, record.Order.Reference)
	}
	return references, bad
}

func (s *shelf) find(reference string) (*records.Record, bool, error) {
	return s.Find(s.t.Context(), ramp.ID{Direction: ramp.Onramp, Reference: reference})
}

// evening is shortly before midnight in India.
var evening = time.Date(2026, 11, 27, 18, 29, 59, 999_999_999, time.UTC)

func ended(reference string, at time.Time) records.Record {
	return records.New(ramp.Order{
		Reference: reference, Direction: ramp.Onramp, Status: ramp.Completed, OrderID: "650000000000000000000001",
		Instructions: &ramp.Instructions{UPI: &ramp.UPIInstructions{QR: "upi://pay"}},
		CreatedAt:    at.Add(-time.Hour), UpdatedAt: at,
	}, "asha@example.test", "run-1")
}

func TestRecordIsFoundByItsReferenceAndOnItsDay(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.keep(ended("inv-42", evening))

	record, used, err := s.find("inv-42")
	require.NoError(t, err)
	require.True(t, used)
	require.Equal(t, ramp.Completed, record.Order.Status)
	require.Equal(t, ramp.Email("asha@example.test"), record.Email)
	require.Nil(t, record.Order.Instructions)
	require.Equal(t, evening, record.EndedAt())

	for id, direction := range map[string]ramp.Direction{"inv-42": ramp.Offramp, "inv-43": ramp.Onramp} {
		_, used, err = s.Find(t.Context(), ramp.ID{Direction: direction, Reference: id})
		require.NoError(t, err)
		require.False(t, used)
	}
}

func TestDayEndsAtMidnightInIndia(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.keep(ended("last", evening), ended("first", evening.Add(time.Nanosecond)), ended("noon", evening.Add(12*time.Hour)))

	for _, want := range []struct {
		from, to   records.Day
		references []string
	}{
		{"2026-11-27", "2026-11-27", []string{"last"}},
		{"2026-11-28", "2026-11-28", []string{"first", "noon"}},
		{"2026-11-01", "2026-12-31", []string{"last", "first", "noon"}},
		{"2026-11-29", "2027-01-01", nil},
		{"2026-11-28", "2026-11-27", nil},
	} {
		references, bad := s.references(want.from, want.to)
		require.Equal(t, want.references, references, "%v", want)
		require.Empty(t, bad)
	}
	require.Equal(t, records.Day("2026-11-27"), situation.DayOf(evening))
}

func TestRecordsOfADayComeInTheOrderInWhichOrdersEnded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := newShelf(t)
		day := time.Date(2026, 11, 26, 18, 30, 0, 0, time.UTC)
		seconds := rapid.SliceOfNDistinct(rapid.IntRange(0, 86_399), 1, 12, rapid.ID[int]).Draw(rt, "seconds")
		for i, second := range seconds {
			s.keep(ended("inv-"+string(rune('a'+i)), day.Add(time.Duration(second)*time.Second)))
		}
		var last time.Time
		count := 0
		for record, err := range s.Between(t.Context(), "2026-11-27", "2026-11-27") {
			require.NoError(t, err)
			require.False(t, record.EndedAt().Before(last))
			last = record.EndedAt()
			count++
		}
		require.Equal(t, len(seconds), count)
	})
}

func TestRecordThatIsKeptAgainIsOne(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	for range 3 {
		s.keep(ended("inv-42", evening))
	}
	require.Len(t, s.files("."), 2)
}

// TestWriterThatWasKilledBetweenTwoObjectsIsRepeated leaves each of the states that a kill may leave.
func TestWriterThatWasKilledBetweenTwoObjectsIsRepeated(t *testing.T) {
	t.Parallel()
	for name, kill := range map[string]func(*shelf){
		"after the reference":  func(s *shelf) { require.NoError(s.t, os.Remove(s.only("day="))) },
		"before the reference": func(s *shelf) { require.NoError(s.t, os.Remove(s.only("reference/"))) },
		"in the record":        func(s *shelf) { require.NoError(s.t, os.Truncate(s.only("day="), 7)) },
		"in the reference":     func(s *shelf) { require.NoError(s.t, os.Truncate(s.only("reference/"), 7)) },
		"before a rename": func(s *shelf) {
			require.NoError(s.t, os.Rename(s.only("day="), s.only("day=")+".1234.tmp"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShelf(t)
			s.keep(ended("inv-42", evening))
			kill(s)
			s.keep(ended("inv-42", evening))

			references, bad := s.references("2026-11-27", "2026-11-27")
			require.Equal(t, []string{"inv-42"}, references)
			require.Empty(t, bad)
			_, used, err := s.find("inv-42")
			require.NoError(t, err)
			require.True(t, used)
		})
	}
}

// TestWriterThatIsKilledAnywhereLeavesOneRecordInTheEnd has an order's last workflow task repeated, each time at a later time, after its writer
// was killed before any of its writes.
func TestWriterThatIsKilledAnywhereLeavesOneRecordInTheEnd(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := newShelf(t)
		kills := rapid.SliceOfN(rapid.IntRange(0, 3), 0, 5).Draw(rt, "writes before each kill")
		at := evening
		for _, writes := range kills {
			s.keys.killed, s.keys.left = true, writes
			if err := s.Keep(t.Context(), ended("inv-42", at)); err != nil {
				require.ErrorIs(t, err, errKilled)
			}
			at = at.Add(time.Duration(rapid.IntRange(0, 10).Draw(rt, "seconds")) * time.Second)
		}
		s.keys.killed = false
		s.keep(ended("inv-42", at))

		references, bad := s.references("2026-11-27", "2026-11-28")
		require.Equal(t, []string{"inv-42"}, references)
		require.Empty(t, bad)
		record, used, err := s.find("inv-42")
		require.NoError(t, err)
		require.True(t, used)
		require.Equal(t, at, record.EndedAt())
		require.Len(t, s.files("."), 2)
	})
}

// TestRecordIsFoundWhileItIsReplaced: between two writes, the earlier record counts.
func TestRecordIsFoundWhileItIsReplaced(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.keep(ended("inv-42", evening))
	s.keys.killed, s.keys.left = true, 1
	require.ErrorIs(t, s.Keep(t.Context(), ended("inv-42", evening.Add(time.Hour))), errKilled)
	record, used, err := s.find("inv-42")
	require.NoError(t, err)
	require.True(t, used)
	require.Equal(t, evening, record.EndedAt())
}

func TestOrderThatEndsAgainReplacesItsRecord(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	first, second := ended("inv-42", evening), ended("inv-42", evening.Add(time.Hour))
	first.Order.Status = ramp.Expired
	s.keep(first, second, first) // the first may come late

	references, _ := s.references("2026-11-01", "2026-11-30")
	require.Equal(t, []string{"inv-42"}, references)
	record, _, err := s.find("inv-42")
	require.NoError(t, err)
	require.Equal(t, ramp.Completed, record.Order.Status)
}

func TestOnlyAnOrderThatHasEndedHasARecord(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	for _, change := range []func(*ramp.Order){
		func(o *ramp.Order) { o.Status = ramp.Settling },
		func(o *ramp.Order) { o.Reference = "../../etc" },
		func(o *ramp.Order) { o.Direction = "" },
		func(o *ramp.Order) { o.UpdatedAt = time.Time{} },
	} {
		record := ended("inv-42", evening)
		change(&record.Order)
		require.Error(t, s.Keep(t.Context(), record))
	}
	require.Empty(t, s.files("."))
}

// TestBadObjectsAreNamedAndTheOthersRead has a record that was cut off, one in another's place, and one of another key.
func TestBadObjectsAreNamedAndTheOthersRead(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.keep(ended("moved", evening.Add(-3*time.Hour)))
	moved := s.only("day=")
	content, err := os.ReadFile(moved)
	require.NoError(t, err)
	require.NoError(t, os.Remove(moved))
	s.keep(ended("good", evening))
	good := s.only("day=")
	require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(good), "000000.000000-"+strings.Repeat("0", 64)), content, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(good), "empty"), nil, 0o600))
	stranger := open(t, "file://"+s.path, &box{primary: "key-of-another"})
	require.NoError(t, stranger.Keep(t.Context(), ended("foreign", evening.Add(-time.Hour))))
	s.keep(ended("cut", evening.Add(-2*time.Hour)))
	for _, name := range s.files(".") {
		if strings.Contains(name, "/215959.") {
			require.NoError(t, os.Truncate(filepath.Join(s.path, name), 20))
		}
	}

	references, bad := s.references("2026-11-27", "2026-11-27")

	require.Equal(t, []string{"good"}, references)
	require.Len(t, bad, 4)
	for _, err := range bad {
		require.Contains(t, err.Name, "day=2026-11-27/")
		require.Contains(t, err.Error(), "cannot be read")
		require.NotContains(t, err.Error(), "asha")
	}
}

// TestReferenceOfAnUnreadableRecordIsStillKnown: the reference alone decides whether it was used.
func TestReferenceOfAnUnreadableRecordIsStillKnown(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*shelf) error{
		"cut off": func(s *shelf) error { return os.Truncate(s.only("day="), 9) },
		"missing": func(s *shelf) error { return os.Remove(s.only("day=")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShelf(t)
			s.keep(ended("inv-42", evening))
			require.NoError(t, spoil(s))
			record, used, err := s.find("inv-42")
			require.NoError(t, err)
			require.True(t, used)
			require.Nil(t, record)
		})
	}
}

// TestForgedReferenceDecidesNothing: what was not written with the keys neither frees nor takes a reference.
func TestForgedReferenceDecidesNothing(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	require.NoError(t, open(t, "file://"+s.path, &box{primary: "key-of-another"}).Keep(t.Context(), ended("inv-42", evening)))
	_, used, err := s.find("inv-42")
	var bad *records.BadError
	require.ErrorAs(t, err, &bad)
	require.False(t, used)

	s.keep(ended("inv-42", evening))
	_, used, err = s.find("inv-42")
	require.NoError(t, err)
	require.True(t, used)
}

func TestRecordsOfFormerKeysAreRead(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.keep(ended("old", evening))
	s.keys.primary, s.keys.known = "key-2", []string{"key-1"}
	s.keep(ended("new", evening))
	references, bad := s.references("2026-11-27", "2026-11-27")
	require.ElementsMatch(t, []string{"old", "new"}, references)
	require.Empty(t, bad)
}

func TestNoObjectHasAReferenceInItsName(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.keep(ended("inv-42", evening))
	for _, name := range s.files(".") {
		require.NotContains(t, name, "inv-42")
		info, err := os.Stat(filepath.Dir(filepath.Join(s.path, name)))
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm()&0o077, "only the owner reads %s", name)
	}
}

// TestStoreThatIsAwayIsNotCreated: where a file system is not mounted, records would be lost in the directory below it.
func TestStoreThatIsAwayIsNotCreated(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "not-mounted")
	store := open(t, "file://"+path, &box{primary: "key-1"})
	var away records.StoreError
	require.ErrorAs(t, store.Keep(t.Context(), ended("inv-42", evening)), &away)
	_, _, err := store.Find(t.Context(), ramp.ID{Direction: ramp.Onramp, Reference: "inv-42"})
	require.ErrorAs(t, err, &away)
	for _, err := range store.Between(t.Context(), "2026-11-27", "2026-11-27") {
		require.ErrorAs(t, err, &away)
	}
	require.NoDirExists(t, path)

	require.NoError(t, os.Mkdir(path, 0o700))
	require.NoError(t, store.Keep(t.Context(), ended("inv-42", evening)), "it works once it is there")
}

func TestURLOfAStoreIsCheckedAndNotRepeated(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"", "records", "file://relative", "ftp://host/x", "mem://x", "file:///a?x=secret", "s3://user:secret@bucket/x", "gs://bucket/secret", // without its driver
	} {
		err := records.CheckURL(url)
		require.Error(t, err, url)
		require.NotContains(t, err.Error(), "secret")
	}
	require.NoError(t, records.CheckURL("s3://ramp-records/orders/?region=ap-south-1"))
}

// bucket is a store in a bucket, and what ends its server.
func bucket(t *testing.T) (store *records.Store, down func()) {
	t.Helper()
	backend := s3mem.New()
	require.NoError(t, backend.CreateBucket("ramp-records"))
	server := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(server.Close)
	return open(t, "s3://ramp-records/orders/?region=ap-south-1&use_path_style=true&endpoint="+server.URL, &box{primary: "key-1"}), server.Close
}

func TestRecordsAreKeptInABucket(t *testing.T) { // not parallel: it sets credentials
	t.Setenv("AWS_ACCESS_KEY_ID", "id")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	store, down := bucket(t)
	first, second := ended("inv-42", evening), ended("inv-42", evening.Add(time.Hour))
	for _, record := range []records.Record{first, second, second, ended("inv-43", evening)} {
		require.NoError(t, store.Keep(t.Context(), record))
	}
	_, used, err := store.Find(t.Context(), ramp.ID{Direction: ramp.Onramp, Reference: "inv-42"})
	require.NoError(t, err)
	require.True(t, used)
	_, used, err = store.Find(t.Context(), ramp.ID{Direction: ramp.Onramp, Reference: "inv-44"})
	require.NoError(t, err)
	require.False(t, used)
	var all []string
	for record, err := range store.Between(t.Context(), "2026-11-27", "2026-11-28") {
		require.NoError(t, err)
		all = append(all, record.Order.Reference)
	}
	require.Equal(t, []string{"inv-43", "inv-42"}, all)

	down()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	var away records.StoreError
	require.ErrorAs(t, store.Keep(ctx, first), &away)
	require.NotContains(t, away.Error(), "127.0.0.1")
}

// table returns the CSV of records, by the names of its columns.
func table(t *testing.T, all ...records.Record) []map[string]string {
	t.Helper()
	var text bytes.Buffer
	writer, err := records.NewCSV(&text)
	require.NoError(t, err)
	for _, record := range all {
		require.NoError(t, writer.Write(&record))
	}
	require.NoError(t, writer.Close())
	rows, err := csv.NewReader(&text).ReadAll()
	require.NoError(t, err)
	var lines []map[string]string
	for _, row := range rows[1:] {
		line := map[string]string{}
		for i, name := range rows[0] {
			line[name] = row[i]
		}
		lines = append(lines, line)
	}
	return lines
}

func TestTableHasWhatAnAccountantNeeds(t *testing.T) {
	t.Parallel()
	record := ended("wd-7", evening)
	record.Order.Direction = ramp.Offramp
	record.Order.Quote = &ramp.Quote{
		Rate: "94.07", Pay: ramp.Amount{Amount: "100.00", Currency: "USDC"}, Receive: ramp.Amount{Amount: "9300.50", Currency: "INR"},
		Fees: []ramp.Fee{
			{Name: "gas", Amount: ramp.Amount{Amount: "0.10", Currency: "USDC"}},
			{Name: "transaction", Amount: ramp.Amount{Amount: "2.50", Currency: "INR"}},
			{Name: "tds", Amount: ramp.Amount{Amount: "94.07", Currency: "INR"}, Estimated: true},
		},
	}
	record.Order.Proof = &ramp.Proof{TransactionHash: "0xabc"}
	estimated := table(t, record)[0]
	require.Equal(t, "94.07", estimated["tds"])
	require.Equal(t, "estimate", estimated["tds_source"])

	record.Order.Settlement = &ramp.Settlement{
		Amount: ramp.Amount{Amount: "9298.00", Currency: "INR"}, PayoutReference: "412345678901", TDS: ramp.Amount{Amount: "94.10", Currency: "INR"},
		TokensDeducted: ramp.Amount{Amount: "100.00", Currency: "USDC"},
	}
	require.Equal(t, map[string]string{
		"date": "2026-11-27", "reference": "wd-7", "order_id": "650000000000000000000001", "direction": "offramp", "status": "completed",
		"pay": "100.00", "pay_currency": "USDC", "receive": "9300.50", "receive_currency": "INR", "rate": "94.07",
		"fees": "gas 0.10 USDC; transaction 2.50 INR", "tds": "94.10", "tds_currency": "INR", "tds_source": "provider",
		"proof": "0xabc", "settled": "9298.00", "settled_currency": "INR", "settled_estimated": "false", "settlement_hash": "",
		"payout_reference": "412345678901", "tokens_deducted": "100.00", "provider_status": "",
		"ended": "2026-11-27T23:59:59+05:30", "started": "2026-11-27T22:59:59+05:30", "email": "asha@example.test",
	}, table(t, record)[0])
}

func TestNoCellIsAFormula(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		begin := rapid.SampledFrom([]string{"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"}).Draw(rt, "begin")
		text := begin + rapid.String().Draw(rt, "text")
		record := ended("inv-42", evening)
		record.Order.ProviderStatus = text
		record.Order.Quote = &ramp.Quote{Fees: []ramp.Fee{{Name: text}}}
		line := table(t, record)[0]
		for _, column := range []string{"provider_status", "fees"} {
			require.True(t, strings.HasPrefix(line[column], "'"), "%q", line[column])
		}
	})
}

func TestOrderWithoutAPriceHasEmptyCells(t *testing.T) {
	t.Parallel()
	line := table(t, ended("inv-42", evening))[0]
	for _, column := range []string{"pay", "receive", "fees", "tds", "tds_source", "proof", "settled", "settled_estimated"} {
		require.Empty(t, line[column], column)
	}
}
