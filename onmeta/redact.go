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

// cleaner makes an external text safe for logs, errors and the Web UI. Every text of the provider passes through it once, except values
// that an order needs unchanged.
type cleaner struct{ personal []string }

// newCleaner returns a cleaner that hides the values, and the single words of each, as in a name.
func newCleaner(values ...string) cleaner { return cleaner{personal: values} }

// clean hides those values and everything that looks personal or secret: the provider's texts may name other users too.
func (c cleaner) clean(s string, limit int) string {
	if s == "" {
		return ""
	}
	return redact.Message(s, limit, c.personal...)
}

// reason cleans the provider's explanation of an order's or an account's state.
func reason(t text, personal ...string) string {
	return newCleaner(personal...).clean(string(t), maxMessageLength)
}

// status cleans a status. A known status, or a similar one, stays unchanged; since every poll has one, a known one is not searched.
func status(t text, personal ...string) text {
	if Status(t).known() {
		return t
	}
	return text(newCleaner(personal...).clean(string(t), maxStatusLength))
}
