package situation_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/ramp/situation"
)

func TestDayBeginsAtMidnightInIndia(t *testing.T) {
	t.Parallel()
	day := situation.Day("2026-11-26")
	require.Equal(t, time.Date(2026, 11, 25, 18, 30, 0, 0, time.UTC), day.Begin())
	require.Equal(t, time.Date(2026, 11, 26, 18, 30, 0, 0, time.UTC), day.End())
	require.True(t, day.Has(day.Begin()))
	require.True(t, day.Has(day.End().Add(-time.Nanosecond)))
	require.False(t, day.Has(day.End()))
	require.False(t, day.Has(day.Begin().Add(-time.Nanosecond)))
	require.Equal(t, day, situation.DayOf(day.Begin()))
	require.Equal(t, situation.Day("2026-11-27"), situation.DayOf(day.End()))
}

func TestDaysAreCountedOverMonthsAndYears(t *testing.T) {
	t.Parallel()
	require.Equal(t, situation.Day("2027-01-01"), situation.Day("2026-12-31").Add(1))
	require.Equal(t, situation.Day("2028-02-29"), situation.Day("2028-03-01").Add(-1))
}

func TestTextThatIsNoDayIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "yesterday", "2026-13-01", "26-11-2026", "2026-11-26T00:00:00Z", "../2026-11-26"} {
		_, err := situation.ParseDay(text)
		require.Error(t, err, text)
	}
	day, err := situation.ParseDay("2026-11-26")
	require.NoError(t, err)
	require.Equal(t, situation.Day("2026-11-26"), day)
}
