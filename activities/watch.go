package activities

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/activity"

	"rampart/onmeta"
	"rampart/ramp"
)

// Wait is the part of a watch's request that says how the wait has gone so far.
type Wait struct {
	// WaitingSince is when the wait began, in the workflow's time: limits count from here, over all attempts and workers.
	WaitingSince time.Time `json:"since"`
	// InOutage is set while the order asks for attention because polls fail. The watch then returns with the first
	// poll that succeeds.
	InOutage bool `json:"inOutage,omitempty"`
	// RetryAfter is how long the provider asked the next poll to wait, when the last watch returned.
	RetryAfter time.Duration `json:"pause,omitempty"`
}

// End is why a watch returned.
type End string

// Ends of a watch.
const (
	// Decided: what was waited for has come.
	Decided End = "decided"
	// TimeUp: it has not come in the time for it, and a poll after that time has said so.
	TimeUp End = "time_up"
	// Outage: polls have been failing for some time.
	Outage End = "outage"
	// Recovered: polls succeed again, and nothing else has changed.
	Recovered End = "recovered"
)

// WatchEnd is the part of a watch's result that says why it returned.
type WatchEnd struct {
	End End `json:"end"`
	// Problem says why polls fail, for an Outage.
	Problem string `json:"problem,omitempty"`
	// Concern is the type of the concern that an Outage raises. Watches of earlier versions do not tell it.
	Concern ramp.ConcernType `json:"concern,omitempty"`
	// RetryAfter is how long the provider, with its Retry-After, asked the next poll to wait.
	RetryAfter time.Duration `json:"retryAfter,omitempty"`
}

// WatchHeartbeat is what a watch records while it runs: what the Web UI shows of a pending activity, and where the
// next worker goes on.
type WatchHeartbeat struct {
	// LastAnswer is the provider's, in its own words.
	LastAnswer string    `json:"lastAnswer,omitempty"`
	CheckedAt  time.Time `json:"checkedAt,omitzero"`
	Polls      int       `json:"polls"`
	// FailingSince is when the polls that failed in a row began to fail.
	FailingSince time.Time `json:"failingSince,omitzero"`
	Failures     int       `json:"failures,omitempty"`
	LastError    string    `json:"lastError,omitempty"`
	// Concern is the type of the concern that LastError raises once polls have failed for long.
	Concern ramp.ConcernType `json:"concern,omitempty"`
	// NotBefore is when the provider, with its Retry-After, allows the next poll.
	NotBefore time.Time `json:"notBefore,omitzero"`
}

// heartbeatEvery is how often a watch that pauses for longer tells the server that it lives.
const heartbeatEvery = 20 * time.Second

// watching says how a watch polls.
type watching struct {
	Wait
	// pause is the time until the next poll.
	pause func(polls int) time.Duration
	// limit ends the watch, counted from Since; zero is no limit. It takes an answer to end it: what polls that fail
	// have missed may be what is waited for.
	limit time.Duration
	// outage is how long polls may fail.
	outage time.Duration
}

// check asks the provider once. It returns the provider's answer in its own words and whether that decides. A poll that is
// refused has failed like any other: it says nothing of what is waited for.
type check func(context.Context) (answer string, decided bool, err error)

// poll calls check until it decides. It pauses before the first check too, for the workflow has just had an answer, so
// that polls of one order are never closer than the pause, whoever makes them.
func poll(ctx context.Context, w watching, check check) (WatchEnd, error) {
	r := &rounds{watching: w, check: check, beat: lastHeartbeat(ctx), told: &WatchHeartbeat{CheckedAt: now()}}
	if r.beat.Polls > 0 {
		r.told = r.beat
	}
	return r.all(ctx)
}

// rounds are the polls of one attempt.
type rounds struct {
	watching
	check check
	// beat is what is known, and told what the server has heard of it. What they point to does not change.
	beat, told *WatchHeartbeat

	over bool
	end  WatchEnd
}

// all makes the polls. The stack of the goroutine it runs in is kept for as long as the order is watched: what need not be on
// it is not, and docs/explanation/performance.md tells how much that saves.
func (r *rounds) all(ctx context.Context) (WatchEnd, error) {
	one := func(working context.Context) {
		r.next(working)
		r.tell(ctx)
	}
	for !r.over {
		if err := r.pause(ctx); err != nil {
			return WatchEnd{}, err
		}
		if err := patiently(ctx, r.beat, one); err != nil {
			return WatchEnd{}, err
		}
	}
	return r.end, nil
}

// pause waits until the next poll is due.
func (r *rounds) pause(ctx context.Context) error {
	timer := time.NewTimer(r.nextPause(r.beat))
	defer timer.Stop()
	return heartbeatUntil(ctx, r.beat, timer.C)
}

func (r *rounds) next(ctx context.Context) {
	answer, decided, err := r.check(ctx)
	if ctx.Err() != nil {
		return // it is no fault of the provider's
	}
	r.beat = r.beat.after(answer, err)
	r.end, r.over = r.ends(r.beat, decided, err)
}

// tell heartbeats what is news. It takes the activity's own context: the SDK sends the next heartbeat with it, a minute later,
// and cancels the attempt if it cannot.
func (r *rounds) tell(ctx context.Context) {
	if r.over || ctx.Err() != nil || !r.beat.isNews(r.told) {
		return
	}
	activity.RecordHeartbeat(ctx, *r.beat)
	r.told = r.beat
}

// isNews reports whether the server should hear of a beat. The SDK sends no more than one a minute, and encrypts them all. A
// watch's first answer is what its workflow knows already.
func (b *WatchHeartbeat) isNews(told *WatchHeartbeat) bool {
	another := told.LastAnswer != "" && b.LastAnswer != told.LastAnswer
	return another || b.Failures != told.Failures || b.CheckedAt.Sub(told.CheckedAt) >= heartbeatEvery
}

func (w watching) ends(beat *WatchHeartbeat, decided bool, err error) (WatchEnd, bool) {
	switch {
	case err == nil && decided:
		return WatchEnd{End: Decided}, true
	case err == nil && w.InOutage:
		return WatchEnd{End: Recovered}, true
	case err != nil && !w.InOutage && time.Since(beat.FailingSince) >= w.outage:
		return WatchEnd{
			End: Outage, Problem: beat.LastError, Concern: beat.Concern, RetryAfter: max(0, time.Until(beat.NotBefore)),
		}, true
	case err == nil && w.limit > 0 && time.Since(w.WaitingSince) >= w.limit:
		return WatchEnd{End: TimeUp}, true
	default:
		return WatchEnd{}, false
	}
}

// nextPause lengthens the pause while polls fail, and obeys the provider's Retry-After.
func (w watching) nextPause(beat *WatchHeartbeat) time.Duration {
	usual := w.pause(beat.Polls)
	switch {
	case beat.Polls == 0:
		return max(usual, w.RetryAfter)
	case beat.Failures == 0:
		return usual
	}
	return max(usual, retryPause(int32(min(beat.Failures, 100)), 0), time.Until(beat.NotBefore))
}

func (b *WatchHeartbeat) after(answer string, err error) *WatchHeartbeat {
	next := &WatchHeartbeat{Polls: b.Polls + 1, CheckedAt: now(), LastAnswer: answer}
	if err == nil {
		return next
	}
	next.LastAnswer, next.CheckedAt = b.LastAnswer, b.CheckedAt
	next.Failures, next.FailingSince, next.LastError = b.Failures+1, b.FailingSince, message(err)
	next.Concern = concernOf(err)
	if next.FailingSince.IsZero() {
		next.FailingSince = now()
	}
	var provider *onmeta.Error
	if errors.As(err, &provider) && provider.RetryAfter > 0 {
		next.NotBefore = now().Add(min(provider.RetryAfter, longestRetryAfter))
	}
	return next
}

// lastHeartbeat is where the previous attempt, perhaps on another worker, left off.
func lastHeartbeat(ctx context.Context) *WatchHeartbeat {
	beat := new(WatchHeartbeat)
	if activity.HasHeartbeatDetails(ctx) {
		_ = activity.GetHeartbeatDetails(ctx, beat) // an unreadable one costs a few counts, not the watch
	}
	return beat
}

// patiently does something that may take its time, for a poll lets other calls go first, and in a goroutine of its own: the
// one that waits lives for as long as the order is watched, and would keep the stack that a call needs.
func patiently(ctx context.Context, beat *WatchHeartbeat, do func(context.Context)) error {
	working, cancel := context.WithCancel(onmeta.Yield(ctx))
	done := make(chan struct{})
	var panicked any
	go func() {
		defer close(done)
		defer func() { panicked = recover() }()
		do(working)
	}()
	err := heartbeatUntil(ctx, beat, done)
	cancel()
	<-done
	if panicked != nil {
		panic(panicked) // here the SDK fails the attempt; there it would end the worker
	}
	return err
}

// heartbeatUntil heartbeats until done. A worker that stops hands the watch over at once.
func heartbeatUntil[T any](ctx context.Context, beat *WatchHeartbeat, done <-chan T) error {
	ticks := time.NewTicker(heartbeatEvery)
	defer ticks.Stop()
	for {
		select {
		case <-done:
			return ctx.Err()
		case <-ticks.C:
			activity.RecordHeartbeat(ctx, *beat)
		case <-ctx.Done():
			return ctx.Err()
		case <-activity.GetWorkerStopChannel(ctx):
			activity.RecordHeartbeat(ctx, *beat)
			return handover()
		}
	}
}
