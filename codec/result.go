package codec

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"

	"rampart/ramp"
)

// errNoResult says that an activity is said to have ended without a result. All of ours have one.
var errNoResult = errors.New("the activity has no result, so it cannot be told who completed it")

// decodeResult reads an activity's result strictly: as one JSON object of no fields but the result's, with all of those that
// it must have. An activity's inputs, heartbeats and the details of its errors are encrypted for the same role, and are of other
// shapes. In format 1, that is without a role, it may have been anything that the workflow has, and it may be empty: some results
// were.
func decodeResult(payload *commonpb.Payload, valuePtr any, hasRole bool) error {
	if encoding := string(payload.GetMetadata()[converter.MetadataEncoding]); encoding != converter.MetadataEncodingJSON {
		return fmt.Errorf("the activity's result is not %s", converter.MetadataEncodingJSON)
	}
	if err := ramp.Decode(payload.GetData(), valuePtr); err != nil {
		return fmt.Errorf("the activity's result %w", err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(payload.GetData(), &fields); err != nil {
		return fmt.Errorf("the activity's result is no JSON object: %w", err)
	}
	if len(fields) == 0 && hasRole {
		return errors.New("the activity's result is empty")
	}
	for _, name := range required(reflect.TypeOf(valuePtr).Elem()) {
		if _, told := fields[name]; !told {
			return fmt.Errorf("the activity's result lacks %q", name)
		}
	}
	return nil
}

// required are the fields that a type's JSON always has.
func required(t reflect.Type) []string {
	var names []string
	if t.Kind() != reflect.Struct {
		return nil
	}
	for i := range t.NumField() {
		field := t.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous && name == "":
			names = append(names, required(field.Type)...)
		case name != "" && name != "-" && !strings.Contains(options, "omit"):
			names = append(names, name)
		}
	}
	return names
}
