package records_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
	"rampart/records"
)

// lasting is an open order of the run that ended would be of.
func lasting(reference string) records.OpenOrder {
	return records.OpenOrder{
		RunID:  ended(reference, time.Now()).RunID,
		Onramp: &ramp.OnrampRequest{Reference: reference, Email: "asha@example.test"},
		Proof:  &ramp.Proof{UTR: "412345678901"},
		Order: ramp.Order{
			Reference: reference, Direction: ramp.Onramp, Status: ramp.AwaitingPayment, OrderID: "650000000000000000000001",
			Instructions: &ramp.Instructions{UPI: &ramp.UPIInstructions{VPA: "merchant@examplebank"}},
		},
	}
}

func (s *shelf) allOpen() (references []string, bad []*records.BadError) {
	s.t.Helper()
	for open, err := range s.AllOpen(s.t.Context()) {
		if err != nil {
			var unreadable *records.BadError
			require.ErrorAs(s.t, err, &unreadable)
			bad = append(bad, unreadable)
			continue
		}
		references = append(references, open.Order.Reference)
	}
	return references, bad
}

func TestOpenOrderIsKeptUntilItsRecordIs(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	id := ramp.ID{Direction: ramp.Onramp, Reference: "inv-1"}
	found, err := s.FindOpen(t.Context(), id)
	require.NoError(t, err)
	require.Nil(t, found)

	first := lasting("inv-1")
	first.Proof = nil
	require.NoError(t, s.KeepOpen(t.Context(), first))
	require.NoError(t, s.KeepOpen(t.Context(), lasting("inv-1")))
	require.NoError(t, s.KeepOpen(t.Context(), lasting("inv-2")))
	found, err = s.FindOpen(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, lasting("inv-1"), *found)
	references, bad := s.allOpen()
	require.ElementsMatch(t, []string{"inv-1", "inv-2"}, references)
	require.Empty(t, bad)
	_, used, err := s.find("inv-1")
	require.NoError(t, err)
	require.False(t, used, "only an order that has ended uses up its reference")

	s.keep(ended("inv-1", time.Now()))
	references, _ = s.allOpen()
	require.Equal(t, []string{"inv-2"}, references)
	require.NoError(t, s.DropOpen(t.Context(), ramp.ID{Direction: ramp.Onramp, Reference: "inv-2"}))
	require.NoError(t, s.DropOpen(t.Context(), ramp.ID{Direction: ramp.Onramp, Reference: "inv-2"}))
	require.Empty(t, s.files("open"))
}

// TestOrderThatIsWrittenAsItEndsLeavesNothingOpen has a writer that is slower than the end of its order.
func TestOrderThatIsWrittenAsItEndsLeavesNothingOpen(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.keep(ended("inv-1", time.Now()))
	require.NoError(t, s.KeepOpen(t.Context(), lasting("inv-1")))
	require.Empty(t, s.files("open"))

	var writing sync.WaitGroup
	errs := make([]error, 50)
	for n := range 50 {
		reference := fmt.Sprintf("inv-1-%d", n)
		writing.Go(func() { errs[n] = s.Keep(t.Context(), ended(reference, evening)) })
		writing.Go(func() {
			for s.KeepOpen(t.Context(), lasting(reference)) != nil { // it is deleted before it is durable, and written again
			}
		})
	}
	writing.Wait()
	require.NoError(t, errors.Join(errs...))
	require.Empty(t, s.files("open"))
}

// TestOpenOrderIsForgotten has an order that was terminated: it has no record.
func TestOpenOrderIsForgotten(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	require.NoError(t, s.KeepOpen(t.Context(), lasting("inv-1")))
	require.NoError(t, s.KeepOpen(t.Context(), lasting("inv-2")))
	forgotten, err := s.Forget(t.Context(), ramp.ID{Direction: ramp.Onramp, Reference: "inv-1"})
	require.NoError(t, err)
	require.Equal(t, 1, forgotten)
	references, _ := s.allOpen()
	require.Equal(t, []string{"inv-2"}, references)
}

func TestOrderThatWasResetAfterItsEndIsOpenAgain(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.keep(ended("inv-1", time.Now()))
	again := lasting("inv-1")
	again.RunID = "run-of-the-reset"
	require.NoError(t, s.KeepOpen(t.Context(), again))
	references, _ := s.allOpen()
	require.Equal(t, []string{"inv-1"}, references)
}

func TestOpenOrderThatCannotBeReadIsNamedAndTheOthersRead(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	for _, reference := range []string{"inv-1", "inv-2", "inv-3"} {
		require.NoError(t, s.KeepOpen(t.Context(), lasting(reference)))
	}
	names := s.files("open")
	require.Len(t, names, 3)
	require.NoError(t, os.Truncate(filepath.Join(s.path, names[0]), 10))
	moved := filepath.Join(s.path, names[1])
	require.NoError(t, os.Rename(moved, moved[:len(moved)-1]+"x"))
	require.NoError(t, os.WriteFile(filepath.Join(s.path, "open", "cut.tmp"), []byte("half"), 0o600))

	references, bad := s.allOpen()
	require.Len(t, references, 1)
	require.Len(t, bad, 2)
	require.NotContains(t, bad[0].Error()+bad[1].Error(), "asha")
}

func TestOnlyAnOrderThatTheProviderHasIsKeptOpen(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	for name, spoil := range map[string]func(*records.OpenOrder){
		"no order at the provider": func(o *records.OpenOrder) { o.Order.OrderID = "" },
		"no request":               func(o *records.OpenOrder) { o.Onramp = nil },
		"another's request":        func(o *records.OpenOrder) { o.Onramp = &ramp.OnrampRequest{Reference: "inv-2"} },
		"two requests":             func(o *records.OpenOrder) { o.Offramp = &ramp.OfframpRequest{Reference: "inv-1"} },
		"another direction":        func(o *records.OpenOrder) { o.Order.Direction = ramp.Offramp },
		"no reference":             func(o *records.OpenOrder) { o.Order.Reference, o.Onramp.Reference = "", "" },
	} {
		open := lasting("inv-1")
		spoil(&open)
		require.Error(t, s.KeepOpen(t.Context(), open), name)
	}
	require.Empty(t, s.files("open"))
}

func TestStoreThatIsAwayTellsOfNoOpenOrder(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	require.NoError(t, os.RemoveAll(s.path))
	var away records.StoreError
	require.ErrorAs(t, s.KeepOpen(t.Context(), lasting("inv-1")), &away)
	_, err := s.FindOpen(t.Context(), ramp.ID{Direction: ramp.Onramp, Reference: "inv-1"})
	require.ErrorAs(t, err, &away)
	for _, err := range s.AllOpen(t.Context()) {
		require.ErrorAs(t, err, &away)
	}
}

func TestOpenOrderPrintsNothingPersonal(t *testing.T) {
	t.Parallel()
	require.NotContains(t, lasting("inv-1").String(), "asha@example.test")
	require.NotContains(t, lasting("inv-1").LogValue().String(), "412345678901")
}
