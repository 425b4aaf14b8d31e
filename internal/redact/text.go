package redact

import (
	"regexp"
	"slices"
	"strings"
)

// Text hides in free text what looks like personal data or a credential: e-mail addresses and VPAs, JWTs and bearer tokens, passwords in
// URLs, values after names such as "accountName" or "token", PANs, and numbers of nine or more digits, such as accounts and phone
// numbers. It hides twelve digits entirely, also in groups of four, because they may be an Aadhaar number. Text is idempotent.
//
// It keeps amounts, dates and times, UUIDs, order ids (24 hex digits), references such as inv-2026112300042, workflow ids, wallet
// addresses and transaction hashes. It recognizes a person's name only by the word before it, and does not recognize API keys, which are
// UUIDs; Values hides those.
func Text(text string) string {
	if containsAny(text, "eyJ", "AKIA", "ASIA", "://") {
		text = credential.ReplaceAllString(text, "${1}"+Hidden+"${2}")
	}
	if strings.ContainsAny(text, ":=+% ") {
		text = hideNamed(text)
	}
	if containsAny(text, "@", "%40") {
		text = mailbox.ReplaceAllStringFunc(text, hideMailbox)
	}
	return hideNumbers(text)
}

// The functions below search for substrings before they apply a pattern: patterns are slow, and most texts contain nothing to hide.

// hideNamed hides values that follow a name.
func hideNamed(text string) string {
	lower := strings.ToLower(text)
	if strings.Contains(lower, "bearer") {
		text = replace(bearer, text, hideBearer)
	}
	if strings.ContainsAny(lower, ":=") && containsAny(lower, pairStems...) {
		text = replace(pair, text, hidePair)
		text = replace(token, text, hideToken)
	}
	return text
}

func hideNumbers(text string) string {
	count := 0
	for i := range len(text) {
		if '0' <= text[i] && text[i] <= '9' {
			count++
		}
	}
	if count >= panDigits {
		text = replace(pan, text, func(match []string) string { return match[1] + Hidden + match[2] })
	}
	if count >= leastDigits {
		text = replace(number, text, hideNumber)
	}
	return text
}

func containsAny(text string, any ...string) bool {
	return slices.ContainsFunc(any, func(one string) bool { return strings.Contains(text, one) })
}

// replace replaces every match with the result of f, whose argument is the match and its groups.
func replace(pattern *regexp.Regexp, text string, f func(match []string) string) string {
	var b strings.Builder
	end := 0
	for _, at := range pattern.FindAllStringSubmatchIndex(text, -1) {
		match := make([]string, len(at)/2)
		for i := range match {
			if at[2*i] >= 0 {
				match[i] = text[at[2*i]:at[2*i+1]]
			}
		}
		b.WriteString(text[end:at[0]])
		b.WriteString(f(match))
		end = at[1]
	}
	if end == 0 {
		return text
	}
	b.WriteString(text[end:])
	return b.String()
}

// credential matches JWTs, complete or truncated, the ids of AWS keys, and the user part of URLs.
var credential = regexp.MustCompile(
	`\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,4}` +
		`|\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b` +
		`|(://)[^\s/@"'<>\[]+(@)`)

// bearer matches what follows the name of an authorization scheme.
var bearer = regexp.MustCompile(`(?i)\b(bearer)(\s+|%20|\+)([A-Za-z0-9._~+/=-]{4,})`)

func hideBearer(match []string) string {
	switch strings.ToLower(strings.Trim(match[3], ".")) {
	case "token", "tokens", "auth", "authentication", "authorization":
		return match[0]
	default:
		return match[1] + match[2] + Hidden
	}
}

// pair matches the name of a secret or personal value, and the value: in JSON, also escaped in a JSON string, in a form, or in a
// sentence, where the value ends with the clause.
var pair = regexp.MustCompile(`(?i)(` +
	`\\*["'](?:name|first|middle|last|` + pairNames + `)\\*["']\s*:\s*` +
	`|\b(?:` + pairNames + `)\s?[:=]\s*` +
	`)(` + `\\+"(?:[^"\\]|\\+[^"\\])*(?:\\+")?` + `|"(?:[^"\\]|\\.)*"?` + `|'[^']*'?` + `|[^\s,;&\n"'})\\][^,;&\n"'})\\]*` + `)`)

// pairStems are substrings of pairNames; each name contains one of them.
var pairStems = []string{
	"name", "first", "middle", "last", "token", "pass", "secret", "key", "auth", "credential", "signature", "otp", "cvv", "dob", "pan", "aadha", "holder",
}

const pairNames = `pass(?:word|wd|phrase)|(?:client|api|kyc)?[ _-]?secret|(?:x-)?api[ _-]?key` +
	`|(?:access|refresh|id|auth|user)[ _-]?token|authorization|(?:x-amz-)?(?:credential|signature|security-token)|otp|cvv|dob` +
	`|pan(?:[ _-]?(?:number|no))?|aadha?ar(?:[ _-]?(?:number|no))?` +
	`|(?:account|first|last|full|user|customer|holder|verification|beneficiary)[ _-]?name|(?:account[ _-]?)?holder`

func hidePair(match []string) string {
	if strings.HasPrefix(match[2], Hidden) {
		return match[0]
	}
	return match[1] + Hidden
}

// token matches the word token and its value, if the value is as long as a credential.
var token = regexp.MustCompile(`(?i)(\btoken\\*["']?\s?[:=]\s*\\*["']?)([A-Z0-9._~+/=-]{12,})`)

// hideToken hides a token, unless it is the contract address of a cryptocurrency token.
func hideToken(match []string) string {
	if strings.HasPrefix(strings.ToLower(match[2]), "0x") {
		return match[0]
	}
	return match[1] + Hidden
}

// mailbox matches e-mail addresses and VPAs, also with the @ of a URL.
var mailbox = regexp.MustCompile(
	`[\p{L}\p{N}.!#$%&'*+=?^_{|}~-]+(?:@|%40)[\p{L}\p{N}](?:[\p{L}\p{N}.-]*[\p{L}\p{N}])?`)

var moduleVersion = regexp.MustCompile(`@v\d+\.\d+\.\d+`)

// hideMailbox masks a mailbox. It keeps module versions in stack traces.
func hideMailbox(text string) string {
	switch {
	case moduleVersion.MatchString(text):
		return text
	case strings.Contains(text, "@"):
		return address(text, "@")
	default:
		return address(text, "%40")
	}
}

// pan matches Permanent Account Numbers, in any case.
var pan = regexp.MustCompile(`(?i)(^|[^A-Z0-9])[A-Z]{5}[0-9]{4}[A-Z](\b|_)`)

// number matches, in this order, texts with many digits that are kept, and numbers of nine or more digits.
var number = regexp.MustCompile(`(` +
	`\b(?:on|off)ramp/[0-9A-Za-z][0-9A-Za-z._-]*` + // a workflow id
	`|\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?\b` + // a date or time
	`|\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b` + // a UUID
	`|\b0[xX][0-9a-fA-F]+\b` + // an address, a transaction hash
	`|\b(?i:chain(?: ?id)?)[ :=]+\d{1,10}\b` + // Aurora's has ten digits
	`|\b(?i:key) \d{1,10}\b` + // the id of a key in a keyset
	`)|(` +
	`\b\d{4}(?:[ -]\d{4}){2,}(?:[ -]\d{1,4})?\b` + // a number in groups of four
	`|\b(?:91[ -]?\d|[6-9])\d{4}[ -]\d{5}\b` + // a phone
	`)|(` +
	`\b\d{1,9}\.\d{1,18}\b` + // an amount
	`)|(` +
	`(?:[A-Za-z0-9]+[_-])*[A-Za-z0-9]*\d{9}[A-Za-z0-9]*(?:[_-][A-Za-z0-9]+)*` + // a number, or a word that contains one
	`)`)

func hideNumber(match []string) string {
	switch {
	case match[2] != "":
		return digits(match[2])
	case match[4] != "":
		return hideInWord(match[4])
	default:
		return match[0]
	}
}

const (
	panDigits = 4
	// leastDigits is the length from which a number is an account or a phone.
	leastDigits   = 9
	aadhaarDigits = 12
	// orderIDDigits is the length of the provider's order ids, in hex digits.
	orderIDDigits = 24
	// leastHash is the length from which hex digits are a hash.
	leastHash = 32
)

// digits hides a number entirely if it may be an Aadhaar number, and otherwise all but its last four digits.
func digits(number string) string {
	solid := strings.NewReplacer(" ", "", "-", "", "_", "").Replace(number)
	if len(solid) == aadhaarDigits {
		return Hidden
	}
	return lastDigits(solid)
}

var (
	hexWord   = regexp.MustCompile(`^[0-9a-fA-F]+$`)
	digitWord = regexp.MustCompile(`^[0-9_-]+$`)
	// accountWord matches words that precede an account number. Other words are part of a reference.
	accountWord = regexp.MustCompile(`(?i)^(?:a|ac|acc|acct|account|no|nr|num|number|phone|mobile|tel|aadha?ar|uid|utr|rrn|ref|imps|neft|upi|in)[_-]`)
)

// hideInWord hides a word that contains a long number, unless the word is an id of the provider, a hash, or a reference, in which the
// number follows a word and a hyphen.
func hideInWord(word string) string {
	switch {
	case hexWord.MatchString(word) && len(word) == orderIDDigits,
		hexWord.MatchString(word) && len(word) >= leastHash && !digitWord.MatchString(word):
		return word
	case digitWord.MatchString(word):
		return digits(word)
	case strings.ContainsAny(word, "-_") && !accountWord.MatchString(word):
		return word
	default:
		return lastDigits(word)
	}
}
