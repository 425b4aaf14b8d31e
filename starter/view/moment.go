package view

import (
	"fmt"
	"time"
)

// ist is the time of the users: India has one zone and no summer time.
func ist(t time.Time) time.Time {
	return t.In(time.FixedZone("IST", 5*60*60+30*60))
}

func sameDay(a, b time.Time) bool {
	return a.Format(time.DateOnly) == b.Format(time.DateOnly)
}

// Moment is a time in IST and in UTC, whose date is repeated only where it is another.
func Moment(t time.Time) string {
	local, utc := ist(t), t.UTC()
	second := utc.Format("15:04:05 UTC")
	if !sameDay(local, utc) {
		second = utc.Format("2 Jan, 15:04:05 UTC")
	}
	return fmt.Sprintf("%s (%s)", local.Format("2 Jan 2006, 15:04:05 IST"), second)
}

// Left is the time from now to a deadline, in its two largest units.
func Left(deadline, now time.Time) string {
	left := deadline.Sub(now)
	if left <= 0 {
		return "over"
	}
	return Span(left) + " left"
}

// Span is a duration in its two largest units, of which the smaller is cut off, not rounded.
func Span(d time.Duration) string {
	days, hours := int(d.Hours())/24, int(d.Hours())%24
	minutes, seconds := int(d.Minutes())%60, int(d.Seconds())%60
	switch {
	case days > 0:
		return fmt.Sprintf("%dd %dh", days, hours)
	case hours > 0:
		return fmt.Sprintf("%dh %02dm", hours, minutes)
	case minutes > 0:
		return fmt.Sprintf("%dm %02ds", minutes, seconds)
	default:
		return fmt.Sprintf("%ds", seconds)
	}
}
