package ledger

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFullJournalDropsItsOlderHalfAndCountsAllEvents(t *testing.T) {
	t.Parallel()
	j := NewJournal()
	for range maxEvents + 1 {
		j.Add(Event{Kind: EventLogin})
	}
	require.Equal(t, maxEvents+1, j.Counts()[EventLogin])
	oldest := j.After(0, 1)
	require.Equal(t, maxEvents/2+1, oldest[0].Number)
	require.Len(t, j.After(0, maxEvents), maxEvents/2+1)
	require.Equal(t, maxEvents+1, j.After(maxEvents, 10)[0].Number)
}
