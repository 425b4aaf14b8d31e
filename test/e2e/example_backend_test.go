package e2e_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/examples/backend"
	"rampart/ramp"
)

// The backend of docs/how-to/integrate-go.md buys tokens: it connects, starts an order, submits the UTR and follows the order to its end.
func TestExampleBackendBuysTokens(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	orders, err := backend.Connect(t.Context(), s.Address, s.Keyset)
	require.NoError(t, err)

	qr, err := backend.Buy(t.Context(), orders, "inv-42", "asha+linked@example.test", "0x1111111111111111111111111111111111111111")
	require.NoError(t, err)
	require.Contains(t, qr, "upi://pay?")
	require.NoError(t, backend.Paid(t.Context(), orders, "inv-42", utrOf(1)))
	var last ramp.Status
	require.NoError(t, backend.Follow(t.Context(), orders, "inv-42", func(order *ramp.Order) { last = order.Status }))
	require.Equal(t, ramp.Completed, last)
}
