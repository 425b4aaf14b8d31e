package sandbox

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// page answers what a load balancer does when it has no answer of the provider.
func (x *strike) page() {
	text := http.StatusText(x.fault.Status)
	x.writer.Header().Set("Content-Type", "text/html")
	x.writer.Header().Set(FaultHeader, x.fault.String())
	x.writer.WriteHeader(x.fault.Status)
	_, _ = fmt.Fprintf(x.writer, "<html><head><title>%d %s</title></head><body><h1>%[1]d %[2]s</h1></body></html>\n",
		x.fault.Status, text)
}

// fail answers in the provider's own form.
func (x *strike) fail() {
	if x.fault.RetryAfter > 0 {
		x.writer.Header().Set("Retry-After", x.retryAfter())
	}
	x.writer.Header().Set(FaultHeader, x.fault.String())
	status := x.fault.Status
	writeJSON(x.writer, status, refuse(status, http.StatusText(status), "").body)
}

// retryAfter is the wait in seconds, or as a date by the clock that the Date header shows.
func (x *strike) retryAfter() string {
	wait := time.Duration(x.fault.RetryAfter)
	if x.fault.AsDate {
		return x.server.clock.Now().Add(wait).Format(http.TimeFormat)
	}
	return strconv.Itoa(int(wait.Seconds()))
}

// deny answers as if the key or the token were wrong.
func (x *strike) deny() {
	x.writer.Header().Set(FaultHeader, x.fault.String())
	writeJSON(x.writer, http.StatusUnauthorized, unauthorized("").body)
}
