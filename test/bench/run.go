package bench

import (
	"context"
	"strings"
	"time"
)

// fast is the speed of the provider's clock for the workers: three hours last 36 seconds, and a poll comes every 42 ms.
const fast = 300

// scenarios returns the scenarios in which the variants are compared.
func scenarios(quick bool) []Scenario {
	every := func(n int, variants ...Variant) map[Variant]int {
		orders := map[Variant]int{}
		for _, v := range variants {
			orders[v] = n
		}
		return orders
	}
	all := []Variant{Ours, OursByUpdate, RetryPolling, Naive, Floor}
	if quick {
		return []Scenario{
			{Name: "instant proof", Polls: 1, Variants: all, Orders: every(2, all...), Rounds: 1},
			{Name: "20 polls", Polls: 20, Variants: []Variant{Ours, Naive}, Orders: every(2, Ours, Naive), Rounds: 1},
		}
	}
	polling := []Variant{Ours, RetryPolling, Naive}
	return []Scenario{
		{Name: "instant proof, 1 poll", Polls: 1, Variants: all, Orders: every(60, all...), Rounds: 3},
		{Name: "proof after 30 min, 2 polls", Polls: 2, ProofAfter: 30 * time.Minute, Variants: polling, Orders: every(60, polling...), Rounds: 3},
		{Name: "20 polls", Polls: 20, Variants: polling, Orders: map[Variant]int{Ours: 60, RetryPolling: 40, Naive: 30}, Rounds: 3},
		{Name: "900 polls", Polls: 900, Variants: polling, Orders: map[Variant]int{Ours: 20, RetryPolling: 4, Naive: 2}, Rounds: 1},
	}
}

// drainTime is how long the server may process an order after its end.
const drainTime = 1500 * time.Millisecond

func newCosts(s *stack, options Options) *costs {
	c := &costs{stack: s, progress: newProgress(options.Progress), drain: drainTime}
	if options.Quick {
		c.drain = drainTime / 10
	}
	return c
}

// settleConfig removes the configuration that only the start needs. A quick run keeps it, because its figures mean nothing.
func (c *costs) settleConfig(ctx context.Context) error {
	if c.stack.options.Quick {
		return nil
	}
	return c.stack.useSteadyConfig(ctx)
}

// resting is how long the idle programs are measured.
const resting = 8 * time.Second

// rest measures what the programs use without orders.
func (c *costs) rest(ctx context.Context) error {
	if c.stack.options.Quick {
		return c.measureIdle(ctx, resting/8)
	}
	return c.measureIdle(ctx, resting)
}

// Run measures what orders cost with each variant. After an error the report has what was measured before.
func Run(ctx context.Context, options Options) (Report, error) {
	report := newReport(options)
	err := runOrders(ctx, options, &report)
	return report.finished(), err
}

func runOrders(ctx context.Context, options Options, report *Report) error {
	if err := options.check(); err != nil {
		return err
	}
	s, err := newStack(ctx, options, stackSettings{speed: fast, postgres: options.Postgres, serverProfiles: true})
	defer s.close()
	if err != nil {
		return err
	}
	report.Database = s.databaseName()
	c := newCosts(s, options)
	for _, step := range []func(context.Context) error{s.startBaselines, c.settleConfig, c.warmUp, c.rest} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	report.Idle = c.idle
	if strings.Contains(saturated, options.Only) {
		if report.Rates, report.Latencies, err = c.saturation(ctx, options.Quick); err != nil {
			return err
		}
		t, lasts := saturation(options.Quick), profiledLoad
		if options.Quick {
			lasts = time.Second
		}
		if report.Profile, err = c.profileOrders(ctx, t, lasts); err != nil {
			return err
		}
	}
	for _, scenario := range scenarios(options.Quick) {
		if !strings.Contains(scenario.Name, options.Only) {
			continue
		}
		measured, err := c.measure(ctx, scenario)
		if err != nil {
			return err
		}
		report.Costs = append(report.Costs, measured...)
	}
	return nil
}

// saturated is the name of the measurement of rates and latencies, for Options.Only.
const saturated = "saturation"

// saturation measures the rates under full load, and the latencies at that and at half of that load.
func (c *costs) saturation(ctx context.Context, quick bool) ([]Rate, []Latencies, error) {
	t := saturation(quick)
	rates, err := c.measureRates(ctx, t, Ours, Naive)
	if err != nil {
		return nil, nil, err
	}
	full, err := c.measureLatencies(ctx, saturated, t, 0)
	if err != nil {
		return rates, nil, err
	}
	half, err := c.measureLatencies(ctx, "half of it", t, full.PerSec/2)
	return rates, []Latencies{full, half}, err
}

// warmUp runs a few orders of each variant, so that every program has loaded and connected what it needs.
func (c *costs) warmUp(ctx context.Context) error {
	variants := []Variant{Ours, OursByUpdate, RetryPolling, Naive, Floor}
	warming := Scenario{Name: "warming up", Polls: 2, Variants: variants, Orders: map[Variant]int{}, Rounds: 1}
	for _, v := range variants {
		warming.Orders[v] = 4
	}
	_, err := c.measure(ctx, warming)
	return err
}
