package sandbox

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"rampart/sandbox/fault"
)

// page answers as a load balancer without an answer of the provider does.
func (x *injection) page() {
	text := http.StatusText(x.fault.Status)
	x.writer.Header().Set("Content-Type", "text/html")
	x.writer.Header().Set(fault.Header, x.fault.String())
	x.writer.WriteHeader(x.fault.Status)
	_, _ = fmt.Fprintf(x.writer, "<html><head><title>%d %s</title></head><body><h1>%[1]d %[2]s</h1></body></html>\n",
		x.fault.Status, text)
}

// fail answers in the provider's own form.
func (x *injection) fail() {
	if x.fault.RetryAfter > 0 {
		x.writer.Header().Set("Retry-After", x.retryAfter())
	}
	x.writer.Header().Set(fault.Header, x.fault.String())
	x.refuseWith(http.StatusText(x.fault.Status))
}

// refuse answers with a refusal that the request did not deserve.
func (x *injection) refuse() {
	x.writer.Header().Set(fault.Header, x.fault.String())
	message := x.fault.Message
	if message == "" {
		message = usualMessage(x.fault.Status)
	}
	x.refuseWith(message)
}

// usualMessage returns the provider's message for a status (provider 1.6).
func usualMessage(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "Invalid request"
	case http.StatusUnauthorized:
		return "unauthorized to access"
	case http.StatusForbidden:
		return "user is forbidden"
	case http.StatusNotFound:
		return "data not found"
	default:
		return http.StatusText(status)
	}
}

func (x *injection) refuseWith(message string) {
	status := x.fault.Status
	body := refuse(status, message, "").body
	if x.fault.Bare {
		writeJSON(x.writer, status, map[string]any{"error": body.Error})
		return
	}
	writeJSON(x.writer, status, body)
}

// lacksToken reports whether a call comes without an access token, or with an invalid one.
func (x *injection) lacksToken() bool {
	s := x.server
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.authorizeToken(accessToken, &call{request: x.request, now: s.clock.Now()}) != nil
}

// retryAfter returns the wait in seconds, or as a date by the clock of the Date header.
func (x *injection) retryAfter() string {
	wait := time.Duration(x.fault.RetryAfter)
	if x.fault.AsDate {
		return x.server.clock.Now().Add(wait).Format(http.TimeFormat)
	}
	return strconv.Itoa(int(wait.Seconds()))
}

// deny answers as if the key or the token were wrong.
func (x *injection) deny() {
	x.writer.Header().Set(fault.Header, x.fault.String())
	writeJSON(x.writer, http.StatusUnauthorized, unauthorized("").body)
}
