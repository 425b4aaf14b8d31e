package onmeta

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// The provider sends the same field as a number or a string, omits fields, or sends null (provider 0). The types below decode all of that
// without an error; each method then checks the fields that it needs by name, so that a missing or unreadable one is not read as zero.

// Bounds of a decimal on the wire. Wide enough for any token in its smallest unit; narrow enough that
// adding or printing one is cheap, which it is not for 1e999999999.
const (
	maxDecimalLength   = 80
	maxDecimalExponent = 40
)

// Bounds of the values in an answer. The values go on to places with bounds of their own: search attributes, workflow ids, histories.
const (
	// maxIDLength bounds an id. The provider's have 24 or 36 characters.
	maxIDLength = 128
	// maxListLength bounds a list. The longest are those of tokens.
	maxListLength = 1000
	// maxTimeLength bounds the text of a time.
	maxTimeLength = 64
)

var (
	errNotDecimal = errors.New("not a decimal number within bounds")
	errNoList     = errors.New("no list in the answer")
	errLongList   = fmt.Errorf("a list of more than %d in the answer", maxListLength)
)

func parseDecimal(s string) (decimal.Decimal, error) {
	if len(s) > maxDecimalLength {
		return decimal.Decimal{}, errNotDecimal
	}
	d, err := decimal.NewFromString(s)
	if err != nil || !boundedDecimal(d) {
		return decimal.Decimal{}, errNotDecimal
	}
	return d, nil
}

func boundedDecimal(d decimal.Decimal) bool {
	return d.Exponent() >= -maxDecimalLength && d.Exponent() <= maxDecimalExponent
}

// amount is a decimal sent as a number or a string. raw is empty when the field is missing, null or "".
type amount struct{ raw string }

// UnmarshalJSON keeps the text of the number.
func (a *amount) UnmarshalJSON(data []byte) error {
	a.raw = scalar(data)
	return nil
}

func (a amount) present() bool { return a.raw != "" }

// optional returns an invalid value for a missing, unreadable or negative amount.
func (a amount) optional() decimal.NullDecimal {
	d, err := parseDecimal(a.raw)
	if err != nil || d.IsNegative() {
		return decimal.NullDecimal{}
	}
	return decimal.NullDecimal{Decimal: d, Valid: true}
}

// integer is a whole number sent as a number or a string; zero when missing or unreadable.
type integer int64

// UnmarshalJSON reads the number or the string.
func (i *integer) UnmarshalJSON(data []byte) error {
	d, err := parseDecimal(scalar(data))
	if err != nil || !d.IsInteger() || !d.BigInt().IsInt64() {
		*i = 0
		return nil
	}
	*i = integer(d.IntPart())
	return nil
}

// text is a string; a number or a boolean is kept as its JSON text, anything else is "".
type text string

// Format hides the text, so that an answer cannot be printed before it is checked.
func (text) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

// UnmarshalJSON reads the string or the scalar's spelling.
func (t *text) UnmarshalJSON(data []byte) error {
	*t = text(scalar(data))
	return nil
}

// flag is a boolean sent as true, "true" or 1.
type flag bool

// UnmarshalJSON reads the boolean, string or number.
func (f *flag) UnmarshalJSON(data []byte) error {
	value, err := strconv.ParseBool(strings.ToLower(scalar(data)))
	*f = flag(err == nil && value)
	return nil
}

// timestamp is a time in one of several spellings, in UTC; zero when missing or malformed.
type timestamp struct{ time.Time }

// UnmarshalJSON reads the string, or the number as seconds or milliseconds of the Unix epoch.
func (t *timestamp) UnmarshalJSON(data []byte) error {
	t.Time = parseTime(scalar(data))
	return nil
}

func parseTime(s string) time.Time {
	if len(s) > maxTimeLength {
		return time.Time{}
	}
	for _, layout := range []string{ // A fraction of a second is accepted after each.
		time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04:05Z0700",
		time.DateTime, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -0700 MST",
		time.RFC1123, time.RFC1123Z, time.DateOnly,
	} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return parseEpoch(s)
}

func parseEpoch(s string) time.Time {
	const (
		firstMilliseconds = 100_000_000_000     // As seconds this would be the year 5138.
		lastMilliseconds  = 253_402_300_799_999 // The end of the year 9999, the last that JSON times can hold.
	)
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err != nil || n <= 0 || n > lastMilliseconds:
		return time.Time{}
	case n < firstMilliseconds:
		return time.Unix(n, 0).UTC()
	default:
		return time.UnixMilli(n).UTC()
	}
}

// scalar returns a JSON string's trimmed text or another scalar's spelling; "" for null and containers.
func scalar(data []byte) string {
	data = bytes.TrimSpace(data)
	if len(data) == 0 || bytes.Equal(data, []byte("null")) {
		return ""
	}
	switch data[0] {
	case '{', '[':
		return ""
	case '"':
		var s string
		if err := json.Unmarshal(data, &s); err != nil {
			return ""
		}
		return strings.TrimSpace(s)
	default:
		return string(data)
	}
}

// lenient decodes an optional part; a part of another shape counts as missing.
type lenient[T any] struct{ value T }

// UnmarshalJSON reads the part if it has the expected shape.
func (l *lenient[T]) UnmarshalJSON(data []byte) error {
	var value T
	if err := json.Unmarshal(data, &value); err == nil {
		l.value = value
	}
	return nil
}

// list decodes an array that is the whole body, "data" or "res", and may be null or missing in a successful answer (provider 3.6, 3.13).
type list[T any] []T

// UnmarshalJSON reads whichever container holds the items.
func (l *list[T]) UnmarshalJSON(data []byte) error {
	if err := l.read(bytes.TrimSpace(data)); err != nil {
		return err
	}
	if len(*l) > maxListLength {
		return errLongList
	}
	return nil
}

func (l *list[T]) read(data []byte) error {
	if len(data) == 0 || data[0] != '{' {
		return json.Unmarshal(data, (*[]T)(l))
	}
	var container struct {
		Success flag `json:"success"`
		Data    []T  `json:"data"`
		Res     []T  `json:"res"`
	}
	if err := json.Unmarshal(data, &container); err != nil {
		return err
	}
	if container.Data == nil && container.Res == nil && !bool(container.Success) {
		return errNoList
	}
	*l = append(container.Data, container.Res...)
	return nil
}

// checks validates a decoded answer; the first problem becomes the error.
type checks struct{ problem string }

func (c *checks) complain(problem string) {
	if c.problem == "" {
		c.problem = problem
	}
}

// err returns the problem as a malformed answer; nil if there is none.
func (c *checks) err(route Route, answer Answer) error {
	if c.problem == "" {
		return nil
	}
	return malformed(route, answer, c.problem)
}

// amount returns a required amount.
func (c *checks) amount(field string, a amount) decimal.Decimal {
	if !a.present() {
		c.complain(field + " is missing")
	}
	return c.fee(field, a)
}

// positive returns a required amount above zero.
func (c *checks) positive(field string, a amount) decimal.Decimal {
	d := c.amount(field, a)
	if d.IsZero() {
		c.complain(field + " is zero")
	}
	return d
}

// fee returns an optional amount; a missing one is zero, an unreadable one is a problem.
func (c *checks) fee(field string, a amount) decimal.Decimal {
	if !a.present() {
		return decimal.Decimal{}
	}
	d, err := parseDecimal(a.raw)
	switch {
	case err != nil:
		c.complain(field + " is not a number")
	case d.IsNegative():
		c.complain(field + " is negative")
	}
	return d
}

// namedFee returns a fee; invalid if the answer does not name it.
func (c *checks) namedFee(field string, a amount) decimal.NullDecimal {
	return decimal.NullDecimal{Decimal: c.fee(field, a), Valid: a.present()}
}

// text returns a required text.
func (c *checks) text(field string, t text) string {
	if t == "" {
		c.complain(field + " is missing")
	}
	return string(t)
}

// id returns a required id.
func (c *checks) id(field string, t text) string {
	id := c.text(field, t)
	if id != "" && identifier(t) == "" {
		c.complain(field + " is no id")
	}
	return identifier(t)
}

// identifier returns the text if it is an id, and "" otherwise. An id is at most 128 letters, digits and - _ . : and starts with a letter
// or a digit, so that it is safe in a URL, a search attribute, a workflow id, and on a screen.
func identifier(t text) string {
	inside := func(r rune) bool {
		return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || strings.ContainsRune("-_.:", r)
	}
	outside := func(r rune) bool { return !inside(r) }
	if t == "" || len(t) > maxIDLength || strings.ContainsFunc(string(t), outside) || strings.ContainsRune("-_.:", rune(t[0])) {
		return ""
	}
	return string(t)
}

// sameOrder refuses an answer about an order other than the requested one.
func (c *checks) sameOrder(asked string, answered text) {
	if answered != "" && string(answered) != asked {
		c.complain("the answer is about another order")
	}
}

// firstText returns the first non-empty text.
func firstText(texts ...text) string { return string(cmp.Or(texts...)) }

// firstTime returns the first non-zero time.
func firstTime(times ...timestamp) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t.Time
		}
	}
	return time.Time{}
}
