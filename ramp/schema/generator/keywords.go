package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"

	"rampart/ramp"
)

// The most that an order is paid with, as OnrampRequest.Validate and OfframpRequest.Validate have it.
const (
	maxUPIRupees = 100_000
	maxRupees    = 500_000
)

// keyword adds what is known of a value to its schema.
type keyword func(*jsonschema.Schema)

// alone is a schema of nothing but this.
func (k keyword) alone() *jsonschema.Schema {
	s := new(jsonschema.Schema)
	k(s)
	return s
}

// keywords are those of properties, by definition and name: "Token.symbol", or ".email" of the object itself.
type keywords map[string]keyword

// add refuses a table that names a property which the type does not have.
func (k keywords) add(s *jsonschema.Schema) error {
	for path, refine := range k {
		definition, name, _ := strings.Cut(path, ".")
		object := s
		if definition != "" {
			object = s.Definitions[definition]
		}
		if object == nil {
			continue // a definition that this document does not need
		}
		property, found := object.Properties.Get(name)
		if !found {
			return errors.New("no property " + path)
		}
		refine(property)
	}
	return nil
}

// prefixed are the same keywords where the object itself is a definition.
func (k keywords) prefixed(definition string) keywords {
	moved := make(keywords)
	for path, refine := range k {
		if strings.HasPrefix(path, ".") {
			path = definition + path
		}
		moved[path] = refine
	}
	return moved
}

// fields are what an object's fields must be, without more.
type fields map[string]*jsonschema.Schema

// with is the schema of an object with these fields and those that it must have.
func (f fields) with(required ...string) *jsonschema.Schema {
	s := &jsonschema.Schema{Required: required, Properties: jsonschema.NewProperties()}
	for _, name := range slices.Sorted(maps.Keys(f)) {
		s.Properties.Set(name, f[name])
	}
	return s
}

func number(n uint64) *uint64 { return &n }

// pattern is a regular expression for the whole of a text, and the most characters that it has.
func pattern(expression string, most uint64, examples ...any) keyword {
	return func(s *jsonschema.Schema) {
		s.Pattern = "^(?:" + expression + ")$"
		if most > 0 {
			s.MaxLength = number(most)
		}
		s.Examples = examples
	}
}

// optional takes an empty text as well, which is as good as none.
func optional(k keyword) keyword {
	return func(s *jsonschema.Schema) {
		k(s)
		if s.Pattern != "" {
			s.Pattern = "^(?:|" + strings.TrimPrefix(s.Pattern, "^(?:")
		}
	}
}

func format(name string) keyword {
	return func(s *jsonschema.Schema) { s.Format = name }
}

func oneOf[T ~string](words ...T) keyword {
	return func(s *jsonschema.Schema) { s.Enum = values(words) }
}

// knownOr takes words that this version knows, and those of a later one.
func knownOr[T ~string](words ...T) keyword {
	return func(s *jsonschema.Schema) {
		s.AnyOf = []*jsonschema.Schema{
			{Type: "string", Title: "Known to this version", Enum: values(words)},
			{Type: "string", Title: "Of a later version", Pattern: "^[A-Za-z_]+$"},
		}
	}
}

func values[T ~string](words []T) []any {
	all := make([]any, len(words))
	for i, word := range words {
		all[i] = string(word)
	}
	return all
}

var (
	reference     = pattern(`[A-Za-z0-9][A-Za-z0-9._-]{0,127}`, 128, "inv-42")
	symbol        = pattern(`[A-Za-z0-9._+$-]{1,20}`, 20, "USDC")
	address       = pattern(`[A-Za-z0-9._:+/=-]{5,128}`, 128, "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359", ramp.NativeToken)
	wallet        = pattern(`[A-Za-z0-9._:+/=-]{5,128}`, 128, "0x1111111111111111111111111111111111111111")
	vpa           = pattern(`[A-Za-z0-9._-]{2,190}@[A-Za-z][A-Za-z0-9]{1,63}`, 255, "asha@okbank")
	accountNumber = pattern(`[0-9]{4,35}`, 35, "50100000004821")
	ifsc          = pattern(`[A-Z]{4}0[A-Z0-9]{6}`, 11, "HDFC0001234")
	pan           = optional(pattern(`[A-Z]{5}[0-9]{4}[A-Z]`, 10, "ABCPE1234F"))
	orderID       = pattern(`[!-~]{1,128}`, 128)
	quoteID       = pattern(`[!-~]{1,128}`, 128)
	fingerprint   = optional(pattern(`[0-9a-f]{64}`, 64))
	dossier       = pattern(`(?:file:///|(?:s3|gs|azblob)://[A-Za-z0-9._-]+)[!-~]*`, 1024, "file:///var/lib/rampart/kyc/asha")
	eventURL      = pattern(`https?://[A-Za-z0-9.:\[\]_-]+(?:[/?][!$-\[\]-~]*)?`, 500, "https://shop.example.test/hooks/ramp")
	hash          = pattern(`\s*[A-Za-z0-9._:+/=@-]{16,128}\s*`, 0, "0xabc0000000000000000000000000000000000000000000000000000000000001")
	earlyUTR      = alphanumeric(12, 22)
	submittedUTR  = pattern(`\s*[A-Za-z0-9]{12,22}\s*`, 0, "412345678901")
	paymentMethod = oneOf(ramp.UPI, ramp.IMPS, ramp.NEFT)
	inr           = oneOf(ramp.INR)
	status        = knownOr(ramp.Statuses()...)
	// decimals are what orders answer: a provider's figure as it is, below zero or not.
	decimals = pattern(`-?[0-9]+(?:\.[0-9]+)?`, 0, "10.63")
)

func digits(least, most int) keyword {
	return pattern(fmt.Sprintf(`\s*[0-9]{%d,%d}\s*`, least, most), 0)
}

func alphanumeric(least, most int) keyword {
	return pattern(fmt.Sprintf(`\s*[A-Za-z0-9]{%d,%d}\s*`, least, most), 0)
}

// rupees are above zero, in plain notation with at most two decimals, up to 1, 5 or another digit and five zeros.
func rupees(most int) keyword {
	first := most / 100_000
	larger := ""
	if first > 1 {
		larger = fmt.Sprintf(`|[1-%d][0-9]{5}(?:\.[0-9]{1,2})?`, first-1)
	}
	expression := fmt.Sprintf(`[1-9][0-9]{0,4}(?:\.[0-9]{1,2})?%s|%d(?:\.0{1,2})?|0\.(?:[1-9][0-9]?|0[1-9])`, larger, most)
	return pattern(expression, 40, "1000.00")
}

// tokens are above zero, in plain notation with at most 18 decimals.
func tokens(s *jsonschema.Schema) {
	pattern(`(?:0|[1-9][0-9]*)(?:\.[0-9]{1,18})?`, 40, "10.50")(s)
	s.Not = &jsonschema.Schema{Pattern: `^[0.]+$`}
}

func chainID(s *jsonschema.Schema) {
	s.Minimum = "1"
	s.Maximum = "9223372036854775807"
	s.Examples = []any{137, 1, 56, 42161}
}

// holder is a name of which something can be read. Which characters can be printed only workers check.
func holder(s *jsonschema.Schema) {
	s.MinLength, s.MaxLength = number(1), number(100)
	s.Pattern = `^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$`
	s.Examples = []any{"Asha Rao"}
}

func email(s *jsonschema.Schema) {
	const atom, label = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+", `[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?`
	const last = `[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?`
	pattern(atom+`(?:\.`+atom+`)*@(?:`+label+`\.)+`+last, 254, "asha@example.test")(s)
	s.Format = "email"
	s.AllOf = []*jsonschema.Schema{{Pattern: "^[^@]{1,64}@"}}
}

// metadata has keys of the sender's own, but for the one under which the provider is told the order's reference.
func metadata(s *jsonschema.Schema) {
	s.MaxProperties = number(20)
	s.PropertyNames = &jsonschema.Schema{
		Pattern: "^[A-Za-z0-9._-]{1,40}$",
		Not:     &jsonschema.Schema{Pattern: "^[Rr][Ee][Ff][Ee][Rr][Ee][Nn][Cc][Ee]$"},
	}
	s.AdditionalProperties.MaxLength = number(500)
}

// anyRequest is that of either direction, by the ids of their schemas.
func anyRequest(s *jsonschema.Schema) {
	s.AnyOf = []*jsonschema.Schema{{Ref: "urn:rampart:onramp-request"}, {Ref: "urn:rampart:offramp-request"}}
}
