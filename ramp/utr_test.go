package ramp_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
)

func TestUTRIsReadByPaymentMethod(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		method ramp.PaymentMethod
		utr    string
		want   string
	}{
		{ramp.UPI, "412345678901", "412345678901"},
		{ramp.UPI, " \t412345678901\r\n", "412345678901"},
		{ramp.IMPS, "412345678901", "412345678901"},
		{ramp.IMPS, "4123456789012345", "4123456789012345"},
		{ramp.NEFT, "HDFCN52024010112", "HDFCN52024010112"},
		{ramp.NEFT, "HDFCN5202401011234567x", "HDFCN5202401011234567x"},
		{ramp.NEFT, "hdfcn52024010112", "hdfcn52024010112"},
	} {
		got, err := ramp.ParseUTR(tt.method, tt.utr)
		require.NoError(t, err, "%s %q", tt.method, tt.utr)
		require.Equal(t, tt.want, got)
	}
}

func TestUTRThatNoBankWritesIsRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		method ramp.PaymentMethod
		utr    string
		says   string
	}{
		{ramp.UPI, "", "12 digits"},
		{ramp.UPI, "   ", "12 digits"},
		{ramp.UPI, "41234567890", "12 digits"},
		{ramp.UPI, "4123456789012", "12 digits"},
		{ramp.UPI, "41234567890A", "12 digits"},
		{ramp.UPI, "412345 678901", "12 digits"},
		{ramp.UPI, "-12345678901", "12 digits"},
		{ramp.UPI, "४१२३४५६७८९०१", "12 digits"},
		{ramp.IMPS, "41234567890", "12 to 16 digits"},
		{ramp.IMPS, "41234567890123456", "12 to 16 digits"},
		{ramp.IMPS, "HDFC45678901", "12 to 16 digits"},
		{ramp.NEFT, "HDFCN5202401011", "16 to 22 letters and digits"},
		{ramp.NEFT, "HDFCN520240101123456789", "16 to 22 letters and digits"},
		{ramp.NEFT, "HDFCN-2024010112", "16 to 22 letters and digits"},
		{ramp.NEFT, "HDFCN52024010112\u200b", "16 to 22 letters and digits"},
		{ramp.NEFT, strings.Repeat("9", 1<<16), "16 to 22 letters and digits"},
		{"", "412345678901", "needs a payment method"},
		{"INR_RTGS", "412345678901", "INR_UPI, INR_IMPS or INR_NEFT"},
	} {
		got, err := ramp.ParseUTR(tt.method, tt.utr)
		require.Empty(t, got)
		requireRefused(t, err, strings.TrimSpace(tt.utr), tt.says)
	}
}
