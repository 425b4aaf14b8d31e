// Package session adds the user's access token to calls of the provider client: Caller is a decorator of an onmeta.Caller.
//
// Tokens stay in the memory of this process. A user has one session and at most one login in flight. A session is renewed
// before its access token expires and, at most once per call, when the provider answers 401; the refresh token is tried before
// a login.
package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/golang-lru/v2/expirable"
	"golang.org/x/sync/singleflight"

	"rampart/internal/redact"
	"rampart/onmeta"
)

const (
	// maxSessions bounds the memory that sessions take. A user whose session was evicted logs in again.
	maxSessions = 100_000
	// maxAge is the lifetime of a refresh token (provider 1.4).
	maxAge = 24 * time.Hour
	// loginTimeout bounds a login, which several calls may wait for.
	loginTimeout = 40 * time.Second
	// maxLoginPause bounds how long a Retry-After of a login is obeyed. It equals the longest pause between two attempts of an
	// activity.
	maxLoginPause = 5 * time.Minute
)

// Caller is an onmeta.Caller that sends the user's access token with every user-scoped call. It is safe for concurrent use.
type Caller struct {
	next     onmeta.Caller
	provider *onmeta.Client
	tokens   *expirable.LRU[redact.Email, *tokens]
	renewals singleflight.Group
	// paused holds the users whose next login the provider has asked to wait for.
	paused *expirable.LRU[redact.Email, loginPause]
}

var _ onmeta.Caller = (*Caller)(nil)

// tokens are one user's tokens. They are immutable: a renewal replaces them.
type tokens struct {
	access  onmeta.Secret
	refresh onmeta.Secret
	// renewAt is nine tenths into the access token's lifetime, so that no call in flight outlives its token.
	renewAt time.Time
}

// loginPause is a failed login whose answer had a Retry-After.
type loginPause struct {
	failure *onmeta.Error
	until   time.Time
}

// New returns a Caller that decorates next.
func New(next onmeta.Caller) *Caller {
	return &Caller{
		next:     next,
		provider: onmeta.New(next),
		tokens:   expirable.NewLRU[redact.Email, *tokens](maxSessions, nil, maxAge),
		paused:   expirable.NewLRU[redact.Email, loginPause](maxSessions, nil, maxLoginPause),
	}
}

// Call implements onmeta.Caller. A call without a user, or with a token of its own, is passed on unchanged.
func (c *Caller) Call(ctx context.Context, call onmeta.Call) (onmeta.Answer, error) {
	if call.User == "" || call.Token != "" {
		return c.next.Call(ctx, call)
	}
	current, err := c.current(ctx, call.User)
	if err != nil {
		return onmeta.Answer{}, err
	}
	answer, err := c.callWith(ctx, call, current)
	if !onmeta.IsKind(err, onmeta.KindUnauthorized) {
		return answer, err
	}
	renewed, err := c.renew(ctx, call.User, current)
	if err != nil {
		return onmeta.Answer{}, err
	}
	return c.callWith(ctx, call, renewed)
}

// Open ensures that the user with this e-mail has a session; it logs the user in if necessary.
func (c *Caller) Open(ctx context.Context, email redact.Email) error {
	_, err := c.current(ctx, email)
	return err
}

func (c *Caller) callWith(ctx context.Context, call onmeta.Call, user *tokens) (onmeta.Answer, error) {
	call.Token = user.access
	return c.next.Call(ctx, call)
}

// current returns the user's tokens, renewed if they are about to expire.
func (c *Caller) current(ctx context.Context, email redact.Email) (*tokens, error) {
	current, found := c.tokens.Get(email)
	if found && time.Now().Before(current.renewAt) {
		return current, nil
	}
	return c.renew(ctx, email, current)
}

// renew replaces stale tokens, unless another call has replaced them already. The request continues when its caller gives up,
// because other calls may wait for it.
func (c *Caller) renew(ctx context.Context, email redact.Email, stale *tokens) (*tokens, error) {
	done := c.renewals.DoChan(string(email), func() (result any, err error) {
		// This runs in a goroutine of its own, where the SDK does not recover a panic.
		defer func() {
			if cause := recover(); cause != nil {
				err = fmt.Errorf("logging the user in panicked: %v", cause)
			}
		}()
		return c.replace(context.WithoutCancel(ctx), email, stale)
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case result := <-done:
		if result.Err != nil {
			return nil, result.Err
		}
		return result.Val.(*tokens), nil
	}
}

// replace does the work of renew. At most one call per user is in flight.
func (c *Caller) replace(ctx context.Context, email redact.Email, stale *tokens) (*tokens, error) {
	if current, found := c.tokens.Get(email); found && current != stale {
		return current, nil
	}
	if err := c.pausedFor(email); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, loginTimeout)
	defer cancel()
	fresh, err := c.fetch(ctx, email, stale)
	if err != nil {
		c.pause(email, err)
		return nil, err
	}
	c.tokens.Add(email, fresh)
	return fresh, nil
}

// pause remembers the Retry-After of a failed login.
func (c *Caller) pause(email redact.Email, err error) {
	var failure *onmeta.Error
	if errors.As(err, &failure) && failure.RetryAfter > 0 {
		c.paused.Add(email, loginPause{failure, time.Now().Add(min(failure.RetryAfter, maxLoginPause))})
	}
}

// pausedFor returns the provider's last answer again while its Retry-After has not passed; nil otherwise.
func (c *Caller) pausedFor(email redact.Email) error {
	last, found := c.paused.Get(email)
	left := time.Until(last.until)
	if !found || left <= 0 {
		return nil
	}
	again := *last.failure
	again.RetryAfter, again.Reached = left, onmeta.NotSent
	return &again
}

// fetch gets new tokens, with the refresh token if there is one and by a login otherwise. A refused refresh token says nothing
// about the user, so it leads to a login; an outage or a rate limit does not.
func (c *Caller) fetch(ctx context.Context, email redact.Email, stale *tokens) (*tokens, error) {
	if stale != nil && stale.refresh != "" {
		access, err := c.provider.RefreshToken(ctx, stale.refresh)
		if err == nil {
			return newTokens(access, stale.refresh), nil
		}
		if onmeta.IsKind(err, onmeta.KindUnavailable) || onmeta.IsKind(err, onmeta.KindRateLimited) {
			return nil, err
		}
	}
	session, err := c.provider.Login(ctx, email)
	if err != nil {
		return nil, err
	}
	return newTokens(session.Access, session.Refresh.Value), nil
}

func newTokens(access onmeta.Token, refresh onmeta.Secret) *tokens {
	return &tokens{
		access:  access.Value,
		refresh: refresh,
		renewAt: time.Now().Add(access.Lifetime - access.Lifetime/10),
	}
}
