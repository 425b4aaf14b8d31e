package torture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"rampart/internal/process"
	"rampart/test/testbed"
)

const (
	// clusterGateways is how many gateways a cluster has.
	clusterGateways = 2
	// restartPause is the time until a process of a cluster that has exited is started again, as a platform does.
	restartPause = 2 * time.Second
	// fullTime is how long the disk of PostgreSQL is full.
	fullTime = 20 * time.Second
	// calm is the least time between two blows, after every process runs again.
	calm = 10 * time.Second
	// databaseName is the name of PostgreSQL's process.
	databaseName = "postgres"
)

// diskOf returns the size of PostgreSQL's disk, several times what the orders of a run need.
func diskOf(options Options) int64 { return 2<<30 + int64(options.Orders)<<20 }

// services is the official server with each of its services in a process of its own.
type services struct{ official }

var _ server = services{}

// start starts the services, and returns the one that clients call.
func (s services) start(ctx context.Context) (*process.Process, error) {
	var last *process.Process
	for _, service := range testbed.Services() {
		var err error
		if last, err = s.StartService(ctx, service); err != nil {
			return last, err
		}
	}
	return last, nil
}

// part is a process of a cluster that is replaced whenever it exits.
type part struct {
	// name is that of the process.
	name  string
	start func(context.Context) error
	up    atomic.Bool
	// failure is why it does not start again; nil if it does.
	failure atomic.Pointer[error]
	// struck is set while the part is to exit.
	struck atomic.Bool
}

// cluster strikes the processes of a stack one after another.
type cluster struct {
	stack    *stack
	database *testbed.Database
	begun    time.Time
	parts    []*part
	blows    []Blow
}

// Blow is what was done to a process of a cluster, and how long the cluster needed.
type Blow struct {
	Kind disruptionKind `json:"kind"`
	At   time.Time      `json:"at"`
	// Replaced is the time until every process ran again.
	Replaced time.Duration `json:"replaced"`
	// First is the time until a call was answered that a backend made after the blow; 0 if it made none. Waiting is how many calls waited at
	// the blow or were made before that, and Half and Last are the times until half of them and all of them were answered.
	First   time.Duration `json:"first"`
	Waiting int           `json:"waiting"`
	Half    time.Duration `json:"half"`
	Last    time.Duration `json:"last"`
}

// newCluster returns the cluster of a stack; nil if it is none.
func newCluster(s *stack) *cluster {
	server, isCluster := s.server.(services)
	if !isCluster {
		return nil
	}
	c := &cluster{stack: s, database: server.Database, begun: time.Now()}
	add := func(name string, start func(context.Context) error) {
		running := &part{name: name, start: start}
		running.up.Store(true)
		c.parts = append(c.parts, running)
	}
	for _, service := range testbed.Services() {
		add(testbed.ServiceName(service), func(ctx context.Context) error {
			started, err := server.StartService(ctx, service)
			if err != nil && started != nil {
				started.Kill() // a platform does not wait for ever either
			}
			return err
		})
	}
	add(databaseName, server.Database.Start)
	for i := range s.workers {
		add(workerName(i), func(ctx context.Context) error { return s.startWorker(ctx, i) })
	}
	for i, gateway := range s.gateways.all {
		add(gateway.name, func(ctx context.Context) error { return s.startGateway(ctx, i) })
	}
	return c
}

// keep replaces the processes of the cluster whenever they exit, until ctx ends.
func (c *cluster) keep(ctx context.Context) {
	for _, p := range c.parts {
		go func() {
			for c.awaitExit(ctx, p) {
				for sleep(ctx, restartPause) && c.restart(ctx, p) != nil {
				}
			}
		}()
	}
}

// awaitExit blocks until a part has exited, and reports false if ctx ended before.
func (c *cluster) awaitExit(ctx context.Context, p *part) bool {
	running := c.stack.Processes.Find(p.name)
	if _, err := running.Wait(ctx); err != nil || ctx.Err() != nil {
		return false
	}
	p.up.Store(false)
	if !p.struck.Load() {
		c.stack.noteUnexpectedExit(running)
	}
	return true
}

func (c *cluster) restart(ctx context.Context, p *part) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	err := p.start(ctx)
	p.up.Store(err == nil)
	if err != nil {
		p.failure.Store(&err)
		logProgress(c.stack.options.progress(), c.begun, "%s does not start again: %v", p.name, err)
		return err
	}
	p.failure.Store(nil)
	return nil
}

// strike does to the cluster what a kind of blow says, and returns some time after every process runs again.
func (c *cluster) strike(ctx context.Context, next disruption) error {
	blow := Blow{Kind: next.kind, At: time.Now()}
	if err := c.blowsByKind()[next.kind](ctx); err != nil {
		return fmt.Errorf("%s: %w", next.kind, err)
	}
	limited, cancel := context.WithTimeoutCause(ctx, startTime, errors.New("the cluster does not get up again"))
	defer cancel()
	for !c.isUp() {
		if !sleep(limited, readEvery/20) {
			return errors.Join(context.Cause(limited), c.failures())
		}
	}
	blow.Replaced = time.Since(blow.At)
	c.blows = append(c.blows, blow)
	sleep(ctx, calm)
	return nil
}

func (c *cluster) isUp() bool {
	for _, p := range c.parts {
		if !p.up.Load() {
			return false
		}
	}
	return true
}

// failures returns why processes that do not run do not start again; nil if all run.
func (c *cluster) failures() error {
	var all []error
	for _, p := range c.parts {
		switch failure := p.failure.Load(); {
		case p.up.Load():
		case failure == nil:
			all = append(all, fmt.Errorf("%s has not been started again", p.name))
		default:
			all = append(all, fmt.Errorf("%s: %w", p.name, *failure))
		}
	}
	return errors.Join(all...)
}

// nothing is the blow that the others are compared with.
const nothing disruptionKind = "nothing"

// blowsByKind returns what each kind of blow does. It returns once the process has exited, or the disk is free again.
func (c *cluster) blowsByKind() map[disruptionKind]func(context.Context) error {
	all := map[disruptionKind]func(context.Context) error{nothing: func(context.Context) error { return nil }}
	for _, p := range c.parts {
		all["kill -9 of "+disruptionKind(p.name)] = func(ctx context.Context) error {
			return c.end(ctx, p, func() error {
				c.kill(ctx, p)
				return nil
			})
		}
		if p.name != databaseName {
			continue
		}
		all["stop of "+databaseName] = func(ctx context.Context) error {
			return c.end(ctx, p, func() error { return c.database.Stop(ctx) })
		}
		if c.database.Limited() {
			all["full disk of "+databaseName] = c.fill
		}
	}
	return all
}

func (c *cluster) kill(ctx context.Context, p *part) {
	for i, gateway := range c.stack.gateways.all {
		if gateway.name == p.name {
			c.stack.killGateway(ctx, i)
			return
		}
	}
	c.stack.Processes.Find(p.name).Kill()
}

// end lets a part exit, and returns once that is noticed.
func (c *cluster) end(ctx context.Context, p *part, exit func() error) error {
	p.struck.Store(true)
	defer p.struck.Store(false)
	if err := exit(); err != nil {
		return err
	}
	for p.up.Load() && sleep(ctx, readEvery/20) {
	}
	return ctx.Err()
}

// fill fills the disk of PostgreSQL for a while.
func (c *cluster) fill(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, fullTime)
	defer cancel()
	return c.database.Fill(ctx)
}

// plan spreads blows of each kind over the time in which orders start, in a random order.
func (c *cluster) plan(options Options) []disruption {
	var all []disruption
	for kind := range c.blowsByKind() {
		all = append(all, disruption{kind: kind})
	}
	sortByKind(all)
	random := rand.New(rand.NewPCG(uint64(options.Seed), 2))
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for i := range all {
		all[i].at = options.arrivals() * time.Duration(i+1) / time.Duration(len(all)+1)
	}
	return all
}

// call is how long a backend waited for something that it did.
type call struct{ begun, ended time.Time }

// reckon sets how long the cluster needed, from the calls of all backends.
func (b *Blow) reckon(calls []call) {
	for _, made := range calls {
		if after := made.ended.Sub(b.At); made.begun.After(b.At) && (b.First == 0 || after < b.First) {
			b.First = after
		}
	}
	var waits []time.Duration
	for _, made := range calls {
		if made.ended.After(b.At) && made.begun.Before(b.At.Add(b.First)) {
			waits = append(waits, made.ended.Sub(b.At))
		}
	}
	if b.Waiting = len(waits); b.Waiting > 0 {
		slices.Sort(waits)
		b.Half, b.Last = waits[(b.Waiting-1)/2], waits[b.Waiting-1]
	}
}
