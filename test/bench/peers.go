package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// Variants on other libraries, and Rampart on the database that they need.
const (
	// OursPostgres is Rampart with the official Temporal server on PostgreSQL.
	OursPostgres Variant = "Rampart, PostgreSQL"
	// DBOS is the lifecycle on DBOS Transact, each poll a step after a durable sleep.
	DBOS Variant = "DBOS, a step a poll"
	// DBOSWatch is the lifecycle on DBOS Transact, with a step that polls until the status changes, as Rampart's watch does.
	DBOSWatch Variant = "DBOS, a step that watches"
	// River is the lifecycle as a job of River, whose steps, history and proof are written by hand.
	River Variant = "River"
)

// PeerCost is what an order costs on a library.
type PeerCost struct {
	Scenario string  `json:"scenario"`
	Polls    int     `json:"polls"`
	Variant  Variant `json:"variant"`
	Orders   int     `json:"ordersMeasured"`
	// Worker, Server and Database are the processor time per order in milliseconds, with one value per round, and Total is their sum.
	Worker   Spread `json:"workerCpuMs"`
	Server   Spread `json:"serverCpuMs"`
	Database Spread `json:"databaseCpuMs"`
	Total    Spread `json:"totalCpuMs"`
	// Records is how many events or rows an order leaves, and Growth by how many KiB the database grows; 0 where it is in memory.
	Records float64 `json:"records"`
	Growth  float64 `json:"databaseKiB"`
}

// Takeover is how long orders took to go on after the kill of their worker, in seconds from the kill.
type Takeover struct {
	Variant Variant `json:"variant"`
	// During is what the worker did when it was killed.
	During string  `json:"during"`
	Orders int     `json:"orders"`
	First  float64 `json:"firstSeconds"`
	Half   float64 `json:"halfSeconds"`
	All    float64 `json:"allSeconds"`
}

// Peers compares Rampart with the same lifecycle on other libraries.
type Peers struct {
	// Load is the load average of the last minute before and after the measurement, as the kernel tells it.
	Load      [2]string `json:"loadAverage"`
	Postgres  string    `json:"postgres"`
	Libraries []string  `json:"libraries"`
	// Idle is the share of one processor that each variant's programs use without orders, by variant.
	Idle  map[Variant]float64 `json:"idleCpuShare"`
	Costs []PeerCost          `json:"costs"`
	// Ends is how many orders ended in the state in which the provider ended them.
	Ends int `json:"ordersEndedAsAtTheProvider"`
}

// contender is an implementation with the programs that it needs.
type contender interface {
	start(ctx context.Context, o order) error
	prove(ctx context.Context, o order) error
	ended(ctx context.Context, o order) (status string, err error)
	// used returns the processor time of its programs since their start.
	used() (parts, error)
	// killWorker kills the worker, and startWorker starts another one.
	killWorker()
	startWorker(ctx context.Context) error
	// records returns how many events or rows are left of orders, and size the bytes of the database.
	records(ctx context.Context, orders []order) (int, error)
	size(ctx context.Context) (int64, error)
}

// parts are the processor times of the programs of a contender.
type parts struct {
	at                       time.Time
	worker, server, database time.Duration
}

func (p parts) total() time.Duration { return p.worker + p.server + p.database }

// peerSpeed is the speed of the provider's clock for peers: a poll comes every 83 ms, which River's look for jobs can follow.
const peerSpeed = 150

// peersRun has the contenders of a measurement.
type peersRun struct {
	progress
	options    Options
	provider   *provider
	contenders map[Variant]contender
	closers    []func()
	number     int
	idle       map[Variant]parts
	found      *Peers
}

// newPeersRun starts the programs of variants. The caller closes the run, also after an error.
func newPeersRun(ctx context.Context, options Options, speed float64, variants ...Variant) (*peersRun, error) {
	r := &peersRun{
		progress: newProgress(options.Progress), options: options, contenders: map[Variant]contender{}, idle: map[Variant]parts{},
		found: &Peers{Idle: map[Variant]float64{}},
	}
	var err error
	if r.provider, err = startProvider(options.Seed, 0); err != nil {
		return r, err
	}
	for _, variant := range variants {
		if err := r.add(ctx, variant, speed); err != nil {
			return r, fmt.Errorf("%s: %w", variant, err)
		}
	}
	return r, nil
}

func (r *peersRun) add(ctx context.Context, variant Variant, speed float64) error {
	options := r.options
	options.Dir = filepath.Join(r.options.Dir, fmt.Sprintf("%g-%d", speed, len(r.closers)))
	if err := os.MkdirAll(options.Dir, 0o700); err != nil {
		return err
	}
	if variant == Ours || variant == OursPostgres {
		s, err := newStack(ctx, options, stackSettings{speed: speed, shared: r.provider, postgres: variant == OursPostgres})
		r.closers = append(r.closers, s.close)
		r.contenders[variant] = &temporalContender{s}
		if err == nil && variant == OursPostgres {
			r.found.Postgres = s.database.Version
		}
		return err
	}
	if variant == DBOSWatch && r.contenders[DBOS] != nil {
		r.contenders[DBOSWatch] = r.contenders[DBOS].(*libraryContender).named(dbosWatched)
		return nil
	}
	c, err := newLibrary(ctx, options, variant, speed, r.provider.address)
	r.closers = append(r.closers, c.close)
	r.contenders[variant] = c
	return err
}

func (r *peersRun) close() {
	for _, closing := range slices.Backward(r.closers) {
		closing()
	}
	if r.provider != nil {
		r.provider.close()
	}
}

// RunPeers measures the lifecycle on other libraries beside Rampart.
func RunPeers(ctx context.Context, options Options) (Report, error) {
	report := newReport(options)
	report.Peers = &Peers{}
	err := measurePeers(ctx, options, &report)
	return report.finished(), err
}

func measurePeers(ctx context.Context, options Options, report *Report) error {
	if err := options.check(); err != nil {
		return err
	}
	before := loadAverage()
	r, err := newPeersRun(ctx, options, peerSpeed, Ours, OursPostgres, DBOS, DBOSWatch, River)
	report.Peers = r.found
	defer r.close()
	if err != nil {
		return err
	}
	if r.found.Libraries, err = libraries(options); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{r.compareEnds, r.rest, r.measure} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	r.found.Load = [2]string{before, loadAverage()}
	return err
}

// peerScenario is a scenario with its orders for each variant.
type peerScenario struct {
	name          string
	polls, rounds int
	orders        int
}

func peerScenarios(quick bool) []peerScenario {
	if quick {
		return []peerScenario{{"instant proof, 1 poll", 1, 1, 2}, {"20 polls", 20, 1, 2}}
	}
	return []peerScenario{{"instant proof, 1 poll", 1, 3, 40}, {"20 polls", 20, 3, 30}, {"900 polls", 900, 1, 10}}
}

// variants returns the variants that were started, in the order in which they are measured.
func (r *peersRun) variants() []Variant {
	var all []Variant
	for _, variant := range []Variant{Ours, OursPostgres, DBOS, DBOSWatch, River} {
		if r.contenders[variant] != nil {
			all = append(all, variant)
		}
	}
	return all
}

// ends are the provider's ends of an order with a proof. One that expires is missing: Rampart goes on watching it, for its payment may
// arrive late, and the peers do not.
func ends() []string { return []string{"completed", "refunded", "cancelled"} }

// compareEnds runs an order of each variant to each end, and fails if one ends otherwise than at the provider. Nothing of it is measured.
func (r *peersRun) compareEnds(ctx context.Context) error {
	ctx, cancel := withPatience(ctx)
	defer cancel()
	for _, end := range ends() {
		r.provider.setSchedule(schedule{1: "fiatReceived", 2: end})
		all := new(errgroup.Group)
		for _, variant := range r.variants() {
			o := r.orders(1)[0]
			all.Go(func() error {
				status, err := r.order(ctx, variant, o)
				if err == nil && status != end {
					err = fmt.Errorf("%s: an order that is %s at the provider ends as %s", variant, end, status)
				}
				return err
			})
			r.found.Ends++
		}
		if err := all.Wait(); err != nil {
			return err
		}
		r.logf("%d orders ended as %s, as at the provider", len(r.variants()), end)
	}
	return nil
}

// withPatience limits how long a round may take.
func withPatience(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, 15*time.Minute, errors.New("not every order ends in time"))
}

// orders returns n new orders.
func (r *peersRun) orders(n int) []order {
	orders := make([]order, n)
	for i := range orders {
		r.number++
		orders[i] = newOrder(r.number)
	}
	return orders
}

// order runs an order from its start to its end.
func (r *peersRun) order(ctx context.Context, variant Variant, o order) (status string, err error) {
	c := r.contenders[variant]
	if err := c.start(ctx, o); err != nil {
		return "", err
	}
	if err := c.prove(ctx, o); err != nil {
		return "", err
	}
	if err := r.provider.awaitEnd(ctx, o.utr()); err != nil {
		return "", err
	}
	return c.ended(ctx, o)
}

// rest measures what the programs use without orders.
func (r *peersRun) rest(ctx context.Context) error {
	lasts := resting
	if r.options.Quick {
		lasts = resting / 8
	}
	if !sleep(ctx, drainTime) {
		return ctx.Err()
	}
	before := map[Variant]parts{}
	var err error
	for _, variant := range r.variants() {
		if before[variant], err = r.contenders[variant].used(); err != nil {
			return err
		}
	}
	if !sleep(ctx, lasts) {
		return ctx.Err()
	}
	for _, variant := range r.variants() {
		after, err := r.contenders[variant].used()
		if err != nil {
			return err
		}
		r.idle[variant] = after.since(before[variant], parts{}, 1/after.at.Sub(before[variant].at).Seconds())
		r.found.Idle[variant] = r.idle[variant].total().Seconds()
	}
	return nil
}

// since returns the processor time since before, without the idle programs' time a second, times a factor.
func (p parts) since(before, idle parts, factor float64) parts {
	seconds := p.at.Sub(before.at).Seconds()
	of := func(after, before, idle time.Duration) time.Duration {
		return time.Duration(factor * (float64(after-before) - seconds*float64(idle)))
	}
	return parts{
		worker: of(p.worker, before.worker, idle.worker), server: of(p.server, before.server, idle.server),
		database: of(p.database, before.database, idle.database),
	}
}

// measure runs the scenarios round by round, the variants one after another.
func (r *peersRun) measure(ctx context.Context) error {
	for _, scenario := range peerScenarios(r.options.Quick) {
		rounds := map[Variant][]peerRound{}
		for range scenario.rounds {
			for _, variant := range r.variants() {
				measured, err := r.round(ctx, scenario, variant)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", scenario.name, variant, err)
				}
				rounds[variant] = append(rounds[variant], measured)
				r.logf("%s, %s: %.1f ms of CPU an order", scenario.name, variant, milliseconds(measured.used.total()))
			}
		}
		for _, variant := range r.variants() {
			r.found.Costs = append(r.found.Costs, newPeerCost(scenario, variant, rounds[variant]))
		}
	}
	return nil
}

// peerRound is a round of a variant, by order.
type peerRound struct {
	used            parts
	records, growth float64
}

func (r *peersRun) round(ctx context.Context, scenario peerScenario, variant Variant) (peerRound, error) {
	ctx, cancel := withPatience(ctx)
	defer cancel()
	c, orders := r.contenders[variant], r.orders(scenario.orders)
	r.provider.setSchedule(completeAfter(scenario.polls))
	grown, err := c.size(ctx)
	if err != nil {
		return peerRound{}, err
	}
	before, err := c.used()
	if err != nil {
		return peerRound{}, err
	}
	all := new(errgroup.Group)
	for _, o := range orders {
		all.Go(func() error {
			status, err := r.order(ctx, variant, o)
			return cmp.Or(err, completed(o, status))
		})
	}
	if err := all.Wait(); err != nil {
		return peerRound{}, err
	}
	if !sleep(ctx, drainTime) {
		return peerRound{}, ctx.Err()
	}
	after, err := c.used()
	if err != nil {
		return peerRound{}, err
	}
	n := float64(len(orders))
	records, err := c.records(ctx, orders)
	if err != nil {
		return peerRound{}, err
	}
	size, err := c.size(ctx)
	return peerRound{
		used: after.since(before, r.idle[variant], 1/n), records: float64(records) / n, growth: float64(size-grown) / 1024 / n,
	}, err
}

func milliseconds(d time.Duration) float64 { return 1000 * d.Seconds() }

func newPeerCost(scenario peerScenario, variant Variant, rounds []peerRound) PeerCost {
	of := func(figure func(peerRound) float64) Spread {
		values := make([]float64, len(rounds))
		for i, each := range rounds {
			values[i] = figure(each)
		}
		return newSpread(values)
	}
	return PeerCost{
		Scenario: scenario.name, Polls: scenario.polls, Variant: variant, Orders: scenario.orders * len(rounds),
		Worker:   of(func(r peerRound) float64 { return milliseconds(r.used.worker) }),
		Server:   of(func(r peerRound) float64 { return milliseconds(r.used.server) }),
		Database: of(func(r peerRound) float64 { return milliseconds(r.used.database) }),
		Total:    of(func(r peerRound) float64 { return milliseconds(r.used.total()) }),
		Records:  of(func(r peerRound) float64 { return r.records }).Median,
		Growth:   of(func(r peerRound) float64 { return r.growth }).Median,
	}
}

const (
	// killed is how many orders lose their worker at each takeover.
	killed = 10
	// takeoverTime is how long orders may take to go on.
	takeoverTime = 5 * time.Minute
)

// RunTakeovers measures how orders go on after their worker was killed, on other libraries beside Rampart.
func RunTakeovers(ctx context.Context, options Options) (Report, error) {
	report := newReport(options)
	if err := options.check(); err != nil {
		return report, err
	}
	var err error
	report.Takeovers, err = measureTakeovers(ctx, options, newProgress(options.Progress))
	return report.finished(), err
}

// measureTakeovers kills the worker of each variant during a call, on the real clock, each variant with programs and a provider of its own.
func measureTakeovers(ctx context.Context, options Options, progress progress) ([]Takeover, error) {
	variants := []Variant{OursPostgres, DBOS, DBOSWatch, River}
	found := make([][]Takeover, len(variants))
	all := new(errgroup.Group)
	for i, variant := range variants {
		own := options
		own.Dir = filepath.Join(options.Dir, fmt.Sprintf("takeover-%d", i))
		all.Go(func() error {
			r, err := newPeersRun(ctx, own, 1, variant)
			defer r.close()
			if err != nil {
				return err
			}
			for _, during := range []struct{ name, route string }{{"the submission of the proof", proofRoute}, {"a poll", statusRoute}} {
				t, err := r.takeover(ctx, variant, during.route)
				if err != nil {
					return fmt.Errorf("%s, takeover during %s: %w", variant, during.name, err)
				}
				t.During = during.name
				found[i] = append(found[i], t)
				progress.logf("%s, killed during %s: orders go on within %.0f s", variant, during.name, t.All)
			}
			return nil
		})
	}
	err := all.Wait()
	return slices.Concat(found...), err
}

// takeover kills the worker while a call of each of its orders has no answer, starts another one, and returns when the orders go on.
func (r *peersRun) takeover(ctx context.Context, variant Variant, route string) (Takeover, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, takeoverTime, errors.New("not every order goes on in time"))
	defer cancel()
	r.provider.setSchedule(completeAfter(1))
	r.provider.stall.begin(route)
	c, orders := r.contenders[variant], r.orders(killed)
	for _, o := range orders {
		if err := c.start(ctx, o); err != nil {
			return Takeover{}, err
		}
		if err := c.prove(ctx, o); err != nil {
			return Takeover{}, err
		}
	}
	for stalled := 0; stalled < killed; stalled, _ = r.provider.stall.counts() {
		if !sleep(ctx, time.Second/10) {
			return Takeover{}, context.Cause(ctx)
		}
	}
	at := time.Now()
	c.killWorker()
	r.provider.stall.end() // before a worker starts whose calls would get no answer either
	if err := c.startWorker(ctx); err != nil {
		return Takeover{}, err
	}
	var again []time.Time
	for len(again) < killed {
		if !sleep(ctx, time.Second/10) {
			return Takeover{}, context.Cause(ctx)
		}
		_, again = r.provider.stall.counts()
	}
	slices.SortFunc(again, time.Time.Compare)
	after := func(i int) float64 { return again[i].Sub(at).Seconds() }
	for _, o := range orders { // its polls would be taken for those of the next takeover
		if err := r.provider.awaitEnd(ctx, o.utr()); err != nil {
			return Takeover{}, err
		}
	}
	return Takeover{Variant: variant, Orders: killed, First: after(0), Half: after((killed - 1) / 2), All: after(killed - 1)}, nil
}

// temporalContender is Rampart.
type temporalContender struct{ *stack }

func (c *temporalContender) start(ctx context.Context, o order) error {
	return c.lane(Ours).start(ctx, o)
}

func (c *temporalContender) prove(ctx context.Context, o order) error {
	return c.lane(Ours).prove(ctx, o)
}

func (c *temporalContender) ended(ctx context.Context, o order) (string, error) {
	return c.lane(Ours).ended(ctx, o)
}

func (c *temporalContender) used() (p parts, err error) {
	p.at = time.Now()
	if p.worker, err = c.worker.CPU(); err != nil {
		return p, err
	}
	if p.server, err = c.server.CPU(); err != nil || c.database == nil {
		return p, err
	}
	p.database, err = c.database.Process.TreeCPU()
	return p, err
}

func (c *temporalContender) killWorker() { c.worker.Kill() }

func (c *temporalContender) records(ctx context.Context, orders []order) (int, error) {
	all, err := readRecords(ctx, c.lane(Ours), Scenario{}, orders)
	n := 0
	for _, each := range all {
		n += each.events
	}
	return n, err
}

func (c *temporalContender) size(ctx context.Context) (int64, error) {
	if c.database == nil {
		return 0, nil
	}
	return c.database.Size(ctx)
}

// loadAverage returns the load of the last minute; empty where the kernel does not tell it.
func loadAverage() string {
	text, _ := os.ReadFile("/proc/loadavg") // only Linux has it
	var last string
	_, _ = fmt.Sscan(string(text), &last)
	return last
}
