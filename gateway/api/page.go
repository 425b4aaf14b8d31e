package api

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"
)

//go:embed page.html
var pageTemplate string

//go:embed page.css
var pageStyle string

// pagePolicy lets the page load nothing but its own style.
func pagePolicy() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// openAPI is what the page shows of the document.
type openAPI struct {
	Info struct {
		Title       string `json:"title"`
		Description string `json:"description"`
	} `json:"info"`
	Paths      map[string]map[string]shownOperation `json:"paths"`
	Components struct {
		Schemas map[string]shownSchema `json:"schemas"`
	} `json:"components"`
}

type shownOperation struct {
	OperationID string                `json:"operationId"`
	Summary     string                `json:"summary"`
	Description string                `json:"description"`
	Security    []map[string][]string `json:"security"`
	Parameters  []shownParameter      `json:"parameters"`
	RequestBody struct {
		Content map[string]shownContent `json:"content"`
	} `json:"requestBody"`
	Responses map[string]struct {
		Description string                  `json:"description"`
		Content     map[string]shownContent `json:"content"`
	} `json:"responses"`

	// Method and Path are where the operation is.
	Method, Path string `json:"-"`
}

// Scope is what a token needs for the operation.
func (o shownOperation) Scope() string {
	var all []string
	for _, needs := range o.Security {
		all = append(all, needs[scheme]...)
	}
	return strings.Join(all, ", ")
}

type shownParameter struct {
	Name        string `json:"name"`
	In          string `json:"in"`
	Description string `json:"description"`
}

type shownContent struct {
	Schema shownSchema `json:"schema"`
}

type shownSchema struct {
	Ref         string                 `json:"$ref"`
	Type        any                    `json:"type"`
	Description string                 `json:"description"`
	Items       *shownSchema           `json:"items"`
	Properties  map[string]shownSchema `json:"properties"`
	Required    []string               `json:"required"`
}

// Name is the name of the schema that this one refers to, or that its items refer to.
func (s shownSchema) Name() string {
	if s.Items != nil {
		return s.Items.Name()
	}
	return strings.TrimPrefix(s.Ref, components)
}

// Needs reports whether an object must have a field.
func (s shownSchema) Needs(field string) bool { return slices.Contains(s.Required, field) }

// Operations are the operations in the order of their paths.
func (d openAPI) Operations() []shownOperation {
	var all []shownOperation
	for path, methods := range d.Paths {
		for method, o := range methods {
			o.Method, o.Path = strings.ToUpper(method), path
			all = append(all, o)
		}
	}
	slices.SortFunc(all, func(a, b shownOperation) int {
		// the calls that start an order first
		return cmp.Or(-cmp.Compare(a.tag(), b.tag()), cmp.Compare(a.Path, b.Path), -cmp.Compare(a.Method, b.Method))
	})
	return all
}

func (o shownOperation) tag() string { return strings.Split(o.Path, "/")[2] }

// Schemas are the names of the schemas.
func (d openAPI) Schemas() []string { return slices.Sorted(maps.Keys(d.Components.Schemas)) }

// render returns the page that shows a document.
func render(document []byte) []byte {
	var shown openAPI
	if json.Unmarshal(document, &shown) != nil {
		return nil // TestThePageShowsEveryOperation finds it
	}
	var content bytes.Buffer
	page, err := template.New("page").Parse(pageTemplate)
	if err != nil || page.Execute(&content, map[string]any{"Document": shown, "Style": template.CSS(pageStyle)}) != nil { // #nosec G203 -- our own file
		return nil
	}
	return content.Bytes()
}

// static serves one of the API's own documents.
func static(mediaType string, content []byte) http.Handler {
	policy := pagePolicy()
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(content) // the client is away if this fails
	})
}
