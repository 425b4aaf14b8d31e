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
	// leastValue keeps an initial or a one-digit value from hiding half a text.
	leastValue = 3
	// leastInside is the length from which a word of a value, such as a first name, is hidden inside of other words too.
	leastInside = 5
	// maxPattern bounds the work: beyond it there is rather no text than one that leaks.
	maxPattern = 64 << 10
)

// Values hides values that a text may echo: each as it is, as JSON or a URL has it, in any case, and digits also in
// groups. So are the single words of a value, as of a name. Values of less than three bytes are left alone.
func Values(text string, values ...string) string { return Hider(values...)(text) }

// Hider returns Values for values that stay the same, such as a process's own credentials.
func Hider(values ...string) func(text string) string {
	pattern := anyOf(values)
	if pattern == nil {
		return func(text string) string { return text }
	}
	return func(text string) string { return pattern.ReplaceAllLiteralString(text, Hidden) }
}

// Message makes what somebody else says, such as the provider in an error, fit for every place where it may be shown:
// one line of at most limit characters, all of them printable, without the values, without what Text hides, and without
// what Markdown would make links, pictures, code or HTML of. Everything is hidden before it is cut, so that no part of
// anything is left at the cut. Of a long text only the beginning is searched: its work does not grow with the text.
func Message(text string, limit int, values ...string) string {
	text, torn := beginning(text, limit, values)
	text = Values(line(text), values...)
	return shorten(plain.Replace(Text(text)), limit, torn)
}

// Plain makes a text harmless as Message does, and hides nothing of it: it is for what must be shown as it is, such as the
// name of the account that a payment goes to.
func Plain(text string, limit int) string {
	text, torn := beginning(text, limit, nil)
	return shorten(plain.Replace(line(text)), limit, torn)
}

const (
	// roomForMore is how much more than the limit is searched, in bytes: what is hidden takes less room than it took.
	roomForMore = 2 << 10
	// longestFound bounds what Text finds by its form, in bytes: an e-mail address, a number, a token.
	longestFound = 1 << 10
	// longestForm is by how much the form of a value, escaped, may be longer than the value.
	longestForm = 8
)

// beginning cuts a long text before it is searched, which takes time for every byte. A value that the cut goes through is no
// longer found: it is among the last characters of what is left, as many as torn says, and nobody may see those.
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

// shorten cuts a text that has been searched: its torn end, and what is beyond the limit.
func shorten(text string, limit, torn int) string {
	runes := []rune(text)
	if torn == 0 && len(runes) <= limit {
		return text
	}
	whole := max(len(runes)-torn, 0)
	return string(runes[:max(min(limit-1, whole), 0)]) + "…"
}

// line drops control and format characters, bidirectional overrides among them, and folds white space.
func line(text string) string {
	text = strings.Join(strings.FieldsFunc(text, unicode.IsSpace), " ")
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(text, ""))
}

// plain takes Markdown apart. Emphasis is harmless, and what needs the beginning of a line never has it. Addresses would
// become links by themselves.
var plain = strings.NewReplacer("`", "'", "<", "‹", ">", "›", "](", "] (", "][", "] [", "![", "! [", "]:", "] :",
	"://", ": //", "www.", "www .", "WWW.", "WWW .")

// anyOf matches any of the values in any of their forms, the longest first; nil when there is none.
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

// wordForm hides a short word only where it stands alone: "Ram" is no part of "parameter".
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

// quoted matches a spelling literally, and digits also in groups.
func quoted(spelling string) string {
	if !onlyDigits.MatchString(spelling) {
		return regexp.QuoteMeta(spelling)
	}
	return strings.Join(strings.Split(spelling, ""), `[ _-]?`)
}

// jsonForm is a value as it stands inside of a JSON string.
func jsonForm(value string) string {
	encoded, err := json.Marshal(value)
	if err != nil { // a string always has a form
		return value
	}
	return strings.Trim(string(encoded), `"`)
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII })
}
