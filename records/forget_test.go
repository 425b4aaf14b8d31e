package records_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/require"

	"rampart/ramp"
	"rampart/records"
)

func bought(reference string) ramp.ID { return ramp.ID{Direction: ramp.Onramp, Reference: reference} }

// all returns the references of every record.
func all(t *testing.T, store *records.Store) []string {
	t.Helper()
	var references []string
	for record, err := range store.All(t.Context()) {
		require.NoError(t, err)
		references = append(references, record.Order.Reference)
	}
	return references
}

// recordsOf returns the paths of the records of an order.
func (s *shelf) recordsOf(reference string) []string {
	s.t.Helper()
	sum := sha256.Sum256([]byte("onramp/" + reference))
	paths, err := filepath.Glob(s.path + "/day=*/*-" + hex.EncodeToString(sum[:]))
	require.NoError(s.t, err)
	return paths
}

func TestForgottenOrderHasNoRecordAndItsReferenceStaysUsed(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.keep(ended("inv-42", evening), ended("inv-43", evening), ended("old", evening.AddDate(-3, 0, 0)))

	forgotten, err := s.Forget(t.Context(), bought("inv-42"))
	require.NoError(t, err)
	require.Equal(t, 1, forgotten)

	require.Equal(t, []string{"old", "inv-43"}, all(t, s.Store))
	require.Empty(t, s.recordsOf("inv-42"))
	record, used, err := s.find("inv-42")
	require.NoError(t, err)
	require.True(t, used, "no other order may take the reference")
	require.Nil(t, record)

	for _, again := range []string{"inv-42", "never-was"} {
		forgotten, err = s.Forget(t.Context(), bought(again))
		require.NoError(t, err)
		require.Zero(t, forgotten)
	}
	forgotten, err = s.Forget(t.Context(), ramp.ID{Direction: ramp.Offramp, Reference: "inv-43"})
	require.NoError(t, err)
	require.Zero(t, forgotten, "an order of the other direction is another")
}

func TestUnreadableRecordIsForgottenByItsOrder(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.keep(ended("inv-42", evening))
	require.NoError(t, os.Truncate(s.only("day="), 9))
	forgotten, err := s.Forget(t.Context(), bought("inv-42"))
	require.NoError(t, err)
	require.Equal(t, 1, forgotten)
	require.Empty(t, s.recordsOf("inv-42"))
}

// TestForgettingThatIsCutOffIsRepeated has an order with two records, because its writer was killed between two writes, and a store that
// fails after it has deleted the first.
func TestForgettingThatIsCutOffIsRepeated(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.keep(ended("inv-42", evening), ended("inv-43", evening))
	earlier := s.recordsOf("inv-42")[0]
	content, err := os.ReadFile(earlier)
	require.NoError(t, err)
	s.keys.killed, s.keys.left = true, 2
	require.ErrorIs(t, s.Keep(t.Context(), ended("inv-42", evening.Add(time.Hour))), errKilled)
	require.NoError(t, os.MkdirAll(filepath.Join(earlier, "busy"), 0o700)) // in the record's place, what cannot be deleted

	forgotten, err := s.Forget(t.Context(), bought("inv-42"))
	var failed records.StoreError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, 1, forgotten, "the newest is the first")
	_, used, err := s.find("inv-42")
	require.NoError(t, err)
	require.True(t, used)

	require.NoError(t, os.RemoveAll(earlier))
	require.NoError(t, os.WriteFile(earlier, content, 0o600))
	forgotten, err = s.Forget(t.Context(), bought("inv-42"))
	require.NoError(t, err)
	require.Equal(t, 1, forgotten)
	require.Equal(t, []string{"inv-43"}, all(t, s.Store))
}

// TestForgettingTakesNothingFromAWriter keeps records of other users while some are forgotten.
func TestForgettingTakesNothingFromAWriter(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	const orders = 40
	for i := range orders {
		s.keep(ended(fmt.Sprint("gone-", i), evening))
	}
	var writers sync.WaitGroup
	for i := range orders {
		writers.Go(func() {
			writer := open(t, "file://"+s.path, &box{primary: "key-1"})
			if err := writer.Keep(t.Context(), ended(fmt.Sprint("stays-", i), evening)); err != nil {
				t.Error(err)
			}
		})
	}
	for record, err := range s.All(t.Context()) {
		require.NoError(t, err)
		if record.Order.Reference[0] == 'g' {
			had, err := s.Delete(t.Context(), record)
			require.NoError(t, err)
			require.True(t, had)
		}
	}
	writers.Wait()
	left := all(t, s.Store)
	require.Len(t, left, orders)
	require.NotContains(t, left, "gone-0")
	for i := range orders {
		_, used, err := s.find(fmt.Sprint("gone-", i))
		require.NoError(t, err)
		require.True(t, used)
	}
}

// TestOrderThatIsKeptAgainAfterItWasForgottenHasItsRecord: an operator has reset it.
func TestOrderThatIsKeptAgainAfterItWasForgottenHasItsRecord(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.keep(ended("inv-42", evening))
	_, err := s.Forget(t.Context(), bought("inv-42"))
	require.NoError(t, err)
	s.keep(ended("inv-42", evening.Add(time.Hour)))
	require.Equal(t, []string{"inv-42"}, all(t, s.Store))
	forgotten, err := s.Forget(t.Context(), bought("inv-42"))
	require.NoError(t, err)
	require.Equal(t, 1, forgotten)
}

func TestFilesOfKilledWritersAreSwept(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.keep(ended("inv-42", evening))
	old, fresh := s.only("day=")+".1234.tmp", s.only("reference/")+".5678.tmp"
	for _, path := range []string{old, fresh} {
		require.NoError(t, os.WriteFile(path, []byte("a part"), 0o600))
	}
	long := time.Now().Add(-2 * time.Hour)
	require.NoError(t, os.Chtimes(old, long, long))
	swept, err := s.Sweep(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, swept)
	require.NoFileExists(t, old)
	require.FileExists(t, fresh, "its writer may be at work")
	require.Equal(t, []string{"inv-42"}, all(t, s.Store))
}

func TestNothingIsForgottenInAStoreThatIsAway(t *testing.T) {
	t.Parallel()
	store := open(t, "file://"+filepath.Join(t.TempDir(), "not-mounted"), &box{primary: "key-1"})
	var away records.StoreError
	_, err := store.Forget(t.Context(), bought("inv-42"))
	require.ErrorAs(t, err, &away)
	_, err = store.Sweep(t.Context())
	require.ErrorAs(t, err, &away)
	record := ended("inv-42", evening)
	_, err = store.Delete(t.Context(), &record)
	require.ErrorAs(t, err, &away)
	for _, err := range store.All(t.Context()) {
		require.ErrorAs(t, err, &away)
	}
}

// TestRecordsInABucketAreForgotten has a bucket that refuses deletions after the first one.
func TestRecordsInABucketAreForgotten(t *testing.T) { // not parallel: it sets credentials
	t.Setenv("AWS_ACCESS_KEY_ID", "id")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	backend := s3mem.New()
	require.NoError(t, backend.CreateBucket("ramp-records"))
	var left atomic.Int64
	left.Store(1)
	objects := gofakes3.New(backend).Server()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete && left.Add(-1) < 0 {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		objects.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	store := open(t, "s3://ramp-records/orders/?region=ap-south-1&use_path_style=true&endpoint="+server.URL, &box{primary: "key-1"})
	for _, record := range []records.Record{ended("inv-42", evening), ended("inv-43", evening.Add(time.Hour)), ended("inv-44", evening)} {
		require.NoError(t, store.Keep(t.Context(), record))
	}

	forgotten, err := store.Forget(t.Context(), bought("inv-42"))
	require.NoError(t, err)
	require.Equal(t, 1, forgotten)
	_, err = store.Forget(t.Context(), bought("inv-43"))
	require.ErrorContains(t, err, "does not permit")
	require.Equal(t, []string{"inv-44", "inv-43"}, all(t, store))

	left.Store(9)
	for _, reference := range []string{"inv-42", "inv-43"} {
		_, err = store.Forget(t.Context(), bought(reference))
		require.NoError(t, err)
	}
	require.Equal(t, []string{"inv-44"}, all(t, store))
	swept, err := store.Sweep(t.Context())
	require.NoError(t, err)
	require.Zero(t, swept)
}
