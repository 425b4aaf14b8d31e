package onmeta

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
)

// Verdict is whether the provider accepts the API key.
type Verdict int32

// Verdicts.
const (
	// KeyUnknown: the provider has not answered yet.
	KeyUnknown Verdict = iota
	// KeyAccepted: the provider accepted the key in its last answer about it.
	KeyAccepted
	// KeyRefused: the provider refused it. The key is wrong, or this machine's address is not on the merchant's list (provider 1.3).
	KeyRefused
)

// Credentials is a Caller that observes whether the provider accepts the API key. It is safe for concurrent use.
type Credentials struct {
	next    Caller
	verdict atomic.Int32
}

var _ Caller = (*Credentials)(nil)

// WatchCredentials returns a decorator of next.
func WatchCredentials(next Caller) *Credentials { return &Credentials{next: next} }

// Verdict returns the last verdict.
func (c *Credentials) Verdict() Verdict { return Verdict(c.verdict.Load()) }

// Call implements Caller.
func (c *Credentials) Call(ctx context.Context, call Call) (Answer, error) {
	answer, err := c.next.Call(ctx, call)
	if verdict := judge(call.Route, err); verdict != KeyUnknown {
		c.verdict.Store(int32(verdict))
	}
	return answer, err
}

// judge updates the verdict by an answer. A 401 counts only if no user's token was sent, since the provider does not say which of the two
// is bad (provider 1.4); outages and rate limits do not count.
func judge(route Route, err error) Verdict {
	var failure *Error
	switch {
	case err == nil:
		return KeyAccepted
	case !errors.As(err, &failure) || failure.Reached != Answered:
		return KeyUnknown
	case route.Auth() == AuthMerchant && (failure.Kind == KindUnauthorized || failure.Status == http.StatusForbidden):
		return KeyRefused
	case failure.Kind == KindRefused && failure.Status != http.StatusForbidden:
		return KeyAccepted
	default:
		return KeyUnknown
	}
}
