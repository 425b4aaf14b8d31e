package bench

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"
)

// Crowd says how many orders wait, and how long is looked.
type crowd struct {
	// watched orders have a proof, and are polled; waiting ones have none, and their number grows by steps.
	watched int
	waiting []int
	// settled is how long the programs are left alone before memory is read, rest how long processor time is measured at each step,
	// and steady how long polls are looked at before any order waits, and at the end: whole minutes, for each watch heartbeats once a
	// minute, and many at the same time.
	settled, rest, steady time.Duration
	// probes is how many proofs are submitted at each step, and probesPerSec how fast.
	probes       int
	probesPerSec float64
	// kill is whether the worker is killed at the end. Its watches come back after their heartbeats' timeout.
	kill bool
	// providerRate is how many requests a second the provider answers, and workerRate how many the worker is set to.
	providerRate, workerRate float64
}

func crowdFor(quick bool) crowd {
	if quick {
		return crowd{
			watched: 5, waiting: []int{5, 10}, settled: time.Second, rest: time.Second, steady: 16 * time.Second,
			probes: 2, probesPerSec: 10, providerRate: 500, workerRate: 450,
		}
	}
	return crowd{
		watched: 2000, waiting: []int{100, 1000, 10_000}, kill: true, settled: 10 * time.Second, rest: 10 * time.Second, steady: 2 * time.Minute,
		probes: 100, probesPerSec: 10, providerRate: 500, workerRate: 450,
	}
}

// Step is what is used while so many orders wait for their proof, and all the watched ones are watched.
type Step struct {
	Waiting int `json:"waiting"`
	Watched int `json:"watched"`
	// ServerBytes and WorkerBytes are resident, ServerCPU and WorkerCPU shares of one processor, at rest.
	ServerBytes int64 `json:"serverBytes"`
	WorkerBytes int64 `json:"workerBytes"`
	// WorkerLive is what of the worker's heap is in use, after a garbage collection.
	WorkerLive int64   `json:"workerLiveBytes"`
	ServerCPU  float64 `json:"serverCpuShare"`
	WorkerCPU  float64 `json:"workerCpuShare"`
	// Proof is how long proofs of waiting orders took to the provider.
	Proof Latency `json:"proofToProvider"`
	// PerSec is how many orders a second were started to get here, to their payment instructions.
	PerSec float64 `json:"ordersStartedPerSecond"`
}

// Waiting is what it takes to have many orders wait.
type Waiting struct {
	Watched int `json:"watched"`
	// Steps begin with none.
	Steps []Step `json:"steps"`
	// WorkerBytesPerWatch is by how much the worker grew with each watched order once its cache of workflows was full, and
	// WorkerBytesPerKept with each before that, whose workflow it keeps too.
	WorkerBytesPerWatch int64 `json:"workerBytesPerWatchedOrder"`
	WorkerBytesPerKept  int64 `json:"workerBytesPerWatchedAndKeptOrder"`
	// Calm and Steady are what came in a time in which nothing happened but polls: while no order waited, and while all did.
	Calm   Steady `json:"calm"`
	Steady Steady `json:"steady"`
	// Recovery is what followed when the worker was killed and another one started.
	Recovery Recovery `json:"recovery"`
	// ProviderRate is how many requests a second the provider answered at the most, WorkerRate what the worker was set to, and
	// Refused how many got a 429.
	ProviderRate float64 `json:"providerRate"`
	WorkerRate   float64 `json:"workerRate"`
	Refused      int     `json:"answered429"`
}

// waitingRun is a measurement under way.
type waitingRun struct {
	costs
	crowd crowd
	found Waiting
	// free are orders that wait for their proof.
	free []order
}

// RunWaiting measures what it takes to have many orders wait, at real time. What was measured before an error is in the report.
func RunWaiting(ctx context.Context, options Options) (Report, error) {
	report := newReport(options)
	err := runWaiting(ctx, options, &report)
	return report.finished(), err
}

func runWaiting(ctx context.Context, options Options, report *Report) error {
	if err := options.check(); err != nil {
		return err
	}
	size := crowdFor(options.Quick)
	s, err := newStack(ctx, options, stackSettings{speed: 1, workerRate: size.workerRate, providerRate: size.providerRate, serverMetrics: true})
	defer s.close()
	if err != nil {
		return err
	}
	w := &waitingRun{costs: *newCosts(s, options), crowd: size}
	w.found = Waiting{Watched: size.watched, ProviderRate: size.providerRate, WorkerRate: size.workerRate}
	report.Waiting = &w.found
	return w.run(ctx)
}

func (w *waitingRun) run(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		w.settleConfig, w.warmUp, w.empty, w.watchHalf, w.watchAll, w.beCalm, w.grow, w.beSteady, w.recover,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	w.found.Refused = w.stack.provider.refusedForRate()
	return nil
}

// warmUp runs some orders to their end.
func (w *waitingRun) warmUp(ctx context.Context) error {
	w.stack.provider.settle(settleAfter(1))
	orders := w.orders(4)
	return w.costs.run(ctx, Scenario{}, Ours, w.stack.lane(Ours), orders)
}

// empty is the step with no order.
func (w *waitingRun) empty(ctx context.Context) error { return w.step(ctx, 0, 0, 0) }

// watchHalf starts as many of the watched orders as the worker keeps in its cache by default.
func (w *waitingRun) watchHalf(ctx context.Context) error {
	w.stack.provider.settle(nil)
	var err error
	w.found.WorkerBytesPerKept, err = w.watch(ctx, 0, w.crowd.watched/2)
	return err
}

// watchAll starts the others.
func (w *waitingRun) watchAll(ctx context.Context) error {
	half := w.crowd.watched / 2
	var err error
	w.found.WorkerBytesPerWatch, err = w.watch(ctx, half, w.crowd.watched-half)
	return err
}

// watch starts orders beside those that are watched already, waits until each is polled, and returns by how much the worker grew with
// each.
func (w *waitingRun) watch(ctx context.Context, before, more int) (int64, error) {
	begun := time.Now()
	orders := w.orders(more)
	if err := w.startAll(ctx, orders); err != nil {
		return 0, err
	}
	if err := w.proveAll(ctx, orders); err != nil {
		return 0, err
	}
	perSec := float64(more) / time.Since(begun).Seconds()
	for begun = time.Now(); w.stack.provider.polledSince(begun) < before+more; {
		if !sleep(ctx, time.Second) {
			return 0, ctx.Err()
		}
	}
	if err := w.step(ctx, 0, before+more, perSec); err != nil {
		return 0, err
	}
	last := len(w.found.Steps) - 1
	return (w.found.Steps[last].WorkerBytes - w.found.Steps[last-1].WorkerBytes) / int64(more), nil
}

// grow lets more and more orders wait, and submits proofs of some of them.
func (w *waitingRun) grow(ctx context.Context) error {
	for _, waiting := range w.crowd.waiting {
		begun, missing := time.Now(), waiting+w.crowd.probes-len(w.free)
		orders := w.orders(missing)
		if err := w.startAll(ctx, orders); err != nil {
			return err
		}
		w.free = append(w.free, orders...)
		perSec := float64(missing) / time.Since(begun).Seconds()
		probed, err := w.probe(ctx)
		if err != nil {
			return err
		}
		if err := w.step(ctx, waiting, w.crowd.watched, perSec); err != nil {
			return err
		}
		w.found.Steps[len(w.found.Steps)-1].Proof = probed
	}
	return nil
}

// step reads what is used now.
func (w *waitingRun) step(ctx context.Context, waiting, watched int, perSec float64) error {
	if !sleep(ctx, w.crowd.settled) {
		return ctx.Err()
	}
	if err := w.learnIdle(ctx, w.crowd.rest); err != nil {
		return err
	}
	live, err := readHeap(ctx, w.stack.worker.profiles, true)
	if err != nil {
		return err
	}
	step := Step{
		Waiting: waiting, Watched: watched, PerSec: perSec,
		ServerBytes: w.stack.server.Resident(), WorkerBytes: w.stack.worker.Resident(), WorkerLive: live.live,
		ServerCPU: w.idle[w.stack.server.Name()], WorkerCPU: w.idle[w.stack.worker.Name()],
	}
	w.found.Steps = append(w.found.Steps, step)
	w.say("%d wait, %d watched: server %d MiB and %.0f %% of a CPU, worker %d MiB, %d of them live, and %.0f %%", waiting, watched,
		step.ServerBytes>>20, 100*step.ServerCPU, step.WorkerBytes>>20, step.WorkerLive>>20, 100*step.WorkerCPU)
	return nil
}

// backends is how many orders are started at the same time.
const backends = 48

// startAll starts orders as a backend does, and returns once each has its payment instructions.
func (w *waitingRun) startAll(ctx context.Context, orders []order) error {
	var all errgroup.Group
	all.SetLimit(backends)
	for _, o := range orders {
		all.Go(func() error {
			_, err := w.stack.Orders.StartOnramp(ctx, o.request)
			return err
		})
	}
	return all.Wait()
}

func (w *waitingRun) proveAll(ctx context.Context, orders []order) error {
	var all errgroup.Group
	all.SetLimit(backends)
	for _, o := range orders {
		all.Go(func() error { return w.stack.lane(Ours).prove(ctx, o) })
	}
	return all.Wait()
}

// probe submits proofs of orders that wait, evenly in time, and says how long they took to the provider. Those orders complete.
func (w *waitingRun) probe(ctx context.Context) (Latency, error) {
	w.stack.provider.settle(settleAfter(1))
	defer w.stack.provider.settle(nil)
	chosen := w.free[:w.crowd.probes]
	w.free = w.free[w.crowd.probes:]
	took := make([]time.Duration, len(chosen))
	var all errgroup.Group
	begun := time.Now()
	for i, o := range chosen {
		sleep(ctx, time.Until(begun.Add(time.Duration(float64(i)/w.crowd.probesPerSec*float64(time.Second)))))
		all.Go(func() error {
			submitted := time.Now()
			_, err := w.stack.Orders.SubmitUTR(ctx, o.request.Reference, o.utr())
			took[i] = w.stack.provider.proofArrived(o.utr()).Sub(submitted)
			return err
		})
	}
	err := all.Wait()
	return newLatency(took), err
}
