package onmeta

import "rampart/internal/redact"

// Secret is a credential: an API key, a token, a signing key. It shows itself as "[redacted]" wherever it is printed or encoded.
type Secret = redact.Secret

const redacted = redact.Hidden

const (
	maxMessageLength = 300
	maxCodeLength    = 64
	maxStatusLength  = 64
)

// cleaner makes a text from outside fit for logs, errors and the Web UI. Every text of the provider that is not a value
// which an order needs as it is goes through it, here and nowhere else, before anybody sees it.
type cleaner struct{ personal []string }

// newCleaner returns a cleaner that hides the values, and the single words of each, as in a name.
func newCleaner(values ...string) cleaner { return cleaner{personal: values} }

// clean hides them, and what looks personal or secret by itself: the provider may speak of other users too.
func (c cleaner) clean(s string, limit int) string {
	if s == "" {
		return ""
	}
	return redact.Message(s, limit, c.personal...)
}

// reason makes the provider's explanation of an order's or an account's state as fit for logs as its error
// messages are.
func reason(t text, personal ...string) string {
	return newCleaner(personal...).clean(string(t), maxMessageLength)
}

// status makes a status fit for logs. One that is known, or like those, stays as it is. Every poll has one, so that a known one is not
// searched.
func status(t text, personal ...string) text {
	if Status(t).known() {
		return t
	}
	return text(newCleaner(personal...).clean(string(t), maxStatusLength))
}
