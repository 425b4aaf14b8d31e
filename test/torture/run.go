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
	"rampart/sandbox/ledger"
)

// Run tortures orders, and reports what became of them. An error says that the run itself went wrong; what went
// wrong with orders is in the report.
func Run(ctx context.Context, options Options) (Report, error) {
	if err := options.check(); err != nil {
		return Report{}, err
	}
	cluster, err := startCluster(ctx, options,
		"--faults", fmt.Sprintf("%g", options.Faults), "--courses", courses)
	defer cluster.close()
	if err != nil {
		return Report{}, err
	}
	return (&run{options: options, cluster: cluster, begun: time.Now()}).run(ctx)
}

// run is one run under way.
type run struct {
	options  Options
	cluster  *cluster
	begun    time.Time
	backends []*backend
	chaos    *chaos
}

func (r *run) run(ctx context.Context) (Report, error) {
	limited, cancel := context.WithDeadlineCause(ctx, r.begun.Add(r.options.deadline()), errTimeUp)
	defer cancel()
	if err := r.torture(limited); err != nil {
		return Report{}, err
	}
	if ctx.Err() != nil {
		return Report{}, ctx.Err()
	}
	wall := time.Since(r.begun)
	return r.report(ctx, wall)
}

var errTimeUp = errors.New("the time of the run is over")

// torture runs the orders under blows until all have ended or the time is up.
func (r *run) torture(ctx context.Context) error {
	r.chaos = &chaos{cluster: r.cluster, begun: r.begun, dealt: map[string]int{}}
	working, giveUp := errgroup.WithContext(ctx)
	working.Go(func() error { return r.chaos.deal(giveUp, planBlows(r.options)) })
	working.Go(func() error {
		r.runBackends(giveUp)
		return nil
	})
	err := working.Wait()
	if err != nil {
		return err
	}
	r.awaitEnd(ctx)
	r.startAgain(ctx)
	return nil
}

func (r *run) runBackends(ctx context.Context) {
	var running sync.WaitGroup
	for _, p := range planOrders(r.options) {
		b := &backend{plan: p, orders: r.cluster.orders, signal: r.signal, bare: r.startBare}
		r.backends = append(r.backends, b)
		running.Go(func() {
			if sleep(ctx, time.Until(r.begun.Add(p.at))) {
				b.run(ctx)
			}
		})
	}
	running.Wait()
	say(r.options.progress(), r.begun, "every user has done their part")
}

func (r *run) signal(ctx context.Context, id ramp.ID, proof string) error {
	name, argument := ramp.SubmitUTR, any(ramp.UTRSubmission{UTR: proof})
	if id.Direction == ramp.Offramp {
		name, argument = ramp.SubmitTransactionHash, ramp.HashSubmission{TransactionHash: proof}
	}
	return r.cluster.temporal.SignalWorkflow(ctx, id.Direction.WorkflowID(id.Reference), "", name, argument)
}

// countEvery is how often the orders that still run are counted.
const countEvery = 3 * time.Second

// awaitEnd waits until no order runs.
func (r *run) awaitEnd(ctx context.Context) {
	last := int64(-1)
	for {
		count, err := r.cluster.temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
			Query: (ramp.Filter{}).Query() + ` AND ExecutionStatus = "Running"`,
		})
		if err == nil && count.GetCount() == 0 {
			return
		}
		if err == nil && count.GetCount() != last {
			last = count.GetCount()
			say(r.options.progress(), r.begun, "%d orders still run", last)
		}
		if !sleep(ctx, countEvery) {
			return
		}
	}
}

// readers is how many orders are read at a time.
const readers = 16

// outcomes reads how every order ended.
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
	o := outcome{plan: b.plan, told: b.knows()}
	order, err := r.cluster.orders.Get(ctx, b.plan.id)
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

// report compares and sums up.
func (r *run) report(ctx context.Context, wall time.Duration) (Report, error) {
	outcomes := r.outcomes(ctx)
	ledger, err := r.cluster.ledger(ctx)
	if err != nil {
		return Report{}, err
	}
	report := r.newReport(wall, ledger)
	report.Counts, report.Violations = judge(outcomes, ledger)
	report.Histories = r.readHistories(ctx)
	report.PeakBytes = r.cluster.peaks.All()
	return report, nil
}

func (r *run) newReport(wall time.Duration, ledger ledger.Ledger) Report {
	return Report{
		Seed: r.options.Seed, Orders: r.options.Orders, Faults: r.options.Faults, Speed: r.options.Speed,
		Storage: r.cluster.server.storage(), Machine: process.ThisMachine(), Versions: process.Versions(),
		Wall:     wall.Round(time.Second).String(),
		Blows:    r.chaos.dealt,
		Unclean:  r.chaos.unclean,
		Ended:    r.cluster.lost,
		Provider: newTraffic(ledger),
	}
}
