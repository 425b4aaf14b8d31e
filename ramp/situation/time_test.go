package situation_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
	"rampart/ramp/situation"
)

func TestMomentIsInIndianTimeAndInUTC(t *testing.T) {
	t.Parallel()
	require.Equal(t, "23 Nov 2026, 11:30:00 IST (06:00:00 UTC)", situation.Moment(began))
	require.Equal(t, "24 Nov 2026, 01:30:00 IST (23 Nov, 20:00:00 UTC)", situation.Moment(began.Add(14*time.Hour)))
	require.Equal(t, "23 Nov 2026, 11:30:00 IST", situation.IST(began.In(time.FixedZone("elsewhere", -3600))))
}

func TestSpanHasTwoUnits(t *testing.T) {
	t.Parallel()
	for span, want := range map[time.Duration]string{
		0: "0s", 9*time.Second + 900*time.Millisecond: "9s", 61 * time.Second: "1m 01s", 2*time.Hour + 59*time.Minute: "2h 59m", 26 * time.Hour: "1d 2h",
	} {
		require.Equal(t, want, situation.Span(span))
	}
	require.Equal(t, "1m 00s left", situation.Left(began.Add(time.Minute), began))
	require.Equal(t, "over", situation.Left(began, began))
}

func TestSinceIsWhenTheOrderCameToItsStatus(t *testing.T) {
	t.Parallel()
	o := order(ramp.Onramp, ramp.Settling, nil)
	require.Equal(t, began.Add(time.Minute), situation.Since(o))
	o.Timeline = nil
	require.Equal(t, o.UpdatedAt, situation.Since(o))
}
