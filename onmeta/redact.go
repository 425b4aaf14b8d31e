package onmeta

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

const (
	maxMessageLength = 300
	maxCodeLength    = 64
	// minPersonalLength keeps an initial or a one-digit value from blanking half a message.
	minPersonalLength = 3
	// maxPatternLength bounds the work of blanking: beyond it there is rather no message than one that leaks.
	maxPatternLength = 64 << 10
)

// cleaner makes a text from outside fit for logs.
type cleaner struct{ personal *regexp.Regexp }

// newCleaner returns a cleaner that blanks the values, and the single words of each, as in a name.
func newCleaner(values ...string) cleaner {
	all := slices.Clone(values)
	for _, value := range values {
		all = append(all, strings.Fields(value)...)
	}
	return cleaner{personal: anyOf(all)}
}

// anyOf matches any of the values, the longest first, without regard to case; nil when there is none.
func anyOf(values []string) *regexp.Regexp {
	var patterns []string
	for _, value := range values {
		if value = strings.ToValidUTF8(value, ""); len(value) >= minPersonalLength {
			patterns = append(patterns, regexp.QuoteMeta(value))
		}
	}
	if len(patterns) == 0 {
		return nil
	}
	slices.SortFunc(patterns, func(a, b string) int { return len(b) - len(a) })
	expression := strings.Join(patterns, "|")
	if len(expression) > maxPatternLength {
		return regexp.MustCompile(".+")
	}
	return regexp.MustCompile("(?i)" + expression)
}

// clean blanks personal values before it cuts, so that no part of one is left at the cut.
func (c cleaner) clean(s string, limit int) string {
	s = strings.Join(strings.FieldsFunc(s, unicode.IsSpace), " ")
	s = strings.Map(printable, strings.ToValidUTF8(s, ""))
	if c.personal != nil {
		s = c.personal.ReplaceAllLiteralString(s, redacted)
	}
	runes := []rune(s)
	if len(runes) <= limit {
		return s
	}
	return string(runes[:limit-1]) + "…"
}

// reason makes the provider's explanation of an order's or an account's state as fit for logs as its error
// messages are.
func reason(t text, personal ...string) string {
	return newCleaner(personal...).clean(string(t), maxMessageLength)
}

// printable drops control and format characters, bidirectional overrides among them.
func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return -1
}
