package ramp_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
)

func TestPaymentMethodDecidesTheKindOfAccount(t *testing.T) {
	t.Parallel()
	require.Equal(t, ramp.AccountUPI, ramp.UPI.AccountKind())
	require.Equal(t, ramp.AccountBank, ramp.IMPS.AccountKind())
	require.Equal(t, ramp.AccountBank, ramp.NEFT.AccountKind())
	require.Empty(t, ramp.PaymentMethod("INR_RTGS").AccountKind())
	require.Empty(t, ramp.PaymentMethod("").AccountKind())
}

func TestVPAIsANameAndAHandle(t *testing.T) {
	t.Parallel()
	requireTaken(t, ramp.ValidateVPA,
		"asha@okbank", "Asha.Rao-1_x@OkBank", "9000000000@ybl", "as@up", "shop@s2b", strings.Repeat("a", 190)+"@"+strings.Repeat("b", 64))
	requireAllRefused(t, ramp.ValidateVPA, "such as asha@okbank",
		"", "asha", "@okbank", "asha@", "a@okbank", "asha@o", "asha@@okbank", "asha@ok@bank", "asha@ok.bank",
		"asha@example.test", "asha@1bank", "as ha@okbank", " asha@okbank", "asha@okbank ", "asha+1@okbank", "आशा@okbank",
		"asha@okbank\n", strings.Repeat("a", 191)+"@okbank", "asha@"+strings.Repeat("b", 65))
}

func TestIFSCIsElevenCharactersWithAZeroInThem(t *testing.T) {
	t.Parallel()
	requireTaken(t, ramp.ValidateIFSC, "HDFC0001234", "SBIN0ABCDEF", "ICIC0000001")
	requireAllRefused(t, ramp.ValidateIFSC, "4 capital letters, a zero (no letter O) and 6 capital letters or digits, such as HDFC0001234",
		"", "HDFC", "HDFC000123", "HDFC00012345", "HDFC1001234", "HDFCO001234", "hdfc0001234", "HDFC000123a", "HDF10001234",
		"HDFC0 01234", "HDFC000123\n", "HDFÇ000123", strings.Repeat("H", 1<<16))
}

func TestAccountNumberIsInFull(t *testing.T) {
	t.Parallel()
	requireTaken(t, ramp.ValidateAccountNumber, "4821", "50100000004821", strings.Repeat("9", 35))
	requireAllRefused(t, ramp.ValidateAccountNumber, "4 to 35 digits, not masked",
		"", "482", "XXXX4821", "5010 0000 0048", "50100000004821 ", "५०१००००", strings.Repeat("9", 36))
}

func TestMaskedAccountShowsItsLastFour(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]string{
		"50100000004821": "XXXX4821",
		"XXXX4821":       "XXXX4821",
		"54821":          "XXXX4821",
		"4821":           "XXXX4821",
		"821":            "XXX",
		"1":              "X",
		"":               "",
		"५०१०४८२१":       "XXXX४८२१",
	} {
		require.Equal(t, want, ramp.AccountNumber(number).String(), number)
	}
}

func TestMaskedVPAShowsItsFirstLetterAndHandle(t *testing.T) {
	t.Parallel()
	for vpa, want := range map[string]string{
		"asha@okbank": "a***@okbank",
		"as@okbank":   "a***@okbank",
		"a@okbank":    "***@okbank",
		"é@okbank":    "***@okbank",
		"éa@okbank":   "é***@okbank",
		"a@b@okbank":  "a***@okbank",
		"@okbank":     "***",
		"asha":        "***",
		"":            "",
	} {
		require.Equal(t, want, ramp.VPA(vpa).String(), vpa)
	}
}

func TestMaskedEmailShowsItsFirstLetterAndDomain(t *testing.T) {
	t.Parallel()
	require.Equal(t, "a***@example.test", ramp.Email("asha@example.test").String())
	require.Equal(t, "***@example.test", ramp.Email("a@example.test").String())
	require.Equal(t, "***", ramp.Email("asha").String())
}
