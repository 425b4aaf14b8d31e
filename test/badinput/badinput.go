// Package badinput reads the examples of docs/reference/bad-input.md, which every way to start an order refuses alike.
package badinput

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Example is a line of the page.
type Example struct {
	// Kind is the kind of order, such as Onramp.
	Kind string
	// Line is the whole line.
	Line string
	// Document is a valid request, which Patch makes invalid (RFC 7396).
	Document, Patch string
	// Field is the field at fault; empty if the request as a whole violates the contract.
	Field string
	// Problem is what is wrong.
	Problem string
}

var (
	fields   = regexp.MustCompile("^### `(.+)`$")
	examples = regexp.MustCompile("^- `(.+)` .+$")
)

// Read returns the examples of the page at a path, in their order.
func Read(t testing.TB, path string) []Example {
	t.Helper()
	page, err := os.ReadFile(path)
	require.NoError(t, err)
	var all []Example
	var at Example
	inDocument := false
	for line := range strings.SplitSeq(string(page), "\n") {
		switch {
		case strings.HasPrefix(line, "## "):
			at = Example{Kind: strings.ReplaceAll(line[3:], "-", "")}
		case strings.HasPrefix(line, "```"):
			inDocument = line == "```json"
		case inDocument:
			at.Document += line
		case strings.HasPrefix(line, "### "):
			at.Field = ""
			if name := fields.FindStringSubmatch(line); name != nil {
				at.Field = name[1]
			}
		case strings.HasPrefix(line, "> "):
			at.Problem = line[2:]
		case strings.HasPrefix(line, "- "):
			patch := examples.FindStringSubmatch(line)
			require.NotNil(t, patch, "this line does not say what it is about: %s", line)
			at.Line, at.Patch = line, patch[1]
			all = append(all, at)
		}
	}
	return all
}

// Request returns the invalid request.
func (e Example) Request(t testing.TB) string {
	t.Helper()
	var document, patch map[string]any
	require.NoError(t, json.Unmarshal([]byte(e.Document), &document), e.Document)
	require.NoError(t, json.Unmarshal([]byte(e.Patch), &patch), e.Patch)
	request, err := json.Marshal(merged(document, patch))
	require.NoError(t, err)
	return string(request)
}

func merged(document, patch map[string]any) map[string]any {
	for key, value := range patch {
		inner, isObject := value.(map[string]any)
		switch {
		case value == nil:
			delete(document, key)
		case isObject:
			old, _ := document[key].(map[string]any)
			if old == nil {
				old = make(map[string]any)
			}
			document[key] = merged(old, inner)
		default:
			document[key] = value
		}
	}
	return document
}
