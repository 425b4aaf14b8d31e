package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/golang-lru/v2/expirable"
	"golang.org/x/sync/singleflight"

	"rampart/onmeta"
)

const (
	// sessionsKept bounds the memory that sessions take; the user of one that fell out logs in again.
	sessionsKept = 100_000
	// sessionLife is how long a refresh token lives (provider 1.4).
	sessionLife = 24 * time.Hour
	// loginTimeout bounds a login, which several activities may be waiting for.
	loginTimeout = 40 * time.Second
)

// Sessions gives user-scoped calls the user's access token. Tokens live in this process only. A user has one session,
// made by one login at a time, renewed before it expires and, once per call, when the provider answers 401.
type Sessions struct {
	next    onmeta.Caller
	logins  *onmeta.Client
	kept    *expirable.LRU[string, *session]
	pending singleflight.Group
	// tooSoon are users for whom the provider has asked to wait with the next login.
	tooSoon *expirable.LRU[string, asked]
}

// asked is an answer with a Retry-After.
type asked struct {
	answer *onmeta.Error
	until  time.Time
}

var _ onmeta.Caller = (*Sessions)(nil)

// session is one user's tokens. Its fields never change; a renewed session replaces it.
type session struct {
	access  onmeta.Secret
	refresh onmeta.Secret
	// renewAt leaves a tenth of the access token's life for calls under way.
	renewAt time.Time
}

// NewSessions returns a decorator of next.
func NewSessions(next onmeta.Caller) *Sessions {
	return &Sessions{
		next:    next,
		logins:  onmeta.New(next),
		kept:    expirable.NewLRU[string, *session](sessionsKept, nil, sessionLife),
		tooSoon: expirable.NewLRU[string, asked](sessionsKept, nil, longestRetryAfter),
	}
}

// Call implements onmeta.Caller. A call that brings its own token, or belongs to no user, passes as it is.
func (s *Sessions) Call(ctx context.Context, call onmeta.Call) (onmeta.Answer, error) {
	if call.User == "" || call.Token != "" {
		return s.next.Call(ctx, call)
	}
	current, err := s.session(ctx, call.User)
	if err != nil {
		return onmeta.Answer{}, err
	}
	answer, err := s.callAs(ctx, call, current)
	if !onmeta.IsKind(err, onmeta.KindUnauthorized) {
		return answer, err
	}
	renewed, err := s.renew(ctx, call.User, current)
	if err != nil {
		return onmeta.Answer{}, err
	}
	return s.callAs(ctx, call, renewed)
}

// Open makes sure that the user has a session, and logs in if not.
func (s *Sessions) Open(ctx context.Context, email string) error {
	_, err := s.session(ctx, email)
	return err
}

func (s *Sessions) callAs(ctx context.Context, call onmeta.Call, as *session) (onmeta.Answer, error) {
	call.Token = as.access
	return s.next.Call(ctx, call)
}

func (s *Sessions) session(ctx context.Context, email string) (*session, error) {
	current, found := s.kept.Get(email)
	if found && time.Now().Before(current.renewAt) {
		return current, nil
	}
	return s.renew(ctx, email, current)
}

// renew replaces the stale session, unless another call has done so meanwhile. The work outlives a caller that gives
// up, since others may wait for it.
func (s *Sessions) renew(ctx context.Context, email string, stale *session) (*session, error) {
	done := s.pending.DoChan(email, func() (result any, err error) {
		// In a goroutine of its own, out of reach of the SDK's recovery: a panic would end the worker.
		defer func() {
			if cause := recover(); cause != nil {
				err = fmt.Errorf("logging the user in panicked: %v", cause)
			}
		}()
		if current, found := s.kept.Get(email); found && current != stale {
			return current, nil
		}
		if err := s.waits(email); err != nil {
			return nil, err
		}
		background, cancel := context.WithTimeout(context.WithoutCancel(ctx), loginTimeout)
		defer cancel()
		fresh, err := s.fresh(background, email, stale)
		if err != nil {
			s.heed(email, err)
			return nil, err
		}
		s.kept.Add(email, fresh)
		return fresh, nil
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case result := <-done:
		if result.Err != nil {
			return nil, result.Err
		}
		return result.Val.(*session), nil
	}
}

// heed remembers a Retry-After, for all calls of the user that want a session.
func (s *Sessions) heed(email string, err error) {
	var answer *onmeta.Error
	if errors.As(err, &answer) && answer.RetryAfter > 0 {
		s.tooSoon.Add(email, asked{answer, time.Now().Add(min(answer.RetryAfter, longestRetryAfter))})
	}
}

// waits gives the provider's answer again for as long as it has asked to wait.
func (s *Sessions) waits(email string) error {
	told, found := s.tooSoon.Get(email)
	left := time.Until(told.until)
	if !found || left <= 0 {
		return nil
	}
	again := *told.answer
	again.RetryAfter, again.Reached = left, onmeta.NotSent
	return &again
}

// fresh gets tokens: with the refresh token where there is one that still works, by login otherwise. Whatever the
// provider, or its client, has against a refresh token says nothing of the user: only an outage keeps it from a login.
func (s *Sessions) fresh(ctx context.Context, email string, stale *session) (*session, error) {
	if stale != nil {
		access, err := s.logins.RefreshToken(ctx, stale.refresh)
		if err == nil {
			return newSession(access, stale.refresh), nil
		}
		if onmeta.IsKind(err, onmeta.KindUnavailable) || onmeta.IsKind(err, onmeta.KindRateLimited) {
			return nil, err
		}
	}
	tokens, err := s.logins.Login(ctx, email)
	if err != nil {
		return nil, err
	}
	return newSession(tokens.Access, tokens.Refresh.Value), nil
}

func newSession(access onmeta.Token, refresh onmeta.Secret) *session {
	return &session{
		access:  access.Value,
		refresh: refresh,
		renewAt: time.Now().Add(access.Lifetime - access.Lifetime/10),
	}
}
