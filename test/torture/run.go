package torture

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"golang.org/x/sync/errgroup"

	"rampart/internal/process"
	"rampart/ramp"
	"rampart/records"
	"rampart/sandbox/ledger"
)

// Run runs the orders and reports the results. An error means that the run itself failed; failures of orders are in the report.
func Run(ctx context.Context, options Options) (Report, error) {
	if err := options.check(); err != nil {
		return Report{}, err
	}
	receiver, err := startReceiver(options.Seed)
	if err != nil {
		return Report{}, err
	}
	defer receiver.close()
	endpoints, err := receiver.write(options.Dir)
	if err != nil {
		return Report{}, err
	}
	number := 1
	if options.Cluster {
		number = clusterGateways
	}
	gateways, err := newGateways(number)
	if err != nil {
		return Report{}, err
	}
	defer gateways.close()
	environment, err := recordsStore(options)
	if err != nil {
		return Report{}, err
	}
	environment = append(environment, "RAMP_EVENTS_FILE="+endpoints, "RAMP_RECONCILE_STORE="+booksStore(options))
	stack, err := startStack(ctx, options, stackSettings{gateways: gateways, environment: environment},
		append(gateways.sandboxArguments(), "--faults", fmt.Sprintf("%g", options.Faults), "--courses", courses)...)
	defer stack.close()
	if err != nil {
		return Report{}, err
	}
	store, err := stack.openRecords()
	if err != nil {
		return Report{}, err
	}
	return (&run{options: options, stack: stack, receiver: receiver, records: store, begun: time.Now()}).run(ctx)
}

// run is a run in progress.
type run struct {
	options  Options
	stack    *stack
	receiver *receiver
	// records is the store of records; nil in a run that loses no database.
	records   *records.Store
	begun     time.Time
	backends  []*backend
	disruptor *disruptor
	// undelivered is how many deliveries of events were in progress when the time was up.
	undelivered int64
	// late is how many had failed for good and were sent again.
	late int
}

func (r *run) run(ctx context.Context) (Report, error) {
	limited, cancel := context.WithDeadlineCause(ctx, r.begun.Add(r.options.deadline()), errTimeUp)
	defer cancel()
	if err := r.runOrders(limited); err != nil {
		return Report{}, err
	}
	if err := r.deliverAll(ctx); err != nil {
		return Report{}, err
	}
	wall := time.Since(r.begun)
	return r.report(ctx, wall)
}

var errTimeUp = errors.New("the deadline of the run has passed")

// runOrders runs and disrupts the orders until all are closed or the deadline has passed.
func (r *run) runOrders(ctx context.Context) error {
	r.disruptor = &disruptor{stack: r.stack, cluster: newCluster(r.stack), begun: r.begun, applied: map[string]int{}, kept: map[ramp.ID][]string{}}
	planned := planDisruptions(r.options)
	if cluster := r.disruptor.cluster; cluster != nil {
		cluster.keep(ctx)
		planned = cluster.plan(r.options)
	}
	working, giveUp := errgroup.WithContext(ctx)
	working.Go(func() error { return r.disruptor.run(giveUp, planned) })
	working.Go(func() error {
		r.runBackends(giveUp)
		return nil
	})
	working.Go(func() error {
		r.outage(giveUp)
		return nil
	})
	if err := working.Wait(); err != nil {
		return err
	}
	r.awaitEnd(ctx)
	r.startAgain(ctx)
	return nil
}

func (r *run) runBackends(ctx context.Context) {
	var running sync.WaitGroup
	for _, p := range planOrders(r.options) {
		b := &backend{plan: p, orders: r.stack.Orders, signal: r.signal, startPlainly: r.startPlainly, records: r.records}
		r.backends = append(r.backends, b)
		running.Go(func() {
			if sleep(ctx, time.Until(r.begun.Add(p.at))) {
				b.run(ctx)
			}
		})
	}
	running.Wait()
	logProgress(r.options.progress(), r.begun, "every user has acted")
}

func (r *run) signal(ctx context.Context, id ramp.ID, proof string) error {
	name, argument := ramp.SubmitUTR, any(ramp.UTRSubmission{UTR: ramp.UTR(proof)})
	if id.Direction == ramp.Offramp {
		name, argument = ramp.SubmitTransactionHash, ramp.HashSubmission{TransactionHash: proof}
	}
	return r.stack.Temporal.SignalWorkflow(ctx, id.Direction.WorkflowID(id.Reference), "", name, argument)
}

// countEvery is the time between two counts of the running orders.
const countEvery = 3 * time.Second

// awaitEnd blocks until no order runs or ctx ends.
func (r *run) awaitEnd(ctx context.Context) {
	last := int64(-1)
	for {
		count, err := r.stack.Temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
			Query: (ramp.Filter{}).Query() + ` AND ExecutionStatus = "Running"`,
		})
		if err == nil && count.GetCount() == 0 {
			return
		}
		if err == nil && count.GetCount() != last {
			last = count.GetCount()
			logProgress(r.options.progress(), r.begun, "%d orders are running", last)
		}
		if !sleep(ctx, countEvery) {
			return
		}
	}
}

// readers is how many orders are read concurrently.
const readers = 16

// outcomes reads the result of every order.
func (r *run) outcomes(ctx context.Context) []outcome {
	outcomes := make([]outcome, len(r.backends))
	var reading errgroup.Group
	reading.SetLimit(readers)
	for i, b := range r.backends {
		reading.Go(func() error {
			outcomes[i] = r.outcome(ctx, b)
			return nil
		})
	}
	_ = reading.Wait() // no reader fails
	return outcomes
}

func (r *run) outcome(ctx context.Context, b *backend) outcome {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	o := outcome{plan: b.plan, backend: b.snapshot(), lossy: r.records != nil, kept: r.disruptor.kept[b.plan.id]}
	order, err := b.get(ctx)
	switch {
	case err != nil:
		o.failure = err
	case order.Status.Final():
		o.order = order
	default:
		o.running = true
	}
	return o
}

// report compares the orders with the provider's ledger and summarizes the run.
func (r *run) report(ctx context.Context, wall time.Duration) (Report, error) {
	outcomes := r.outcomes(ctx)
	recorded, err := r.stack.Ledger(ctx)
	if err != nil {
		return Report{}, err
	}
	report := r.newReport(wall, recorded)
	if report.Hints, err = r.stack.hints(ctx); err != nil {
		return Report{}, err
	}
	report.Counts, report.Violations = check(outcomes, recorded)
	if r.records == nil {
		r.addEvents(&report, outcomes)
	}
	report.Blows = r.blows(outcomes)
	report.Histories = r.readHistories(ctx)
	if r.records == nil {
		report.Books = r.reconcile(ctx, outcomes)
	}
	report.PeakBytes = r.stack.Processes.PeakMemory()
	return report, nil
}

// addEvents compares the orders with what the backend was told.
func (r *run) addEvents(report *Report, outcomes []outcome) {
	delivered, received := r.receiver.snapshot()
	events, violations := checkEvents(outcomes, delivered)
	events.Received, events.Undelivered, events.Late, events.Outage = received, r.undelivered, r.late, r.options.Outage.String()
	report.Events, report.Violations = events, append(report.Violations, violations...)
}

// blows returns what was done to a cluster, with the time that it needed.
func (r *run) blows(outcomes []outcome) []Blow {
	if r.disruptor.cluster == nil {
		return nil
	}
	var calls []call
	for _, o := range outcomes {
		calls = append(calls, o.backend.calls...)
	}
	blows := r.disruptor.cluster.blows
	for i := range blows {
		blows[i].reckon(calls)
	}
	return blows
}

func (r *run) newReport(wall time.Duration, recorded ledger.Ledger) Report {
	return Report{
		Seed: r.options.Seed, Orders: r.options.Orders, Faults: r.options.Faults, Speed: r.options.Speed,
		Storage: r.stack.server.storage(), Machine: process.ThisMachine(), Versions: process.Versions(),
		Duration:        wall.Round(time.Second).String(),
		Disruptions:     r.disruptor.applied,
		UncleanStops:    r.disruptor.uncleanStops,
		UnexpectedExits: r.stack.unexpectedExits,
		Provider:        newTraffic(recorded),
	}
}
