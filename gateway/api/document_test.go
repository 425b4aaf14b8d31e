package api_test

import (
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/gateway/api"
)

func TestTheDocumentIsCurrent(t *testing.T) {
	t.Parallel()
	committed, err := os.ReadFile("openapi.json")
	require.NoError(t, err)
	require.NotEmpty(t, committed)
	require.Equal(t, string(committed), string(api.Document()), "run: go generate ./gateway/api")
	w := handle(t, &fake{}, call{method: http.MethodGet, path: "/openapi.json"})
	require.Equal(t, "application/openapi+json", w.Header().Get("Content-Type"))
	require.Equal(t, string(committed), w.Body.String())
}

func TestTheDocumentHasEverySchema(t *testing.T) {
	t.Parallel()
	content := string(api.Document())
	var document struct {
		Components struct {
			Schemas map[string]any `json:"schemas"`
		} `json:"components"`
	}
	require.NoError(t, json.Unmarshal([]byte(content), &document))
	for _, match := range regexp.MustCompile(`"\$ref": "([^"]+)"`).FindAllStringSubmatch(content, -1) {
		name, isComponent := strings.CutPrefix(match[1], "#/components/schemas/")
		require.True(t, isComponent, match[1])
		require.Contains(t, document.Components.Schemas, name)
	}
}

func TestEveryOperationNeedsOneScope(t *testing.T) {
	t.Parallel()
	var document struct {
		Paths map[string]map[string]struct {
			OperationID string                `json:"operationId"`
			Security    []map[string][]string `json:"security"`
		} `json:"paths"`
	}
	require.NoError(t, json.Unmarshal(api.Document(), &document))
	require.Len(t, document.Paths, 17)
	for path, methods := range document.Paths {
		for method, o := range methods {
			scope := api.Write
			switch {
			case method == "get":
				scope = api.Read
			case o.OperationID == "reorder", o.OperationID == "findOrders":
				scope = api.Operate
			}
			require.Equal(t, []map[string][]string{{"bearer": {string(scope)}}}, o.Security, path)
		}
	}
}

func TestThePageShowsEveryOperation(t *testing.T) {
	t.Parallel()
	w := handle(t, &fake{}, call{method: http.MethodGet, path: "/docs"})
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "text/html; charset=utf-8", w.Header().Get("Content-Type"))
	page := w.Body.String()
	for _, match := range regexp.MustCompile(`"operationId": "([^"]+)"`).FindAllStringSubmatch(string(api.Document()), -1) {
		require.Contains(t, page, `id="`+match[1]+`"`)
	}
	for _, match := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(page, -1) {
		require.Contains(t, page, `id="`+match[1]+`"`)
	}
}

func TestThePageLoadsNothing(t *testing.T) {
	t.Parallel()
	w := handle(t, &fake{}, call{method: http.MethodGet, path: "/docs"})
	require.Contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'none'; style-src 'sha256-")
	require.NotRegexp(t, `(?i)<script|<link|<img|<iframe|src=|https?://|url\(`, w.Body.String())
}
