package telemetry

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// Problem is what keeps a process from its work, and what to do about it.
type Problem struct {
	Problem string `json:"problem"`
	Do      string `json:"do"`
}

// Check looks at one thing that a process needs. It returns nil if that is well, and looks no longer than its context
// lets it.
type Check struct {
	Name string
	Look func(context.Context) *Problem
}

const (
	// findingsKept is how long what checks have found is told again: however often somebody asks, no more calls are made.
	findingsKept = 5 * time.Second
	// lookTimeout bounds all checks together.
	lookTimeout = 2 * time.Second
)

// Readiness says whether all is well that a process needs. It is safe for concurrent use.
type Readiness struct {
	checks []Check

	mu    sync.Mutex
	found findings
	at    time.Time
}

type findings struct {
	Ready  bool                `json:"ready"`
	Checks map[string]*Problem `json:"checks"`
}

// NewReadiness returns the readiness that these checks find.
func NewReadiness(checks ...Check) *Readiness { return &Readiness{checks: checks} }

// ServeHTTP answers 200 or 503, and as JSON what is not well:
//
//	{"ready":false,"checks":{"provider":{"problem":"…","do":"…"},"temporal":null}}
func (r *Readiness) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	found := r.look(context.WithoutCancel(request.Context()))
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !found.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(found) // whoever asked may be gone
}

// Measure shows each check as ramp_check_passed, 1 or 0.
func (r *Readiness) Measure(meter metric.Meter) error {
	passed, err := meter.Int64ObservableGauge("ramp_check_passed",
		metric.WithDescription("Whether a thing that the process needs is well, 1, or not, 0; /readyz says what to do."))
	if err != nil {
		return fmt.Errorf("readiness: %w", err)
	}
	_, err = meter.RegisterCallback(func(ctx context.Context, to metric.Observer) error {
		for name, problem := range r.look(ctx).Checks {
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

func (r *Readiness) look(ctx context.Context) findings {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.at.IsZero() && time.Since(r.at) < findingsKept {
		return r.found
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	r.found = findings{Ready: true, Checks: make(map[string]*Problem)}
	for _, check := range r.checks {
		problem := check.Look(ctx)
		r.found.Checks[check.Name] = problem
		r.found.Ready = r.found.Ready && problem == nil
	}
	r.at = time.Now()
	return r.found
}
