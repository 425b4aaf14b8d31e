package ramp_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
)

func TestAmountsAreWrittenAsPeopleReadThem(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ amount, currency, text string }{
		{"1000.00", "INR", "₹1,000"},
		{"1000", "INR", "₹1,000"},
		{"999.00", "INR", "₹999"},
		{"8360.24", "INR", "₹8,360.24"},
		{"0.50", "INR", "₹0.50"},
		{"0.5", "INR", "₹0.50"},
		{"10000.00", "INR", "₹10,000"},
		{"500000.00", "INR", "₹5,00,000"},
		{"12345678.9", "INR", "₹1,23,45,678.90"},
		{"10.630000", "USDC", "10.63 USDC"},
		{"10.648342", "USDC", "10.648342 USDC"},
		{"1000", "USDC", "1000 USDC"},
		{"0.000000000000000001", "ETH", "0.000000000000000001 ETH"},
	} {
		require.Equal(t, tc.text, ramp.Amount{Amount: tc.amount, Currency: tc.currency}.Text())
	}
}

func TestTitleSaysWhatTheOrderDoes(t *testing.T) {
	t.Parallel()
	usdc := ramp.Token{Symbol: "USDC"}
	buying := ramp.OnrampRequest{Token: usdc, Fiat: ramp.Amount{Amount: "1000.00", Currency: "INR"}}
	byTokens := ramp.OfframpRequest{Token: usdc, TokenAmount: "100.00", Fiat: ramp.Amount{Currency: "INR"}}
	byPayout := ramp.OfframpRequest{Token: usdc, Fiat: ramp.Amount{Amount: "8400.00", Currency: "INR"}}

	require.Equal(t, "Buy USDC for ₹1,000", buying.Title())
	require.Equal(t, "Sell 100 USDC for INR", byTokens.Title())
	require.Equal(t, "Sell USDC for ₹8,400", byPayout.Title())
}
