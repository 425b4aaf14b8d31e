package bench_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/bench"
	"rampart/onmeta"
)

var simulatePage = flag.String("simulate-page", "", "simulate a provider's rate limit at length, and write the table into this page")

// traffic is what a simulated provider and its workers have to do: the worker's own onmeta.RateLimit, on a clock that jumps.
type traffic struct {
	// limit is how many requests a second the provider answers, and load the share of it that orders need on average.
	limit, load float64
	// workers share the limit evenly, and leave a tenth.
	workers int
	// warmUp is not measured; lasts is.
	warmUp, lasts time.Duration
}

const (
	callsBeforeProof, callsOfProof, pollsOfOrder = 5, 1, 20
	answerTime                                   = 100 * time.Millisecond
	mostPayingTime                               = time.Minute
)

// outcome is how long requests waited for their turn, once orders were ready for them.
type outcome struct {
	mu sync.Mutex
	// calls are waits of calls, and gaps the times between two polls of an order as the provider sees them.
	calls, gaps []time.Duration
	refused     int
}

// simulation is one under way.
type simulation struct {
	traffic
	outcome
	random *rand.Rand // of the goroutine that starts orders
	begun  time.Time
	// tasks are calls that any worker with a free slot takes, as from a task queue.
	tasks    chan func(onmeta.Caller)
	callers  []onmeta.Caller
	provider *bucket
	all      sync.WaitGroup
}

// bucket is the provider: it answers so many requests a second, and lets none be saved up for longer than a second.
type bucket struct {
	mu           sync.Mutex
	rate, tokens float64
	at           time.Time
}

func (b *bucket) Call(ctx context.Context, call onmeta.Call) (onmeta.Answer, error) {
	if sent, is := ctx.Value(sentKey{}).(*time.Time); is {
		*sent = time.Now()
	}
	admitted := b.admit()
	time.Sleep(answerTime)
	if !admitted {
		return onmeta.Answer{}, &onmeta.Error{Route: call.Route, Kind: onmeta.KindRateLimited, Reached: onmeta.Answered, Status: 429}
	}
	return onmeta.Answer{}, nil
}

func (b *bucket) admit() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.tokens = min(b.rate, b.tokens+now.Sub(b.at).Seconds()*b.rate)
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// sentKey is where a call's context keeps the place for the time at which the provider got it.
type sentKey struct{}

// simulate lets orders come at random, evenly on average, for as long as the traffic says.
func simulate(t *testing.T, what traffic) *outcome {
	t.Helper()
	s := &simulation{traffic: what, random: rand.New(rand.NewPCG(1, 1))}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s.begun = time.Now()
		s.start(ctx)
		for time.Since(s.begun) < s.warmUp+s.lasts {
			perSec := s.load * s.limit / (callsBeforeProof + callsOfProof + pollsOfOrder)
			time.Sleep(time.Duration(s.random.ExpFloat64() / perSec * float64(time.Second)))
			paying, watcher := time.Duration(s.random.Int64N(int64(mostPayingTime))), s.callers[s.random.IntN(s.workers)]
			s.all.Go(func() { s.order(ctx, paying, watcher) })
		}
		cancel()
		s.all.Wait() // the clock stands still once this function has returned
	})
	return &s.outcome
}

func (s *simulation) start(ctx context.Context) {
	s.tasks = make(chan func(onmeta.Caller))
	s.provider = &bucket{rate: s.limit, tokens: s.limit, at: s.begun}
	share := s.limit / float64(s.workers) * 0.9
	for range s.workers {
		caller := onmeta.WithRateLimit(s.provider, onmeta.NewRateLimit(share))
		s.callers = append(s.callers, caller)
		for range min(max(int(2*share), 20), 1000) { // a worker's slots, as it sets them
			s.all.Go(func() { s.work(ctx, caller) })
		}
	}
}

// work makes calls, one after the other, as a slot of a worker does.
func (s *simulation) work(ctx context.Context, caller onmeta.Caller) {
	for {
		select {
		case task := <-s.tasks:
			task(caller)
		case <-ctx.Done():
			return
		}
	}
}

// order makes the requests of an order.
func (s *simulation) order(ctx context.Context, paying time.Duration, watcher onmeta.Caller) {
	for range callsBeforeProof {
		s.call(ctx)
	}
	rest(ctx, paying)
	s.call(ctx)
	var last time.Time
	for range pollsOfOrder {
		if !rest(ctx, 10*time.Second+rand.N(5*time.Second)) {
			return
		}
		sent, err := send(onmeta.Yield(ctx), watcher, onmeta.RouteOnrampStatus)
		if ctx.Err() != nil {
			return
		}
		if gap := sent.Sub(last); !last.IsZero() {
			s.note(&s.gaps, gap, err)
		}
		last = sent
	}
}

// call makes a call on whichever worker is free for it.
func (s *simulation) call(ctx context.Context) {
	ready, done := time.Now(), make(chan struct{})
	task := func(worker onmeta.Caller) {
		defer close(done)
		sent, err := send(ctx, worker, onmeta.RouteKYCStatus)
		if ctx.Err() == nil {
			s.note(&s.calls, sent.Sub(ready), err)
		}
	}
	select {
	case s.tasks <- task:
		<-done
	case <-ctx.Done():
	}
}

func send(ctx context.Context, through onmeta.Caller, route onmeta.Route) (sent time.Time, err error) {
	_, err = through.Call(context.WithValue(ctx, sentKey{}, &sent), onmeta.Call{Route: route})
	return sent, err
}

func (s *simulation) note(waits *[]time.Duration, wait time.Duration, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.begun) < s.warmUp {
		return
	}
	*waits = append(*waits, wait)
	if err != nil {
		s.refused++
	}
}

func rest(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// p99 is the wait that one of a hundred exceeds.
func p99(waits []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(waits))
	return sorted[len(sorted)*99/100]
}

// The guide to scaling asks for a limit well above what orders need on average. This is what follows below and above it.
func TestRequestsHardlyWaitUntilTheirWorkersShareIsNearlyUsed(t *testing.T) {
	t.Parallel()
	low := simulate(t, traffic{limit: 100, load: 0.5, workers: 2, warmUp: 5 * time.Minute, lasts: 5 * time.Minute})
	over := simulate(t, traffic{limit: 100, load: 1, workers: 2, warmUp: 5 * time.Minute, lasts: 5 * time.Minute})

	require.Less(t, p99(low.calls), 100*time.Millisecond)
	require.Less(t, p99(low.gaps), 15200*time.Millisecond)
	require.Zero(t, low.refused)
	require.Less(t, p99(over.calls), time.Second, "polls wait for calls, which are four times as few")
	require.Greater(t, p99(over.gaps), 20*time.Second, "polls need more than is there")
	require.Zero(t, over.refused)
}

// table is what a simulation at length has found.
type table struct{ strings.Builder }

func (t *table) WriteText(to io.Writer) error {
	_, err := io.WriteString(to, t.String())
	return err
}

func TestSimulationOfARateLimitAtLength(t *testing.T) {
	if *simulatePage == "" {
		return // make simulation
	}
	var found table
	requests, refused := 0, 0
	found.WriteString("| requests ÷ limit | 100 a second, 2 workers | 100, 8 | 1,000, 2 | 1,000, 8 | 1,000, 32 |\n| ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, load := range []float64{0.5, 0.6, 0.7, 0.8, 0.85, 0.9} {
		fmt.Fprintf(&found, "| %.0f %% |", 100*load)
		for _, among := range []traffic{{limit: 100, workers: 2}, {limit: 100, workers: 8}, {limit: 1000, workers: 2}, {limit: 1000, workers: 8}, {limit: 1000, workers: 32}} {
			among.load, among.warmUp, among.lasts = load, 6*time.Minute, 5*time.Minute
			o := simulate(t, among)
			fmt.Fprintf(&found, " %d ms, %.1f s |", p99(o.calls).Milliseconds(), p99(o.gaps).Seconds())
			requests, refused = requests+len(o.calls)+len(o.gaps), refused+o.refused
		}
		found.WriteString("\n")
	}
	fmt.Fprintf(&found, "\nOf %d requests, %d were refused.\n", requests, refused)
	require.NoError(t, bench.WriteInto(*simulatePage, "simulation", &found))
}
