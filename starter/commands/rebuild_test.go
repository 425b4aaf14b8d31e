package commands_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
	"rampart/ramptest"
	"rampart/records"
)

const lostOrderID = "650000000000000000000001"

// lostShelf is a store with open orders, and a Temporal that knows none of them.
func lostShelf(t *testing.T, references ...string) *shelf {
	t.Helper()
	s := newShelf(t)
	s.unreachable = false
	for _, reference := range references {
		s.keepOpen(t, ramp.Onramp, reference)
	}
	s.fake.takenOver = func(id ramp.ID, orderID string) *ramp.Order {
		taken := order(id.Direction, id.Reference, ramp.AwaitingPayment)
		taken.OrderID = orderID
		return taken
	}
	return s
}

func (s *shelf) keepOpen(t *testing.T, direction ramp.Direction, reference string) {
	t.Helper()
	open := records.OpenOrder{RunID: "lost-run", Order: *order(direction, reference, ramp.VerifyingPayment)}
	open.Order.OrderID = lostOrderID
	bought, sold := ramptest.OnrampRequest(reference), ramptest.OfframpRequest(reference)
	if direction == ramp.Onramp {
		open.Onramp = &bought
	} else {
		open.Offramp = &sold
	}
	require.NoError(t, s.store.KeepOpen(t.Context(), open))
}

type rebuilt struct {
	Count  map[string]int `json:"count"`
	Orders []struct {
		Reference, OrderID, Outcome, Status, Problem string
	} `json:"orders"`
}

func TestLostOrdersAreTakenOver(t *testing.T) {
	t.Parallel()
	s := lostShelf(t, "inv-1", "inv-2")
	s.keepOpen(t, ramp.Offramp, "wd-3")
	got := s.run(t, "rebuild")
	require.Zero(t, got.code, got.stdout+got.stderr)
	require.ElementsMatch(t, []string{
		"take over onramp/inv-1 " + lostOrderID, "take over onramp/inv-2 " + lostOrderID, "take over offramp/wd-3 " + lostOrderID,
	}, s.fake.calls)
	require.Contains(t, got.stdout, "3 taken over, 0 starting, 0 running, 0 ended, 0 for a person.")
	require.Contains(t, got.stdout, "bin/starter reconcile --day DAY")
	require.NotContains(t, got.stdout, "example.test")

	require.Equal(t, rebuilt{Count: map[string]int{}}.Count, decoded[rebuilt](t, newOpenShelf(t).run(t, "rebuild", "-o", "json").stdout).Count)
}

// newOpenShelf is a store without open orders, with a Temporal.
func newOpenShelf(t *testing.T) *shelf {
	t.Helper()
	return lostShelf(t)
}

func TestRehearsalStartsNothing(t *testing.T) {
	t.Parallel()
	s := lostShelf(t, "inv-1")
	got := s.run(t, "rebuild", "--dry-run")
	require.Zero(t, got.code, got.stderr)
	require.Contains(t, got.stdout, "1 order is lost; nothing was started.")
	require.Empty(t, s.fake.calls)
	require.Equal(t, "The store has no open orders.\n", newOpenShelf(t).run(t, "rebuild", "--dry-run").stdout)
}

func TestOrdersThatRunOrHaveEndedAreLeftAlone(t *testing.T) {
	t.Parallel()
	s := lostShelf(t, "inv-runs", "inv-over", "inv-recorded", "inv-starts")
	s.fake.summaries = []ramp.Summary{
		{Reference: "inv-runs", Direction: ramp.Onramp, RunID: "lost-run", Running: true, OrderID: lostOrderID, Status: ramp.Settling},
		{Reference: "inv-over", Direction: ramp.Onramp, RunID: "lost-run", OrderID: lostOrderID, Status: ramp.Expired},
		{Reference: "inv-starts", Direction: ramp.Onramp, RunID: "another-run", Running: true, Status: ramp.VerifyingKYC},
	}
	s.fake.orders["onramp/inv-starts"] = s.fake.takenOver(ramp.ID{Direction: ramp.Onramp, Reference: "inv-starts"}, lostOrderID)
	record := records.New(*order(ramp.Onramp, "inv-recorded", ramp.Completed), "asha@example.test", "lost-run")
	require.NoError(t, s.store.Keep(t.Context(), record))
	open := records.OpenOrder{RunID: "lost-run", Order: *order(ramp.Onramp, "inv-recorded", ramp.Settling)}
	request := ramptest.OnrampRequest("inv-recorded")
	open.Onramp = &request
	s.leaveOpen(t, open)

	got := s.run(t, "rebuild", "-o", "json")
	require.Zero(t, got.code, got.stderr)
	require.Empty(t, s.fake.calls)
	require.Equal(t, map[string]int{"runs": 1, "ended": 2, "taken_over": 1}, decoded[rebuilt](t, got.stdout).Count)
	left, err := s.store.FindOpen(t.Context(), open.ID())
	require.NoError(t, err)
	require.Nil(t, left, "what the end of the order left is deleted")
}

// leaveOpen writes an open order as if its writer had been slower than the end of the order, and then killed.
func (s *shelf) leaveOpen(t *testing.T, open records.OpenOrder) {
	t.Helper()
	lines, err := filepath.Glob(s.path + "/reference/*/*")
	require.NoError(t, err)
	for _, line := range lines {
		require.NoError(t, os.Rename(line, line+"-away"))
	}
	require.NoError(t, s.store.KeepOpen(t.Context(), open))
	for _, line := range lines {
		require.NoError(t, os.Rename(line+"-away", line))
	}
}

func TestOrdersThatNeedAPersonAreNamed(t *testing.T) {
	t.Parallel()
	for problem, prepare := range map[string]func(*shelf){
		"another order of the provider": func(s *shelf) {
			s.fake.summaries = []ramp.Summary{{Reference: "inv-1", Direction: ramp.Onramp, Running: true, OrderID: "650000000000000000000009"}}
		},
		"Temporal is older than the store": func(s *shelf) {
			s.fake.summaries = []ramp.Summary{{Reference: "inv-1", Direction: ramp.Onramp, RunID: "lost-run", Running: true}}
			behind := order(ramp.Onramp, "inv-1", ramp.CreatingOrder)
			behind.OrderID = ""
			s.fake.orders["onramp/inv-1"] = behind
		},
		"ended without a result": func(s *shelf) {
			s.fake.summaries = []ramp.Summary{{Reference: "inv-1", Direction: ramp.Onramp, RunID: "lost-run", OrderID: lostOrderID, Status: ramp.Settling}}
			s.fake.orders["onramp/inv-1"] = order(ramp.Onramp, "inv-1", ramp.Settling)
		},
		"belongs to another order": func(s *shelf) {
			s.fake.takenOver = func(id ramp.ID, _ string) *ramp.Order {
				refused := order(id.Direction, id.Reference, ramp.Rejected)
				refused.OrderID, refused.ProviderReason = "", "it belongs to another order"
				return refused
			}
		},
		"under another reference, with starter adopt": func(s *shelf) {
			s.fake.summaries = []ramp.Summary{{Reference: "inv-1", Direction: ramp.Onramp, RunID: "another-run", Status: ramp.Cancelled}}
		},
		"no longer valid": func(s *shelf) { s.fake.err = &ramp.Error{Type: ramp.InvalidRequest, Message: "the wallet is wrong"} },
		"cannot be read": func(s *shelf) {
			names, _ := filepath.Glob(s.path + "/open/*")
			_ = os.Truncate(names[0], 10)
		},
		"was reset": func(s *shelf) {
			_ = s.store.Keep(t.Context(), records.New(*order(ramp.Onramp, "inv-1", ramp.Completed), "asha@example.test", "run-before"))
			s.keepOpen(t, ramp.Onramp, "inv-1")
		},
	} {
		t.Run(problem, func(t *testing.T) {
			t.Parallel()
			s := lostShelf(t, "inv-1")
			prepare(s)
			got := s.run(t, "rebuild", "--timeout", "1s")
			require.Equal(t, 1, got.code, got.stdout)
			require.Contains(t, got.stdout, problem)
			require.Contains(t, got.stderr, "1 order needs a person")
		})
	}
}

// TestOrderThatIsBeingMadeNeedsNobody has an order between its writing to the store and the end of its workflow task.
func TestOrderThatIsBeingMadeNeedsNobody(t *testing.T) {
	t.Parallel()
	s := lostShelf(t, "inv-1")
	s.fake.summaries = []ramp.Summary{{Reference: "inv-1", Direction: ramp.Onramp, RunID: "lost-run", Running: true}}
	s.fake.orders["onramp/inv-1"] = s.fake.takenOver(ramp.ID{Direction: ramp.Onramp, Reference: "inv-1"}, lostOrderID)
	got := s.run(t, "rebuild", "-o", "json")
	require.Zero(t, got.code, got.stderr)
	require.Equal(t, map[string]int{"runs": 1}, decoded[rebuilt](t, got.stdout).Count)
}

// TestOrderThatAnotherOneHasTakenOverIsNotOpen has a reference that was cancelled after the loss, and the other that follows the provider's order.
func TestOrderThatAnotherOneHasTakenOverIsNotOpen(t *testing.T) {
	t.Parallel()
	s := lostShelf(t, "inv-1")
	s.fake.summaries = []ramp.Summary{
		{Reference: "inv-1", Direction: ramp.Onramp, RunID: "another-run", Status: ramp.Cancelled},
		{Reference: "inv-1-b", Direction: ramp.Onramp, Running: true, Status: ramp.Settling, OrderID: lostOrderID},
	}
	got := s.run(t, "rebuild")
	require.Zero(t, got.code, got.stderr)
	require.Contains(t, got.stdout, "order inv-1-b has the provider's order")
	left, err := s.store.FindOpen(t.Context(), ramp.ID{Direction: ramp.Onramp, Reference: "inv-1"})
	require.NoError(t, err)
	require.Nil(t, left)
}

func TestStartThatWasRefusedIsRepeated(t *testing.T) {
	t.Parallel()
	s := lostShelf(t, "inv-1")
	s.fake.summaries = []ramp.Summary{{Reference: "inv-1", Direction: ramp.Onramp, Status: ramp.VerifyingKYC}} // it failed, and was no order
	got := s.run(t, "rebuild")
	require.Zero(t, got.code, got.stderr)
	require.Len(t, s.fake.calls, 1)
}

func TestRebuildSaysWhatIsAwayAndMayBeRepeated(t *testing.T) {
	t.Parallel()
	s := lostShelf(t, "inv-1", "inv-2")
	s.fake.err = errors.New("Temporal does not answer")
	got := s.run(t, "rebuild")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.stderr, "Temporal does not answer")
	s.fake.err = nil
	require.Zero(t, s.run(t, "rebuild").code)

	slow := lostShelf(t, "inv-1")
	slow.fake.takenOver = func(id ramp.ID, _ string) *ramp.Order {
		starts := order(id.Direction, id.Reference, ramp.CreatingOrder)
		starts.OrderID = ""
		return starts
	}
	got = slow.run(t, "rebuild", "--timeout", "10ms")
	require.Equal(t, 4, got.code)
	require.Contains(t, got.stderr, "the same command looks again")

	slow.unreachable = true
	require.Equal(t, 1, slow.run(t, "rebuild").code)
	away := lostShelf(t)
	require.NoError(t, os.RemoveAll(away.path))
	got = away.run(t, "rebuild")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.stderr, "is not a directory")
	delete(away.environment, "RAMP_RECORDS")
	require.Equal(t, 2, away.run(t, "rebuild").code)
}

func TestRebuildOfManyOrdersTakesOverEachOnce(t *testing.T) {
	t.Parallel()
	s := lostShelf(t)
	for n := range 300 {
		s.keepOpen(t, ramp.Onramp, fmt.Sprintf("inv-%d", n))
	}
	got := s.run(t, "rebuild", "-o", "json")
	require.Zero(t, got.code, got.stderr)
	report := decoded[rebuilt](t, got.stdout)
	require.Len(t, report.Orders, 300)
	require.Len(t, s.fake.calls, 300)
	seen := make(map[string]bool)
	for _, call := range s.fake.calls {
		require.False(t, seen[call], call)
		seen[call] = true
	}
	require.Equal(t, map[string]int{"taken_over": len(report.Orders)}, report.Count)
}
