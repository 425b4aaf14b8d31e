package ramp_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
)

func TestRequestOfAnOrderIsReadFromItsHistory(t *testing.T) {
	t.Parallel()
	bought := ramp.OnrampRequest{Reference: "inv-42", Email: "asha@example.test", Fiat: ramp.Amount{Amount: "1000.00", Currency: ramp.INR}}
	read, err := ramp.NewClient(&orderThere{order: running(ramp.AwaitingPayment), history: startedWith(t, bought)}, nil).OnrampRequest(t.Context(), "inv-42", "run")
	require.NoError(t, err)
	require.Equal(t, &bought, read)
	sold := ramp.OfframpRequest{Reference: "wd-7", Email: "asha@example.test", TokenAmount: "100"}
	sale, err := ramp.NewClient(&orderThere{order: running(ramp.AwaitingPayment), history: startedWith(t, sold)}, nil).OfframpRequest(t.Context(), "wd-7", "run")
	require.NoError(t, err)
	require.Equal(t, &sold, sale)
}
