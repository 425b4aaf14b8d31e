package torture

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"rampart/internal/process"
	"rampart/ramp"
	"rampart/sandbox/ledger"
)

// Pressure is one measurement of more orders than the provider lets through.
type Pressure struct {
	Options
	// ProviderRate is how many requests a second the provider answers.
	ProviderRate float64
	// For is how long is measured, from the first start.
	For time.Duration
	// Sample is the time between two samples.
	Sample time.Duration
}

// PressureReport is what a measurement found.
type PressureReport struct {
	Orders       int     `json:"orders"`
	Workers      int     `json:"workers"`
	ProviderRate float64 `json:"providerRate"`
	WorkerRate   float64 `json:"workerRate"`
	// Starting is how long it took to start all orders.
	Starting string `json:"starting"`
	Wall     string `json:"wall"`
	// Samples are what the provider had seen at times, and the memory then.
	Samples []PressureSample `json:"samples"`
	// Quarters tell how far the orders have come, by when they started: the oldest quarter first.
	Quarters  []Quarter        `json:"quarters"`
	Routes    map[string]int   `json:"routes"`
	Refused   map[string]int   `json:"refused"`
	PeakBytes map[string]int64 `json:"peakBytes"`
	Machine   process.Machine  `json:"machine"`
	Versions  []string         `json:"versions"`
}

// PressureSample is one moment of a measurement. Counts are since its beginning.
type PressureSample struct {
	After       string `json:"after"`
	Requests    int    `json:"requests"`
	Answered429 int    `json:"answered429"`
	// Polls are requests for an order's status, which watches make.
	Polls     int              `json:"polls"`
	Made      int              `json:"ordersMade"`
	WithProof int              `json:"ordersWithProof"`
	PaidOut   int              `json:"paidOut"`
	Memory    map[string]int64 `json:"memoryBytes"`
}

// Quarter is how far a quarter of the orders has come.
type Quarter struct {
	Orders    int `json:"orders"`
	Made      int `json:"made"`
	WithProof int `json:"withProof"`
	PaidOut   int `json:"paidOut"`
}

// pressing is a measurement under way.
type pressing struct {
	pressure Pressure
	cluster  *cluster
	begun    time.Time
	report   PressureReport
}

// RunPressure starts all orders at once, each with its proof, and looks at the provider and the workers while they go on.
func RunPressure(ctx context.Context, pressure Pressure) (PressureReport, error) {
	if err := pressure.check(); err != nil {
		return PressureReport{}, err
	}
	cluster, err := startCluster(ctx, pressure.Options, "--rate-limit", strconv.FormatFloat(pressure.ProviderRate, 'g', -1, 64))
	defer cluster.close()
	if err != nil {
		return PressureReport{}, err
	}
	p := &pressing{pressure: pressure, cluster: cluster, begun: time.Now()}
	if err := p.press(ctx); err != nil {
		return PressureReport{}, err
	}
	return p.finish(ctx)
}

func (p *pressing) press(ctx context.Context) error {
	ctx, cancel := context.WithDeadlineCause(ctx, p.begun.Add(p.pressure.For), errTimeUp)
	defer cancel()
	pressing, ctx := errgroup.WithContext(ctx)
	pressing.Go(func() error { return p.startAll(ctx) })
	pressing.Go(func() error { return p.sampleAll(ctx) })
	return pressing.Wait()
}

// starters is how many orders are started at the same time.
const starters = 32

func (p *pressing) startAll(ctx context.Context) error {
	var starting errgroup.Group
	starting.SetLimit(starters)
	for _, plan := range planOrders(p.pressure.Options) {
		starting.Go(func() error { return p.start(ctx, plan) })
	}
	err := starting.Wait()
	p.report.Starting = time.Since(p.begun).Round(time.Second).String()
	say(p.pressure.progress(), p.begun, "every order is started")
	return err
}

// start starts an order that is paid already.
func (p *pressing) start(ctx context.Context, plan plan) error {
	proof := plan.proofs[len(plan.proofs)-1]
	plan.onramp.UTR, plan.offramp.TransactionHash = proof, proof
	request := any(plan.onramp)
	if plan.id.Direction == ramp.Offramp {
		request = plan.offramp
	}
	for {
		_, err := p.cluster.temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
			ID:                       plan.id.Direction.WorkflowID(plan.id.Reference),
			TaskQueue:                ramp.TaskQueue,
			WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		}, plan.id.Direction.WorkflowType(), request)
		if err == nil {
			return nil
		}
		if !sleep(ctx, againAfter) {
			return errors.Join(errors.New("not every order could be started in time"), err)
		}
	}
}

func (p *pressing) sampleAll(ctx context.Context) error {
	for sleep(ctx, p.pressure.Sample) {
		if err := p.sample(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

func (p *pressing) sample(ctx context.Context) error {
	ledger, err := p.cluster.ledger(ctx)
	if err != nil {
		return err
	}
	s := PressureSample{
		After: time.Since(p.begun).Round(time.Second).String(), Requests: ledger.Totals.Requests,
		Answered429: ledger.Totals.Answered429, Made: ledger.Totals.Orders, WithProof: ledger.Totals.WithProof,
		PaidOut: ledger.Totals.PaidOut, Memory: p.memory(),
	}
	for route, traffic := range ledger.Routes {
		if strings.HasSuffix(route, "/status") {
			s.Polls += traffic.Requests
		}
	}
	p.report.Samples = append(p.report.Samples, s)
	say(p.pressure.progress(), p.begun, "%s", s)
	return nil
}

// String writes a sample in a line.
func (s PressureSample) String() string {
	return fmt.Sprintf("%d requests, %d answered 429, %d polls, %d orders made, %d with proof, %d paid out", s.Requests, s.Answered429,
		s.Polls, s.Made, s.WithProof, s.PaidOut)
}

// memory is what each program has resident now.
func (p *pressing) memory() map[string]int64 {
	now := map[string]int64{}
	for _, running := range append(p.cluster.workers[:], p.cluster.sandbox) {
		kind, _, _ := strings.Cut(running.Name(), "-")
		now[kind] = max(now[kind], running.Resident())
	}
	return now
}

func (p *pressing) finish(ctx context.Context) (PressureReport, error) {
	ledger, err := p.cluster.ledger(ctx)
	if err != nil {
		return PressureReport{}, err
	}
	r := p.report
	r.Orders, r.Workers = p.pressure.Orders, workersRunning
	r.ProviderRate, r.WorkerRate = p.pressure.ProviderRate, p.pressure.workerRate()
	r.Wall = time.Since(p.begun).Round(time.Second).String()
	r.Quarters = p.quarters(ledger)
	r.Routes, r.Refused = map[string]int{}, map[string]int{}
	for route, traffic := range ledger.Routes {
		r.Routes[route], r.Refused[route] = traffic.Requests-traffic.RateLimited, traffic.RateLimited
	}
	r.PeakBytes, r.Machine, r.Versions = p.cluster.peaks.All(), process.ThisMachine(), process.Versions()
	return r, nil
}

// quarters sums up how far the orders have come, by when they started.
func (p *pressing) quarters(books ledger.Ledger) []Quarter {
	const parts = 4
	quarters := make([]Quarter, parts)
	totals := map[ramp.ID]ledger.ReferenceTotal{}
	for _, total := range books.ByReference() {
		totals[ramp.ID{Direction: ramp.Direction(total.Direction), Reference: total.Reference}] = total
	}
	for i, plan := range planOrders(p.pressure.Options) {
		quarter := &quarters[i*parts/p.pressure.Orders]
		total := totals[plan.id]
		quarter.Orders++
		quarter.Made += min(1, len(total.Orders))
		quarter.WithProof += min(1, total.WithProof)
		quarter.PaidOut += min(1, total.PaidOut)
	}
	return quarters
}

// Storm and starvation, as Violations judges them.
const (
	// stormShare is the part of all requests that may be refused for their rate: workers that are set too high find the
	// provider's rate by being refused.
	stormShare = 0.15
	// leastAhead is by how much the oldest quarter of the orders must be ahead of the others together.
	leastAhead = 2
)

// Violations says what must not be under pressure: a storm of refusals, or new orders that keep old ones from their end.
func (r PressureReport) Violations() []string {
	if len(r.Samples) == 0 {
		return []string{"nothing was measured"}
	}
	var found []string
	last := r.Samples[len(r.Samples)-1]
	if refused := float64(last.Answered429); refused > stormShare*float64(last.Requests) {
		found = append(found, fmt.Sprintf("%d of %d requests were answered 429", last.Answered429, last.Requests))
	}
	others := 0
	for _, q := range r.Quarters[1:] {
		others += q.WithProof
	}
	if oldest := r.Quarters[0].WithProof; oldest < leastAhead*others {
		found = append(found, fmt.Sprintf("%d of the oldest quarter of the orders have a proof, and %d of the others", oldest, others))
	}
	return found
}

// WriteJSON writes the report for programs.
func (r PressureReport) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

// WriteText writes the report for people, in Markdown.
func (r PressureReport) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d orders at once, %d workers that are set to %g requests a second each, a provider that answers %g; all started after %s, measured for %s.\n\n",
		r.Orders, r.Workers, r.WorkerRate, r.ProviderRate, r.Starting, r.Wall)
	b.WriteString("| after | requests | of them 429 | of them polls | orders made | with proof | paid out | memory of a worker |\n")
	b.WriteString("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, s := range r.Samples {
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d | %d | %d MiB |\n",
			s.After, s.Requests, s.Answered429, s.Polls, s.Made, s.WithProof, s.PaidOut, s.Memory["worker"]>>20)
	}
	b.WriteString("\n| orders | started | made | with proof | paid out |\n| --- | ---: | ---: | ---: | ---: |\n")
	for i, q := range r.Quarters {
		fmt.Fprintf(&b, "| quarter %d, oldest first | %d | %d | %d | %d |\n", i+1, q.Orders, q.Made, q.WithProof, q.PaidOut)
	}
	b.WriteString("\n| route | answered | refused with 429 |\n| --- | ---: | ---: |\n")
	routes := slices.SortedFunc(maps.Keys(r.Routes), func(a, b string) int { return cmp.Compare(r.Routes[b], r.Routes[a]) })
	for _, route := range routes {
		fmt.Fprintf(&b, "| `%s` | %d | %d |\n", route, r.Routes[route], r.Refused[route])
	}
	var peaks []string
	for _, name := range slices.Sorted(maps.Keys(r.PeakBytes)) {
		peaks = append(peaks, fmt.Sprintf("%s %d MiB", name, r.PeakBytes[name]>>20))
	}
	fmt.Fprintf(&b, "\n- peak memory of one process: %s\n- machine: %s; %s\n", strings.Join(peaks, ", "), r.Machine, strings.Join(r.Versions, ", "))
	_, err := io.WriteString(w, b.String())
	return err
}
