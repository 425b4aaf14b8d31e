package sandbox

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFullJournalForgetsTheOlderHalfButCountsAll(t *testing.T) {
	t.Parallel()
	j := newJournal()
	for range maxEvents + 1 {
		j.add(Event{Kind: EventLogin})
	}
	require.Equal(t, maxEvents+1, j.tally()[EventLogin])
	oldest := j.after(0, 1)
	require.Equal(t, maxEvents/2+1, oldest[0].Number)
	require.Len(t, j.after(0, maxEvents), maxEvents/2+1)
	require.Equal(t, maxEvents+1, j.after(maxEvents, 10)[0].Number)
}
