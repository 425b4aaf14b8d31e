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
	// ServerCPU and WorkerCPU are the processor time of a poll, in milliseconds, heartbeats included. What the programs use without
	// any order is left out.
	ServerCPU float64 `json:"serverCpuMsPerPoll"`
	WorkerCPU float64 `json:"workerCpuMsPerPoll"`
}

// Recovery is how long it takes until watches go on after the worker was killed, in seconds.
type Recovery struct {
	Half       float64 `json:"halfSeconds"`
	NinetyNine float64 `json:"ninetyNinePercentSeconds"`
	All        float64 `json:"allSeconds"`
	// WorkerBytes is the new worker's memory then: it knows the watches, and none of the orders that wait.
	WorkerBytes int64 `json:"workerBytes"`
}

// beCalm looks at the polls while no order waits.
func (w *waitingRun) beCalm(ctx context.Context) error {
	var err error
	w.found.Calm, err = w.lookAtPolls(ctx)
	return err
}

// beSteady looks at the polls while all orders wait.
func (w *waitingRun) beSteady(ctx context.Context) error {
	var err error
	w.found.Steady, err = w.lookAtPolls(ctx)
	return err
}

// lookAtPolls looks on for a time in which nothing else happens.
func (w *waitingRun) lookAtPolls(ctx context.Context) (Steady, error) {
	w.stack.provider.record(true)
	defer w.stack.provider.record(false)
	before, err := w.moment(ctx)
	if err != nil {
		return Steady{}, err
	}
	if !sleep(ctx, w.crowd.steady) {
		return Steady{}, ctx.Err()
	}
	after, err := w.moment(ctx)
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
	}
	w.say("%d polls, %.2f %% of them 10 to 15 s after the one before, %.2f ms of CPU each, %.0f heartbeats", s.Polls, 100*s.InTime, s.cpu(), s.Heartbeats)
	return s, nil
}

// moment is what was counted up to it.
type moment struct {
	used       usage
	polls      int
	heartbeats float64
}

func (w *waitingRun) moment(ctx context.Context) (m moment, err error) {
	if m.heartbeats, err = w.stack.heartbeats(ctx); err != nil {
		return m, err
	}
	_, m.polls = w.stack.provider.counted()
	m.used, err = w.usage(ctx, w.stack.lane(Ours))
	return m, err
}

// cpu is the processor time of a poll, server and worker together, in milliseconds.
func (s Steady) cpu() float64 { return s.ServerCPU + s.WorkerCPU }

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
