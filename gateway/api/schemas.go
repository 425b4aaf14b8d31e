package api

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"rampart/ramp"
	"rampart/ramp/schema"
)

// components begins the reference to a schema of the document.
const components = "#/components/schemas/"

// contractFile is a file of ramp/schema that the document contains, and what the names of its inner schemas begin with: requests are strict
// and answers are open, so that the amounts of both differ.
type contractFile struct{ schema, file, prefix string }

// contract returns the files of the contract.
func contract() []contractFile {
	return []contractFile{
		{"OnrampRequest", "onramp-request", "OnrampRequest"},
		{"OfframpRequest", "offramp-request", "OfframpRequest"},
		{"UTRSubmission", "utr-submission", "UTRSubmission"},
		{"HashSubmission", "hash-submission", "HashSubmission"},
		{"KYCSubmission", "kyc-submission", "KYCSubmission"},
		{"AccountSubmission", "account-submission", "AccountSubmission"},
		{"QuoteConfirmation", "quote-confirmation", "QuoteConfirmation"},
		{"ReorderRequest", "reorder-request", "ReorderRequest"},
		{"FindRequest", "find-request", "FindRequest"},
		{"Order", "order", ""},
		{"Page", "page", ""},
	}
}

// inContract stands for a type of the contract in huma's schemas, which then refer to the contract's own.
type inContract[T any] struct{}

// Schema returns the reference.
func (inContract[T]) Schema(huma.Registry) *huma.Schema { return schemaOf[T]() }

func schemaOf[T any]() *huma.Schema {
	return &huma.Schema{Ref: components + reflect.TypeFor[T]().Name()}
}

// registry returns huma's schemas with those of the contract.
func registry() huma.Registry {
	all := huma.NewMapRegistry(components, huma.DefaultSchemaNamer)
	all.RegisterTypeAlias(reflect.TypeFor[ramp.Order](), reflect.TypeFor[inContract[ramp.Order]]())
	all.RegisterTypeAlias(reflect.TypeFor[ramp.Page](), reflect.TypeFor[inContract[ramp.Page]]())
	all.RegisterTypeAlias(reflect.TypeFor[huma.ErrorModel](), reflect.TypeFor[Problem]())
	for _, d := range contract() {
		d.addTo(all.Map())
	}
	return all
}

// addTo adds the schemas of the file: inner ones become schemas of the OpenAPI document.
func (d contractFile) addTo(all map[string]*huma.Schema) {
	content, err := fs.ReadFile(schema.Files(), d.file+".schema.json")
	if err != nil {
		return // TestTheDocumentHasEverySchema finds it
	}
	content = bytes.ReplaceAll(content, []byte("#/$defs/"), []byte(components+d.prefix))
	var root map[string]any
	if json.Unmarshal(content, &root) != nil {
		return
	}
	inner, _ := root["$defs"].(map[string]any)
	for definition, value := range inner {
		if keywords, isSchema := value.(map[string]any); isSchema {
			all[d.prefix+definition] = &huma.Schema{Extensions: keywords}
		}
	}
	for _, keyword := range []string{"$defs", "$id", "$schema"} {
		delete(root, keyword)
	}
	if d.file == "onramp-request" || d.file == "offramp-request" {
		leaveOut(root, "reference") // the path has it
	}
	all[d.schema] = &huma.Schema{Extensions: root}
}

// leaveOut makes a field of an object optional.
func leaveOut(object map[string]any, field string) {
	required, _ := object["required"].([]any)
	object["required"] = slices.DeleteFunc(required, func(name any) bool { return name == field })
}

// configuration is that of huma: its own page and its links to schemas are left out.
func configuration() huma.Config {
	format := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unread}
	c := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title:       "Rampart",
				Version:     "1",
				Description: strings.TrimSpace(introduction),
			},
			Tags: []*huma.Tag{{Name: onrampTag}, {Name: offrampTag}, {Name: listTag}},
			Components: &huma.Components{
				Schemas: registry(),
				SecuritySchemes: map[string]*huma.SecurityScheme{scheme: {
					Type: "http", Scheme: "bearer",
					Description: "A token of the gateway's operators. Its scopes are among read, write and operate.",
				}},
			},
		},
		Formats:                      map[string]huma.Format{"application/json": format, "json": format},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{asProblem},
	}
	c.AllowAdditionalPropertiesByDefault = true // of answers, which is all that huma describes
	return c
}

const introduction = `
On-ramp and off-ramp orders in INR. A reference identifies one order: sending the same request again returns the same order, so every
call may be repeated after a failure. Requests are strict: unknown and repeated fields are refused by name. Answers are open: ignore
fields and values that you do not know. Amounts are decimal strings, times are RFC 3339 in UTC.
`

// encoded returns the document as it is committed.
func encoded(o *huma.OpenAPI) []byte {
	compact, err := json.Marshal(o)
	if err != nil {
		return nil // TestTheDocumentIsCurrent finds it
	}
	var content bytes.Buffer
	if json.Indent(&content, compact, "", "  ") != nil {
		return nil
	}
	content.WriteByte('\n')
	return content.Bytes()
}
