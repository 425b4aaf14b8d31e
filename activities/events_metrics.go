package activities

import (
	"errors"
	"time"

	"go.temporal.io/sdk/client"

	"rampart/events"
	"rampart/ramp"
)

// Names of the metrics of events. Prometheus adds units and _total to the names.
const (
	eventsSent   = "ramp_events_sent"
	eventLatency = "ramp_event_latency"
)

// sending is what became of an event that was sent.
type sending string

// Outcomes of a sending.
const (
	// sendingDelivered: the endpoint took the event.
	sendingDelivered sending = "delivered"
	// sendingFailed: it did not, and gets it again.
	sendingFailed sending = "failed"
	// sendingRefused: it did not, and sending it again cannot succeed.
	sendingRefused sending = "refused"
	// sendingGone: it wants no more events.
	sendingGone sending = "gone"
)

func sendings() []sending {
	return []sending{sendingDelivered, sendingFailed, sendingRefused, sendingGone}
}

// BeginEventMetrics creates the counters of every endpoint with the value zero, because Prometheus does not see the first increment of a
// counter that begins with one. handler is the worker's.
func BeginEventMetrics(handler client.MetricsHandler, endpoints []string) {
	for _, endpoint := range endpoints {
		for _, outcome := range sendings() {
			sent(handler, endpoint, outcome).Inc(0)
		}
	}
}

func sent(handler client.MetricsHandler, endpoint string, outcome sending) client.MetricsCounter {
	return handler.WithTags(map[string]string{"endpoint": endpoint, "outcome": string(outcome)}).Counter(eventsSent)
}

// countSent counts an event that was sent to the endpoint of this name, and how long after the change of the order the endpoint took it.
func countSent(handler client.MetricsHandler, endpoint string, event ramp.Event, err error) {
	var refused *events.RefusedError
	switch {
	case err == nil:
		sent(handler, endpoint, sendingDelivered).Inc(1)
		handler.WithTags(map[string]string{"endpoint": endpoint}).Timer(eventLatency).Record(time.Since(event.At))
	case !errors.As(err, &refused):
		sent(handler, endpoint, sendingFailed).Inc(1)
	case refused.Gone:
		sent(handler, endpoint, sendingGone).Inc(1)
	case refused.Permanent:
		sent(handler, endpoint, sendingRefused).Inc(1)
	default:
		sent(handler, endpoint, sendingFailed).Inc(1)
	}
}
