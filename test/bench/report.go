package bench

import (
	"encoding/json"
	"io"
	"time"

	"rampart/internal/process"
)

// Report is the result of a measurement.
type Report struct {
	begun time.Time

	// Command is the command line of the measurement, and Took its duration.
	Command  string          `json:"command"`
	Took     string          `json:"took"`
	Seed     int64           `json:"seed"`
	Machine  process.Machine `json:"machine"`
	Versions []string        `json:"versions"`
	// Database is what Temporal's data was kept in.
	Database string `json:"database,omitempty"`

	// Idle is the share of one processor that each program uses without orders. Costs does not include it.
	Idle      map[string]float64 `json:"idleCpuShare,omitempty"`
	Costs     []Cost             `json:"costs,omitempty"`
	Rates     []Rate             `json:"rates,omitempty"`
	Latencies []Latencies        `json:"latencies,omitempty"`
	Profile   *OrdersProfile     `json:"profile,omitempty"`
	Waiting   *Waiting           `json:"waiting,omitempty"`
	// Rest is what waiting orders use while nothing happens.
	Rest *Rest `json:"rest,omitempty"`
	// Deliveries compares designs of the delivery of events; the first is without them.
	Deliveries []Delivering `json:"deliveries,omitempty"`
	// Peers compares Rampart with other libraries.
	Peers *Peers `json:"peers,omitempty"`
	// Takeovers are how orders go on after their worker was killed, on the same libraries.
	Takeovers []Takeover `json:"takeovers,omitempty"`
	// Crashes are how orders go on after one of several workers was killed.
	Crashes *Crashes `json:"crashes,omitempty"`
}

func newReport(options Options) Report {
	return Report{
		begun: time.Now(), Command: options.Command, Seed: options.Seed,
		Machine: process.ThisMachine(), Versions: process.Versions(),
	}
}

// finished returns the report with the duration of the measurement.
func (r Report) finished() Report {
	r.Took = time.Since(r.begun).Round(time.Second).String()
	return r
}

// WriteJSON writes the report and its targets as JSON.
func (r Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(struct {
		Report
		Targets []Target `json:"targets"`
	}{r, r.Targets()})
}
