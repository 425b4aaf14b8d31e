package situation

import (
	"errors"
	"time"
)

// Day is a calendar day in India, such as "2026-11-26".
type Day string

// ParseDay reads a day such as 2026-11-26. The error does not repeat the text.
func ParseDay(text string) (Day, error) {
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		return "", errors.New("a day must be a date in India, such as 2026-11-26")
	}
	return Day(text), nil
}

// DayOf returns the day in India of a moment.
func DayOf(t time.Time) Day { return Day(t.In(Zone()).Format(time.DateOnly)) }

// Begin returns the first moment of the day, in UTC; zero if the day is none.
func (d Day) Begin() time.Time {
	begin, err := time.ParseInLocation(time.DateOnly, string(d), Zone())
	if err != nil {
		return time.Time{}
	}
	return begin.UTC()
}

// End returns the first moment after the day, in UTC.
func (d Day) End() time.Time { return d.Add(1).Begin() }

// Add returns the day so many days later, or earlier.
func (d Day) Add(days int) Day { return DayOf(d.Begin().AddDate(0, 0, days)) }

// Has reports whether a moment is on the day.
func (d Day) Has(t time.Time) bool { return !t.Before(d.Begin()) && t.Before(d.End()) }
