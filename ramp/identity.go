package ramp

import (
	"errors"
	"strings"
)

const (
	maxReference  = 128
	maxEmail      = 254
	maxEmailLocal = 64
	maxHostLabel  = 63
	aadhaarDigits = 12
)

// ValidateReference checks the backend's own id of an order: a letter or digit, then up to 127 letters, digits, dots,
// hyphens and underscores. Such a reference can stand in a workflow id, as a segment of a URL, as a file name, and
// unquoted on a command line, where it is never taken for an option. Workflow ids are not encrypted: a reference must not
// contain personal data.
//
// The error says what is valid and does not contain the reference.
func ValidateReference(reference string) error {
	if !only(reference, 1, maxReference, isNameByte) || !isAlphanumeric(reference[0]) {
		return errors.New("must be 1 to 128 letters, digits, dots, hyphens and underscores, and start with a letter " +
			"or digit")
	}
	return nil
}

// ValidateEmail checks a bare e-mail address of ASCII characters, without display name, quotes or comments, at a
// domain with at least one dot; at most 64 characters before the @ and 254 in all. It accepts less than net/mail, which
// workflow code cannot call: its tracing reads the clock, and what it accepts changes with Go.
//
// The error says what is valid and does not contain the address.
func ValidateEmail(email string) error {
	local, domain, _ := strings.Cut(email, "@")
	if len(email) > maxEmail || !isEmailLocal(local) || !isDomain(domain) {
		return errors.New("must be an e-mail address of ASCII characters, without a name or quotes, such as " +
			"asha@example.test")
	}
	return nil
}

// isEmailLocal reports whether text can stand before the @ without quotes: the dot-atom of RFC 5322.
func isEmailLocal(text string) bool {
	if len(text) > maxEmailLocal {
		return false
	}
	for atom := range strings.SplitSeq(text, ".") {
		if !only(atom, 1, maxEmailLocal, isAtomByte) {
			return false
		}
	}
	return true
}

func isAtomByte(c byte) bool {
	return isAlphanumeric(c) || strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}

// isDomain reports whether name is a host name of at least two labels, of which the last is no number.
func isDomain(name string) bool {
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if !isHostLabel(label) {
			return false
		}
	}
	return len(labels) > 1 && isLetter(labels[len(labels)-1][0])
}

func isHostLabel(label string) bool {
	return only(label, 1, maxHostLabel, isHostByte) && label[0] != '-' && label[len(label)-1] != '-'
}

func isHostByte(c byte) bool {
	return isAlphanumeric(c) || c == '-'
}

// ValidatePAN checks the form of an Indian Permanent Account Number: 5 capital letters, 4 digits and a capital letter. The provider
// checks that it exists.
//
// The error says what is valid and does not contain the number.
func ValidatePAN(pan string) error {
	if len(pan) != 10 || !only(pan[:5], 5, 5, isCapital) || !only(pan[5:9], 4, 4, isDigit) || !isCapital(pan[9]) {
		return errors.New("must be 5 capital letters, 4 digits and a capital letter, such as ABCPE1234F")
	}
	return nil
}

// ValidateAadhaar checks an Aadhaar number: 12 digits without spaces, the first of them 2 to 9, the last a correct
// Verhoeff check digit.
//
// The error says what is valid and does not contain the number.
func ValidateAadhaar(aadhaar string) error {
	if !only(aadhaar, aadhaarDigits, aadhaarDigits, isDigit) || aadhaar[0] < '2' {
		return errors.New("must be 12 digits, without spaces, of which the first is 2 to 9")
	}
	if !isVerhoeff(aadhaar) {
		return errors.New("has a wrong check digit: correct the digit that is mistyped")
	}
	return nil
}

// The tables of the Verhoeff checksum, row by row: the product of two symmetries of a pentagon, and the permutation of
// a digit by its place.
const (
	verhoeffProduct = "0123456789" +
		"1234067895" +
		"2340178956" +
		"3401289567" +
		"4012395678" +
		"5987604321" +
		"6598710432" +
		"7659821043" +
		"8765932104" +
		"9876543210"
	verhoeffPermutation = "0123456789" +
		"1576283094" +
		"5803796142" +
		"8916043527" +
		"9453126870" +
		"4286573901" +
		"2793806415" +
		"7046913258"
	verhoeffPlaces = 8
)

// isVerhoeff reports whether the last of these digits is the Verhoeff check digit of the others. It finds every wrong
// digit and every swap of neighbours.
func isVerhoeff(digits string) bool {
	check := 0
	for place := range len(digits) {
		digit := int(digits[len(digits)-1-place] - '0')
		permuted := int(verhoeffPermutation[place%verhoeffPlaces*10+digit] - '0')
		check = int(verhoeffProduct[check*10+permuted] - '0')
	}
	return check == 0
}
