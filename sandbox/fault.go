package sandbox

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// FaultKind names a kind of trouble between a client and the provider, or within the provider; FaultTable tells
// what each does.
type FaultKind string

// The kinds of faults.
const (
	FaultLatency      FaultKind = "latency"
	FaultTimeout      FaultKind = "timeout"
	FaultReset        FaultKind = "reset"
	FaultTruncated    FaultKind = "truncated"
	FaultHTML         FaultKind = "html"
	FaultError        FaultKind = "error"
	FaultRateLimit    FaultKind = "rate-limit"
	FaultUnauthorized FaultKind = "unauthorized"
	FaultRevoke       FaultKind = "revoke"
	FaultStale        FaultKind = "stale"
	FaultReorder      FaultKind = "reorder"
	FaultRepeat       FaultKind = "repeat"
	FaultLate         FaultKind = "late"
	FaultLatePayment  FaultKind = "late-payment"
	FaultRefuse       FaultKind = "refuse"
	FaultNeedsToken   FaultKind = "needs-token"
	FaultSlowCommit   FaultKind = "slow-commit"
	FaultWithout      FaultKind = "without"
	FaultSays         FaultKind = "says"
	FaultEarlyClock   FaultKind = "early-clock"
	FaultPaymentMode  FaultKind = "payment-mode"
	FaultScientific   FaultKind = "scientific"
	FaultManyDecimals FaultKind = "many-decimals"
	FaultFlap         FaultKind = "flap"
	// FaultMix is any of those that have a weight in FaultTable, drawn anew for each call by the weights.
	FaultMix FaultKind = "mix"
)

// FaultHeader names, in an answer that holds a fault, its kind. The provider has no such header.
const FaultHeader = "X-Sandbox-Fault"

// Fault is a kind of fault and its parameters. A parameter left zero takes the kind's default, and one that the
// kind does not know is refused.
type Fault struct {
	Kind FaultKind `json:"fault"`
	// After lets the provider do what it was asked before the fault strikes, so that only its answer is lost.
	After bool `json:"after,omitempty"`
	// Status is the HTTP status of html, error and refuse.
	Status int `json:"status,omitempty"`
	// Message is what refuse says, empty for what the provider says with its status, and what says puts into an answer.
	Message string `json:"message,omitempty"`
	// Bare leaves "success" out of the answer of error and refuse.
	Bare bool `json:"bare,omitempty"`
	// Fields are the members that without takes out of an answer, and says rewrites, wherever they stand in it, separated by commas.
	Fields string `json:"fields,omitempty"`
	// RetryAfter is the header of that name, in whole seconds; zero leaves it out.
	RetryAfter Duration `json:"retryAfter,omitzero"`
	// AsDate writes RetryAfter as an HTTP date of the sandbox's clock.
	AsDate bool `json:"asDate,omitempty"`
	// Delay is how long latency takes, in real time. In the sandbox's, it is by how much late and late-payment put an
	// order off, when slow-commit makes one, and how long each status of flap lasts.
	Delay Duration `json:"delay,omitzero"`
	// Lag is how old the statuses are that stale shows, and how early the times of early-clock, in the sandbox's time.
	Lag Duration `json:"lag,omitzero"`
	// For is how long stale shows them, and flap lasts, in the sandbox's time.
	For Duration `json:"for,omitzero"`
}

// Duration is a time.Duration that JSON spells as "1m30s".
type Duration time.Duration

// MarshalText writes the duration as time.Duration's String does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = Duration(parsed)
	return err
}

// String returns the kind, with " after" where the provider does what it was asked first: as the ledger counts it.
func (f Fault) String() string {
	if f.After {
		return string(f.Kind) + " after"
	}
	return string(f.Kind)
}

// filled checks a fault and fills in its kind's defaults.
func (f Fault) filled() (Fault, error) {
	if f.Kind == FaultMix {
		return f, f.checkParameters(nil)
	}
	k, ok := faultKindsByName()[f.Kind]
	if !ok {
		return Fault{}, fmt.Errorf("fault must be one of %q, or %s", faultNames(), FaultMix)
	}
	if err := f.checkParameters(k.takes); err != nil {
		return Fault{}, err
	}
	f = f.withDefaults(k.defaults)
	return f, f.checkValues()
}

// checkParameters refuses what the kind does not know.
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
	setDefault(&f.Status, d.Status)
	setDefault(&f.Delay, d.Delay)
	setDefault(&f.Lag, d.Lag)
	setDefault(&f.For, d.For)
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
	case f.Kind == FaultError && (f.Status < 500 || f.Status > 599):
		return errors.New("status of error must be between 500 and 599")
	case f.Kind == FaultRefuse && (f.Status < 400 || f.Status > 499):
		return errors.New("status of refuse must be between 400 and 499")
	case f.Kind == FaultWithout && f.Fields == "":
		return errors.New("without needs fields")
	case f.Kind == FaultSays && f.Fields == "":
		return errors.New("says needs fields")
	case f.Kind == FaultHTML && f.Status != http.StatusOK && (f.Status < 400 || f.Status > 599):
		return errors.New("status of html must be 200, or between 400 and 599")
	}
	return nil
}
