package bench

import (
	"encoding/json"
	"io"
	"time"

	"rampart/internal/process"
)

// Report is what a measurement found.
type Report struct {
	begun time.Time

	// Command is how the measurement was started, and Took how long it took.
	Command  string          `json:"command"`
	Took     string          `json:"took"`
	Seed     int64           `json:"seed"`
	Machine  process.Machine `json:"machine"`
	Versions []string        `json:"versions"`

	// Idle is the share of one processor that each program uses when there is nothing to do. It is left out of Costs.
	Idle      map[string]float64 `json:"idleCpuShare,omitempty"`
	Costs     []Cost             `json:"costs,omitempty"`
	Rates     []Rate             `json:"rates,omitempty"`
	Latencies []Latencies        `json:"latencies,omitempty"`
	Waiting   *Waiting           `json:"waiting,omitempty"`
}

func newReport(options Options) Report {
	return Report{
		begun: time.Now(), Command: options.Command, Seed: options.Seed,
		Machine: process.ThisMachine(), Versions: process.Versions(),
	}
}

// finished notes how long the measurement took.
func (r Report) finished() Report {
	r.Took = time.Since(r.begun).Round(time.Second).String()
	return r
}

// WriteJSON writes the report for programs, with its targets.
func (r Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(struct {
		Report
		Targets []Target `json:"targets"`
	}{r, r.Targets()})
}
