package commands_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
)

// FuzzOrderFile runs onramp with any file: it starts the order in the file, or reports why it cannot.
func FuzzOrderFile(f *testing.F) {
	for _, content := range []string{
		onrampFile, strings.Replace(onrampFile, "1000.00", "1e3", 1), onrampFile + onrampFile, onrampFile[:60], "null", "[]", "", "\xff\xfe",
		`{"emial": 1}`, `{"fiat": {"amount": "1", "AMOUNT": "2"}}`, `{"metadata": {"\u0000": ""}}`,
	} {
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content string) {
		x := with(order(ramp.Onramp, "inv-42", ramp.AwaitingPayment))
		x.stdin = content

		got := x.runFor(t.Context(), "onramp", "--file", "-")

		if x.fake.onramp != nil {
			require.NoError(t, x.fake.onramp.Validate())
			require.Equal(t, []string{"onramp"}, x.fake.calls)
			require.NotContains(t, got.stdout+got.stderr, x.fake.onramp.Email)
			return
		}
		require.Equal(t, 2, got.code)
		require.Empty(t, x.fake.calls)
		require.True(t, strings.HasPrefix(got.stderr, "starter: "), got.stderr)
		for _, r := range strings.ReplaceAll(got.stderr, "\n", "") {
			require.True(t, unicode.IsGraphic(r), "%q in %q", r, got.stderr)
		}
	})
}
