package bench

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// WriteText writes the report as Markdown.
func (r Report) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "- %s; %s\n- seed %d, `%s`, took %s\n", r.Machine, strings.Join(r.Versions, ", "), r.Seed, r.Command, r.Took)
	if r.Database != "" {
		fmt.Fprintf(&b, "- Temporal's data in: %s\n", r.Database)
	}
	b.WriteString("\n")
	r.writeCosts(&b)
	r.writeRates(&b)
	r.writeLatencies(&b)
	r.Profile.write(&b)
	r.Waiting.write(&b)
	r.Rest.write(&b)
	r.writeDeliveries(&b)
	r.Peers.write(&b)
	r.writeTakeovers(&b)
	r.Crashes.write(&b)
	r.writeTargets(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (r Report) writeCosts(b *strings.Builder) {
	if len(r.Costs) == 0 {
		return
	}
	apart := slices.ContainsFunc(r.Costs, func(c Cost) bool { return len(c.DatabaseCPU.Values) > 0 })
	titles, rule := "", ""
	if apart {
		titles, rule = " database CPU, ms |", " ---: |"
	}
	b.WriteString("| scenario | variant | events | history, KiB | state transitions | billed actions | provider calls | server CPU, ms |" + titles + " worker CPU, ms | worker allocations |\n")
	b.WriteString("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |" + rule + " ---: | ---: |\n")
	for _, c := range r.Costs {
		database := ""
		if apart {
			database = " " + c.DatabaseCPU.String() + " |"
		}
		fmt.Fprintf(b, "| %s | %s | %d | %.1f | %d | %d | %.0f | %s |%s %s | %.0f, %.0f KiB |\n", c.Scenario, c.Variant, c.Events, float64(c.Bytes)/1024,
			c.Transitions, c.Actions, c.Calls, c.ServerCPU, database, c.WorkerCPU, c.Objects, c.Allocated)
	}
	b.WriteString("\n")
}

func (r Report) writeRates(b *strings.Builder) {
	if len(r.Rates) == 0 {
		return
	}
	b.WriteString("| variant | polls | orders under way | orders a second |\n| --- | ---: | ---: | ---: |\n")
	for _, rate := range r.Rates {
		fmt.Fprintf(b, "| %s | %d | %d | %s |\n", rate.Variant, rate.Polls, rate.InFlight, rate.PerSec)
	}
	b.WriteString("\n")
}

func (r Report) writeLatencies(b *strings.Builder) {
	if len(r.Latencies) == 0 {
		return
	}
	b.WriteString("| load | orders a second | start to instructions, p50 / p99 | proof to provider, p50 / p99 | completed to result, p50 / p99 |\n")
	b.WriteString("| --- | ---: | ---: | ---: | ---: |\n")
	for _, l := range r.Latencies {
		fmt.Fprintf(b, "| %s | %.1f | %s | %s | %s |\n", l.Load, l.PerSec, l.Start, l.Proof, l.End)
	}
	b.WriteString("\n")
	r.Latencies[len(r.Latencies)-1].writeTrace(b)
}

func (w *Waiting) write(b *strings.Builder) {
	if w == nil || len(w.Steps) == 0 {
		return
	}
	b.WriteString("| waiting | watched | server memory | worker memory | live heap of it | server CPU at rest | worker CPU at rest | proof to provider, p50 / p99 | orders started a second |\n")
	b.WriteString("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, s := range w.Steps {
		fmt.Fprintf(b, "| %d | %d | %d MiB | %d MiB | %d MiB | %s %% | %.1f %% | %s | %s |\n", s.Waiting, s.Watched, s.ServerBytes>>20, s.WorkerBytes>>20, s.WorkerLive>>20,
			plus(100*s.ServerCPU, 100*s.DatabaseCPU, "%.1f"), 100*s.WorkerCPU, s.Proof, orNone(s.PerSec))
	}
	r := w.Recovery
	fmt.Fprintf(b, "\n- worker memory of a watched order: %.0f KiB, and %.0f KiB if it is also in the workflow cache, whose size is limited\n",
		float64(w.WorkerBytesPerWatch)/1024, float64(w.WorkerBytesPerKept)/1024)
	if r.All > 0 {
		alone := r.WorkerBytes - w.Steps[0].WorkerBytes
		fmt.Fprintf(b, "- worker memory of a watch alone, in the worker that was started after the kill: %.0f KiB\n", float64(alone)/1024/float64(w.Watched))
	}
	w.Calm.write(b, 0)
	w.Steady.write(b, w.Steps[len(w.Steps)-1].Waiting)
	w.Hints.write(b)
	if r.All > 0 {
		r.write(b)
	}
	fmt.Fprintf(b, "- rate limit of %g requests a second at the provider and %g at the worker: %d requests answered with 429\n\n", w.ProviderRate, w.WorkerRate, w.Refused)
}

func (s Steady) write(b *strings.Builder, waiting int) {
	fmt.Fprintf(b, "- %d waiting, nothing but polls for %.0f s: %d polls, %.2f %% of %d gaps from 10 to 15 s (%.2f to %.2f s), %.0f heartbeats, %.2f ms of CPU per poll (server %s, worker %.2f)\n",
		waiting, s.Seconds, s.Polls, 100*s.InTime, s.Gaps, s.Shortest, s.Longest, s.Heartbeats, s.cpu(),
		plus(s.ServerCPU, s.DatabaseCPU, "%.2f"), s.WorkerCPU)
}

func (r Recovery) write(b *strings.Builder) {
	fmt.Fprintf(b, "- after `kill -9` of the worker: half of the watches continue within %.0f s, 99 %% within %.0f s, all within %.0f s; the new worker has %d MiB\n",
		r.Half, r.NinetyNine, r.All, r.WorkerBytes>>20)
}

// orNone formats a figure, or a dash for 0.
func orNone(value float64) string {
	if value == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f", value)
}

func (r Report) writeTargets(b *strings.Builder) {
	targets := r.Targets()
	if len(targets) == 0 {
		return
	}
	b.WriteString("| figure | target | measured | |\n| --- | --- | ---: | --- |\n")
	for _, t := range targets {
		result := "met"
		if !t.Met {
			result = "**missed**"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", t.Figure, t.Wanted, t.Measured, result)
	}
	b.WriteString("\n")
}
