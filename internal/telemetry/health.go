package telemetry

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// Problem describes what keeps a process from working, and what to do about it.
type Problem struct {
	Problem string `json:"problem"`
	Do      string `json:"do"`
}

// Check tests one dependency of a process.
type Check struct {
	Name string
	// Run returns nil if the dependency is available. It returns when its context ends.
	Run func(context.Context) *Problem
}

const (
	// resultsMaxAge is how long results are reused, so that frequent probes cause no more calls.
	resultsMaxAge = 5 * time.Second
	// checkTimeout bounds all checks together.
	checkTimeout = 2 * time.Second
)

// Readiness is an HTTP handler that reports whether all checks of a process pass. It is safe for concurrent use.
type Readiness struct {
	checks []Check

	mu        sync.Mutex
	checkedAt time.Time
	// last are the results of the last run; nil before the first.
	last atomic.Pointer[results]
}

type results struct {
	Ready  bool                `json:"ready"`
	Checks map[string]*Problem `json:"checks"`
}

// NewReadiness returns the readiness of a process with these checks.
func NewReadiness(checks ...Check) *Readiness { return &Readiness{checks: checks} }

// ServeHTTP responds with 200 or 503 and the result of each check as JSON, null for one that passed:
//
//	{"ready":false,"checks":{"provider":{"problem":"…","do":"…"},"temporal":null}}
func (r *Readiness) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	found := r.check(context.WithoutCancel(request.Context()))
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !found.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(found) // the client may be gone
}

// Measure exports each check as ramp_check_passed, 1 or 0, as it was last run. Metrics are not read while a check runs, and a check is not run while
// they are read: a call that a check makes may measure something for the first time, which waits until they are read.
func (r *Readiness) Measure(meter metric.Meter) error {
	passed, err := meter.Int64ObservableGauge("ramp_check_passed",
		metric.WithDescription("Whether a check of the process passes, 1, or not, 0; /readyz says what to do."))
	if err != nil {
		return fmt.Errorf("readiness: %w", err)
	}
	_, err = meter.RegisterCallback(func(_ context.Context, to metric.Observer) error {
		last := r.last.Load()
		if last == nil {
			return nil
		}
		for name, problem := range last.Checks {
			var value int64
			if problem == nil {
				value = 1
			}
			to.ObserveInt64(passed, value, metric.WithAttributes(attribute.String("check", name)))
		}
		return nil
	}, passed)
	return err
}

// check runs all checks, or returns the results of the last run if they are recent.
func (r *Readiness) check(ctx context.Context) results {
	r.mu.Lock()
	defer r.mu.Unlock()
	if last := r.last.Load(); last != nil && time.Since(r.checkedAt) < resultsMaxAge {
		return *last
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	now := results{Ready: true, Checks: make(map[string]*Problem)}
	for _, check := range r.checks {
		problem := check.Run(ctx)
		now.Checks[check.Name] = problem
		now.Ready = now.Ready && problem == nil
	}
	r.checkedAt = time.Now()
	r.last.Store(&now)
	return now
}
