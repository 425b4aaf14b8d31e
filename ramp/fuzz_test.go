package ramp_test

import (
	"encoding/json"
	"net/mail"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/mr-tron/base58"
	"github.com/stretchr/testify/require"

	"rampart/ramp"
)

// What the documentation of the validators says, as patterns.
var (
	referencePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)
	amountPattern    = regexp.MustCompile(`^(0|[1-9][0-9]*)(\.[0-9]+)?$`)
	vpaPattern       = regexp.MustCompile(`^[A-Za-z0-9._-]{2,190}@[A-Za-z][A-Za-z0-9]{1,63}$`)
	ifscPattern      = regexp.MustCompile(`^[A-Z]{4}0[A-Z0-9]{6}$`)
	panPattern       = regexp.MustCompile(`^[A-Z]{5}[0-9]{4}[A-Z]$`)
	aadhaarPattern   = regexp.MustCompile(`^[2-9][0-9]{11}$`)
	accountPattern   = regexp.MustCompile(`^[0-9]{4,35}$`)
	dossierPattern   = regexp.MustCompile(`^(file:///|s3://|gs://|azblob://)[!-~]*$`)
	evmHashPattern   = regexp.MustCompile(`^0x[0-9a-fA-F]{64}$`)
	tronHashPattern  = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)
	evmPattern       = regexp.MustCompile(`^0x[0-9a-fA-F]{40}$`)
	tronPattern      = regexp.MustCompile(`^T[1-9A-HJ-NP-Za-km-z]{33}$`)
	solanaPattern    = regexp.MustCompile(`^[1-9A-HJ-NP-Za-km-z]{32,44}$`)
)

// utrPattern is that of a payment method.
func utrPattern(method ramp.PaymentMethod) *regexp.Regexp {
	return map[ramp.PaymentMethod]*regexp.Regexp{
		ramp.UPI:  regexp.MustCompile(`^[0-9]{12}$`),
		ramp.IMPS: regexp.MustCompile(`^[0-9]{12,16}$`),
		ramp.NEFT: regexp.MustCompile(`^[A-Za-z0-9]{16,22}$`),
	}[method]
}

// requireQuiet demands that an error repeats nothing of what it refuses.
func requireQuiet(t *testing.T, err error, value string) {
	t.Helper()
	const unlikely = 24 // so much of it is in no error by chance
	if err != nil && len(value) >= unlikely {
		require.NotContains(t, err.Error(), value)
	}
}

func FuzzParseUTR(f *testing.F) {
	f.Add("INR_UPI", "412345678901")
	f.Add("INR_IMPS", " 4123456789012345\n")
	f.Add("INR_NEFT", "HDFCN52024010112")
	f.Add("", "412345678901")
	f.Fuzz(func(t *testing.T, method, text string) {
		utr, err := ramp.ParseUTR(ramp.PaymentMethod(method), text)
		pattern := utrPattern(ramp.PaymentMethod(method))
		require.Equal(t, pattern != nil && pattern.MatchString(strings.TrimSpace(text)), err == nil)
		if err != nil {
			require.Empty(t, utr)
			requireQuiet(t, err, text)
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
		require.Equal(t, isHash(chainID, strings.TrimSpace(text)), err == nil)
		if err != nil {
			require.Empty(t, hash)
			requireQuiet(t, err, text)
			return
		}
		require.True(t, strings.EqualFold(strings.TrimSpace(text), hash))
		again, err := ramp.ParseTransactionHash(chainID, hash)
		require.NoError(t, err)
		require.Equal(t, hash, again)
	})
}

func isHash(chainID int64, text string) bool {
	switch chainID {
	case solana, solanaStaging:
		decoded, err := base58.Decode(text[:min(len(text), 200)])
		return err == nil && len(text) <= 200 && len(decoded) == 64
	case tron, tronShasta, tronNile:
		return tronHashPattern.MatchString(text)
	default:
		return evmHashPattern.MatchString(text)
	}
}

func FuzzParseAmount(f *testing.F) {
	for _, text := range []string{"1000.00", "0", "0.000000000000000001", "1e3", "-1", "01", ".5", "1,000"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		amount, err := ramp.ParseAmount(text)
		require.Equal(t, len(text) <= 40 && amountPattern.MatchString(text), err == nil)
		if err != nil {
			requireQuiet(t, err, text)
			return
		}
		require.False(t, amount.IsNegative())
		require.True(t, json.Valid([]byte(text)), "an amount is a JSON number")
		again, err := ramp.ParseAmount(amount.String())
		require.NoError(t, err)
		require.True(t, amount.Equal(again))
	})
}

// FuzzAtLeast compares any two texts.
func FuzzAtLeast(f *testing.F) {
	for _, pair := range [][2]string{{"1", "1.00"}, {"", ""}, {"x", "1"}, {"1e999999999", "1"}, {"1", "1e-999999999"}, {"-0", "0"}} {
		f.Add(pair[0], pair[1])
	}
	f.Fuzz(func(t *testing.T, have, least string) {
		enough := ramp.Amount{Amount: have}.AtLeast(least)
		a, errHave := ramp.ParseAmount(have)
		b, errLeast := ramp.ParseAmount(least)
		switch {
		case least == "":
			require.True(t, enough)
		case errHave == nil && errLeast == nil:
			require.Equal(t, a.GreaterThanOrEqual(b), enough)
		case have == "":
			require.False(t, enough)
		}
	})
}

func FuzzValidateVPA(f *testing.F) {
	for _, vpa := range []string{"asha@okbank", "a@b", "asha@@okbank", "asha@ok.bank", ""} {
		f.Add(vpa)
	}
	f.Fuzz(func(t *testing.T, vpa string) {
		err := ramp.ValidateVPA(vpa)
		require.Equal(t, vpaPattern.MatchString(vpa), err == nil)
		requireQuiet(t, err, vpa)
		if err != nil {
			return
		}
		require.Equal(t, vpa[:1]+"***"+vpa[strings.Index(vpa, "@"):], ramp.VPA(vpa).String())
	})
}

// FuzzMask hides any account, VPA or e-mail address.
func FuzzMask(f *testing.F) {
	for _, text := range []string{"50100000004821", "XXXX4821", "asha@okbank", "asha.rao@example.test", "a@", "@", "***", "6666", "\xff", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		account, vpa, email := ramp.AccountNumber(text), ramp.VPA(text), ramp.Email(text)
		require.Equal(t, account.String(), ramp.AccountNumber(account.String()).String(), "masking is idempotent")
		require.Equal(t, vpa.String(), ramp.VPA(vpa.String()).String(), "masking is idempotent")
		require.Equal(t, email.String(), ramp.Email(email.String()).String(), "masking is idempotent")
		if accountPattern.MatchString(text) && len(text) > 4 { // the provider's own form shows the last four
			require.NotContains(t, account.String(), text)
		}
		if text != "" && !strings.Contains(text, "*") { // nothing that may be masked already
			require.NotContains(t, vpa.String(), text)
			require.NotContains(t, email.String(), text)
		}
	})
}

// FuzzNumbers judges IFSCs, PANs, Aadhaar numbers and account numbers by their documented patterns.
func FuzzNumbers(f *testing.F) {
	for _, text := range []string{"HDFC0001234", "ABCPE1234F", "999941057058", "50100000004821", "hdfc0001234", "HDFC1001234", "HDFC000123É", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, number := range []struct {
			pattern  *regexp.Regexp
			validate func(string) error
		}{
			{ifscPattern, ramp.ValidateIFSC}, {panPattern, ramp.ValidatePAN}, {accountPattern, ramp.ValidateAccountNumber},
		} {
			err := number.validate(text)
			require.Equal(t, number.pattern.MatchString(text), err == nil)
			requireQuiet(t, err, text)
		}
		requireQuiet(t, ramp.ValidateAadhaar(text), text)
		if !aadhaarPattern.MatchString(text) {
			require.Error(t, ramp.ValidateAadhaar(text))
			return
		}
		right := 0
		for last := range 10 {
			if ramp.ValidateAadhaar(text[:11]+strconv.Itoa(last)) == nil {
				right++
			}
		}
		require.Equal(t, 1, right, "a number has one check digit")
	})
}

// FuzzReference judges references and workflow ids.
func FuzzReference(f *testing.F) {
	for _, text := range []string{"inv-42", "onramp/inv-42", "offramp/..", "onramp/", "/", "-x", "\x00", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		err := ramp.ValidateReference(text)
		require.Equal(t, referencePattern.MatchString(text), err == nil)
		requireQuiet(t, err, text)
		if err == nil {
			for _, direction := range []ramp.Direction{ramp.Onramp, ramp.Offramp} {
				of, reference, err := ramp.ParseWorkflowID(direction.WorkflowID(text))
				require.NoError(t, err)
				require.Equal(t, direction, of)
				require.Equal(t, text, reference)
			}
			require.Equal(t, text, url.PathEscape(text))
		}
		direction, reference, err := ramp.ParseWorkflowID(text)
		requireQuiet(t, err, text)
		if err == nil {
			require.Equal(t, text, direction.WorkflowID(reference))
		}
	})
}

// FuzzDossier lets through no URL that leads out of its store.
func FuzzDossier(f *testing.F) {
	for _, text := range []string{
		"file:///var/lib/rampart/kyc/asha", "s3://kyc/asha", "gs://kyc", "azblob://kyc/%41", "file:///a/%2e%2e/b", "FILE:///kyc", "file:/kyc", "s3://a:b@kyc/?x#y", "",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		err := ramp.ValidateDossier(text)
		requireQuiet(t, err, text)
		if err != nil {
			return
		}
		require.Regexp(t, dossierPattern, text)
		require.LessOrEqual(t, len(text), 1024)
		location, err := url.Parse(text)
		require.NoError(t, err)
		require.Nil(t, location.User)
		require.Empty(t, location.RawQuery+location.Fragment)
		inside := "/" + strings.Trim(location.Path, "/")
		require.Equal(t, inside, "/"+strings.TrimPrefix(location.JoinPath(".").Path, "/"), "the path is its own shortest form")
		require.NotContains(t, location.Path, "\x00")
	})
}

// FuzzFilterQuery requires that no condition of a filter can say more than it should.
func FuzzFilterQuery(f *testing.F) {
	f.Add("USDC", "650000000000000000000001")
	f.Add(`x" OR RampStatus != "`, `\`)
	f.Add("\x00\xff\u202e", "")
	f.Fuzz(func(t *testing.T, token, orderID string) {
		query := ramp.Filter{Token: token, OrderID: orderID}.Query()
		_, rest, found := strings.Cut(query, ")")
		require.True(t, found)
		for _, condition := range []struct{ name, value string }{{"RampToken", token}, {"RampOrderId", orderID}} {
			if condition.value == "" {
				continue
			}
			rest, found = strings.CutPrefix(rest, " AND "+condition.name+" = ")
			require.True(t, found, query)
			quoted, err := strconv.QuotedPrefix(rest)
			require.NoError(t, err)
			rest = rest[len(quoted):]
		}
		require.Empty(t, rest)
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
		err := ramp.ValidateWalletAddress(chainID, address)
		requireQuiet(t, err, address)
		if err != nil {
			return
		}
		pattern := evmPattern
		switch chainID {
		case solana, solanaStaging:
			pattern = solanaPattern
		case tron, tronShasta, tronNile:
			pattern = tronPattern
		}
		require.Regexp(t, pattern, address)
	})
}

func FuzzOnrampRequest(f *testing.F) {
	addJSON(f, onrampRequest())
	addJSON(f, hostileOnramp("hunter2"))
	f.Fuzz(func(t *testing.T, encoded []byte) {
		var request ramp.OnrampRequest
		if err := ramp.Decode(encoded, &request); err != nil {
			requireSpeaks(t, err)
			return
		}
		requireStable(t, &request, new(ramp.OnrampRequest))
		if request.Validate() == nil {
			requirePayable(t, request.Fiat.Amount)
			require.Regexp(t, referencePattern, request.Reference)
			require.NotContains(t, request.String(), request.Email)
		}
	})
}

func FuzzOfframpRequest(f *testing.F) {
	addJSON(f, offrampRequest())
	addJSON(f, hostileOfframp("hunter2"))
	f.Fuzz(func(t *testing.T, encoded []byte) {
		var request ramp.OfframpRequest
		if err := ramp.Decode(encoded, &request); err != nil {
			requireSpeaks(t, err)
			return
		}
		requireStable(t, &request, new(ramp.OfframpRequest))
		if request.Validate() == nil {
			requirePayable(t, request.Fiat.Amount+request.TokenAmount) // exactly one is given
			require.Regexp(t, referencePattern, request.Reference)
			require.NotContains(t, request.String(), request.Email)
		}
	})
}

// FuzzSubmission lets anything come with a signal or an update.
func FuzzSubmission(f *testing.F) {
	for _, seed := range []string{
		`{"utr":"412345678901"}`, `{"transactionHash":"` + evmHash + `"}`, `{"dossier":"s3://kyc/asha"}`, `{"quoteId":"q-1"}`,
		`{"upi":{"id":"asha@okbank","name":"Asha Rao"}}`, `{"bank":{"ifsc":"HDFC0001234"}}`, `null`, `{"utr":"1","UTR":"2"}`,
	} {
		f.Add([]byte(seed), "INR_UPI", int64(polygon))
	}
	f.Fuzz(func(t *testing.T, encoded []byte, method string, chainID int64) {
		var utr ramp.UTRSubmission
		if ramp.Decode(encoded, &utr) == nil {
			_, err := ramp.ParseUTR(ramp.PaymentMethod(method), string(utr.UTR))
			require.Equal(t, err == nil, utr.Validate(ramp.PaymentMethod(method)) == nil)
		}
		var hash ramp.HashSubmission
		if ramp.Decode(encoded, &hash) == nil {
			require.Equal(t, isHash(chainID, strings.TrimSpace(hash.TransactionHash)), hash.Validate(chainID) == nil)
		}
		var kyc ramp.KYCSubmission
		if ramp.Decode(encoded, &kyc) == nil {
			require.Equal(t, ramp.ValidateDossier(string(kyc.Dossier)) == nil, kyc.Validate() == nil)
		}
		var quote ramp.QuoteConfirmation
		if ramp.Decode(encoded, &quote) == nil && quote.Validate() == nil {
			require.LessOrEqual(t, len(quote.QuoteID), 128)
		}
		var account ramp.AccountSubmission
		if ramp.Decode(encoded, &account) == nil {
			require.False(t, account.Validate(ramp.AccountUPI) == nil && account.Validate(ramp.AccountBank) == nil)
		}
	})
}

func addJSON(f *testing.F, request any) {
	f.Helper()
	encoded, err := json.Marshal(request)
	require.NoError(f, err)
	f.Add(encoded)
	for _, seed := range []string{`{}`, `null`, `[]`, `{"email":1}`, `{"emial":""}`, `{"fiat":{"amount":"1","Amount":"2"}}`, `{"metadata":{"a":"1","a":""}}`, `{} {}`, `{"`} {
		f.Add([]byte(seed))
	}
}

// requireSpeaks demands that an error of Decode is a sentence of bounded length.
func requireSpeaks(t *testing.T, err error) {
	t.Helper()
	require.Regexp(t, `^(is|holds|has|gives|ends|does) `, err.Error())
	require.Less(t, len(err.Error()), 1000)
}

// requirePayable demands an amount that someone can pay.
func requirePayable(t *testing.T, text string) {
	t.Helper()
	amount, err := ramp.ParseAmount(text)
	require.NoError(t, err)
	require.True(t, amount.IsPositive())
}

type request interface {
	Validate() error
	Fingerprint() (string, error)
}

// requireStable demands that a request, refused or taken, is judged and written alike after a round trip through JSON.
func requireStable(t *testing.T, one, again request) {
	t.Helper()
	encoded, err := json.Marshal(one)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(encoded, again))
	require.Equal(t, one.Validate(), again.Validate())
	first, err := one.Fingerprint()
	require.NoError(t, err)
	second, err := again.Fingerprint()
	require.NoError(t, err)
	require.Equal(t, first, second)
}
