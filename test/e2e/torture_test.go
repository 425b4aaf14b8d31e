package e2e_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/ramp/situation"
	"rampart/test/torture"
)

// TestTortureFindsNoViolation is the short version of make torture.
func TestTortureFindsNoViolation(t *testing.T) {
	t.Parallel()
	options := torture.Options{
		Bin: programs, Config: "../../temporal-dev.yaml", Dir: t.TempDir(),
		Seed: 1, Orders: 40, Faults: 0.2, Speed: 90, Every: 250 * time.Millisecond,
		Kills: 3, Stops: 1, ServerKills: 1, GatewayKills: 1, Outage: 5 * time.Second,
	}

	report, err := torture.Run(t.Context(), options)

	require.NoError(t, err)
	var text strings.Builder
	require.NoError(t, report.WriteText(&text))
	t.Log(text.String())
	require.Empty(t, report.Violations)
	require.True(t, report.Good())
	require.Equal(t, options.Orders, report.Counts.Started)
	require.Equal(t, options.Orders, report.Histories.Read)
	require.Len(t, report.Disruptions, 4, "not every kind of disruption was applied")
	require.NotZero(t, report.Counts.Completed)
	require.NotZero(t, report.Counts.Expired)
	require.NotZero(t, report.Provider.Faults)
	require.NotZero(t, report.Hints.Answers["200"])
	require.NotZero(t, report.Events.Events)
	require.NotZero(t, report.Events.Refused)
	require.NotZero(t, report.Events.Unanswered)
	require.GreaterOrEqual(t, report.Books.Compared, options.Orders)
	for _, kind := range situation.Differences() {
		require.NotZero(t, report.Books.Forced[string(kind)], kind)
	}
}
