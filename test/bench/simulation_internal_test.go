package bench

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/onmeta"
)

// simulatePage is set by make simulation, which is a test because the fake clock of testing/synctest exists only inside one.
var simulatePage = flag.String("simulate-page", "", "simulate a provider's rate limit at length, and write the table into this page")

// traffic is the load of a simulated provider and its workers, which use the worker's own onmeta.RateLimit on a fake clock.
type traffic struct {
	// limit is how many requests a second the provider answers, and load the share of the limit that orders need on average.
	limit, load float64
	// workers is how many workers share nine tenths of the limit evenly.
	workers int
	// warmUp is how long the simulation runs before the measurement, and lasts how long that takes.
	warmUp, lasts time.Duration
}

const (
	callsBeforeProof, callsOfProof, pollsOfOrder = 5, 1, 20
	answerTime                                   = 100 * time.Millisecond
	mostPayingTime                               = time.Minute
)

// outcome is how long requests waited for the rate limit.
type outcome struct {
	mu sync.Mutex
	// calls are the waits of calls, and gaps the times between two polls of an order at the provider.
	calls, gaps []time.Duration
	refused     int
}

// simulation is a simulation in progress.
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

// bucket is the provider: a token bucket that holds the requests of one second.
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

// sentKey is the key under which the context of a call has a pointer to the time at which the provider received it.
type sentKey struct{}

// simulate starts orders at random times with a constant mean rate.
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
		s.all.Wait() // the fake clock stops once this function has returned
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

// work makes calls one after another, as a slot of a worker does.
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
	sleep(ctx, paying)
	s.call(ctx)
	var last time.Time
	for range pollsOfOrder {
		if !sleep(ctx, 10*time.Second+rand.N(5*time.Second)) {
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

// call makes a call on the first worker with a free slot.
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

// The page about scaling asks for a limit well above what orders need on average.
func TestRequestsWaitOnlyNearTheRateLimit(t *testing.T) {
	t.Parallel()
	low := simulate(t, traffic{limit: 100, load: 0.5, workers: 2, warmUp: 5 * time.Minute, lasts: 5 * time.Minute})
	over := simulate(t, traffic{limit: 100, load: 1, workers: 2, warmUp: 5 * time.Minute, lasts: 5 * time.Minute})

	require.Less(t, newLatency(low.calls).P99, 100.0)
	require.Less(t, newLatency(low.gaps).P99, 15_200.0)
	require.Zero(t, low.refused)
	require.Less(t, newLatency(over.calls).P99, 1000.0, "calls, a quarter of the requests, take precedence over polls")
	require.Greater(t, newLatency(over.gaps).P99, 20_000.0, "polls exceed the limit")
	require.Zero(t, over.refused)
}

// table is the results of simulations with various limits and numbers of workers, at various loads.
type table struct {
	strings.Builder
	loads             []float64
	among             []traffic
	requests, refused int
}

func (f *table) simulate(t *testing.T) {
	t.Helper()
	f.WriteString("| requests ÷ limit |")
	for _, what := range f.among {
		fmt.Fprintf(f, " %s a second, %d workers |", grouped(what.limit), what.workers)
	}
	f.WriteString("\n| ---: |" + strings.Repeat(" ---: |", len(f.among)) + "\n")
	for _, load := range f.loads {
		fmt.Fprintf(f, "| %.0f %% |", 100*load)
		for _, what := range f.among {
			what.load, what.warmUp, what.lasts = load, 6*time.Minute, 5*time.Minute
			found := simulate(t, what)
			fmt.Fprintf(f, " %.0f ms, %.1f s |", newLatency(found.calls).P99, newLatency(found.gaps).P99/1000)
			f.requests += len(found.calls) + len(found.gaps)
			f.refused += found.refused
		}
		f.WriteString("\n")
	}
	fmt.Fprintf(f, "\nOf %s requests, %d were refused.\n", grouped(float64(f.requests)), f.refused)
}

func (f *table) WriteText(to io.Writer) error {
	_, err := io.WriteString(to, f.String())
	return err
}

func TestSimulationIsWrittenIntoAPage(t *testing.T) {
	t.Parallel()
	page, found := *simulatePage, table{loads: []float64{0.7}, among: []traffic{{limit: 50, workers: 2}, {limit: 100, workers: 2}}}
	if page == "" {
		page = filepath.Join(t.TempDir(), "page.md")
		require.NoError(t, os.WriteFile(page, []byte("<!-- simulation --><!-- /simulation -->"), 0o600))
	} else {
		found.loads = []float64{0.5, 0.6, 0.7, 0.8, 0.85, 0.9}
		found.among = []traffic{{limit: 100, workers: 2}, {limit: 100, workers: 8}, {limit: 1000, workers: 2}, {limit: 1000, workers: 8}, {limit: 1000, workers: 32}}
	}

	found.simulate(t)

	require.NoError(t, WriteInto(page, "simulation", &found))
	require.Zero(t, found.refused)
	written, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Regexp(t, `\| 70 % \| \d+ ms, 15\.\d s \|`, string(written))
}
