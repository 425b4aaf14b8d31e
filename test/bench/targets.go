package bench

import (
	"fmt"
	"strings"
)

// Target is a figure with a limit.
type Target struct {
	Figure   string `json:"figure"`
	Wanted   string `json:"wanted"`
	Measured string `json:"measured"`
	Met      bool   `json:"met"`
}

// Scenarios of the targets, by their number of polls.
const (
	noPolls      = 1 // the first poll returns completed
	threeChanges = 20
	threeHours   = 900
)

// targets collects targets with the measured figures.
type targets []Target

func (t *targets) atMost(figure string, value, limit float64, unit string) {
	*t = append(*t, Target{figure, "≤ " + amount(limit, unit), amount(value, unit), value <= limit})
}

func (t *targets) atLeast(figure string, value, limit float64, unit string) {
	*t = append(*t, Target{figure, "≥ " + amount(limit, unit), amount(value, unit), value >= limit})
}

// amount formats a figure to two decimals, with its unit.
func amount(value float64, unit string) string {
	text := strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", value), "0"), ".")
	return strings.TrimSpace(text + " " + unit)
}

// Targets compares the measured figures with their limits. It omits figures that were not measured.
func (r Report) Targets() []Target {
	var t targets
	r.eventTargets(&t)
	r.costTargets(&t)
	r.rateTarget(&t)
	r.latencyTarget(&t)
	r.Waiting.targets(&t)
	r.deliveryTargets(&t)
	r.Crashes.targets(&t)
	return t
}

func (r Report) eventTargets(t *targets) {
	few, many := r.cost(threeChanges, Ours), r.cost(threeHours, Ours)
	for _, c := range []*Cost{few, many} {
		if c != nil {
			t.atMost(fmt.Sprintf("history events with three changes of status, %d polls", c.Polls), float64(c.Events), 65, "")
		}
	}
	if few != nil && many != nil {
		t.atMost("history events that 880 further polls add", float64(many.Events-few.Events), 0, "")
		t.atMost("CPU of a further poll, server and worker", (many.cpu()-few.cpu())/(threeHours-threeChanges), 1, "ms")
	}
}

func (r Report) costTargets(t *targets) {
	server := func(c *Cost) float64 { return c.ServerCPU.Median }
	billed := func(c *Cost) float64 { return float64(c.Actions) }
	// ratio divides a figure of one variant by that of another, and reports whether both were measured.
	ratio := func(polls int, over, under Variant, of func(*Cost) float64) (float64, bool) {
		a, b := r.cost(polls, over), r.cost(polls, under)
		if a == nil || b == nil || of(b) <= 0 {
			return 0, false
		}
		return of(a) / of(b), true
	}
	if value, measured := ratio(threeChanges, Naive, Ours, server); measured {
		t.atLeast("server CPU with 20 polls, naive ÷ ours", value, 3, "")
	}
	if value, measured := ratio(threeHours, Naive, Ours, server); measured {
		t.atLeast("server CPU with 900 polls, naive ÷ ours", value, 20, "")
	}
	if value, measured := ratio(threeChanges, RetryPolling, Ours, server); measured {
		t.atLeast("server CPU with 20 polls, retry polling ÷ ours", value, 1.5, "")
	}
	if value, measured := ratio(noPolls, Ours, Floor, server); measured {
		t.atMost("server CPU without polls, ours ÷ floor", value, 1.3, "")
	}
	if value, measured := ratio(threeHours, Naive, Ours, billed); measured {
		t.atLeast("billed actions over three hours of polls, naive ÷ ours", value, 8, "")
	}
}

func (r Report) rateTarget(t *targets) {
	ours, naive := r.rate(Ours), r.rate(Naive)
	if ours != nil && naive != nil && naive.PerSec.Median > 0 {
		t.atLeast("orders a second with 2 polls, ours ÷ naive", ours.PerSec.Median/naive.PerSec.Median, 1.2, "")
	}
}

// latencyTarget is for orders that start at half of the load that the machine bears.
func (r Report) latencyTarget(t *targets) {
	if n := len(r.Latencies); n > 1 {
		t.atMost("start to instructions at half of the load, p50", r.Latencies[n-1].Start.P50, 120, "ms")
	}
}

func (w *Waiting) targets(t *targets) {
	if w == nil || len(w.Steps) == 0 || w.Steady.Polls == 0 {
		return
	}
	last := w.Steps[len(w.Steps)-1]
	t.atMost("worker memory of a watched order", float64(w.WorkerBytesPerWatch)/1024, 60, "KiB")
	t.atLeast(fmt.Sprintf("polls 10 to 15 s after the one before, %d watched", w.Watched), 100*w.Steady.InTime, 99, "%")
	t.atMost(fmt.Sprintf("proof to provider, p99, %d waiting", last.Waiting), last.Proof.P99/1000, 1, "s")
	w.Hints.targets(t)
	if w.Calm.Polls > 0 {
		t.atMost(fmt.Sprintf("CPU of a poll on the real clock, server and worker, %d watched", w.Watched), w.Calm.ServerCPU+w.Calm.WorkerCPU, 1, "ms")
	}
	if w.Recovery.All > 0 {
		t.atMost("99 % of the watches of a killed worker continue within", w.Recovery.NinetyNine, 45, "s")
	}
	t.atMost("answers 429 of a provider with a rate limit", float64(w.Refused), 0, "")
}

// Missed returns an error that names the targets that were not met; nil if all were.
func (r Report) Missed() error {
	var missed []string
	for _, t := range r.Targets() {
		if !t.Met {
			missed = append(missed, fmt.Sprintf("%s is %s and must be %s", t.Figure, t.Measured, t.Wanted))
		}
	}
	if len(missed) == 0 {
		return nil
	}
	return fmt.Errorf("targets missed: %s", strings.Join(missed, "; "))
}

func (r Report) cost(polls int, variant Variant) *Cost {
	for _, c := range r.Costs {
		if c.Polls == polls && c.Variant == variant {
			return &c
		}
	}
	return nil
}

func (r Report) rate(variant Variant) *Rate {
	for _, rate := range r.Rates {
		if rate.Variant == variant {
			return &rate
		}
	}
	return nil
}

// cpu returns the processor time of an order in milliseconds, of server and worker together.
func (c Cost) cpu() float64 { return c.ServerCPU.Median + c.WorkerCPU.Median }
