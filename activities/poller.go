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
	// WaitingSince is when the wait began, in the workflow's time. Limits count from here, over all attempts and workers.
	WaitingSince time.Time `json:"since"`
	// InOutage is set while the order has a concern about failing polls. The watch then returns after the first poll that succeeds.
	InOutage bool `json:"inOutage,omitempty"`
	// RetryAfter is the provider's Retry-After for the next poll when the last watch returned.
	RetryAfter time.Duration `json:"pause,omitempty"`
	// PollNow lets the watch poll at once instead of after a pause, because a webhook of the provider says that something has changed.
	PollNow bool `json:"pollNow,omitempty"`
	// HintedAt is when the provider's latest webhook came, in the workflow's time; zero for none. A watch of an order polls more slowly
	// for some time after it.
	HintedAt time.Time `json:"hintedAt,omitzero"`
}

// End is why a watch returned.
type End string

// Ends of a watch.
const (
	// Decided: the awaited answer has come.
	Decided End = "decided"
	// TimeUp: it has not come within its time, and a poll after that time has confirmed so.
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

// WatchHeartbeat is what a watch records while it runs: the Web UI shows it with a pending activity, and the next worker continues
// from it.
type WatchHeartbeat struct {
	// LastAnswer is the provider's last answer, verbatim.
	LastAnswer string    `json:"lastAnswer,omitempty"`
	CheckedAt  time.Time `json:"checkedAt,omitzero"`
	Polls      int       `json:"polls"`
	// FailingSince is when the current run of failing polls began.
	FailingSince time.Time `json:"failingSince,omitzero"`
	Failures     int       `json:"failures,omitempty"`
	LastError    string    `json:"lastError,omitempty"`
	// Concern is the type of the concern that LastError raises once polls have failed for long.
	Concern ramp.ConcernType `json:"concern,omitempty"`
	// NotBefore is when the provider's Retry-After allows the next poll.
	NotBefore time.Time `json:"notBefore,omitzero"`
}

// watching says how a watch polls.
type watching struct {
	Wait
	// pause returns the time until the next poll.
	pause func(polls int) time.Duration
	// limit ends the watch, counted from WaitingSince; zero is no limit. Only a poll that succeeds ends the watch so: polls that failed
	// may have missed what is waited for.
	limit time.Duration
	// outage is how long polls may fail.
	outage time.Duration
	// running are the watches of this process.
	running *running
}

// check asks the provider once. It returns the provider's answer verbatim, and whether the answer ends the watch. A refused poll is a
// failed one: it says nothing about what is waited for.
type check func(context.Context) (answer string, decided bool, err error)

// poll calls check until it decides. It pauses before the first check too, because the workflow has just had an answer: polls of one
// order are never closer together than the pause, whoever makes them, unless the provider's webhook asks for one now.
func poll(ctx context.Context, w watching, check check) (WatchEnd, error) {
	p := &poller{watching: w, check: check, state: lastHeartbeat(ctx), reported: &WatchHeartbeat{CheckedAt: now()}}
	if p.state.Polls > 0 {
		p.reported, p.resumed = p.state, true
	}
	info := activity.GetInfo(ctx)
	var before *WatchHeartbeat
	p.own, before = w.running.begin(info)
	defer w.running.end(info, p.own)
	if before != nil && p.state.Polls == 0 {
		p.state = before.failing()
	}
	return p.run(ctx)
}

// poller makes the polls of one attempt.
type poller struct {
	watching
	check check
	// state is what is known, and reported what was last sent in a heartbeat. Both are immutable snapshots.
	state, reported *WatchHeartbeat
	own             *runningWatch

	// resumed is set until the first pause of an attempt that continues another one's polls.
	resumed bool

	over bool
	end  WatchEnd
}

// run polls until the watch ends. Its goroutine's stack is held for as long as the order is watched, so it calls as little as
// possible directly (docs/explanation/performance.md).
func (p *poller) run(ctx context.Context) (WatchEnd, error) {
	once := func(working context.Context) {
		p.poll(working)
		p.report(ctx)
	}
	for !p.over {
		if err := p.sleep(ctx); err != nil {
			return WatchEnd{}, err
		}
		if err := inGoroutine(ctx, p.own, p.state, once); err != nil {
			return WatchEnd{}, err
		}
	}
	return p.end, nil
}

// sleep blocks until the next poll is due.
func (p *poller) sleep(ctx context.Context) error {
	pause := p.nextPause(p.state)
	if p.resumed {
		pause, p.resumed = p.state.rest(pause), false
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	return heartbeatUntil(ctx, p.own, p.state, timer.C)
}

func (p *poller) poll(ctx context.Context) {
	answer, decided, err := p.check(ctx)
	if ctx.Err() != nil {
		return // not the provider's failure
	}
	p.state = p.state.after(answer, err)
	p.own.state.Store(p.state)
	p.end, p.over = p.ends(p.state, decided, err)
}

// report heartbeats a state that differs enough from the last one. It uses the activity's own context: the SDK sends the next
// heartbeat with it, up to a minute later, and cancels the attempt if it cannot.
func (p *poller) report(ctx context.Context) {
	if p.over || ctx.Err() != nil || !p.state.worthHeartbeat(p.reported) {
		return
	}
	activity.RecordHeartbeat(ctx, *p.state)
	p.reported = p.state
}

// worthHeartbeat reports whether a state differs enough from the reported one for a heartbeat. The SDK sends at most one a minute, but
// encrypts all of them. The first answer of a watch is worth none, because the workflow has it already.
func (h *WatchHeartbeat) worthHeartbeat(reported *WatchHeartbeat) bool {
	changed := reported.LastAnswer != "" && h.LastAnswer != reported.LastAnswer
	return changed || h.Failures != reported.Failures || h.CheckedAt.Sub(reported.CheckedAt) >= heartbeatInterval
}

func (w watching) ends(state *WatchHeartbeat, decided bool, err error) (WatchEnd, bool) {
	switch {
	case err == nil && decided:
		return WatchEnd{End: Decided}, true
	case err == nil && w.InOutage:
		return WatchEnd{End: Recovered}, true
	case err != nil && !w.InOutage && time.Since(state.FailingSince) >= w.outage:
		return WatchEnd{
			End: Outage, Problem: state.LastError, Concern: state.Concern, RetryAfter: max(0, time.Until(state.NotBefore)),
		}, true
	case err == nil && w.limit > 0 && time.Since(w.WaitingSince) >= w.limit:
		return WatchEnd{End: TimeUp}, true
	default:
		return WatchEnd{}, false
	}
}

// nextPause returns the pause before the next poll: longer while polls fail, and at least the provider's Retry-After.
func (w watching) nextPause(state *WatchHeartbeat) time.Duration {
	usual := w.pause(state.Polls)
	if state.Polls == 0 && w.PollNow {
		usual = 0
	}
	switch {
	case state.Polls == 0:
		return max(usual, w.RetryAfter, time.Until(state.NotBefore))
	case state.Failures == 0:
		return usual
	}
	return max(usual, retryPause(int32(min(state.Failures, 100)), 0), time.Until(state.NotBefore))
}

// takeoverPause is the least that an attempt pauses which continues another one's polls. A crashed worker may have polled until the crash;
// its watch is given to another one after leaseConfirmation at the earliest, so that 10 seconds have passed.
const takeoverPause = 2 * time.Second

// rest returns what is left of a pause that began with the last poll, as far as it is known. After failures the pause begins anew.
func (h *WatchHeartbeat) rest(pause time.Duration) time.Duration {
	if h.Failures > 0 {
		return pause
	}
	return min(pause, max(pause-time.Since(h.CheckedAt), takeoverPause))
}

// after returns the state after one more poll.
func (h *WatchHeartbeat) after(answer string, err error) *WatchHeartbeat {
	next := &WatchHeartbeat{Polls: h.Polls + 1, CheckedAt: now(), LastAnswer: answer}
	if err == nil {
		return next
	}
	next.LastAnswer, next.CheckedAt = h.LastAnswer, h.CheckedAt
	next.Failures, next.FailingSince, next.LastError = h.Failures+1, h.FailingSince, message(err)
	next.Concern = concernOf(err)
	if next.FailingSince.IsZero() {
		next.FailingSince = now()
	}
	var provider *onmeta.Error
	if errors.As(err, &provider) && provider.RetryAfter > 0 {
		next.NotBefore = now().Add(min(provider.RetryAfter, maxRetryAfter))
	}
	return next
}

// failing returns what a watch that takes the place of another one must know of that one's polls: since when they fail, and when the
// provider takes the next.
func (h *WatchHeartbeat) failing() *WatchHeartbeat {
	return &WatchHeartbeat{
		FailingSince: h.FailingSince, Failures: h.Failures, LastError: h.LastError, Concern: h.Concern, NotBefore: h.NotBefore,
	}
}

// lastHeartbeat returns the state that the previous attempt, perhaps on another worker, recorded last.
func lastHeartbeat(ctx context.Context) *WatchHeartbeat {
	state := new(WatchHeartbeat)
	if activity.HasHeartbeatDetails(ctx) {
		_ = activity.GetHeartbeatDetails(ctx, state) // without it only the counts begin anew
	}
	return state
}

// inGoroutine runs do in a goroutine of its own, at the lower priority of polls, and heartbeats meanwhile. The calling goroutine exists
// for as long as the order is watched and would retain the stack that a provider call needs.
func inGoroutine(ctx context.Context, own *runningWatch, state *WatchHeartbeat, do func(context.Context)) error {
	working, cancel := context.WithCancel(onmeta.Yield(ctx))
	done := make(chan struct{})
	var panicked any
	go func() {
		defer close(done)
		defer func() { panicked = recover() }()
		do(working)
	}()
	err := heartbeatUntil(ctx, own, state, done)
	cancel()
	<-done
	if panicked != nil {
		panic(panicked) // here the SDK recovers it and fails the attempt; there it would end the worker
	}
	return err
}

// heartbeatUntil heartbeats until done. If the worker stops, or another watch takes the place of this one, it returns at once.
func heartbeatUntil[T any](ctx context.Context, own *runningWatch, state *WatchHeartbeat, done <-chan T) error {
	ticks := time.NewTicker(heartbeatInterval)
	defer ticks.Stop()
	for {
		select {
		case <-done:
			return ctx.Err()
		case <-ticks.C:
			activity.RecordHeartbeat(ctx, *state)
		case <-ctx.Done():
			return ctx.Err()
		case <-activity.GetWorkerStopChannel(ctx):
			activity.RecordHeartbeat(ctx, *state)
			return handover("this worker stops; another one continues the watch")
		case <-own.replaced:
			return handover("another watch has taken the place of this one")
		}
	}
}
