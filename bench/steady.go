package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Steady is a time in which nothing happens but polls.
type Steady struct {
	Seconds float64 `json:"seconds"`
	Polls   int     `json:"polls"`
	// Gaps are times between two polls of one order, and InTime the share of them from 10 to 15 seconds.
	Gaps   int     `json:"gaps"`
	InTime float64 `json:"inTimeShare"`
	// Shortest and Longest are the extremes, in seconds.
	Shortest float64 `json:"shortestSeconds"`
	Longest  float64 `json:"longestSeconds"`
	// Heartbeats reached the server.
	Heartbeats float64 `json:"heartbeats"`
	// CPUPerPoll is the processor time of server and worker together, in milliseconds, heartbeats included. What the programs use
	// without any order is left out.
	CPUPerPoll float64 `json:"cpuMsPerPoll"`
}

// Recovery is how long it takes until watches go on after the worker was killed, in seconds.
type Recovery struct {
	Half       float64 `json:"halfSeconds"`
	NinetyNine float64 `json:"ninetyNinePercentSeconds"`
	All        float64 `json:"allSeconds"`
	// WorkerBytes is the new worker's memory then: it knows the watches, and none of the orders that wait.
	WorkerBytes int64 `json:"workerBytes"`
}

// beSteady looks at the polls while nothing else happens.
func (w *waitingRun) beSteady(ctx context.Context) error {
	heartbeats, err := w.stack.heartbeats(ctx)
	if err != nil {
		return err
	}
	before, err := w.usage(ctx, w.stack.way(Ours))
	if err != nil {
		return err
	}
	_, polledBefore := w.stack.provider.counted()
	w.stack.provider.record(true)
	if !sleep(ctx, w.crowd.steady) {
		return ctx.Err()
	}
	after, err := w.usage(ctx, w.stack.way(Ours))
	if err != nil {
		return err
	}
	_, polledAfter := w.stack.provider.counted()
	beats, err := w.stack.heartbeats(ctx)
	if err != nil {
		return err
	}
	steady := newSteady(w.stack.provider.gaps(), after.at.Sub(before.at), polledAfter-polledBefore)
	w.stack.provider.record(false)
	steady.Heartbeats = beats - heartbeats
	if steady.Polls > 0 {
		used := (after.server - before.server) + (after.worker - before.worker)
		empty := w.found.Steps[0]
		idle := (empty.ServerCPU + empty.WorkerCPU) * steady.Seconds
		steady.CPUPerPoll = 1000 * (used.Seconds() - idle) / float64(steady.Polls)
	}
	w.found.Steady = steady
	w.say("%d polls, %.2f %% of them 10 to 15 s after the one before, %.2f ms of CPU each, %.0f heartbeats", steady.Polls,
		100*steady.InTime, steady.CPUPerPoll, steady.Heartbeats)
	return nil
}

// The guide's bounds of the time between two polls.
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

// recoveryTime bounds the wait for all watches to come back.
const recoveryTime = 5 * time.Minute

// recover kills the worker, starts another one, and waits until every watched order is polled again.
func (w *waitingRun) recover(ctx context.Context) error {
	if !w.crowd.kill {
		return nil
	}
	w.stack.worker.Kill()
	killed := time.Now()
	if err := w.stack.startWorker(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, recoveryTime, errors.New("not every watch came back"))
	defer cancel()
	for {
		back, r := w.stack.provider.polledSince(killed), &w.found.Recovery
		after := time.Since(killed).Seconds()
		noteWhen(&r.Half, after, 2*back >= w.crowd.watched)
		noteWhen(&r.NinetyNine, after, 100*back >= 99*w.crowd.watched)
		noteWhen(&r.All, after, back >= w.crowd.watched)
		if r.All > 0 {
			break
		}
		if !sleep(ctx, time.Second/4) {
			return fmt.Errorf("%d of %d watches are back: %w", back, w.crowd.watched, context.Cause(ctx))
		}
	}
	if !sleep(ctx, w.crowd.settled) {
		return ctx.Err()
	}
	w.found.Recovery.WorkerBytes = w.stack.worker.Resident()
	w.say("after a kill, half the watches were back in %.0f s, all in %.0f s; the new worker has %d MiB", w.found.Recovery.Half,
		w.found.Recovery.All, w.found.Recovery.WorkerBytes>>20)
	return nil
}

// noteWhen keeps the first moment at which something was so.
func noteWhen(moment *float64, now float64, so bool) {
	if so && *moment == 0 {
		*moment = now
	}
}
