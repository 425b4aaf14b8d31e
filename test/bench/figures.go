package bench

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Spread is a median with its values, the smallest and the largest of them.
type Spread struct {
	Median float64   `json:"median"`
	Least  float64   `json:"least"`
	Most   float64   `json:"most"`
	Values []float64 `json:"values"`
}

func newSpread(values []float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	return Spread{Median: median(values), Least: slices.Min(values), Most: slices.Max(values), Values: values}
}

// String returns the median, and the range of two or more values.
func (s Spread) String() string {
	if len(s.Values) < 2 {
		return fmt.Sprintf("%.1f", s.Median)
	}
	return fmt.Sprintf("%.1f (%.1f–%.1f)", s.Median, s.Least, s.Most)
}

// median returns the middle value, or the mean of the two middle ones; 0 without values.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// Latency has percentiles of durations in milliseconds.
type Latency struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50Ms"`
	P99   float64 `json:"p99Ms"`
	Most  float64 `json:"mostMs"`
}

func newLatency(durations []time.Duration) Latency {
	sorted := slices.Sorted(slices.Values(durations))
	return Latency{
		Count: len(sorted), P50: percentile(sorted, 50), P99: percentile(sorted, 99), Most: percentile(sorted, 100),
	}
}

// percentile returns the nearest-rank percentile of sorted durations in milliseconds; 0 without durations.
func percentile(sorted []time.Duration, p float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return float64(sorted[max(rank, 1)-1]) / float64(time.Millisecond)
}

// String returns the median and the 99th percentile.
func (l Latency) String() string {
	if l.Count == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f / %.0f ms", l.P50, l.P99)
}
