package activities

import "go.temporal.io/sdk/client"

// recordsKept is the name of a metric. Prometheus adds _total to it.
const recordsKept = "ramp_records"

// keeping is what became of an attempt to keep a record.
type keeping string

// Outcomes of an attempt to keep a record.
const (
	recordWritten keeping = "written"
	// recordFailed: it is tried again.
	recordFailed keeping = "failed"
)

// BeginRecordMetrics creates the counters with the value zero, because Prometheus does not see the first increment of a counter that begins
// with one. handler is the worker's.
func BeginRecordMetrics(handler client.MetricsHandler) {
	for _, outcome := range []keeping{recordWritten, recordFailed} {
		kept(handler, outcome).Inc(0)
	}
}

func kept(handler client.MetricsHandler, outcome keeping) client.MetricsCounter {
	return handler.WithTags(map[string]string{"outcome": string(outcome)}).Counter(recordsKept)
}

// countKept counts an attempt to keep a record.
func countKept(handler client.MetricsHandler, outcome keeping) { kept(handler, outcome).Inc(1) }
