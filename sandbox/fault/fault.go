// Package fault decides which calls of the sandbox fail and how: the kinds of faults with their parameters, and the rules that choose
// calls by scope, share and seed. The sandbox carries them out.
package fault

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Kind is a kind of fault between a client and the provider, or within the provider; Table describes each.
type Kind string

// The kinds of faults.
const (
	Latency      Kind = "latency"
	Timeout      Kind = "timeout"
	Reset        Kind = "reset"
	Truncated    Kind = "truncated"
	HTML         Kind = "html"
	Error        Kind = "error"
	RateLimit    Kind = "rate-limit"
	Unauthorized Kind = "unauthorized"
	Revoke       Kind = "revoke"
	Stale        Kind = "stale"
	Reorder      Kind = "reorder"
	Repeat       Kind = "repeat"
	Late         Kind = "late"
	LatePayment  Kind = "late-payment"
	Refuse       Kind = "refuse"
	NeedsToken   Kind = "needs-token"
	SlowCommit   Kind = "slow-commit"
	Without      Kind = "without"
	Says         Kind = "says"
	EarlyClock   Kind = "early-clock"
	PaymentMode  Kind = "payment-mode"
	Scientific   Kind = "scientific"
	ManyDecimals Kind = "many-decimals"
	Flap         Kind = "flap"
	// The kinds below are those of webhooks.
	WebhookLost     Kind = "webhook-lost"
	WebhookLate     Kind = "webhook-late"
	WebhookTwice    Kind = "webhook-twice"
	WebhookReorder  Kind = "webhook-reorder"
	WebhookForged   Kind = "webhook-forged"
	WebhookUnsigned Kind = "webhook-unsigned"
	WebhookWrapped  Kind = "webhook-wrapped"
	// Mix draws one of the kinds that have a weight in Table, by the weights, anew for each call.
	Mix Kind = "mix"
)

// Header is the response header that names the fault of an answer. The provider has no such header.
const Header = "X-Sandbox-Fault"

// Fault is a kind of fault and its parameters. A zero parameter takes the kind's default; one that the kind does not take is
// refused.
type Fault struct {
	Kind Kind `json:"fault"`
	// After lets the provider carry out the call before the fault, so that only its answer is lost.
	After bool `json:"after,omitempty"`
	// Status is the HTTP status of html, error and refuse.
	Status int `json:"status,omitempty"`
	// Message is the message of refuse, where empty stands for the provider's usual one for the status, and the text that says puts
	// into an answer.
	Message string `json:"message,omitempty"`
	// Bare leaves "success" out of the answer of error and refuse.
	Bare bool `json:"bare,omitempty"`
	// Fields are the JSON members, separated by commas and at any depth, that without removes from an answer and says rewrites.
	Fields string `json:"fields,omitempty"`
	// RetryAfter is the header of that name, in whole seconds; zero leaves it out.
	RetryAfter Duration `json:"retryAfter,omitzero"`
	// AsDate writes RetryAfter as an HTTP date by the sandbox's clock.
	AsDate bool `json:"asDate,omitempty"`
	// Delay is how long latency takes, in real time. In the sandbox's time, it is by how much late and late-payment postpone an
	// order, after how long slow-commit creates one, how long each status of flap lasts, and by how much webhook-late is late.
	Delay Duration `json:"delay,omitzero"`
	// Lag is the age of the statuses that stale shows, and by how much early-clock's times are early, in the sandbox's time.
	Lag Duration `json:"lag,omitzero"`
	// For is how long stale and flap last, in the sandbox's time.
	For Duration `json:"for,omitzero"`
}

// Duration is a time.Duration that is written in JSON as "1m30s".
type Duration time.Duration

// MarshalText returns the duration in the format of time.Duration.String.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText parses the format of time.ParseDuration.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = Duration(parsed)
	return err
}

// String returns the kind, followed by " after" if After is set: the name under which the ledger counts the fault.
func (f Fault) String() string {
	if f.After {
		return string(f.Kind) + " after"
	}
	return string(f.Kind)
}

// complete validates a fault and fills in its kind's defaults.
func (f Fault) complete() (Fault, error) {
	if f.Kind == Mix {
		return f, f.checkParameters(nil)
	}
	k, ok := kindsByName()[f.Kind]
	if !ok {
		return Fault{}, fmt.Errorf("fault must be one of %q, or %s", names(), Mix)
	}
	if err := f.checkParameters(k.takes); err != nil {
		return Fault{}, err
	}
	f = f.withDefaults(k.defaults)
	return f, f.checkValues()
}

// checkParameters refuses parameters that the kind does not take.
func (f Fault) checkParameters(takes []string) error {
	for _, p := range f.parameters() {
		if p.given && !slices.Contains(takes, p.name) {
			return fmt.Errorf("%s is no parameter of %s", p.name, f.Kind)
		}
	}
	return nil
}

type parameter struct {
	name  string
	given bool
}

func (f Fault) parameters() []parameter {
	return []parameter{
		{"after", f.After}, {"status", f.Status != 0}, {"retryAfter", f.RetryAfter != 0}, {"asDate", f.AsDate},
		{"delay", f.Delay != 0}, {"lag", f.Lag != 0}, {"for", f.For != 0},
		{"message", f.Message != ""}, {"bare", f.Bare}, {"fields", f.Fields != ""},
	}
}

func (f Fault) withDefaults(d Fault) Fault {
	f.Status = cmp.Or(f.Status, d.Status)
	f.Delay = cmp.Or(f.Delay, d.Delay)
	f.Lag = cmp.Or(f.Lag, d.Lag)
	f.For = cmp.Or(f.For, d.For)
	return f
}

func (f Fault) checkValues() error {
	switch {
	case f.Delay < 0 || f.Lag < 0 || f.For < 0 || f.RetryAfter < 0:
		return errors.New("a duration must not be negative")
	case time.Duration(f.RetryAfter)%time.Second != 0:
		return errors.New("retryAfter must be whole seconds")
	case f.AsDate && f.RetryAfter == 0:
		return errors.New("asDate needs retryAfter")
	case f.Kind == Error && (f.Status < 500 || f.Status > 599):
		return errors.New("status of error must be between 500 and 599")
	case f.Kind == Refuse && (f.Status < 400 || f.Status > 499):
		return errors.New("status of refuse must be between 400 and 499")
	case f.Kind == Without && f.Fields == "":
		return errors.New("without needs fields")
	case f.Kind == Says && f.Fields == "":
		return errors.New("says needs fields")
	case f.Kind == HTML && f.Status != http.StatusOK && (f.Status < 400 || f.Status > 599):
		return errors.New("status of html must be 200, or between 400 and 599")
	}
	return nil
}
