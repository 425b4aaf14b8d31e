package torture

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"rampart/internal/process"
	"rampart/sandbox/ledger"
)

// Report is the result of a run.
type Report struct {
	Seed    int64   `json:"seed"`
	Orders  int     `json:"orders"`
	Faults  float64 `json:"faults"`
	Speed   float64 `json:"speed"`
	Storage string  `json:"storage"`

	Counts     Counts      `json:"counts"`
	Events     Events      `json:"events"`
	Books      Books       `json:"books"`
	Violations []Violation `json:"violations"`

	Duration string `json:"duration"`
	// Disruptions counts kills and stops by kind.
	Disruptions map[string]int `json:"disruptions"`
	// UncleanStops counts the workers that did not exit with code 0 after SIGTERM.
	UncleanStops int `json:"uncleanStops"`
	// UnexpectedExits has the end of the log of each program that exited by itself.
	UnexpectedExits []string `json:"unexpectedExits,omitempty"`
	Provider        Traffic  `json:"provider"`
	Hints           Hints    `json:"hints"`
	// Blows are what was done to a cluster; none for another stack.
	Blows     []Blow           `json:"blows,omitempty"`
	Histories Histories        `json:"histories"`
	PeakBytes map[string]int64 `json:"peakBytes"`
	Machine   process.Machine  `json:"machine"`
	Versions  []string         `json:"versions"`
}

// Good reports whether there is no violation, every event was delivered, the books agree, every history replays, and every worker stopped
// cleanly.
func (r Report) Good() bool {
	return r.Counts.Good() && r.Events.Good() && r.Books.Good() && len(r.Histories.Unreplayable) == 0 && r.UncleanStops == 0
}

// Traffic summarizes the calls that the provider received.
type Traffic struct {
	Requests   int            `json:"requests"`
	Unanswered int            `json:"unanswered"`
	Faults     map[string]int `json:"faults"`
	// Answered429 counts requests that were refused by the rate limit or by a fault.
	Answered429 int `json:"answered429"`
	Logins      int `json:"logins"`
	Proofs      int `json:"proofs"`
	Payouts     int `json:"payouts"`
	Repeated    int `json:"proofsRepeated"`
	Refused     int `json:"proofsRefused"`
}

func newTraffic(recorded ledger.Ledger) Traffic {
	traffic := Traffic{
		Requests: recorded.Totals.Requests, Unanswered: recorded.Totals.Unanswered, Answered429: recorded.Totals.Answered429,
		Logins: recorded.Totals.Logins, Proofs: len(recorded.Proofs), Payouts: len(recorded.Payouts),
		Repeated: recorded.Totals.ProofsRepeated, Refused: recorded.Totals.ProofsRefused,
		Faults: map[string]int{},
	}
	for _, route := range recorded.Routes {
		for kind, n := range route.Faults {
			traffic.Faults[kind] += n
		}
	}
	return traffic
}

// WriteJSON writes the report as JSON.
func (r Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

// WriteText writes the report as Markdown.
func (r Report) WriteText(w io.Writer) error {
	var b strings.Builder
	for _, v := range r.Violations {
		fmt.Fprintf(&b, "%s: %s: %s\n  user: %s\n  workflow: %s\n", v.Kind, v.Reference, v.Reason, v.Plan, v.Workflow)
		for _, made := range v.Ledger {
			entry, _ := json.Marshal(made) // of strings, numbers and times
			fmt.Fprintf(&b, "  ledger: %s\n", entry)
		}
		b.WriteString("\n")
	}
	for _, reason := range r.Histories.Unreplayable {
		fmt.Fprintf(&b, "does not replay: %s\n", reason)
	}
	for _, reason := range r.UnexpectedExits {
		fmt.Fprintf(&b, "%s\n", reason)
	}
	r.Books.writeProblems(&b)
	c := r.Counts
	fmt.Fprintf(&b, "| started | completed | expired | cancelled | refunded | rejected | stuck | duplicate orders | lost proofs | wrong endings |\n")
	fmt.Fprintf(&b, "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	fmt.Fprintf(&b, "| %d | %d | %d | %d | %d | %d | **%d** | **%d** | **%d** | **%d** |\n\n",
		c.Started, c.Completed, c.Expired, c.Cancelled, c.Refunded, c.Rejected, c.Stuck, c.Duplicates, c.Lost, c.Wrong)
	r.writeComparisons(&b)
	r.writeBlows(&b)
	r.writeFigures(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

// lossy reports whether Temporal's database was lost. Such a run compares neither events nor books.
func (r Report) lossy() bool { return r.Disruptions[string(loseDatabase)] > 0 }

// writeComparisons writes what the endpoint of events got, and what reconciliations found.
func (r Report) writeComparisons(b *strings.Builder) {
	if r.lossy() {
		return
	}
	e, k := r.Events, r.Books
	fmt.Fprintf(b, "| events | repeated | missing | out of order | unsigned | in progress | late |\n")
	fmt.Fprintf(b, "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	fmt.Fprintf(b, "| %d | %d | **%d** | **%d** | **%d** | **%d** | %d |\n\n", e.Events, e.Repeated, e.Missing, e.Misordered, e.Unsigned, e.Undelivered, e.Late)
	fmt.Fprintf(b, "| reconciled | lost creations found | overlooked | other differences | forced differences | missed | found beyond them |\n")
	fmt.Fprintf(b, "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	fmt.Fprintf(b, "| %d | %d | **%d** | **%d** | %d | **%d** | **%d** |\n\n", k.Compared, k.Lost, len(k.Overlooked), len(k.Differences),
		k.forcedNumber(), len(k.Missed), len(k.Extra))
}

// writeBlows writes what was done to a cluster, and how long it needed.
func (r Report) writeBlows(b *strings.Builder) {
	if len(r.Blows) == 0 {
		return
	}
	fmt.Fprintf(b, "| blow | every process runs again | first call answered | calls that waited | half of them answered | all answered |\n")
	fmt.Fprintf(b, "| --- | ---: | ---: | ---: | ---: | ---: |\n")
	seconds := func(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
	for _, blow := range r.Blows {
		fmt.Fprintf(b, "| %s | %s | %s | %d | %s | %s |\n", blow.Kind, seconds(blow.Replaced), seconds(blow.First), blow.Waiting, seconds(blow.Half),
			seconds(blow.Last))
	}
	fmt.Fprintln(b)
}

func (r Report) writeFigures(b *strings.Builder) {
	line := func(format string, args ...any) { fmt.Fprintf(b, "- "+format+"\n", args...) }
	line("seed %d, %d orders, %g %% faults, provider's clock %g times as fast as real time, on %s", r.Seed, r.Orders, 100*r.Faults, r.Speed, r.Storage)
	line("took %s; %s; workers that did not stop cleanly: %d; programs that exited by themselves: %d", r.Duration, formatCounts(r.Disruptions), r.UncleanStops, len(r.UnexpectedExits))
	p := r.Provider
	line("%d calls to the provider, %d without a response; %d logins; %d proofs accepted, %d repeated, %d refused; %d payouts",
		p.Requests, p.Unanswered, p.Logins, p.Proofs, p.Repeated, p.Refused, p.Payouts)
	line("faults: %s", formatCounts(p.Faults))
	line("additional off-ramp orders that no user saw: %d; on-ramp orders made again after the first had expired unseen: %d, in place of one whose instructions were lost: %d, before the first one came to light: %d; orders exchanged between twins: %d; mistyped proofs replaced: %d; proofs and cancellations too late: %d",
		r.Counts.Orphans, r.Counts.Replaced, r.Counts.LostInstructions, r.Counts.CreatedLate, r.Counts.Twins, r.Counts.Corrected, r.Counts.TooLate)
	if r.lossy() {
		line("Temporal's database was lost %d times, with the histories of %d orders; on-ramp orders that were being made then, and made again: %d; "+
			"neither events nor books are compared", r.Disruptions[string(loseDatabase)], r.Histories.Lost, r.Counts.MadeAtALoss)
	}
	h := r.Histories
	line("%d histories with %d events, the longest with %d; failed workflow tasks: %s; workflow tasks timed out: %d; activities timed out: %d; histories that do not replay: %d",
		h.Read, h.Events, h.MostEvents, formatCounts(h.TaskFailures), h.TaskTimeouts, h.ActivityTimeouts, len(h.Unreplayable)+h.Unread)
	line("webhooks of the provider by the status of their answer: %s; by what became of them: %s; hints that no gateway answered: %d, that a gateway gave up: %d, that may have been in one that was killed: %d",
		formatCounts(r.Hints.Answers), formatCounts(r.Hints.Results), r.Hints.Unanswered, r.Hints.GivenUp, r.Hints.Killed)
	if e := r.Events; !r.lossy() {
		line("%d requests with events, of which the endpoint refused %d and took %d without an answer; it was away for %s", e.Requests, e.Refused, e.Unanswered, e.Outage)
		line("reconciled %d times before differences were forced; forced: %s; kinds that no order was there for: %s", r.Books.Attempts,
			formatCounts(r.Books.Forced), formatNames(r.Books.kindsNotForced()))
	}
	line("peak memory of one process: %s", formatMemory(r.PeakBytes))
	line("machine: %s; %s", r.Machine, strings.Join(r.Versions, ", "))
}

// formatCounts lists counts by name.
func formatCounts(counts map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, counts[name]))
	}
	return formatNames(parts)
}

// formatNames lists names.
func formatNames(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// formatMemory lists sizes by name.
func formatMemory(bytes map[string]int64) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(bytes)) {
		parts = append(parts, fmt.Sprintf("%s %d MiB", name, bytes[name]>>20))
	}
	return strings.Join(parts, ", ")
}
