// Command generator writes the JSON Schema of every request, message and answer of the contract into ramp/schema, from the types
// of package ramp and their comments. It runs at the module's root: `go generate ./ramp/schema`.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"

	"github.com/invopop/jsonschema"

	"rampart/internal/redact"
	"rampart/ramp"
)

// The module, and where it has the types and their schemas.
const (
	module  = "rampart"
	sources = "ramp"
	target  = "ramp/schema"
)

func main() {
	if err := writeAll(); err != nil {
		fmt.Fprintln(os.Stderr, "generate the schemas:", err)
		os.Exit(1)
	}
}

func writeAll() error {
	files, err := generate()
	if err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(target, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// generate returns the schemas by the names of their files.
func generate() (map[string][]byte, error) {
	comments, err := readComments()
	if err != nil {
		return nil, err
	}
	files := make(map[string][]byte)
	for _, d := range documents() {
		name := jsonschema.ToSnakeCase(reflect.TypeOf(d.value).Name())
		if files[name+".schema.json"], err = d.encode(name, comments); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return files, nil
}

// document is one schema: of a type, strict for what is sent to an order and open for what an order answers.
type document struct {
	title  string
	value  any
	strict bool
	// refine adds what Go's types do not tell.
	refine func(*jsonschema.Schema) error
}

func (d document) encode(name string, comments map[string]string) ([]byte, error) {
	reflector := jsonschema.Reflector{
		Anonymous:                 true,
		ExpandedStruct:            true,
		AllowAdditionalProperties: !d.strict,
		CommentMap:                comments,
		Mapper:                    inline,
	}
	schema := reflector.Reflect(d.value)
	schema.ID = jsonschema.ID("urn:rampart:" + name)
	schema.Title = d.title
	if err := d.refine(schema); err != nil {
		return nil, err
	}
	var content bytes.Buffer
	encoder := json.NewEncoder(&content)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(schema)
	return content.Bytes(), err
}

// inline gives types that are not structs their schema at the field: of their own they would have a definition each.
func inline(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[ramp.Metadata]():
		return &jsonschema.Schema{Type: "object", AdditionalProperties: &jsonschema.Schema{Type: "string"}}
	case reflect.TypeFor[redact.JSON]():
		return new(jsonschema.Schema)
	default:
		return nil
	}
}

// citation is what a comment cites for whoever maintains the code, such as (provider 3.13).
var citation = regexp.MustCompile(`\s*\((?:provider [0-9.]+|guide)\)`)

// readComments returns the comments of package ramp, by type and field, as descriptions.
func readComments() (map[string]string, error) {
	reflector := new(jsonschema.Reflector)
	if err := reflector.AddGoComments(module, sources, jsonschema.WithFullComment()); err != nil {
		return nil, err
	}
	for key, comment := range reflector.CommentMap {
		reflector.CommentMap[key] = strings.Join(strings.Fields(citation.ReplaceAllString(comment, "")), " ")
	}
	return reflector.CommentMap, nil
}
