package redact

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret is a text that must never be shown, such as an API key, a token, a signing key or a field of a KYC document. It prints and
// marshals as "[redacted]"; only Reveal returns the text. It unmarshals from a plain string.
type Secret string

var (
	_ fmt.Formatter  = Secret("")
	_ fmt.Stringer   = Secret("")
	_ fmt.GoStringer = Secret("")
)

// Reveal returns the secret's text. Never log, format or store it.
func (s Secret) Reveal() string { return string(s) }

// String returns "[redacted]".
func (Secret) String() string { return Hidden }

// GoString returns "[redacted]".
func (Secret) GoString() string { return Hidden }

// Format writes "[redacted]" for every verb.
func (Secret) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, Hidden) }

// LogValue returns "[redacted]".
func (Secret) LogValue() slog.Value { return slog.StringValue(Hidden) }

// MarshalJSON encodes the secret as the string "[redacted]".
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + Hidden + `"`), nil }

// MarshalText encodes the secret as "[redacted]".
func (Secret) MarshalText() ([]byte, error) { return []byte(Hidden), nil }
