package main

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"

	"rampart/codec"
	"rampart/ramp"
)

// hashesOf returns the hashes of a worker whose namespace answers as store does.
func hashesOf(t *testing.T, store *visibility) *findHashes {
	t.Helper()
	keyring, err := codec.NewKeyring()
	require.NoError(t, err)
	return &findHashes{hasher: codec.NewHasher(keyring, "orders"), temporal: store, name: "orders"}
}

func TestOrdersGetNoHashesUntilTheNamespaceHasTheirSearchAttributes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &visibility{err: serviceerror.NewInvalidArgument("invalid query: invalid search attribute: RampUser")}
		hashes := hashesOf(t, store)
		var reported error
		hashes.report(t.Context(), func(err error) { reported = err })
		require.ErrorContains(t, reported, "starter setup")
		require.Empty(t, hashes.Hash(t.Context(), ramp.UserTerm("asha@example.test")))
		require.Equal(t, 1, store.asked(), "orders do not ask one after the other")

		store.say(nil)
		time.Sleep(namespaceCheckInterval)
		require.Len(t, hashes.Hash(t.Context(), ramp.UserTerm("asha@example.test")), 32)
		require.Equal(t, 2, store.asked())
		time.Sleep(10 * namespaceCheckInterval)
		require.NotEmpty(t, hashes.Hash(t.Context(), ramp.UserTerm("asha@example.test")))
		require.Equal(t, 2, store.asked(), "search attributes are not removed")
	})
}

func TestOrdersRunWithoutHashesWhileTheStoreDoesNotAnswer(t *testing.T) {
	t.Parallel()
	hashes := hashesOf(t, &visibility{err: serviceerror.NewUnavailable("down")})
	hashes.report(t.Context(), func(err error) { require.Fail(t, "it is not known what the namespace lacks", "%v", err) })
	require.Empty(t, hashes.Hash(t.Context(), ramp.UserTerm("asha@example.test")))
}
