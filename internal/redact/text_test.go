package redact_test

import (
	"encoding/json"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/internal/growthtest"
	"rampart/internal/redact"
)

const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJ1c2VySWQiOiI2NTAwIn0.c2lnbmF0dXJl"

func TestTextHidesPersonalDataAndCredentials(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"no user asha@example.test here":           "no user a***@example.test here",
		"ASHA@EXAMPLE.TEST":                        "A***@EXAMPLE.TEST",
		"first.last+tag@mail.example.co.in.":       "f***@mail.example.co.in.",
		"mailto:asha%40example.test":               "mailto:a***%40example.test",
		"élodie@example.test":                      "é***@example.test",
		"account not found for vpa asha@okbank":    "account not found for vpa a***@okbank",
		"9876543210@ybl":                           "9***@ybl",
		"got " + jwt + " from you":                 "got [redacted] from you",
		"got " + jwt[:30] + "…":                    "got [redacted]…",
		"Authorization: Bearer abc.DEF-123":        "Authorization: [redacted]",
		"sent bearer zq8x-plain-token":             "sent bearer [redacted]",
		"https://user:pass@host.test/path":         "https://[redacted]@host.test/path",
		"key AKIAIOSFODNN7EXAMPLE unknown":         "key [redacted] unknown",
		"PAN ABCPE1234F is not valid":              "PAN [redacted] is not valid",
		"pan abcpe1234f,ABCPE1234F":                "pan [redacted],[redacted]",
		"pan_ABCPE1234F_front.jpg":                 "pan_[redacted]_front.jpg",
		"Aadhaar 234567890124 is taken":            "Aadhaar [redacted] is taken",
		"Aadhaar 2345 6789 0124":                   "Aadhaar [redacted]",
		"Aadhaar 2345-6789-0124.":                  "Aadhaar [redacted].",
		"card 4111 1111 1111 1111":                 "card XXXX1111",
		"account 50100000004821 is closed":         "account XXXX4821 is closed",
		"account:50100000004821.":                  "account:XXXX4821.",
		"account 5010 0000 0048 21":                "account XXXX4821",
		"acct-50100000004821":                      "XXXX4821",
		"A/C50100000004821":                        "A/XXXX4821",
		"call +91 98765 43210":                     "call +[redacted]",
		"call +91-9876543210 or 9876543210":        "call +[redacted] or XXXX3210",
		"UTR 412345678901 was used":                "UTR [redacted] was used",
		"UTR HDFCN52023112300012345 was used":      "UTR XXXX2345 was used",
		`{"accountName":"Ravi O\"K","x":1}`:        `{"accountName":[redacted],"x":1}`,
		`{\"name\":\"Ravi Kumar\",\"x\":1}`:        `{\"name\":[redacted],\"x\":1}`,
		`{"name":{"first":"Ravi","last":"Kumar"}}`: `{"name":[redacted]"first":[redacted],"last":[redacted]}}`,
		`{'name': 'Ravi Kumar'}`:                   `{'name': [redacted]}`,
		"accountName=Ravi+Kumar&ifsc=HDFC000123":   "accountName=[redacted]&ifsc=HDFC000123",
		"account name: Ravi Kumar, try again":      "account name: [redacted], try again",
		"password=hunter2; retry":                  "password=[redacted]; retry",
		`"refreshToken" : "abc"`:                   `"refreshToken" : [redacted]`,
		"x-api-key: 5a9db0c5-0000-4000-8000-00":    "x-api-key: [redacted]",
		"token=abcdefghijklmnop":                   "token=[redacted]",
		"X-Amz-Signature=deadbeef&x=1":             "X-Amz-Signature=[redacted]&x=1",
		"two: asha@a.test, ravi@b.test":            "two: a***@a.test, r***@b.test",
	} {
		require.Equal(t, want, redact.Text(text), text)
		require.Equal(t, want, redact.Text(redact.Text(text)), "again: %s", text)
	}
}

func TestTextKeepsOtherData(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "bad request", "Invalid request", "KYC not verified", "account not found for vpa", "Invalid order id",
		"unauthorized to access", "Invalid UTR", "user is forbidden", "Bank details are not found for the user",
		"data not found", "account already verified", "Duplicate transaction hash",
		"Kyc has already been completed for this customer", "Order already success, can't update UTR", "internal server error",
		"amount 1000.00 is above 99999999.99", "₹12,34,567.89", "limits 10000-50000 INR", "10.637218309127654321 USDC",
		"order 650000000000000000000001 is fiatPending", "order 65f1c0ffee12345678901234",
		"order inv-2026112300042: there is no onramp order of this reference", "onramp/20261123000421 is over",
		"2026-11-23T06:00:46Z", "2026-11-23T06:00:46.123456789+05:30", "2026-11-23 06:00:46", "23 Nov 2026, 11:30:46 IST",
		"5a9db0c5-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000001",
		"wallet 0x1111111111111111111111111111111111111111",
		"0x5a1f0c9e8b7d6a5f4e3d2c1b0a99887766554433221100ffeeddccbbaa998877",
		"5a1f0c9e8b7d6a5f4e3d2c1b0a99887766554433221100ffeeddccbbaa998877",
		"TJRyWwFs9wTFGZg3JbrVriFbNfCug5tDeC", "7EcDhSYGxXyscszYEp35KHN8vvw3svAuLKTzXwCFLtV",
		"IFSC HDFC0001234", "XXXX4821", "a***@okbank", "***@example.test", "[redacted]", "INVALID_ORDER_ID", "127.0.0.1:7233",
		"/usr/local/pkg/mod/go.temporal.io/sdk@v1.50.0/internal/internal_worker.go:1234 +0x1a5", "chain 1313161554", "encrypted with key 3141592653,", "chainId: 11155111",
		"the bearer token is missing", "the user's token holds a space", "Unsupported token: USDC",
		"token: 0x3c499c542cef5e3811e1192ce70d8cc03d5c3359", "accessToken is missing", "bank.pan must be 5 capital letters",
		"expires in 3h0m0s, attempt 12345678",
	} {
		require.Equal(t, text, redact.Text(text))
	}
}

func TestValuesAreHiddenInEverySpelling(t *testing.T) {
	t.Parallel()
	key := "s3cr€t/\"k&y\" +"
	encoded, err := json.Marshal(key)
	require.NoError(t, err)
	for _, echo := range []string{
		key, strings.ToUpper(key), strings.Trim(string(encoded), `"`), url.QueryEscape(key), url.PathEscape(key),
		strings.ToLower(url.QueryEscape(key)),
	} {
		require.Equal(t, "key [redacted] is bad", redact.Values("key "+echo+" is bad", key), echo)
	}
	for text, want := range map[string]string{
		"ASHA RAO is not asharao nor Rao":      "[redacted] is not [redacted] nor [redacted]",
		"paraony ramp Asha+Rao Asha%20Rao":     "paraony ramp [redacted] [redacted]",
		"account 5010 0000-0048 21":            "account [redacted]",
		"account 50100000004821, 501000000048": "account [redacted], 501000000048",
		"Al is here":                           "Al is here",
	} {
		require.Equal(t, want, redact.Values(text, "Asha Rao", "50100000004821", "Al", "", "\xff\xfe\xfd"), text)
	}
	require.Equal(t, redact.Hidden, redact.Values("a\nb", strings.Repeat("x", 1<<20)), "the whole text is hidden")
	require.Equal(t, "as it is", redact.Values("as it is"))
}

func TestMessageIsOneShortLineWithoutMarkdown(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"first\r\n\tsecond\x1b[31m \u202ered": "first second[31m red",
		"see [here](https://evil.test/x)":     "see [here] (https: //evil.test/x)",
		"![](x) <b onclick=x>`code`":          "! [] (x) ‹b onclick=x›'code'",
		"```\nfence\n```":                     "''' fence '''",
		"a@b.test\n\n# heading":               "***@b.test # heading",
		"go to www.evil.test":                 "go to www .evil.test",
		"Asha\nRao, 50100000004821":           "[redacted], XXXX4821",
		"A\u200bsha Rao":                      "[redacted]",
		"\xff\xfe":                            "",
	} {
		require.Equal(t, want, redact.Message(text, 300, "Asha Rao"), text)
	}
	cut := redact.Message(strings.Repeat("é", 290)+" account 50100000004821 of asha@example.test", 300)
	require.Len(t, []rune(cut), 300)
	require.NotContains(t, cut, "501")
	require.Equal(t, "…", redact.Message("long", 1))
}

func TestMaskingIsIdempotent(t *testing.T) {
	t.Parallel()
	for masked, again := range map[string]string{
		redact.Account("50100000004821").String():  redact.Account(redact.Account("50100000004821").String()).String(),
		redact.Email("asha@example.test").String(): redact.Email(redact.Email("asha@example.test").String()).String(),
		redact.Email("a@example.test").String():    redact.Email(redact.Email("a@example.test").String()).String(),
		redact.VPA("asha@okbank").String():         redact.VPA(redact.VPA("asha@okbank").String()).String(),
		redact.UTR("412345678901").String():        redact.UTR(redact.UTR("412345678901").String()).String(),
	} {
		require.Equal(t, masked, again)
	}
	require.Equal(t, "0x1234…5678", redact.Field("transactionHash", "0x1234567890abcdef5678"))
	require.Equal(t, "0x12345678", redact.Field("transactionHash", "0x12345678"))
}

func TestFieldIsShownByItsName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"email": "5***@x", "userEmail": "5***@x", "account_number": "XXXX21@x", "Account Name": redact.Hidden, "x-api-key": redact.Hidden,
		"TaskToken": redact.Hidden, "vpa": "5***@x", "utr": "XXXX21@x", "reference": "50100000004821@x", "WorkflowID": "50100000004821@x",
		"anything": "5***@x", "dossier": redact.Hidden,
	} {
		require.Equal(t, want, redact.Field(name, "50100000004821@x"), name)
	}
	require.Empty(t, redact.Field("pan", ""), "an empty value is not hidden")
	require.Equal(t, "file://[redacted]", redact.Field("dossier", "file:///var/lib/rampart/kyc/asha"))
}

// A provider's text may be a mebibyte long. Only its beginning is searched.
func TestTimeOfMessageIsBoundedForLongTexts(t *testing.T) {
	t.Parallel()
	const short, long = 32 << 10, 1 << 20
	for _, part := range []string{"a ", "5010 0000 0048 21 ", "asha@example.test ", "accountName: Asha Rao, ", "\u202e", "![x](https://evil.test) "} {
		message := func(size int) func() {
			text := strings.Repeat(part, size/len(part))
			return func() { runtime.KeepAlive(redact.Message(text, 300, "Asha Rao", "asha@example.test")) }
		}
		growthtest.RequireFactor(t, 8, message(short), message(long), "32 times as long:", part)
	}
}

// A long text is cut before it is searched, and the cut may be within a value. No part of that value is shown.
func TestLongTextIsCutWithoutShowingPartOfAValue(t *testing.T) {
	t.Parallel()
	token := "eyJ" + strings.Repeat("a", 600)
	name := "Krishnamurthy Venkataraman"
	for _, value := range []string{name, "asha.rao.of.bengaluru@example.test", "50100000004821", "5010 0000 0048 21", url.QueryEscape(name)} {
		for shift := 0; shift < 700; shift += 5 {
			text := strings.Repeat("y", shift) + " " + strings.Repeat(token+" ", 4) + strings.Repeat(value+"; ", 1000)
			shown := redact.Message(text, 300, name)
			require.LessOrEqual(t, len([]rune(shown)), 300)
			for _, part := range []string{"rishna", "enkata", "asha.r", "bengal", "50100", "5010 0"} {
				require.NotContains(t, shown, part, "shift %d", shift)
			}
		}
	}
}

// Hiding may shorten the searched text so much that the cut is within the limit.
func TestValueAtTheCutIsHiddenWithinTheLimit(t *testing.T) {
	t.Parallel()
	token := "eyJ" + strings.Repeat("a", 2000) + " "
	for shift := 0; shift < 2200; shift += 7 {
		text := strings.Repeat("z", shift) + " " + strings.Repeat(token, 5) + strings.Repeat("asha.rao.of.bengaluru@example.test ", 400)
		require.NotRegexp(t, "asha.r|bengal", redact.Message(text, 2000), "shift %d", shift)
	}
}

func TestPlainNeutralizesMarkdownAndHidesNothing(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Payments Desk Pvt Ltd 917000000000042": "Payments Desk Pvt Ltd 917000000000042",
		"a\u0085b\u202ec\x1b[31m\x00d\n":        "a bc[31md",
		"![x](https://evil.test) <b>":           "! [x] (https: //evil.test) ‹b›",
		strings.Repeat("é", 60):                 strings.Repeat("é", 39) + "…",
		strings.Repeat("é", 1<<20):              strings.Repeat("é", 39) + "…",
	} {
		require.Equal(t, want, redact.Plain(text, 40), text[:min(len(text), 40)])
	}
}
