package ramp

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// only reports whether text has least to most bytes, all of them allowed. No predicate below allows a byte that is not ASCII.
func only(text string, least, most int, allowed func(byte) bool) bool {
	if len(text) < least || len(text) > most {
		return false
	}
	for i := range len(text) {
		if !allowed(text[i]) {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool        { return '0' <= c && c <= '9' }
func isCapital(c byte) bool      { return 'A' <= c && c <= 'Z' }
func isLetter(c byte) bool       { return isCapital(c) || 'a' <= c && c <= 'z' }
func isAlphanumeric(c byte) bool { return isLetter(c) || isDigit(c) }
func isVisible(c byte) bool      { return '!' <= c && c <= '~' }

func isCapitalOrDigit(c byte) bool { return isCapital(c) || isDigit(c) }

func isHexDigit(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// isNameByte allows the characters of identifiers: letters, digits, dots, hyphens and underscores.
func isNameByte(c byte) bool {
	return isAlphanumeric(c) || c == '.' || c == '-' || c == '_'
}

// atMost reports whether text is valid UTF-8 of at most this many characters.
func atMost(text string, characters int) bool {
	return utf8.ValidString(text) && utf8.RuneCountInString(text) <= characters
}

// printable reports whether every character of text can be printed: no control or formatting characters, and none
// that an earlier decoding could not read.
func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool {
		return r == utf8.RuneError || !unicode.IsGraphic(r)
	})
}
