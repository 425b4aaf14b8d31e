package onmeta

import (
	"fmt"
	"io"
	"log/slog"

	"rampart/internal/redact"
)

const redacted = redact.Hidden

// Secret is a credential: an API key, a token, a signing key. However it is printed or encoded it shows
// "[redacted]"; only Reveal gives the text.
type Secret string

var (
	_ fmt.Formatter  = Secret("")
	_ fmt.Stringer   = Secret("")
	_ fmt.GoStringer = Secret("")
)

// Reveal returns the secret's text. Never log, format or store what it returns.
func (s Secret) Reveal() string { return string(s) }

// String returns "[redacted]".
func (Secret) String() string { return redacted }

// GoString returns "[redacted]".
func (Secret) GoString() string { return redacted }

// Format writes "[redacted]" for every verb.
func (Secret) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, redacted) }

// LogValue is "[redacted]".
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON encodes the secret as the string "[redacted]".
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText encodes the secret as "[redacted]".
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
