package ramp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"unicode"

	"rampart/internal/redact"
)

const (
	// maxFieldName bounds the length of a field name from the input in an error.
	maxFieldName = 120
	// metadataField is the field whose keys the sender chooses.
	metadataField = "metadata"
)

// Decode decodes one JSON object of the contract, such as a request or a submission. It rejects unknown fields, which are most likely
// misspelt, and repeated fields, of which one would be ignored: both may cost the user money.
//
// The error completes a sentence about the JSON, as in "is not JSON, from byte 1 on". It contains names of fields and no value. errors.As finds a
// *FieldError in it if one field is at fault.
func Decode(content []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return undecodable(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("holds more than one JSON object")
	}
	if bytes.Equal(bytes.TrimSpace(content), []byte("null")) {
		return errors.New("holds a JSON null, not an object")
	}
	if field := repeated(json.NewDecoder(bytes.NewReader(content)), false); field != "" {
		name := redact.Message(field, maxFieldName)
		return &misfit{FieldError{Field: name, Problem: "must be given once"}, "gives a field twice: " + name}
	}
	return nil
}

// misfit is the error of JSON that does not match the contract because of one field.
type misfit struct {
	field FieldError
	text  string
}

func (m *misfit) Error() string { return m.text }

// As makes the field known to errors.As.
func (m *misfit) As(target any) bool {
	field, wanted := target.(**FieldError)
	if wanted {
		*field = &m.field
	}
	return wanted
}

// undecodable returns the error for JSON that cannot be decoded.
func undecodable(err error) error {
	var wrongType *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &wrongType) && wrongType.Field == "":
		return fmt.Errorf("holds a JSON %s, not an object", kind(wrongType))
	case errors.As(err, &wrongType):
		return &misfit{
			FieldError{Field: wrongType.Field, Problem: "must be " + wanted(wrongType.Type)},
			fmt.Sprintf("has a JSON %s in the field %q, which takes %s", kind(wrongType), wrongType.Field, wanted(wrongType.Type)),
		}
	case errors.As(err, &syntax):
		return fmt.Errorf("is not JSON, from byte %d on", syntax.Offset)
	case errors.Is(err, io.EOF):
		return errors.New("is empty")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("ends in the middle of a JSON object")
	default:
		return undecodableField(strings.TrimPrefix(err.Error(), "json: "))
	}
}

// undecodableField returns the error for a field that encoding/json does not know, by its name.
func undecodableField(problem string) error {
	says := "does not match the contract: " + redact.Message(problem, maxFieldName)
	quoted, isUnknown := strings.CutPrefix(problem, "unknown field ")
	name, err := strconv.Unquote(quoted)
	if !isUnknown || err != nil {
		return errors.New(says)
	}
	return &misfit{FieldError{Field: redact.Message(name, maxFieldName), Problem: "is not a field of the contract; it may be misspelt"}, says}
}

// kind returns the JSON type of an UnmarshalTypeError, without the value that it adds to some numbers.
func kind(err *json.UnmarshalTypeError) string {
	word, _, _ := strings.Cut(err.Value, " ")
	return word
}

// wanted returns the JSON type for a Go type.
func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Int64:
		return "a whole number"
	case reflect.Bool:
		return "true or false"
	default:
		return "an object"
	}
}

// repeated returns the path of a field that an object contains twice, or empty. Names are compared with case folding, as encoding/json
// does. Keys of metadata are case-sensitive and not part of the path. The input was decoded before, so it is valid JSON.
func repeated(decoder *json.Decoder, caseMatters bool) string {
	token, err := decoder.Token()
	if err != nil || token != json.Delim('{') {
		return ""
	}
	seen := make(map[string]bool)
	for decoder.More() {
		token, _ := decoder.Token()
		key, _ := token.(string)
		name, isMetadata := key, false
		if !caseMatters {
			name = strings.Map(folded, key)
			isMetadata = name == strings.Map(folded, metadataField)
		}
		if seen[name] {
			return key
		}
		seen[name] = true
		inner := repeated(decoder, isMetadata)
		switch {
		case inner == "":
		case isMetadata:
			return metadataField
		default:
			return key + "." + inner
		}
	}
	_, _ = decoder.Token() // the closing brace
	return ""
}

// folded returns the representative of the characters that are equal under Unicode's simple case folding, by which encoding/json
// compares field names: s equals ſ (long s), and k equals the kelvin sign.
func folded(r rune) rune {
	for {
		next := unicode.SimpleFold(r)
		if next <= r {
			return next
		}
		r = next
	}
}
