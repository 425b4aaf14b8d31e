package redact_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"rampart/internal/redact"
)

// FuzzText checks that Text hides secrets and keeps other values within any text.
func FuzzText(f *testing.F) {
	for _, text := range []string{
		"", "bad request", "asha@example.test", `{"accountName":"Ravi"}`, "Bearer " + jwt, "token=[redacted]", "2026-11-23T06:00:46Z",
		"5010 0000 0048 21", "inv-2026112300042", "x\xffy", "www.://@", "a=b@c%40d", "password: \\\"x\\\" y", "pan: [redacted]]",
	} {
		f.Add(text)
	}
	planted := []string{"asha.rao@example.test", "asha@okbank", "ABCPE1234F", "234567890124", "2345 6789 0124", "50100000004821", jwt}
	kept := []string{"1000.00", "650000000000000000000001", "0x1111111111111111111111111111111111111111"}
	f.Fuzz(func(t *testing.T, text string) {
		once := redact.Text(text)
		require.Equal(t, once, redact.Text(once), "Text is idempotent")
		for _, secret := range planted {
			require.NotContains(t, redact.Text(text+" "+secret+" "+text), secret)
			require.NotContains(t, redact.Values(text+secret+text, secret), secret)
			require.NotContains(t, redact.Message(text+" "+secret+" "+text, 300), secret)
		}
		for _, value := range kept {
			require.Contains(t, redact.Text("order 42, "+value+", done. "+text), value)
		}
		message := redact.Message(text, 300)
		require.LessOrEqual(t, len([]rune(message)), 300)
		require.False(t, strings.ContainsAny(message, "\n\r\t`<>"), message)
		require.NotContains(t, message, "](")
		require.NotContains(t, message, "://")
	})
}

// FuzzValues checks that Values hides any value in any text.
func FuzzValues(f *testing.F) {
	f.Add("key is s3cr3t!", "s3cr3t")
	f.Add("ASHA RAO", "Asha Rao")
	f.Add("50 10 00", "501000")
	f.Add("a\\\"b", `a\"b`)
	f.Fuzz(func(t *testing.T, text, value string) {
		short := len(strings.ToValidUTF8(value, "")) < 3
		if short || !utf8.ValidString(value) || strings.ContainsAny(value, "[]") || strings.Contains(redact.Hidden, strings.ToLower(value)) {
			return // not hidden, or indistinguishable from Hidden
		}
		hidden := redact.Values(text+value+text, value)
		require.NotContains(t, hidden, value)
		require.Equal(t, hidden, redact.Hider(value)(text+value+text))
	})
}
