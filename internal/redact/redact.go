// Package redact decides how personal data and credentials are shown: in logs, errors, timelines, the Web UI and on a terminal.
//
//   - bank accounts, phone numbers and UTRs: the last four characters; of transaction hashes both ends;
//   - e-mail addresses and VPAs: the first letter, and what follows the @;
//   - names, PAN, Aadhaar numbers, places of KYC documents, tokens, keys and passwords: nothing;
//   - wallet addresses, amounts, references and order ids: in full.
//
// Fields that hold personal data have a type of this package, such as Email: they print masked wherever package fmt, slog or zap
// prints them, and marshal in full. Loggers that encode a whole struct as JSON see the marshaled fields, so structs that reach a
// logger of another program, those of the contract, also have String and LogValue methods, whose bodies are here.
//
// Other values have functions: Field for a value with a name, Text for free text, Values for a text that may echo known values, and
// Message for a text of another party. Package redactlog applies all of it to a zap logger.
//
// It depends on the standard library alone and is deterministic, so workflow code may use it.
package redact

import (
	"strings"
	"unicode/utf8"
)

// Hidden replaces what is not shown at all.
const Hidden = "[redacted]"

const (
	maskedDigits = "XXXX"
	maskedName   = "***"
	lastShown    = 4
	// hashShown is how much of the beginning of a transaction hash is shown: of an EVM chain's, 0x and as much as of the end.
	hashShown = 6
)

// lastDigits hides all of a number but its last four characters, and a shorter number entirely. It is idempotent.
func lastDigits(number string) string {
	characters := utf8.RuneCountInString(number)
	if characters < lastShown {
		return strings.Repeat("X", characters)
	}
	return maskedDigits + string([]rune(number)[characters-lastShown:])
}

// shortHash shortens a transaction hash to both of its ends, as in "0x1f2e…9b04".
func shortHash(hash string) string {
	characters := []rune(hash)
	if len(characters) <= 2*hashShown {
		return hash
	}
	return string(characters[:hashShown]) + "…" + string(characters[len(characters)-lastShown:])
}

// address hides what precedes the last at except its first letter. It hides a name of one letter, and a text without a name or an at,
// entirely. It is idempotent.
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
