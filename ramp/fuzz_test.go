package ramp_test

import (
	"encoding/json"
	"net/mail"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
)

func FuzzParseUTR(f *testing.F) {
	f.Add("INR_UPI", "412345678901")
	f.Add("INR_IMPS", " 4123456789012345\n")
	f.Add("INR_NEFT", "HDFCN52024010112")
	f.Add("", "412345678901")
	f.Fuzz(func(t *testing.T, method, text string) {
		utr, err := ramp.ParseUTR(ramp.PaymentMethod(method), text)
		if err != nil {
			require.Empty(t, utr)
			return
		}
		require.Contains(t, text, utr, "a UTR keeps its case")
		again, err := ramp.ParseUTR(ramp.PaymentMethod(method), utr)
		require.NoError(t, err)
		require.Equal(t, utr, again)
	})
}

func FuzzParseTransactionHash(f *testing.F) {
	f.Add(int64(polygon), "0x"+strings.Repeat("aB09", 16))
	f.Add(int64(tron), strings.Repeat("aB09", 16))
	f.Add(int64(solana), solanaSignature)
	f.Add(int64(-1), "")
	f.Fuzz(func(t *testing.T, chainID int64, text string) {
		hash, err := ramp.ParseTransactionHash(chainID, text)
		if err != nil {
			require.Empty(t, hash)
			return
		}
		require.True(t, strings.EqualFold(strings.TrimSpace(text), hash))
		again, err := ramp.ParseTransactionHash(chainID, hash)
		require.NoError(t, err)
		require.Equal(t, hash, again)
	})
}

func FuzzParseAmount(f *testing.F) {
	for _, text := range []string{"1000.00", "0", "0.000000000000000001", "1e3", "-1", "01", ".5", "1,000"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		amount, err := ramp.ParseAmount(text)
		if err != nil {
			return
		}
		require.False(t, amount.IsNegative())
		require.True(t, json.Valid([]byte(text)), "an amount is a JSON number")
		again, err := ramp.ParseAmount(amount.String())
		require.NoError(t, err)
		require.True(t, amount.Equal(again))
	})
}

func FuzzValidateVPA(f *testing.F) {
	for _, vpa := range []string{"asha@okbank", "a@b", "asha@@okbank", "asha@ok.bank", ""} {
		f.Add(vpa)
	}
	f.Fuzz(func(t *testing.T, vpa string) {
		masked := ramp.MaskVPA(vpa)
		if ramp.ValidateVPA(vpa) != nil {
			return
		}
		require.LessOrEqual(t, len(vpa), 255)
		require.Equal(t, 1, strings.Count(vpa, "@"))
		require.Equal(t, vpa[:1]+"***"+vpa[strings.Index(vpa, "@"):], masked)
	})
}

func FuzzValidateIFSC(f *testing.F) {
	for _, ifsc := range []string{"HDFC0001234", "hdfc0001234", "HDFC1001234", "HDFC000123É", ""} {
		f.Add(ifsc)
	}
	f.Fuzz(func(t *testing.T, ifsc string) {
		if ramp.ValidateIFSC(ifsc) != nil {
			return
		}
		require.Len(t, ifsc, 11)
		require.Equal(t, strings.ToUpper(ifsc), ifsc)
	})
}

func FuzzValidateEmail(f *testing.F) {
	for _, email := range []string{"asha@example.test", "a.b+c@d-e.f", `"a b"@example.test`, "a@[127.0.0.1]", "a..b@example.test"} {
		f.Add(email)
	}
	f.Fuzz(func(t *testing.T, email string) {
		if ramp.ValidateEmail(email) != nil {
			return
		}
		parsed, err := mail.ParseAddress(email)
		require.NoError(t, err, "the standard library takes whatever is taken here")
		require.Equal(t, email, parsed.Address)
	})
}

func FuzzValidateWalletAddress(f *testing.F) {
	f.Add(int64(1), eip55()[4])
	f.Add(int64(tron), tronAddress)
	f.Add(int64(solana), solanaAddress)
	f.Add(int64(0), evmNobody)
	f.Fuzz(func(t *testing.T, chainID int64, address string) {
		if ramp.ValidateWalletAddress(chainID, address) != nil {
			return
		}
		require.LessOrEqual(t, len(address), 44)
		require.Equal(t, strings.TrimSpace(address), address)
	})
}

func FuzzOnrampRequest(f *testing.F) {
	addJSON(f, onrampRequest())
	addJSON(f, hostileOnramp("hunter2"))
	f.Fuzz(func(t *testing.T, encoded []byte) {
		var request ramp.OnrampRequest
		if json.Unmarshal(encoded, &request) != nil {
			return
		}
		requireStable(t, &request, new(ramp.OnrampRequest))
	})
}

func FuzzOfframpRequest(f *testing.F) {
	addJSON(f, offrampRequest())
	addJSON(f, hostileOfframp("hunter2"))
	f.Fuzz(func(t *testing.T, encoded []byte) {
		var request ramp.OfframpRequest
		if json.Unmarshal(encoded, &request) != nil {
			return
		}
		requireStable(t, &request, new(ramp.OfframpRequest))
	})
}

func addJSON(f *testing.F, request any) {
	f.Helper()
	encoded, err := json.Marshal(request)
	require.NoError(f, err)
	f.Add(encoded)
	f.Add([]byte(`{}`))
	f.Add([]byte(`null`))
}

type validator interface{ Validate() error }

// requireStable demands that request, refused or taken, is judged and written alike after a round trip through JSON.
func requireStable(t *testing.T, request, again validator) {
	t.Helper()
	encoded, err := json.Marshal(request)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(encoded, again))
	require.Equal(t, request.Validate(), again.Validate())
	encodedAgain, err := json.Marshal(again)
	require.NoError(t, err)
	require.JSONEq(t, string(encoded), string(encodedAgain))
}
