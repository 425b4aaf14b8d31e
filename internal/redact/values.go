package redact

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// leastValue is the shortest value that is hidden, in bytes: an initial or a digit would hide half a text.
	leastValue = 3
	// leastInside is the length from which a word of a value, such as a first name, is hidden inside other words too, in bytes.
	leastInside = 5
	// maxPattern bounds the size of a pattern, in bytes. With a larger one the whole text is hidden.
	maxPattern = 64 << 10
)

// Values hides the given values in a text: literally, escaped as in JSON and in URLs, in any case, and digits also in groups. It also
// hides the single words of a value, such as a first name. It ignores values shorter than three bytes.
func Values(text string, values ...string) string { return Hider(values...)(text) }

// Hider returns a function that hides the given values as Values does. It compiles them once, for values such as a process's credentials.
func Hider(values ...string) func(text string) string {
	pattern := anyOf(values)
	if pattern == nil {
		return func(text string) string { return text }
	}
	return func(text string) string { return pattern.ReplaceAllLiteralString(text, Hidden) }
}

// Message makes a text of another party, such as the provider's error, safe to show anywhere. It returns one line of at most limit
// printable characters, with the values and whatever Text finds hidden, and with Markdown links, images, code and HTML neutralized.
// It hides before it cuts, so that no part of a hidden value remains at the cut. It reads only the beginning of a long text, so its time
// is bounded.
func Message(text string, limit int, values ...string) string {
	text, torn := beginning(text, limit, values)
	text = Values(line(text), values...)
	return shorten(plain.Replace(Text(text)), limit, torn)
}

// Plain is Message without hiding anything, for texts that must be shown in full, such as the name of the account that receives a
// payment.
func Plain(text string, limit int) string {
	text, torn := beginning(text, limit, nil)
	return shorten(plain.Replace(line(text)), limit, torn)
}

const (
	// roomForMore is how much more than the limit is searched, in bytes, because hiding shortens a text.
	roomForMore = 2 << 10
	// longestFound bounds the length of what Text recognizes, in bytes: an e-mail address, a number, a token.
	longestFound = 1 << 10
	// longestForm is the largest ratio of the length of an escaped value to that of the value.
	longestForm = 8
)

// beginning cuts a long text before it is searched, because the search takes time for every byte. A value at the cut is incomplete and
// would not be found; it lies within the last torn characters of the result, which must not be shown.
func beginning(text string, limit int, values []string) (string, int) {
	longest := 0
	for _, value := range values {
		longest = max(longest, min(len(value), maxPattern))
	}
	torn := longestFound + longestForm*longest
	most := 4*limit + roomForMore + 2*torn
	if text = strings.TrimSpace(text); len(text) <= most {
		return text, 0
	}
	for !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most], torn
}

// shorten removes the last torn characters of a text that has been searched, and whatever exceeds the limit.
func shorten(text string, limit, torn int) string {
	runes := []rune(text)
	if torn == 0 && len(runes) <= limit {
		return text
	}
	whole := max(len(runes)-torn, 0)
	return string(runes[:max(min(limit-1, whole), 0)]) + "…"
}

// line removes control and format characters, including bidirectional overrides, and folds white space.
func line(text string) string {
	text = strings.Join(strings.FieldsFunc(text, unicode.IsSpace), " ")
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(text, ""))
}

// plain neutralizes Markdown. Emphasis is harmless, and block syntax does not apply within a line. URLs are broken up because renderers
// turn them into links.
var plain = strings.NewReplacer("`", "'", "<", "‹", ">", "›", "](", "] (", "][", "] [", "![", "! [", "]:", "] :",
	"://", ": //", "www.", "www .", "WWW.", "WWW .")

// anyOf returns a pattern that matches any of the values in any spelling, the longest first, or nil if there are no values.
func anyOf(values []string) *regexp.Regexp {
	var forms []form
	for _, value := range values {
		value = strings.ToValidUTF8(value, "")
		forms = append(forms, formsOf(value)...)
		for _, word := range strings.Fields(value) {
			if word != value {
				forms = append(forms, wordForm(word)...)
			}
		}
	}
	if len(forms) == 0 {
		return nil
	}
	slices.SortStableFunc(forms, func(a, b form) int { return b.length - a.length })
	var patterns []string
	size := 0
	for _, f := range forms {
		patterns = append(patterns, f.pattern)
		size += len(f.pattern)
	}
	if size > maxPattern {
		return regexp.MustCompile(`(?s).+`)
	}
	return regexp.MustCompile("(?i)" + strings.Join(patterns, "|"))
}

// form is one spelling of a value.
type form struct {
	pattern string
	length  int
}

func formsOf(value string) []form {
	if len(value) < leastValue {
		return nil
	}
	spellings := []string{value, jsonForm(value), url.QueryEscape(value), url.PathEscape(value), strings.Join(strings.Fields(value), "")}
	slices.Sort(spellings)
	var forms []form
	for _, spelling := range slices.Compact(spellings) {
		forms = append(forms, form{quoted(spelling), len(spelling)})
	}
	return forms
}

// wordForm returns the form of a word of a value. It matches a short word only as a whole word: "Ram" does not match in "parameter".
func wordForm(word string) []form {
	if len(word) < leastValue {
		return nil
	}
	pattern := regexp.QuoteMeta(word)
	if len(word) < leastInside && isASCII(word) {
		pattern = `\b` + pattern + `\b`
	}
	return []form{{pattern, len(word)}}
}

var onlyDigits = regexp.MustCompile(`^[0-9]{4,}$`)

// quoted returns a pattern that matches a spelling literally, and digits also in groups.
func quoted(spelling string) string {
	if !onlyDigits.MatchString(spelling) {
		return regexp.QuoteMeta(spelling)
	}
	return strings.Join(strings.Split(spelling, ""), `[ _-]?`)
}

// jsonForm returns a value escaped as in a JSON string.
func jsonForm(value string) string {
	encoded, err := json.Marshal(value)
	if err != nil { // cannot happen for a string
		return value
	}
	return strings.Trim(string(encoded), `"`)
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII })
}
