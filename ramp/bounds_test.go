package ramp_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
)

// No number that anybody sends is read, added or compared at the cost of its value or of a mebibyte of digits.
func TestNumbersOutOfAllBoundsAreNotRead(t *testing.T) {
	t.Parallel()
	for name, number := range map[string]string{
		"exponent":          "1e999999999",
		"small exponent":    "1E-999999999",
		"a million digits":  strings.Repeat("9", 1_000_000),
		"a million places":  "0." + strings.Repeat("0", 1_000_000) + "1",
		"a million zeros":   strings.Repeat("0", 1_000_000) + "1",
		"just beyond":       strings.Repeat("9", 201),
		"no number at all":  "ten",
		"hidden directions": "1\u202e0",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ramp.ParseAmount(number)
			require.Error(t, err)
			_, err = ramp.Amount{Amount: number}.Decimal()
			require.Error(t, err)
			require.LessOrEqual(t, len(err.Error()), 300)
			require.False(t, ramp.Amount{Amount: number}.AtLeast("1"))
			require.False(t, ramp.Amount{Amount: number}.AtMost("1"))
			require.False(t, ramp.Amount{Amount: "1"}.AtLeast(number))
			require.False(t, ramp.Amount{Amount: "1"}.AtMost(number))

			buy, sell := onrampRequest(), offrampRequest()
			buy.Fiat.Amount, buy.Quote = number, &ramp.QuoteTerms{MinReceived: number, MaxPaid: number}
			require.ErrorContains(t, buy.Validate(), "fiat.amount must be a decimal number")
			sell.TokenAmount, sell.Fiat.Amount, sell.Quote = number, "", &ramp.QuoteTerms{MinReceived: number, MaxPaid: number}
			require.ErrorContains(t, sell.Validate(), "tokenAmount must be a decimal number")
			sell.TokenAmount, sell.Fiat.Amount = "", number
			require.ErrorContains(t, sell.Validate(), "fiat.amount must be a decimal number")
		})
	}
}

func TestAmountsOfOrdersAreRead(t *testing.T) {
	t.Parallel()
	for _, number := range []string{"1000.00", "-0.5", "0", strings.Repeat("9", 100) + "." + strings.Repeat("9", 99)} {
		read, err := ramp.Amount{Amount: number}.Decimal()
		require.NoError(t, err)
		require.Equal(t, number, read.StringFixed(-read.Exponent()))
	}
}

func TestDepositGoesToAWalletThatIsNotTheTokensOwnContract(t *testing.T) {
	t.Parallel()
	token := ramp.Token{Symbol: "USDC", Address: polygonUSDC, ChainID: 137}
	require.NoError(t, ramp.ValidateDeposit(token, "0x2222222222222222222222222222222222222222"))
	require.ErrorContains(t, ramp.ValidateDeposit(token, polygonUSDC), "own contract")
	require.ErrorContains(t, ramp.ValidateDeposit(token, strings.ToUpper(polygonUSDC)), "own contract")
	require.ErrorContains(t, ramp.ValidateDeposit(token, ""), "0x and 40 hex digits")
	require.ErrorContains(t, ramp.ValidateDeposit(token, ramp.NativeToken), "someone holds")
}
