package bench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestStallNotesWhenAnOrderWithoutAnAnswerIsCalledAboutAgain(t *testing.T) {
	t.Parallel()
	var s stall
	body, other := []byte(`{"orderId":"a"}`), []byte(`{"orderId":"b"}`)
	begun := time.Now()
	require.False(t, s.takes(statusRoute, body, begun), "it has not begun")

	s.begin(statusRoute)
	require.False(t, s.takes(proofRoute, other, begun), "another route is answered")
	require.True(t, s.takes(statusRoute, body, begun))
	s.end()
	require.False(t, s.takes(statusRoute, other, begun))
	stalled, again := s.counts()
	require.Equal(t, 1, stalled)
	require.Empty(t, again)

	require.False(t, s.takes(statusRoute, body, begun.Add(time.Second)))
	require.False(t, s.takes(statusRoute, body, begun.Add(time.Minute)))
	_, again = s.counts()
	require.Equal(t, []time.Time{begun.Add(time.Second)}, again)
}
