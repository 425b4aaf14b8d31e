package docs_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEveryAlertLeadsToTheRunbook holds the alerts' annotations to the runbook's headings.
func TestEveryAlertLeadsToTheRunbook(t *testing.T) {
	t.Parallel()
	sections := anchors(read(t, "how-to/runbook.md"))
	rules, err := filepath.Glob("../deploy/prometheus/*.yaml")
	require.NoError(t, err)
	var links [][]string
	for _, file := range rules {
		links = append(links, regexp.MustCompile(`docs/how-to/runbook\.md#([a-z-]+)`).FindAllStringSubmatch(read(t, file), -1)...)
	}
	require.NotEmpty(t, links)
	for _, link := range links {
		require.Contains(t, sections, link[1])
	}
}

// TestEverySymptomLeadsToItsSection holds the runbook's table of symptoms to its sections, and the other way round.
func TestEverySymptomLeadsToItsSection(t *testing.T) {
	t.Parallel()
	page := read(t, "how-to/runbook.md")
	symptoms, _, found := strings.Cut(page, "\n## ")
	require.True(t, found)
	var named []string
	for _, link := range regexp.MustCompile(`\]\(#([a-z-]+)\)`).FindAllStringSubmatch(symptoms, -1) {
		named = append(named, link[1])
	}
	var sections []string
	for _, heading := range regexp.MustCompile(`(?m)^## .+$`).FindAllString(page, -1) {
		sections = append(sections, anchors(heading)...)
	}

	require.ElementsMatch(t, sections, named)
}
