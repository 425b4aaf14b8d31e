package commands

import (
	"errors"
	"time"
)

const sinceUsage = "only orders started since `then`: a span such as 90m or 48h, or a day in India such as 2026-11-23"

// timeFlag is the value of --since: a span before now, or the beginning of a day in India. Its zero value is no limit.
type timeFlag struct {
	span time.Duration
	day  time.Time
}

// String implements pflag.Value.
func (f *timeFlag) String() string {
	switch {
	case !f.day.IsZero():
		return f.day.Format(time.DateOnly)
	case f.span > 0:
		return f.span.String()
	default:
		return ""
	}
}

// Set implements pflag.Value.
func (f *timeFlag) Set(text string) error {
	if span, err := time.ParseDuration(text); err == nil && span > 0 {
		*f = timeFlag{span: span}
		return nil
	}
	india := time.FixedZone("IST", int((5*time.Hour + 30*time.Minute).Seconds()))
	day, err := time.ParseInLocation(time.DateOnly, text, india)
	if err != nil {
		return errors.New("must be a span or a day")
	}
	*f = timeFlag{day: day}
	return nil
}

// Type implements pflag.Value.
func (f *timeFlag) Type() string { return "since" }

// before is the moment that the flag means; zero without the flag.
func (f *timeFlag) before(now time.Time) time.Time {
	if f.span > 0 {
		return now.Add(-f.span)
	}
	return f.day
}
