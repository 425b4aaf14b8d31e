package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
)

// falsify replaces fields of the provider's responses about an order by text.
func (s *stack) falsify(reference, route, fields, text string) {
	s.t.Helper()
	s.post("/sandbox/faults", fmt.Sprintf(`{"fault":"says","route":%q,"reference":%q,"fields":%q,"message":%q}`, route, reference, fields, text))
}

func (s *stack) providerOrdersOf(reference string) int {
	s.t.Helper()
	count := 0
	for _, order := range s.ledger().Orders {
		if order.Reference == reference {
			count++
		}
	}
	return count
}

// A malicious provider attacks three orders: with a deposit wallet without an owner, with an id that is too long for a search attribute,
// and with markup in the settlement. Each order is created once, continues or can be cancelled, and reports what happened.
func TestFalseProviderResponsesMisleadNoUserAndEndNoOrder(t *testing.T) {
	t.Parallel()
	s := newStack(t, 360)
	const nobody, markup = "0x0000000000000000000000000000000000000000", "![x](https://evil.test/p.png)"
	s.falsify("astray", "POST /v1/offramp/orders/create", "receiverWalletAddress", nobody)
	s.falsify("long", "POST /v1/orders/create", "orderId", strings.Repeat("6", 5000))
	s.falsify("marked", "POST /v1/orders/status", "buyTokenSymbol,explorerUrl", markup)

	sale, err := s.Orders.StartOfframp(t.Context(), offrampRequest("astray"))
	require.NoError(t, err)
	require.Contains(t, sale.Attention, "the deposit wallet must be a wallet that someone holds")
	require.Nil(t, sale.Instructions.Deposit)
	require.NotEmpty(t, sale.OrderID)
	_, err = s.Orders.Cancel(t.Context(), ramp.ID{Direction: ramp.Offramp, Reference: "astray"})
	require.NoError(t, err)
	s.awaitStatus(ramp.ID{Direction: ramp.Offramp, Reference: "astray"}, completionTime, ramp.Cancelled)

	for n, reference := range []string{"long", "marked"} {
		request := onrampRequest(reference)
		byBank(&request) // a lost order by UPI is replaced
		_, err := s.Orders.StartOnramp(t.Context(), request)
		require.NoError(t, err)
		_, err = s.Orders.SubmitUTR(t.Context(), reference, utrOf(n))
		require.NoError(t, err)
	}
	found := s.awaitStatus(buy("long"), completionTime, ramp.Completed)
	require.Len(t, found.OrderID, 24, "the provider's history told it")
	delivered := s.awaitStatus(buy("marked"), completionTime, ramp.Completed)
	require.NotEmpty(t, delivered.Settlement.TransactionHash)
	require.Empty(t, delivered.Settlement.Amount)
	require.Empty(t, delivered.Settlement.ExplorerURL)
	for _, reference := range []string{"astray", "long", "marked"} {
		require.Equal(t, 1, s.providerOrdersOf(reference), reference)
	}
	shown, _, code := s.starter("status", "onramp/marked", "-o", "json")
	require.Zero(t, code)
	require.NotContains(t, shown, "evil.test")
	require.Contains(t, shown, "another currency than was ordered")
}
