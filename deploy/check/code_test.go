package check_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// temporalSettings are read by Temporal's own loader.
var temporalSettings = map[string]bool{"TEMPORAL_ADDRESS": true, "TEMPORAL_NAMESPACE": true, "TEMPORAL_TLS": true}

// variablesOfTheCode are the environment variables that the programs read: whole in the code, or the end of one with the
// beginning in its parent's tag.
func variablesOfTheCode(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for name := range temporalSettings {
		found[name] = true
	}
	whole := regexp.MustCompile(`\b(?:RAMP|ONMETA)_[A-Z0-9_]*[A-Z0-9]\b`)
	tag := regexp.MustCompile("`env:\"([A-Z0-9_]+)")
	require.NoError(t, filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		content, err := os.ReadFile(path)
		for _, name := range whole.FindAllString(string(content), -1) {
			found[name] = true
		}
		for _, match := range tag.FindAllStringSubmatch(string(content), -1) {
			found["RAMP_"+match[1]], found["ONMETA_"+match[1]] = true, true
		}
		return err
	}))
	return found
}
