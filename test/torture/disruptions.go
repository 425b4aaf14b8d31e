package torture

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"rampart/ramp"
)

// disruption is a process that is killed or stopped, and replaced.
type disruption struct {
	// at is when it happens, since the beginning of the run.
	at   time.Duration
	kind disruptionKind
	// worker is the number of the worker, unless the kind concerns the server or the gateway.
	worker int
	// pause is the time until the replacement starts.
	pause time.Duration
}

// disruptionKind is a kind of disruption, in the words of the report.
type disruptionKind string

const (
	killWorker disruptionKind = "kill -9 of a worker"
	stopWorker disruptionKind = "SIGTERM to a worker"
	killServer disruptionKind = "kill -9 of the Temporal server"
	// killGateway is a kill of the gateway, which receives the provider's webhooks.
	killGateway disruptionKind = "kill -9 of the gateway"
)

// longestPause is the longest time until a replacement starts.
const longestPause = 3 * time.Second

// planDisruptions spreads the disruptions over the time in which orders start and are processed.
func planDisruptions(options Options) []disruption {
	random := rand.New(rand.NewPCG(uint64(options.Seed), 2))
	from, span := options.arrivals()/20, options.arrivals()+longestReaction
	var all []disruption
	add := func(times int, kind disruptionKind) {
		for i := range times {
			share := (float64(i) + random.Float64()) / float64(times)
			all = append(all, disruption{
				at:     from + time.Duration(share*float64(span)),
				kind:   kind,
				worker: random.IntN(workersRunning),
				pause:  time.Duration(random.Float64() * float64(longestPause)),
			})
		}
	}
	add(options.Kills, killWorker)
	add(options.Stops, stopWorker)
	add(options.ServerKills, killServer)
	add(options.GatewayKills, killGateway)
	add(options.Losses, loseDatabase)
	slices.SortFunc(all, func(a, b disruption) int { return int(a.at - b.at) })
	return all
}

// sortByKind sorts disruptions by the names of their kinds.
func sortByKind(all []disruption) {
	slices.SortFunc(all, func(a, b disruption) int { return cmp.Compare(a.kind, b.kind) })
}

// disruptor disrupts a stack.
type disruptor struct {
	stack *stack
	// cluster is nil for a stack that is none.
	cluster *cluster
	begun   time.Time

	mu sync.Mutex
	// applied counts the disruptions by kind.
	applied map[string]int
	// uncleanStops counts the workers that did not exit with code 0 after SIGTERM.
	uncleanStops int
	// kept are the provider's orders that the store of records had, by the order, whenever the database was lost.
	kept map[ramp.ID][]string
	err  error
}

// run applies disruptions when their time comes: those of workers one after another, so that two workers always run, and those of the
// server and of the gateway at the same time. Those of a cluster come one after another.
func (d *disruptor) run(ctx context.Context, all []disruption) error {
	var running sync.WaitGroup
	inTurn := func(matches func(disruption) bool, apply func(context.Context, disruption) error) {
		running.Go(func() {
			for _, next := range all {
				if matches(next) && !d.apply(ctx, next, apply) {
					return
				}
			}
		})
	}
	if d.cluster != nil {
		inTurn(func(disruption) bool { return true }, d.cluster.strike)
		running.Wait()
		return d.err
	}
	inTurn(func(next disruption) bool { return next.kind == killWorker || next.kind == stopWorker }, d.disruptWorker)
	inTurn(func(next disruption) bool { return next.kind == killServer || next.kind == loseDatabase }, d.disruptServer)
	inTurn(func(next disruption) bool { return next.kind == killGateway }, d.disruptGateway)
	running.Wait()
	return d.err
}

// apply applies a disruption when its time comes, and reports whether the run continues.
func (d *disruptor) apply(ctx context.Context, next disruption, apply func(context.Context, disruption) error) bool {
	if !sleep(ctx, time.Until(d.begun.Add(next.at))) {
		return false
	}
	logProgress(d.stack.options.progress(), d.begun, "%s", next.kind)
	err := apply(ctx, next)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.applied[string(next.kind)]++
	if err != nil && ctx.Err() == nil {
		d.err = err
		return false
	}
	return true
}

func (d *disruptor) disruptWorker(ctx context.Context, next disruption) error {
	worker := d.stack.worker(next.worker)
	if !worker.Running() {
		d.stack.noteUnexpectedExit(worker)
	}
	if next.kind == killWorker {
		worker.Kill()
	} else if !worker.Stop(stopGrace) {
		d.mu.Lock()
		d.uncleanStops++
		d.mu.Unlock()
	}
	sleep(ctx, next.pause)
	return d.replaceWorker(ctx, next.worker)
}

// replaceWorker starts a worker until it stays up, as a platform does: while there is no server, a worker exits.
func (d *disruptor) replaceWorker(ctx context.Context, number int) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		err := d.stack.startWorker(ctx, number)
		if err == nil || !sleep(ctx, time.Second) {
			return err
		}
	}
}

func (d *disruptor) disruptServer(ctx context.Context, next disruption) error {
	if next.kind == loseDatabase {
		return d.loseDatabase(ctx, next)
	}
	d.stack.killServer()
	sleep(ctx, next.pause)
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	return d.stack.startServer(ctx)
}

// disruptGateway replaces the gateway until the new one stays up: while there is no server, it exits.
func (d *disruptor) disruptGateway(ctx context.Context, next disruption) error {
	d.stack.killGateway(ctx, 0)
	sleep(ctx, next.pause)
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		err := d.stack.startGateway(ctx, 0)
		if err == nil || !sleep(ctx, time.Second) {
			return err
		}
	}
}

// sleep waits, and reports whether it was not cut short.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
