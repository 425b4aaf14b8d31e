package commands

import (
	"errors"
	"fmt"
	"time"

	"rampart/ramp"
	"rampart/ramp/situation"
)

// Conditions in Temporal's list filter language that ramp.Filter does not have, and the flag --since. The commands list and attention, and the
// completion of references, share them.

// running matches workflows that run.
const running = `ExecutionStatus = "Running"`

// referencesFrom matches the orders whose references begin with a prefix; it is empty for no prefix.
func referencesFrom(prefix string) string {
	if prefix == "" {
		return ""
	}
	return fmt.Sprintf("WorkflowId STARTS_WITH %q OR WorkflowId STARTS_WITH %q",
		ramp.Onramp.WorkflowID(prefix), ramp.Offramp.WorkflowID(prefix))
}

// startedAfter matches workflows that started after a time; it is empty for the zero time.
func startedAfter(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return fmt.Sprintf("StartTime > %q", t.UTC().Format(time.RFC3339))
}

// both matches what two conditions match. An empty condition matches everything.
func both(one, other string) string {
	if one == "" || other == "" {
		return one + other
	}
	return "(" + one + ") AND (" + other + ")"
}

const sinceUsage = "only orders that started since a `time`: a duration before now, such as 90m or 48h, or a date in India, such as 2026-11-23"

// sinceFlag is the value of --since: a duration before now, or the start of a day in India. The zero value is no limit.
type sinceFlag struct {
	duration time.Duration
	day      time.Time
}

// String implements pflag.Value.
func (f *sinceFlag) String() string {
	switch {
	case !f.day.IsZero():
		return f.day.Format(time.DateOnly)
	case f.duration > 0:
		return f.duration.String()
	default:
		return ""
	}
}

// Set implements pflag.Value.
func (f *sinceFlag) Set(text string) error {
	if duration, err := time.ParseDuration(text); err == nil && duration > 0 {
		*f = sinceFlag{duration: duration}
		return nil
	}
	india := situation.Zone()
	day, err := time.ParseInLocation(time.DateOnly, text, india)
	if err != nil {
		return errors.New("must be a duration or a date")
	}
	*f = sinceFlag{day: day}
	return nil
}

// Type implements pflag.Value.
func (f *sinceFlag) Type() string { return "since" }

// notBefore returns the time that the flag stands for, or the zero time without the flag.
func (f *sinceFlag) notBefore(now time.Time) time.Time {
	if f.duration > 0 {
		return now.Add(-f.duration)
	}
	return f.day
}
