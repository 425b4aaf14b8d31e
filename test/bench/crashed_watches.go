package bench

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"rampart/internal/process"
	"rampart/test/bench/baseline"
)

// watchLoad configures the measurement of watches whose worker is killed.
type watchLoad struct {
	watched int
	// rest is how long the idle programs are measured, and steady how long polls are, a multiple of the pauses between heartbeats.
	rest, steady time.Duration
}

func newWatchLoad(quick bool) watchLoad {
	if quick {
		return watchLoad{watched: 6, rest: time.Second, steady: 16 * time.Second}
	}
	return watchLoad{watched: 600, rest: resting, steady: 192 * time.Second}
}

// CrashedWatches is how soon the watches of a killed worker are taken over by the others, and what a poll costs.
type CrashedWatches struct {
	// Heartbeat is the heartbeat timeout in seconds of watches of workers without a lease; 0 is the worker as it is shipped, with its lease.
	Heartbeat float64 `json:"heartbeatTimeoutSeconds,omitempty"`
	// Watched is the number of watched orders, and Taken how many of them the killed worker watched.
	Watched int `json:"watched"`
	Taken   int `json:"taken"`
	// Half, NinetyNine and All are the times from the kill until so many of those were polled again, in seconds.
	Half       float64 `json:"halfSeconds"`
	NinetyNine float64 `json:"ninetyNinePercentSeconds"`
	All        float64 `json:"allSeconds"`
	// Polls is how many polls were made before the kill, in Seconds, and ServerCPU and WorkersCPU what one cost, its share of the heartbeats
	// included, in milliseconds.
	Polls      int     `json:"polls"`
	Seconds    float64 `json:"seconds"`
	ServerCPU  float64 `json:"serverCpuMsPerPoll"`
	WorkersCPU float64 `json:"workersCpuMsPerPoll"`
}

// watchesRun is a measurement of watches in progress.
type watchesRun struct {
	waitingRun
	fleet  *fleet
	load   watchLoad
	orders []order
	taken  CrashedWatches
}

// measureWatches kills one of several workers that watch orders on the real clock. timeout is the heartbeat timeout of watches without
// a lease; 0 measures the worker as it is shipped.
func measureWatches(ctx context.Context, options Options, load watchLoad, timeout time.Duration) (CrashedWatches, error) {
	start := startShipped
	if timeout > 0 {
		start = func(ctx context.Context, s *stack, name string) error {
			_, err := s.startComparable(ctx, name, baseline.Watches, oursNamespace, "--heartbeat", timeout.String())
			return err
		}
	}
	f, err := newFleet(ctx, options, 1, start)
	if f != nil {
		defer f.close()
	}
	if err != nil {
		return CrashedWatches{}, err
	}
	w := &watchesRun{waitingRun: waitingRun{costs: *newCosts(f.stack, options)}, fleet: f, load: load}
	w.taken = CrashedWatches{Heartbeat: timeout.Seconds(), Watched: load.watched}
	for _, step := range []func(context.Context) error{w.settleConfig, w.measureRest, w.watchEach, w.measureWatching, w.killOne} {
		if err := step(ctx); err != nil {
			return w.taken, err
		}
	}
	t := w.taken
	w.logf("%s: 99 %% of %d watches go on within %.1f s, all within %.1f s; %.2f ms of CPU a poll", t.by(), t.Taken, t.NinetyNine, t.All, t.cpu())
	return t, nil
}

func (w *watchesRun) measureRest(ctx context.Context) error { return w.measureIdle(ctx, w.load.rest) }

// watchEach starts the orders, and returns once each is polled.
func (w *watchesRun) watchEach(ctx context.Context) error {
	w.orders = w.waitingRun.orders(w.load.watched)
	if err := w.startAll(ctx, w.orders); err != nil {
		return err
	}
	if err := w.proveAll(ctx, w.orders); err != nil {
		return err
	}
	for begun := time.Now(); w.stack.provider.polledSince(begun) < w.load.watched; {
		if !sleep(ctx, time.Second/4) {
			return ctx.Err()
		}
	}
	return nil
}

// measureWatching measures what polls cost while nothing else happens.
func (w *watchesRun) measureWatching(ctx context.Context) error {
	before, err := w.cpuNow()
	if err != nil {
		return err
	}
	if !sleep(ctx, w.load.steady) {
		return ctx.Err()
	}
	after, err := w.cpuNow()
	if err != nil {
		return err
	}
	t, workers := &w.taken, 0.0
	for _, name := range w.fleet.workers {
		workers += w.idle[name]
	}
	t.Polls, t.Seconds = after.polls-before.polls, after.at.Sub(before.at).Seconds()
	if t.Polls > 0 {
		perPoll := func(used time.Duration, idle float64) float64 {
			return 1000 * (used.Seconds() - idle*t.Seconds) / float64(t.Polls)
		}
		t.ServerCPU = perPoll(after.server-before.server, w.idle[w.stack.server.Name()])
		t.WorkersCPU = perPoll(after.workers-before.workers, workers)
	}
	return nil
}

// fleetUsage is what the server and all workers have used since their start.
type fleetUsage struct {
	at              time.Time
	server, workers time.Duration
	polls           int
}

func (w *watchesRun) cpuNow() (u fleetUsage, err error) {
	u.at = time.Now()
	_, u.polls = w.stack.provider.counts()
	if u.server, err = w.stack.server.CPU(); err != nil {
		return u, err
	}
	for _, name := range w.fleet.workers {
		used, err := w.fleet.Processes.Find(name).CPU()
		if err != nil {
			return u, err
		}
		u.workers += used
	}
	return u, nil
}

// killOne kills the worker that watches most orders, and waits until the others poll each of them.
func (w *watchesRun) killOne(ctx context.Context) error {
	victim, ids, err := w.busiest(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, recoveryTime, errors.New("not every watch continues in time"))
	defer cancel()
	killed, again := time.Now(), map[string]time.Time{}
	victim.Kill()
	dead := time.Now() // a poll may have been on its way
	for len(again) < len(ids) {
		if !sleep(ctx, time.Second/5) {
			return fmt.Errorf("%d of %d watches continue: %w", len(again), len(ids), context.Cause(ctx))
		}
		w.stack.provider.firstPolls(dead, ids, again)
	}
	times := slices.SortedFunc(maps.Values(again), time.Time.Compare)
	after := func(share float64) float64 {
		return times[max(0, int(math.Ceil(share*float64(len(times))))-1)].Sub(killed).Seconds()
	}
	w.taken.Taken, w.taken.Half, w.taken.NinetyNine, w.taken.All = len(ids), after(0.5), after(0.99), after(1)
	return nil
}

// busiest returns the worker that watches most orders, and the provider's ids of those.
func (w *watchesRun) busiest(ctx context.Context) (*process.Process, []string, error) {
	ids, err := w.providersIDs(ctx, w.orders)
	if err != nil {
		return nil, nil, err
	}
	var mu sync.Mutex
	held := map[*process.Process][]string{}
	err = each(w.orders, backends, func(_ int, o order) error {
		holder, err := w.fleet.Holder(ctx, o.workflowID())
		mu.Lock()
		defer mu.Unlock()
		held[holder] = append(held[holder], ids[o.request.Reference])
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	most := slices.MaxFunc(slices.Collect(maps.Keys(held)), func(a, b *process.Process) int { return len(held[a]) - len(held[b]) })
	return most, held[most], nil
}

// by names what tells of the crash.
func (c CrashedWatches) by() string {
	if c.Heartbeat == 0 {
		return "lease of the worker, as shipped"
	}
	return fmt.Sprintf("heartbeat timeout of %g s", c.Heartbeat)
}

// cpu returns the processor time of a poll in milliseconds, of server and workers together.
func (c CrashedWatches) cpu() float64 { return c.ServerCPU + c.WorkersCPU }

// Limits of the time after a kill, in seconds.
const (
	// goOnLimit is that of a call, at the 99th percentile.
	goOnLimit = 15
	// slowLimit is that of a slow crash: 58 until no order can come into being any more, and another is created.
	slowLimit = 65
	// watchLimit is that of 99 % of the watches.
	watchLimit = 45
)

func (c *Crashes) targets(t *targets) {
	if c == nil {
		return
	}
	if fast := c.seconds(false); len(fast) > 0 {
		t.atMost(fmt.Sprintf("kill of a worker to instructions or the proof's answer, p99 of %d", len(fast)), rank(fast, 0.99), goOnLimit, "s")
	}
	if slow := c.seconds(true); len(slow) > 0 {
		t.atMost(fmt.Sprintf("the same of %d creations by bank transfer that the provider had not done", len(slow)), rank(slow, 0.99), slowLimit, "s")
	}
	for _, w := range c.Watches {
		if !c.Curve {
			t.atMost(fmt.Sprintf("kill of a worker to 99 %% of its %d watches", w.Taken), w.NinetyNine, watchLimit, "s")
		}
	}
}

// rank returns the nearest-rank quantile of sorted values.
func rank(sorted []float64, share float64) float64 {
	return sorted[max(0, int(math.Ceil(share*float64(len(sorted))))-1)]
}

// write writes the crashes as Markdown.
func (c *Crashes) write(b *strings.Builder) {
	if c == nil {
		return
	}
	c.writeCalls(b)
	if len(c.Watches) == 0 {
		return
	}
	b.WriteString("| crash told by | watched | of the killed worker | half go on after | 99 % | all | polls | server CPU a poll, ms | workers CPU a poll, ms | both, ms |\n")
	b.WriteString("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, w := range c.Watches {
		fmt.Fprintf(b, "| %s | %d | %d | %.1f s | %.1f s | %.1f s | %d | %.2f | %.2f | %.2f |\n", w.by(), w.Watched, w.Taken, w.Half, w.NinetyNine, w.All,
			w.Polls, w.ServerCPU, w.WorkersCPU, w.cpu())
	}
	b.WriteString("\n")
}

func (c *Crashes) writeCalls(b *strings.Builder) {
	if len(c.Calls) == 0 {
		return
	}
	fmt.Fprintf(b, "- %d kills, each of one of %d workers; %d orders ended completed, with one payout each\n\n", len(c.Calls), c.Workers, c.Ended)
	b.WriteString("| killed during | kills | received: user goes on after | done: user goes on after |\n| --- | ---: | ---: | ---: |\n")
	for _, name := range c.names() {
		fmt.Fprintf(b, "| %s | %d | %s | %s |\n", name, len(c.of(name, false))+len(c.of(name, true)), span(c.of(name, false)), span(c.of(name, true)))
	}
	b.WriteString("\n")
}

// names returns the names of the calls in the sequence in which they were first interrupted.
func (c *Crashes) names() []string {
	var all []string
	for _, crash := range c.Calls {
		if !slices.Contains(all, crash.Call) {
			all = append(all, crash.Call)
		}
	}
	return all
}

// of returns the times of a call, sorted.
func (c *Crashes) of(name string, done bool) []float64 {
	var all []float64
	for _, crash := range c.Calls {
		if crash.Call == name && crash.Done == done {
			all = append(all, crash.Seconds)
		}
	}
	slices.Sort(all)
	return all
}

// span formats the least and the most of sorted seconds, or a dash without any.
func span(sorted []float64) string {
	switch len(sorted) {
	case 0:
		return "–"
	case 1:
		return fmt.Sprintf("%.1f s", sorted[0])
	default:
		return fmt.Sprintf("%.1f–%.1f s", sorted[0], sorted[len(sorted)-1])
	}
}
