package bench

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"
)

// waitingLoad configures the measurement of orders that wait.
type waitingLoad struct {
	// watched is the number of orders with a proof, which are polled; waiting are the numbers of orders without, one per step.
	watched int
	waiting []int
	// settled is how long the programs rest before their memory is read, rest how long their processor time is measured at each step,
	// and steady how long polls are measured before any order waits, and at the end. steady is whole minutes, because each watch sends
	// a heartbeat once a minute, and many at the same time.
	settled, rest, steady time.Duration
	// probes is how many proofs are submitted at each step, at a rate of probesPerSec.
	probes       int
	probesPerSec float64
	// hinted is how many orders get hints, and as many others none, and hintedFor how long their polls are counted.
	hinted    int
	hintedFor time.Duration
	// kill is set if the worker is killed at the end. Its watches continue after their heartbeat timeout.
	kill bool
	// providerRate and workerRate are the limits of requests a second of the provider and of the worker.
	providerRate, workerRate float64
}

func newWaitingLoad(quick bool) waitingLoad {
	if quick {
		return waitingLoad{
			watched: 5, waiting: []int{5, 10}, settled: time.Second, rest: time.Second, steady: 16 * time.Second,
			hinted: 5, hintedFor: 16 * time.Second, probes: 2, probesPerSec: 10, providerRate: 500, workerRate: 450,
		}
	}
	return waitingLoad{
		watched: 2000, waiting: []int{100, 1000, 10_000}, kill: true, settled: 10 * time.Second, rest: 10 * time.Second, steady: 2 * time.Minute,
		hinted: 200, hintedFor: 4 * time.Minute, probes: 100, probesPerSec: 10, providerRate: 500, workerRate: 450,
	}
}

// Step is what the programs use while a number of orders waits for a proof, and another number is watched.
type Step struct {
	Waiting int `json:"waiting"`
	Watched int `json:"watched"`
	// ServerBytes and WorkerBytes are resident memory, ServerCPU and WorkerCPU shares of one processor, both at rest.
	ServerBytes int64 `json:"serverBytes"`
	WorkerBytes int64 `json:"workerBytes"`
	// WorkerLive is the part of the worker's heap that is in use after a garbage collection.
	WorkerLive int64   `json:"workerLiveBytes"`
	ServerCPU  float64 `json:"serverCpuShare"`
	WorkerCPU  float64 `json:"workerCpuShare"`
	// DatabaseCPU and DatabaseBytes are the share of one processor and the size of the database; 0 where it is in the server's memory.
	DatabaseCPU   float64 `json:"databaseCpuShare,omitempty"`
	DatabaseBytes int64   `json:"databaseBytes,omitempty"`
	// Proof is how long proofs of waiting orders took until they reached the provider.
	Proof Latency `json:"proofToProvider"`
	// PerSec is how many orders a second reached their payment instructions before this step.
	PerSec float64 `json:"ordersStartedPerSecond"`
}

// Waiting is the result of the measurement of orders that wait.
type Waiting struct {
	Watched int `json:"watched"`
	// Steps begins with a step without orders.
	Steps []Step `json:"steps"`
	// WorkerBytesPerWatch is the worker's memory of each watched order once its workflow cache was full, and WorkerBytesPerKept that of
	// each before, which is in the cache too.
	WorkerBytesPerWatch int64 `json:"workerBytesPerWatchedOrder"`
	WorkerBytesPerKept  int64 `json:"workerBytesPerWatchedAndKeptOrder"`
	// Calm and Steady are periods in which nothing happened but polls: while no order waited, and while all did.
	Calm   Steady `json:"calm"`
	Steady Steady `json:"steady"`
	// Hints is what the provider's webhooks save; absent where it was not measured.
	Hints *Hints `json:"hints,omitempty"`
	// Recovery is how the watches continued after the worker was killed and another one started.
	Recovery Recovery `json:"recovery"`
	// ProviderRate and WorkerRate are the limits of requests a second of the provider and of the worker, and Refused is how many
	// requests were answered with 429.
	ProviderRate float64 `json:"providerRate"`
	WorkerRate   float64 `json:"workerRate"`
	Refused      int     `json:"answered429"`
}

// waitingRun is a measurement in progress.
type waitingRun struct {
	costs
	load  waitingLoad
	found Waiting
	// free are the orders that wait for a proof.
	free []order
	// ids are the provider's ids of the orders that get hints, or none, by reference.
	ids map[string]string
}

// RunWaiting measures what many waiting orders use, in real time. After an error the report has what was measured before.
func RunWaiting(ctx context.Context, options Options) (Report, error) {
	report := newReport(options)
	err := runWaiting(ctx, options, &report)
	return report.finished(), err
}

func runWaiting(ctx context.Context, options Options, report *Report) error {
	if err := options.check(); err != nil {
		return err
	}
	load := newWaitingLoad(options.Quick)
	s, err := newStack(ctx, options, stackSettings{
		speed: 1, workerRate: load.workerRate, providerRate: load.providerRate, serverMetrics: true, postgres: options.Postgres,
	})
	defer s.close()
	if err != nil {
		return err
	}
	report.Database = s.databaseName()
	w := &waitingRun{costs: *newCosts(s, options), load: load}
	w.found = Waiting{Watched: load.watched, ProviderRate: load.providerRate, WorkerRate: load.workerRate}
	report.Waiting = &w.found
	return w.run(ctx)
}

func (w *waitingRun) run(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		w.settleConfig, w.warmUp, w.empty, w.watchHalf, w.watchAll, w.measureCalm, w.grow, w.measureSteady, w.measureHints, w.recover,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	w.found.Refused = w.stack.provider.refusedForRate()
	return nil
}

// warmUp runs a few orders to their end.
func (w *waitingRun) warmUp(ctx context.Context) error {
	w.stack.provider.setSchedule(completeAfter(1))
	orders := w.orders(4)
	return w.costs.run(ctx, Scenario{}, Ours, w.stack.lane(Ours), orders)
}

// empty measures the step without orders.
func (w *waitingRun) empty(ctx context.Context) error { return w.step(ctx, 0, 0, 0) }

// watchHalf starts as many of the watched orders as the worker's cache holds by default.
func (w *waitingRun) watchHalf(ctx context.Context) error {
	w.stack.provider.setSchedule(nil)
	var err error
	w.found.WorkerBytesPerKept, err = w.watch(ctx, 0, w.load.watched/2)
	return err
}

// watchAll starts the others.
func (w *waitingRun) watchAll(ctx context.Context) error {
	half := w.load.watched / 2
	var err error
	w.found.WorkerBytesPerWatch, err = w.watch(ctx, half, w.load.watched-half)
	return err
}

// watch starts orders in addition to those that are watched, blocks until each is polled, and returns the worker's additional memory per
// order.
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

// grow starts more orders that wait, step by step, and submits the proofs of some of them.
func (w *waitingRun) grow(ctx context.Context) error {
	for _, waiting := range w.load.waiting {
		begun, missing := time.Now(), waiting+w.load.probes-len(w.free)
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
		if err := w.step(ctx, waiting, w.load.watched, perSec); err != nil {
			return err
		}
		w.found.Steps[len(w.found.Steps)-1].Proof = probed
	}
	return nil
}

// step measures what the programs use.
func (w *waitingRun) step(ctx context.Context, waiting, watched int, perSec float64) error {
	if !sleep(ctx, w.load.settled) {
		return ctx.Err()
	}
	if err := w.measureIdle(ctx, w.load.rest); err != nil {
		return err
	}
	live, err := readHeap(ctx, w.stack.worker.profiles, true)
	if err != nil {
		return err
	}
	size, err := w.stack.databaseSize(ctx)
	if err != nil {
		return err
	}
	step := Step{
		DatabaseCPU: w.stack.databaseIdle(w.idle), DatabaseBytes: size,
		Waiting: waiting, Watched: watched, PerSec: perSec,
		ServerBytes: w.stack.server.Resident(), WorkerBytes: w.stack.worker.Resident(), WorkerLive: live.live,
		ServerCPU: w.idle[w.stack.server.Name()], WorkerCPU: w.idle[w.stack.worker.Name()],
	}
	w.found.Steps = append(w.found.Steps, step)
	w.logf("%d waiting, %d watched: server %d MiB and %.0f %% of a CPU, worker %d MiB (%d MiB live) and %.0f %%", waiting, watched,
		step.ServerBytes>>20, 100*step.ServerCPU, step.WorkerBytes>>20, step.WorkerLive>>20, 100*step.WorkerCPU)
	return nil
}

// backends is how many orders are started concurrently.
const backends = 48

// startAll starts orders by ramp.Client, and returns once each has its payment instructions.
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

// probe submits the proofs of waiting orders at a steady rate, and returns how long they took until they reached the provider. Those
// orders complete.
func (w *waitingRun) probe(ctx context.Context) (Latency, error) {
	w.stack.provider.setSchedule(completeAfter(1))
	defer w.stack.provider.setSchedule(nil)
	chosen := w.free[:w.load.probes]
	w.free = w.free[w.load.probes:]
	took := make([]time.Duration, len(chosen))
	var all errgroup.Group
	begun := time.Now()
	for i, o := range chosen {
		sleep(ctx, time.Until(begun.Add(time.Duration(float64(i)/w.load.probesPerSec*float64(time.Second)))))
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
