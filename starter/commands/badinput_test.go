package commands_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
	"rampart/test/badinput"
)

// badRequests are the examples of bad requests, by the command that takes them.
func badRequests(t *testing.T) map[string][]badinput.Example {
	t.Helper()
	all := make(map[string][]badinput.Example)
	for _, bad := range badinput.Read(t, "../../docs/reference/bad-input.md") {
		command := strings.ToLower(bad.Kind)
		all[command] = append(all[command], bad)
	}
	require.Len(t, all, 2)
	return all
}

// values are the texts in a document.
func values(document any) []string {
	var all []string
	switch value := document.(type) {
	case string:
		all = append(all, value)
	case map[string]any:
		for _, inner := range value {
			all = append(all, values(inner)...)
		}
	}
	return all
}

// requireNoValue requires that an error repeats nothing of a document. Short values, such as INR_UPI, are not the user's.
func requireNoValue(t *testing.T, document, said string) {
	t.Helper()
	var content any
	require.NoError(t, json.Unmarshal([]byte(document), &content))
	said = regexp.MustCompile(`such as \S+`).ReplaceAllString(said, "") // the contract's problems have examples
	for _, value := range values(content) {
		if len(value) > len("INR_IMPS") {
			require.NotContains(t, said, value)
		}
	}
}

func TestDocumentsOfThePageAreAccepted(t *testing.T) {
	t.Parallel()
	for command, bad := range badRequests(t) {
		x := with(order(ramp.Onramp, "inv-42", ramp.AwaitingPayment), order(ramp.Offramp, "wd-7", ramp.AwaitingPayment))
		x.stdin = bad[0].Document
		got := x.run(t, command, "--file", "-")
		require.Zero(t, got.code, got.stderr)
	}
}

func TestInvalidRequestsOfThePageStartNoOrder(t *testing.T) {
	t.Parallel()
	tried := 0
	for command, requests := range badRequests(t) {
		for _, bad := range requests {
			tried++
			t.Run(command+" "+bad.Patch, func(t *testing.T) {
				t.Parallel()
				requireRefused(t, command, bad)
			})
		}
	}
	require.Greater(t, tried, 200)
}

func requireRefused(t *testing.T, command string, bad badinput.Example) {
	t.Helper()
	x := with()
	x.stdin = bad.Request(t)

	got := x.run(t, command, "--file", "-", "-o", "json")

	require.Equal(t, 2, got.code)
	problem := decoded[ramp.Error](t, got.stderr)
	require.Equal(t, ramp.InvalidRequest, problem.Type)
	if bad.Field == "" {
		require.Contains(t, problem.Message, bad.Problem)
	} else {
		require.Equal(t, []ramp.FieldError{{Field: bad.Field, Problem: bad.Problem}}, problem.Fields)
	}
	problem.Reference = "" // a sound one is repeated
	requireNoValue(t, x.stdin, problem.Error())
	require.Empty(t, got.stdout)
	require.Empty(t, x.fake.calls)
}

func TestInvalidFilesAreRejectedWithoutRepeatingValues(t *testing.T) {
	t.Parallel()
	change := func(before, after string) string {
		require.Contains(t, onrampFile, before)
		return strings.Replace(onrampFile, before, after, 1)
	}
	for name, bad := range map[string]struct{ content, says string }{
		"nothing":                       {"", "standard input is empty"},
		"blanks":                        {" \n\t ", "standard input is empty"},
		"null":                          {"null", "holds a JSON null, not an object"},
		"a word":                        {"order", "is not JSON, from byte 1 on"},
		"a text":                        {`"order"`, "holds a JSON string, not an object"},
		"a number":                      {"42", "holds a JSON number, not an object"},
		"a truth":                       {"true", "holds a JSON bool, not an object"},
		"a list":                        {"[" + onrampFile + "]", "holds a JSON array, not an object"},
		"cut off":                       {onrampFile[:100], "ends in the middle of a JSON object"},
		"cut off in a text":             {onrampFile[:20], "ends in the middle of a JSON object"},
		"one object too many":           {onrampFile + onrampFile, "holds more than one JSON object"},
		"something after it":            {onrampFile + "]", "holds more than one JSON object"},
		"a comma too many":              {change(`"Asha Rao" }`, `"Asha Rao", }`), "is not JSON, from byte"},
		"a comment":                     {"// an order\n" + onrampFile, "is not JSON, from byte 1 on"},
		"single quotes":                 {change(`"inv-42"`, `'inv-42'`), "is not JSON, from byte"},
		"a byte order mark":             {"\ufeff" + onrampFile, "is not JSON, from byte 1 on"},
		"UTF-16":                        {"\xff\xfe{\x00}\x00", "is not JSON, from byte 1 on"},
		"YAML":                          {"reference: inv-42", "is not JSON, from byte 1 on"},
		"a line break in a text":        {change("Asha Rao", "Asha\nRao"), "is not JSON, from byte"},
		"NUL":                           {change("Asha Rao", "Asha\x00Rao"), "is not JSON, from byte"},
		"no UTF-8":                      {change("Asha Rao", "Asha\xffRao"), "upi.name"},
		"NaN":                           {change(`"1000.00"`, "NaN"), "is not JSON, from byte"},
		"a hexadecimal chain":           {change("137", "0x89"), "is not JSON, from byte"},
		"a chain as a text":             {change("137", `"137"`), `has a JSON string in the field "token.chainId", which takes a whole number`},
		"half a chain":                  {change("137", "137.5"), `has a JSON number in the field "token.chainId", which takes a whole number`},
		"a chain with an exponent":      {change("137", "1e2"), `has a JSON number in the field "token.chainId", which takes a whole number`},
		"a chain beyond all chains":     {change("137", "99999999999999999999"), `has a JSON number in the field "token.chainId", which takes a whole number`},
		"a VPA without its holder":      {change(`{ "id": "asha@okbank", "name": "Asha Rao" }`, `"asha@okbank"`), `has a JSON string in the field "upi", which takes an object`},
		"metadata as a list":            {change(`"upi"`, `"metadata": ["a"], "upi"`), `has a JSON array in the field "metadata", which takes an object`},
		"metadata that is no text":      {change(`"upi"`, `"metadata": {"a": 50100000004821}, "upi"`), "has a JSON number in the field"},
		"a confirmation as a text":      {change(`"upi"`, `"quote": {"confirm": "yes"}, "upi"`), `has a JSON string in the field "quote.confirm", which takes true or false`},
		"a field twice":                 {change(`"email"`, `"email": "nobody@nobody.test", "email"`), "gives a field twice: email"},
		"a field twice, in another way": {change(`"amount"`, `"Amount": "1.00", "amount"`), "gives a field twice: fiat.amount"},
		"a part twice":                  {change(`"fiat"`, `"fiat": {}, "fiat"`), "gives a field twice: fiat"},
		"a key of the metadata twice":   {change(`"upi"`, `"metadata": {"asha@okbank": "1", "asha@okbank": "2"}, "upi"`), "gives a field twice: metadata"},
		"far too deep":                  {strings.Repeat(`{"fiat":`, 20_000), "is not JSON, from byte"},
		"a deep list where a text is":   {change(`"inv-42"`, strings.Repeat("[", 9_000)+strings.Repeat("]", 9_000)), `has a JSON array in the field "reference", which takes a string`},
		"a huge text":                   {change("inv-42", strings.Repeat("x", 1<<19)), "reference"},
		"a huge number":                 {change(`"1000.00"`, strings.Repeat("9", 1<<19)), `has a JSON number in the field "fiat.amount", which takes a string`},
		"more than a request":           {change("inv-42", strings.Repeat("x", 1<<20)), "is larger than 1 MiB"},
		"a reference of 129 letters":    {change("inv-42", strings.Repeat("x", 129)), "must be 1 to 128"},
		"21 entries of metadata":        {change(`"upi"`, `"metadata": {`+entriesOf(21)+`}, "upi"`), "must have at most 20 entries"},
		"a value of 501 characters":     {change(`"upi"`, `"metadata": {"a": "`+strings.Repeat("\u0928", 501)+`"}, "upi"`), "must be at most 500 characters"},
		"a key of 41 letters":           {change(`"upi"`, `"metadata": {"`+strings.Repeat("a", 41)+`": ""}, "upi"`), "must have keys of 1 to 40"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := with()
			x.stdin = bad.content

			got := x.run(t, "onramp", "--file", "-")

			require.Equal(t, 2, got.code)
			require.Contains(t, got.stderr, bad.says)
			require.Less(t, len(got.stderr), 4000)
			for _, personal := range []string{"asha@example.test", "nobody@", "asha@okbank\"", "50100000004821"} {
				require.NotContains(t, got.stderr, personal)
			}
			require.Empty(t, x.fake.calls)
		})
	}
}

func entriesOf(n int) string {
	var entries []string
	for i := range n {
		entries = append(entries, fmt.Sprintf(`"k%d": ""`, i))
	}
	return strings.Join(entries, ", ")
}

func TestInvalidCommandLinesAreRejectedWithoutRepeatingValues(t *testing.T) {
	t.Parallel()
	hash := "0x" + strings.Repeat("ab", 32)
	const personal = "asha.rao@nobody.test"
	for says, line := range map[string][]string{
		"is a directory":                                {"onramp", "--file", t.TempDir()},
		"no such file":                                  {"onramp", "--file", "/nowhere/order.json"},
		"standard input is empty":                       {"submit-account", "inv-42", "--file", "-"},
		"--file and --email cannot be combined":         {"onramp", "--file", "-", "--email", personal},
		"--chain-id must be a whole number":             append(onrampFlags(), "--chain-id", "137.0"),
		"--metadata must be key=value":                  append(onrampFlags(), "--metadata", "a=1", "--metadata", "a=2"),
		"--confirm must be true or false":               append(onrampFlags(), "--confirm=perhaps"),
		"--timeout must be a duration":                  append(onrampFlags(), "--timeout", "5"),
		"must be a wallet, not the token's own":         append(onrampFlags(), "--wallet", usdc),
		"must be at most 100000 INR by INR_UPI":         append(onrampFlags(), "--amount", "100001"),
		"must be left out when fiat.amount is given":    append(offrampFlags(), "--payout", "1.00"),
		"must be left out: the order needs a VPA":       {"submit-account", "inv-42", "--upi-id", "asha@okbank", "--upi-name", "A", "--ifsc", "HDFC0001234"},
		"must be given: the order needs a bank":         {"submit-account", "inv-42"},
		"--ifsc":                                        {"submit-account", "inv-42", "--ifsc", personal},
		"ORDER must be an order's reference":            {"status", personal},
		"unknown command":                               {personal},
		"too many arguments: expected 2, got 3":         {"submit-utr", "inv-42", "4123", "45678901"},
		"missing argument UTR":                          {"submit-utr", "inv-42"},
		"submit-utr accepts only onramp orders":         {"submit-utr", "offramp/wd-7", "412345678901"},
		"submit-hash accepts only offramp orders":       {"submit-hash", "onramp/inv-42", hash},
		"--status must be one or more of verifying_kyc": {"list", "--status", "completed OR RampAttention"},
		"--status must be names separated by commas":    {"list", "--status", `completed" OR RampStatus != "`},
		"--direction must be onramp or offramp":         {"list", "--direction", "ONRAMP"},
		"--limit must be at least 1":                    {"list", "--limit", "-1"},
		"--output must be text or json":                 {"list", "-o", "xml"},
		"the new order needs a reference":               {"reorder", "inv-42", "--reference", personal},
		"unknown command; did you mean status?":         {"statsu"},
		"unknown command; did you mean promote?":        {"deployment", "promot"},
		"unknown flag: --refrence":                      {"onramp", "--refrence", "inv-42"},
		"malformed flag":                                {"onramp", "--=x"},
		"the URL of the Web UI must be like http://":    {"status", "inv-42", "--ui-url", "javascript:alert(1)"},
		"The reference is your own id for the order":    append(onrampFlags(), "--reference", ""),
		"too many arguments: expected 1, got 2; check":  {"cancel", "inv-42", "now"},
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			x := with()

			got := x.run(t, line...)

			require.Equal(t, 2, got.code, got.stderr)
			require.Contains(t, got.stderr, says)
			require.NotContains(t, got.stderr, personal)
			require.Empty(t, got.stdout)
			require.Empty(t, x.fake.calls)
		})
	}
}
