package main

import (
	"encoding/json"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/ramp/schema"
)

// generated runs the generator where go generate does.
func generated(t *testing.T) map[string][]byte {
	t.Helper()
	t.Chdir("../../..")
	files, err := generate()
	require.NoError(t, err)
	return files
}

// answers are the schemas of what an order answers.
var answers = []string{"order.schema.json", "page.schema.json", "error.schema.json"}

func TestSchemasAreWhatTheTypesGenerate(t *testing.T) {
	files := generated(t)
	committed, err := fs.Glob(schema.Files(), "*.json")
	require.NoError(t, err)
	require.Equal(t, slices.Sorted(maps.Keys(files)), committed)
	for name, content := range files {
		have, err := fs.ReadFile(schema.Files(), name)
		require.NoError(t, err)
		require.Equal(t, string(content), string(have), "run: go generate ./ramp/schema")
	}
}

func TestEveryFieldOfTheContractIsDescribed(t *testing.T) {
	for name, content := range generated(t) {
		eachProperty(t, content, func(path string, property map[string]any) {
			require.NotEmpty(t, property["description"], "%s: %s", name, path)
		})
	}
}

// A text without a form is one that anything can be written into.
func TestEveryTextOfARequestHasAForm(t *testing.T) {
	for name, content := range generated(t) {
		if slices.Contains(answers, name) {
			continue
		}
		eachProperty(t, content, func(path string, property map[string]any) {
			if property["type"] == "string" {
				require.True(t, property["pattern"] != nil || property["enum"] != nil, "%s: %s", name, path)
			}
		})
	}
}

func TestAmountsAndTimesOfAnswersHaveAForm(t *testing.T) {
	files := generated(t)
	for _, name := range answers {
		eachProperty(t, files[name], func(path string, property map[string]any) {
			field := path[strings.LastIndex(path, ".")+1:]
			switch {
			case strings.HasSuffix(field, "At"):
				require.Equal(t, "date-time", property["format"], path)
			case field == "rate", field == "amount" && property["type"] == "string":
				require.NotEmpty(t, property["pattern"], path)
			}
		})
	}
}

func TestAKeywordForAFieldThatIsNotThereIsAnError(t *testing.T) {
	t.Parallel()
	wrong := document{value: schemaless{}, refine: keywords{".absent": reference}.add}
	_, err := wrong.encode("wrong", nil)
	require.ErrorContains(t, err, "no property .absent")
}

type schemaless struct{}

// eachProperty goes through the fields of a schema's object and of its definitions.
func eachProperty(t *testing.T, content []byte, each func(path string, property map[string]any)) {
	t.Helper()
	type object struct {
		Properties map[string]map[string]any `json:"properties"`
	}
	var root struct {
		object
		Definitions map[string]object `json:"$defs"`
	}
	require.NoError(t, json.Unmarshal(content, &root))
	require.NotEmpty(t, root.Properties)
	for name, property := range root.Properties {
		each("."+name, property)
	}
	for definition, object := range root.Definitions {
		for name, property := range object.Properties {
			each(definition+"."+name, property)
		}
	}
}
