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

// contract has the files of ramp/schema that the document contains, by the name of their schema, and what the names of their inner
// schemas begin with: requests are strict and answers are open, so that the amounts of both differ.
var contract = map[string]struct{ file, prefix string }{
	"OnrampRequest":     {"onramp-request", "OnrampRequest"},
	"OfframpRequest":    {"offramp-request", "OfframpRequest"},
	"UTRSubmission":     {"utr-submission", "UTRSubmission"},
	"HashSubmission":    {"hash-submission", "HashSubmission"},
	"KYCSubmission":     {"kyc-submission", "KYCSubmission"},
	"AccountSubmission": {"account-submission", "AccountSubmission"},
	"QuoteConfirmation": {"quote-confirmation", "QuoteConfirmation"},
	"ReorderRequest":    {"reorder-request", "ReorderRequest"},
	"Order":             {"order", ""},
	"Page":              {"page", ""},
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
	for name, c := range contract {
		addContract(all.Map(), name, c.file, c.prefix)
	}
	return all
}

// addContract adds a file of ramp/schema: its inner schemas become schemas of the document.
func addContract(all map[string]*huma.Schema, name, file, prefix string) {
	content, err := fs.ReadFile(schema.Files(), file+".schema.json")
	if err != nil {
		return // TestTheDocumentHasEverySchema finds it
	}
	content = bytes.ReplaceAll(content, []byte("#/$defs/"), []byte(components+prefix))
	var root map[string]any
	if json.Unmarshal(content, &root) != nil {
		return
	}
	inner, _ := root["$defs"].(map[string]any)
	for definition, value := range inner {
		if keywords, isSchema := value.(map[string]any); isSchema {
			all[prefix+definition] = &huma.Schema{Extensions: keywords}
		}
	}
	for _, keyword := range []string{"$defs", "$id", "$schema"} {
		delete(root, keyword)
	}
	if file == "onramp-request" || file == "offramp-request" {
		leaveOut(root, "reference") // the path has it
	}
	all[name] = &huma.Schema{Extensions: root}
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
func encoded(document *huma.OpenAPI) []byte {
	compact, err := json.Marshal(document)
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
