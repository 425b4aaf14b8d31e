package main

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/onmeta"
)

// gate is a provider that answers every call alike.
type gate struct {
	mu    sync.Mutex
	err   error
	calls int
}

func (g *gate) Call(context.Context, onmeta.Call) (onmeta.Answer, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls++
	return onmeta.Answer{Data: []byte("[]")}, g.err
}

func (g *gate) say(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.err = err
}

func (g *gate) asked() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.calls
}

func refusedKey() error {
	return &onmeta.Error{Kind: onmeta.KindUnauthorized, Reached: onmeta.Answered, Status: 401}
}

// following is the health of a worker that has begun to ask the provider.
func following(t *testing.T, provider *gate) *providerKey {
	t.Helper()
	key := &providerKey{heard: onmeta.WatchCredentials(provider)}
	go key.follow(t.Context(), onmeta.New(key.heard))
	synctest.Wait()
	return key
}

func TestWorkerIsNotReadyBeforeTheProviderWasAsked(t *testing.T) {
	t.Parallel()
	key := &providerKey{heard: onmeta.WatchCredentials(&gate{})}
	require.Contains(t, key.check().Look(t.Context()).Problem, "has not been asked yet")
}

func TestWorkerAsksUntilItsKeyIsTaken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		provider := &gate{err: refusedKey()}
		key := following(t, provider)
		problem := key.check().Look(t.Context())
		require.Contains(t, problem.Problem, "refuses the API key")
		require.Contains(t, problem.Do, "ONMETA_API_KEY")

		provider.say(nil)
		time.Sleep(askKeyEvery)
		synctest.Wait()
		require.Nil(t, key.check().Look(t.Context()))

		asked := provider.asked()
		time.Sleep(10 * askKeyEvery)
		require.Equal(t, asked, provider.asked(), "a key that is taken is not asked about")
	})
}

func TestProviderThatIsDownLeavesTheWorkerReady(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		down := &gate{err: &onmeta.Error{Kind: onmeta.KindUnavailable, Reached: onmeta.NotSent}}
		require.Nil(t, following(t, down).check().Look(t.Context()))
	})
}

func TestKeysetThatCannotBeReadAgainIsAProblemUntilItCan(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var keyset keysetHealth
		check := keyset.check()
		require.Nil(t, check.Look(t.Context()))
		keyset.note(errors.New("no such file"))
		require.Contains(t, check.Look(t.Context()).Problem, "cannot be read again")
		time.Sleep(keysetEvery)
		require.NotNil(t, check.Look(t.Context()), "the next reading is under way")
		keyset.note(nil)
		time.Sleep(keysetEvery)
		require.Nil(t, check.Look(t.Context()))
	})
}
