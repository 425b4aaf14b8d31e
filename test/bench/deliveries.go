package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"rampart/internal/process"
	"rampart/test/bench/delivery"
	"rampart/test/testbed"
)

// Delivering is what it costs to deliver the events of an order by one design.
type Delivering struct {
	Design delivery.Design `json:"design"`
	// Down is set if the endpoint refused every request until all orders had ended, and for a while after.
	Down   bool `json:"endpointDown"`
	Orders int  `json:"ordersMeasured"`
	// Events is the length of the order's history, OtherEvents that of the histories of its other workflows, and Others how many of
	// these and of activities without a workflow there are. All are medians.
	Events      int `json:"events"`
	OtherEvents int `json:"eventsOfOtherWorkflows"`
	Others      int `json:"otherExecutions"`
	// Actions are billed by Temporal Cloud for the order and its other executions, retries left out.
	Actions int `json:"billedActions"`
	// ServerCPU and WorkerCPU are the processor time per order in milliseconds, with one value per round.
	ServerCPU Spread `json:"serverCpuMs"`
	WorkerCPU Spread `json:"workerCpuMs"`
	// Database is by how many KiB the database grows per order, with one value per round.
	Database Spread `json:"databaseKiB"`
	// Latency is the time from the workflow task in which an order changes to the request that reports it.
	Latency Latency `json:"changeToRequest"`
	// Missing, Misordered and Repeated count events over all orders.
	Missing    int `json:"missing"`
	Misordered int `json:"misordered"`
	Repeated   int `json:"repeated"`
}

// deliveryLoad configures the measurement of deliveries.
type deliveryLoad struct {
	orders, inFlight int
	// rounds and downRounds are the rounds with the endpoint up and down.
	rounds, downRounds int
	// pause is the time between two changes, so that one is delivered before the next.
	pause, rest time.Duration
	// outage is how long the endpoint stays down after the last order's end.
	outage time.Duration
}

func newDeliveryLoad(quick bool) deliveryLoad {
	if quick {
		return deliveryLoad{orders: 3, inFlight: 3, rounds: 1, pause: 100 * time.Millisecond, rest: 500 * time.Millisecond}
	}
	return deliveryLoad{orders: 60, inFlight: 16, rounds: 2, downRounds: 1, pause: 400 * time.Millisecond, rest: 4 * time.Second, outage: 10 * time.Second}
}

// RunDeliveries measures what the designs of deliveries cost. After an error the report has what was measured before.
func RunDeliveries(ctx context.Context, options Options) (Report, error) {
	report := newReport(options)
	err := runDeliveries(ctx, options, &report)
	return report.finished(), err
}

func runDeliveries(ctx context.Context, options Options, report *Report) error {
	if err := options.check(); err != nil {
		return err
	}
	d := deliveries{options: options, load: newDeliveryLoad(options.Quick), progress: newProgress(options.Progress)}
	var err error
	if d.empty, err = d.emptyDatabase(ctx); err != nil {
		return err
	}
	for _, down := range []bool{false, true} {
		measured, err := d.measure(ctx, down)
		if err != nil {
			return err
		}
		report.Deliveries = append(report.Deliveries, measured...)
	}
	return nil
}

// deliveries measures designs. Each round of a design has a server and a database of its own, because closed orders stay in it.
type deliveries struct {
	options Options
	load    deliveryLoad
	progress
	// empty is the size of a database without orders, in bytes.
	empty int64
	runs  int
}

// deliveryRound is what one round has measured.
type deliveryRound struct {
	server, worker, database float64
	histories                []deliveryHistories
	received                 receipts
}

// measure runs every design, one after another in each round.
func (d *deliveries) measure(ctx context.Context, down bool) ([]Delivering, error) {
	rounds, n := map[delivery.Design][]deliveryRound{}, d.load.rounds
	if down {
		n = d.load.downRounds
	}
	for i := range n {
		for _, design := range delivery.Designs() {
			if down && design == delivery.Off || design != delivery.Off && !strings.Contains(string(design), d.options.Only) {
				continue
			}
			r, err := d.round(ctx, design, down)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", design, err)
			}
			rounds[design] = append(rounds[design], r)
			d.logf("round %d, %s, endpoint down: %t: server %.1f ms, worker %.1f ms, %.0f KiB per order", i+1, design, down, r.server, r.worker, r.database)
		}
	}
	var all []Delivering
	for _, design := range delivery.Designs() {
		if len(rounds[design]) > 0 {
			all = append(all, d.summarize(design, down, rounds[design]))
		}
	}
	return all, nil
}

func (d *deliveries) summarize(design delivery.Design, down bool, rounds []deliveryRound) Delivering {
	result := Delivering{Design: design, Down: down}
	var server, worker, database []float64
	var histories []deliveryHistories
	var latencies []time.Duration
	for _, r := range rounds {
		server, worker, database = append(server, r.server), append(worker, r.worker), append(database, r.database)
		histories = append(histories, r.histories...)
		latencies = append(latencies, r.received.latencies...)
		result.Misordered += r.received.misordered
		result.Repeated += r.received.repeated
		if design != delivery.Off {
			result.Missing += len(r.histories)*delivery.EventsPerOrder - r.received.distinct
		}
	}
	typical := func(of func(deliveryHistories) int) int {
		values := make([]float64, len(histories))
		for i, h := range histories {
			values[i] = float64(of(h))
		}
		return int(median(values))
	}
	result.Orders = len(histories)
	result.Events = typical(func(h deliveryHistories) int { return h.events })
	result.OtherEvents = typical(func(h deliveryHistories) int { return h.otherEvents })
	result.Others = typical(func(h deliveryHistories) int { return h.others })
	result.Actions = typical(func(h deliveryHistories) int { return h.actions })
	result.ServerCPU, result.WorkerCPU, result.Database = newSpread(server), newSpread(worker), newSpread(database)
	result.Latency = newLatency(latencies)
	return result
}

// emptyDatabase returns the size of the database of a server that has run no order.
func (d *deliveries) emptyDatabase(ctx context.Context) (int64, error) {
	s, err := d.start(ctx)
	if err != nil {
		s.close()
		return 0, err
	}
	s.close()
	return s.databaseSize()
}

// round runs the orders of a design on a server of its own.
func (d *deliveries) round(ctx context.Context, design delivery.Design, down bool) (deliveryRound, error) {
	s, err := d.start(ctx)
	defer s.close()
	if err != nil {
		return deliveryRound{}, err
	}
	r, err := d.measureRound(ctx, s, design, down)
	if err != nil {
		return r, err
	}
	s.close() // writes everything into the file
	size, err := s.databaseSize()
	r.database = float64(size-d.empty) / 1024 / float64(d.load.orders)
	return r, err
}

func (d *deliveries) measureRound(ctx context.Context, s *deliveryStack, design delivery.Design, down bool) (deliveryRound, error) {
	var r deliveryRound
	idle, err := s.usedIn(ctx, func() error { return pause(ctx, d.load.rest) })
	if err != nil {
		return r, err
	}
	var references []string
	used, err := s.usedIn(ctx, func() error {
		s.receiver.refuse(down)
		if references, err = d.runOrders(ctx, s, design); err != nil {
			return err
		}
		if down {
			if err := pause(ctx, d.load.outage); err != nil {
				return err
			}
			s.receiver.refuse(false)
		}
		if err := s.receiver.await(ctx, design, len(references)); err != nil {
			return err
		}
		return pause(ctx, drainTime)
	})
	if err != nil {
		return r, err
	}
	n := float64(len(references))
	r.server = 1000 * (used.server.Seconds() - used.seconds*idle.server.Seconds()/idle.seconds) / n
	r.worker = 1000 * (used.worker.Seconds() - used.seconds*idle.worker.Seconds()/idle.seconds) / n
	r.received = s.receiver.receipts()
	r.histories, err = s.readHistories(ctx, references, design)
	return r, err
}

// runOrders runs orders to their end and returns their references.
func (d *deliveries) runOrders(ctx context.Context, s *deliveryStack, design delivery.Design) ([]string, error) {
	var all errgroup.Group
	all.SetLimit(d.load.inFlight)
	references := make([]string, d.load.orders)
	for i := range references {
		references[i] = fmt.Sprintf("order-%d", i)
		all.Go(func() error {
			input := delivery.Order{Reference: references[i], Design: design, Pause: d.load.pause}
			run, err := s.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: references[i], TaskQueue: delivery.TaskQueue}, delivery.OrderWorkflow, input)
			if err != nil {
				return err
			}
			if err := s.Temporal.SignalWorkflow(ctx, run.GetID(), run.GetRunID(), delivery.PaidSignal, nil); err != nil {
				return err
			}
			return run.Get(ctx, nil)
		})
	}
	return references, all.Wait()
}

// deliveryStack is a server with a database in a file, a worker, and an endpoint.
type deliveryStack struct {
	testbed.Stack
	server, worker *process.Process
	receiver       *receiver
}

func (d *deliveries) start(ctx context.Context) (*deliveryStack, error) {
	d.runs++
	dir := filepath.Join(d.options.Dir, fmt.Sprintf("run-%d", d.runs))
	s := &deliveryStack{Stack: testbed.Stack{Bin: d.options.Bin, Dir: dir, Processes: process.Group{Logs: dir}}}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return s, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, startTime, errors.New("the programs do not start in time"))
	defer cancel()
	var err error
	if s.receiver, err = startReceiver(); err != nil {
		return s, err
	}
	if s.Config, err = configure(dir, d.options.Config); err != nil {
		return s, err
	}
	if err := s.CreateKeyset(ctx); err != nil {
		return s, err
	}
	if s.server, err = s.StartServer(ctx, "--ui-port", "0", "--db", s.database()); err != nil {
		return s, err
	}
	s.worker, _, err = s.Start(ctx, process.Program{Name: "worker", Path: s.Program("bench"), Arguments: []string{
		"deliver", "--temporal", s.Address, "--keyset", s.Keyset, "--endpoint", s.receiver.url,
	}}, delivery.Ready)
	if err != nil {
		return s, err
	}
	return s, s.Connect(ctx)
}

func (s *deliveryStack) close() {
	s.Close(stopGrace)
	if s.receiver != nil {
		s.receiver.server.Close()
	}
}

func (s *deliveryStack) database() string { return filepath.Join(s.Dir, "temporal.db") }

// databaseSize returns the size of the database in bytes, with what is not yet in its main file.
func (s *deliveryStack) databaseSize() (int64, error) {
	info, err := os.Stat(s.database())
	if err != nil {
		return 0, err
	}
	size := info.Size()
	if log, err := os.Stat(s.database() + "-wal"); err == nil {
		size += log.Size()
	}
	return size, nil
}

// consumption is the processor time that the programs have used in some seconds.
type consumption struct {
	server, worker time.Duration
	seconds        float64
}

func (s *deliveryStack) consumed() (consumption, error) {
	server, err := s.server.CPU()
	if err != nil {
		return consumption{}, err
	}
	worker, err := s.worker.CPU()
	return consumption{server: server, worker: worker}, err
}

// usedIn returns what the programs use while a function runs.
func (s *deliveryStack) usedIn(_ context.Context, run func() error) (consumption, error) {
	begun := time.Now()
	before, err := s.consumed()
	if err != nil {
		return before, err
	}
	if err := run(); err != nil {
		return before, err
	}
	after, err := s.consumed()
	return consumption{after.server - before.server, after.worker - before.worker, time.Since(begun).Seconds()}, err
}

// pause waits.
func pause(ctx context.Context, d time.Duration) error {
	if !sleep(ctx, d) {
		return ctx.Err()
	}
	return nil
}

// deliveryHistories describes the histories of an order and of its other executions.
type deliveryHistories struct {
	events, otherEvents, others, actions int
}

func (s *deliveryStack) readHistories(ctx context.Context, references []string, design delivery.Design) ([]deliveryHistories, error) {
	all := make([]deliveryHistories, len(references))
	for i, reference := range references {
		events, err := testbed.History(ctx, s.Temporal, reference, "")
		if err != nil {
			return nil, err
		}
		h := deliveryHistories{events: len(events.GetEvents()), actions: billedActions(events.GetEvents())}
		if design == delivery.Standalone {
			h.others, h.actions = delivery.Batches, h.actions+delivery.Batches // each start is an action
		}
		if id := design.Other(reference); id != "" {
			other, err := testbed.History(ctx, s.Temporal, id, "")
			if err != nil {
				return nil, err
			}
			h.others, h.otherEvents = 1, len(other.GetEvents())
			h.actions += billedActions(other.GetEvents())
		}
		all[i] = h
	}
	return all, nil
}

// receiver is an endpoint that answers after a millisecond.
type receiver struct {
	server *http.Server
	url    string

	mu       sync.Mutex
	refusing bool
	versions map[string]int // the highest version of each order
	found    receipts
}

// receipts are what a receiver has received.
type receipts struct {
	latencies                      []time.Duration
	distinct, repeated, misordered int
}

func startReceiver() (*receiver, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &receiver{url: "http://" + listener.Addr().String(), versions: map[string]int{}}
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: time.Minute}
	go func() { _ = r.server.Serve(listener) }() // until it is closed
	return r, nil
}

func (r *receiver) refuse(all bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refusing = all
}

// ServeHTTP receives an event.
func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	at := time.Now()
	time.Sleep(time.Millisecond)
	var event delivery.Event
	if err := json.NewDecoder(request.Body).Decode(&event); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if !r.take(event, at) {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// take records an event, unless the receiver refuses all.
func (r *receiver) take(event delivery.Event, at time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refusing {
		return false
	}
	switch highest := r.versions[event.Reference]; {
	case event.Version <= highest:
		r.found.repeated++
		return true
	case event.Version > highest+1:
		r.found.misordered++
	}
	r.versions[event.Reference] = event.Version
	r.found.distinct++
	r.found.latencies = append(r.found.latencies, at.Sub(event.At))
	return true
}

func (r *receiver) receipts() receipts {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.found
}

// lostAfter is how long an event may take before it counts as missing: longer than two retries after an outage.
const lostAfter = time.Minute

// await blocks until every event has arrived, or until it would have.
func (r *receiver) await(ctx context.Context, design delivery.Design, orders int) error {
	if design == delivery.Off {
		return nil
	}
	for begun := time.Now(); r.receipts().distinct < orders*delivery.EventsPerOrder && time.Since(begun) < lostAfter; {
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// writeDeliveries writes the tables of the designs.
func (r Report) writeDeliveries(b *strings.Builder) {
	if len(r.Deliveries) == 0 {
		return
	}
	off := r.Deliveries[0]
	b.WriteString("| endpoint | deliveries | events in the order's history | in others | other executions | billed actions | server CPU, ms | worker CPU, ms | both, ÷ off | database, KiB | change to request, p50 / p99 | missing, misordered, repeated |\n")
	b.WriteString("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, d := range r.Deliveries {
		endpoint := "up"
		if d.Down {
			endpoint = "down"
		}
		fmt.Fprintf(b, "| %s | %s | %d (%+d) | %d | %d | %d | %s | %s | %.2f | %s | %s | %d, %d, %d |\n", endpoint, d.Design, d.Events, d.Events-off.Events, d.OtherEvents,
			d.Others, d.Actions, d.ServerCPU, d.WorkerCPU, d.cpu()/off.cpu(), d.Database, d.Latency, d.Missing, d.Misordered, d.Repeated)
	}
	b.WriteString("\n")
}

func (d Delivering) cpu() float64 { return d.ServerCPU.Median + d.WorkerCPU.Median }

// deliveryTargets are those of the chosen design.
func (r Report) deliveryTargets(t *targets) {
	if len(r.Deliveries) == 0 {
		return
	}
	for _, d := range r.Deliveries {
		if d.Design != delivery.Standalone {
			continue
		}
		name := "endpoint up"
		if d.Down {
			name = "endpoint down"
		}
		t.atMost("history events that deliveries add to an order, "+name, float64(d.Events-r.Deliveries[0].Events), 14, "")
		t.atMost("events missing or out of order, "+name, float64(d.Missing+d.Misordered), 0, "")
	}
}
