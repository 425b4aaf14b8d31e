package torture

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRecoveryIsReckonedFromTheCallsThatABlowMadeWait(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	during := func(begun, ended int) call {
		return call{at.Add(time.Duration(begun) * time.Second), at.Add(time.Duration(ended) * time.Second)}
	}
	blow := Blow{At: at}

	blow.reckon([]call{
		during(-9, -1), // answered before
		during(-5, 12), // in progress at the blow
		during(1, 8),
		during(2, 20),
		during(9, 10), // made once others were answered
	})

	require.Equal(t, 8*time.Second, blow.First)
	require.Equal(t, 3, blow.Waiting)
	require.Equal(t, 12*time.Second, blow.Half)
	require.Equal(t, 20*time.Second, blow.Last)
}

func TestBlowAfterWhichNobodyCallsHasNoTimes(t *testing.T) {
	t.Parallel()
	blow := Blow{At: time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)}

	blow.reckon([]call{{blow.At.Add(-2 * time.Second), blow.At.Add(-time.Second)}})

	require.Zero(t, blow.First)
	require.Zero(t, blow.Waiting)
	require.Zero(t, blow.Last)
}

func TestProcessThatDoesNotStartAgainIsReportedWithTheReason(t *testing.T) {
	t.Parallel()
	var told strings.Builder
	var outcome error
	history := &part{name: "temporal_history", start: func(context.Context) error { return outcome }}
	c := &cluster{stack: &stack{options: Options{Progress: &told}}, begun: time.Now(), parts: []*part{history}}
	require.EqualError(t, c.failures(), "temporal_history has not been started again")

	outcome = errors.New("its port is taken")
	require.ErrorIs(t, c.restart(t.Context(), history), outcome)

	require.Contains(t, told.String(), "temporal_history does not start again: its port is taken")
	require.EqualError(t, c.failures(), "temporal_history: its port is taken")
	outcome = nil
	require.NoError(t, c.restart(t.Context(), history))
	require.NoError(t, c.failures())
}
