package onmeta

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"
)

const (
	// yieldedShare is how often polls get a turn while calls wait, and calls while urgent ones wait: once in so many requests.
	yieldedShare = 4
	// spareShare is how often spare requests get a turn while others wait: once in so many requests.
	spareShare = 20
	// heardTogether is how many answers are evaluated together: one refusal among them is tolerated, more lower the rate.
	heardTogether, accidents = 20, 1
	// leastPause is the pause after refusals without a Retry-After. A longer one than mostPause need not hold for every user and endpoint.
	leastPause, mostPause = time.Second, time.Minute
	// slowest is the share of the configured rate below which the rate never falls, and recovery the share of itself by which it grows after
	// every heardTogether answers without a refusal.
	slowest, recovery = 1.0 / 50, 1.0 / 25
	// steepest is the share of the rate that remains at least when it is lowered: few answers tell little of what the provider lets through.
	steepest = 1.0 / 4
)

// RateLimit limits the requests per second of a process. Calls pass in the order in which they arrive. While calls under SendBy wait, others
// pass as every fourth request; so do calls under Yield while any other call waits. Calls under Spare pass when nothing else waits, and as
// every twentieth request. When the provider refuses several requests for their rate, the whole process pauses as long as the provider asks,
// for a minute at most, and continues at the rate that the provider has let through; while it refuses none, the rate rises again to the
// configured one.
//
// It is safe for concurrent use.
type RateLimit struct {
	mu   sync.Mutex
	most float64
	rate float64
	// tokens are the requests that may be made at once at a moment.
	tokens float64
	at     time.Time
	// paused is until when no request passes.
	paused time.Time
	// waiting are the waiting requests of each lane, oldest first; turns counts those that passed.
	waiting [lanes][]*turn
	turns   int
	timer   *time.Timer
	// answers counts the answers not evaluated yet, refused the refusals among them, and wait is the longest pause that they ask for.
	answers, refused int
	wait             time.Duration
	// lowered counts how often the rate was lowered.
	lowered int
}

// turn is a request's place in the queue.
type turn struct {
	granted chan struct{}
	// lowered is how often the rate had been lowered when the turn was granted. Once granted, it does not change.
	lowered int
}

// NewRateLimit returns a limit in requests per second, above 0, with a burst of one second's requests. The provider publishes no limits
// (provider 1.6); its guide asks not to poll too frequently.
func NewRateLimit(perSecond float64) *RateLimit {
	return &RateLimit{most: perSecond, rate: perSecond, tokens: burst(perSecond), at: time.Now()}
}

func burst(rate float64) float64 { return math.Max(1, math.Floor(rate)) }

type laneKey struct{}

// lane is a queue of a RateLimit. The requests of a lane let those of the lanes before it go first, except in the turns of their own.
type lane int

const (
	urgentLane lane = iota
	callLane
	pollLane
	spareLane
	lanes = iota
)

// laneNames are the names of the lanes in metrics.
var laneNames = [lanes]string{urgentLane: "urgent", callLane: "calls", pollLane: "polls", spareLane: "spare"}

// Yield returns a context whose calls wait for others at a RateLimit.
func Yield(ctx context.Context) context.Context {
	return context.WithValue(ctx, laneKey{}, pollLane)
}

// Spare returns a context whose calls, logins among them, wait at a RateLimit for others and for those under Yield. It is for work that
// nobody waits for.
func Spare(ctx context.Context) context.Context {
	return context.WithValue(ctx, laneKey{}, spareLane)
}

// WithRateLimit returns a Caller that waits for limit before each call. A call whose context would end first, or whose time to be sent by
// would pass, fails immediately with KindRateLimited and is not sent; one whose context has ended, or whose time has passed, fails with
// KindUnavailable.
func WithRateLimit(next Caller, limit *RateLimit) Caller {
	return rateLimited{next: next, limit: limit}
}

type rateLimited struct {
	next  Caller
	limit *RateLimit
}

var _ Caller = rateLimited{}

func (r rateLimited) Call(ctx context.Context, call Call) (Answer, error) {
	if isLate(ctx, call.Route) {
		return Answer{}, &Error{Route: call.Route, Kind: KindUnavailable, Reached: NotSent, Message: errLate.Error(), err: errLate}
	}
	granted, err := r.limit.await(ctx, call.Route)
	if err != nil {
		kind := KindRateLimited
		if ctx.Err() != nil {
			kind = KindUnavailable
		}
		message := fmt.Sprintf("waiting for this process's own rate limit: %v", err)
		return Answer{}, &Error{Route: call.Route, Kind: kind, Reached: NotSent, Message: message, err: err}
	}
	answer, err := r.next.Call(ctx, call)
	r.limit.heard(granted, err)
	return answer, err
}

// errTooLong is returned for a call that would wait longer than its context lasts, or than until it must be sent.
var errTooLong = errors.New("too many calls wait already")

// await blocks until the call gets a turn, and returns it.
func (l *RateLimit) await(ctx context.Context, route Route) (*turn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	waiting := ctx
	if by, has := sendBy(ctx, route); has {
		var cancel context.CancelFunc
		waiting, cancel = context.WithDeadline(ctx, by)
		defer cancel()
	}
	t, err := l.queue(waiting, laneOf(ctx, route))
	if err != nil {
		return nil, err
	}
	select {
	case <-t.granted:
		return t, nil
	case <-waiting.Done():
		l.leave(t)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return nil, errTooLong
	}
}

// laneOf returns the lane of a call. A login under Yield does not yield, since others may wait for its token.
func laneOf(ctx context.Context, route Route) lane {
	if _, urgent := ctx.Value(sendByKey{}).(time.Time); urgent {
		return urgentLane
	}
	asked, yields := ctx.Value(laneKey{}).(lane)
	if !yields || asked == pollLane && isLogin(route) {
		return callLane
	}
	return asked
}

func (l *RateLimit) queue(ctx context.Context, in lane) (*turn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if deadline, has := ctx.Deadline(); has && time.Until(deadline) < l.estimate(len(l.waiting[in])) {
		return nil, errTooLong
	}
	t := &turn{granted: make(chan struct{})}
	l.waiting[in] = append(l.waiting[in], t)
	l.grant()
	return t, nil
}

// estimate returns the minimum wait of a request behind so many others.
func (l *RateLimit) estimate(before int) time.Duration {
	now := time.Now()
	l.refill(now)
	missing := float64(before+1) - l.tokens
	return max(0, l.paused.Sub(now)) + time.Duration(max(0, missing)/l.rate*float64(time.Second))
}

func (t *turn) isGranted() bool {
	select {
	case <-t.granted:
		return true
	default:
		return false
	}
}

// leave gives up a turn; one that was granted meanwhile goes to the next request.
func (l *RateLimit) leave(t *turn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.isGranted() {
		l.tokens++
		l.grant()
		return
	}
	for in := range l.waiting {
		l.waiting[in] = slices.DeleteFunc(l.waiting[in], func(other *turn) bool { return other == t })
	}
}

// grant lets the requests pass that may pass now, and schedules itself for the next. l.mu must be held.
func (l *RateLimit) grant() {
	now := time.Now()
	l.refill(now)
	for l.tokens >= 1 && !now.Before(l.paused) {
		t := l.next()
		if t == nil {
			return
		}
		l.tokens--
		t.lowered = l.lowered
		close(t.granted)
	}
	for _, waiting := range l.waiting {
		if len(waiting) > 0 {
			l.comeBack(now)
			return
		}
	}
}

func (l *RateLimit) refill(now time.Time) {
	l.tokens = min(burst(l.rate), l.tokens+now.Sub(l.at).Seconds()*l.rate)
	l.at = now
}

// next returns the turn that passes next: that of the first lane with one, except in the turns of another lane's own.
func (l *RateLimit) next() *turn {
	order := []lane{urgentLane, callLane, pollLane, spareLane}
	switch {
	case l.turns%spareShare == spareShare-1: // which is a turn of the polls
		order = []lane{spareLane, pollLane, urgentLane, callLane}
	case l.turns%yieldedShare == yieldedShare-1:
		order = []lane{pollLane, urgentLane, callLane, spareLane}
	case l.turns%yieldedShare == 0:
		order = []lane{callLane, urgentLane, pollLane, spareLane}
	}
	for _, in := range order {
		if len(l.waiting[in]) > 0 {
			t := l.waiting[in][0]
			l.waiting[in] = l.waiting[in][1:]
			l.turns++
			return t
		}
	}
	return nil
}

// comeBack calls grant again once there is a token.
func (l *RateLimit) comeBack(now time.Time) {
	wait := time.Duration((1 - l.tokens) / l.rate * float64(time.Second))
	wait = max(wait, l.paused.Sub(now), time.Millisecond)
	if l.timer == nil {
		l.timer = time.AfterFunc(wait, func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.grant()
		})
		return
	}
	l.timer.Reset(wait)
}

// heard records the provider's answer to the request that got a turn, if there was one. Answers to requests from before the rate was lowered
// do not count: they would lower it again for the same refusals.
func (l *RateLimit) heard(t *turn, err error) {
	var failure *Error
	if errors.As(err, &failure) && failure.Reached != Answered {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.lowered != l.lowered {
		return
	}
	l.answers++
	if failure != nil && failure.Kind == KindRateLimited {
		l.refused++
		l.wait = max(l.wait, failure.RetryAfter)
	}
	if l.answers < heardTogether {
		return
	}
	if l.refused > accidents {
		l.slowDown()
	} else {
		l.rate = min(l.most, l.rate*(1+recovery))
	}
	l.answers, l.refused, l.wait = 0, 0, 0
}

// slowDown pauses, and sets the rate to what the provider has let through.
func (l *RateLimit) slowDown() {
	l.lowered++
	passed := max(steepest, 1-float64(l.refused)/float64(l.answers))
	now := time.Now()
	l.refill(now)
	l.rate = max(l.most*slowest, l.rate*passed)
	l.tokens = 0
	l.paused = now.Add(min(max(l.wait, leastPause), mostPause))
}
