package docs_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"rampart/ramp"
	"rampart/ramp/schema"
)

// badInput is a line of the page that lists it: what it changes in the document above.
var badInput = regexp.MustCompile("(?m)^- `(\\{.*\\})` ")

func TestEveryExampleOfTheContractIsValid(t *testing.T) {
	t.Parallel()
	schemas := contractSchemas(t)
	found := map[string]int{}
	for _, page := range pages(t) {
		if page == "reference/provider.md" { // the provider's own
			continue
		}
		for _, example := range examples(badInput.ReplaceAllString(read(t, page), "")) {
			name := contractType(example)
			if name == "" {
				continue
			}
			found[name]++
			require.NoError(t, schemas[name].Validate(example), "%s: %v", page, example)
			if name == "order" {
				requireKnownWords(t, example)
			}
		}
	}
	for _, name := range []string{
		"onramp-request", "offramp-request", "utr-submission", "hash-submission", "kyc-submission", "account-submission",
		"quote-confirmation", "order", "error",
	} {
		require.Positive(t, found[name], "no page has an example of %s", name)
	}
}

// requireKnownWords demands of an order that a page shows the statuses of this version. The schema takes later ones.
func requireKnownWords(t *testing.T, example map[string]any) {
	t.Helper()
	encoded, err := json.Marshal(example)
	require.NoError(t, err)
	var order ramp.Order
	require.NoError(t, json.Unmarshal(encoded, &order))
	require.Contains(t, ramp.Statuses(), order.Status)
	for _, entry := range order.Timeline {
		require.Contains(t, ramp.Statuses(), entry.Status)
	}
}

// TestBadInputIsRefusedByItsSchema holds the schemas of requests against the page of bad ones, but for the fields whose form the
// schemas leave to the order: docs/reference/contract.md names them.
func TestBadInputIsRefusedByItsSchema(t *testing.T) {
	t.Parallel()
	schemas := contractSchemas(t)
	left := []string{
		"`token.address`", "`walletAddress`", "`senderWallet`", "`refundWallet`", "`transactionHash`", "`quote.maxPaid`", "`previous.reference`",
		"`kyc.dossier`", "`upi.name`", "`bank.accountName`",
	}
	tried := map[string]int{}
	for _, section := range strings.Split(read(t, "reference/bad-input.md"), "\n## ")[1:] {
		direction, _, _ := strings.Cut(section, "\n")
		name := map[string]string{"On-ramp": "onramp-request", "Off-ramp": "offramp-request"}[direction]
		base := examples(section)[0]
		require.Equal(t, name, contractType(base))
		var field string
		for line := range strings.Lines(section) {
			if heading, found := strings.CutPrefix(line, "### "); found {
				field = strings.TrimSpace(heading)
			}
			bad := badInput.FindStringSubmatch(line)
			if bad == nil || slices.Contains(left, field) {
				continue
			}
			tried[name]++
			require.Error(t, schemas[name].Validate(patched(t, base, bad[1])), "%s %s %s", direction, field, bad[1])
		}
	}
	require.Greater(t, tried["onramp-request"], 100)
	require.Greater(t, tried["offramp-request"], 20)
}

func TestEveryStatusIsExplained(t *testing.T) {
	t.Parallel()
	section := part(t, read(t, "reference/statuses.md"), "## Order of statuses")
	var explained []ramp.Status
	for _, row := range rowsOf(section) {
		for _, status := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(strings.Split(row, "|")[1], -1) {
			explained = append(explained, ramp.Status(status[1]))
		}
	}
	require.ElementsMatch(t, ramp.Statuses(), explained)
}

func TestEveryTypeOfErrorIsInTheCatalogue(t *testing.T) {
	t.Parallel()
	section := part(t, read(t, "reference/errors.md"), "## Errors of the contract")
	var listed []ramp.ErrorType
	for _, row := range rowsOf(section) {
		cells := strings.Split(strings.Trim(row, "|"), "|")
		require.Len(t, cells, 5, row)
		for i, cell := range cells {
			require.True(t, i == 3 || strings.TrimSpace(cell) != "", row)
		}
		listed = append(listed, ramp.ErrorType(strings.Trim(cells[0], " `")))
	}
	require.Equal(t, ramp.ErrorTypes(), listed)
}

// contractSchemas are the schemas by name, such as onramp-request.
func contractSchemas(t *testing.T) map[string]*jsonschema.Schema {
	t.Helper()
	names, err := fs.Glob(schema.Files(), "*.schema.json")
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	for _, name := range names {
		content, err := fs.ReadFile(schema.Files(), name)
		require.NoError(t, err)
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(content))
		require.NoError(t, err)
		require.NoError(t, compiler.AddResource("urn:rampart:"+strings.TrimSuffix(name, ".schema.json"), document))
	}
	all := make(map[string]*jsonschema.Schema)
	for _, name := range names {
		id := strings.TrimSuffix(name, ".schema.json")
		all[id], err = compiler.Compile("urn:rampart:" + id)
		require.NoError(t, err, name)
	}
	return all
}

// examples are the JSON objects in a page's blocks, in its code among text, and in the commands that it shows. An ellipsis stands for what
// an example leaves out, which is none then.
func examples(page string) []map[string]any {
	var all []map[string]any
	for _, form := range []string{"(?s)```[a-z]*\n(.*?)```", "`({[^`]*})`", `'({"[^']*})'`} {
		for _, match := range regexp.MustCompile(form).FindAllStringSubmatch(page, -1) {
			value, err := jsonschema.UnmarshalJSON(strings.NewReader(match[1]))
			if object, isObject := value.(map[string]any); err == nil && isObject && !strings.Contains(match[1], "…") {
				all = append(all, object)
			}
		}
	}
	return all
}

// contractType is the schema that an object is an example of, by the fields that it has, or nothing.
func contractType(object map[string]any) string {
	has := func(fields ...string) bool {
		return !slices.ContainsFunc(fields, func(field string) bool { _, found := object[field]; return !found })
	}
	only := map[string]string{
		"utr": "utr-submission", "transactionHash": "hash-submission", "dossier": "kyc-submission", "upi": "account-submission",
		"bank": "account-submission", "quoteId": "quote-confirmation", "request": "awaiting",
	}
	switch {
	case has("reference", "paymentMethod"):
		return "onramp-request"
	case has("reference", "senderWallet"):
		return "offramp-request"
	case has("reference", "direction", "status"):
		return "order"
	case has("type", "message"):
		return "error"
	case len(object) == 1:
		return only[slices.Collect(maps.Keys(object))[0]]
	default:
		return ""
	}
}

// patched is a document after a JSON merge patch (RFC 7396).
func patched(t *testing.T, document map[string]any, patch string) any {
	t.Helper()
	changes, err := jsonschema.UnmarshalJSON(strings.NewReader(patch))
	require.NoError(t, err, patch)
	return merged(document, changes)
}

func merged(before, changes any) any {
	patch, isObject := changes.(map[string]any)
	if !isObject {
		return changes
	}
	old, _ := before.(map[string]any)
	after := maps.Clone(old)
	if after == nil {
		after = make(map[string]any)
	}
	for key, change := range patch {
		if change == nil {
			delete(after, key)
			continue
		}
		after[key] = merged(after[key], change)
	}
	return after
}
