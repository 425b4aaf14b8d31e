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

// BackpressureOptions configure a measurement with more orders than the provider's rate limit lets through.
type BackpressureOptions struct {
	Options
	// ProviderRate is how many requests a second the provider answers.
	ProviderRate float64
	// For is the duration of the measurement, from the first start.
	For time.Duration
	// Sample is the time between two samples.
	Sample time.Duration
}

// BackpressureReport is the result of a measurement.
type BackpressureReport struct {
	Orders       int     `json:"orders"`
	Workers      int     `json:"workers"`
	ProviderRate float64 `json:"providerRate"`
	WorkerRate   float64 `json:"workerRate"`
	// Starting is how long it took to start all orders.
	Starting string `json:"starting"`
	Duration string `json:"duration"`
	// Samples are the provider's counts and the memory of the programs, over time.
	Samples []Sample `json:"samples"`
	// Quarters is the progress of the orders by their start: the oldest quarter first.
	Quarters  []Quarter        `json:"quarters"`
	Routes    map[string]int   `json:"routes"`
	Refused   map[string]int   `json:"refused"`
	PeakBytes map[string]int64 `json:"peakBytes"`
	Machine   process.Machine  `json:"machine"`
	Versions  []string         `json:"versions"`
}

// Sample is the state at one moment of a measurement. Counts are since its beginning.
type Sample struct {
	After       string `json:"after"`
	Requests    int    `json:"requests"`
	Answered429 int    `json:"answered429"`
	// Polls counts the requests for the status of an order, which watches make.
	Polls     int              `json:"polls"`
	Made      int              `json:"ordersMade"`
	WithProof int              `json:"ordersWithProof"`
	PaidOut   int              `json:"paidOut"`
	Memory    map[string]int64 `json:"memoryBytes"`
}

// Quarter is the progress of a quarter of the orders.
type Quarter struct {
	Orders    int `json:"orders"`
	Made      int `json:"made"`
	WithProof int `json:"withProof"`
	PaidOut   int `json:"paidOut"`
}

// backpressureRun is a measurement in progress.
type backpressureRun struct {
	options BackpressureOptions
	stack   *stack
	begun   time.Time
	report  BackpressureReport
}

// RunBackpressure starts all orders at once, each with its proof, and samples the provider and the workers meanwhile.
func RunBackpressure(ctx context.Context, options BackpressureOptions) (BackpressureReport, error) {
	if err := options.check(); err != nil {
		return BackpressureReport{}, err
	}
	stack, err := startStack(ctx, options.Options, stackSettings{}, "--rate-limit", strconv.FormatFloat(options.ProviderRate, 'g', -1, 64))
	defer stack.close()
	if err != nil {
		return BackpressureReport{}, err
	}
	r := &backpressureRun{options: options, stack: stack, begun: time.Now()}
	if err := r.measure(ctx); err != nil {
		return BackpressureReport{}, err
	}
	return r.finish(ctx)
}

func (r *backpressureRun) measure(ctx context.Context) error {
	ctx, cancel := context.WithDeadlineCause(ctx, r.begun.Add(r.options.For), errTimeUp)
	defer cancel()
	measuring, ctx := errgroup.WithContext(ctx)
	measuring.Go(func() error { return r.startAll(ctx) })
	measuring.Go(func() error { return r.sampleAll(ctx) })
	return measuring.Wait()
}

// starters is how many orders are started concurrently.
const starters = 32

func (r *backpressureRun) startAll(ctx context.Context) error {
	var starting errgroup.Group
	starting.SetLimit(starters)
	for _, plan := range planOrders(r.options.Options) {
		starting.Go(func() error { return r.start(ctx, plan) })
	}
	err := starting.Wait()
	r.report.Starting = time.Since(r.begun).Round(time.Second).String()
	logProgress(r.options.progress(), r.begun, "every order is started")
	return err
}

// start starts an order with its proof in the request.
func (r *backpressureRun) start(ctx context.Context, plan plan) error {
	proof := plan.proofs[len(plan.proofs)-1]
	plan.onramp.UTR, plan.offramp.TransactionHash = ramp.UTR(proof), proof
	request := any(plan.onramp)
	if plan.id.Direction == ramp.Offramp {
		request = plan.offramp
	}
	for {
		_, err := r.stack.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
			ID:                       plan.id.Direction.WorkflowID(plan.id.Reference),
			TaskQueue:                ramp.TaskQueue,
			WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		}, plan.id.Direction.WorkflowType(), request)
		if err == nil {
			return nil
		}
		if !sleep(ctx, retryAfter) {
			return errors.Join(errors.New("not every order started in time"), err)
		}
	}
}

func (r *backpressureRun) sampleAll(ctx context.Context) error {
	for sleep(ctx, r.options.Sample) {
		if err := r.sample(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

func (r *backpressureRun) sample(ctx context.Context) error {
	recorded, err := r.stack.Ledger(ctx)
	if err != nil {
		return err
	}
	s := Sample{
		After: time.Since(r.begun).Round(time.Second).String(), Requests: recorded.Totals.Requests,
		Answered429: recorded.Totals.Answered429, Made: recorded.Totals.Orders, WithProof: recorded.Totals.WithProof,
		PaidOut: recorded.Totals.PaidOut, Memory: r.memory(),
	}
	for route, traffic := range recorded.Routes {
		if strings.HasSuffix(route, "/status") {
			s.Polls += traffic.Requests
		}
	}
	r.report.Samples = append(r.report.Samples, s)
	logProgress(r.options.progress(), r.begun, "%s", s)
	return nil
}

// String returns the sample on one line.
func (s Sample) String() string {
	return fmt.Sprintf("%d requests, %d refused with 429, %d polls, %d orders made, %d with proof, %d paid out", s.Requests, s.Answered429,
		s.Polls, s.Made, s.WithProof, s.PaidOut)
}

// memory returns the resident memory of the largest process of each kind.
func (r *backpressureRun) memory() map[string]int64 {
	now := map[string]int64{}
	for _, running := range r.stack.Processes.Running() {
		kind, _, _ := strings.Cut(running.Name(), "-")
		now[kind] = max(now[kind], running.Resident())
	}
	return now
}

func (r *backpressureRun) finish(ctx context.Context) (BackpressureReport, error) {
	recorded, err := r.stack.Ledger(ctx)
	if err != nil {
		return BackpressureReport{}, err
	}
	report := r.report
	report.Orders, report.Workers = r.options.Orders, workersRunning
	report.ProviderRate, report.WorkerRate = r.options.ProviderRate, r.options.workerRate()
	report.Duration = time.Since(r.begun).Round(time.Second).String()
	report.Quarters = r.quarters(recorded)
	report.Routes, report.Refused = map[string]int{}, map[string]int{}
	for route, traffic := range recorded.Routes {
		report.Routes[route], report.Refused[route] = traffic.Requests-traffic.RateLimited, traffic.RateLimited
	}
	report.PeakBytes, report.Machine, report.Versions = r.stack.Processes.PeakMemory(), process.ThisMachine(), process.Versions()
	return report, nil
}

// quarters returns the progress of the orders by their start.
func (r *backpressureRun) quarters(recorded ledger.Ledger) []Quarter {
	const parts = 4
	quarters := make([]Quarter, parts)
	totals := map[ramp.ID]ledger.ReferenceTotal{}
	for _, total := range recorded.ByReference() {
		totals[ramp.ID{Direction: ramp.Direction(total.Direction), Reference: total.Reference}] = total
	}
	for i, plan := range planOrders(r.options.Options) {
		quarter := &quarters[i*parts/r.options.Orders]
		total := totals[plan.id]
		quarter.Orders++
		quarter.Made += min(1, len(total.Orders))
		quarter.WithProof += min(1, total.WithProof)
		quarter.PaidOut += min(1, total.PaidOut)
	}
	return quarters
}

// Limits that Violations checks.
const (
	// stormShare is the share of the requests that may be refused for their rate: workers whose own limit is too high adapt to the
	// provider's by its refusals.
	stormShare = 0.15
	// leastAhead is the least ratio of the proofs of the oldest quarter to those of the others.
	leastAhead = 2
)

// Violations reports a storm of refusals, and starvation of old orders by new ones.
func (r BackpressureReport) Violations() []string {
	if len(r.Samples) == 0 {
		return []string{"nothing was measured"}
	}
	var found []string
	last := r.Samples[len(r.Samples)-1]
	if refused := float64(last.Answered429); refused > stormShare*float64(last.Requests) {
		found = append(found, fmt.Sprintf("%d of %d requests were refused with 429", last.Answered429, last.Requests))
	}
	others := 0
	for _, q := range r.Quarters[1:] {
		others += q.WithProof
	}
	if oldest := r.Quarters[0].WithProof; oldest < leastAhead*others {
		found = append(found, fmt.Sprintf("%d orders of the oldest quarter have a proof, and %d of the others", oldest, others))
	}
	return found
}

// WriteJSON writes the report as JSON.
func (r BackpressureReport) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

// WriteText writes the report as Markdown.
func (r BackpressureReport) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d orders started at once; %d workers with a limit of %g requests a second each; a provider that answers %g a second. All orders were started after %s; the measurement lasted %s.\n\n",
		r.Orders, r.Workers, r.WorkerRate, r.ProviderRate, r.Starting, r.Duration)
	b.WriteString("| after | requests | refused with 429 | polls | orders made | with proof | paid out | memory of a worker |\n")
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
	fmt.Fprintf(&b, "\n- peak memory of one process: %s\n- machine: %s; %s\n", formatMemory(r.PeakBytes), r.Machine, strings.Join(r.Versions, ", "))
	_, err := io.WriteString(w, b.String())
	return err
}
