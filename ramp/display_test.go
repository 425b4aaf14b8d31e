package ramp_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"rampart/internal/growthtest"
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

// The Web UI shows title and details below each other.
func TestDetailsDoNotRepeatTheTitle(t *testing.T) {
	t.Parallel()
	byTokens, byPayout := offrampRequest(), offrampRequest()
	byTokens.TokenAmount = "100"
	byPayout.TokenAmount, byPayout.Fiat = "", ramp.Amount{Amount: "8400.00", Currency: ramp.INR}
	require.Contains(t, byTokens.Details(), "Sells **100 USDC** on chain 137 for **INR**, from the wallet `")
	require.Contains(t, byPayout.Details(), "Sells **USDC** on chain 137 for **₹8,400**, from the wallet `")
	for _, request := range []ramp.OfframpRequest{byTokens, byPayout} {
		require.NotContains(t, request.Details(), request.Title())
	}
}

func TestTextOfAnAmountThatIsNoneIsStillAText(t *testing.T) {
	t.Parallel()
	for _, amount := range []string{"éééééé", "12\u202e3456789", "-1234567", "1,23", strings.Repeat("é", 1001)} {
		text := ramp.Amount{Amount: amount, Currency: "INR"}.Text()
		require.True(t, utf8.ValidString(text), "what is no UTF-8 cannot be sent to a server")
		require.Equal(t, "₹"+amount, text)
	}
}

// Whoever starts an order may write any text for an amount, and its title is made before anybody judges it.
func TestTheWorkForTheTextOfAnAmountGrowsNoFasterThanTheAmount(t *testing.T) {
	t.Parallel()
	text := func(digits int) func() {
		amount := ramp.Amount{Amount: strings.Repeat("7", digits), Currency: "INR"}
		return func() { require.Len(t, amount.Text(), len("₹")+digits+(digits-2)/2) }
	}
	const short, long = 16 << 10, 512 << 10
	growthtest.RequireFactor(t, 200, text(short), text(long), "32 times as long; the square of it is 1024")
}
