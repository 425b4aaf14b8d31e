package torture

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/codec"
	"rampart/ramp"
	"rampart/records"
	"rampart/sandbox/ledger"
)

// TestOrderThatWasBeingMadeAtALossIsNoDuplicate has an order that the provider made, and that was not kept when Temporal's database was lost.
func TestOrderThatWasBeingMadeAtALossIsNoDuplicate(t *testing.T) {
	t.Parallel()
	o, recorded := bought()
	recorded.Orders = append(recorded.Orders, ledger.Order{ID: "b", Direction: "onramp", Reference: "order-1", Status: "fiatPending"})
	counts, _ := check([]outcome{o}, recorded)
	require.Equal(t, 1, counts.Duplicates)

	o.lossy = true
	counts, violations := check([]outcome{o}, recorded)
	require.Empty(t, violations)
	require.Equal(t, 1, counts.MadeAtALoss)

	o.kept = []string{"b"}
	_, violations = check([]outcome{o}, recorded)
	require.Len(t, violations, 1, "what the store had must not be made again")
	o.kept = nil

	recorded.Orders[1].Proof = right
	counts, _ = check([]outcome{o}, recorded)
	require.Equal(t, 1, counts.Duplicates, "somebody was told how to pay it")
}

func TestOnlyADevelopmentDatabaseIsDeleted(t *testing.T) {
	t.Parallel()
	options := Options{Bin: "bin", Dir: t.TempDir(), Orders: 1, Speed: 1, Losses: 1}
	require.NoError(t, options.check())
	options.PostgreSQL = true
	require.ErrorContains(t, options.check(), "development server")
	options.PostgreSQL, options.Losses = false, -1
	require.Error(t, options.check())
}

func TestLossesComeAmongTheOtherDisruptionsAndChangeNone(t *testing.T) {
	t.Parallel()
	options := Options{Seed: 1, Orders: 10, Speed: 30, Kills: 3, ServerKills: 2}
	before := planDisruptions(options)
	options.Losses = 2
	after := planDisruptions(options)
	require.Len(t, after, len(before)+2)
	for _, d := range before {
		require.Contains(t, after, d)
	}
}

// TestOrderThatEndedBeforeALossIsReadFromItsRecord: Temporal does not know it any more.
func TestOrderThatEndedBeforeALossIsReadFromItsRecord(t *testing.T) {
	t.Parallel()
	options := Options{Dir: t.TempDir(), Losses: 1}
	environment, err := recordsStore(options)
	require.NoError(t, err)
	require.Equal(t, []string{"RAMP_RECORDS=file://" + recordsDirectory(options)}, environment)
	s := &stack{options: options}
	s.Keyring, err = codec.NewKeyring()
	require.NoError(t, err)
	store, err := s.openRecords()
	require.NoError(t, err)
	o, _ := bought()
	o.order.UpdatedAt = o.backend.submittedAt
	require.NoError(t, store.Keep(t.Context(), records.New(*o.order, "asha@example.test", "run-1")))

	lost := &ramp.Error{Type: ramp.NotFound}
	b := &backend{plan: o.plan, records: store}
	require.Equal(t, "a", b.overWhenLost(t.Context(), lost).OrderID)
	require.True(t, b.isLost(lost))
	b.plan.id.Reference = "order-2"
	require.Nil(t, b.overWhenLost(t.Context(), lost))
	b.records = nil
	require.False(t, b.isLost(lost))

	none, err := recordsStore(Options{Dir: t.TempDir()})
	require.NoError(t, err)
	require.Empty(t, none)
	require.ErrorIs(t, os.Mkdir(recordsDirectory(options), 0o700), os.ErrExist)
}
