package ramptest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
	"rampart/ramptest"
)

// TestUserPaysAndGetsTokens is a test as a backend writes it.
func TestUserPaysAndGetsTokens(t *testing.T) {
	t.Parallel()
	stack := ramptest.Start(t)
	reference := ramptest.Reference(t)

	order, err := stack.Orders.StartOnramp(t.Context(), ramptest.OnrampRequest(reference))
	require.NoError(t, err)
	require.NotEmpty(t, order.Instructions.UPI.QR)

	_, err = stack.Orders.SubmitUTR(t.Context(), reference, ramptest.UTR())
	require.NoError(t, err)
	for order, err = range stack.Orders.Watch(t.Context(), ramp.ID{Direction: ramp.Onramp, Reference: reference}) {
		require.NoError(t, err)
	}
	require.Equal(t, ramp.Completed, order.Status)
}
