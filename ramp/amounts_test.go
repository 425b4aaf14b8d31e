package ramp_test

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"rampart/ramp"
)

func TestAmountIsReadExactly(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]decimal.Decimal{
		"0":                    decimal.Zero,
		"0.10":                 decimal.New(1, -1),
		"1000":                 decimal.NewFromInt(1000),
		"1000.00":              decimal.NewFromInt(1000),
		"0.000000000000000001": decimal.New(1, -18),
		strings.Repeat("9", 40): decimal.NewFromInt(10).Pow(decimal.NewFromInt(40)).
			Sub(decimal.NewFromInt(1)),
	} {
		got, err := ramp.ParseAmount(text)
		require.NoError(t, err, text)
		require.True(t, want.Equal(got), "%s was read as %s", text, got)
	}
}

func TestAmountInOtherNotationIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", " ", ".", "-", "1.", ".5", "1..0", "1.0.0", "+1000", "-1000", "-0", "1e3", "1E3", "1.5e-2", " 1000", "1000 ",
		"1,000", "1,00,000.00", "1_000", "1000,00", "01", "00", "00.5", "0x10", "NaN", "Inf", "Infinity", "₹1000",
		"१०००", "１０００", "1000\n", "10\x0000", strings.Repeat("9", 41), "0." + strings.Repeat("1", 39),
	} {
		_, err := ramp.ParseAmount(text)
		requireRefused(t, err, text, "must be a decimal number such as 1000.00")
	}
}
