package situation

import (
	"fmt"
	"time"

	"rampart/ramp"
)

// Since returns when an order came to its status, in UTC: the first entry of its timeline from which on it stayed there. An order without
// a timeline returns when it changed last.
func Since(order *ramp.Order) time.Time {
	since := order.UpdatedAt
	for i := len(order.Timeline) - 1; i >= 0 && order.Timeline[i].Status == order.Status; i-- {
		since = order.Timeline[i].At
	}
	return since
}

// ISTOffset is the offset of Indian Standard Time from UTC. India has one zone and no summer time.
const ISTOffset = 5*time.Hour + 30*time.Minute

// Zone is that of Indian Standard Time.
func Zone() *time.Location { return time.FixedZone("IST", int(ISTOffset.Seconds())) }

// India returns a time whose clock shows Indian Standard Time. It is for formatting.
func India(t time.Time) time.Time { return t.UTC().Add(ISTOffset) }

// IST formats a time in Indian Standard Time, such as "23 Nov 2026, 11:30:00 IST".
func IST(t time.Time) string { return India(t).Format("2 Jan 2006, 15:04:05 IST") }

// Moment formats a time in Indian Standard Time and in UTC, such as "23 Nov 2026, 11:30:00 IST (06:00:00 UTC)". The date is repeated
// where it is another in UTC.
func Moment(t time.Time) string {
	utc := t.UTC()
	if India(t).Day() == utc.Day() {
		return IST(t) + " (" + utc.Format("15:04:05 UTC") + ")"
	}
	return IST(t) + " (" + utc.Format("2 Jan, 15:04:05 UTC") + ")"
}

// Left formats the time from now to a deadline, such as "2h 59m left"; "over" once it has passed.
func Left(deadline, now time.Time) string {
	left := deadline.Sub(now)
	if left <= 0 {
		return "over"
	}
	return Span(left) + " left"
}

// Span formats a duration in its two largest units, such as "1d 2h", "2h 59m" or "9s". What is smaller is cut off, not rounded.
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
