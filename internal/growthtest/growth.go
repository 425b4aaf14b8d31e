// Package growthtest tests how the time of a function grows with its input.
package growthtest

import (
	"math"
	"testing"
	"time"
)

const (
	// leastRounds is how often both functions run before a test fails, and longest how long they are run before it does.
	leastRounds = 7
	longest     = 10 * time.Second
)

// RequireFactor fails a test unless long takes less than most times as long as short. Other work on the machine only ever adds time, so
// that it runs both alternately until the shortest time of each tells.
func RequireFactor(t testing.TB, most float64, short, long func(), about ...any) {
	t.Helper()
	leastShort, leastLong := time.Duration(math.MaxInt64), time.Duration(math.MaxInt64)
	begun := time.Now()
	for round := 0; round < leastRounds || time.Since(begun) < longest; round++ {
		leastShort, leastLong = min(leastShort, timeOf(short)), min(leastLong, timeOf(long))
		if float64(leastLong) < most*float64(leastShort) {
			return
		}
	}
	t.Errorf("the long input takes %s, which is %.0f times %s, the time of the short one; at most %.0f times is allowed %v",
		leastLong, float64(leastLong)/float64(leastShort), leastShort, most, about)
}

func timeOf(work func()) time.Duration {
	begun := time.Now()
	work()
	return time.Since(begun)
}
