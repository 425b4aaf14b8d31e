package redact

import (
	"bytes"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
)

// The types of fields that hold personal data. Each is a string that prints itself masked, whatever prints it, and marshals in
// full: string(v) is the text itself.
type (
	// Email is an e-mail address. It prints as "a***@example.test": the first letter, and what follows the @.
	Email = Masked[emailMask]
	// VPA is a UPI address. It prints as "a***@okbank".
	VPA = Masked[vpaMask]
	// Account is the number of a bank account. It prints as "XXXX4821", in the form that the provider itself uses (provider 3.6).
	Account = Masked[accountMask]
	// UTR is a bank's reference of a payment. It prints as "XXXX8901".
	UTR = Masked[utrMask]
	// Dossier is the URL of a KYC dossier, whose path may name a person. It prints as "file://[redacted]".
	Dossier = Masked[dossierMask]
	// Personal is a text that is not shown at all, such as a name, a PAN or an IFSC. It prints as "[redacted]".
	Personal = Masked[personalMask]
)

// Masked is a text that prints itself masked by M: for every verb of package fmt, in slog, and as a Stringer in zap. JSON and databases
// contain the text itself, so a logger that encodes whole structs as JSON needs a LogValue or String
// method on the struct.
//
// Package fmt calls no method of an unexported field: keep fields of these types exported.
type Masked[M mask] string

// mask shows a text that is not empty.
type mask interface{ show(text string) string }

// String returns the masked text. An empty text stays empty.
func (v Masked[M]) String() string {
	if v == "" {
		return ""
	}
	var m M
	return m.show(string(v))
}

// Format writes the masked text, for every verb.
func (v Masked[M]) Format(state fmt.State, verb rune) { format(state, verb, v.String()) }

// LogValue returns the masked text.
func (v Masked[M]) LogValue() slog.Value { return slog.StringValue(v.String()) }

// Value returns the text itself. Without it some database drivers store the result of String.
func (v Masked[M]) Value() (driver.Value, error) { return string(v), nil }

type (
	emailMask    struct{}
	vpaMask      struct{}
	accountMask  struct{}
	utrMask      struct{}
	dossierMask  struct{}
	personalMask struct{}
)

func (emailMask) show(email string) string    { return address(email, "@") }
func (vpaMask) show(vpa string) string        { return address(vpa, "@") }
func (accountMask) show(number string) string { return lastDigits(number) }
func (utrMask) show(utr string) string        { return lastDigits(utr) }
func (dossierMask) show(url string) string    { return place(url) }
func (personalMask) show(string) string       { return Hidden }

// Metadata is a backend's own data on an order. It prints its keys and no value.
type Metadata map[string]string

// String returns the keys, in order.
func (m Metadata) String() string {
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(m)) {
		pairs = append(pairs, Text(key)+":"+Hidden)
	}
	return "map[" + strings.Join(pairs, " ") + "]"
}

// Format writes the keys, for every verb.
func (m Metadata) Format(state fmt.State, verb rune) { format(state, verb, m.String()) }

// LogValue returns the keys.
func (m Metadata) LogValue() slog.Value { return slog.StringValue(m.String()) }

// JSON is an encoded value, as json.RawMessage is. It prints its length.
type JSON []byte

// MarshalJSON returns the value, or null if there is none.
func (j JSON) MarshalJSON() ([]byte, error) {
	if j == nil {
		return []byte("null"), nil
	}
	return j, nil
}

// UnmarshalJSON keeps a copy of the value.
func (j *JSON) UnmarshalJSON(value []byte) error {
	if j == nil {
		return errors.New("redact.JSON: UnmarshalJSON on a nil pointer")
	}
	*j = bytes.Clone(value)
	return nil
}

// String returns the length.
func (j JSON) String() string { return fmt.Sprintf("(%d bytes)", len(j)) }

// Format writes the length, for every verb.
func (j JSON) Format(state fmt.State, verb rune) { format(state, verb, j.String()) }

// LogValue returns the length.
func (j JSON) LogValue() slog.Value { return slog.StringValue(j.String()) }

// Bytes are the encoding of a value, which JSON holds in base64. They print their length.
type Bytes []byte

// String returns the length.
func (b Bytes) String() string { return JSON(b).String() }

// Format writes the length, for every verb.
func (b Bytes) Format(state fmt.State, verb rune) { format(state, verb, b.String()) }

// LogValue returns the length.
func (b Bytes) LogValue() slog.Value { return slog.StringValue(b.String()) }

// format writes a masked text with the flags and width of the directive. A verb that does not accept strings is reported as package fmt
// does, with the masked text.
func format(state fmt.State, verb rune, shown string) {
	fmt.Fprintf(state, fmt.FormatString(state, verb), shown)
}
