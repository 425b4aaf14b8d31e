package main

import (
	"net/http"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// requestMetrics measures the requests of both listeners.
type requestMetrics struct {
	duration metric.Float64Histogram
	active   metric.Int64UpDownCounter
}

func newRequestMetrics(meter metric.Meter) (*requestMetrics, error) {
	duration, err := meter.Float64Histogram("ramp_gateway_request_duration", metric.WithUnit("s"),
		metric.WithDescription("Time from a request's headers to the end of its response, by listener, method, route and status; waits for an order count."))
	if err != nil {
		return nil, err
	}
	active, err := meter.Int64UpDownCounter("ramp_gateway_requests_active",
		metric.WithDescription("Requests in flight by listener, also those that wait for an order."))
	if err != nil {
		return nil, err
	}
	return &requestMetrics{duration: duration, active: active}, nil
}

// measure measures the requests that a listener's handler serves. The handler leaves the route's pattern in the request.
func (m *requestMetrics) measure(listener string, next http.Handler) http.Handler {
	from := attribute.String("listener", listener)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		answer := &observed{ResponseWriter: w}
		m.active.Add(r.Context(), 1, metric.WithAttributes(from))
		defer func() {
			m.active.Add(r.Context(), -1, metric.WithAttributes(from))
			m.duration.Record(r.Context(), time.Since(began).Seconds(), metric.WithAttributes(from,
				attribute.String("method", methodOf(r)), attribute.String("route", routeOf(r)), attribute.Int("status", answer.result()),
			))
		}()
		next.ServeHTTP(answer, r)
	})
}

// routeOf returns the template of a request's route, such as /v1/onramp/orders/{reference}, or none.
func routeOf(r *http.Request) string {
	_, path, found := strings.Cut(r.Pattern, "/")
	if !found {
		return "none"
	}
	return "/" + path
}

// methodOf returns a request's method, or other for one that a caller invented: callers cannot make new series of metrics.
func methodOf(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	default:
		return "other"
	}
}

// observed remembers the status of a response.
type observed struct {
	http.ResponseWriter
	status int
}

// Unwrap lets http.ResponseController reach the connection.
func (o *observed) Unwrap() http.ResponseWriter { return o.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (o *observed) WriteHeader(status int) {
	if o.status == 0 {
		o.status = status
	}
	o.ResponseWriter.WriteHeader(status)
}

// result returns the status of the response. A handler that only writes a body, or nothing, responds with 200.
func (o *observed) result() int {
	if o.status == 0 {
		return http.StatusOK
	}
	return o.status
}
