package bench

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// Scenario describes the orders of a measurement.
type Scenario struct {
	Name string `json:"name"`
	// Polls is the number of polls until the provider reports an order as completed.
	Polls int `json:"polls"`
	// ProofAfter is how long the user takes to pay, by the provider's clock.
	ProofAfter time.Duration `json:"proofAfter"`
	// Variants run one after another in each round, each with its number of Orders.
	Variants []Variant       `json:"variants"`
	Orders   map[Variant]int `json:"orders"`
	Rounds   int             `json:"rounds"`
}

// Cost is what an order of a variant costs in a scenario.
type Cost struct {
	Scenario string  `json:"scenario"`
	Polls    int     `json:"polls"`
	Variant  Variant `json:"variant"`
	Orders   int     `json:"ordersMeasured"`
	// Events, Bytes and Transitions describe the history, Actions are billed by Temporal Cloud, including Heartbeats on the real clock.
	// All are medians of the orders.
	Events      int `json:"events"`
	Bytes       int `json:"historyBytes"`
	Transitions int `json:"stateTransitions"`
	Actions     int `json:"billedActions"`
	Heartbeats  int `json:"heartbeatsAmongThem"`
	// Tasks counts workflow tasks and activity tasks without retries.
	Tasks int `json:"tasks"`
	// Calls is the number of requests to the provider.
	Calls float64 `json:"providerCalls"`
	// ServerCPU and WorkerCPU are the processor time per order in milliseconds, with one value per round.
	ServerCPU Spread `json:"serverCpuMs"`
	WorkerCPU Spread `json:"workerCpuMs"`
	// DatabaseCPU is the same of the database, where it is not in the server's memory.
	DatabaseCPU Spread `json:"databaseCpuMs,omitzero"`
	// Allocated is the memory that the worker allocates per order, in KiB, and Objects the number of allocations; medians of the rounds.
	Allocated float64 `json:"workerAllocatedKiB"`
	Objects   float64 `json:"workerAllocations"`
}

// meanPause is the mean time between two polls of Rampart (guide: 10 to 15 seconds).
const meanPause = 12500 * time.Millisecond

// starting is how many orders are started concurrently.
const starting = 16

// costs measures scenarios.
type costs struct {
	stack *stack
	progress
	// drain is how long the server may process an order after its end; this time counts as the order's.
	drain time.Duration
	// idle is the share of a processor that each program uses without orders, by its name.
	idle map[string]float64
	// number is that of the latest order.
	number int
}

// measure runs a scenario round by round, its variants one after another.
func (c *costs) measure(ctx context.Context, scenario Scenario) ([]Cost, error) {
	rounds := map[Variant][]round{}
	for i := range scenario.Rounds {
		for _, variant := range scenario.Variants {
			r, err := c.round(ctx, scenario, variant)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", scenario.Name, variant, err)
			}
			rounds[variant] = append(rounds[variant], r)
			c.logf("%s, round %d, %s: server %.1f ms, worker %.1f ms per order", scenario.Name, i+1, variant, r.server, r.worker)
		}
	}
	var all []Cost
	for _, variant := range scenario.Variants {
		all = append(all, summarize(scenario, variant, rounds[variant]))
	}
	return all, nil
}

// round is the result of one round.
type round struct {
	// server, worker and database are the processor time per order in milliseconds, and calls the requests to the provider per order.
	server, worker, database float64
	calls                    float64
	// allocated is the memory in KiB that the worker allocates per order, and objects the number of allocations.
	allocated, objects float64
	orders             []record
}

func (c *costs) round(ctx context.Context, scenario Scenario, variant Variant) (round, error) {
	l := c.stack.lane(variant)
	orders := c.orders(scenario.Orders[variant])
	c.stack.provider.setSchedule(completeAfter(scenario.Polls))
	before, err := c.usage(ctx, l)
	if err != nil {
		return round{}, err
	}
	if err := c.run(ctx, scenario, variant, l, orders); err != nil {
		return round{}, err
	}
	if !sleep(ctx, c.drain) {
		return round{}, ctx.Err()
	}
	after, err := c.usage(ctx, l)
	if err != nil {
		return round{}, err
	}
	r := c.perOrder(l, before, after, len(orders))
	r.orders, err = readRecords(ctx, l, scenario, orders)
	return r, err
}

// orders returns n new orders.
func (c *costs) orders(n int) []order {
	orders := make([]order, n)
	for i := range orders {
		c.number++
		orders[i] = newOrder(c.number)
	}
	return orders
}

// usage is what the programs have used since their start.
type usage struct {
	at                       time.Time
	server, worker, database time.Duration
	calls                    int
	heap                     heap
}

func (c *costs) usage(ctx context.Context, l lane) (usage, error) {
	server, err := c.stack.server.CPU()
	if err != nil {
		return usage{}, err
	}
	worker, err := l.worker.CPU()
	if err != nil {
		return usage{}, err
	}
	database, err := c.stack.databaseUsed()
	if err != nil {
		return usage{}, err
	}
	heap, err := readHeap(ctx, l.worker.profiles, false)
	calls, _ := c.stack.provider.counts()
	return usage{at: time.Now(), server: server, worker: worker, database: database, calls: calls, heap: heap}, err
}

// perOrder returns the usage per order, without what the programs use when they are idle.
func (c *costs) perOrder(l lane, before, after usage, orders int) round {
	seconds, n := after.at.Sub(before.at).Seconds(), float64(orders)
	server := (after.server - before.server).Seconds() - seconds*c.idle[c.stack.server.Name()]
	worker := (after.worker - before.worker).Seconds() - seconds*c.idle[l.worker.Name()]
	database := (after.database - before.database).Seconds() - seconds*c.stack.databaseIdle(c.idle)
	return round{
		database: 1000 * database / n,
		server:   1000 * server / n, worker: 1000 * worker / n, calls: float64(after.calls-before.calls) / n,
		allocated: float64(after.heap.allocated-before.heap.allocated) / 1024 / n,
		objects:   float64(after.heap.objects-before.heap.objects) / n,
	}
}

// measureIdle measures the processor time that the programs use without orders.
func (c *costs) measureIdle(ctx context.Context, d time.Duration) error {
	c.idle = map[string]float64{}
	programs := c.stack.Processes.Running()
	begun := time.Now()
	before := map[string]time.Duration{}
	for _, p := range programs {
		used, err := c.stack.used(p)
		if err != nil {
			return err
		}
		before[p.Name()] = used
	}
	if !sleep(ctx, d) {
		return ctx.Err()
	}
	for _, p := range programs {
		used, err := c.stack.used(p)
		if err != nil {
			return err
		}
		c.idle[p.Name()] = (used - before[p.Name()]).Seconds() / time.Since(begun).Seconds()
	}
	return nil
}

// run runs orders from their start to their end.
func (c *costs) run(ctx context.Context, scenario Scenario, variant Variant, l lane, orders []order) error {
	starts, all := make(chan struct{}, starting), new(errgroup.Group)
	for _, o := range orders {
		starts <- struct{}{}
		all.Go(func() error {
			err := c.begin(ctx, scenario, variant, l, o)
			<-starts
			if err != nil {
				return err
			}
			return c.finish(ctx, scenario, variant, l, o)
		})
	}
	return all.Wait()
}

func (c *costs) begin(ctx context.Context, scenario Scenario, variant Variant, l lane, o order) error {
	if variant == OursByUpdate {
		_, err := c.stack.Orders.StartOnramp(ctx, o.request)
		return err
	}
	if err := l.start(ctx, o); err != nil || scenario.ProofAfter > 0 {
		return err
	}
	return l.prove(ctx, o)
}

func (c *costs) finish(ctx context.Context, scenario Scenario, variant Variant, l lane, o order) error {
	sleep(ctx, time.Duration(float64(scenario.ProofAfter)/c.stack.speed))
	var err error
	switch {
	case variant == OursByUpdate:
		_, err = c.stack.Orders.SubmitUTR(ctx, o.request.Reference, o.utr())
	case scenario.ProofAfter > 0:
		err = l.prove(ctx, o)
	}
	if err != nil {
		return err
	}
	return l.await(ctx, o)
}

// summarize returns the medians of the rounds.
func summarize(scenario Scenario, variant Variant, rounds []round) Cost {
	cost := Cost{Scenario: scenario.Name, Polls: scenario.Polls, Variant: variant}
	var all []record
	of := func(figure func(round) float64) []float64 {
		values := make([]float64, len(rounds))
		for i, r := range rounds {
			values[i] = figure(r)
		}
		return values
	}
	for _, r := range rounds {
		all = append(all, r.orders...)
	}
	typical := func(of func(record) int) int { return int(median(figures(all, of))) }
	cost.Orders = len(all)
	cost.Events = typical(func(r record) int { return r.events })
	cost.Bytes = typical(func(r record) int { return r.bytes })
	cost.Transitions = typical(func(r record) int { return r.transitions })
	cost.Actions = typical(func(r record) int { return r.actions })
	cost.Heartbeats = typical(func(r record) int { return r.heartbeats })
	cost.Tasks = typical(func(r record) int { return r.tasks })
	cost.Calls = median(of(func(r round) float64 { return r.calls }))
	cost.ServerCPU = newSpread(of(func(r round) float64 { return r.server }))
	cost.WorkerCPU = newSpread(of(func(r round) float64 { return r.worker }))
	if slices.ContainsFunc(rounds, func(r round) bool { return r.database != 0 }) {
		cost.DatabaseCPU = newSpread(of(func(r round) float64 { return r.database }))
	}
	cost.Allocated = median(of(func(r round) float64 { return r.allocated }))
	cost.Objects = median(of(func(r round) float64 { return r.objects }))
	return cost
}
