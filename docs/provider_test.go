package docs_test

import (
	"encoding/hex"
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/onmeta"
)

// TestEveryCitedSectionOfTheProvidersContractExists finds citations such as (provider 3.17) or (provider 3.21, 3.22). A
// number that follows the word by chance is better written in letters.
func TestEveryCitedSectionOfTheProvidersContractExists(t *testing.T) {
	t.Parallel()
	sections := sectionsOf(t, read(t, "reference/provider.md"))
	citation := regexp.MustCompile(`\bprovider,? (?:section )?(\d+(?:\.\d+)*(?:(?:,| and| to) \d+(?:\.\d+)*)*)`)
	cited := 0
	texts(t, func(path, text string) {
		for _, found := range citation.FindAllStringSubmatch(text, -1) {
			for _, number := range numbers(found[1]) {
				cited++
				require.True(t, sections[number], "%s cites %q", path, found[0])
			}
		}
	})
	require.NotZero(t, cited)
}

// TestPagesOfTheProviderReferToSectionsThatExist is about the page itself and the guide's index.
func TestPagesOfTheProviderReferToSectionsThatExist(t *testing.T) {
	t.Parallel()
	page := read(t, "reference/provider.md")
	sections := sectionsOf(t, page)
	reference := regexp.MustCompile(`\b[Ss]ections? (\d+(?:\.\d+)*(?:(?:,| and| to) \d+(?:\.\d+)*)*)`)
	for _, found := range reference.FindAllStringSubmatch(unwrapped(page), -1) {
		for _, number := range numbers(found[1]) {
			require.True(t, sections[number], found[0])
		}
	}
}

// TestNothingReadsWhatIsNotInTheProject keeps out references to pages that no reader has.
func TestNothingReadsWhatIsNotInTheProject(t *testing.T) {
	t.Parallel()
	absent := regexp.MustCompile(`\.\./shared|provider-wire|integration-guide\.txt|temporal-practice|\bwire,? (?:section )?\d|\bdesign,? section \d`)
	texts(t, func(path, text string) {
		if filepath.Base(path) != "provider_test.go" {
			require.Empty(t, absent.FindString(text), path)
		}
	})
}

func TestEveryEndpointOfTheClientIsInTheProvidersContract(t *testing.T) {
	t.Parallel()
	page := read(t, "reference/provider.md")
	described := regexp.MustCompile(`\{\w+\}`).ReplaceAllString(part(t, page, "## 2. "), "{param}")
	for _, route := range onmeta.Routes() {
		require.Contains(t, described, "`"+called(route)+"`")
	}
}

func TestSamplesOfTheProvidersContractAreJSON(t *testing.T) {
	t.Parallel()
	samples := jsonBlocks(read(t, "reference/provider.md"))
	require.NotEmpty(t, samples)
	for _, sample := range samples {
		require.True(t, json.Valid([]byte(sample)), sample)
	}
}

func TestVectorsOfTheProvidersContractHold(t *testing.T) {
	t.Parallel()
	page := read(t, "reference/provider.md")
	iv, err := hex.DecodeString("000102030405060708090a0b0c0d0e0f")
	require.NoError(t, err)
	field, err := onmeta.EncryptKYCField("sandbox-kyc-secret", "ABCDE1234F", strings.NewReader(string(iv)))
	require.NoError(t, err)
	require.Contains(t, part(t, page, "### 3.4 "), "`"+field+"`")

	signature := part(t, page, "### 5.2 ")
	bodies := jsonBlocks(signature)
	require.Len(t, bodies, 1)
	body := []byte(strings.TrimSpace(bodies[0]))
	require.Contains(t, signature, "`"+onmeta.SignWebhook("sandbox-api-secret", body)+"`")
}

// called is how pages write a route.
func called(route onmeta.Route) string { return route.Method() + " " + route.Path() }

// numbers are the sections that a citation names, such as 3.21 and 3.22.
func numbers(cited string) []string {
	return regexp.MustCompile(`\d+(?:\.\d+)*`).FindAllString(cited, -1)
}

// sectionsOf are the numbers of a page's headings, each once.
func sectionsOf(t *testing.T, page string) map[string]bool {
	t.Helper()
	sections := map[string]bool{}
	for _, heading := range regexp.MustCompile(`(?m)^#+ (\d+(?:\.\d+)*)\.? `).FindAllStringSubmatch(page, -1) {
		require.False(t, sections[heading[1]], "two sections %s", heading[1])
		sections[heading[1]] = true
	}
	require.NotEmpty(t, sections)
	return sections
}

// part is a section of a page, from its heading to the next one of the same level.
func part(t *testing.T, page, heading string) string {
	t.Helper()
	_, after, found := strings.Cut(page, "\n"+heading)
	require.True(t, found, heading)
	level, _, _ := strings.Cut(heading, " ")
	section, _, _ := strings.Cut(after, "\n"+level+" ")
	return section
}

func jsonBlocks(page string) []string {
	var blocks []string
	for _, block := range regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(page, -1) {
		blocks = append(blocks, block[1])
	}
	return blocks
}

// texts goes through what people write in the project, with wrapped comments and paragraphs in one line.
func texts(t *testing.T, each func(path, text string)) {
	t.Helper()
	for _, suffix := range []string{".go", ".md", ".yaml", ".yml", "Makefile", "Dockerfile", ".sh", ".sql", ".tf"} {
		walk(t, "..", suffix, func(path string) { each(path, unwrapped(read(t, path))) })
	}
}

// unwrapped joins the lines of comments and paragraphs.
func unwrapped(text string) string {
	return regexp.MustCompile(`\s*\n\s*(?://|#)?\s*`).ReplaceAllString(text, " ")
}
