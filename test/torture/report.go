package torture

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"rampart/internal/process"
	"rampart/sandbox/ledger"
)

// Report is what a run found.
type Report struct {
	Seed    int64   `json:"seed"`
	Orders  int     `json:"orders"`
	Faults  float64 `json:"faults"`
	Speed   float64 `json:"speed"`
	Storage string  `json:"storage"`

	Counts     Counts      `json:"counts"`
	Violations []Violation `json:"violations"`

	Wall string `json:"wall"`
	// Blows counts kills and stops. Unclean are workers that did not end well after SIGTERM, Ended those that ended
	// by themselves, with the end of their logs.
	Blows     map[string]int   `json:"blows"`
	Unclean   int              `json:"unclean"`
	Ended     []string         `json:"endedByThemselves,omitempty"`
	Provider  Traffic          `json:"provider"`
	Histories Histories        `json:"histories"`
	PeakBytes map[string]int64 `json:"peakBytes"`
	Machine   process.Machine  `json:"machine"`
	Versions  []string         `json:"versions"`
}

// Good reports whether the run found nothing that must not be.
func (r Report) Good() bool {
	return r.Counts.Good() && len(r.Histories.Unreplayable) == 0 && r.Unclean == 0
}

// Traffic is what the provider saw.
type Traffic struct {
	Requests   int            `json:"requests"`
	Unanswered int            `json:"unanswered"`
	Faults     map[string]int `json:"faults"`
	// Answered429 are refusals for the rate, by a fault or the limit.
	Answered429 int `json:"answered429"`
	Logins      int `json:"logins"`
	Proofs      int `json:"proofs"`
	Payouts     int `json:"payouts"`
	Repeated    int `json:"proofsRepeated"`
	Refused     int `json:"proofsRefused"`
}

func newTraffic(ledger ledger.Ledger) Traffic {
	traffic := Traffic{
		Requests: ledger.Totals.Requests, Unanswered: ledger.Totals.Unanswered, Answered429: ledger.Totals.Answered429,
		Logins: ledger.Totals.Logins, Proofs: len(ledger.Proofs), Payouts: len(ledger.Payouts),
		Repeated: ledger.Totals.ProofsRepeated, Refused: ledger.Totals.ProofsRefused,
		Faults: map[string]int{},
	}
	for _, route := range ledger.Routes {
		for kind, n := range route.Faults {
			traffic.Faults[kind] += n
		}
	}
	return traffic
}

// WriteJSON writes the report for programs.
func (r Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

// WriteText writes the report for people, in Markdown.
func (r Report) WriteText(w io.Writer) error {
	var b strings.Builder
	for _, v := range r.Violations {
		fmt.Fprintf(&b, "%s: %s: %s\n  user: %s\n  workflow: %s\n", v.Fault, v.Reference, v.Reason, v.Plan, v.Workflow)
		for _, made := range v.Ledger {
			entry, _ := json.Marshal(made) // of strings, numbers and times
			fmt.Fprintf(&b, "  ledger: %s\n", entry)
		}
		b.WriteString("\n")
	}
	for _, reason := range r.Histories.Unreplayable {
		fmt.Fprintf(&b, "does not replay: %s\n", reason)
	}
	for _, reason := range r.Ended {
		fmt.Fprintf(&b, "%s\n", reason)
	}
	c := r.Counts
	fmt.Fprintf(&b, "| started | completed | expired | cancelled | refunded | rejected | stuck | doubled orders | lost proofs | wrong endings |\n")
	fmt.Fprintf(&b, "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	fmt.Fprintf(&b, "| %d | %d | %d | %d | %d | %d | **%d** | **%d** | **%d** | **%d** |\n\n",
		c.Started, c.Completed, c.Expired, c.Cancelled, c.Refunded, c.Rejected, c.Stuck, c.Doubled, c.Lost, c.Wrong)
	r.writeFigures(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (r Report) writeFigures(b *strings.Builder) {
	line := func(format string, args ...any) { fmt.Fprintf(b, "- "+format+"\n", args...) }
	line("seed %d, %d orders, %g %% faults, the provider's clock %g times as fast, on %s", r.Seed, r.Orders, 100*r.Faults, r.Speed, r.Storage)
	line("took %s; %s; workers that did not stop cleanly: %d, that ended by themselves: %d", r.Wall, counted(r.Blows), r.Unclean, len(r.Ended))
	p := r.Provider
	line("%d calls to the provider, %d of them unanswered; %d logins, %d proofs accepted, %d of them repeated, %d refused, %d payouts",
		p.Requests, p.Unanswered, p.Logins, p.Proofs, p.Repeated, p.Refused, p.Payouts)
	line("faults: %s", counted(p.Faults))
	line("off-ramp orders made in addition and never shown to anybody: %d; on-ramp orders made again after the first had expired unseen: %d; orders exchanged between twins: %d; mistyped proofs replaced: %d; proofs and cancellations too late: %d",
		r.Counts.Orphans, r.Counts.Replaced, r.Counts.Twins, r.Counts.Corrected, r.Counts.TooLate)
	h := r.Histories
	line("%d histories of %d events together, %d at the most; failed workflow tasks: %s; timed out: %d; activities timed out: %d; replayed, all but %d",
		h.Read, h.Events, h.MostEvents, counted(h.TaskFailures), h.TaskTimeouts, h.ActivityTimeouts, len(h.Unreplayable)+h.Unread)
	var peaks []string
	for _, name := range slices.Sorted(maps.Keys(r.PeakBytes)) {
		peaks = append(peaks, fmt.Sprintf("%s %d MiB", name, r.PeakBytes[name]>>20))
	}
	line("peak memory of one process: %s", strings.Join(peaks, ", "))
	line("machine: %s; %s", r.Machine, strings.Join(r.Versions, ", "))
}

// counted lists counts by name.
func counted(counts map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, counts[name]))
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}
