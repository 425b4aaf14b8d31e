// Package redact decides what may be shown of personal data and of credentials: in logs, errors, timelines, the Web UI
// and on a terminal. Everything that shows something goes by it, so that the answer is the same everywhere:
//
//   - bank accounts, phone numbers and UTRs: the last four characters; of transaction hashes both ends;
//   - e-mail addresses and VPAs: the first letter, and what stands behind the @;
//   - names, PAN, Aadhaar numbers, places of KYC documents, tokens, keys and passwords: nothing;
//   - wallet addresses, amounts, references and order ids: all of it.
//
// There is a function for each kind of value, Field for a value under a name, Text for free text, Values for a text in
// which values that are known may be echoed, Message for what somebody else says, and String, Format and LogValue for
// types that hold personal data. Package redactlog puts all of it behind a zap logger.
//
// It depends on the standard library alone and is deterministic, so that workflow code may use it.
package redact

import (
	"strings"
	"unicode/utf8"
)

// Hidden stands in place of what is not shown at all.
const Hidden = "[redacted]"

const (
	maskedDigits = "XXXX"
	maskedName   = "***"
	lastShown    = 4
	// hashShown is how much of the beginning of a transaction hash is shown: of an EVM chain's, 0x and as much as of the end.
	hashShown = 6
)

// lastDigits hides all of a number but its last four characters. Of a number shorter than four characters nothing is left. A
// masked number stays as it is.
func lastDigits(number string) string {
	characters := utf8.RuneCountInString(number)
	if characters < lastShown {
		return strings.Repeat("X", characters)
	}
	return maskedDigits + string([]rune(number)[characters-lastShown:])
}

// Hash shortens a transaction hash to both of its ends, as in "0x1f2e…9b04".
func Hash(hash string) string {
	characters := []rune(hash)
	if len(characters) <= 2*hashShown {
		return hash
	}
	return string(characters[:hashShown]) + "…" + string(characters[len(characters)-lastShown:])
}

// address hides what stands before the last at, but for its first letter. A single letter is hidden too, for it would be all of
// it, and so is a text without a name and an at. A masked address stays as it is.
func address(text, at string) string {
	if text == "" {
		return ""
	}
	end := strings.LastIndex(text, at)
	if end <= 0 {
		return maskedName
	}
	name, rest := text[:end], text[end:]
	_, size := utf8.DecodeRuneInString(name)
	if size == len(name) || name[0] == '*' {
		return maskedName + rest
	}
	return name[:size] + maskedName + rest
}
