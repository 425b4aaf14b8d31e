package onmeta

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
)

// Verdict is what the provider thinks of the API key.
type Verdict int32

// Verdicts.
const (
	// KeyUnknown: the provider has not answered yet.
	KeyUnknown Verdict = iota
	// KeyAccepted: it took the key when it was last sent.
	KeyAccepted
	// KeyRefused: it did not. The key is wrong, or this machine's address is not on the merchant's list (provider 1.3).
	KeyRefused
)

// Credentials is a Caller that hears in answers whether the provider takes the API key. It is safe for concurrent use.
type Credentials struct {
	next    Caller
	verdict atomic.Int32
}

var _ Caller = (*Credentials)(nil)

// WatchCredentials returns a decorator of next.
func WatchCredentials(next Caller) *Credentials { return &Credentials{next: next} }

// Verdict is the last one.
func (c *Credentials) Verdict() Verdict { return Verdict(c.verdict.Load()) }

// Call implements Caller.
func (c *Credentials) Call(ctx context.Context, call Call) (Answer, error) {
	answer, err := c.next.Call(ctx, call)
	if verdict := judge(call.Route, err); verdict != KeyUnknown {
		c.verdict.Store(int32(verdict))
	}
	return answer, err
}

// judge says what an answer tells of the key. A 401 tells of it only where no user's token was sent, for the provider does not
// say which of the two is bad (provider 1.4); outages and rate limits tell nothing.
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
