package redact_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/internal/redact"
)

func TestSecretPrintsRedacted(t *testing.T) {
	t.Parallel()
	const secret = redact.Secret("s3cr3t")
	nested := struct {
		Key redact.Secret
		Ptr *redact.Secret
		Map map[string]redact.Secret
	}{secret, new(redact.Secret), map[string]redact.Secret{"key": secret}}

	shown := []string{secret.String(), secret.GoString(), fmt.Sprint(secret), fmt.Sprintf("%-20.3s|", secret)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T %v"} {
		shown = append(shown, fmt.Sprintf(verb, secret), fmt.Sprintf(verb, nested))
	}
	for _, value := range []any{secret, nested} {
		encoded, err := json.Marshal(value)
		require.NoError(t, err)
		shown = append(shown, string(encoded))
	}
	marshalled, err := secret.MarshalText()
	require.NoError(t, err)
	shown = append(shown, string(marshalled))
	for _, text := range shown {
		require.NotContains(t, text, "s3cr3t")
		require.NotContains(t, strings.ToLower(text), "733363723374", "hexadecimal")
	}
	require.Equal(t, "[redacted]", secret.String())
	require.Equal(t, "s3cr3t", secret.Reveal())
}

func TestSecretIsDecodedAsAPlainString(t *testing.T) {
	t.Parallel()
	var secret redact.Secret
	require.NoError(t, json.Unmarshal([]byte(`"s3cr3t"`), &secret))
	require.Equal(t, "s3cr3t", secret.Reveal())
}
