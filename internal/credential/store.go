// Package credential holds the credentials that a program reads from files, and reads them again when the files change, so that they are
// replaced without a restart.
//
// A file that cannot be used, because it is half written, gone or expired, changes nothing: what was read before stays in use, and log
// and metrics say so until the file can be used.
package credential

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"rampart/internal/redact"
)

// Interval is how often Follow reads the files. They are few and small.
const Interval = 5 * time.Second

// Store holds the credentials of a program. It is safe for concurrent use.
type Store struct {
	mu   sync.Mutex
	all  []followed
	hide atomic.Pointer[func(string) string]
}

// followed is a Value of any type.
type followed interface {
	refresh() outcome
	texts() []string
	label() string
	failed() bool
	expiring(now time.Time) bool
}

// outcome is what came of reading a credential again.
type outcome struct {
	// changed is whether it is another one, or can be used again.
	changed bool
	// problem is why it cannot be used, once for each problem.
	problem error
}

// NewStore returns a store without credentials.
func NewStore() *Store { return &Store{} }

// Hide hides the texts of all credentials, and those that they have replaced last, in a text.
func (s *Store) Hide(text string) string {
	if hide := s.hide.Load(); hide != nil {
		return (*hide)(text)
	}
	return text
}

// Follow reads the files again every Interval until ctx ends, and logs what changes and what cannot be used.
func (s *Store) Follow(ctx context.Context, log *zap.Logger) {
	ticks := time.NewTicker(Interval)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			s.refresh(log)
		}
	}
}

func (s *Store) refresh(log *zap.Logger) {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := false
	for _, each := range s.all {
		outcome := each.refresh()
		changed = changed || outcome.changed
		switch {
		case outcome.problem != nil:
			log.Error("a credential cannot be read again; what was read before stays in use",
				zap.String("source", each.label()), zap.Error(outcome.problem))
		case outcome.changed:
			log.Info("credential read again", zap.String("source", each.label()))
		}
	}
	if changed {
		s.hideAll()
	}
}

// add adds a credential.
func (s *Store) add(each followed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, each)
	s.hideAll()
}

// hideAll compiles what Hide hides.
func (s *Store) hideAll() {
	var texts []string
	for _, each := range s.all {
		texts = append(texts, each.texts()...)
	}
	hide := redact.Hider(texts...)
	s.hide.Store(&hide)
}

// Measure exports how many credentials are failing, by reason: unreadable, whose previous version stays in use, and expiring, those of which
// less than a tenth of the time that they are valid for is left.
func (s *Store) Measure(meter metric.Meter) error {
	failing, err := meter.Int64ObservableGauge("ramp_credentials_failing",
		metric.WithDescription("Credentials whose files cannot be used, or that expire soon and were not renewed; the log names them."))
	if err != nil {
		return fmt.Errorf("credentials: %w", err)
	}
	_, err = meter.RegisterCallback(func(_ context.Context, to metric.Observer) error {
		unreadable, expiring := s.failing(time.Now())
		to.ObserveInt64(failing, unreadable, metric.WithAttributes(attribute.String("reason", "unreadable")))
		to.ObserveInt64(failing, expiring, metric.WithAttributes(attribute.String("reason", "expiring")))
		return nil
	}, failing)
	return err
}

func (s *Store) failing(now time.Time) (unreadable, expiring int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, each := range s.all {
		if each.failed() {
			unreadable++
		}
		if each.expiring(now) {
			expiring++
		}
	}
	return unreadable, expiring
}

// Reading is a credential as it was read once.
type Reading[T any] struct {
	Value T
	// Texts are the secrets in the value, for Hide.
	Texts []string
	// ValidFrom and ValidUntil are zero for what does not expire.
	ValidFrom, ValidUntil time.Time
}

// Value is a credential that is read again when its files change.
type Value[T any] struct {
	name    string
	read    func() (Reading[T], error)
	same    func(T, T) bool
	current atomic.Pointer[Reading[T]]

	// The store guards what follows.
	previous []string
	problem  string
}

// Open reads a credential and adds it to the store. name names it in logs; same reports whether two values are equal. An error of read keeps
// the previous value, except here, where there is none.
func Open[T any](s *Store, name string, read func() (Reading[T], error), same func(T, T) bool) (*Value[T], error) {
	first, err := read()
	if err != nil {
		return nil, err
	}
	v := &Value[T]{name: name, read: read, same: same}
	v.current.Store(&first)
	s.add(v)
	return v, nil
}

// Get returns the credential as it is now.
func (v *Value[T]) Get() T { return v.current.Load().Value }

func (v *Value[T]) refresh() outcome {
	next, err := v.read()
	if err != nil {
		repeated := v.problem == err.Error()
		v.problem = err.Error()
		if repeated {
			return outcome{}
		}
		return outcome{problem: err}
	}
	recovered := v.problem != ""
	v.problem = ""
	current := v.current.Load()
	if v.same(current.Value, next.Value) {
		return outcome{changed: recovered}
	}
	v.previous = current.Texts
	v.current.Store(&next)
	return outcome{changed: true}
}

func (v *Value[T]) label() string { return v.name }

func (v *Value[T]) failed() bool { return v.problem != "" }

func (v *Value[T]) texts() []string { return slices.Concat(v.current.Load().Texts, v.previous) }

// renewalShare is the share of a certificate's validity before whose last part it must be renewed.
const renewalShare = 10

func (v *Value[T]) expiring(now time.Time) bool {
	current := v.current.Load()
	if current.ValidUntil.IsZero() {
		return false
	}
	return current.ValidUntil.Sub(now) < current.ValidUntil.Sub(current.ValidFrom)/renewalShare
}
