package sandbox

import (
	"fmt"
	"math"
	"sync"
	"time"
)

// maxSpeed bounds a clock's speed, so that its time does not overflow while the process runs.
const maxSpeed = 1_000_000

// Clock is the sandbox's time. It runs at a multiple of real time, or stands still, and can be set. It is safe for concurrent use.
type Clock struct {
	mu     sync.Mutex
	at     time.Time // the sandbox's time at the real moment since
	since  time.Time
	factor float64
}

// NewClock returns a clock that shows start now and runs at speed times real time. At speed 0 it stands still; a negative speed and
// NaN count as 0.
func NewClock(start time.Time, speed float64) *Clock {
	c := &Clock{at: start.UTC(), since: time.Now()}
	if checkSpeed(speed) == nil {
		c.factor = speed
	}
	return c
}

// Now returns the sandbox's time, in UTC.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

// Set moves the clock to t.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rebase(t.UTC())
}

// Advance moves the clock by d.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rebase(c.now().Add(d))
}

// Speed returns the clock's speed as a multiple of real time.
func (c *Clock) Speed() float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.factor
}

// SetSpeed changes the speed from now on. It fails on a speed that is negative, not a number, or above a
// million.
func (c *Clock) SetSpeed(speed float64) error {
	if err := checkSpeed(speed); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rebase(c.now())
	c.factor = speed
	return nil
}

func (c *Clock) now() time.Time {
	return c.at.Add(time.Duration(float64(time.Since(c.since)) * c.factor))
}

func (c *Clock) rebase(at time.Time) {
	c.at, c.since = at, time.Now()
}

func checkSpeed(speed float64) error {
	if math.IsNaN(speed) || speed < 0 || speed > maxSpeed {
		return fmt.Errorf("speed must be between 0 and %d times real time", maxSpeed)
	}
	return nil
}
