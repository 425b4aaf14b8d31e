package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Steady is the result of a period in which nothing happens but polls.
type Steady struct {
	Seconds float64 `json:"seconds"`
	Polls   int     `json:"polls"`
	// Gaps counts the times between two polls of one order, and InTime is the share of those from 10 to 15 seconds.
	Gaps   int     `json:"gaps"`
	InTime float64 `json:"inTimeShare"`
	// Shortest and Longest are the extreme gaps in seconds.
	Shortest float64 `json:"shortestSeconds"`
	Longest  float64 `json:"longestSeconds"`
	// Heartbeats counts the heartbeats that reached the server.
	Heartbeats float64 `json:"heartbeats"`
	// ServerCPU and WorkerCPU are the processor time of a poll and its heartbeats in milliseconds, without what the programs use
	// without orders.
	ServerCPU float64 `json:"serverCpuMsPerPoll"`
	WorkerCPU float64 `json:"workerCpuMsPerPoll"`
	// DatabaseCPU is the same of the database, where it is not in the server's memory.
	DatabaseCPU float64 `json:"databaseCpuMsPerPoll,omitempty"`
}

// Recovery is how long it takes until watches continue after the worker was killed, in seconds.
type Recovery struct {
	Half       float64 `json:"halfSeconds"`
	NinetyNine float64 `json:"ninetyNinePercentSeconds"`
	All        float64 `json:"allSeconds"`
	// WorkerBytes is the new worker's memory then: it has the watches, and no waiting order in its cache.
	WorkerBytes int64 `json:"workerBytes"`
}

// measureCalm measures the polls while no order waits.
func (w *waitingRun) measureCalm(ctx context.Context) error {
	var err error
	w.found.Calm, err = w.measurePolls(ctx)
	return err
}

// measureSteady measures the polls while all orders wait.
func (w *waitingRun) measureSteady(ctx context.Context) error {
	var err error
	w.found.Steady, err = w.measurePolls(ctx)
	return err
}

// measurePolls measures the polls of a period in which nothing else happens.
func (w *waitingRun) measurePolls(ctx context.Context) (Steady, error) {
	w.stack.provider.recordGaps(true)
	defer w.stack.provider.recordGaps(false)
	before, err := w.readCounters(ctx)
	if err != nil {
		return Steady{}, err
	}
	if !sleep(ctx, w.load.steady) {
		return Steady{}, ctx.Err()
	}
	after, err := w.readCounters(ctx)
	if err != nil {
		return Steady{}, err
	}
	s := newSteady(w.stack.provider.gaps(), after.used.at.Sub(before.used.at), after.polls-before.polls)
	s.Heartbeats = after.heartbeats - before.heartbeats
	if s.Polls > 0 {
		empty := w.found.Steps[0]
		perPoll := func(used time.Duration, idle float64) float64 {
			return 1000 * (used.Seconds() - idle*s.Seconds) / float64(s.Polls)
		}
		s.ServerCPU = perPoll(after.used.server-before.used.server, empty.ServerCPU)
		s.WorkerCPU = perPoll(after.used.worker-before.used.worker, empty.WorkerCPU)
		s.DatabaseCPU = perPoll(after.used.database-before.used.database, empty.DatabaseCPU)
	}
	w.logf("%d polls, %.2f %% of them 10 to 15 s after the one before, %.2f ms of CPU each, %.0f heartbeats", s.Polls, 100*s.InTime, s.cpu(), s.Heartbeats)
	return s, nil
}

// counters are the counts since the start.
type counters struct {
	used       usage
	polls      int
	heartbeats float64
}

func (w *waitingRun) readCounters(ctx context.Context) (m counters, err error) {
	if m.heartbeats, err = w.stack.heartbeats(ctx); err != nil {
		return m, err
	}
	_, m.polls = w.stack.provider.counts()
	m.used, err = w.usage(ctx, w.stack.lane(Ours))
	return m, err
}

// cpu returns the processor time of a poll in milliseconds, of all programs together.
func (s Steady) cpu() float64 { return s.ServerCPU + s.WorkerCPU + s.DatabaseCPU }

// Bounds of the time between two polls (guide).
const leastGap, mostGap = 10 * time.Second, 15 * time.Second

func newSteady(gaps []time.Duration, lasted time.Duration, polls int) Steady {
	s := Steady{Seconds: lasted.Seconds(), Polls: polls, Gaps: len(gaps)}
	inTime := 0
	for i, gap := range gaps {
		if gap >= leastGap && gap <= mostGap {
			inTime++
		}
		if i == 0 || gap.Seconds() < s.Shortest {
			s.Shortest = gap.Seconds()
		}
		s.Longest = max(s.Longest, gap.Seconds())
	}
	if len(gaps) > 0 {
		s.InTime = float64(inTime) / float64(len(gaps))
	}
	return s
}

// recoveryTime is how long all watches may take to continue.
const recoveryTime = 5 * time.Minute

// recover kills the worker, starts another one, and blocks until every watched order is polled again.
func (w *waitingRun) recover(ctx context.Context) error {
	if !w.load.kill {
		return nil
	}
	w.stack.worker.Kill()
	killed := time.Now()
	if err := w.stack.startWorker(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, recoveryTime, errors.New("not every watch continues in time"))
	defer cancel()
	for {
		back, r := w.stack.provider.polledSince(killed), &w.found.Recovery
		after := time.Since(killed).Seconds()
		setOnce(&r.Half, after, 2*back >= w.load.watched)
		setOnce(&r.NinetyNine, after, 100*back >= 99*w.load.watched)
		setOnce(&r.All, after, back >= w.load.watched)
		if r.All > 0 {
			break
		}
		if !sleep(ctx, time.Second/4) {
			return fmt.Errorf("%d of %d watches continue: %w", back, w.load.watched, context.Cause(ctx))
		}
	}
	if !sleep(ctx, w.load.settled) {
		return ctx.Err()
	}
	w.found.Recovery.WorkerBytes = w.stack.worker.Resident()
	w.logf("after a kill, half of the watches continued within %.0f s, all within %.0f s; the new worker has %d MiB", w.found.Recovery.Half,
		w.found.Recovery.All, w.found.Recovery.WorkerBytes>>20)
	return nil
}

// setOnce sets a time at the first call with reached.
func setOnce(at *float64, now float64, reached bool) {
	if reached && *at == 0 {
		*at = now
	}
}
