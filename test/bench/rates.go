package bench

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"rampart/ramp"
)

// Rate is how many orders a second a variant completes on this machine under full load.
type Rate struct {
	Variant Variant `json:"variant"`
	Polls   int     `json:"polls"`
	// InFlight is how many orders run concurrently, and Orders how many a round has.
	InFlight int    `json:"inFlight"`
	Orders   int    `json:"orders"`
	PerSec   Spread `json:"ordersPerSecond"`
}

// Latencies are how long a backend or a user waits.
type Latencies struct {
	// Load describes the load, and PerSec is how many orders a second complete meanwhile.
	Load   string  `json:"load"`
	PerSec float64 `json:"ordersPerSecond"`
	// Start is the time from the call that starts an order to the payment instructions.
	Start Latency `json:"startToInstructions"`
	// Proof is the time from the call that submits a UTR to its arrival at the provider.
	Proof Latency `json:"proofToProvider"`
	// End is the time from the poll that returns completed to the order's result at its backend. The guide requires the pause of 10 to
	// 15 seconds before that poll.
	End Latency `json:"completedToResult"`
	// Trace is what orders do from their start to the instructions.
	Trace []TraceStep `json:"startToInstructionsBySteps,omitempty"`
}

// throughput configures the measurement of rates and latencies.
type throughput struct {
	polls, inFlight, orders, rounds int
}

func saturation(quick bool) throughput {
	if quick {
		return throughput{polls: 2, inFlight: 4, orders: 8, rounds: 1}
	}
	return throughput{polls: 2, inFlight: 64, orders: 300, rounds: 3}
}

// measureRates measures the rates of variants, one after another in each round.
func (c *costs) measureRates(ctx context.Context, t throughput, variants ...Variant) ([]Rate, error) {
	c.stack.provider.setSchedule(completeAfter(t.polls))
	found := map[Variant][]float64{}
	for i := range t.rounds {
		for _, variant := range variants {
			perSec, err := c.saturate(ctx, t, variant)
			if err != nil {
				return nil, err
			}
			found[variant] = append(found[variant], perSec)
			c.logf("saturation, round %d, %s: %.1f orders a second", i+1, variant, perSec)
		}
	}
	var rates []Rate
	for _, variant := range variants {
		rates = append(rates, Rate{Variant: variant, Polls: t.polls, InFlight: t.inFlight, Orders: t.orders, PerSec: newSpread(found[variant])})
	}
	return rates, nil
}

func (c *costs) saturate(ctx context.Context, t throughput, variant Variant) (perSec float64, err error) {
	var all errgroup.Group
	all.SetLimit(t.inFlight)
	l, scenario, begun := c.stack.lane(variant), Scenario{Polls: t.polls}, time.Now()
	for _, o := range c.orders(t.orders) {
		all.Go(func() error {
			if err := c.begin(ctx, scenario, variant, l, o); err != nil {
				return err
			}
			return c.finish(ctx, scenario, variant, l, o)
		})
	}
	err = all.Wait()
	return float64(t.orders) / time.Since(begun).Seconds(), err
}

// waits collects latencies.
type waits struct {
	mu                sync.Mutex
	start, proof, end []time.Duration
	answers           []answered
}

// measureLatencies runs orders by ramp.Client, at most perSec a second; 0 means no limit.
func (c *costs) measureLatencies(ctx context.Context, load string, t throughput, perSec float64) (Latencies, error) {
	c.stack.provider.setSchedule(completeAfter(t.polls))
	var found waits
	var all errgroup.Group
	all.SetLimit(t.inFlight)
	begun := time.Now()
	for i, o := range c.orders(t.orders) {
		if perSec > 0 {
			sleep(ctx, time.Until(begun.Add(time.Duration(float64(i)/perSec*float64(time.Second)))))
		}
		all.Go(func() error { return c.follow(ctx, o, &found) })
	}
	if err := all.Wait(); err != nil {
		return Latencies{}, err
	}
	took := time.Since(begun)
	steps, err := c.trace(ctx, found.answers)
	if err != nil {
		return Latencies{}, err
	}
	l := Latencies{
		Load: load, PerSec: float64(t.orders) / took.Seconds(),
		Start: newLatency(found.start), Proof: newLatency(found.proof), End: newLatency(found.end),
		Trace: steps,
	}
	c.logf("%s: start p99 %.0f ms, proof p99 %.0f ms, end p99 %.0f ms", load, l.Start.P99, l.Proof.P99, l.End.P99)
	return l, nil
}

// follow runs an order by ramp.Client and measures its latencies.
func (c *costs) follow(ctx context.Context, o order, found *waits) error {
	begun := time.Now()
	if _, err := c.stack.Orders.StartOnramp(ctx, o.request); err != nil {
		return err
	}
	started, proven := time.Since(begun), time.Now()
	if _, err := c.stack.Orders.SubmitUTR(ctx, o.request.Reference, o.utr()); err != nil {
		return err
	}
	result, err := c.stack.Orders.Await(ctx, ramp.ID{Direction: ramp.Onramp, Reference: o.request.Reference})
	if err != nil {
		return err
	}
	ended := time.Since(c.stack.provider.completedAt(result.OrderID))
	found.mu.Lock()
	defer found.mu.Unlock()
	found.start = append(found.start, started)
	found.proof = append(found.proof, c.stack.provider.proofArrived(o.utr()).Sub(proven))
	found.end = append(found.end, ended)
	found.answers = append(found.answers, answered{reference: o.request.Reference, begun: begun, at: begun.Add(started)})
	return nil
}
