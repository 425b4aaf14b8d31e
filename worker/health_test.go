package main

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"

	"rampart/onmeta"
)

// gate is a provider that returns the same response to every call.
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

// following returns the check of a worker that has sent its first request to the provider.
func following(t *testing.T, provider *gate) *providerKey {
	t.Helper()
	key := &providerKey{credentials: onmeta.WatchCredentials(provider)}
	go key.follow(t.Context(), onmeta.New(key.credentials))
	synctest.Wait()
	return key
}

func TestWorkerIsNotReadyBeforeTheFirstProviderCheck(t *testing.T) {
	t.Parallel()
	key := &providerKey{credentials: onmeta.WatchCredentials(&gate{})}
	require.Contains(t, key.check().Run(t.Context()).Problem, "has not been checked")
}

func TestWorkerRetriesUntilItsKeyIsAccepted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		provider := &gate{err: refusedKey()}
		key := following(t, provider)
		problem := key.check().Run(t.Context())
		require.Contains(t, problem.Problem, "refuses the API key")
		require.Contains(t, problem.Do, "ONMETA_API_KEY")

		provider.say(nil)
		time.Sleep(keyCheckInterval)
		synctest.Wait()
		require.Nil(t, key.check().Run(t.Context()))

		asked := provider.asked()
		time.Sleep(10 * keyCheckInterval)
		require.Equal(t, asked, provider.asked(), "an accepted key is not checked again")
	})
}

func TestWorkerIsReadyWhileTheProviderIsDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		down := &gate{err: &onmeta.Error{Kind: onmeta.KindUnavailable, Reached: onmeta.NotSent}}
		require.Nil(t, following(t, down).check().Run(t.Context()))
	})
}

// visibility is a visibility store that returns the same response to every count.
type visibility struct {
	mu    sync.Mutex
	err   error
	calls int
}

func (v *visibility) CountWorkflow(
	context.Context, *workflowservice.CountWorkflowExecutionsRequest,
) (*workflowservice.CountWorkflowExecutionsResponse, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.calls++
	return &workflowservice.CountWorkflowExecutionsResponse{}, v.err
}

func (v *visibility) say(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.err = err
}

func (v *visibility) asked() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.calls
}

func TestWorkerIsNotReadyUntilItsNamespaceIsSetUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &visibility{err: serviceerror.NewInvalidArgument("invalid query: invalid search attribute: RampStatus")}
		namespace := &namespaceHealth{temporal: store, name: "orders"}
		reports := make(chan error, 9)
		go namespace.follow(t.Context(), func(err error) { reports <- err })
		synctest.Wait()
		require.ErrorContains(t, <-reports, "starter setup")
		problem := namespace.check().Run(t.Context())
		require.Equal(t, `namespace "orders" lacks the search attribute RampStatus of orders`, problem.Problem)
		require.Contains(t, problem.Do, `"starter setup" with TEMPORAL_NAMESPACE=orders`)

		time.Sleep(namespaceCheckInterval)
		synctest.Wait()
		require.Len(t, reports, 1, "every failed check is reported")
		store.say(nil)
		require.Nil(t, namespace.check().Run(t.Context()))
		asked := store.asked()
		time.Sleep(10 * namespaceCheckInterval)
		require.Nil(t, namespace.check().Run(t.Context()))
		require.Equal(t, asked, store.asked(), "a namespace that is set up is not checked again")
	})
}

func TestWorkerIsNotReadyWithoutItsNamespace(t *testing.T) {
	t.Parallel()
	namespace := &namespaceHealth{temporal: &visibility{err: serviceerror.NewNamespaceNotFound("orders")}, name: "orders"}
	require.Equal(t, `namespace "orders" does not exist`, namespace.check().Run(t.Context()).Problem)
}

func TestWorkerIsReadyWhileItsNamespaceCannotBeChecked(t *testing.T) {
	t.Parallel()
	for _, err := range []error{serviceerror.NewUnavailable("away"), serviceerror.NewPermissionDenied("no", "")} {
		namespace := &namespaceHealth{temporal: &visibility{err: err}, name: "orders"}
		require.Nil(t, namespace.check().Run(t.Context()))
	}
}
