package ramp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode"

	"rampart/internal/redact"
)

const (
	// longestProblem bounds what a sender's own words add to an error: the names of fields.
	longestProblem = 120
	// metadataField is the one field whose keys are the sender's own.
	metadataField = "metadata"
)

// Decode reads one JSON object of the contract, such as a request or a submission, strictly: an unknown field is most
// likely a misspelt one, and one that is given twice would be read as either, and both may cost the user money.
//
// The error completes a sentence about the JSON, as in "is not JSON, from byte 1 on". It repeats names of fields and no
// value.
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
		return errors.New("gives a field twice: " + redact.Message(field, longestProblem))
	}
	return nil
}

// undecodable says what is wrong with JSON.
func undecodable(err error) error {
	var wrongType *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &wrongType) && wrongType.Field == "":
		return fmt.Errorf("holds a JSON %s, not an object", kind(wrongType))
	case errors.As(err, &wrongType):
		return fmt.Errorf("has a JSON %s in the field %q, which takes %s", kind(wrongType), wrongType.Field, wanted(wrongType.Type))
	case errors.As(err, &syntax):
		return fmt.Errorf("is not JSON, from byte %d on", syntax.Offset)
	case errors.Is(err, io.EOF):
		return errors.New("is empty")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("ends in the middle of a JSON object")
	default:
		problem := strings.TrimPrefix(err.Error(), "json: ") // an unknown field, by its name
		return errors.New("is not as the contract has it: " + redact.Message(problem, longestProblem))
	}
}

// kind is what an UnmarshalTypeError calls a value, without the value that it adds to some numbers.
func kind(err *json.UnmarshalTypeError) string {
	word, _, _ := strings.Cut(err.Value, " ")
	return word
}

// wanted names what JSON has for a Go type.
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

// repeated returns the path of a field that an object gives twice, or nothing. Go finds a field by its name however its letters
// are folded, which counts here as well; in metadata, whose keys are the sender's own, case matters, and no key is told. What is
// read has been decoded before: it is sound, and as deep as the contract at the most.
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

// folded is the one of the characters that are the same but for their case, of Unicode's simple folding, that stands for all of
// them. encoding/json takes field names for the same by this rule, so that an s may be a long s, ſ, and a k the sign of kelvin.
func folded(r rune) rune {
	for {
		next := unicode.SimpleFold(r)
		if next <= r {
			return next
		}
		r = next
	}
}
