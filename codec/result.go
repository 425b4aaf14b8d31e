package codec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
)

// errNoResult is the error of an activity that completed without a result. Every activity of Rampart has one, so that its
// absence means that somebody else completed the activity.
var errNoResult = errors.New("the activity has no result, so that nothing authenticates who completed it")

// decodeResult decodes an activity's result strictly: one JSON object with every required field of the result and no others.
// Inputs, heartbeats and error details of the same activity are encrypted for the same role, and differ by their shape. In
// format 1, which has no roles, some results were empty.
//
// Its errors repeat names of fields and no value.
func decodeResult(payload *commonpb.Payload, valuePtr any, hasRole bool) error {
	if encoding := string(payload.GetMetadata()[converter.MetadataEncoding]); encoding != converter.MetadataEncodingJSON {
		return fmt.Errorf("the activity's result is not %s", converter.MetadataEncodingJSON)
	}
	names, err := fieldNames(payload.GetData())
	if err != nil {
		return fmt.Errorf("the activity's result %w", err)
	}
	if len(names) == 0 && hasRole {
		return errors.New("the activity's result is empty")
	}
	result := reflect.TypeOf(valuePtr).Elem()
	for _, name := range requiredFields(result) {
		if !slices.Contains(names, name) {
			return fmt.Errorf("the activity's result lacks %q", name)
		}
	}
	decoder := json.NewDecoder(bytes.NewReader(payload.GetData()))
	decoder.DisallowUnknownFields()
	if decoder.Decode(valuePtr) != nil { // the error may quote a value
		return fmt.Errorf("the activity's result has a field that %s does not have, or one of another type", result)
	}
	return nil
}

// fieldNames returns the names of the fields of one JSON object. Its error completes a sentence about the JSON.
func fieldNames(object []byte) ([]string, error) {
	decoder := json.NewDecoder(bytes.NewReader(object))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return nil, errors.New("is not a JSON object")
	}
	var names []string
	for decoder.More() {
		token, _ := decoder.Token()
		name, isName := token.(string)
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil || !isName {
			return nil, errors.New("is not a JSON object")
		}
		// encoding/json matches names without regard to case.
		if slices.ContainsFunc(names, func(other string) bool { return strings.EqualFold(other, name) }) {
			return nil, fmt.Errorf("has the field %q twice", name)
		}
		names = append(names, name)
	}
	_, _ = decoder.Token() // the closing brace
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("is not one JSON object")
	}
	return names, nil
}

// requiredFields returns the fields that the JSON of a type always has.
func requiredFields(t reflect.Type) []string {
	if t.Kind() != reflect.Struct {
		return nil
	}
	var names []string
	for i := range t.NumField() {
		field := t.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous && name == "":
			names = append(names, requiredFields(field.Type)...)
		case name != "" && name != "-" && !strings.Contains(options, "omit"):
			names = append(names, name)
		}
	}
	return names
}
